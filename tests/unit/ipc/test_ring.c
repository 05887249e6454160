/* The ring delivers records in order and once, whatever the other end writes into its memory. */
#include "tests/unit/test.h"

#include <poll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "ipc/ipc_rec.h"
#include "ipc/ipc_ring.h"

#define SIZE IPC_RING_MIN

struct pair {
	struct ipc_ring *a, *b;
	uint8_t *a_mem; /* what a writes, mapped once more so that a test can lie in its name */
};

static struct pair pair_new(void)
{
	struct ipc_ring_fds a, b;
	struct pair p;

	assert_int_equal(ipc_ring_make(&a, &b, SIZE), 0);
	p.a_mem = mmap(NULL, 4096 + SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, a.out_mem, 0);
	assert_ptr_not_equal(p.a_mem, MAP_FAILED);
	assert_ptr_equal(mmap(NULL, 4096 + SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, b.in_mem, 0), MAP_FAILED);
	assert_int_equal(ipc_ring_open(&p.a, &a), 0);
	assert_int_equal(ipc_ring_open(&p.b, &b), 0);
	return p;
}

static void pair_free(struct pair *p)
{
	munmap(p->a_mem, 4096 + SIZE);
	ipc_ring_close(p->a);
	ipc_ring_close(p->b);
}

/* A closing record whose reason is `n` octets of 'x': 18 + n octets. */
static size_t record(uint8_t *out, uint64_t number, size_t len)
{
	memset(out, (int)(number & 0xff), len);
	out[0] = IPC_REC_DEVICE_ACTION;
	out[1] = 0;
	out[2] = (uint8_t)len;
	out[3] = (uint8_t)(len >> 8);
	memcpy(out + 8, &number, 8);
	return len;
}

