/* OCSP answers that revoke: kept for all edges and over restarts, in a bound (core_ocsp.h). */
#include "tests/unit/test.h"

#include "conf/cfg_iwf_ocsp.h"
#include "tests/unit/core/core_play.h"

static struct ipc_ocsp said_of(uint8_t certificate, uint64_t this_s, const char *response)
{
	return (struct ipc_ocsp){ { certificate }, this_s, (uint32_t)strlen(response), (const uint8_t *)response };
}

static void find(struct core_play *p, uint8_t certificate, uint64_t this_s, const char *response)
{
	struct ipc_ocsp said = said_of(certificate, this_s, response);

	core_play_send(p, ipc_ocsp_put(p->record, IPC_REC_OCSP_FOUND, p->generation, &said));
	core_play_turns(p, 3);
}

/* The next one that the edge gets; NULL: none comes. */
static const char *known(struct core_play *p)
{
	static char text[64];
	struct ipc_rec_head head;
	struct ipc_ocsp o;
	size_t len = 0;

	for (int i = 0; i < 50 && !len; i++) {
		len = core_play_take(p, IPC_REC_OCSP_KNOWN, &head);
		if (!len) {
			core_play_turns(p, 2);
		}
	}
	if (!len) {
		return NULL;
	}
	assert_int_equal(ipc_ocsp_get(&o, IPC_REC_OCSP_KNOWN, p->record, len), 0);
	snprintf(text, sizeof text, "%u %llu %.*s", o.key[0], (unsigned long long)o.this_s, (int)o.len, (const char *)o.response);
	return text;
}

/* So many are in the journal. They are counted when its thread has told the core. */
static void are_kept(struct core_play *p, uint64_t n)
{
	for (int i = 0; i < 10000 && p->core->st.v[ST_OCSP_IN_REVOKED] != n; i++) {
		core_play_turns(p, 1);
	}
	assert_int_equal(p->core->st.v[ST_OCSP_IN_REVOKED], n);
}

static void take_view(void *arg, const struct core_ocsp_view *v)
{
	*(struct core_ocsp_view *)arg = *v;
}

static void every_edge_gets_them_and_those_of_later_cores(void **state)
{
	struct core_play *p = *state;

	find(p, 7, 100, "revoked");
	assert_string_equal(known(p), "7 100 revoked");
	find(p, 7, 99, "older");
	find(p, 7, 100, "again");
	assert_null(known(p));
	find(p, 8, 50, "other");
	assert_string_equal(known(p), "8 50 other");
	find(p, 7, 200, "good");
	assert_string_equal(known(p), "7 200 good");
	find(p, 9, clock_real_ms() / 1000 + 4000, "ahead"); /* it would never be beaten */
	assert_null(known(p));
	are_kept(p, 2);
	for (int i = 0; i < 2; i++) {
		core_play_restart(p); /* and with it a fresh edge */
		assert_int_equal(p->core->st.v[ST_OCSP_IN_REVOKED], 2);
		assert_string_equal(known(p), "7 200 good");
		assert_string_equal(known(p), "8 50 other");
		find(p, 7, 150, "older");
		assert_null(known(p));
	}
}

static void above_the_bound_the_oldest_goes(void **state)
{
	struct core_play *p = *state;

	p->cfg->ocsp.revoked = 3;
	for (uint8_t i = 1; i <= 5; i++) {
		find(p, i, 100u + (i == 1 ? 50 : i), "revoked");
	}
	are_kept(p, 3);
	assert_int_equal(p->core->st.v[ST_OCSP_REVOKED_FORGOTTEN], 2);
	core_play_restart(p);
	assert_int_equal(p->core->st.v[ST_OCSP_IN_REVOKED], 3);
	assert_string_equal(known(p), "1 150 revoked");
	assert_string_equal(known(p), "4 104 revoked");
	assert_string_equal(known(p), "5 105 revoked");
}

static void many_reach_the_edge_in_their_order(void **state)
{
	struct core_play *p = *state;
	char text[32];

	for (unsigned i = 0; i < 60; i++) {
		struct ipc_ocsp said = said_of((uint8_t)i, 1000, "revoked");

		core_play_send(p, ipc_ocsp_put(p->record, IPC_REC_OCSP_FOUND, p->generation, &said));
	}
	core_play_restart(p);
	for (unsigned i = 0; i < 60; i++) {
		snprintf(text, sizeof text, "%u 1000 revoked", i);
		assert_string_equal(known(p), text);
	}
	assert_null(known(p));
	assert_int_equal(p->bad_edge, 0);
}

