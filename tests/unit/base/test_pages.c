/* Memory that came ahead is usable like any other, and what is not used of it goes back. */
#include "tests/unit/test.h"

#include <malloc.h>
#include <stdio.h>
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

/* -- a heap that grows while the process works */

/* Octets of data that the process has, as RLIMIT_DATA counts them. */
static rlim_t data_octets(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long kib = 0;
	char line[256];

	assert_non_null(f);
	while (fgets(line, sizeof line, f) && sscanf(line, "VmData: %lu kB", &kib) != 1) {
		;
	}
	fclose(f);
	return (rlim_t)kib << 10;
}

/* Uses up the end of the heap until it has grown by itself. */
static void grow_by_itself(uint8_t **kept, size_t n)
{
	const uint8_t *before = heap_end();

	for (size_t i = 0; i < n && heap_end() == before; i++) {
		kept[i] = malloc(PIECE);
		assert_non_null(kept[i]);
	}
	assert_true(!known || heap_end() > before);
}

static void free_all(uint8_t **kept, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(kept[i]);
	}
	free(kept);
}

/* True if large pages were asked for at this address, or the system has none at all. */
static bool is_large(const uint8_t *p)
{
	unsigned long from, end;
	bool here = false, large = access("/sys/kernel/mm/transparent_hugepage", F_OK) != 0;
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "%lx-%lx ", &from, &end) == 2) {
			here = (uintptr_t)p >= from && (uintptr_t)p < end;
		} else if (here && strncmp(line, "VmFlags:", 8) == 0) {
			large |= strstr(line, " hg") != NULL;
		}
	}
	fclose(f);
	return large;
}

static void test_a_heap_that_has_grown_grows_by_a_step_of_large_pages(void **state)
{
	uint8_t **kept = calloc(PIECES, sizeof *kept);
	struct pages_heap h = { .end = NULL };
	const uint8_t *own;

	(void)state;
	assert_non_null(kept);
	(void)malloc_trim(0);
	pages_heap_begin(&h);
	own = heap_end();
	pages_heap_look(&h);
	assert_ptr_equal(heap_end(), own);
	grow_by_itself(kept, PIECES);
	own = heap_end();
	pages_heap_look(&h);
	assert_true(!known || heap_end() >= own + PAGES_STEP);
	assert_true(!known || heap_end() < own + PAGES_STEP + PAGES_LARGE);
	assert_true(!known || is_large(own + PAGES_STEP - 2 * PAGES_LARGE));
	own = heap_end();
	pages_heap_look(&h);
	assert_ptr_equal(heap_end(), own);
	free_all(kept, PIECES);
}

static void test_a_heap_that_got_smaller_does_not_grow(void **state)
{
	struct pages_heap h = { .end = NULL };
	const uint8_t *own;

	(void)state;
	(void)malloc_trim(0); /* nothing is left that would make growing unnecessary */
	pages_heap_begin(&h);
	h.end += PAGES_STEP;
	own = heap_end();
	pages_heap_look(&h);
	assert_ptr_equal(heap_end(), own);
	assert_ptr_equal(h.end, own);
}

static void test_a_heap_without_beginning_stays(void **state)
{
	struct pages_heap h = { .end = NULL };
	const uint8_t *own = heap_end();

	(void)state;
	pages_heap_look(&h);
	assert_ptr_equal(heap_end(), own);
	assert_null(h.end);
}

/* Less than PAGES_ROOM is left: the step would take what the process may need elsewhere. */
static void test_near_a_limit_the_heap_grows_as_usual(void **state)
{
	int status = 1;
	pid_t child;

	(void)state;
	if (!known) {
		skip();
	}
	child = fork();
	if (child == 0) {
		uint8_t **kept = calloc(PIECES, sizeof *kept);
		struct pages_heap h = { .end = NULL };
		struct rlimit limit;
		const uint8_t *own;

		(void)malloc_trim(0);
		pages_heap_begin(&h);
		if (!kept) {
			_exit(2);
		}
		grow_by_itself(kept, PIECES);
		own = heap_end();
		limit.rlim_cur = limit.rlim_max = data_octets() + PAGES_ROOM - (64u << 10);
		if (setrlimit(RLIMIT_DATA, &limit) < 0) {
			_exit(4);
		}
		pages_heap_look(&h);
		_exit(heap_end() == own && h.end == own ? 0 : 3);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_heap_grows_once_and_shrinks_at_the_end),
		cmocka_unit_test(test_what_is_used_stays),
		cmocka_unit_test(test_the_thread_touches_no_more_than_what_is_next),
		cmocka_unit_test(test_a_little_is_not_worth_it),
		cmocka_unit_test(test_a_limit_of_the_process_is_no_failure),
		cmocka_unit_test(test_advice_for_any_memory),
		cmocka_unit_test(test_a_heap_that_has_grown_grows_by_a_step_of_large_pages),
		cmocka_unit_test(test_a_heap_that_got_smaller_does_not_grow),
		cmocka_unit_test(test_a_heap_without_beginning_stays),
		cmocka_unit_test(test_near_a_limit_the_heap_grows_as_usual),
	};

	known = heap_is_known();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