static bool rings(const struct ipc_ring *r)
{
	struct pollfd p = { ipc_ring_bell(r), POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

static void expect(struct ipc_ring *r, uint64_t number, size_t len)
{
	uint8_t want[IPC_REC_MAX], got[IPC_REC_MAX];
	size_t n;

	record(want, number, len);
	assert_int_equal(ipc_ring_recv(r, got, &n), 0);
	assert_int_equal(n, len);
	assert_memory_equal(got, want, len);
}

static void test_records_arrive_in_order_across_every_wrap(void **state)
{
	struct pair p = pair_new();
	uint8_t rec[IPC_REC_MAX];
	uint64_t sent = 0, taken = 0;
	size_t lens[16];

	(void)state;
	for (int round = 0; round < 3000; round++) {
		for (int i = 0; i < 3; i++, sent++) {
			lens[sent % 16] = 16 + (sent * 37) % 3000;
			assert_int_equal(ipc_ring_send(p.a, rec, record(rec, sent, lens[sent % 16])), 0);
		}
		assert_int_equal(ipc_ring_flush(p.a), 0);
		for (; taken < sent; taken++) {
			expect(p.b, taken, lens[taken % 16]);
		}
	}
	size_t n;
	assert_int_equal(ipc_ring_recv(p.b, rec, &n), ERR_AGAIN);
	pair_free(&p);
}

static void test_nothing_is_seen_before_the_flush_and_the_bell_rings_only_for_a_sleeper(void **state)
{
	struct pair p = pair_new();
	uint8_t rec[IPC_REC_MAX];
	size_t n;

	(void)state;
	assert_int_equal(ipc_ring_send(p.a, rec, record(rec, 1, 16)), 0);
	assert_int_equal(ipc_ring_recv(p.b, rec, &n), ERR_AGAIN);
	assert_int_equal(ipc_ring_flush(p.a), 0);
	assert_true(rings(p.b));
	ipc_ring_bell_clear(p.b);
	assert_false(rings(p.b));
	assert_int_equal(ipc_ring_send(p.a, rec, record(rec, 2, 16)), 0);
	assert_int_equal(ipc_ring_flush(p.a), 0);
	assert_false(rings(p.b)); /* it has not read the first: it is awake */
	expect(p.b, 1, 16);
	expect(p.b, 2, 16);
	assert_int_equal(ipc_ring_recv(p.b, rec, &n), ERR_AGAIN);
	assert_int_equal(ipc_ring_send(p.a, rec, record(rec, 3, 16)), 0);
	assert_int_equal(ipc_ring_flush(p.a), 0);
	assert_true(rings(p.b));
	pair_free(&p);
}

static void test_the_other_end_is_idle_when_it_has_read_all_that_was_published(void **state)
{
	struct pair p = pair_new();
	uint8_t rec[IPC_REC_MAX];

	(void)state;
	assert_true(ipc_ring_idle(p.a));
	assert_int_equal(ipc_ring_send(p.a, rec, record(rec, 1, 16)), 0);
	assert_int_equal(ipc_ring_send(p.a, rec, record(rec, 2, 16)), 0);
	assert_true(ipc_ring_idle(p.a)); /* they are not published yet */
	assert_int_equal(ipc_ring_flush(p.a), 0);
	assert_false(ipc_ring_idle(p.a));
	expect(p.b, 1, 16);
	assert_false(ipc_ring_idle(p.a));
	expect(p.b, 2, 16);
	assert_true(ipc_ring_idle(p.a));
	pair_free(&p);
}

static void test_a_full_ring_makes_records_wait_in_order_and_is_bounded(void **state)
{
	struct pair p = pair_new();
	uint8_t rec[IPC_REC_MAX];
	uint64_t sent = 0, taken = 0;
	size_t n;

	(void)state;
	while (ipc_ring_send(p.a, rec, record(rec, sent, 8000)) == 0) {
		sent++;
	}
	assert_true(sent >= IPC_RING_OVERFLOW_MAX / 8000 && sent <= (IPC_RING_OVERFLOW_MAX + SIZE) / 8000);
	assert_int_equal(ipc_ring_send(p.a, rec, record(rec, sent, 8000)), ERR_BUSY);
	assert_int_equal(ipc_ring_flush(p.a), 0);
	ipc_ring_bell_clear(p.a);
	while (taken < sent) {
		while (taken < sent && ipc_ring_recv(p.b, rec, &n) == 0) {
			uint8_t want[IPC_REC_MAX];
			record(want, taken++, 8000);
			assert_memory_equal(rec, want, n);
		}
		if (taken < sent) {
			assert_true(rings(p.a)); /* the consumer says that there is room again */
			ipc_ring_bell_clear(p.a);
			assert_int_equal(ipc_ring_flush(p.a), 0);
		}
	}
	assert_int_equal(ipc_ring_waiting(p.a), 0);
	pair_free(&p);
}

/* With almost all there may be waiting, an end that takes one record at a time costs the other no more than an end that reads all. */
static void test_a_slow_reader_does_not_make_the_writer_move_all_that_waits(void **state)
{
	struct pair p = pair_new();
	uint8_t rec[IPC_REC_MAX];
	size_t len = record(rec, 1, 64), n;
	clock_t began;

	(void)state;
	while (ipc_ring_waiting(p.a) + len <= IPC_RING_OVERFLOW_MAX) {
		assert_int_equal(ipc_ring_send(p.a, rec, len), 0);
	}
	assert_int_equal(ipc_ring_flush(p.a), 0);
	began = clock();
	for (int i = 0; i < 50000; i++) {
		assert_int_equal(ipc_ring_recv(p.b, rec, &n), 0);
		assert_int_equal(ipc_ring_flush(p.b), 0);
		assert_int_equal(ipc_ring_flush(p.a), 0);
		assert_int_equal(ipc_ring_send(p.a, rec, len), 0);
	}
	assert_true(clock() - began < CLOCKS_PER_SEC); /* 200 GB would have to be moved */
	pair_free(&p);
}

static void test_a_record_whose_length_lies_ends_the_ring(void **state)
{
	static const uint16_t lies[] = { 0, 15, 17 /* of 16 published */, 8193, 0xffff };
	uint8_t rec[IPC_REC_MAX];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct pair p = pair_new();

		assert_int_equal(ipc_ring_send(p.a, rec, record(rec, 1, 16)), 0);
		assert_int_equal(ipc_ring_flush(p.a), 0);
		memcpy(p.a_mem + 4096 + 2, &lies[i], 2);
		assert_int_equal(ipc_ring_recv(p.b, rec, &n), ERR_PROTO);
		assert_int_equal(ipc_ring_recv(p.b, rec, &n), ERR_PROTO);
		assert_int_equal(ipc_ring_send(p.b, rec, record(rec, 1, 16)), ERR_PROTO);
		pair_free(&p);
	}
}

static void test_a_head_that_lies_ends_the_ring(void **state)
{
	static const uint64_t lies[] = { 1, 8, 12, SIZE + 8, UINT64_MAX, UINT64_MAX - 7, 1ull << 63 };
	uint8_t rec[IPC_REC_MAX];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct pair p = pair_new();

		memcpy(p.a_mem, &lies[i], 8);
		assert_int_equal(ipc_ring_recv(p.b, rec, &n), ERR_PROTO);
		pair_free(&p);
	}
}

