/* The open connections of NDS/IP: proven, held and cut as charon's security associations, the list of SCSs and the rules are. */
#include "tests/unit/test.h"

#include "ndsip/ns_proof.h"
#include "ndsip/ns_status.h"
#include "tests/unit/ipsec/say.h"

#define ACME "scs.acme.example"
#define BETA "scs.beta.example"
#define LOCAL "10.77.1.1/32[tcp/3868]"
#define REMOTE "10.77.2.1/32[tcp]"
#define GRACE 1000u
#define EDGE 5u

struct world {
	struct ns_list list;
	struct ns_proofs proofs;
	struct sa_table *table;
	struct ns_facts f;
	uint64_t now_ms;
};

static struct sa_address address(const char *text)
{
	struct sa_address a;

	assert_int_equal(sa_address_read(&a, text, strlen(text)), 0);
	return a;
}

#define FILES 1u /* the set of files in use */

/* The list in use: the named SCSs, each with its host. */
static void provision(struct world *w, uint32_t number, const char *const names[], const char *const hosts[], uint32_t n)
{
	assert_int_equal(ns_list_begin(&w->list, &(struct ns_begin){ number, n, FILES }), 0);
	for (uint32_t i = 0; i < n; i++) {
		struct ns_scs s = { .list = number, .known = true, .anchor = "anchor-a", .hosts_n = 1 };

		snprintf(s.name, sizeof s.name, "%s", names[i]);
		snprintf(s.identity, sizeof s.identity, "scs.%s.example", names[i]);
		s.hosts[0] = address(hosts[i]);
		assert_int_equal(ns_list_put(&w->list, &s), 0);
	}
	assert_int_equal(ns_list_end(&w->list, &(struct ns_end){ number, n }), 0);
}

/* charon has done what the list wants. */
static void work(struct world *w)
{
	struct ns_member *m;
	enum ns_todo what;

	while ((m = ns_list_work(&w->list, &what))) {
		ns_list_done(&w->list, m);
	}
}

static void begin(struct world *w)
{
	static const char *const names[] = { "acme", "beta" }, *const hosts[] = { "10.77.2.1", "10.77.2.2" };
	struct sa_table_conf conf = { .ikes_max = 100, .children_max = 100 };

	memset(w, 0, sizeof *w);
	assert_int_equal(ns_list_init(&w->list), 0);
	ns_list_files(&w->list, &(struct ns_files){ .anchors = { { .name = "anchor-a", .since = 1 } }, .anchors_n = 1 }, 1);
	assert_int_equal(ns_proofs_init(&w->proofs, 10), 0);
	assert_int_equal(sa_table_new(&w->table, &conf), 0);
	sa_table_list_begin(w->table);
	assert_int_equal(sa_table_list_end(w->table), 0);
	provision(w, 1, names, hosts, 2);
	w->now_ms = 5000;
	w->f = (struct ns_facts){ .charon = true, .rules = true, .grace_ms = GRACE, .table = w->table, .list = &w->list };
}

static void end(struct world *w)
{
	ns_proofs_fini(&w->proofs);
	sa_table_free(w->table);
	ns_list_fini(&w->list);
}

static struct ns_open open_from(uint64_t id, const char *remote)
{
	struct ns_open o = {
		.id = id, .protocol = SA_TCP, .local_port = 3868, .remote_port = 40000, .local_n = 1, .remote_n = 1
	};

	o.local[0] = address("10.77.1.1");
	o.remote[0] = address(remote);
	return o;
}

static void open_one(struct world *w, uint64_t id)
{
	struct ns_open o = open_from(id, "10.77.2.1");

	assert_int_equal(ns_proofs_open(&w->proofs, EDGE, &o, &w->f, w->now_ms), 0);
}

static void change(struct world *w)
{
	ns_proofs_mark(&w->proofs);
	assert_false(ns_proofs_look(&w->proofs, &w->f, w->now_ms, 100));
	(void)ns_proofs_due(&w->proofs, &w->f, w->now_ms);
}

/* The next state that the edge is told. */
static struct ns_state told(struct world *w)
{
	struct ns_connection *c = ns_proofs_unsaid(&w->proofs);
	struct ns_state s;

