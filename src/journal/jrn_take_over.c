/* jrn_take_over.c - the lock of the directory, and journals of formats 1 to 3, which were LMDB
 * environments.
 *
 * Such a journal is read once and written as a log. One rename switches: before it the LMDB
 * journal counts, after it the log. So a crash at any instant leaves one of the two whole:
 *   1. segments are written under names that do not count (new-*.log), and are durable;
 *   2. data.mdb is replaced by a small environment of format 4, by a rename;
 *   3. the segments get their names. A start that finds such an environment and such names goes on
 * here.
 * That small environment stays: programs for formats 1 to 3 find it and refuse the journal as one
 * of a newer program. The old records are not kept: they would be out of date with the first
 * trigger. */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/kv.h"
#include "base/kv_compact.h"
#include "base/lock.h"
#include "base/shown.h"
#include "journal/jrn_anew.h"
#include "journal/jrn_int.h"

#define FORMAT_OLDEST 1u
#define MARK_FORMAT 4u /* that a log is there; which one, its segments say */
#define KIND "trigger journal"
#define MARK_MAX (64 << 10) /* octets; an environment with one page of each kind */

struct old { /* the LMDB journal */
	struct kv kv;
	MDB_txn *txn;
	MDB_cursor *cur;
};

static int fail(struct jrn_store *s, int err, const char *doing, const char *words)
{
	snprintf(s->last.text, sizeof s->last.text, "trigger journal %s: cannot %s: %s", s->dir, doing, words);
	return err;
}

static int fail_rc(struct jrn_store *s, int rc, const char *doing)
{
	return fail(s, jrn_disk_err(rc), doing, strerror(-rc));
}

/* -- reading it */

static void end_reading(struct old *o)
{
	if (o->cur) {
		mdb_cursor_close(o->cur);
	}
	if (o->txn) {
		mdb_txn_abort(o->txn);
	}
}

static int get_reserved(struct old *o, uint64_t *out)
{
	static char name[] = "reserved"; /* LMDB reads it, but its type has no const */
	MDB_val key = { sizeof name - 1, name }, val;
	int rc = mdb_get(o->txn, o->kv.meta, &key, &val);
	struct rd r;

	*out = 1;
	if (rc) {
		return rc == MDB_NOTFOUND ? 0 : rc;
	}
	r = rd_over(val.mv_data, val.mv_size);
	*out = rd_le64(&r);
	return r.bad || rd_left(&r) ? MDB_CORRUPTED : 0;
}

static int begin_reading(struct old *o, uint64_t *reserved)
{
	MDB_dbi triggers;
	int rc = mdb_txn_begin(o->kv.env, NULL, MDB_RDONLY, &o->txn);

	if (!rc) {
		rc = get_reserved(o, reserved);
	}
	if (!rc) {
		rc = mdb_dbi_open(o->txn, "triggers", MDB_INTEGERKEY, &triggers);
	}
	return rc ? rc : mdb_cursor_open(o->txn, triggers, &o->cur);
}

static int next_record(struct old *o, struct jrn_record *r)
{
	MDB_val key, val;
	int rc = o->cur ? mdb_cursor_get(o->cur, &key, &val, MDB_NEXT) : MDB_NOTFOUND;

	if (rc) {
		return rc;
	}
	if (key.mv_size != sizeof r->number || val.mv_size > JRN_RECORD_MAX) {
		return MDB_CORRUPTED;
	}
	memcpy(&r->number, key.mv_data, sizeof r->number);
	r->content = val.mv_data;
	r->len = (uint32_t)val.mv_size;
	r->kind = JRN_RECORD_PUT;
	return 0;
}

/* -- writing the log */

static int write_all(struct jrn_store *s, struct jrn_anew *a, struct old *o)
{
	struct jrn_record r;
	int rc = 0, err = 0;

	while (!err && (rc = next_record(o, &r)) == 0) {
		err = jrn_anew_add(a, &r);
	}
	if (rc && rc != MDB_NOTFOUND) {
		return fail(s, kv_err(rc), "read its records", mdb_strerror(rc));
	}
	return err ? err : jrn_anew_flush(a);
}

static int write_log(struct jrn_store *s, struct old *o, uint64_t *records)
{
	struct jrn_anew a;
	uint64_t reserved = 1;
	int rc = begin_reading(o, &reserved), err;

	if (rc && rc != MDB_NOTFOUND) { /* not found: no record was ever put */
		end_reading(o);
		return fail(s, kv_err(rc), "read its databases", mdb_strerror(rc));
	}
	err = jrn_anew_begin(&a, s->log.disk, s->dir, s->log.segment_size, reserved, &s->last);
	if (!err) {
		err = write_all(s, &a, o);
	}
	*records = a.l.live;
	jrn_anew_end(&a);
	end_reading(o);
	return err;
}

/* -- the environment that only says that there is a log */

