/* The page between the core and the process that answers scrapes: whole snapshots, read only, whatever the writer does. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics/mtr_page.h"

#define ROOM 4096u

struct both {
	int writes, reads;
	struct mtr_page *writer, *reader;
	off_t len;
};

static struct both both_new(void)
{
	struct both b;
	struct stat st;

	assert_int_equal(mtr_page_make(&b.writes, &b.reads, ROOM), 0);
	assert_int_equal(mtr_page_writer(&b.writer, b.writes), 0);
	assert_int_equal(mtr_page_reader(&b.reader, b.reads), 0);
	assert_int_equal(fstat(b.reads, &st), 0);
	b.len = st.st_size;
	return b;
}

static void both_free(struct both *b)
{
	mtr_page_close(b->writer);
	mtr_page_close(b->reader);
	close(b->writes);
	close(b->reads);
}

static void publish(struct both *b, char octet, size_t len)
{
	size_t cap;
	char *p = mtr_page_begin(b->writer, &cap);

	assert_int_equal(cap, ROOM);
	memset(p, octet, len);
	mtr_page_publish(b->writer, len);
}

static void reads(struct both *b, char octet, size_t len, uint64_t number)
{
	const void *octets;
	uint64_t is;
	size_t n;

	assert_int_equal(mtr_page_read(b->reader, &octets, &n, &is), 0);
	assert_int_equal(n, len);
	assert_int_equal(is, number);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(((const char *)octets)[i], octet);
	}
}

static void reads_not(struct both *b, int err)
{
	const void *octets;
	uint64_t number;
	size_t n;

	assert_int_equal(mtr_page_read(b->reader, &octets, &n, &number), err);
}

static void test_a_snapshot_is_read_as_it_was_written(void **state)
{
	struct both b = both_new();

	(void)state;
	reads_not(&b, ERR_AGAIN);
	publish(&b, 'a', 10);
	reads(&b, 'a', 10, 1);
	reads(&b, 'a', 10, 1);
	publish(&b, 'b', ROOM);
	publish(&b, 'c', 3);
	reads(&b, 'c', 3, 3);
	both_free(&b);
}

static void test_one_that_is_being_written_does_not_show(void **state)
{
	struct both b = both_new();
	size_t cap;

	(void)state;
	publish(&b, 'a', 10);
	memset(mtr_page_begin(b.writer, &cap), 'b', 20);
	reads(&b, 'a', 10, 1);
	mtr_page_publish(b.writer, 20);
	reads(&b, 'b', 20, 2);
	both_free(&b);
}

/* The core that was started anew goes on where the one before ended. */
static void test_another_writer_goes_on(void **state)
{
	struct both b = both_new();

	(void)state;
	publish(&b, 'a', 10);
	publish(&b, 'b', 10);
	mtr_page_close(b.writer);
	assert_int_equal(mtr_page_writer(&b.writer, b.writes), 0);
	publish(&b, 'c', 10);
	reads(&b, 'c', 10, 3);
	both_free(&b);
}

static void test_the_reader_cannot_write(void **state)
{
	struct both b = both_new();

	(void)state;
	assert_ptr_equal(mmap(NULL, (size_t)b.len, PROT_READ | PROT_WRITE, MAP_SHARED, b.reads, 0), MAP_FAILED);
	assert_int_equal(errno, EACCES);
	assert_int_equal(pwrite(b.reads, "x", 1, 0), -1);
	assert_int_equal(ftruncate(b.writes, 10), -1); /* nor can anybody take the memory away below it */
	both_free(&b);
}

/* Every word of the page takes values that lie: the reader neither crashes nor waits. */
static void test_a_page_that_lies(void **state)
{
	static const uint64_t lies[] = { 0, 1, 2, 3, UINT64_MAX, ROOM, ROOM + 1, UINT64_C(1) << 63, 8 };
	struct both b = both_new();
	uint64_t was, number;
	const void *octets;
	size_t n;

	(void)state;
	publish(&b, 'a', 10);
	publish(&b, 'b', 10);
	for (off_t at = 0; at < b.len; at += 8) {
		assert_int_equal(pread(b.writes, &was, sizeof was, at), sizeof was);
		for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
			int err;

			assert_int_equal(pwrite(b.writes, &lies[i], sizeof lies[i], at), sizeof lies[i]);
			err = mtr_page_read(b.reader, &octets, &n, &number);
			assert_true(err == 0 || err == ERR_AGAIN || err == ERR_PROTO);
			assert_true(err || n <= ROOM);
		}
		assert_int_equal(pwrite(b.writes, &was, sizeof was, at), sizeof was);
	}
	both_free(&b);
}

static void test_a_length_that_lies_is_damage(void **state)
{
	struct both b = both_new();

	(void)state;
	publish(&b, 'a', 10);
	mtr_page_begin(b.writer, &(size_t){ 0 });
	mtr_page_publish(b.writer, ROOM + 1);
	reads_not(&b, ERR_PROTO);
	publish(&b, 'b', 4);
	reads(&b, 'b', 4, 3);
	both_free(&b);
}

static void test_another_memory_is_no_page(void **state)
{
	int fd = memfd_create("other", MFD_CLOEXEC);
	struct mtr_page *p;

	(void)state;
	assert_int_equal(mtr_page_reader(&p, fd), ERR_INVAL);
	assert_int_equal(ftruncate(fd, 1001), 0);
	assert_int_equal(mtr_page_reader(&p, fd), ERR_INVAL);
	assert_int_equal(mtr_page_writer(&p, fd), ERR_INVAL);
	close(fd);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_snapshot_is_read_as_it_was_written),
		cmocka_unit_test(test_one_that_is_being_written_does_not_show),
		cmocka_unit_test(test_another_writer_goes_on),
		cmocka_unit_test(test_the_reader_cannot_write),
		cmocka_unit_test(test_a_page_that_lies),
		cmocka_unit_test(test_a_length_that_lies_is_damage),
		cmocka_unit_test(test_another_memory_is_no_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
