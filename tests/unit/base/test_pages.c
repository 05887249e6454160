/* Memory that came ahead is usable like any other, and what is not used of it goes back. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pages.h"

#define AHEAD ((size_t)48 << 20)
#define PIECE 400u
#define PIECES (AHEAD / 2 / PIECE)

static const uint8_t *heap_end(void)
{
	return sbrk(0);
}

static bool known; /* not with a sanitizer, which has a heap of its own */

static bool heap_is_known(void)
{
	const uint8_t *before = heap_end();
	void *piece[8];

	for (size_t i = 0; i < 8; i++) {
		piece[i] = malloc(60000);
		assert_non_null(piece[i]);
	}
	for (size_t i = 0; i < 8; i++) {
		free(piece[i]);
	}
	return heap_end() != before;
}

static void use(void)
{
	uint8_t **piece = calloc(PIECES, sizeof *piece);

	assert_non_null(piece);
	for (size_t i = 0; i < PIECES; i++) {
		piece[i] = malloc(PIECE);
		assert_non_null(piece[i]);
		memset(piece[i], (int)(i % 251), PIECE);
	}
	for (size_t i = 0; i < PIECES; i++) {
		assert_int_equal(piece[i][0], i % 251);
		assert_int_equal(piece[i][PIECE - 1], i % 251);
		free(piece[i]);
	}
	free(piece);
}

static void test_the_heap_grows_once_and_shrinks_at_the_end(void **state)
{
	const uint8_t *before = heap_end(), *grown;
	struct pages_ahead a;

	(void)state;
	pages_ahead_begin(&a, AHEAD);
	grown = heap_end();
	assert_true(!known || grown >= before + AHEAD);
	use();
	assert_true(!known || heap_end() == grown);
	pages_ahead_end(&a);
	assert_false(a.running);
	assert_true(!known || heap_end() < before + AHEAD / 2);
	use();
}

static void test_what_is_used_stays(void **state)
{
	struct pages_ahead a;
	uint8_t *kept;

	(void)state;
	pages_ahead_begin(&a, AHEAD);
	kept = malloc(PIECE);
	assert_non_null(kept);
	memset(kept, 7, PIECE);
	pages_ahead_used(&a, kept);
	pages_ahead_used(&a, NULL);
	pages_ahead_used(&a, &a);
	if (a.running) {
		pages_ahead_used(&a, a.from + 4096);
		assert_int_equal(atomic_load(&a.used), 4096);
		pages_ahead_used(&a, a.from + 64);
		pages_ahead_used(&a, a.end);
		assert_int_equal(atomic_load(&a.used), 4096);
	}
	pages_ahead_end(&a); /* while the thread may still touch */
	for (size_t i = 0; i < PIECE; i++) {
		assert_int_equal(kept[i], 7);
	}
	free(kept);
}

static void test_a_little_is_not_worth_it(void **state)
{
	const uint8_t *before = heap_end();
	struct pages_ahead a, none = { .running = false };

	(void)state;
	pages_ahead_begin(&a, PAGES_LARGE - 1);
	assert_false(a.grown || a.running);
	assert_ptr_equal(heap_end(), before);
	pages_ahead_end(&a);
	pages_ahead_end(&none);
}

/* The thread waits for the process when it is far ahead. */
static void test_the_thread_touches_no_more_than_what_is_next(void **state)
{
	size_t far = 4 * (size_t)PAGES_AHEAD;
	unsigned char *in = calloc(1, far / 4096);
	struct pages_ahead a;
	size_t touched = 0;

	(void)state;
	assert_non_null(in);
	pages_ahead_begin(&a, far);
	for (int i = 0, same = 0; a.running && i < 3000 && same < 50; i++) { /* on an older system it touches nothing */
		size_t now = 0;

		usleep(1000);
		assert_int_equal(mincore(a.from, (size_t)(a.end - a.from), in), 0);
		for (size_t page = 0; page < (size_t)(a.end - a.from) / 4096; page++) {
			now += 4096u * (in[page] & 1u);
		}
		same = now && now == touched ? same + 1 : 0;
		touched = now;
	}
	assert_true(touched <= PAGES_AHEAD + 2 * (size_t)PAGES_LARGE);
	pages_ahead_end(&a);
	free(in);
}

/* In a process of its own, because the limit stays. */
static void test_a_limit_of_the_process_is_no_failure(void **state)
{
	int status = 1;
	pid_t child;

	(void)state;
	if (!known) {
		skip();
	}
	child = fork();
	if (child == 0) {
		struct rlimit limit = { 16u << 20, 16u << 20 };
		struct pages_ahead a;
		void *p;

		if (setrlimit(RLIMIT_DATA, &limit) < 0) {
			_exit(2);
		}
		pages_ahead_begin(&a, AHEAD);
		if (a.grown) {
			_exit(3);
		}
		p = malloc(PIECE);
		pages_ahead_end(&a);
		_exit(p ? 0 : 4);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_advice_for_any_memory(void **state)
{
	size_t octets = 5 * (size_t)PAGES_LARGE;
	uint8_t *p = calloc(1, octets);

	(void)state;
	assert_non_null(p);
	pages_large(p + 1, octets - 1);
	pages_large(p, 1);
	pages_large(p + PAGES_LARGE - 8, PAGES_LARGE);
	assert_int_equal(p[0] + p[octets - 1], 0);
	p[octets - 1] = 1;
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_heap_grows_once_and_shrinks_at_the_end),
		cmocka_unit_test(test_what_is_used_stays),
		cmocka_unit_test(test_the_thread_touches_no_more_than_what_is_next),
		cmocka_unit_test(test_a_little_is_not_worth_it),
		cmocka_unit_test(test_a_limit_of_the_process_is_no_failure),
		cmocka_unit_test(test_advice_for_any_memory),
	};

	known = heap_is_known();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
