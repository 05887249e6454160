/* bench_wal.c - durable commits of the same records through kept libraries and through bare writes.
 * One run measures one engine; scripts/bench-wal runs them in turn and prints the medians. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <rocksdb/c.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"

#define RECORD_LEN 600u
#define BATCH_MAX 4096u
#define COMMIT_HEAD 64u /* octets that a log adds to a commit, and to a record */
#define RECORD_HEAD 32u
#define BLOCK 4096u
#define SEGMENT (64u << 20)
#define BEHIND 64u /* a deleted record was put this many commits before */
#define TOOK_MAX (1u << 20)

struct run {
	const char *dir;
	uint32_t batch;
	bool deletes;
	uint64_t first; /* number of the first record of the commit */
	uint8_t record[RECORD_LEN];
};

struct engine {
	const char *name;
	void (*open)(const struct run *r);
	void (*commit)(const struct run *r);
	void (*close)(void);
};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "bench_wal: %s: %s\n", what, why);
	exit(1);
}

static void check(const char *what, bool well)
{
	if (!well) {
		fail(what, strerror(errno));
	}
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static uint64_t old_first(const struct run *r)
{
	uint64_t behind = (uint64_t)BEHIND * r->batch;

	return r->deletes && r->first > behind ? r->first - behind : 0;
}

/* -- bare writes of the octets that a log would write: headers and records, padded to blocks */

static struct {
	int fd;
	uint8_t *block;
	off_t at;
	bool flush, append;
} bare;

static void bare_open_with(const struct run *r, int flags, bool flush, bool append)
{
	char path[4096];
	size_t most = COMMIT_HEAD + (size_t)BATCH_MAX * (2 * RECORD_HEAD + RECORD_LEN) + BLOCK;
	const size_t piece = 1u << 20;

	snprintf(path, sizeof path, "%s/bare", r->dir);
	bare.block = aligned_alloc(BLOCK, (most + piece) / piece * piece);
	check("memory", bare.block != NULL);
	memset(bare.block, 0, piece);
	bare.flush = flush;
	bare.append = append;
	bare.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check(path, bare.fd >= 0);
	for (size_t done = 0; !append && done < SEGMENT; done += piece) {
		check(path, pwrite(bare.fd, bare.block, piece, (off_t)done) == (ssize_t)piece);
	}
	check(path, fsync(bare.fd) == 0 && close(bare.fd) == 0);
	bare.fd = open(path, O_RDWR | O_CLOEXEC | flags);
	check(path, bare.fd >= 0);
	bare.at = 0;
}

static void bare_odsync(const struct run *r)
{
	bare_open_with(r, O_DSYNC, false, false);
}

static void bare_direct(const struct run *r)
{
	bare_open_with(r, O_DSYNC | O_DIRECT, false, false);
}

static void bare_fdatasync(const struct run *r)
{
	bare_open_with(r, 0, true, false);
}

static void bare_growing(const struct run *r)
{
	bare_open_with(r, 0, true, true);
}

static void bare_commit(const struct run *r)
{
	uint8_t *to = bare.block + COMMIT_HEAD;
	size_t len;

	memset(bare.block, 1, COMMIT_HEAD);
	for (uint32_t i = 0; i < r->batch; i++) {
		memset(to, 2, RECORD_HEAD);
		memcpy(to + RECORD_HEAD, r->record, RECORD_LEN);
		to += RECORD_HEAD + RECORD_LEN;
	}
	if (r->deletes) {
		memset(to, 3, (size_t)RECORD_HEAD * r->batch);
		to += (size_t)RECORD_HEAD * r->batch;
	}
	len = ((size_t)(to - bare.block) + BLOCK - 1) / BLOCK * BLOCK;
	memset(to, 0, len - (size_t)(to - bare.block));
	if (!bare.append && bare.at + (off_t)len > (off_t)SEGMENT) {
		bare.at = 0;
	}
	check("write", pwrite(bare.fd, bare.block, len, bare.at) == (ssize_t)len);
	if (bare.flush) {
		check("flush", fdatasync(bare.fd) == 0);
	}
	bare.at += (off_t)len;
}

static void bare_close(void)
{
	close(bare.fd);
	free(bare.block);
}

/* -- LMDB, as the journal used it */

static struct {
	MDB_env *env;
	MDB_dbi dbi;
} lm;

static void lm_check(const char *what, int rc)
{
	if (rc) {
		fail(what, mdb_strerror(rc));
	}
}

static void lm_open(const struct run *r)
{
	MDB_txn *txn;

	lm_check("mdb_env_create", mdb_env_create(&lm.env));
	lm_check("mdb_env_set_mapsize", mdb_env_set_mapsize(lm.env, (size_t)8 << 30));
	lm_check("mdb_env_set_maxdbs", mdb_env_set_maxdbs(lm.env, 2));
	lm_check("mdb_env_open", mdb_env_open(lm.env, r->dir, 0, 0600));
	lm_check("mdb_txn_begin", mdb_txn_begin(lm.env, NULL, 0, &txn));
	lm_check("mdb_dbi_open", mdb_dbi_open(txn, "triggers", MDB_CREATE | MDB_INTEGERKEY, &lm.dbi));
	lm_check("mdb_txn_commit", mdb_txn_commit(txn));
}

static void lm_commit(const struct run *r)
{
	uint64_t number = r->first, old = old_first(r);
	MDB_val key = { sizeof number, &number }, val = { RECORD_LEN, (void *)(uintptr_t)r->record };
	MDB_txn *txn;

	lm_check("mdb_txn_begin", mdb_txn_begin(lm.env, NULL, 0, &txn));
	for (uint32_t i = 0; i < r->batch; i++, number++) {
		lm_check("mdb_put", mdb_put(txn, lm.dbi, &key, &val, MDB_APPEND));
	}
	key.mv_data = &old;
	for (uint32_t i = 0; old && i < r->batch; i++, old++) {
		lm_check("mdb_del", mdb_del(txn, lm.dbi, &key, NULL));
	}
	lm_check("mdb_txn_commit", mdb_txn_commit(txn));
}

static void lm_close(void)
{
	mdb_env_close(lm.env);
}

/* -- SQLite: its write-ahead log, alone in the file, statements prepared */

static struct {
	sqlite3 *db;
	sqlite3_stmt *begin, *put, *del, *end;
} sq;

static void sq_check(const char *what, int rc, int expected)
{
	if (rc != expected) {
		fail(what, sq.db ? sqlite3_errmsg(sq.db) : sqlite3_errstr(rc));
	}
}

static sqlite3_stmt *sq_statement(const char *text)
{
	sqlite3_stmt *s;

	sq_check(text, sqlite3_prepare_v3(sq.db, text, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL), SQLITE_OK);
	return s;
}

static void sq_open_with(const struct run *r, const char *synchronous)
{
	char path[4096], pragma[64];

	snprintf(path, sizeof path, "%s/sqlite.db", r->dir);
	snprintf(pragma, sizeof pragma, "PRAGMA synchronous=%s", synchronous);
	sq_check(path, sqlite3_open(path, &sq.db), SQLITE_OK);
	sq_check("locking", sqlite3_exec(sq.db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	sq_check("journal", sqlite3_exec(sq.db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL), SQLITE_OK);
	sq_check("checkpoint", sqlite3_exec(sq.db, "PRAGMA wal_autocheckpoint=4000", NULL, NULL, NULL), SQLITE_OK);
	sq_check("cache", sqlite3_exec(sq.db, "PRAGMA cache_size=-65536", NULL, NULL, NULL), SQLITE_OK);
	sq_check("synchronous", sqlite3_exec(sq.db, pragma, NULL, NULL, NULL), SQLITE_OK);
	sq_check("table", sqlite3_exec(sq.db, "CREATE TABLE triggers(number INTEGER PRIMARY KEY, record BLOB)", NULL, NULL, NULL),
		 SQLITE_OK);
	sq.begin = sq_statement("BEGIN IMMEDIATE");
	sq.put = sq_statement("INSERT INTO triggers VALUES(?, ?)");
	sq.del = sq_statement("DELETE FROM triggers WHERE number = ?");
	sq.end = sq_statement("COMMIT");
}

static void sq_full(const struct run *r)
{
	sq_open_with(r, "FULL");
}

static void sq_normal(const struct run *r)
{
	sq_open_with(r, "NORMAL");
}

static void sq_step(sqlite3_stmt *s)
{
	sq_check("step", sqlite3_step(s), SQLITE_DONE);
	sqlite3_reset(s);
}

static void sq_commit(const struct run *r)
{
	uint64_t old = old_first(r);

	sq_step(sq.begin);
	for (uint32_t i = 0; i < r->batch; i++) {
		sqlite3_bind_int64(sq.put, 1, (sqlite3_int64)(r->first + i));
		sqlite3_bind_blob(sq.put, 2, r->record, RECORD_LEN, SQLITE_STATIC);
		sq_step(sq.put);
	}
	for (uint32_t i = 0; old && i < r->batch; i++) {
		sqlite3_bind_int64(sq.del, 1, (sqlite3_int64)(old + i));
		sq_step(sq.del);
	}
	sq_step(sq.end);
}

static void sq_close(void)
{
	sqlite3_finalize(sq.begin);
	sqlite3_finalize(sq.put);
	sqlite3_finalize(sq.del);
	sqlite3_finalize(sq.end);
	sqlite3_close(sq.db);
}

/* -- RocksDB: a synced write batch; log files used again, so that a flush need not change their
 * size */

static struct {
	rocksdb_t *db;
	rocksdb_options_t *options;
	rocksdb_writeoptions_t *sync;
	rocksdb_writebatch_t *batch;
} rd;

static void rd_check(const char *what, char *error)
{
	if (error) {
		fail(what, error);
	}
}

static void rd_open_with(const struct run *r, size_t recycled)
{
	char *error = NULL;

	rd.options = rocksdb_options_create();
	rocksdb_options_set_create_if_missing(rd.options, 1);
	rocksdb_options_set_compression(rd.options, rocksdb_no_compression);
	rocksdb_options_set_write_buffer_size(rd.options, 64u << 20);
	rocksdb_options_set_max_write_buffer_number(rd.options, 4);
	rocksdb_options_set_recycle_log_file_num(rd.options, recycled);
	if (recycled) { /* with any stricter recovery RocksDB switches the recycling off */
		rocksdb_options_set_wal_recovery_mode(rd.options, rocksdb_skip_any_corrupted_records_recovery);
	}
	rd.db = rocksdb_open(rd.options, r->dir, &error);
	rd_check("rocksdb_open", error);
	rd.sync = rocksdb_writeoptions_create();
	rocksdb_writeoptions_set_sync(rd.sync, 1);
	rd.batch = rocksdb_writebatch_create();
}

static void rd_open(const struct run *r)
{
	rd_open_with(r, 0);
}

static void rd_commit(const struct run *r)
{
	uint64_t old = old_first(r);
	char *error = NULL;

	rocksdb_writebatch_clear(rd.batch);
	for (uint32_t i = 0; i < r->batch; i++) {
		uint64_t key = __builtin_bswap64(r->first + i);

		rocksdb_writebatch_put(rd.batch, (const char *)&key, sizeof key, (const char *)r->record, RECORD_LEN);
	}
	for (uint32_t i = 0; old && i < r->batch; i++) {
		uint64_t key = __builtin_bswap64(old + i);

		rocksdb_writebatch_delete(rd.batch, (const char *)&key, sizeof key);
	}
	rocksdb_write(rd.db, rd.sync, rd.batch, &error);
	rd_check("rocksdb_write", error);
}

static void rd_close(void)
{
	rocksdb_writebatch_destroy(rd.batch);
	rocksdb_writeoptions_destroy(rd.sync);
	rocksdb_close(rd.db);
	rocksdb_options_destroy(rd.options);
}

/* In a recycled log file a flush changes no size. The first memtables fill before the measuring. */
static void rd_open_recycled(const struct run *r)
{
	rocksdb_writeoptions_t *lazy = rocksdb_writeoptions_create();
	char *error = NULL;

	rd_open_with(r, 4);
	for (uint64_t i = 0; i < 2u * (64u << 20) / RECORD_LEN; i++) {
		uint64_t key = __builtin_bswap64((UINT64_C(1) << 62) + i);

		rocksdb_put(rd.db, lazy, (const char *)&key, sizeof key, (const char *)r->record, RECORD_LEN, &error);
		rd_check("rocksdb_put", error);
	}
	rocksdb_writeoptions_destroy(lazy);
	rocksdb_write(rd.db, rd.sync, rd.batch, &error);
	rd_check("rocksdb_write", error);
}

/* -- measuring */

static const struct engine engines[] = {
	{ "bare-odsync", bare_odsync, bare_commit, bare_close },
	{ "bare-fdatasync", bare_fdatasync, bare_commit, bare_close },
	{ "bare-direct", bare_direct, bare_commit, bare_close },
	{ "bare-growing", bare_growing, bare_commit, bare_close },
	{ "lmdb", lm_open, lm_commit, lm_close },
	{ "rocksdb", rd_open, rd_commit, rd_close },
	{ "rocksdb-recycled", rd_open_recycled, rd_commit, rd_close },
	{ "sqlite-full", sq_full, sq_commit, sq_close },
	{ "sqlite-normal", sq_normal, sq_commit, sq_close },
};
#define ENGINES (sizeof engines / sizeof *engines)

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(const struct engine *e, struct run *r, uint64_t most_ns)
{
	uint32_t *took_us = calloc(TOOK_MAX, sizeof *took_us);
	uint64_t began, before, after, cpu;
	size_t n = 0;

	check("memory", took_us != NULL);
	for (size_t i = 0; i < RECORD_LEN; i++) {
		r->record[i] = (uint8_t)(i * 151 + 1);
	}
	r->first = 1;
	e->open(r);
	for (int i = 0; i < 8; i++, r->first += r->batch) {
		e->commit(r);
	}
	cpu = cpu_us();
	began = before = now_ns();
	do {
		e->commit(r);
		r->first += r->batch;
		after = now_ns();
		took_us[n++] = (uint32_t)((after - before) / 1000);
		before = after;
	} while (after - began < most_ns && n < TOOK_MAX);
	cpu = cpu_us() - cpu;
	e->close();
	qsort(took_us, n, sizeof *took_us, by_size);
	printf("{\"engine\":\"%s\",\"batch\":%u,\"deletes\":%s,\"commits\":%zu,\"per_second\":%.1f,\"us\":%.1f,\"p10_us\":%u,"
	       "\"p50_us\":%u,\"p99_us\":%u,\"cpu_us\":%.1f}\n",
	       e->name, r->batch, r->deletes ? "true" : "false", n, (double)n * 1e9 / (double)(after - began),
	       (double)(after - began) / 1e3 / (double)n, took_us[n / 10], took_us[n / 2], took_us[n - n / 100 - 1],
	       (double)cpu / (double)n);
	free(took_us);
}

int main(int argc, char **argv)
{
	struct run r = { 0 };
	uint32_t ms;

	if ((argc != 5 && argc != 6) || str_parse_u32(&r.batch, argv[2], 1, BATCH_MAX) ||
	    str_parse_u32(&ms, argv[3], 1, 600000) || (argc == 6 && strcmp(argv[5], "deletes"))) {
		fprintf(stderr,
			"usage: bench_wal ENGINE BATCH MILLISECONDS DIR [deletes]   (scripts/bench-wal --help)\nengines:");
		for (size_t i = 0; i < ENGINES; i++) {
			fprintf(stderr, " %s", engines[i].name);
		}
		fputc('\n', stderr);
		return 2;
	}
	r.dir = argv[4];
	r.deletes = argc == 6;
	for (size_t i = 0; i < ENGINES; i++) {
		if (!strcmp(engines[i].name, argv[1])) {
			measure(&engines[i], &r, UINT64_C(1000000) * ms);
			return 0;
		}
	}
	fail(argv[1], "unknown engine");
}
