/* ns_serve.c - see ns_serve.h. What changes at some hosts has the connections to these judged in
 * the same turn. Any other change marks all connections, which are judged in slices of
 * LOOK_AT_ONCE, so that 10,000 connections hold up nobody. When charon or the rules are lost, all
 * are judged at once: nothing is asked for that. */
#include "ndsip/ns_serve.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/str.h"
#include "ndsip/ns_channel.h"
#include "ndsip/ns_proof.h"
#include "ndsip/ns_status.h"

#define LOOK_AT_ONCE 500u
#define STATUS_MS 250u

#define EDGE_MAGIC 0x1d0e93fbu
struct edge {
	struct obj obj;
	struct ns_serve *serve;
	struct ns_channel *channel;
	uint64_t owner; /* of its connections */
	uint32_t generation;
	bool full; /* waits for room */
	TAILQ_ENTRY(edge) entry;
};
OBJ_FIRST(struct edge);

#define NS_SERVE_MAGIC 0x5c2e70b9u
struct ns_serve {
	struct obj obj;
	struct ns_serve_conf conf;
	struct ns_list list;
	struct ns_proofs proofs;
	struct ns_charon *charon;
	struct ns_channel *core; /* NULL: none */
	bool core_full;
	TAILQ_HEAD(, edge) edges;
	unsigned edges_n;
	uint64_t owner_next;
	struct net_timer *look, *due, *status, *rules_timer;
	bool status_wanted, summary_unsaid;
	bool was_there; /* charon, at the last look */
	enum ns_rules rules;
	char rules_words[NS_WORDS_MAX];
};
OBJ_FIRST(struct ns_serve);
_Static_assert(NS_EDGES_MAX <= NS_OWNERS_MAX, "each edge has a share");

static struct ns_serve *serve_of(void *arg)
{
	return OBJ_OF(arg, struct ns_serve, NS_SERVE_MAGIC);
}

static bool rules_hold(const struct ns_serve *s)
{
	return !s->conf.rules || !s->conf.rules_ms || s->rules == NS_RULES_OK;
}

static struct ns_facts facts_of(const struct ns_serve *s)
{
	return (struct ns_facts){ .charon = ns_charon_there(s->charon),
				  .rules = rules_hold(s),
				  .keep = s->conf.keep,
				  .grace_ms = s->conf.grace_ms,
				  .table = ns_charon_table(s->charon),
				  .list = &s->list };
}

/* -- telling the owners of connections */

static struct edge *edge_of_owner(const struct ns_serve *s, uint64_t owner)
{
	struct edge *e;

	TAILQ_FOREACH (e, &s->edges, entry) {
		if (e->owner == owner) {
			return e;
		}
	}
	return NULL;
}

/* Those of an owner that does not read wait; the others are told. */
static void tell_owners(struct ns_serve *s)
{
	struct ns_connection *c, *next;

	for (c = ns_proofs_unsaid(&s->proofs); c; c = next) {
		bool of_core = c->key.owner == NS_OWNER_CORE;
		struct edge *e = of_core ? NULL : edge_of_owner(s, c->key.owner);
		struct ns_channel *channel = of_core ? s->core : e ? e->channel : NULL;
		bool *full = of_core ? &s->core_full : e ? &e->full : NULL;
		struct ns_msg m = { .kind = NS_STATE };

		next = TAILQ_NEXT(c, saying);
		if (!channel || !full || *full) {
			continue;
		}
		ns_proofs_state(&m.state, c);
		switch (ns_channel_send(channel, &m)) {
		case 0:
			ns_proofs_said(&s->proofs, c);
			break;
		case ERR_BUSY:
			*full = true;
			break;
		default: /* it has ended, which reading says */
			break;
		}
	}
}

/* -- telling the core */

/* Words of others: the messages carry printable ASCII. */
static void copy_words(char *out, size_t cap, const char *words)
{
	str_cut(out, cap, words);
	for (char *at = out; *at; at++) {
		*at = *at < 0x20 || *at > 0x7e ? '?' : *at;
	}
}

/* Not while charon is away: it may go on with what it had. */
static uint32_t ended_files(const struct ns_serve *s)
{
	return ns_charon_there(s->charon) && s->list.number && !ns_list_owes(&s->list) ? s->list.files : 0;
}

