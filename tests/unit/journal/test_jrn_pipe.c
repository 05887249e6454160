/* The start on two threads: pieces come once and in their order, an end on either side ends both, and a log that a second thread
 * reads is the one that was written. */
#include "tests/unit/journal/place.h"

#include <fcntl.h>
#include <unistd.h>

#include "journal/jrn_int.h"
#include "journal/jrn_pipe.h"

#define PIECE 7

struct piece {
	int n, of[PIECE];
};

#define ROW_MAGIC 0x71aa20c5u
struct row {
	struct obj obj;
	int last;    /* number to fill */
	int result;  /* of fill */
	int stop_at; /* number at which take stops; 0: never */
	int taken;   /* numbers */
	bool filled; /* fill has returned */
};

static int fill(void *arg, struct jrn_pipe *pipe)
{
	struct row *r = OBJ_OF(arg, struct row, ROW_MAGIC);
	struct piece *p = jrn_pipe_first(pipe);

	p->n = 0;
	for (int i = 1; p && i <= r->last; i++) {
		p->of[p->n++] = i;
		if (p->n == PIECE) {
			p = jrn_pipe_give(pipe);
			if (p) {
				p->n = 0;
			}
		}
	}
	if (p && p->n) {
		(void)jrn_pipe_give(pipe);
	}
	r->filled = true;
	return r->result;
}

static int take(void *arg, const void *piece)
{
	struct row *r = OBJ_OF(arg, struct row, ROW_MAGIC);
	const struct piece *p = piece;

	for (int i = 0; i < p->n; i++) {
		assert_int_equal(p->of[i], ++r->taken);
		if (r->taken == r->stop_at) {
			return 5;
		}
	}
	return 0;
}

static int run(struct row *r, bool threaded)
{
	return jrn_pipe_run(sizeof(struct piece), threaded, fill, take, r);
}

static void test_each_piece_comes_once_and_in_order(void **state)
{
	(void)state;
	for (int threaded = 0; threaded < 2; threaded++) {
		for (int last = 0; last < 60; last++) { /* more than JRN_PIECES, and pieces that are not full */
			struct row r = { .obj = OBJ(ROW_MAGIC), .last = last };

			assert_int_equal(run(&r, threaded), 0);
			assert_int_equal(r.taken, last);
		}
	}
}

static void test_what_was_filled_before_an_error_is_taken(void **state)
{
	(void)state;
	for (int threaded = 0; threaded < 2; threaded++) {
		struct row r = { .obj = OBJ(ROW_MAGIC), .last = 5 * PIECE + 1, .result = ERR_IO };

		assert_int_equal(run(&r, threaded), ERR_IO);
		assert_int_equal(r.taken, 5 * PIECE + 1);
	}
}

static void test_a_stop_ends_the_side_that_fills(void **state)
{
	(void)state;
	for (int threaded = 0; threaded < 2; threaded++) {
		for (int stop_at = 1; stop_at < 6 * PIECE; stop_at++) {
			struct row r = { .obj = OBJ(ROW_MAGIC), .last = 1000 * PIECE, .stop_at = stop_at };

			assert_int_equal(run(&r, threaded), 5);
			assert_int_equal(r.taken, stop_at);
			assert_true(r.filled);
		}
	}
}

/* -- a log of many segments and pieces */

#define RECORDS 30000u
#define TEXT_MAX 320
#define GONE 3u /* each third record is deleted */

static size_t text_of(char text[TEXT_MAX], uint64_t number, unsigned version)
{
	int len = 200 + (int)(number % 100);

	return (size_t)snprintf(text, TEXT_MAX, "%*llu, version %u", len, (unsigned long long)number, version);
}

static void write_log(struct place *p)
{
	char text[TEXT_MAX];

	for (unsigned version = 1; version <= 2; version++) {
		for (uint64_t i = 1; i <= RECORDS; i++) {
			size_t len = text_of(text, i, version);

			if (version == 2 && i % GONE == 0) {
				assert_int_equal(jrn_del(p->j, i), 0);
			} else {
				assert_int_equal(jrn_put(p->j, i, text, len, NULL, NULL), 0);
			}
			if (i % 64 == 0) {
				assert_int_equal(jrn_flush(p->j), 0);
			}
		}
		assert_int_equal(jrn_flush(p->j), 0);
	}
}

struct found {
	uint64_t n, last, stop_at;
};

static int on_found(void *arg, uint64_t number, const void *record, size_t len)
{
	struct found *f = arg;
	char text[TEXT_MAX];

	assert_true(number > f->last && number % GONE != 0);
	assert_int_equal(len, text_of(text, number, 2));
	assert_memory_equal(record, text, len);
	f->last = number;
	return ++f->n == f->stop_at ? 9 : 0;
}

static int setup_long(void **state)
{
	struct place *p;

	place_setup(state);
	p = *state;
	jrn_close(p->j);
	p->j = NULL;
	place_empty(p);
	p->conf.size_max = 256u << 20;
	p->conf.segment_size = JRN_SEGMENT_MIN;
	p->conf.pending_max = 1000000;
	assert_int_equal(open_again(p), 0);
	write_log(p);
	return 0;
}

static void test_a_long_log_is_read_as_it_was_written(void **state)
{
	struct place *p = *state;
	struct found f = { 0 };

	assert_int_equal(open_again(p), 0);
	assert_true(p->j->store.log.segs_n > 32); /* on two threads */
	assert_int_equal(jrn_counts(p->j).records, RECORDS - RECORDS / GONE);
	assert_int_equal(jrn_replay(p->j, on_found, &f), 0);
	assert_int_equal(f.n, RECORDS - RECORDS / GONE);
	assert_true(jrn_next(p->j) > RECORDS);
}

static void test_a_replay_of_a_long_log_stops_when_told(void **state)
{
	struct place *p = *state;
	struct found f = { .stop_at = 5000 };

	assert_int_equal(jrn_replay(p->j, on_found, &f), 9);
	assert_int_equal(f.n, 5000);
	assert_int_equal(jrn_put(p->j, RECORDS + 1, "x", 1, NULL, NULL), 0);
	assert_int_equal(jrn_flush(p->j), 0);
}

static void test_damage_in_the_middle_of_a_long_log_is_named(void **state)
{
	struct place *p = *state;
	char path[160], name[32];
	uint64_t middle = p->j->store.log.segs[p->j->store.log.segs_n / 2]->number;
	int fd;

	jrn_close(p->j);
	p->j = NULL;
	jrn_segment_name(name, middle);
	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "?", 1, JRN_BLOCK + 100), 1);
	close(fd);
	assert_int_equal(open_again(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, name));
	assert_non_null(strstr(p->why.text, "is damaged at byte 4096"));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_piece_comes_once_and_in_order),
		cmocka_unit_test(test_what_was_filled_before_an_error_is_taken),
		cmocka_unit_test(test_a_stop_ends_the_side_that_fills),
		cmocka_unit_test_setup_teardown(test_a_long_log_is_read_as_it_was_written, setup_long, place_teardown),
		cmocka_unit_test_setup_teardown(test_a_replay_of_a_long_log_stops_when_told, setup_long, place_teardown),
		cmocka_unit_test_setup_teardown(test_damage_in_the_middle_of_a_long_log_is_named, setup_long, place_teardown),
	};

	return cmocka_run_group_tests_name("jrn_pipe", tests, NULL, NULL);
}
