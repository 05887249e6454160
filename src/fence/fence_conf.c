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
	if (!err && !out->plan.n) {
		return ERR_NOTFOUND;
	}
	return err ? err : fence_plan_check(&out->plan, why);
}