	assert_non_null(c);
	assert_int_equal(c->key.owner, EDGE);
	ns_proofs_state(&s, c);
	ns_proofs_said(&w->proofs, c);
	return s;
}

static void silent(const struct world *w)
{
	assert_null(ns_proofs_unsaid(&w->proofs));
}

static void proven(struct world *w, const char *scs)
{
	struct ns_state s = told(w);

	assert_int_equal(s.proof, NS_PROVEN);
	assert_string_equal(s.scs, scs);
	assert_string_equal(s.anchor, "anchor-a");
	silent(w);
}

static void is(struct world *w, enum ns_proof proof, enum ns_reason reason)
{
	struct ns_state s = told(w);

	assert_int_equal(s.proof, proof);
	assert_int_equal(s.reason, reason);
	silent(w);
}

static void up(struct world *w, uint32_t ike, const char *id, struct say_child child)
{
	assert_int_equal(say_to(w->table, "child-updown", true, ike, id, &child, 1), 0);
}

static void down(struct world *w, uint32_t ike, const char *id)
{
	assert_int_equal(say_to(w->table, "ike-updown", false, ike, id, NULL, 0), 0);
}

static const struct say_child acme_child = { 7, "INSTALLED", LOCAL, REMOTE };

static void play(struct world *w, const char *name, bool list)
{
	static struct recording r;
	struct vici_packet packet;

	recording_open(&r, name);
	if (list) {
		sa_table_list_begin(w->table);
	}
	while (recording_next(&r, &packet)) {
		if (packet.type == VICI_EVENT) {
			assert_int_equal(sa_table_event(w->table, &packet), 0);
			change(w);
		} else {
			assert_int_equal(sa_table_list_end(w->table), 0);
		}
	}
	change(w);
}

/* -- */

static void test_a_real_charon_with_a_live_connection(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	open_one(&w, 1);
	is(&w, NS_HELD, NS_REASON_SA_UNPROTECTED);
	play(&w, "up", false);
	proven(&w, "acme");
	play(&w, "list-one", true);
	play(&w, "child-rekey", false);
	play(&w, "list-after-child-rekey", true);
	play(&w, "ike-rekey", false);
	play(&w, "list-after-ike-rekey", true);
	play(&w, "reauth", false); /* make before break: no gap */
	play(&w, "list-after-reauth", true);
	play(&w, "refused", false); /* an end with a claimed identity cuts nobody */
	silent(&w);
	play(&w, "down", false);
	is(&w, NS_HELD, NS_REASON_SA_UNPROTECTED);
	w.now_ms += GRACE - 1;
	change(&w);
	silent(&w);
	w.now_ms++;
	change(&w);
	is(&w, NS_CUT, NS_REASON_SA_UNPROTECTED);
	assert_int_equal(w.proofs.counts.open, 0);
	assert_int_equal(w.proofs.counts.cut, 1);
	assert_int_equal(w.proofs.counts.refused, 0);
	end(&w);
}

static void test_never_proven_is_refused_after_the_grace(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	open_one(&w, 1);
	is(&w, NS_HELD, NS_REASON_SA_UNPROTECTED);
	assert_int_equal(ns_proofs_due(&w.proofs, &w.f, w.now_ms), w.now_ms + GRACE);
	w.now_ms += GRACE;
	assert_int_equal(ns_proofs_due(&w.proofs, &w.f, w.now_ms), UINT64_MAX);
	is(&w, NS_CUT, NS_REASON_SA_UNPROTECTED);
	assert_int_equal(w.proofs.counts.refused, 1);
	ns_proofs_close(&w.proofs, EDGE, 1); /* crosses the CUT: unknown by now */
	end(&w);
}

static void test_the_same_identity_within_the_grace_goes_on(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	up(&w, 3, ACME, acme_child);
	open_one(&w, 1);
	proven(&w, "acme");
	down(&w, 3, ACME);
	change(&w);
	is(&w, NS_HELD, NS_REASON_SA_UNPROTECTED);
	w.now_ms += GRACE / 2;
	up(&w, 4, ACME, (struct say_child){ 9, "INSTALLED", LOCAL, REMOTE });
	change(&w);
	proven(&w, "acme");
	w.now_ms += 10 * GRACE;
	change(&w);
	silent(&w);
	assert_int_equal(w.proofs.counts.proofs, 1);
	end(&w);
}

