/* The trace of the core: what edges are told, which of their copies are taken, and its bounds. */
#include "tests/unit/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/core/core_play.h"
#include "trace/trc_read.h"

static uint8_t message[IPC_TRACE_COPY_MAX];

static int setup(void **state)
{
	const uint8_t head[20] = { 1, 0, IPC_TRACE_COPY_MAX >> 8, IPC_TRACE_COPY_MAX & 0xff, 0xc0 };

	memcpy(message, head, sizeof head);
	return core_play_setup(state);
}

static int begin(struct core_play *p, const struct trc_filter *f, uint64_t octets, int fd)
{
	struct core_trace_start s = { .filter = f,
				      .unredacted = true,
				      .seconds = 3600,
				      .octets = octets,
				      .uid = 7,
				      .who = "alice by the console, uid 7",
				      .name = "test" };
	const char *why;
	int err;

	p->cfg->trace.buffer = 65536;
	err = core_trace_begin(p->core, &s, fd, &why);
	core_play_turns(p, 3);
	return err;
}

static struct ipc_trace told(struct core_play *p)
{
	struct ipc_rec_head head;
	struct ipc_trace t;
	size_t len = core_play_take(p, IPC_REC_TRACE, &head);

	assert_int_equal(ipc_trace_get(&t, p->record, len), 0);
	return t;
}

static void copy(struct core_play *p, uint32_t number, uint64_t session, uint32_t len, uint32_t lost)
{
	struct ipc_trace_copy c = {
		.number = number, .time_ms = 1, .lost = lost, .len_before = len, .len = len, .message = message
	};

	core_play_send(p, ipc_trace_copy_put(p->record, p->generation, session, &c));
}

static void on_done(void *arg)
{
	*(bool *)arg = true;
}

/* Until the thread has written and the tick has seen it. */
static void stop(struct core_play *p)
{
	bool done = false;

	assert_int_equal(core_trace_stop(p->core, "bob by the console, uid 8", on_done, &done), 0);
	while (!done) {
		core_play_turns(p, 1);
	}
}

static struct core_trace_view view(const struct core_play *p)
{
	struct core_trace_view v;

	assert_true(core_trace_view(p->core, &v));
	return v;
}

/* The messages of the file, which is whole to its last octet. */
static int messages(int fd)
{
	static uint8_t octets[1 << 20];
	ssize_t n = pread(fd, octets, sizeof octets, 0);
	struct trc_message m;
	struct trc_read r;
	size_t at = 0, size;
	int found = 0;

	assert_true(n > 0);
	trc_read_init(&r);
	while (at < (size_t)n) {
		assert_int_equal(trc_read_size(&r, octets + at, &size), 0);
		assert_int_equal(trc_read_block(&r, octets + at, size, &m), 0);
		found += m.p != NULL;
		at += size;
	}
	assert_int_equal(at, n);
	assert_true(r.marked);
	return found;
}

static const struct trc_filter acme = { .scs = "acme" };

static const char *last_decision(const struct core_play *p)
{
	static char text[2048];
	const char *line;
	uint64_t first, next;
	size_t len;

	core_decisions_range(p->core, &first, &next);
	assert_true(next > first);
	line = core_decisions_line(p->core, next - 1, &len);
	assert_non_null(line);
	snprintf(text, sizeof text, "%.*s", (int)len, line);
	return text;
}

