/* ns_serve.c - see ns_serve.h. What changes at some hosts has the connections to these judged in
 * the same turn. Any other change marks all connections, which are judged in slices of
 * LOOK_AT_ONCE, so that 10,000 connections hold up nobody. When charon or the rules are lost, all
 * are judged at once: nothing is asked for that. */
#include "ndsip/ns_serve_int.h"

#include <inttypes.h>
#include <stdlib.h>

#include "ndsip/ns_status.h"

#define LOOK_AT_ONCE 500u
/* -- looking */

void ns_serve_meet_due(struct ns_serve *s)
{
	struct ns_facts f = ns_serve_facts(s);
	uint64_t now = net_loop_now_ms(s->conf.loop), next = ns_proofs_due(&s->proofs, &f, now);

	if (next == UINT64_MAX) {
		net_timer_stop(s->due);
	} else {
		net_timer_start(s->due, next > now ? next - now : 0);
	}
	ns_serve_tell_owners(s);
}

static void on_due(void *arg)
{
	struct ns_serve *s = ns_serve_of(arg);

	ns_serve_meet_due(s);
	ns_serve_want_status(s);
}

static void look(struct ns_serve *s, unsigned n)
{
	struct ns_facts f = ns_serve_facts(s);

	if (ns_proofs_look(&s->proofs, &f, net_loop_now_ms(s->conf.loop), n)) {
		net_timer_start(s->look, 0);
	}
	ns_serve_meet_due(s);
}

static void on_look(void *arg)
{
	look(ns_serve_of(arg), LOOK_AT_ONCE);
}

static void on_change(void *arg)
{
	struct ns_serve *s = ns_serve_of(arg);
	bool there = ns_charon_there(s->charon), all = !there || !ns_serve_rules_hold(s) || there != s->was_there;

	s->was_there = there;
	ns_proofs_mark(&s->proofs);
	look(s, all ? UINT32_MAX : LOOK_AT_ONCE);
	ns_serve_want_status(s);
}

static void on_host(void *arg, const struct sa_address *host)
{
	struct ns_serve *s = ns_serve_of(arg);
	struct ns_facts f = ns_serve_facts(s);

	ns_proofs_look_host(&s->proofs, host, &f, net_loop_now_ms(s->conf.loop));
}

static void on_hosts(void *arg)
{
	struct ns_serve *s = ns_serve_of(arg);

	ns_serve_meet_due(s);
	ns_serve_want_status(s);
}

static void on_rules(void *arg)
{
	struct ns_serve *s = ns_serve_of(arg);
	uint64_t again_ms = s->conf.rules_ms;
	enum ns_rules before = s->rules;

	s->rules_words[0] = 0;
	s->rules = s->conf.rules(s->conf.arg, s->rules_words, &again_ms);
	net_timer_start(s->rules_timer, again_ms);
	if (s->rules == before) {
		return;
	}
	if (s->rules == NS_RULES_OK) {
		log_info(s->conf.log, "ndsip", "the packet filter rules of NDS/IP are in force");
	} else {
		log_error(s->conf.log, "ndsip",
			  "the packet filter rules of NDS/IP are not in force: %s; no connection is proven until they are. "
			  "mtcctl ndsip rules --apply -c FILE sets them",
			  s->rules_words);
	}
	on_change(s);
}

void ns_serve_rules(struct ns_serve *s)
{
	OBJ_CHECK(s, NS_SERVE_MAGIC);
	if (s->conf.rules && s->conf.rules_ms) {
		on_rules(s);
	}
}

/* -- the core */

/* Whether the SCS is provisioned as before, so that it is initiated anew. */
static bool stays(uint8_t why)
{
	return why == NS_WHY_CHANGED || why == NS_WHY_OPERATOR;
}

static void terminate(struct ns_serve *s, const struct ns_terminate *t)
{
	struct ns_member *m = ns_list_find(&s->list, t->name);

	if (!m) {
		return; /* its end was work of a list already */
	}
	log_info(s->conf.log, "ndsip", "the security associations of %s are terminated", t->name);
	ns_list_add_work(&s->list, m, NS_TODO_TERMINATE | (m->scs.ike_n && stays(t->why) ? NS_TODO_INITIATE : 0u));
	on_change(s); /* its connections are held at once, however long charon takes */
	ns_charon_work(s->charon);
}

static void take_list(struct ns_serve *s)
{
	log_info(s->conf.log, "ndsip", "list %" PRIu32 " of the core: %" PRIu32 " SCSs and peers with NDS/IP", s->list.number,
		 s->list.n);
	on_change(s); /* who is not in it any more is held at once */
	ns_charon_work(s->charon);
}

static void core_end(struct ns_serve *s, const char *what)
{
	if (what) {
		log_error(s->conf.log, "ndsip", "the core %s; its channel is closed", what);
	}
	ns_proofs_gone(&s->proofs, NS_OWNER_CORE);
	ns_channel_free(s->core);
	s->core = NULL;
	s->core_full = false;
	ns_list_new_core(&s->list);
}