/* The event names the host; nobody waits for the slices. */
static void test_an_event_judges_its_host_at_once(void **state)
{
	struct sa_address host = address("10.77.2.1"), other = address("10.77.2.2");
	struct world w;

	(void)state;
	begin(&w);
	up(&w, 3, ACME, acme_child);
	open_one(&w, 1);
	proven(&w, "acme");
	down(&w, 3, ACME);
	ns_proofs_look_host(&w.proofs, &other, &w.f, w.now_ms);
	silent(&w);
	ns_proofs_look_host(&w.proofs, &host, &w.f, w.now_ms);
	is(&w, NS_HELD, NS_REASON_SA_UNPROTECTED);
	end(&w);
}

/* charon takes the newer of two for the same selectors, and says nothing about the older. */
static void test_a_second_identity_on_the_selectors_holds_the_first(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	up(&w, 3, ACME, acme_child);
	open_one(&w, 1);
	proven(&w, "acme");
	up(&w, 4, BETA, (struct say_child){ 9, "INSTALLED", LOCAL, REMOTE });
	change(&w);
	is(&w, NS_HELD, NS_REASON_SA_TWO_IDENTITIES);
	down(&w, 3, ACME);
	change(&w);
	is(&w, NS_HELD, NS_REASON_SA_OTHER_IDENTITY);
	w.now_ms += GRACE;
	change(&w);
	is(&w, NS_CUT, NS_REASON_SA_OTHER_IDENTITY);
	end(&w);
}

/* A session that was admitted as one SCS never becomes another one. */
static void test_a_proof_for_another_scs_does_not_go_on(void **state)
{
	static const char *const names[] = { "beta" }, *const hosts[] = { "10.77.2.1" };
	static struct say s;
	struct vici_packet packet;
	struct world w;

	(void)state;
	begin(&w);
	up(&w, 3, ACME, acme_child);
	open_one(&w, 1);
	proven(&w, "acme");
	provision(&w, 2, names, hosts, 1);
	work(&w);
	down(&w, 3, ACME);
	say_begin(&s, "child-updown", true, "mtc-beta", "5", "ESTABLISHED", BETA);
	say_children(&s, &(struct say_child){ 9, "INSTALLED", LOCAL, REMOTE }, 1);
	packet = say_end(&s);
	assert_int_equal(sa_table_event(w.table, &packet), 0);
	change(&w);
	is(&w, NS_HELD, NS_REASON_SA_OTHER_IDENTITY);
	open_one(&w, 2);
	proven(&w, "beta"); /* a new connection is what is proven now */
	end(&w);
}

static void test_an_scs_that_is_removed_loses_its_connections(void **state)
{
	static const char *const names[] = { "beta" }, *const hosts[] = { "10.77.2.2" };
	struct world w;

	(void)state;
	begin(&w);
	up(&w, 3, ACME, acme_child);
	open_one(&w, 1);
	proven(&w, "acme");
	provision(&w, 2, names, hosts, 1);
	change(&w);
	is(&w, NS_HELD, NS_REASON_ENDED);
	open_one(&w, 2);
	is(&w, NS_HELD, NS_REASON_UNKNOWN_CONNECTION);
	end(&w);
}

/* charon ends the security associations of before only when it is told to. */
static void test_a_host_that_is_taken_from_an_scs_is_not_proven(void **state)
{
	static const char *const names[] = { "acme" }, *const hosts[] = { "10.77.2.5" };
	struct world w;

	(void)state;
	begin(&w);
	up(&w, 3, ACME, acme_child);
	open_one(&w, 1);
	proven(&w, "acme");
	provision(&w, 2, names, hosts, 1);
	change(&w);
	is(&w, NS_HELD, NS_REASON_OTHER_HOST);
	open_one(&w, 2); /* nor is a new one */
	is(&w, NS_HELD, NS_REASON_OTHER_HOST);
	w.now_ms += GRACE;
	change(&w);
	assert_int_equal(told(&w).proof, NS_CUT);
	assert_int_equal(told(&w).proof, NS_CUT);
	end(&w);
}