static void test_edges_are_told_and_their_copies_are_written(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");
	struct trc_filter f = { .scs = "acme", .external = "meter-1@a.example", .has_reference = true, .reference = 41 };
	int fd = memfd_create("trace", MFD_CLOEXEC), kept = dup(fd);
	struct core_trace_view v;
	struct ipc_trace t;

	assert_true(core_play_open(p, 5, &open).admitted);
	assert_int_equal(begin(p, &f, 1 << 20, fd), 0);
	t = told(p);
	assert_int_equal(t.number, 1);
	assert_true(t.unredacted && t.reference.present && t.reference.v == 41 && t.device == IPC_DEVICE_EXTERNAL);
	assert_string_equal(t.scs, "acme");
	assert_string_equal(t.external_id, "meter-1@a.example");
	assert_int_equal(begin(p, &f, 1 << 20, fd), ERR_BUSY);
	copy(p, 1, 5, 20, 0);
	copy(p, 1, 5, 40, 3);
	copy(p, 1, 99, 20, 0); /* a session that is gone */
	stop(p);
	assert_int_equal(told(p).number, 0);
	v = view(p);
	assert_int_equal(v.messages, 2);
	assert_int_equal(v.lost, 3);
	assert_false(v.running);
	assert_string_equal(v.end, "stopped by bob by the console, uid 8");
	assert_int_equal(v.octets, lseek(kept, 0, SEEK_END));
	assert_int_equal(messages(kept), 2);
	assert_int_equal(st_get(&p->core->st, ST_TRACED), 2);
	assert_int_equal(st_get(&p->core->st, ST_TRACE_LOST), 3);
	copy(p, 1, 5, 20, 0); /* it was on its way */
	assert_int_equal(p->bad_edge, 0);
	assert_int_equal(core_trace_stop(p->core, "bob by the console, uid 8", on_done, &v), ERR_NOTFOUND);
	assert_non_null(strstr(last_decision(p), "\"alice by the console, uid 7\""));
	assert_non_null(strstr(last_decision(p), "stopped by bob by the console, uid 8"));
	close(kept);
}

static void test_a_copy_for_a_trace_that_never_was_ends_the_edge(void **state)
{
	struct core_play *p = *state;

	copy(p, 1, 5, 20, 0);
	assert_int_equal(p->bad_edge, p->generation);
}

static void test_a_copy_of_another_scs_ends_the_edge(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");
	struct trc_filter other = { .scs = "other" };
	int fd = memfd_create("trace", MFD_CLOEXEC), kept = dup(fd);

	assert_true(core_play_open(p, 5, &open).admitted);
	assert_int_equal(begin(p, &other, 1 << 20, fd), 0);
	copy(p, 1, 5, 20, 0);
	assert_int_equal(p->bad_edge, p->generation);
	stop(p);
	assert_int_equal(messages(kept), 0);
	close(kept);
}

static void test_edges_have_no_part_in_a_trace_of_a_peer(void **state)
{
	struct core_play *p = *state;
	struct trc_filter peer = { .peer = "hss" }, nobody = { .peer = "nobody" };
	int fd = memfd_create("trace", MFD_CLOEXEC);

	assert_int_equal(begin(p, &nobody, 1 << 20, fd), ERR_NOTFOUND);
	assert_int_equal(begin(p, &peer, 1 << 20, fd), 0);
	assert_int_equal(told(p).number, 0);
	copy(p, 1, 5, 20, 0); /* an edge that sends one nevertheless: it is for nobody */
	assert_int_equal(view(p).messages, 0);
	stop(p);
}

static void test_the_file_has_the_size_that_it_may_have(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");
	int fd = memfd_create("trace", MFD_CLOEXEC), kept = dup(fd);

	assert_true(core_play_open(p, 5, &open).admitted);
	assert_int_equal(begin(p, &acme, 65536, fd), 0);
	assert_int_equal(told(p).number, 1);
	for (int i = 0; i < 20 && !*view(p).end; i++) {
		copy(p, 1, 5, IPC_TRACE_COPY_MAX, 0);
	}
	assert_string_equal(view(p).end, "it has the size that it may have");
	assert_int_equal(told(p).number, 0); /* before its file is written: it takes no more */
	while (view(p).running) {
		core_play_turns(p, 1);
	}
	assert_true(lseek(kept, 0, SEEK_END) <= 65536);
	assert_int_equal(messages(kept), view(p).messages);
	assert_in_range(view(p).messages, 5, 7);
	close(kept);
}

