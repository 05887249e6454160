/* fence_conf.c - the plan of a configuration. */
#include "fence/fence_conf.h"

#include <stdio.h>
#include <string.h>

static int add(struct fence_conf *out, const struct cfg_listen *l, const char *address, char why[FENCE_WHY_MAX])
{
	struct fence_selector *s = &out->selector[out->plan.n];

	if (out->plan.n == FENCE_SELECTORS_MAX) {
		snprintf(why, FENCE_WHY_MAX, "the listeners with protection ndsip have more than %u addresses, expected fewer",
			 FENCE_SELECTORS_MAX);
		return ERR_INVAL;
	}
	*s = (struct fence_selector){ .name = l->name,
				      .port = l->port,
				      .protocol = l->transport == TRANSPORT_SCTP ? SA_SCTP : SA_TCP };
	if (sa_address_read(&s->address, address, strlen(address))) {
		snprintf(why, FENCE_WHY_MAX, "listener '%s' has the address '%s', expected a numeric one", l->name, address);
		return ERR_INVAL;
	}
	out->plan.n++;
	return 0;
}

/* Each address of a listener over SCTP is one of every association. */
static int add_all(struct fence_conf *out, const struct cfg_listen *l, char why[FENCE_WHY_MAX])
{
	int err = add(out, l, l->address, why);

	for (size_t i = 0; i < l->more_addresses_n && !err; i++) {
		err = add(out, l, l->more_addresses[i], why);
	}
	return err;
}

static int add_host(struct fence_conf *out, const struct cfg_peer *p, const char *address, char why[FENCE_WHY_MAX])
{
	struct sa_address *host = &out->host[out->hosts_n];

	if (out->hosts_n == FENCE_HOSTS_MAX || sa_address_read(host, address, strlen(address))) {
		snprintf(why, FENCE_WHY_MAX,
			 "peer '%s' has the address '%s', which is not numeric or one too many, expected fewer", p->name,
			 address);
		return ERR_INVAL;
	}
	out->hosts_n++;
	return 0;
}

/* One of our addresses towards a peer, to all of its hosts. */
static int add_towards(struct fence_conf *out, const struct cfg_peer *p, const char *local, size_t first, char why[FENCE_WHY_MAX])
{
	struct fence_selector *s = &out->selector[out->plan.n];

	if (out->plan.n == FENCE_SELECTORS_MAX) {
		snprintf(why, FENCE_WHY_MAX,
			 "listeners and peers with protection ndsip have more than %u addresses, expected fewer",
			 FENCE_SELECTORS_MAX);
		return ERR_INVAL;
	}
	*s = (struct fence_selector){ .name = p->name,
				      .peer = true,
				      .port = p->port,
				      .protocol = p->transport == TRANSPORT_SCTP ? SA_SCTP : SA_TCP,
				      .hosts = &out->host[first],
				      .hosts_n = out->hosts_n - first };
	if (sa_address_read(&s->address, local, strlen(local))) {
		snprintf(why, FENCE_WHY_MAX, "peer '%s' has the local address '%s', expected a numeric one", p->name, local);
		return ERR_INVAL;
	}
	out->plan.n++;
	return 0;
}

static int add_peer(struct fence_conf *out, const struct cfg_peer *p, char why[FENCE_WHY_MAX])
{
	size_t first = out->hosts_n;
	int err = add_host(out, p, p->address, why);

	for (size_t i = 0; i < p->more_addresses_n && !err; i++) {
		err = add_host(out, p, p->more_addresses[i], why);
	}
	for (size_t i = 0; i < p->local_addresses_n && !err; i++) {
		err = add_towards(out, p, p->local_addresses[i], first, why);
	}
	return err;
}

int fence_conf_plan(struct fence_conf *out, const struct cfg_iwf *c, char why[FENCE_WHY_MAX])
{
	int err = 0;

	*out = (struct fence_conf){ .plan = { .mode = c->ndsip.mode == CFG_NDSIP_LIBIPSEC ? FENCE_LIBIPSEC : FENCE_XFRM,
					      .device = c->ndsip.device,
					      .selector = out->selector } };
	for (size_t i = 0; i < c->listen_n && !err; i++) {
		if (protection_has_ndsip(c->listen[i].protection)) {
			err = add_all(out, &c->listen[i], why);
		}
	}
	for (size_t i = 0; i < c->peers_n && !err; i++) {
		if (protection_has_ndsip(c->peers[i].protection)) {
			err = add_peer(out, &c->peers[i], why);
		}
	}
	if (!err && !out->plan.n) {
		return ERR_NOTFOUND;
	}
	return err ? err : fence_plan_check(&out->plan, why);
}
