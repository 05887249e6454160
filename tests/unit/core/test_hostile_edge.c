/* An edge in other hands: whatever records and indexes it puts into its ring, the core goes on and its books stay right. The same octets
 * in every run (a seeded generator); the sanitizers say whether the core read or wrote where it must not. */
#include "tests/unit/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/core/core_play.h"

#define RECORDS 3000
#define SCRIBBLES 400
#define SHARED_HEAD 160 /* octets at the start of the ring's memory where its indexes are */

struct hostile {
	struct core_play play;
	uint64_t random;
	uint8_t *memory; /* what the edge writes, as the core maps it */
	size_t memory_len;
	int bell;
	uint32_t ended; /* edges that the core gave up */
};

static uint32_t any(struct hostile *h, uint32_t below)
{
	h->random ^= h->random << 13;
	h->random ^= h->random >> 7;
	h->random ^= h->random << 17;
	return (uint32_t)((h->random >> 16) % below);
}

/* The parent ends the edge and starts another one. */
static void another_edge(struct hostile *h)
{
	struct core_play *p = &h->play;
	struct core_edge_id who = { 0, p->generation + 1, ZONE_EXTERNAL, 1, 1 };
	struct ipc_ring_fds ours, theirs;

	core_edge_gone(p->core, p->generation);
	ipc_ring_close(p->edge);
	if (h->memory) {
		munmap(h->memory, h->memory_len);
	}
	if (h->bell >= 0) {
		close(h->bell);
	}
	p->generation++;
	p->bad_edge = 0;
	assert_int_equal(ipc_ring_make(&ours, &theirs, IPC_RING_MIN), 0);
	assert_int_equal(core_edge_add(p->core, &who, &ours), 0);
	h->memory_len = 4096 + IPC_RING_MIN;
	h->memory = mmap(NULL, h->memory_len, PROT_READ | PROT_WRITE, MAP_SHARED, theirs.out_mem, 0);
	assert_true(h->memory != MAP_FAILED);
	h->bell = dup(theirs.out_bell);
	assert_int_equal(ipc_ring_open(&p->edge, &theirs), 0);
}

static int start(void **state)
{
	struct hostile *h = calloc(1, sizeof *h);

	h->random = 0x9e3779b97f4a7c15u;
	h->bell = -1;
	core_play_start(&h->play);
	core_play_provision(&h->play);
	core_play_settle(&h->play);
	another_edge(h);
	*state = h;
	return 0;
}

static int end(void **state)
{
	struct hostile *h = *state;

	munmap(h->memory, h->memory_len);
	close(h->bell);
	core_play_end(&h->play);
	free(h);
	return 0;
}

static size_t make(struct hostile *h)
{
	struct core_play *p = &h->play;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");
	struct ipc_device_action action = core_play_action(any(h, 6), "meter-1@a.example", any(h, 8));
	struct ipc_device_notification_answer answer = { .session = any(h, 6), .result_code = 2001 };
	struct ipc_session_closed closed = { "ended" };
	uint64_t number = any(h, 6);

	switch (any(h, 6)) {
	case 0:
	case 1:
		open.listener = (uint8_t)(any(h, 8) ? 0 : any(h, IPC_LISTENERS_MAX));
		return ipc_session_open_put(p->record, p->generation, number, &open);
	case 2:
		return ipc_session_closed_put(p->record, p->generation, number, &closed);
	case 3:
		return ipc_device_notification_answer_put(p->record, p->generation, number, &answer);
	default:
		action.payload_len = any(h, 4) ? 2 : TRIGGER_PAYLOAD_MAX + 1 + any(h, 1u << 20);
		action.end_to_end = any(h, 16);
		return ipc_device_action_put(p->record, p->generation, number, &action);
	}
}

static size_t spoil(struct hostile *h, size_t len)
{
	uint8_t *record = h->play.record;

	for (uint32_t n = any(h, 3) ? 0 : 1 + any(h, 4); n > 0; n--) {
		record[any(h, 8) ? IPC_REC_HEAD_LEN + any(h, (uint32_t)(len - IPC_REC_HEAD_LEN + 1)) : any(h, 16)] ^=
		    (uint8_t)(1u << any(h, 8));
	}
	if (!any(h, 10)) {
		len = IPC_REC_HEAD_LEN + any(h, (uint32_t)(len - IPC_REC_HEAD_LEN + 1));
	}
	record[2] = (uint8_t)len; /* the ring's own length fits, so that the record gets as far as it can */
	record[3] = (uint8_t)(len >> 8);
	return len;
}

