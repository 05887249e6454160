/* test_kv_readers.c - other processes that read a store: one that died leaves nothing behind, one that lives is shown. */
#include "tests/unit/test.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kv_readers.h"

#define MAP_MAX (1u << 20)
#define VALUE_LEN 30000

struct place {
	char dir[64];
	struct kv kv;
	MDB_dbi dbi;
	pid_t child;
	int said[2]; /* by the child: it reads */
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int open_dbi(struct place *p)
{
	MDB_txn *txn;
	int rc = kv_write_begin(&p->kv, &txn);

	assert_int_equal(rc, 0);
	assert_int_equal(mdb_dbi_open(txn, "data", MDB_CREATE, &p->dbi), 0);
	return mdb_txn_commit(txn);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	struct kv_conf conf = { .kind = "test", .format = 1, .map_max = MAP_MAX, .databases = 1, .size_key = "test.size_max" };
	char why[256];

	assert_non_null(p);
	strcpy(p->dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/test-kv-XXXXXX" : "/tmp/test-kv-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	conf.dir = p->dir;
	assert_int_equal(kv_open(&p->kv, &conf, why, sizeof why), 0);
	assert_int_equal(open_dbi(p), 0);
	assert_int_equal(pipe(p->said), 0);
	*state = p;
	return 0;
}

static void end_child(struct place *p)
{
	if (!p->child) {
		return;
	}
	kill(p->child, SIGKILL);
	assert_int_equal(waitpid(p->child, NULL, 0), p->child);
	p->child = 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	end_child(p);
	kv_close(&p->kv);
	close(p->said[0]);
	close(p->said[1]);
	nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(p);
	return 0;
}

/* In the child: holds a read transaction until it is killed. */
static void read_for_ever(const struct place *p)
{
	MDB_env *env;
	MDB_txn *txn;

	if (mdb_env_create(&env) || mdb_env_set_maxdbs(env, 4) || mdb_env_open(env, p->dir, MDB_RDONLY, 0600) ||
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) || write(p->said[1], "r", 1) != 1) {
		_exit(1);
	}
	for (;;) {
		pause();
	}
}

static void begin_reader(struct place *p)
{
	char said;

	p->child = fork();
	assert_true(p->child >= 0);
	if (p->child == 0) {
		read_for_ever(p);
	}
	assert_int_equal(read(p->said[0], &said, 1), 1);
}

static int put_once(struct place *p, uint8_t with)
{
	static uint8_t octets[VALUE_LEN];
	char name[] = "k";
	MDB_val key = { 1, name }, val = { sizeof octets, octets };
	MDB_txn *txn;
	int rc = kv_write_begin(&p->kv, &txn);

	if (rc) {
		return rc;
	}
	memset(octets, with, sizeof octets);
	rc = mdb_put(txn, p->dbi, &key, &val, 0);
	if (rc) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

static int put_many(struct place *p, unsigned n)
{
	int rc = 0;

	for (unsigned i = 0; i < n && !rc; i++) {
		rc = put_once(p, (uint8_t)(i | 1));
	}
	return rc;
}

static void test_a_reader_that_died_keeps_no_page(void **state)
{
	struct place *p = *state;

	begin_reader(p);
	end_child(p);
	assert_int_equal(put_many(p, 200), 0); /* six times the map */
	assert_int_equal(p->kv.cleared, 1);
}

static void test_a_reader_that_lives_is_shown_with_what_it_holds(void **state)
{
	struct place *p = *state;
	struct kv_room room;

	assert_int_equal(put_many(p, 5), 0);
	assert_int_equal(kv_room_look(&p->kv, &room), 0);
	assert_int_equal(room.oldest.pid, 0);
	assert_int_equal(room.held, 0);
	begin_reader(p);
	assert_int_equal(put_many(p, 10), 0);
	assert_int_equal(kv_room_look(&p->kv, &room), 0);
	assert_int_equal(room.oldest.pid, p->child);
	assert_false(room.oldest.ours);
	assert_int_equal(room.oldest.behind, 10);
	assert_true(room.held >= 8 * VALUE_LEN);
	assert_int_equal(room.size_max, MAP_MAX);
	assert_true(room.map_left + room.held < MAP_MAX);
	end_child(p);
	assert_int_equal(kv_room_look(&p->kv, &room), 0);
	assert_int_equal(room.oldest.pid, 0);
	assert_int_equal(room.cleared, 1);
	assert_true(room.disk_max >= room.disk && room.disk > 0 && room.left <= room.map_left);
	assert_true(room.map_left > MAP_MAX - 4 * VALUE_LEN - (128u << 10));
}

static void test_a_full_store_names_its_key_and_who_holds_its_pages(void **state)
{
	struct place *p = *state;
	char words[300], pid[32];
	int rc;

	begin_reader(p);
	rc = put_many(p, 200);
	assert_int_equal(rc, MDB_MAP_FULL);
	kv_words(&p->kv, rc, words, sizeof words);
	snprintf(pid, sizeof pid, "process %d:", (int)p->child);
	assert_non_null(strstr(words, "raise test.size_max"));
	assert_non_null(strstr(words, pid));
	end_child(p);
	assert_int_equal(put_many(p, 200), 0); /* nobody had to clear it by hand */
}

static void test_what_this_process_reads_is_told_apart(void **state)
{
	struct place *p = *state;
	struct kv_reader r;
	MDB_txn *txn;

	assert_int_equal(mdb_txn_begin(p->kv.env, NULL, MDB_RDONLY, &txn), 0);
	kv_reader_oldest(&p->kv, &r);
	assert_int_equal(r.pid, 0); /* it reads the newest state */
	assert_int_equal(put_many(p, 3), 0);
	kv_reader_oldest(&p->kv, &r);
	assert_int_equal(r.pid, getpid());
	assert_true(r.ours);
	assert_int_equal(r.behind, 3);
	mdb_txn_abort(txn);
}

static void test_no_room_on_disk_is_told_apart_from_a_full_store(void **state)
{
	struct place *p = *state;
	char words[300];

	assert_non_null(strstr(kv_words(&p->kv, ENOSPC, words, sizeof words), "make room on its disk"));
	assert_null(strstr(words, "size_max"));
	assert_string_equal(kv_words(NULL, EACCES, words, sizeof words), strerror(EACCES));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_reader_that_died_keeps_no_page, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_reader_that_lives_is_shown_with_what_it_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_full_store_names_its_key_and_who_holds_its_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_this_process_reads_is_told_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room_on_disk_is_told_apart_from_a_full_store, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