/* The name and the identity are as before: who has that tunnel has proven them to the other trust anchor. */
static void test_a_tunnel_of_before_is_no_proof_for_another_anchor(void **state)
{
	struct ns_scs s = { .list = 2, .name = "acme", .identity = ACME, .anchor = "anchor-b", .hosts_n = 1 };
	struct world w;

	(void)state;
	begin(&w);
	s.hosts[0] = address("10.77.2.1");
	up(&w, 3, ACME, acme_child);
	work(&w);
	assert_int_equal(ns_list_begin(&w.list, &(struct ns_begin){ 2, 1, FILES }), 0);
	assert_int_equal(ns_list_put(&w.list, &s), 0);
	assert_int_equal(ns_list_end(&w.list, &(struct ns_end){ 2, 1 }), 0);
	open_one(&w, 1);
	is(&w, NS_HELD, NS_REASON_ENDED);
	end(&w);
}

static void test_rules_and_charon_are_part_of_the_proof(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	up(&w, 3, ACME, acme_child);
	open_one(&w, 1);
	proven(&w, "acme");
	w.f.rules = false;
	change(&w);
	is(&w, NS_HELD, NS_REASON_RULES_LOST);
	w.f.rules = true;
	change(&w);
	proven(&w, "acme");
	w.f.charon = false;
	change(&w);
	is(&w, NS_HELD, NS_REASON_CHARON_AWAY);
	w.now_ms += GRACE;
	change(&w);
	is(&w, NS_CUT, NS_REASON_CHARON_AWAY);
	end(&w);
}

static void test_keep_keeps_what_was_proven_and_nothing_else(void **state)
{
	struct ns_open again = open_from(3, "10.77.2.1");
	struct world w;

	(void)state;
	begin(&w);
	w.f.keep = true;
	up(&w, 3, ACME, acme_child);
	open_one(&w, 1);
	proven(&w, "acme");
	w.f.charon = false;
	sa_table_clear(w.table);
	change(&w);
	silent(&w);
	open_one(&w, 2);
	is(&w, NS_HELD, NS_REASON_CHARON_AWAY);
	again.again = true; /* proven by an earlier helper */
	assert_int_equal(ns_proofs_open(&w.proofs, EDGE, &again, &w.f, w.now_ms), 0);
	is(&w, NS_HELD, NS_REASON_CHARON_AWAY);
	w.now_ms += 10 * GRACE;
	change(&w);
	is(&w, NS_CUT, NS_REASON_CHARON_AWAY);
	assert_int_equal(w.proofs.counts.open, 2);
	w.f.rules = false; /* that is not kept */
	change(&w);
	assert_int_equal(told(&w).reason, NS_REASON_RULES_LOST);
	end(&w);
}

/* Only charon's absence is kept over, and no change of what is provisioned. */
static void test_keep_does_not_keep_what_was_changed(void **state)
{
	static const char *const names[] = { "acme" }, *const other[] = { "10.77.2.5" }, *const nobody[] = { "beta" };
	struct world w;

	(void)state;
	for (int removed = 0; removed <= 1; removed++) {
		begin(&w);
		w.f.keep = true;
		up(&w, 3, ACME, acme_child);
		open_one(&w, 1);
		proven(&w, "acme");
		w.f.charon = false;
		sa_table_clear(w.table);
		change(&w);
		silent(&w);
		provision(&w, 2, removed ? nobody : names, other, 1);
		change(&w);
		is(&w, NS_HELD, removed ? NS_REASON_ENDED : NS_REASON_OTHER_HOST);
		w.now_ms += GRACE;
		change(&w);
		assert_int_equal(told(&w).proof, NS_CUT);
		end(&w);
	}
}

