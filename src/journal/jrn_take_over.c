/* jrn_take_over.c - the lock of the directory, and journals of formats 1 to 3, which were LMDB environments.
 *
 * Such a journal is read once and written as a log. One rename switches: before it the LMDB
 * journal counts, after it the log. So a crash at any instant leaves one of the two whole:
 *   1. segments are written under names that do not count (new-*.log), and are durable;
 *   2. data.mdb is replaced by a small environment of format 4, by a rename;
 *   3. the segments get their names. A start that finds such an environment and such names goes on here.
 * That small environment stays: programs for formats 1 to 3 find it and refuse the journal as one
 * of a newer program. The old records are not kept: they would be out of date with the first trigger. */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/kv.h"
#include "base/kv_compact.h"
#include "base/shown.h"
#include "journal/jrn_int.h"

#define FORMAT_OLDEST 1u
#define KIND "trigger journal"
#define NAMES_MAX 65536u

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

static int write_commit(struct jrn_log *l)
{
	int err = jrn_log_write(l);
	return err;
}

static int write_record(struct jrn_log *l, const struct jrn_record *r)
{
	size_t size = jrn_record_size(r->len);
	int err = 0;

	if (!jrn_log_fits(l, size) && l->build.records) {
		err = write_commit(l);
	}
	if (!err && !jrn_log_fits(l, size)) {
		err = jrn_segment_next(l, true);
	}
	return err ? err : jrn_log_append(l, r);
}

static int write_all(struct jrn_store *s, struct jrn_log *l, struct old *o)
{
	struct jrn_record r;
	int rc = begin_reading(o, &l->reserved), err = 0;

	if (rc == MDB_NOTFOUND) {
		rc = 0; /* no record was ever put */
	}
	if (!rc) {
		err = jrn_segment_next(l, true);
	}
	while (!rc && !err && (rc = next_record(o, &r)) == 0) {
		err = write_record(l, &r);
	}
	end_reading(o);
	if (rc && rc != MDB_NOTFOUND) {
		return fail(s, kv_err(rc), "read its records", mdb_strerror(rc));
	}
	return err ? err : write_commit(l); /* also without records: for the numbers that were given out */
}

static int write_log(struct jrn_store *s, struct old *o, uint64_t *records)
{
	struct jrn_log l = { .disk = s->log.disk,
			     .dir = s->dir,
			     .why = &s->last,
			     .segment_size = s->log.segment_size,
			     .size_max = UINT64_MAX / 2,
			     .taking_over = true };
	int err = jrn_log_init(&l);

	if (!err) {
		err = write_all(s, &l, o);
	}
	*records = l.live;
	jrn_log_fini(&l);
	return err;
}

/* -- the environment that only says that there is a log */

static int write_mark(const char *path)
{
	const struct kv_conf kc = { .kind = KIND, .format = JRN_VERSION };
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

/* -- names */

struct names {
	uint64_t *number;
	size_t n;
	bool segments;
};

static int on_name(void *arg, const char *name, uint64_t size)
{
	struct names *w = arg;
	uint64_t number;
	enum jrn_name kind = jrn_name_kind(name, &number);

	(void)size;
	w->segments = w->segments || kind == JRN_NAME_SEGMENT;
	if (kind == JRN_NAME_TAKING_OVER && w->n < NAMES_MAX) {
		w->number[w->n++] = number;
	}
	return 0;
}

static int look(struct jrn_store *s, struct names *w)
{
	int rc;

	*w = (struct names){ .number = malloc(NAMES_MAX * sizeof *w->number) };
	if (!w->number) {
		return ERR_NOMEM;
	}
	rc = s->disk.list(s->disk.arg, on_name, w);
	return rc < 0 ? fail_rc(s, rc, "read its directory") : 0;
}

static int give_names(struct jrn_store *s)
{
	struct names w;
	int err = look(s, &w), rc = 0;

	for (size_t i = 0; !err && !rc && i < w.n; i++) {
		char from[40], to[32];

		jrn_segment_name(to, w.number[i]);
		snprintf(from, sizeof from, "new-%s", to);
		rc = s->disk.rename(s->disk.arg, from, to);
	}
	if (!err && !rc && w.n) {
		rc = s->disk.sync_dir(s->disk.arg);
	}
	free(w.number);
	return err ? err : rc ? fail_rc(s, rc, "give the segments their names") : 0;
}

/* What an earlier attempt left. */
static int clean(struct jrn_store *s)
{
	struct names w;
	int err = look(s, &w);

	for (size_t i = 0; !err && i < w.n; i++) {
		char name[40];

		snprintf(name, sizeof name, "new-%0*llu.log", JRN_NUMBER_DIGITS, (unsigned long long)w.number[i]);
		err_ignore(s->disk.unlink(s->disk.arg, name), "it is made anew");
	}
	if (!err && w.segments) {
		snprintf(
		    s->last.text, sizeof s->last.text,
		    "trigger journal %s: there is the journal of an older version (data.mdb) beside the segments of this one "
		    "(*.log). Move the one that does not belong here elsewhere",
		    s->dir);
		err = ERR_PROTO;
	}
	free(w.number);
	return err;
}

/* -- all */

static int lock_alone(struct jrn_store *s)
{
	int fd = openat((int)((intptr_t)s->disk.arg - 1), "owner.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		return fail_rc(s, -errno, "open owner.lock");
	}
	s->lock_fd = fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		return errno == EWOULDBLOCK ? fail(s, ERR_BUSY, "lock it", "another process uses it")
					    : fail_rc(s, -errno, "lock it");
	}
	return 0;
}

static int take_over(struct jrn_store *s, struct old *o, char *say, size_t say_cap)
{
	char count[SHOWN_COUNT_MAX];
	uint64_t records;
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

int jrn_take_over(struct jrn_store *s, char *say, size_t say_cap)
{
	struct kv_conf kc = { .dir = s->dir,
			      .kind = KIND,
			      .format = JRN_VERSION,
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
	err = kv_open(&o.kv, &kc, s->last.text, sizeof s->last.text);
	if (err) {
		return err;
	}
	s->marked = o.kv.format == JRN_VERSION;
	s->lock_fd = o.kv.lock_fd;
	o.kv.lock_fd = -1; /* the lock stays */
	if (!s->marked) {
		err = take_over(s, &o, say, say_cap);
	}
	kv_close(&o.kv);
	return err ? err : give_names(s);
}
