/* What the core tells the NDS/IP helper, which the test is: whole lists at its start and after changes of SCSs, ends at once; and what the core
 * keeps of what the helper says. */
#include "tests/unit/test.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/core_view.h"
#include "tests/support/asc_wait.h"
#include "tests/unit/core/core_play.h"

struct ndsip_play {
	struct core_play core;
	struct core_cb cb;
	int helper;  /* our end of the channel */
	bool narrow; /* the core's end holds few messages */
	unsigned lost;
};
static struct ndsip_play *now; /* for the callback, whose argument is the core_play */

static void on_lost(void *arg)
{
	assert_ptr_equal(arg, &now->core);
	now->lost++;
}

static void join(struct ndsip_play *p)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	if (p->narrow) {
		int least = 1; /* the kernel makes it as small as it may be */

		assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
	}
	assert_int_equal(core_ndsip_channel(p->core.core, pair[1]), 0);
	if (p->helper >= 0) {
		close(p->helper);
	}
	p->helper = pair[0];
}

static int setup(void **state)
{
	struct ndsip_play *p = calloc(1, sizeof *p);
	struct cfg_iwf *c;

	core_play_start(&p->core);
	core_play_provision(&p->core);
	c = p->core.cfg;
	c->ndsip.present = true;
	c->ndsip.local_ike_n = 1;
	strcpy(c->ndsip.local_ike[0], "192.0.2.1");
	c->listen[0].protection = PROTECTION_NDSIP;
	strcpy(c->listen[0].address, "10.77.0.1");
	p->cb = *p->core.core->cb;
	p->cb.on_ndsip_lost = on_lost;
	p->core.core->cb = &p->cb;
	p->helper = -1;
	now = p;
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct ndsip_play *p = *state;

	if (p->helper >= 0) {
		close(p->helper);
	}
	core_play_end(&p->core);
	free(p);
	return 0;
}

static void put(struct ndsip_play *p, const char *name, const char *e164, const char *anchor, const char *hosts, const char *ike)
{
	struct asc_why why;
	struct asc_scs s;

	asc_scs_init(&s);
	strcpy(s.name, name);
	strcpy(s.e164, e164);
	snprintf(s.origin_host, sizeof s.origin_host, "scs.%s.example", name);
	strcpy(s.realm, "acme.example");
	strcpy(s.anchor, anchor);
	assert_int_equal(asc_addresses_read(&s.ndsip_hosts, hosts, strlen(hosts)), 0);
	assert_int_equal(asc_addresses_read(&s.ndsip_ike, ike, strlen(ike)), 0);
	if (asc_scs_put(p->core.core->store.asc, &s, &why)) {
		fail_msg("%s", why.text);
	}
}

/* The next message of the core; false: none comes. */
static bool next(struct ndsip_play *p, struct ns_msg *m)
{
	uint8_t octets[NS_MSG_OCTETS_MAX];

	for (int turns = 0; turns < 400; turns++) {
		ssize_t n = recv(p->helper, octets, sizeof octets, MSG_DONTWAIT);

		if (n > 0) {
			assert_int_equal(ns_msg_decode(m, NS_FROM_CORE, octets, (size_t)n), 0);
			return true;
		}
		core_play_turns(&p->core, 1);
	}
	return false;
}

static struct ns_begin begun; /* of the last list */
static char known[256];       /* "NAME ..." in it whose security associations may stay */