/* Nobody reads the pipe: two buffers fill, and then copies are lost. */
static void test_what_has_no_room_is_lost_and_counted(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_true(core_play_open(p, 5, &open).admitted);
	assert_int_equal(begin(p, &acme, 1 << 30, ends[1]), 0);
	for (int i = 0; i < 60; i++) {
		copy(p, 1, 5, IPC_TRACE_COPY_MAX, 0);
	}
	assert_true(view(p).lost > 0);
	assert_int_equal(view(p).messages + view(p).lost, 60);
	assert_int_equal(st_get(&p->core->st, ST_TRACE_LOST), view(p).lost);
	close(ends[0]); /* now its reader leaves */
	while (view(p).running) {
		core_play_turns(p, 1);
	}
	assert_non_null(strstr(view(p).end, "reader"));
}

/* The file takes no more, with nobody's word: edges would copy on, for a trace that has ended. */
static void test_edges_are_told_when_the_reader_has_left(void **state)
{
	struct core_play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_true(core_play_open(p, 5, &open).admitted);
	assert_int_equal(begin(p, &acme, 1 << 30, ends[1]), 0);
	assert_int_equal(told(p).number, 1);
	close(ends[0]);
	copy(p, 1, 5, 20, 0);
	while (view(p).running) {
		core_play_turns(p, 1);
	}
	assert_non_null(strstr(view(p).end, "reader"));
	assert_int_equal(told(p).number, 0);
}

/* Its begin and its end both find a full ring, which the edge empties later. */
static void test_an_edge_without_room_is_told_later(void **state)
{
	struct core_play *p = *state;
	struct core_edge *e = TAILQ_FIRST(&p->core->edges.list);
	const struct ipc_trace other = { .number = 7, .scs = "filler" };
	int fd = memfd_create("trace", MFD_CLOEXEC);
	struct ipc_rec_head head;
	bool done = false;
	struct ipc_trace t;
	size_t len;

	for (uint32_t number = 1; number != UINT32_MAX; number--) { /* 1: it begins; 0: it ends */
		while (core_send(e, ipc_trace_put(p->core->record, p->generation, &other)) == 0) {
		}
		if (number) {
			assert_int_equal(begin(p, &acme, 1 << 20, fd), 0);
		} else {
			assert_int_equal(core_trace_stop(p->core, "bob", on_done, &done), 0);
			while (!done) {
				core_play_turns(p, 1);
			}
		}
		assert_true(e->trace_due);
		t.number = other.number;
		for (int i = 0; i < 2000 && t.number == other.number; i++) { /* what waits in the core moves up */
			if (done) { /* nothing of the trace is left but what the core looks at from time to time */
				net_timer_start(p->core->time.look.timer, 0);
			}
			while ((len = core_play_take(p, IPC_REC_TRACE, &head))) {
				assert_int_equal(ipc_trace_get(&t, p->record, len), 0);
			}
			core_play_turns(p, 1);
		}
		assert_int_equal(t.number, number);
		assert_false(e->trace_due);
	}
	assert_true(done);
}

static void test_a_new_edge_is_told_and_a_new_core_knows_of_none(void **state)
{
	struct core_play *p = *state;
	int fd = memfd_create("trace", MFD_CLOEXEC);
	struct core_trace_view v;
	struct ipc_rec_head head;

	assert_int_equal(begin(p, &acme, 1 << 20, fd), 0);
	assert_int_equal(told(p).number, 1);
	core_play_restart(p);
	core_play_turns(p, 3);
	assert_int_equal(core_play_take(p, IPC_REC_TRACE, &head), 0);
	assert_false(core_trace_view(p->core, &v));
}

TEST_GROUP()
{
#define PLAY(f) cmocka_unit_test_setup_teardown(f, setup, core_play_teardown)
	const struct CMUnitTest tests[] = {
		PLAY(test_edges_are_told_and_their_copies_are_written),
		PLAY(test_a_copy_for_a_trace_that_never_was_ends_the_edge),
		PLAY(test_a_copy_of_another_scs_ends_the_edge),
		PLAY(test_edges_have_no_part_in_a_trace_of_a_peer),
		PLAY(test_the_file_has_the_size_that_it_may_have),
		PLAY(test_what_has_no_room_is_lost_and_counted),
		PLAY(test_edges_are_told_when_the_reader_has_left),
		PLAY(test_an_edge_without_room_is_told_later),
		PLAY(test_a_new_edge_is_told_and_a_new_core_knows_of_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