static void make_summary(const struct ns_serve *s, struct ns_summary *m)
{
	struct sa_table_counts table = sa_table_counts(ns_charon_table(s->charon));
	struct ns_charon_counts charon = ns_charon_counts(s->charon);
	const struct ns_proofs_counts *n = &s->proofs.counts;

	*m = (struct ns_summary){ .charon = ns_charon_there(s->charon),
				  .rules = (uint8_t)s->rules,
				  .loss_s = ns_charon_loss_s(s->charon),
				  .list = s->list.number,
				  .ended = ended_files(s),
				  .scs = s->list.n,
				  .loaded = s->list.loaded,
				  .ikes = table.ikes,
				  .children = table.children,
				  .open = n->open,
				  .proven = n->proven,
				  .proofs = n->proofs,
				  .refused = n->refused,
				  .cut = n->cut,
				  .losses = charon.losses,
				  .events = charon.events,
				  .lists = charon.lists };
	copy_words(m->version, sizeof m->version, ns_charon_version(s->charon));
	copy_words(m->words, sizeof m->words, *ns_charon_words(s->charon) ? ns_charon_words(s->charon) : s->rules_words);
}

static void tell_core(struct ns_serve *s)
{
	struct ns_msg m = { .kind = NS_SCS_STATE };
	struct ns_member *member;

	while (s->core && !s->core_full && (member = ns_status_next(&s->list, &m.scs_is))) {
		int err = ns_channel_send(s->core, &m);

		if (err == ERR_BUSY || err == ERR_CLOSED) {
			s->core_full = true;
			return;
		}
		ns_status_said(&s->list, member);
	}
	if (s->core && !s->core_full && s->summary_unsaid) {
		m.kind = NS_SUMMARY;
		make_summary(s, &m.summary);
		switch (ns_channel_send(s->core, &m)) {
		case ERR_BUSY:
		case ERR_CLOSED:
			s->core_full = true;
			return;
		default:
			s->summary_unsaid = false;
		}
	}
}

static void on_status(void *arg)
{
	struct ns_serve *s = serve_of(arg);

	s->status_wanted = false;
	s->summary_unsaid = true;
	ns_status_count(&s->list, ns_charon_table(s->charon), &s->proofs, ns_charon_there(s->charon));
	tell_core(s);
}

static void want_status(struct ns_serve *s)
{
	if (!s->status_wanted) {
		s->status_wanted = true;
		net_timer_start(s->status, STATUS_MS);
	}
}

/* -- looking */

static void meet_due(struct ns_serve *s)
{
	struct ns_facts f = facts_of(s);
	uint64_t now = net_loop_now_ms(s->conf.loop), next = ns_proofs_due(&s->proofs, &f, now);

	if (next == UINT64_MAX) {
		net_timer_stop(s->due);
	} else {
		net_timer_start(s->due, next > now ? next - now : 0);
	}
	tell_owners(s);
}

static void on_due(void *arg)
{
	struct ns_serve *s = serve_of(arg);

	meet_due(s);
	want_status(s);
}

static void look(struct ns_serve *s, unsigned n)
{
	struct ns_facts f = facts_of(s);

	if (ns_proofs_look(&s->proofs, &f, net_loop_now_ms(s->conf.loop), n)) {
		net_timer_start(s->look, 0);
	}
	meet_due(s);
}

static void on_look(void *arg)
{
	look(serve_of(arg), LOOK_AT_ONCE);
}

static void on_change(void *arg)
{
	struct ns_serve *s = serve_of(arg);
	bool there = ns_charon_there(s->charon), all = !there || !rules_hold(s) || there != s->was_there;

	s->was_there = there;
	ns_proofs_mark(&s->proofs);
	look(s, all ? UINT32_MAX : LOOK_AT_ONCE);
	want_status(s);
}

static void on_host(void *arg, const struct sa_address *host)
{
	struct ns_serve *s = serve_of(arg);
	struct ns_facts f = facts_of(s);

	ns_proofs_look_host(&s->proofs, host, &f, net_loop_now_ms(s->conf.loop));
}

static void on_hosts(void *arg)
{
	struct ns_serve *s = serve_of(arg);

	meet_due(s);
	want_status(s);
}