/* "NAME identity anchor hosts/ike;..." of the next whole list. */
static const char *list(struct ndsip_play *p)
{
	static char out[4096];
	struct ns_msg m;
	uint32_t number, n;

	assert_true(next(p, &m));
	assert_int_equal(m.kind, NS_BEGIN);
	number = m.begin.list;
	n = m.begin.n;
	begun = m.begin;
	out[0] = known[0] = 0;
	for (uint32_t i = 0; i < n; i++) {
		char one[SA_ADDRESS_TEXT_MAX];

		assert_true(next(p, &m));
		assert_int_equal(m.kind, NS_SCS);
		assert_int_equal(m.scs.list, number);
		snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", m.scs.known ? m.scs.name : "",
			 m.scs.known ? " " : "");
		snprintf(out + strlen(out), sizeof out - strlen(out), "%s %s %s ", m.scs.name, m.scs.identity, m.scs.anchor);
		for (uint8_t k = 0; k < m.scs.hosts_n; k++) {
			sa_address_text(one, &m.scs.hosts[k]);
			snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s", k ? "," : "", one);
		}
		strcat(out, "/");
		for (uint8_t k = 0; k < m.scs.ike_n; k++) {
			sa_address_text(one, &m.scs.ike[k]);
			snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s", k ? "," : "", one);
		}
		strcat(out, ";");
	}
	assert_true(next(p, &m));
	assert_int_equal(m.kind, NS_END);
	assert_int_equal(m.end.list, number);
	assert_int_equal(m.end.n, n);
	return out;
}

static void tell(struct ndsip_play *p, const struct ns_msg *m)
{
	uint8_t octets[NS_MSG_OCTETS_MAX];
	size_t n = ns_msg_encode(octets, m);

	assert_true(n > 0);
	assert_int_equal(send(p->helper, octets, n, MSG_NOSIGNAL), (ssize_t)n);
	core_play_turns(&p->core, 3);
}

static void tell_state(struct ndsip_play *p, const char *name, enum ns_scs_state state, const char *words)
{
	struct ns_msg m = { .kind = NS_SCS_STATE, .scs_is = { .state = (uint8_t)state, .children = state == NS_SCS_UP } };

	strcpy(m.scs_is.name, name);
	strcpy(m.scs_is.words, words);
	tell(p, &m);
}

static const char *state_of(struct ndsip_play *p, const char *scs)
{
	static char out[512];
	struct core_ndsip_scs_view v;

	if (core_ndsip_scs_view(p->core.core, scs, &v)) {
		return "none";
	}
	snprintf(out, sizeof out, "%s%s%s", v.state, *v.words ? ": " : "", v.words);
	return out;
}

#define ACME "scs.acme.example anchor-a"

static void test_a_helper_gets_the_list_at_its_start(void **state)
{
	struct ndsip_play *p = *state;

	put(p, "acme", "491720000001", "anchor-a", "10.8.0.8 10.8.0.7", "192.0.2.7");
	put(p, "beta", "491720000002", "anchor-b", "10.8.0.9", "");
	put(p, "gamma", "491720000003", "anchor-b", "", "");
	join(p);
	assert_string_equal(list(p), "acme " ACME " 10.8.0.7,10.8.0.8/192.0.2.7;beta scs.beta.example anchor-b 10.8.0.9/;");
	assert_string_equal(state_of(p, "beta"), "waits");
	assert_string_equal(state_of(p, "gamma"), "none");
	join(p); /* the next helper, without a change */
	assert_string_equal(list(p), "acme " ACME " 10.8.0.7,10.8.0.8/192.0.2.7;beta scs.beta.example anchor-b 10.8.0.9/;");
}

static void tell_ended(struct ndsip_play *p, uint32_t number, uint32_t files)
{
	struct ns_msg m = { .kind = NS_SUMMARY,
			    .summary = { .charon = true, .rules = NS_RULES_OK, .list = number, .ended = files } };

	tell(p, &m);
}

/* Known is what a helper had, and with it nothing left to end. */
static void known_is(struct ndsip_play *p, uint32_t files, const char *names)
{
	join(p);
	list(p);
	assert_int_equal(begun.files, files);
	assert_string_equal(known, names);
}

