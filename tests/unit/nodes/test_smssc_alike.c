/* test_smssc_alike.c - a number that nobody has, one of an absent device and one of a device with triggers look alike to an SME: the same steps, the same
 * writes, the same reports at the same times. */
#include "tests/unit/nodes/dlv_quiet.h"

#include "apps/t4_drr.h"
#include "nodes/smssc/dlv_ue.h"

enum { REPORTS_MAX = 16, LOG_MAX = 256 };

struct world {
	struct dlv *d;
	struct dlv_now now;
	struct dlv_conn conn;
	/* of messages of SMEs only */
	unsigned puts, dels, steps, reports;
	char states[LOG_MAX][24]; /* each that was entered */
	uint64_t told_ms[REPORTS_MAX];
	uint8_t outcomes[REPORTS_MAX];
	bool diagnostics[REPORTS_MAX];
};

static void put(void *arg, const struct dlv_msg *m)
{
	((struct world *)arg)->puts += dlv_of_sme(m);
}

static void del(void *arg, const struct dlv_msg *m)
{
	((struct world *)arg)->dels += dlv_of_sme(m);
}

static int report(void *arg, const struct dlv_msg *m, bool again)
{
	struct world *w = arg;

	(void)again;
	if (dlv_of_sme(m)) {
		assert_true(w->reports < REPORTS_MAX);
		w->told_ms[w->reports] = w->now.mono_ms;
		w->outcomes[w->reports] = m->outcome;
		w->diagnostics[w->reports++] = m->has_diagnostic;
	}
	return 0;
}

static void trace(void *arg, const struct dlv_msg *m, const char *from, const char *to)
{
	struct world *w = arg;

	(void)from;
	if (dlv_of_sme(m)) {
		if (w->steps < LOG_MAX) {
			(void)snprintf(w->states[w->steps], sizeof w->states[0], "%s", to);
		}
		w->steps++;
	}
}

static struct world *new_world(void)
{
	const struct dlv_conf conf = dlv_quiet_conf();
	struct world *w = calloc(1, sizeof *w);
	struct dlv_ports ports = dlv_quiet_ports(w);

	assert_non_null(w);
	ports.put = put;
	ports.del = del;
	ports.report = report;
	ports.trace = trace;
	assert_int_equal(dlv_new(&w->d, &conf, &ports), 0);
	w->now = dlv_quiet_now();
	return w;
}

static void submit(struct world *w, const char *imsi, bool sme, bool priority, uint32_t validity_s)
{
	struct dlv_text t = { .imsi = imsi,
			      .smea = (const uint8_t *)"\x04\x81\x24\x24",
			      .smea_len = 4,
			      .payload = (const uint8_t *)"x",
			      .payload_len = 1,
			      .iwf_host = "acme",
			      .iwf_realm = "",
			      .via = "",
			      .priority = priority,
			      .validity_s = validity_s };
	uint64_t id;

	if (sme) {
		t.sme = (struct dlv_sme){ .system_id = "acme", .dcs = 4, .told = (const uint8_t *)"told", .told_len = 4 };
	}
	assert_int_equal(dlv_submit(w->d, &t, NULL, &id, w->now), 0);
	dlv_committed(w->d, true, w->now);
}

enum kind { NOBODY, NEVER_SEEN, GONE, WITH_TRIGGERS, KINDS };

/* What an SME does, and ten seconds. */
static struct world *play(enum kind kind)
{
	const char *imsi = kind == NOBODY ? "+91720000001" : "001010000000001";
	struct world *w = new_world();

	if (kind == GONE || kind == WITH_TRIGGERS) {
		assert_int_equal(dlv_register(w->d, &w->conn, imsi, w->now), 0);
		dlv_unregister(w->d, &w->conn, imsi, w->now);
	}
	for (unsigned i = 0; kind == WITH_TRIGGERS && i < 300; i++) {
		submit(w, imsi, false, i % 3 == 0, 3600);
	}
	submit(w, imsi, true, false, 0);
	submit(w, imsi, true, true, 0);
	submit(w, imsi, true, false, 3);
	submit(w, imsi, true, true, 5);
	submit(w, imsi, true, true, 3600);
	for (unsigned ms = 0; ms < 10000; ms += 100) {
		dlv_tick(w->d, w->now);
		dlv_committed(w->d, true, w->now);
		w->now.mono_ms += 100;
		w->now.real_ms += 100;
	}
	return w;
}

static void test_all_of_them_look_alike(void **state)
{
	struct world *nobody = play(NOBODY);

	(void)state;
	assert_int_equal(nobody->reports, 4); /* two single attempts, two that expired */
	for (enum kind kind = NEVER_SEEN; kind < KINDS; kind++) {
		struct world *w = play(kind);

		assert_int_equal(w->puts, nobody->puts);
		assert_int_equal(w->dels, nobody->dels);
		assert_int_equal(w->steps, nobody->steps);
		assert_int_equal(w->reports, nobody->reports);
		assert_memory_equal(w->states, nobody->states, sizeof w->states);
		assert_memory_equal(w->told_ms, nobody->told_ms, sizeof w->told_ms);
		assert_memory_equal(w->outcomes, nobody->outcomes, sizeof w->outcomes);
		assert_memory_equal(w->diagnostics, nobody->diagnostics, sizeof w->diagnostics);
		dlv_free(w->d);
		free(w);
	}
	dlv_free(nobody->d);
	free(nobody);
}

static uint32_t next_random(uint32_t *x)
{
	*x = *x * 1664525u + 1013904223u;
	return *x >> 8;
}

/* Triggers first, and those with priority before the others. */
static unsigned place(const struct dlv_msg *m)
{
	return (dlv_of_sme(m) ? 2 : 0) + (m->text.priority ? 0 : 1);
}

/* The place of a message is found without a walk; a list that is sorted by hand says where it has to be. */
static void test_the_order_of_a_queue(void **state)
{
	struct world *w = new_world();
	const char *imsi = "001010000000001";
	uint32_t x = 3;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct dlv_ue *ue = dlv_ue_find(w->d, imsi);
		struct dlv_msg *m, *before = NULL;
		unsigned n = 0, single = 0;

		if (!ue || ue->queue_n < 2 || (ue->queue_n < 40 && next_random(&x) % 2)) {
			submit(w, imsi, next_random(&x) % 2, next_random(&x) % 2, 3600);
			continue;
		}
		for (m = ue->queue; m; m = m->next) {
			if (before) {
				assert_true(place(before) != place(m) ? place(before) < place(m) : before->id < m->id);
			}
			before = m;
			single += m->text.validity_s == 0;
			n++;
		}
		assert_int_equal(n, ue->queue_n);
		assert_int_equal(single, ue->single_n);
		m = ue->queue;
		for (uint32_t skip = next_random(&x) % n; skip; skip--) {
			m = m->next;
		}
		dlv_remove(w->d, m, w->now);
		dlv_committed(w->d, true, w->now);
	}
	dlv_free(w->d);
	free(w);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_them_look_alike),
		cmocka_unit_test(test_the_order_of_a_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
