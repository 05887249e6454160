/* adm_peers.c - the core peers: the state of each connection and its reason, and an operator's stop
 * and start.
 *
 * A stop lives in the core process: it ends with 'peers start' and when the core starts again. */
#include <stdio.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/shown.h"

#define LISTING_MAGIC 0xa478d7b5u
struct listing {
	struct obj obj;
	const struct adm *adm;
	struct ctl_request *rq;
	json_int_t n;
};

static void list_peer(void *arg, const struct core_peer_view *p)
{
	struct listing *l = OBJ_OF(arg, struct listing, LISTING_MAGIC);
	char address[SHOWN_ADDRESS_MAX];
	json_t *row;

	(void)shown_address(address, p->conf->address, p->conf->port);
	row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I}", "name", p->conf->name, "host",
			p->conf->host, "realm", p->conf->realm, "address", address, "protocol", p->smpp ? "smpp" : "diameter",
			"protection", protection_word(p->conf->protection), "state", p->state, "reason", p->reason, "since",
			adm_core_time(l->adm, p->since_ms), "pending", (json_int_t)p->pending, "requests",
			(json_int_t)p->requests, "answers", (json_int_t)p->answers, "timeouts", (json_int_t)p->timeouts);
	adm_lapses(row, p->forgiven, p->lapses);
	if (p->next_ms != UINT64_MAX) {
		json_object_set_new(row, "next_attempt_s", json_integer((json_int_t)((p->next_ms + 999) / 1000)));
	}
	ctl_line(l->rq, row);
	l->n++;
}

static void on_peers(void *arg, struct ctl_request *rq, const json_t *args)
{
	const struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	struct listing l = { .obj = OBJ(LISTING_MAGIC), .adm = a, .rq = rq };

	(void)args;
	core_peer_each(a->core, list_peer, &l);
	ctl_done(rq, json_pack("{s:I}", "count", l.n));
}

static void answer(struct ctl_request *rq, int err, const char *name, const char *state)
{
	if (err == ERR_CLOSED) {
		ctl_fail(rq, "mtc-iwfd is shutting down");
	} else if (err) {
		ctl_fail(rq, "no peer '%s' in the configuration; 'mtcctl peers' lists them", name);
	} else {
		ctl_done(rq, json_pack("{s:s, s:s}", "name", name, "state", state));
	}
}

static void on_peers_start(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const char *name = ctl_arg_text(args, "name", ""), *state = "";
	int err = core_peer_start(a->core, name, &state);

	answer(rq, err, name, state);
}

static void on_peers_stop(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const char *name = ctl_arg_text(args, "name", ""), *state = "";
	int err = core_peer_stop(a->core, name, &state);

	answer(rq, err, name, state);
}

const struct ctl_command adm_peers_rows[] = {
	{ "peers", "list connections to the HSS, the SMS-SC and other peers of the operator", NULL, false, on_peers },
	{ "peers.start", "connect to a peer now", ctl_args_peer_name, true, on_peers_start },
	{ "peers.stop", "disconnect from a peer and do not reconnect", ctl_args_peer_name, true, on_peers_stop },
	{ .name = NULL },
};
