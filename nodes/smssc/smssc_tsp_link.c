/* smssc_tsp_link.c - a connection to the gateway for each SME that may trigger. */
#include <stdlib.h>

#include "base/clock.h"
#include "nodes/common/node.h"
#include "nodes/smssc/smssc_tsp.h"

/* After a loss three watchdog answers come before the first trigger (RFC 3539): soon, because there is
 * no second gateway that it would protect. */
enum { REOPEN_MS = 200, DPA_WAIT_MS = 2000 };

static void on_open(void *arg, struct link *l)
{
	struct tsp_scs *scs = OBJ_OF(arg, struct tsp_scs, TSP_SCS_MAGIC);

	log_info(&scs->s->log, "tsp", "connected to %s, %s, as %s for '%s'", link_peer_host(l), link_address(l), scs->conf.host,
		 scs->owner->conf->system_id);
	smssc_tsp_usable(scs);
}

static void on_usable(void *arg, struct link *l)
{
	(void)l;
	smssc_tsp_usable(OBJ_OF(arg, struct tsp_scs, TSP_SCS_MAGIC));
}

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	smssc_tsp_request(OBJ_OF(arg, struct tsp_scs, TSP_SCS_MAGIC), l, m);
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct tsp_scs *scs = OBJ_OF(arg, struct tsp_scs, TSP_SCS_MAGIC);

	(void)err;
	log_warn(&scs->s->log, "tsp", "the connection of '%s' to the gateway ended: %s", scs->owner->conf->system_id, why);
	smssc_tsp_reports_forget(scs->s, l);
}

static const struct link_cb link_callbacks = {
	.on_open = on_open, .on_usable = on_usable, .on_request = on_request, .on_down = on_down
};

static int connect_one(struct smssc *s, size_t n)
{
	const struct sme_gateway_conf *g = &s->conf.smes.gateway;
	struct sme_owner *o = &s->sme->owners[n];
	struct tsp_scs *scs = &s->tsp->scs[n];

	obj_begin(&scs->obj, TSP_SCS_MAGIC);
	scs->s = s;
	scs->owner = o;
	node_link_conf(&scs->conf, &o->conf->scs.identity, &s->log);
	scs->conf.applications[0] = APP_TSP;
	scs->conf.applications_n = 1;
	scs->conf.dpa_wait_ms = DPA_WAIT_MS;
	scs->conf.reconnect_ms = (uint32_t)g->reconnect_ms;
	scs->conf.reopen_ms = REOPEN_MS;
	scs->conf.watchdog_ms = (uint32_t)s->conf.watchdog_ms;
	scs->conf.pending_max = g->pending;
	scs->peer_conf = (struct link_peer_conf){
		.host = g->host, .realm = g->realm, .address = g->address, .port = g->port, .tls = s->tsp_tls[n]
	};
	link_ids_init(&scs->ids, scs->conf.host, clock_real_ms(), node_random());
	o->scs = scs;
	return link_peer_new(&scs->peer, s->loop, &scs->peer_conf, &scs->conf, &link_callbacks, scs);
}

int smssc_tsp_start(struct smssc *s)
{
	const struct smssc_sme_conf *c = &s->conf.smes;
	int err = 0;

	if (!s->sme || !c->gateway.address[0]) {
		return 0;
	}
	s->tsp = calloc(1, sizeof *s->tsp);
	if (!s->tsp) {
		return ERR_NOMEM;
	}
	err = net_timer_new(&s->tsp->timer, s->loop, smssc_tsp_due, s);
	for (size_t i = 0; i < c->list_n && !err; i++) {
		err = c->list[i].scs.identity.host[0] ? connect_one(s, i) : 0;
	}
	if (!err) {
		smssc_tsp_resume(s);
	}
	return err;
}

void smssc_tsp_stop(struct smssc *s)
{
	for (size_t i = 0; s->tsp && i < SME_LIST_MAX; i++) {
		if (s->tsp->scs[i].peer) {
			link_peer_stop(s->tsp->scs[i].peer, DIA_DISCONNECT_REBOOTING, "this process ends");
		}
	}
}

void smssc_tsp_end(struct smssc *s)
{
	struct smssc_tsp *tsp = s->tsp;

	if (!tsp) {
		return;
	}
	tsp->ending = true;
	for (size_t i = 0; i < SME_LIST_MAX; i++) {
		link_peer_free(tsp->scs[i].peer, false);
		if (tsp->scs[i].owner) {
			tsp->scs[i].owner->scs = NULL;
			OBJ_END(&tsp->scs[i], TSP_SCS_MAGIC);
		}
	}
	smssc_tsp_reports_forget(s, NULL);
	smssc_tsp_drop(s);
	net_timer_free(tsp->timer);
	free(tsp);
	s->tsp = NULL;
}
