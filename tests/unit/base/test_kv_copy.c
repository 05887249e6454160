/* test_kv_copy.c - a copy of a store in use: whole and of one instant, or cut at once. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/kv_copy.h"
#include "base/kv_readers.h"

#define MAP_MAX (64u << 20)
#define VALUE_LEN 3000
#define ROWS 2000u

struct place {
	char dir[64], copy[80];
	struct kv kv;
	MDB_dbi dbi;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int put_all(struct place *p, uint8_t with)
{
	static uint8_t octets[VALUE_LEN];
	MDB_txn *txn;
	int rc = kv_write_begin(&p->kv, &txn);

	memset(octets, with, sizeof octets);
	if (!rc) {
		rc = mdb_dbi_open(txn, "data", MDB_CREATE, &p->dbi);
	}
	for (uint32_t i = 0; i < ROWS && !rc; i++) {
		MDB_val key = { sizeof i, &i }, val = { sizeof octets, octets };

		rc = mdb_put(txn, p->dbi, &key, &val, 0);
	}
	return rc ? rc : mdb_txn_commit(txn);
}

static int open_in(struct kv *out, const char *dir)
{
	struct kv_conf conf = { .dir = dir, .kind = "test", .format = 1, .map_max = MAP_MAX, .databases = 1 };
	char why[256];

	return kv_open(out, &conf, why, sizeof why);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	strcpy(p->dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/test-kv-XXXXXX" : "/tmp/test-kv-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->copy, sizeof p->copy, "%s/copy", p->dir);
	assert_int_equal(open_in(&p->kv, p->dir), 0);
	assert_int_equal(put_all(p, 1), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	kv_close(&p->kv);
	nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(p);
	return 0;
}

static int read_into(struct kv_copy *c, int fd)
{
	static uint8_t piece[10000];
	ssize_t n;

	while ((n = kv_copy_read(c, piece, sizeof piece)) > 0) {
		assert_int_equal(write(fd, piece, (size_t)n), n);
	}
	return (int)n;
}

static void check_copy(struct place *p, uint8_t with)
{
	struct kv kv;
	MDB_txn *txn;
	MDB_dbi dbi;

	assert_int_equal(open_in(&kv, p->copy), 0);
	assert_int_equal(mdb_txn_begin(kv.env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "data", 0, &dbi), 0);
	for (uint32_t i = 0; i < ROWS; i++) {
		MDB_val key = { sizeof i, &i }, val;

		assert_int_equal(mdb_get(txn, dbi, &key, &val), 0);
		assert_int_equal(val.mv_size, VALUE_LEN);
		assert_int_equal(((uint8_t *)val.mv_data)[VALUE_LEN - 1], with);
	}
	mdb_txn_abort(txn);
	kv_close(&kv);
}

static void test_what_is_written_meanwhile_is_not_in_it(void **state)
{
	struct place *p = *state;
	struct kv_copy *c;
	char path[100];
	uint8_t first;
	int fd;

	assert_int_equal(mkdir(p->copy, 0700), 0);
	snprintf(path, sizeof path, "%s/data.mdb", p->copy);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(kv_copy_begin(&c, &p->kv), 0);
	assert_true(kv_copy_size(c) >= (uint64_t)ROWS * VALUE_LEN);
	assert_int_equal(kv_copy_read(c, &first, 1), 1); /* it has begun */
	assert_int_equal(write(fd, &first, 1), 1);
	assert_int_equal(put_all(p, 2), 0);
	assert_int_equal(read_into(c, fd), 0);
	assert_int_equal(kv_copy_end(c), 0);
	close(fd);
	check_copy(p, 1);
}

static void test_a_copy_that_is_cut_holds_no_page_and_is_not_whole(void **state)
{
	struct place *p = *state;
	struct kv_reader r;
	struct kv_copy *c;
	uint8_t octets[100];

	assert_int_equal(kv_copy_begin(&c, &p->kv), 0);
	assert_int_equal(kv_copy_read(c, octets, sizeof octets), sizeof octets);
	assert_int_equal(put_all(p, 2), 0);
	kv_reader_oldest(&p->kv, &r);
	assert_int_equal(r.pid, getpid()); /* it stands, as nobody reads it */
	kv_copy_cut(c);
	while (kv_copy_read(c, octets, sizeof octets) > 0) {
		;
	}
	assert_int_equal(kv_copy_end(c), ERR_CLOSED);
	kv_reader_oldest(&p->kv, &r);
	assert_int_equal(r.pid, 0);
}

static void test_a_copy_that_nobody_reads_to_its_end_is_not_whole(void **state)
{
	struct place *p = *state;
	struct kv_copy *c;
	uint8_t octet;

	assert_int_equal(kv_copy_begin(&c, &p->kv), 0);
	assert_int_equal(kv_copy_end(c), ERR_CLOSED);
	assert_int_equal(kv_copy_begin(&c, &p->kv), 0);
	assert_int_equal(kv_copy_read(c, &octet, 1), 1);
	assert_int_equal(kv_copy_end(c), ERR_CLOSED);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_written_meanwhile_is_not_in_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_copy_that_is_cut_holds_no_page_and_is_not_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_copy_that_nobody_reads_to_its_end_is_not_whole, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