static void test_a_tail_that_lies_never_lets_the_producer_overwrite(void **state)
{
	static const uint64_t lies[] = { 8, SIZE, UINT64_MAX, 1ull << 63 };
	uint8_t rec[IPC_REC_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct pair p = pair_new();

		memcpy(p.a_mem + 64, &lies[i], 8); /* a claims to have consumed what b never wrote */
		assert_int_equal(ipc_ring_send(p.b, rec, record(rec, 1, 16)), ERR_PROTO);
		pair_free(&p);
	}
}

static void test_a_record_is_refused_unless_its_header_has_its_length(void **state)
{
	struct pair p = pair_new();
	uint8_t rec[IPC_REC_MAX];

	(void)state;
	record(rec, 1, 100);
	assert_int_equal(ipc_ring_send(p.a, rec, 99), ERR_INVAL);
	assert_int_equal(ipc_ring_send(p.a, rec, 8), ERR_INVAL);
	assert_int_equal(ipc_ring_send(p.a, rec, 100), 0);
	pair_free(&p);
}

static void test_memory_that_could_shrink_is_not_mapped(void **state)
{
	struct ipc_ring_fds a, b;
	struct ipc_ring *r;

	(void)state;
	assert_int_equal(ipc_ring_make(&a, &b, SIZE), 0);
	close(a.out_mem);
	a.out_mem = memfd_create("other", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(a.out_mem, 4096 + SIZE), 0);
	assert_int_equal(ipc_ring_open(&r, &a), ERR_INVAL);
	ipc_ring_fds_close(&a);
	ipc_ring_fds_close(&b);
	assert_int_equal(ipc_ring_make(&a, &b, SIZE + 8), ERR_RANGE);
	assert_int_equal(ipc_ring_make(&a, &b, 4096), ERR_RANGE);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_arrive_in_order_across_every_wrap),
		cmocka_unit_test(test_nothing_is_seen_before_the_flush_and_the_bell_rings_only_for_a_sleeper),
		cmocka_unit_test(test_the_other_end_is_idle_when_it_has_read_all_that_was_published),
		cmocka_unit_test(test_a_full_ring_makes_records_wait_in_order_and_is_bounded),
		cmocka_unit_test(test_a_slow_reader_does_not_make_the_writer_move_all_that_waits),
		cmocka_unit_test(test_a_record_whose_length_lies_ends_the_ring),
		cmocka_unit_test(test_a_head_that_lies_ends_the_ring),
		cmocka_unit_test(test_a_tail_that_lies_never_lets_the_producer_overwrite),
		cmocka_unit_test(test_a_record_is_refused_unless_its_header_has_its_length),
		cmocka_unit_test(test_memory_that_could_shrink_is_not_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