static void test_what_changed_while_no_helper_ran_is_not_known(void **state)
{
	struct ndsip_play *p = *state;
	struct asc_why why;
	struct ns_msg m;

	put(p, "acme", "491720000001", "anchor-a", "10.8.0.7", "192.0.2.7");
	put(p, "beta", "491720000002", "anchor-b", "10.8.0.9", "");
	known_is(p, 0, ""); /* the first one of a daemon */
	known_is(p, 0, ""); /* the one before had something left */
	tell_ended(p, begun.list - 1, 4);
	known_is(p, 0, "");
	tell_ended(p, begun.list, 4);
	known_is(p, 4, "acme beta ");
	close(p->helper);
	p->helper = -1;
	core_play_turns(&p->core, 3);
	assert_int_equal(asc_scs_del(p->core.core->store.asc, "beta", &why), 0);
	put(p, "beta", "491720000002", "anchor-a", "10.8.0.9", "");
	known_is(p, 4, "acme ");
	known_is(p, 4, "acme "); /* it was given, and not ended */
	tell_ended(p, begun.list, 5);
	known_is(p, 5, "acme beta ");
	core_sessions_cut(p->core.core, "acme", CORE_CUT_SCS_CHANGED);
	assert_true(next(p, &m));
	assert_int_equal(m.kind, NS_TERMINATE);
	tell_ended(p, begun.list, 5); /* said before it read that */
	known_is(p, 5, "beta ");
	assert_int_equal(asc_scs_del(p->core.core->store.asc, "beta", &why), 0);
	assert_string_equal(list(p), "acme " ACME " 10.8.0.7/192.0.2.7;");
	put(p, "beta", "491720000002", "anchor-a", "10.8.0.9", "");
	list(p);
	assert_string_equal(known, ""); /* it is another one */
}

/* Several changes at once are one list; changes of rules are none. */
static void test_each_change_of_scss_is_a_new_list(void **state)
{
	struct ndsip_play *p = *state;
	struct asc_rule_new rule = {
		.who = "acme", .device = "m1@a.example", .verdict = ASSOC_ALLOW, .rights = ASSOC_RIGHT_TRIGGER
	};
	struct asc_why why;
	struct ns_msg m;

	join(p);
	assert_string_equal(list(p), "");
	put(p, "acme", "491720000001", "anchor-a", "10.8.0.7", "");
	put(p, "beta", "491720000002", "anchor-a", "10.8.0.8", "");
	assert_string_equal(list(p), "acme " ACME " 10.8.0.7/;beta scs.beta.example anchor-a 10.8.0.8/;");
	assert_int_equal(asc_rule_add(p->core.core->store.asc, &rule, &why), 0);
	assert_false(next(p, &m));
	assert_int_equal(asc_scs_del(p->core.core->store.asc, "beta", &why), 0);
	assert_string_equal(list(p), "acme " ACME " 10.8.0.7/;");
	assert_string_equal(state_of(p, "beta"), "none");
}

static void block(struct ndsip_play *p, const char *who, uint8_t mode, int64_t from_s, int64_t until_s)
{
	struct asc_rule_new rule = { .who = who,
				     .device = "*",
				     .verdict = ASSOC_BLOCK,
				     .rights = ASSOC_RIGHT_ALL,
				     .not_before_s = from_s,
				     .not_after_s = until_s,
				     .mode = mode };
	struct asc_why why;

	if (asc_rule_add(p->core.core->store.asc, &rule, &why)) {
		fail_msg("%s", why.text);
	}
}

/* As if it were removed, until the block ends. */
static void test_a_blocked_scs_is_in_no_list(void **state)
{
	struct ndsip_play *p = *state;
	struct asc_group fleet = { .name = "fleet" };
	struct asc_why why;
	struct ns_msg m;

	put(p, "acme", "491720000001", "anchor-a", "10.8.0.7", "");
	put(p, "beta", "491720000002", "anchor-a", "10.8.0.8", "");
	join(p);
	assert_string_equal(list(p), "acme " ACME " 10.8.0.7/;beta scs.beta.example anchor-a 10.8.0.8/;");
	block(p, "acme", ASSOC_DETECT, 0, 0);
	assert_false(next(p, &m));
	block(p, "acme", ASSOC_ENFORCE, 0, 0);
	assert_string_equal(list(p), "beta scs.beta.example anchor-a 10.8.0.8/;");
	assert_string_equal(state_of(p, "acme"), "blocked: it is blocked on every device ('mtcctl block list')");
	assert_int_equal(p->core.core->ndsip.refused, 0); /* that is about the configuration */
	assert_int_equal(asc_rule_del(p->core.core->store.asc, "acme", "*", ASSOC_BLOCK, &why), 0);
	assert_string_equal(list(p), "acme " ACME " 10.8.0.7/;beta scs.beta.example anchor-a 10.8.0.8/;");
	assert_string_equal(state_of(p, "acme"), "waits");
	assert_int_equal(asc_group_put(p->core.core->store.asc, &fleet, &why), 0);
	assert_int_equal(asc_group_member_add(p->core.core->store.asc, "fleet", "beta", &why), 0);
	block(p, "group:fleet", ASSOC_ENFORCE, 0, 0);
	assert_string_equal(list(p), "acme " ACME " 10.8.0.7/;");
}