static void on_rules(void *arg)
{
	struct ns_serve *s = serve_of(arg);
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

/* -- edges */

static void edge_free(struct edge *e)
{
	struct ns_serve *s = e->serve;

	ns_proofs_gone(&s->proofs, e->owner);
	TAILQ_REMOVE(&s->edges, e, entry);
	s->edges_n--;
	ns_channel_free(e->channel);
	OBJ_END(e, EDGE_MAGIC);
	free(e);
}

static void bad_edge(struct edge *e, const char *what)
{
	struct ns_serve *s = e->serve;
	uint32_t generation = e->generation;

	log_error(s->conf.log, "ndsip", "the edge of generation %" PRIu32 " %s; it is cut off", generation, what);
	edge_free(e);
	s->conf.bad_edge(s->conf.arg, generation);
}

static void refuse_open(const struct ns_serve *s, struct ns_channel *owner, uint64_t id)
{
	struct ns_msg m = { .kind = NS_STATE, .state = { .id = id, .proof = NS_CUT, .reason = NS_REASON_TOO_MANY } };

	if (ns_channel_send(owner, &m)) {
		log_warn(s->conf.log, "ndsip", "the owner of a connection does not read that it is refused");
	}
}

/* OPEN or CLOSE of an edge or of the core. ERR_PROTO: it opened a connection twice. */
static int take_connection(struct ns_serve *s, uint64_t owner, struct ns_channel *channel, const struct ns_msg *m)
{
	struct ns_facts f = facts_of(s);
	int err = 0;

	if (m->kind == NS_CLOSE) {
		ns_proofs_close(&s->proofs, owner, m->close.id);
	} else {
		err = ns_proofs_open(&s->proofs, owner, &m->open, &f, net_loop_now_ms(s->conf.loop));
	}
	if (err == ERR_PROTO) {
		return err;
	}
	if (err) {
		refuse_open(s, channel, m->open.id);
	}
	if (m->kind == NS_OPEN) {
		meet_due(s);
	}
	want_status(s);
	return 0;
}

static void on_edge_message(void *arg, const struct ns_msg *m)
{
	struct edge *e = OBJ_OF(arg, struct edge, EDGE_MAGIC);

	if (take_connection(e->serve, e->owner, e->channel, m)) {
		bad_edge(e, "opened a connection twice");
	}
}

static void on_edge_room(void *arg)
{
	struct edge *e = OBJ_OF(arg, struct edge, EDGE_MAGIC);

	e->full = false;
	tell_owners(e->serve);
}

static void on_edge_lost(void *arg, int err)
{
	struct edge *e = OBJ_OF(arg, struct edge, EDGE_MAGIC);
	struct ns_serve *s = e->serve;

	if (err == ERR_PROTO) {
		bad_edge(e, "sent what is no message");
	} else {
		edge_free(e);
	}
	want_status(s);
}

static void end_older(struct ns_serve *s, uint32_t generation)
{
	struct edge *e;

	TAILQ_FOREACH (e, &s->edges, entry) {
		if (e->generation == generation) {
			edge_free(e);
			return;
		}
	}
}

int ns_serve_edge(struct ns_serve *s, int fd, uint32_t generation)
{
	struct ns_channel_conf conf = { .loop = s->conf.loop,
					.from = NS_FROM_EDGE,
					.on_message = on_edge_message,
					.on_room = on_edge_room,
					.on_lost = on_edge_lost };
	struct edge *e;
	int err;

	OBJ_CHECK(s, NS_SERVE_MAGIC);
	end_older(s, generation);
	e = s->edges_n < NS_EDGES_MAX ? calloc(1, sizeof *e) : NULL;
	conf.arg = e;
	err = e ? ns_channel_new(&e->channel, fd, &conf) : s->edges_n < NS_EDGES_MAX ? ERR_NOMEM : ERR_LIMIT;
	if (err) {
		if (!e) {
			close(fd);
		}
		free(e);
		return err;
	}
	obj_begin(&e->obj, EDGE_MAGIC);
	e->serve = s;
	e->owner = ++s->owner_next;
	e->generation = generation;
	TAILQ_INSERT_TAIL(&s->edges, e, entry);
	s->edges_n++;
	return 0;
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
	struct ns_serve *s = serve_of(arg);
	int err = 0;

	switch (m->kind) {
	case NS_OPEN:
	case NS_CLOSE:
		if (take_connection(s, NS_OWNER_CORE, s->core, m)) {
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
	struct ns_serve *s = serve_of(arg);

	s->core_full = false;
	tell_owners(s);
	tell_core(s);
}

static void on_core_lost(void *arg, int err)
{
	core_end(serve_of(arg), err == ERR_PROTO ? "sent what is no message" : NULL);
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
	want_status(s);
	return 0;
}

/* -- life */

void ns_serve_charon(struct ns_serve *s, int fd, const char *why)
{
	OBJ_CHECK(s, NS_SERVE_MAGIC);
	ns_charon_open(s->charon, fd, why);
	want_status(s);
}

void ns_serve_files(struct ns_serve *s, struct ns_files *files, uint32_t generation)
{
	OBJ_CHECK(s, NS_SERVE_MAGIC);
	ns_charon_files(s->charon, files, generation);
	want_status(s);
}

static void want(void *arg)
{
	struct ns_serve *s = serve_of(arg);

	s->conf.want(s->conf.arg);
}

static int make_timers(struct ns_serve *s)
{
	int err = net_timer_new(&s->look, s->conf.loop, on_look, s);

	if (!err) {
		err = net_timer_new(&s->due, s->conf.loop, on_due, s);
	}
	if (!err) {
		err = net_timer_new(&s->status, s->conf.loop, on_status, s);
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
	struct edge *e;

	if (!s) {
		return;
	}
	OBJ_CHECK(s, NS_SERVE_MAGIC);
	while ((e = TAILQ_FIRST(&s->edges))) {
		edge_free(e);
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