/* Held over charon's absence, they are judged when it is back, and have the grace from then on. */
static void test_what_was_kept_has_a_fresh_grace(void **state)
{
	struct ns_open again = open_from(1, "10.77.2.1");
	struct world w;

	(void)state;
	begin(&w);
	w.f.keep = true;
	w.f.charon = false;
	again.again = true;
	assert_int_equal(ns_proofs_open(&w.proofs, EDGE, &again, &w.f, w.now_ms), 0);
	is(&w, NS_HELD, NS_REASON_CHARON_AWAY);
	assert_int_equal(ns_proofs_due(&w.proofs, &w.f, w.now_ms), UINT64_MAX); /* nothing to wake up for */
	w.now_ms += 10 * GRACE;
	change(&w);
	silent(&w);
	w.f.charon = true;
	change(&w);
	is(&w, NS_HELD, NS_REASON_SA_UNPROTECTED);
	assert_int_equal(ns_proofs_due(&w.proofs, &w.f, w.now_ms), w.now_ms + GRACE);
	w.now_ms += GRACE - 1;
	change(&w);
	silent(&w);
	up(&w, 3, ACME, acme_child);
	change(&w);
	proven(&w, "acme");
	end(&w);
}

static void test_every_pair_of_ends_and_one_scs(void **state)
{
	struct ns_scs two = { .list = 2, .name = "acme", .identity = ACME, .anchor = "anchor-a", .hosts_n = 2 };
	struct ns_open o = open_from(1, "10.77.2.1");
	struct world w;

	(void)state;
	begin(&w);
	two.hosts[0] = address("10.77.2.1");
	two.hosts[1] = address("10.77.2.9");
	assert_int_equal(ns_list_begin(&w.list, &(struct ns_begin){ 2, 1, FILES }), 0);
	assert_int_equal(ns_list_put(&w.list, &two), 0);
	assert_int_equal(ns_list_end(&w.list, &(struct ns_end){ 2, 1 }), 0);
	work(&w);
	up(&w, 3, ACME, acme_child);
	o.remote_n = 2;
	o.remote[1] = address("10.77.2.9");
	assert_int_equal(ns_proofs_open(&w.proofs, EDGE, &o, &w.f, w.now_ms), 0);
	is(&w, NS_HELD, NS_REASON_SA_UNPROTECTED); /* one address is outside the selectors */
	up(&w, 3, ACME, (struct say_child){ 8, "INSTALLED", LOCAL, "10.77.2.9/32[tcp]" });
	change(&w);
	proven(&w, "acme");
	end(&w);
}

static void test_bounds_and_channels(void **state)
{
	struct ns_open o = open_from(1, "10.77.2.1");
	struct world w;

	(void)state;
	begin(&w);
	for (uint64_t id = 1; id <= 10; id++) {
		open_one(&w, id);
		(void)told(&w);
	}
	assert_int_equal(ns_proofs_open(&w.proofs, EDGE, &o, &w.f, w.now_ms), ERR_PROTO); /* in use */
	o.id = 11;
	assert_int_equal(ns_proofs_open(&w.proofs, EDGE, &o, &w.f, w.now_ms), ERR_BUSY);
	for (o.id = 1; o.id <= NS_OF_CORE_MAX; o.id++) { /* the core has room of its own, which no edge can fill */
		assert_int_equal(ns_proofs_open(&w.proofs, NS_OWNER_CORE, &o, &w.f, w.now_ms), 0);
	}
	assert_int_equal(ns_proofs_open(&w.proofs, NS_OWNER_CORE, &o, &w.f, w.now_ms), ERR_BUSY);
	ns_proofs_gone(&w.proofs, NS_OWNER_CORE);
	ns_proofs_gone(&w.proofs, EDGE + 1);
	assert_int_equal(w.proofs.counts.open, 10);
	ns_proofs_close(&w.proofs, EDGE, 4);
	assert_int_equal(w.proofs.counts.open, 9);
	ns_proofs_gone(&w.proofs, EDGE);
	assert_int_equal(w.proofs.counts.open, 0);
	silent(&w);
	end(&w);
}