/* The times of a block are those of the wall clock, in seconds. */
static void test_a_block_has_its_time(void **state)
{
	struct ndsip_play *p = *state;
	struct core_ndsip_blocks b = { .who = NULL };
	const struct asc *a = p->core.core->store.asc;

	put(p, "beta", "491720000002", "anchor-a", "10.8.0.8", "");
	block(p, "acme", ASSOC_ENFORCE, 1000, 2000);
	block(p, "beta", ASSOC_ENFORCE, 0, 1500);
	assert_int_equal(core_ndsip_blocks_read(&b, a, 999), 0);
	assert_false(core_ndsip_blocked(&b, a, "acme"));
	assert_true(core_ndsip_blocked(&b, a, "beta"));
	assert_int_equal(b.next_s, 1000);
	assert_int_equal(core_ndsip_blocks_read(&b, a, 1000), 0);
	assert_true(core_ndsip_blocked(&b, a, "acme"));
	assert_int_equal(b.next_s, 1501);
	assert_int_equal(core_ndsip_blocks_read(&b, a, 2000), 0);
	assert_true(core_ndsip_blocked(&b, a, "acme"));
	assert_false(core_ndsip_blocked(&b, a, "beta"));
	assert_int_equal(core_ndsip_blocks_read(&b, a, 2001), 0);
	assert_false(core_ndsip_blocked(&b, a, "acme"));
	assert_true(b.next_s == INT64_MAX);
	core_ndsip_blocks_free(&b);
}

static void test_an_end_does_not_wait_for_the_list(void **state)
{
	struct ndsip_play *p = *state;
	struct ns_msg m;

	put(p, "acme", "491720000001", "anchor-a", "10.8.0.7", "");
	core_sessions_cut(p->core.core, "acme", CORE_CUT_SCS_CHANGED); /* without a helper: nothing */
	join(p);
	assert_string_equal(list(p), "acme " ACME " 10.8.0.7/;");
	core_sessions_cut(p->core.core, "acme", CORE_CUT_SCS_CHANGED);
	assert_true(next(p, &m));
	assert_int_equal(m.kind, NS_TERMINATE);
	assert_string_equal(m.terminate.name, "acme");
	assert_int_equal(m.terminate.why, NS_WHY_CHANGED);
	core_sessions_cut(p->core.core, "acme", CORE_CUT_SCS_REMOVED);
	assert_true(next(p, &m));
	assert_int_equal(m.terminate.why, NS_WHY_REMOVED);
	core_sessions_cut(p->core.core, "acme", CORE_CUT_CERTIFICATE_EXPIRED); /* of one session */
	core_sessions_cut(p->core.core, "gamma", CORE_CUT_SCS_REMOVED);        /* has no NDS/IP */
	assert_false(next(p, &m));
}

