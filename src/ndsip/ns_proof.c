/* ns_proof.c - see ns_proof.h. */
#include "ndsip/ns_proof.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "base/str.h"

#define CANDIDATES_MAX 8u /* connections of charon that are looked at for one pair of ends */

int ns_proofs_init(struct ns_proofs *p, uint32_t max)
{
	int err;

	*p = (struct ns_proofs){ .max = max, .edges.share = max };
	TAILQ_INIT(&p->all);
	TAILQ_INIT(&p->saying);
	err = map_init(&p->by_key);
	return err ? err : multimap_init(&p->by_remote);
}

static uint64_t host_hash(const struct ns_proofs *p, const struct sa_address *a)
{
	uint64_t hash = map_hash(&p->by_key, a, sizeof *a);

	return hash ? hash : 1;
}

static void set_proof(struct ns_proofs *p, struct ns_connection *c, enum ns_proof proof)
{
	if (proof != NS_HELD) {
		heap_del(&p->due, &c->due);
	}
	p->counts.proven -= c->proof == NS_PROVEN;
	p->counts.proven += proof == NS_PROVEN;
	c->proof = proof;
}

static void say(struct ns_proofs *p, struct ns_connection *c)
{
	if (!c->unsaid) {
		c->unsaid = true;
		TAILQ_INSERT_TAIL(&p->saying, c, saying);
	}
}

static void connection_free(struct ns_proofs *p, struct ns_connection *c)
{
	set_proof(p, c, NS_CUT);
	if (c->unsaid) {
		TAILQ_REMOVE(&p->saying, c, saying);
	}
	for (uint8_t i = 0; i < c->open.remote_n; i++) {
		multimap_del(&p->by_remote, &c->by_remote[i].node);
	}
	map_del(&p->by_key, &c->node);
	TAILQ_REMOVE(&p->all, c, entry);
	p->counts.open--;
	p->of_core -= c->key.owner == NS_OWNER_CORE;
	ns_owners_give(&p->edges, c->key.owner);
	OBJ_END(c, NS_OPEN_MAGIC);
	free(c);
}

void ns_proofs_fini(struct ns_proofs *p)
{
	struct ns_connection *c;

	if (!p->all.tqh_last) {
		return;
	}
	while ((c = TAILQ_FIRST(&p->all))) {
		connection_free(p, c);
	}
	heap_fini(&p->due);
	multimap_fini(&p->by_remote);
	map_fini(&p->by_key);
}

/* -- the judgement */

struct judged {
	enum ns_reason reason;
	const struct ns_member *member; /* PROVEN: whose it is */
	const struct sa_child *child;   /* to name in the log; NULL: none */
};

/* The verdicts are the first rows of the reasons. */
_Static_assert((int)NS_REASON_SA_PROVEN == (int)SA_PROVEN && (int)NS_REASON_SA_NOT_AUTHENTICATED == (int)SA_NOT_AUTHENTICATED,
	       "one number for a verdict and its reason");

static bool is_host_of(const struct ns_member *m, const struct sa_address *a)
{
	for (uint8_t i = 0; i < m->scs.hosts_n; i++) {
		if (sa_address_equal(&m->scs.hosts[i], a)) {
			return true;
		}
	}
	return false;
}

/* The end of the security associations that this one is of is wanted, and charon may still have
 * them: their peer has proven who it is by what was provisioned before, to another anchor
 * perhaps. */
static bool is_ending(const struct ns_member *m, const struct sa_child *c)
{
	return m->todo & NS_TODO_TERMINATE || c->ike->first <= m->ended_to;
}

/* charon has the selectors that it was given: after a change of the SCS they hold a host that was
 * taken from it, until the security associations have ended. */
static struct judged by_member(const struct ns_facts *f, struct sa_question *q, const struct ns_member *m)
{
	struct sa_answer a;