/* An edge that takes all that it can leaves the others theirs, and what it closes it may have again. */
static void test_each_edge_has_its_share(void **state)
{
	struct ns_open o = open_from(100, "10.77.2.1");
	struct world w;

	(void)state;
	begin(&w);
	w.proofs.edges.share = 3;
	for (uint64_t i = 0; i < 3; i++) {
		o.id = 100 + i;
		assert_int_equal(ns_proofs_open(&w.proofs, EDGE, &o, &w.f, w.now_ms), 0);
	}
	o.id = 103;
	assert_int_equal(ns_proofs_open(&w.proofs, EDGE, &o, &w.f, w.now_ms), ERR_BUSY);
	assert_int_equal(ns_proofs_open(&w.proofs, EDGE + 1, &o, &w.f, w.now_ms), 0);
	assert_int_equal(ns_proofs_open(&w.proofs, NS_OWNER_CORE, &o, &w.f, w.now_ms), 0);
	ns_proofs_close(&w.proofs, EDGE, 101);
	assert_int_equal(ns_proofs_open(&w.proofs, EDGE, &o, &w.f, w.now_ms), 0);
	ns_proofs_gone(&w.proofs, EDGE);
	for (uint64_t i = 0; i < 3; i++) {
		o.id = 100 + i;
		assert_int_equal(ns_proofs_open(&w.proofs, EDGE + 2, &o, &w.f, w.now_ms), 0);
	}
	end(&w);
}

static void test_slices_come_to_an_end_and_reach_all(void **state)
{
	struct world w;
	unsigned slices = 1;

	(void)state;
	begin(&w);
	up(&w, 3, ACME, acme_child);
	for (uint64_t id = 1; id <= 10; id++) {
		open_one(&w, id);
		proven(&w, "acme");
	}
	down(&w, 3, ACME);
	ns_proofs_mark(&w.proofs);
	while (ns_proofs_look(&w.proofs, &w.f, w.now_ms, 3)) {
		slices++;
	}
	assert_int_equal(slices, 4);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(told(&w).proof, NS_HELD);
	}
	silent(&w);
	assert_int_equal(w.proofs.counts.proven, 0);
	end(&w);
}

/* -- hosts that an event touches */

static uint32_t dice(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % n;
}

/* Any event of few SCSs, hosts and children, so that they meet. Returns what the table says to it. */
static int throw_event(struct world *w, uint32_t *seed)
{
	static const char *const events[] = { "child-updown", "ike-updown" },
				 *const states[] = { "INSTALLED", "DELETED", "REKEYED" }, *const ids[] = { ACME, BETA },
				 *const connections[] = { "mtc-acme", "mtc-beta" },
				 *const hosts[] = { "10.77.2.1/32[tcp]", "10.77.2.2/32[tcp]", "10.77.2.0/24[tcp]",
						    "not a selector" };
	static struct say s;
	char ike[16];
	uint32_t number = dice(seed, 4), who = number % 2, host = dice(seed, 16);
	struct say_child child = { 1 + dice(seed, 6), states[dice(seed, 3)], LOCAL, hosts[host < 12 ? host % 2 : host % 4] };
	struct vici_packet packet;

	snprintf(ike, sizeof ike, "%u", number + 1);
	say_begin(&s, events[dice(seed, 5) == 0], dice(seed, 3), connections[dice(seed, 12) ? who : !who], ike, "ESTABLISHED",
		  ids[who]);
	if (dice(seed, 4)) {
		say_children(&s, &child, 1);
	}
	packet = say_end(&s);
	return sa_table_event(w->table, &packet);
}

/* What is judged by the hosts that an event touched is as if all had been judged. */
static void test_the_hosts_that_an_event_touches_are_all_that_changes(void **state)
{
	static const char *const ends[] = { "10.77.2.1", "10.77.2.2", "10.77.2.7" };
	unsigned few = 0, proven_n = 0, broken = 0;
	uint32_t seed = 7;
	struct world w;

	(void)state;
	begin(&w);
	w.f.grace_ms = 1000000;
	for (uint64_t id = 0; id < 3; id++) {
		struct ns_open o = open_from(id + 1, ends[id]);

		assert_int_equal(ns_proofs_open(&w.proofs, EDGE, &o, &w.f, w.now_ms), 0);
		(void)told(&w);
	}
	for (int i = 0; i < 20000; i++) {
		struct sa_touched touched;

		broken += throw_event(&w, &seed) != 0;
		if (!sa_table_whole(w.table) && !dice(&seed, 3)) {
			sa_table_list_begin(w.table);
			assert_int_equal(sa_table_list_end(w.table), 0);
		}
		sa_table_touched(w.table, &touched);
		for (uint8_t k = 0; k < touched.n; k++) {
			ns_proofs_look_host(&w.proofs, &touched.hosts[k], &w.f, w.now_ms);
		}
		if (touched.all) {
			change(&w);
		}
		while (ns_proofs_unsaid(&w.proofs)) {
			proven_n += told(&w).proof == NS_PROVEN;
		}
		few += !touched.all && touched.n;
		change(&w); /* finds nothing that was not found */
		silent(&w);
	}
	assert_true(broken > 100);
	assert_true(few > 1000);
	assert_true(proven_n > 100);
	end(&w);
}