/* A helper that does not read, and one that is away: what was changed meanwhile is said once to the one that reads. */
static void test_no_end_is_lost(void **state)
{
	enum { N = 120 }; /* more than the socket holds */
	struct ndsip_play *p = *state;
	char name[16], e164[16], host[16];
	static bool ended[N], again[N];
	uint8_t octets[NS_MSG_OCTETS_MAX];
	struct ns_msg m;
	unsigned got = 0;

	p->narrow = true;
	for (unsigned i = 0; i < N; i++) {
		snprintf(name, sizeof name, "s%04u", i);
		snprintf(e164, sizeof e164, "49160%06u", i);
		snprintf(host, sizeof host, "10.9.%u.%u", i / 250, 1 + i % 250);
		put(p, name, e164, "anchor-a", host, "");
	}
	join(p);
	while (next(p, &m) && m.kind != NS_END) {
	}
	for (unsigned i = 0; i < N + 10; i++) {
		snprintf(name, sizeof name, "s%04u", i % N);
		core_sessions_cut(p->core.core, name, CORE_CUT_SCS_CHANGED);
	}
	assert_true(p->core.core->st.v[ST_NDSIP_ENDS_WAITED] > 0);
	memset(ended, 0, sizeof ended);
	while (recv(p->helper, octets, sizeof octets, MSG_DONTWAIT) > 0) { /* what is in the socket; then it dies */
		ended[got++] = true;
	}
	close(p->helper);
	p->helper = -1;
	core_play_turns(&p->core, 3);
	core_sessions_cut(p->core.core, "s0000", CORE_CUT_SCS_REMOVED); /* nobody is there */
	join(p);
	while (next(p, &m) && m.kind != NS_END) {
	}
	while (next(p, &m)) {
		unsigned number;

		assert_int_equal(m.kind, NS_TERMINATE);
		number = (unsigned)strtoul(m.terminate.name + 1, NULL, 10);
		assert_int_equal(m.terminate.why, number ? NS_WHY_CHANGED : NS_WHY_REMOVED);
		assert_false(again[number]); /* one for each */
		again[number] = true;
	}
	assert_true(again[0]);
	for (unsigned i = 0; i < N; i++) {
		assert_true(ended[i] || again[i]);
	}
}

/* More than the socket holds: the core waits until the helper reads, and the list is one instant of the store. */
static void test_a_slow_helper_gets_a_whole_list(void **state)
{
	enum { N = 150 };
	struct ndsip_play *p = *state;
	struct asc_why why;
	struct ns_msg m;
	uint32_t got = 0;

	p->narrow = true;
	for (unsigned i = 0; i < N; i++) {
		char name[16], e164[16], host[16];

		snprintf(name, sizeof name, "s%04u", i);
		snprintf(e164, sizeof e164, "49160%06u", i);
		snprintf(host, sizeof host, "10.9.%u.%u", i / 250, 1 + i % 250);
		put(p, name, e164, "anchor-a", host, "");
	}
	join(p);
	core_play_turns(&p->core, 20);
	assert_int_equal(p->core.core->ndsip.stage, CORE_NDSIP_SCSS); /* it is not all in the socket */
	assert_int_equal(asc_scs_del(p->core.core->store.asc, "s0149", &why), 0);
	assert_true(next(p, &m));
	assert_int_equal(m.begin.n, N);
	while (next(p, &m) && m.kind == NS_SCS) {
		got++;
	}
	assert_int_equal(m.kind, NS_END);
	assert_int_equal(got, N);
	assert_true(next(p, &m)); /* and then the one without it */
	assert_int_equal(m.kind, NS_BEGIN);
	assert_int_equal(m.begin.n, N - 1);
}

/* What the store could not know: the configuration was another one then. */
static void test_an_scs_that_does_not_go_with_the_configuration_is_left_out(void **state)
{
	struct ndsip_play *p = *state;
	struct core_ndsip_view v;

	put(p, "acme", "491720000001", "anchor-a", "10.8.0.7", "");
	put(p, "beta", "491720000002", "anchor-a", "10.77.0.1", "");
	put(p, "delta", "491720000004", "anchor-z", "10.8.0.9", "");
	join(p);
	assert_string_equal(list(p), "acme " ACME " 10.8.0.7/;");
	assert_string_equal(state_of(p, "beta"),
			    "refused: 10.77.0.1 is the address of our listener 'tsp', expected one of the SCS");
	assert_string_equal(state_of(p, "delta"),
			    "refused: its trust anchor 'anchor-z' is not in the configuration (trust_anchors)");
	tell_state(p, "beta", NS_SCS_UP, ""); /* the helper was not asked about it */
	assert_memory_equal(state_of(p, "beta"), "refused", 7);
	core_ndsip_view(p->core.core, &v);
	assert_int_equal(v.scs, 1);
	assert_int_equal(v.refused_scs, 2);
}