/* What the core holds fits together and within the limits of who is provisioned. */
static void check_books(struct hostile *h)
{
	struct core *c = h->play.core;
	struct core_scs *acme = core_scs_get(c, "acme");
	struct core_session *s;
	struct core_seat *seat;
	uint32_t sessions = 0, triggers = 0;

	TAILQ_FOREACH (s, &c->sessions.list, entry) {
		assert_ptr_equal(s->scs, acme);
		assert_int_equal(s->key.generation, h->play.generation);
		sessions++;
	}
	TAILQ_FOREACH (seat, &c->triggers.list, entry) {
		triggers++;
	}
	assert_true(sessions <= 2); /* connections_max */
	assert_int_equal(sessions, c->sessions.by_key.n);
	assert_int_equal(sessions, acme->sessions_n);
	assert_int_equal(triggers, c->triggers.n);
	assert_int_equal(c->triggers.pending, acme->pending);
	assert_true(c->triggers.pending <= triggers);
}

static void hear_out(struct hostile *h)
{
	size_t len;

	core_play_turns(&h->play, 1);
	while (ipc_ring_recv(h->play.edge, h->play.record, &len) == 0) {
		;
	}
	check_books(h);
	if (h->play.bad_edge) {
		assert_int_equal(h->play.bad_edge, h->play.generation);
		h->ended++;
		another_edge(h);
	}
}

static void test_the_books_stay_right_whatever_records_come(void **state)
{
	struct hostile *h = *state;

	for (int i = 0; i < RECORDS; i++) {
		size_t len = spoil(h, make(h));

		assert_int_equal(ipc_ring_send(h->play.edge, h->play.record, len), 0);
		assert_int_equal(ipc_ring_flush(h->play.edge), 0);
		if (i % 8 == 7) {
			hear_out(h);
		}
	}
	hear_out(h);
	assert_true(h->ended > 10);
	assert_true(h->play.core->st.v[ST_SESSION_ADMITTED] > 10); /* it was no monologue */
	assert_true(h->play.core->st.v[ST_REQUESTS] > 100);
}

static void test_the_core_goes_on_whatever_is_written_into_the_memory_of_the_ring(void **state)
{
	struct hostile *h = *state;
	uint64_t one = 1;

	for (int i = 0; i < SCRIBBLES; i++) {
		uint64_t head;

		for (uint32_t n = 64 + any(h, 64); n > 0; n--) {
			h->memory[4096 + any(h, 1024)] = (uint8_t)any(h, 4);
		}
		memcpy(&head, h->memory, sizeof head);
		head = any(h, 4) ? 8u * any(h, 64) : any(h, 2) ? head - 8u * any(h, 64) : ~(uint64_t)any(h, 64);
		memcpy(h->memory, &head, sizeof head);
		if (!any(h, 4)) {
			h->memory[any(h, SHARED_HEAD)] ^= (uint8_t)(1u << any(h, 8));
		}
		assert_int_equal(write(h->bell, &one, sizeof one), sizeof one);
		hear_out(h);
	}
	assert_true(h->ended > 10);
}

/* At the limit of what waits for it, an edge that does not read costs itself its answers and nobody anything else. */
static void test_an_edge_that_reads_nothing_is_bounded(void **state)
{
	struct hostile *h = *state;
	struct core_play *p = &h->play;
	struct ipc_device_action a = core_play_action(99, "meter-1@a.example", 1);

	for (uint64_t i = 0; i < 120000; i++) {
		assert_int_equal(ipc_ring_send(p->edge, p->record, ipc_device_action_put(p->record, p->generation, i, &a)), 0);
		if (i % 64 == 63) {
			assert_int_equal(ipc_ring_flush(p->edge), 0);
			core_play_turns(p, 1);
		}
	}
	assert_true(ipc_ring_waiting(core_edge_find(p->core, p->generation)->ring) <= IPC_RING_OVERFLOW_MAX);
	assert_true(p->core->st.v[ST_RING_FULL] > 0);
	check_books(h);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_books_stay_right_whatever_records_come),
		TEST(test_the_core_goes_on_whatever_is_written_into_the_memory_of_the_ring),
		TEST(test_an_edge_that_reads_nothing_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