	q->identity = m ? m->scs.identity : "";
	q->connection = m ? m->connection : "";
	q->ended_to = m ? m->ended_to : 0;
	a = sa_judge(f->table, q);
	if (a.verdict == SA_PROVEN && !(m && is_host_of(m, &q->remote.address))) {
		return (struct judged){ NS_REASON_OTHER_HOST, m, a.child };
	}
	if (m && (a.verdict == SA_PROVEN || a.verdict == SA_NOT_AUTHENTICATED) && is_ending(m, a.child)) {
		return (struct judged){ NS_REASON_ENDED, m, a.child };
	}
	return (struct judged){ (enum ns_reason)a.verdict, m, a.child };
}

/* The connections of children at the remote host name the SCSs that come into question. Whichever
 * is asked about, sa_judge() looks at all children that hold both ends. */
static struct judged judge_pair(const struct ns_facts *f, struct sa_question *q)
{
	struct judged first = { .reason = NS_REASON_SA_UNPROTECTED };
	const struct ns_member *asked[CANDIDATES_MAX];
	size_t asked_n = 0;

	for (const struct sa_selector *s = sa_table_first(f->table, &q->remote.address); s; s = sa_table_next(f->table, s)) {
		const struct ns_member *m = ns_list_of(f->list, s->child->ike->connection);
		struct judged j;
		bool again = !m;

		for (size_t i = 0; i < asked_n && !again; i++) {
			again = asked[i] == m;
		}
		if (again) {
			continue;
		}
		if (asked_n == CANDIDATES_MAX) {
			return (struct judged){ .reason = NS_REASON_SA_TWO_IDENTITIES, .child = s->child };
		}
		asked[asked_n++] = m;
		j = by_member(f, q, m);
		if (j.reason == NS_REASON_SA_PROVEN) {
			return j;
		}
		first = asked_n == 1 ? j : first;
	}
	if (!asked_n) {
		first = by_member(f, q, NULL);
		first.reason = first.reason == NS_REASON_SA_OTHER_IDENTITY ? NS_REASON_UNKNOWN_CONNECTION : first.reason;
	}
	return first;
}

/* Every pair of ends, and one SCS for all of them. */
static struct judged judge_ends(const struct ns_facts *f, const struct ns_open *o)
{
	struct sa_question q = { .local.port = o->local_port, .remote.port = o->remote_port, .protocol = o->protocol };
	struct judged all = { .reason = NS_REASON_SA_UNPROTECTED };

	for (uint8_t i = 0; i < o->local_n; i++) {
		for (uint8_t k = 0; k < o->remote_n; k++) {
			struct judged one;

			q.local.address = o->local[i];
			q.remote.address = o->remote[k];
			one = judge_pair(f, &q);
			if (one.reason == NS_REASON_SA_PROVEN && all.member && one.member != all.member) {
				one.reason = NS_REASON_SA_TWO_IDENTITIES;
			}
			if (one.reason != NS_REASON_SA_PROVEN) {
				return one;
			}
			all = one;
		}
	}
	return all;
}

/* What is provisioned is known without charon, too. PROVEN: the SCS is as when it was proven; one
 * that an earlier helper has proven is not known here. */
static enum ns_reason changed(const struct ns_connection *c, const struct ns_facts *f)
{
	const struct ns_member *m = ns_list_find(f->list, c->scs);

	if (!c->scs[0]) {
		return NS_REASON_SA_PROVEN;
	}
	if (!m || strcmp(c->identity, m->scs.identity) != 0 || strcmp(c->anchor, m->scs.anchor) != 0) {
		return NS_REASON_ENDED;
	}
	for (uint8_t i = 0; i < c->open.remote_n; i++) {
		if (!is_host_of(m, &c->open.remote[i])) {
			return NS_REASON_OTHER_HOST;
		}
	}
	return NS_REASON_SA_PROVEN;
}

static struct judged judge(const struct ns_connection *c, const struct ns_facts *f)
{
	struct judged j;