static void edges_bring_so_many_in_a_second(void **state)
{
	struct ipc_ocsp said = said_of(1, 1000, "revoked");
	struct core_play *p = *state;
	struct core_edge *e = TAILQ_FIRST(&p->core->edges.list);

	p->cfg->ocsp.revoked = 100000;
	p->core->ocsp.since_ms = net_loop_now_ms(p->core->loop); /* a second begins, and the loop does not turn in it */
	for (uint32_t i = 0; i < 2048 + 50; i++) {
		memcpy(said.key + 1, &i, sizeof i);
		core_ocsp_on_found(e, &said);
	}
	assert_int_equal(p->core->ocsp.by_key.n, 2048);
	p->core->ocsp.since_ms -= 1000; /* it is over */
	core_ocsp_on_found(e, &said);
	assert_int_equal(p->core->ocsp.by_key.n, 2049);
}

static void a_record_that_is_damaged_is_left_alone(void **state)
{
	static const uint8_t records[][42] = { { 0x86 }, { 0x86, 1, 2, 3 }, { 0x86, 1 } };
	static const size_t lens[] = { 1, 41, 42 };
	struct core_play *p = *state;

	for (size_t i = 0; i < 3; i++) {
		assert_true(core_ocsp_is(records[i], lens[i]));
		assert_int_equal(core_ocsp_restore(p->core, 1, records[i], lens[i]), 0);
	}
	assert_int_equal(p->core->st.v[ST_OCSP_IN_REVOKED], 0);
	assert_false(core_ocsp_is("", 0));
}

static void responders_are_shown_as_all_edges_know_them(void **state)
{
	struct core_play *p = *state;
	struct ipc_ocsp_state s = { .responder = CFG_ANCHORS_MAX,
				    .answers = 5,
				    .failures = 2,
				    .answered_s = 100,
				    .failed_s = 90,
				    .staple_this_s = 50,
				    .staple_until_s = 200,
				    .open = 3,
				    .why = "late" };
	struct core_ocsp_view seen = { .url = NULL };

	strcpy(p->cfg->listen[0].ocsp, "http://192.0.2.30/");
	core_play_send(p, ipc_ocsp_state_put(p->record, p->generation, &s));
	assert_int_equal(p->bad_edge, 0);
	core_ocsp_each(p->core, take_view, &seen);
	assert_string_equal(seen.listener, p->cfg->listen[0].name);
	assert_true(!seen.anchor && seen.answers == 5 && seen.failures == 2 && seen.open == 3 && seen.answered_s == 100);
	assert_true(seen.staple_this_s == 50 && seen.staple_until_s == 200 && seen.edges == 1);
	assert_string_equal(seen.why, "late");
	s.responder = CFG_ANCHORS_MAX + 1; /* a reload removed it, and the edge does not know that yet */
	core_play_send(p, ipc_ocsp_state_put(p->record, p->generation, &s));
	assert_int_equal(p->bad_edge, 0);
	s.responder = CFG_OCSP_MAX; /* the receiver of the audit is none: the edge is in other hands */
	core_play_send(p, ipc_ocsp_state_put(p->record, p->generation, &s));
	assert_int_not_equal(p->bad_edge, 0);
	p->cfg->listen[0].ocsp[0] = 0;
}

static void what_responders_deny_is_shown_within_a_bound(void **state)
{
	struct core_play *p = *state;
	struct ipc_ocsp_state s = { .responder = 0, .answers = 5, .revoked = 3, .unknown = 2, .denied_n = 2 };
	struct core_ocsp_view seen = { .url = NULL };

	strcpy(p->cfg->anchors[0].ocsp, "http://192.0.2.30/");
	s.denied[0] = (struct ipc_ocsp_denied){ "a.example", false, 100 };
	s.denied[1] = (struct ipc_ocsp_denied){ "b.example", true, 50 };
	core_play_send(p, ipc_ocsp_state_put(p->record, p->generation, &s));
	assert_int_equal(p->bad_edge, 0);
	core_ocsp_each(p->core, take_view, &seen);
	assert_true(seen.revoked == 3 && seen.unknown == 2 && seen.denied_n == 2);
	assert_string_equal(seen.denied[0].host, "a.example");
	assert_true(!seen.denied[0].unknown && seen.denied[1].unknown && seen.denied[1].shown_s == 50);
	strcpy(s.denied[1].name, "B.example"); /* no edge says it so */
	core_play_send(p, ipc_ocsp_state_put(p->record, p->generation, &s));
	assert_int_not_equal(p->bad_edge, 0);
	p->cfg->anchors[0].ocsp[0] = 0;
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, core_play_setup, core_play_teardown)
	const struct CMUnitTest tests[] = { TEST(every_edge_gets_them_and_those_of_later_cores),
					    TEST(above_the_bound_the_oldest_goes),
					    TEST(many_reach_the_edge_in_their_order),
					    TEST(edges_bring_so_many_in_a_second),
					    TEST(a_record_that_is_damaged_is_left_alone),
					    TEST(responders_are_shown_as_all_edges_know_them),
					    TEST(what_responders_deny_is_shown_within_a_bound) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