static void on_core_message(void *arg, const struct ns_msg *m)
{
	struct ns_serve *s = ns_serve_of(arg);
	int err = 0;

	switch (m->kind) {
	case NS_OPEN:
	case NS_CLOSE:
		if (ns_serve_take_connection(s, NS_OWNER_CORE, s->core, m)) {
			core_end(s, "opened a connection twice");
		}
		return;
	case NS_BEGIN:
		err = ns_list_begin(&s->list, &m->begin);
		break;
	case NS_SCS:
		err = ns_list_put(&s->list, &m->scs);
		break;
	case NS_END:
		err = ns_list_end(&s->list, &m->end);
		if (!err) {
			take_list(s);
		}
		break;
	default: /* the decoder knows no other of the core */
		terminate(s, &m->terminate);
		break;
	}
	if (err) {
		core_end(s, err == ERR_NOMEM ? "sent a list that does not fit into memory" : "sent a list that is none");
	}
}

static void on_core_room(void *arg)
{
	struct ns_serve *s = ns_serve_of(arg);

	s->core_full = false;
	ns_serve_tell_owners(s);
	ns_serve_tell_core(s);
}

static void on_core_lost(void *arg, int err)
{
	core_end(ns_serve_of(arg), err == ERR_PROTO ? "sent what is no message" : NULL);
}

int ns_serve_core(struct ns_serve *s, int fd)
{
	struct ns_channel_conf conf = { .loop = s->conf.loop,
					.from = NS_FROM_CORE,
					.on_message = on_core_message,
					.on_room = on_core_room,
					.on_lost = on_core_lost,
					.arg = s };
	int err;

	OBJ_CHECK(s, NS_SERVE_MAGIC);
	core_end(s, NULL);
	err = ns_channel_new(&s->core, fd, &conf);
	if (err) {
		s->core = NULL;
		return err;
	}
	ns_status_all(&s->list);
	ns_serve_want_status(s);
	return 0;
}

/* -- life */

void ns_serve_charon(struct ns_serve *s, int fd, const char *why)
{
	OBJ_CHECK(s, NS_SERVE_MAGIC);
	ns_charon_open(s->charon, fd, why);
	ns_serve_want_status(s);
}

void ns_serve_files(struct ns_serve *s, struct ns_files *files, uint32_t generation)
{
	OBJ_CHECK(s, NS_SERVE_MAGIC);
	ns_charon_files(s->charon, files, generation);
	ns_serve_want_status(s);
}

static void want(void *arg)
{
	struct ns_serve *s = ns_serve_of(arg);

	s->conf.want(s->conf.arg);
}

static int make_timers(struct ns_serve *s)
{
	int err = net_timer_new(&s->look, s->conf.loop, on_look, s);

	if (!err) {
		err = net_timer_new(&s->due, s->conf.loop, on_due, s);
	}
	if (!err) {
		err = net_timer_new(&s->status, s->conf.loop, ns_serve_on_status, s);
	}
	if (!err) {
		err = net_timer_new(&s->rules_timer, s->conf.loop, on_rules, s);
	}
	return err;
}

int ns_serve_new(struct ns_serve **out, const struct ns_serve_conf *conf)
{
	struct ns_serve *s = calloc(1, sizeof *s);
	struct ns_charon_conf charon;
	int err;

	if (!s) {
		return ERR_NOMEM;
	}
	obj_begin(&s->obj, NS_SERVE_MAGIC);
	s->conf = *conf;
	s->rules = NS_RULES_UNCHECKED;
	TAILQ_INIT(&s->edges);
	charon = (struct ns_charon_conf){ .loop = conf->loop,
					  .log = conf->log,
					  .list = &s->list,
					  .params = conf->params,
					  .services = conf->services,
					  .check_ms = conf->check_ms,
					  .want = want,
					  .on_host = on_host,
					  .on_change = on_change,
					  .on_hosts = on_hosts,
					  .arg = s };
	err = ns_list_init(&s->list);
	if (!err) {
		err = ns_proofs_init(&s->proofs, NS_CONNECTIONS_MAX);
	}
	if (!err && conf->edges) {
		s->proofs.edges.share = NS_CONNECTIONS_MAX / conf->edges;
	}
	if (!err) {
		err = make_timers(s);
	}
	if (!err) {
		err = ns_charon_new(&s->charon, &charon);
	}
	if (err) {
		ns_serve_free(s);
		return err;
	}
	if (conf->rules && conf->rules_ms) {
		on_rules(s);
	}
	*out = s;
	return 0;
}

void ns_serve_free(struct ns_serve *s)
{
	struct ns_edge *e;

	if (!s) {
		return;
	}
	OBJ_CHECK(s, NS_SERVE_MAGIC);
	while ((e = TAILQ_FIRST(&s->edges))) {
		ns_serve_edge_free(e);
	}
	ns_channel_free(s->core);
	ns_charon_free(s->charon);
	net_timer_free(s->look);
	net_timer_free(s->due);
	net_timer_free(s->status);
	net_timer_free(s->rules_timer);
	ns_proofs_fini(&s->proofs);
	ns_list_fini(&s->list);
	OBJ_END(s, NS_SERVE_MAGIC);
	free(s);
}