	if (!f->rules) {
		return (struct judged){ .reason = NS_REASON_RULES_LOST };
	}
	if (!f->charon) {
		j = (struct judged){ .reason = changed(c, f) };
		j.reason = j.reason == NS_REASON_SA_PROVEN ? NS_REASON_CHARON_AWAY : j.reason;
		return j;
	}
	j = judge_ends(f, &c->open);
	if (j.reason == NS_REASON_SA_PROVEN && ns_is_peer(j.member->scs.name) != (c->key.owner == NS_OWNER_CORE)) {
		j.reason = NS_REASON_UNKNOWN_CONNECTION; /* a peer is no SCS, and the reverse */
	}
	if (j.reason != NS_REASON_SA_PROVEN && c->scs[0] && !ns_list_find(f->list, c->scs)) {
		j.reason = NS_REASON_ENDED;
	}
	if (j.reason == NS_REASON_SA_PROVEN && c->scs[0] &&
	    (strcmp(c->scs, j.member->scs.name) != 0 || strcmp(c->identity, j.member->scs.identity) != 0 ||
	     strcmp(c->anchor, j.member->scs.anchor) != 0)) {
		j.reason = NS_REASON_SA_OTHER_IDENTITY; /* the session was admitted as another one */
	}
	return j;
}

static void take_proof(struct ns_proofs *p, struct ns_connection *c, const struct ns_member *m)
{
	if (c->proof == NS_PROVEN) {
		return;
	}
	p->counts.proofs += !c->scs[0];
	str_set(c->scs, sizeof c->scs, m->scs.name);
	str_set(c->identity, sizeof c->identity, m->scs.identity);
	str_set(c->anchor, sizeof c->anchor, m->scs.anchor);
	c->ever = true;
	c->reason = NS_REASON_SA_PROVEN;
	set_proof(p, c, NS_PROVEN);
	say(p, c);
}

static bool kept(const struct ns_connection *c, const struct ns_facts *f)
{
	return f->keep && !f->charon && c->ever && f->rules && changed(c, f) == NS_REASON_SA_PROVEN;
}

/* Of one that is held: it is due after the grace, and never while it is kept. One that is kept no
 * longer has the whole grace before it. */
static void set_due(struct ns_proofs *p, struct ns_connection *c, const struct ns_facts *f, uint64_t now_ms)
{
	if (kept(c, f)) {
		heap_del(&p->due, &c->due);
	} else if (!c->due.place) {
		int err = heap_set(&p->due, &c->due, now_ms + f->grace_ms);

		assert(!err); /* ns_proofs_open() has made room */
	}
}

static void take_refusal(struct ns_proofs *p, struct ns_connection *c, const struct judged *j, const struct ns_facts *f,
			 uint64_t now_ms)
{
	bool news = c->proof != NS_HELD || c->reason != j->reason;

	if (!c->scs[0]) {
		str_cut(c->identity, sizeof c->identity, j->child ? j->child->ike->identity : "");
	}
	set_proof(p, c, NS_HELD);
	set_due(p, c, f, now_ms);
	c->reason = j->reason;
	if (news) {
		say(p, c);
	}
}

static void look_at(struct ns_proofs *p, struct ns_connection *c, const struct ns_facts *f, uint64_t now_ms)
{
	struct judged j;

	if (c->proof == NS_CUT || (c->proof == NS_PROVEN && kept(c, f))) {
		return;
	}
	j = judge(c, f);
	if (j.reason == NS_REASON_SA_PROVEN) {
		take_proof(p, c, j.member);
	} else {
		take_refusal(p, c, &j, f, now_ms);
	}
}

/* -- connections */

static struct ns_connection *find(const struct ns_proofs *p, const struct ns_key *key)
{
	return MAP_OF(map_find(&p->by_key, key, sizeof *key), struct ns_connection, node);
}

int ns_proofs_open(struct ns_proofs *p, uint64_t owner, const struct ns_open *o, const struct ns_facts *f, uint64_t now_ms)
{
	struct ns_key key = { owner, o->id };
	struct ns_connection *c = find(p, &key);
	int err;

	if (c) {
		return ERR_PROTO;
	}
	if (owner == NS_OWNER_CORE ? p->of_core >= NS_OF_CORE_MAX : p->counts.open - p->of_core >= p->max) {
		return ERR_BUSY;
	}
	c = heap_reserve(&p->due, p->counts.open + 1) ? NULL : calloc(1, sizeof *c);
	err = !c ? ERR_NOMEM : owner != NS_OWNER_CORE && !ns_owners_take(&p->edges, owner) ? ERR_BUSY : 0;
	if (err) {
		free(c);
		return err;
	}
	obj_begin(&c->obj, NS_OPEN_MAGIC);
	c->key = key;
	c->open = *o;
	c->ever = o->again;
	c->reason = NS_REASONS; /* none yet: the first judgement is said in any case */
	c->proof = NS_CUT;
	c->round = p->round;
	map_add(&p->by_key, &c->node, &c->key, sizeof c->key);
	for (uint8_t i = 0; i < o->remote_n; i++) {
		c->by_remote[i].connection = c;
		multimap_add(&p->by_remote, &c->by_remote[i].node, host_hash(p, &o->remote[i]));
	}
	TAILQ_INSERT_TAIL(&p->all, c, entry);
	p->counts.open++;
	p->of_core += owner == NS_OWNER_CORE;
	set_proof(p, c, NS_HELD);
	look_at(p, c, f, now_ms);
	return 0;
}