/* -- what the core is told */

static struct ns_scs_is status_of(struct world *w, const char *name)
{
	struct ns_scs_is is, found = { .state = 0 };
	struct ns_member *m;

	ns_status_count(&w->list, w->table, &w->proofs, w->f.charon);
	while ((m = ns_status_next(&w->list, &is))) {
		ns_status_said(&w->list, m);
		if (!strcmp(is.name, name)) {
			found = is;
		}
	}
	return found;
}

static void test_the_core_is_told_what_has_changed(void **state)
{
	struct ns_scs_is is;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(status_of(&w, "acme").state, NS_SCS_WAITS);
	assert_int_equal(status_of(&w, "acme").state, 0); /* nothing new */
	ns_list_loaded(&w.list, ns_list_find(&w.list, "acme"), NULL);
	is = status_of(&w, "acme");
	assert_int_equal(is.state, NS_SCS_DOWN);
	assert_string_equal(
	    is.words,
	    "no IKE_SA: the gateway has no address to initiate to (ndsip-ike of an SCS, ike of a peer); the other end has to "
	    "initiate, and has not, or charon refused it; the log of charon says which");
	assert_int_equal(say_to(w.table, "ike-updown", true, 3, ACME, NULL, 0), 0);
	assert_int_equal(status_of(&w, "acme").state, NS_SCS_CHILDLESS);
	up(&w, 3, ACME, acme_child);
	open_one(&w, 1);
	is = status_of(&w, "acme");
	assert_int_equal(is.state, NS_SCS_UP);
	assert_int_equal(is.children, 1);
	assert_int_equal(is.open, 1);
	assert_string_equal(is.words, "");
	ns_status_all(&w.list);
	assert_int_equal(status_of(&w, "acme").state, NS_SCS_UP); /* a new core hears all */
	ns_list_loaded(&w.list, ns_list_find(&w.list, "beta"), "our selector is wrong");
	is = status_of(&w, "beta");
	assert_int_equal(is.state, NS_SCS_REFUSED);
	assert_string_equal(is.words, "our selector is wrong");
	w.f.charon = false;
	is = status_of(&w, "acme");
	assert_int_equal(is.state, NS_SCS_WAITS);
	assert_int_equal(is.children, 0);
	end(&w);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_real_charon_with_a_live_connection),
		cmocka_unit_test(test_never_proven_is_refused_after_the_grace),
		cmocka_unit_test(test_the_same_identity_within_the_grace_goes_on),
		cmocka_unit_test(test_an_event_judges_its_host_at_once),
		cmocka_unit_test(test_a_second_identity_on_the_selectors_holds_the_first),
		cmocka_unit_test(test_a_proof_for_another_scs_does_not_go_on),
		cmocka_unit_test(test_an_scs_that_is_removed_loses_its_connections),
		cmocka_unit_test(test_a_host_that_is_taken_from_an_scs_is_not_proven),
		cmocka_unit_test(test_a_tunnel_of_before_is_no_proof_for_another_anchor),
		cmocka_unit_test(test_rules_and_charon_are_part_of_the_proof),
		cmocka_unit_test(test_keep_keeps_what_was_proven_and_nothing_else),
		cmocka_unit_test(test_keep_does_not_keep_what_was_changed),
		cmocka_unit_test(test_what_was_kept_has_a_fresh_grace),
		cmocka_unit_test(test_every_pair_of_ends_and_one_scs),
		cmocka_unit_test(test_bounds_and_channels),
		cmocka_unit_test(test_each_edge_has_its_share),
		cmocka_unit_test(test_slices_come_to_an_end_and_reach_all),
		cmocka_unit_test(test_the_hosts_that_an_event_touches_are_all_that_changes),
		cmocka_unit_test(test_the_core_is_told_what_has_changed),
	};

	recordings = test_argument();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