static int write_mark(const char *path)
{
	const struct kv_conf kc = { .kind = KIND, .format = MARK_FORMAT };
	struct kv k = { .lock_fd = -1 };
	MDB_txn *txn;
	int rc = mdb_env_create(&k.env);

	if (rc) {
		return rc;
	}
	rc = mdb_env_set_maxdbs(k.env, 1);
	if (!rc) {
		rc = mdb_env_open(k.env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
	}
	if (!rc) {
		rc = mdb_txn_begin(k.env, NULL, 0, &txn);
	}
	if (!rc) {
		rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &k.meta);
		if (!rc) {
			rc = kv_put_format(&k, txn, &kc);
		}
		if (rc) {
			mdb_txn_abort(txn);
		} else {
			rc = mdb_txn_commit(txn);
		}
	}
	mdb_env_close(k.env);
	return rc;
}

int jrn_mark(struct jrn_store *s)
{
	char path[KV_PATH_MAX];
	int rc;

	snprintf(path, sizeof path, "%s/data.mdb.new", s->dir);
	file_remove(path);
	rc = write_mark(path);
	if (rc) {
		return fail(s, kv_err(rc), "write data.mdb.new", mdb_strerror(rc));
	}
	rc = s->disk.rename(s->disk.arg, "data.mdb.new", "data.mdb");
	if (!rc) {
		rc = s->disk.sync_dir(s->disk.arg);
	}
	if (rc) {
		return fail_rc(s, rc, "put data.mdb in its place");
	}
	s->marked = true;
	return 0;
}

/* What an earlier attempt left. */
static int clean(struct jrn_store *s)
{
	bool segments;
	int rc = jrn_anew_clean(s->log.disk, &segments);

	if (rc) {
		return fail_rc(s, rc, "remove what an earlier attempt left");
	}
	if (segments) {
		snprintf(
		    s->last.text, sizeof s->last.text,
		    "trigger journal %s: there is the journal of an older version (data.mdb) beside the segments of this one "
		    "(*.log). Move the one that does not belong here elsewhere",
		    s->dir);
		return ERR_PROTO;
	}
	return 0;
}

static int give_names(struct jrn_store *s)
{
	int rc = jrn_anew_name(s->log.disk);

	return rc ? fail_rc(s, rc, "give the segments their names") : 0;
}

/* -- all */

static int lock_alone(struct jrn_store *s)
{
	int fd = openat((int)((intptr_t)s->disk.arg - 1), "owner.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err;

	if (fd < 0) {
		return fail_rc(s, -errno, "open owner.lock");
	}
	s->lock_fd = fd;
	err = lock_take(fd, s->lock_wait_ms);
	if (err == ERR_BUSY) {
		return fail(s, err, "lock it", "another process uses it");
	}
	return err ? fail_rc(s, -errno, "lock it") : 0;
}

static int take_over(struct jrn_store *s, struct old *o, char *say, size_t say_cap)
{
	char count[SHOWN_COUNT_MAX];
	uint64_t records = 0;
	int err = clean(s);

	if (!err) {
		err = write_log(s, o, &records);
	}
	mdb_env_close(o->kv.env);
	o->kv.env = NULL;
	if (!err) {
		err = jrn_mark(s);
	}
	if (!err) {
		snprintf(say, say_cap, "%s: the journal of an older version, %s, was taken over", s->dir,
			 shown_count(count, records, "record"));
	}
	return err;
}

/* A file as write_mark() makes it. It is read without LMDB, which would need room for its table of
 * readers; on a full disk there may be none. */
bool jrn_is_mark(const struct jrn_disk *disk)
{
	static const char words[] = "format\4\0\0\0" KIND;
	static const size_t len = sizeof words - 1;
	int fd = disk->open(disk->arg, "data.mdb", JRN_OPEN_READ);
	uint8_t *p = malloc(MARK_MAX);
	int64_t n = -1;
	bool found;

	_Static_assert(MARK_FORMAT == 4, "the words name the format");
	if (fd >= 0 && p) {
		n = disk->pread(disk->arg, fd, p, MARK_MAX, 0);
	}
	if (fd >= 0) {
		disk->close(disk->arg, fd);
	}
	found = n > 0 && n < MARK_MAX && memmem(p, (size_t)n, words, len);
	free(p);
	return found;
}

int jrn_take_over(struct jrn_store *s, char *say, size_t say_cap)
{
	struct kv_conf kc = { .dir = s->dir,
			      .kind = KIND,
			      .format = MARK_FORMAT,
			      .format_oldest = FORMAT_OLDEST,
			      .map_max = s->log.size_max,
			      .databases = 2,
			      .size_key = "journal.size_max" };
	struct old o = { .kv = { .lock_fd = -1 } };
	char path[KV_PATH_MAX];
	int err;

	snprintf(path, sizeof path, "%s/data.mdb", s->dir);
	if (access(path, F_OK) < 0) {
		return lock_alone(s);
	}
	if (jrn_is_mark(&s->disk)) {
		s->marked = true;
		err = lock_alone(s);
		return err ? err : give_names(s);
	}
	err = kv_open(&o.kv, &kc, s->last.text, sizeof s->last.text);
	if (err) {
		return err;
	}
	s->lock_fd = o.kv.lock_fd;
	o.kv.lock_fd = -1; /* the lock stays */
	s->marked = o.kv.format == MARK_FORMAT;
	err = s->marked ? 0 : take_over(s, &o, say, say_cap);
	kv_close(&o.kv);
	return err ? err : give_names(s);
}