void ns_proofs_close(struct ns_proofs *p, uint64_t owner, uint64_t id)
{
	struct ns_connection *c = find(p, &(struct ns_key){ owner, id });

	if (c) {
		connection_free(p, c);
	}
}

void ns_proofs_gone(struct ns_proofs *p, uint64_t owner)
{
	struct ns_connection *c, *next;

	for (c = TAILQ_FIRST(&p->all); c; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->key.owner == owner) {
			connection_free(p, c);
		}
	}
}

/* -- rounds */

void ns_proofs_mark(struct ns_proofs *p)
{
	p->round++;
}

bool ns_proofs_look(struct ns_proofs *p, const struct ns_facts *f, uint64_t now_ms, unsigned n)
{
	struct ns_connection *c;

	while ((c = TAILQ_FIRST(&p->all)) && c->round != p->round) {
		if (!n--) {
			return true;
		}
		look_at(p, c, f, now_ms);
		c->round = p->round;
		TAILQ_REMOVE(&p->all, c, entry);
		TAILQ_INSERT_TAIL(&p->all, c, entry);
	}
	return false;
}

void ns_proofs_look_host(struct ns_proofs *p, const struct sa_address *host, const struct ns_facts *f, uint64_t now_ms)
{
	struct multimap_node *node = multimap_first(&p->by_remote, host_hash(p, host));

	for (; node; node = multimap_next(node)) {
		look_at(p, CONTAINER_OF(node, struct ns_remote, node)->connection, f, now_ms);
	}
}

uint64_t ns_proofs_due(struct ns_proofs *p, const struct ns_facts *f, uint64_t now_ms)
{
	struct heap_node *first;

	while ((first = heap_first(&p->due)) && first->at <= now_ms) {
		struct ns_connection *c = CONTAINER_OF(first, struct ns_connection, due);

		look_at(p, c, f, now_ms);
		if (!c->due.place) {
			continue; /* proven, or kept */
		}
		p->counts.cut += c->ever;
		p->counts.refused += !c->ever;
		set_proof(p, c, NS_CUT);
		say(p, c);
	}
	return first ? first->at : UINT64_MAX;
}

/* -- telling the owners */

struct ns_connection *ns_proofs_unsaid(const struct ns_proofs *p)
{
	return TAILQ_FIRST(&p->saying);
}

void ns_proofs_state(struct ns_state *out, const struct ns_connection *c)
{
	*out = (struct ns_state){ .id = c->key.id, .proof = (uint8_t)c->proof, .reason = (uint8_t)c->reason };
	str_cut(out->identity, sizeof out->identity, c->identity);
	for (char *at = out->identity; *at; at++) {
		*at = *at < 0x20 || *at > 0x7e ? '?' : *at; /* what a peer called itself */
	}
	if (c->proof == NS_PROVEN) {
		str_set(out->scs, sizeof out->scs, c->scs);
		str_set(out->anchor, sizeof out->anchor, c->anchor);
	}
}

void ns_proofs_said(struct ns_proofs *p, struct ns_connection *c)
{
	OBJ_CHECK(c, NS_OPEN_MAGIC);
	if (c->unsaid) {
		c->unsaid = false;
		TAILQ_REMOVE(&p->saying, c, saying);
	}
	if (c->proof == NS_CUT) {
		connection_free(p, c);
	}
}