static void test_what_the_helper_says_is_kept(void **state)
{
	struct ns_msg m = { .kind = NS_SUMMARY,
			    .summary = {
				.charon = true, .rules = NS_RULES_MISSING, .scs = 1, .loaded = 1, .open = 3, .proven = 2 } };
	struct ndsip_play *p = *state;
	struct core_ndsip_view v;

	put(p, "acme", "491720000001", "anchor-a", "10.8.0.7", "");
	core_ndsip_view(p->core.core, &v);
	assert_true(v.serves);
	assert_false(v.helper);
	join(p);
	list(p);
	core_ndsip_view(p->core.core, &v);
	assert_false(v.helper); /* it has said nothing yet */
	strcpy(m.summary.version, "5.9.8");
	strcpy(m.summary.words, "the rules are missing");
	tell(p, &m);
	core_ndsip_view(p->core.core, &v);
	assert_true(v.helper);
	assert_true(v.charon);
	assert_true(v.rules_lost);
	assert_string_equal(v.rules, "missing");
	assert_string_equal(v.version, "5.9.8");
	assert_string_equal(v.words, "the rules are missing");
	assert_int_equal(v.proven, 2);
	tell_state(p, "acme", NS_SCS_DOWN, "no IKE_SA: the SCS has to initiate");
	assert_string_equal(state_of(p, "acme"), "down: no IKE_SA: the SCS has to initiate");
	tell_state(p, "acme", NS_SCS_UP, "");
	assert_string_equal(state_of(p, "acme"), "up");
	tell_state(p, "nobody", NS_SCS_UP, "");
	assert_string_equal(state_of(p, "nobody"), "none");
}

static void is_lost(struct ndsip_play *p)
{
	struct core_ndsip_view v;

	core_play_turns(&p->core, 3);
	core_ndsip_view(p->core.core, &v);
	assert_false(v.helper);
	assert_false(v.charon);
	assert_int_equal(p->lost, 1);
	assert_int_equal(v.helper_losses, 1);
	assert_int_equal(p->core.core->st.v[ST_NDSIP_HELPER_LOST], 1);
	assert_string_equal(state_of(p, "acme"), "unknown");
}

static void test_a_lost_helper_is_noticed(void **state)
{
	struct ns_msg m = { .kind = NS_SUMMARY, .summary = { .charon = true, .rules = NS_RULES_OK } };
	struct ndsip_play *p = *state;

	put(p, "acme", "491720000001", "anchor-a", "10.8.0.7", "");
	join(p);
	list(p);
	tell(p, &m);
	tell_state(p, "acme", NS_SCS_UP, "");
	close(p->helper);
	p->helper = -1;
	is_lost(p);
	join(p); /* started again */
	assert_string_equal(list(p), "acme " ACME " 10.8.0.7/;");
	assert_string_equal(state_of(p, "acme"), "waits");
}

static void test_a_helper_that_sends_what_is_no_message_is_lost(void **state)
{
	struct ndsip_play *p = *state;
	char octet;

	put(p, "acme", "491720000001", "anchor-a", "10.8.0.7", "");
	join(p);
	list(p);
	assert_int_equal(send(p->helper, "what?", 5, MSG_NOSIGNAL), 5);
	is_lost(p);
	assert_int_equal(recv(p->helper, &octet, 1, MSG_DONTWAIT), 0); /* closed */
}

#define NDSIP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		NDSIP_TEST(test_a_helper_gets_the_list_at_its_start),
		NDSIP_TEST(test_what_changed_while_no_helper_ran_is_not_known),
		NDSIP_TEST(test_each_change_of_scss_is_a_new_list),
		NDSIP_TEST(test_a_blocked_scs_is_in_no_list),
		NDSIP_TEST(test_a_block_has_its_time),
		NDSIP_TEST(test_an_end_does_not_wait_for_the_list),
		NDSIP_TEST(test_no_end_is_lost),
		NDSIP_TEST(test_a_slow_helper_gets_a_whole_list),
		NDSIP_TEST(test_an_scs_that_does_not_go_with_the_configuration_is_left_out),
		NDSIP_TEST(test_what_the_helper_says_is_kept),
		NDSIP_TEST(test_a_lost_helper_is_noticed),
		NDSIP_TEST(test_a_helper_that_sends_what_is_no_message_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
