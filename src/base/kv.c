/* kv.c - the conditions under which LMDB may map a file. LMDB trusts its pages, and access to a
 * page past the end of the file is a SIGBUS. */
#include "base/kv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/kv_compact.h"
#include "base/kv_readers.h"
#include "base/kv_walk.h"
#include "base/lock.h"

#define KV_KIND_MAX 64
#define READERS_DEFAULT 126u /* LMDB's */
#define TABLE_LEN(readers) (192 + ((off_t)(readers)-1) * 64)

struct opening { /* one kv_open() under way */
	const struct kv_conf *conf;
	char *why;
	size_t why_cap;
};

int kv_err(int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case MDB_NOTFOUND:
		return ERR_NOTFOUND;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_NOSPC;
	case ENOMEM:
		return ERR_NOMEM;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_INCOMPATIBLE:
		return ERR_PROTO;
	case MDB_VERSION_MISMATCH:
		return ERR_VERSION;
	default:
		return ERR_IO;
	}
}

__attribute__((format(printf, 3, 4))) static int fail(const struct opening *o, int err, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(o->why, o->why_cap, "%s %s: ", o->conf->kind, o->conf->dir);

	va_start(ap, fmt);
	if (n >= 0 && (size_t)n < o->why_cap) {
		vsnprintf(o->why + n, o->why_cap - (size_t)n, fmt, ap);
	}
	va_end(ap);
	return err;
}

static int fail_rc(const struct opening *o, int rc, const char *doing)
{
	int err = kv_err(rc);

	if (rc == MDB_MAP_FULL) {
		return fail(o, err, "cannot %s: it is full (%llu bytes); raise %s", doing, (unsigned long long)o->conf->map_max,
			    o->conf->size_key ? o->conf->size_key : "its size");
	}

	if (err == ERR_VERSION) {
		return fail(o, err, "its database file is of another LMDB version");
	}
	if (err == ERR_PROTO) {
		return fail(o, err, "its database file is damaged or not a database (%s)", mdb_strerror(rc));
	}
	return fail(o, err, "cannot %s: %s", doing, mdb_strerror(rc));
}

/* A lock of our own. LMDB lets several processes write in turns, but our copies in memory would
 * then be outdated. */
static int take_lock(struct kv *k, const struct opening *o)
{
	char path[KV_PATH_MAX];
	int err;

	if (snprintf(path, sizeof path, "%s/owner.lock", o->conf->dir) >= (int)sizeof path) {
		return fail(o, ERR_INVAL, "the path is longer than %d bytes", KV_PATH_MAX);
	}
	if (mkdir(o->conf->dir, 0700) < 0 && errno != EEXIST) {
		return fail(o, kv_err(errno), "cannot make the directory: %s", strerror(errno));
	}
	k->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (k->lock_fd < 0) {
		return fail(o, kv_err(errno), "cannot open %s: %s", path, strerror(errno));
	}
	err = lock_take(k->lock_fd, o->conf->lock_wait_ms);
	if (err == ERR_BUSY) {
		return fail(o, err, "locked: another process uses it");
	}
	return err ? fail(o, err, "cannot lock %s: %s", path, strerror(errno)) : 0;
}

/* LMDB writes its table of readers through a memory map. On a full disk that is a SIGBUS unless the
 * blocks are allocated before. */
static int reserve_table(const struct opening *o)
{
	char path[KV_PATH_MAX];
	int fd, rc;

	snprintf(path, sizeof path, "%s/lock.mdb", o->conf->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return fail(o, kv_err(errno), "cannot open %s: %s", path, strerror(errno));
	}
	rc = posix_fallocate(fd, 0, TABLE_LEN(o->conf->readers_max ? o->conf->readers_max : READERS_DEFAULT));
	close(fd);
	return rc && rc != EOPNOTSUPP && rc != EINVAL ? fail(o, kv_err(rc), "cannot make %s: %s", path, strerror(rc)) : 0;
}

/* 0 also if there is no file yet: then *size is 0 and *there is false. */
static int file_size(const struct opening *o, uint64_t *size, bool *there)
{
	char path[KV_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "%s/data.mdb", o->conf->dir);
	*size = 0;
	*there = stat(path, &st) == 0;
	if (!*there) {
		return errno == ENOENT ? 0 : fail(o, ERR_IO, "cannot look at %s: %s", path, strerror(errno));
	}
	*size = (uint64_t)st.st_size;
	if (*size == 0) {
		return fail(o, ERR_PROTO, "%s is empty: truncated, or its first writing was cut short", path);
	}
	return 0;
}

static int fail_truncated(const struct opening *o, uint64_t size, uint64_t need)
{
	return fail(o, ERR_PROTO, "its file is truncated: %llu bytes of %llu are there", (unsigned long long)size,
		    (unsigned long long)need);
}

/* LMDB writes whole pages and may leave free pages at the end of its file unwritten. So a short
 * file can be whole. Extended to its full length, the file can be read without SIGBUS. If a missing
 * page is in use, the file gets its old length back and is refused. */
static int check_length(struct kv *k, const struct opening *o, uint64_t size)
{
	MDB_envinfo info;
	MDB_stat stat;
	uint64_t need;
	int fd, rc;

	mdb_env_info(k->env, &info);
	mdb_env_stat(k->env, &stat);
	need = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
	if (size >= need) {
		return 0;
	}
	if (size % stat.ms_psize) {
		return fail_truncated(o, size, need);
	}
	rc = mdb_env_get_fd(k->env, &fd);
	if (rc) {
		return fail_rc(o, rc, "find its file");
	}
	if (ftruncate(fd, (off_t)need) < 0) {
		return fail(o, kv_err(errno), "cannot check its short file: %s", strerror(errno));
	}
	rc = kv_walk(k->env);
	if (!rc) {
		return 0;
	}
	if (ftruncate(fd, (off_t)size) < 0) {
		return fail(o, ERR_PROTO, "its file is truncated (and %s)", strerror(errno));
	}
	return fail_truncated(o, size, need);
}

static MDB_val format_key(void)
{
	static char name[] = "format"; /* LMDB reads it, but its type has no const */

	return (MDB_val){ sizeof name - 1, name };
}

/* "format" -> version u32 LE, kind. Written when the store is created and when an older store is
 * converted. */
int kv_put_format(struct kv *k, MDB_txn *txn, const struct kv_conf *c)
{
	uint8_t bytes[4 + KV_KIND_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = format_key(), val;

	buf_le32(&b, c->format);
	buf_bytes(&b, c->kind, strlen(c->kind));
	if (b.full) {
		return EINVAL;
	}
	val = (MDB_val){ b.len, bytes };
	return mdb_put(txn, k->meta, &key, &val, 0);
}

static int check_format(MDB_txn *txn, struct kv *k, const struct opening *o)
{
	MDB_val key = format_key(), val;
	int rc = mdb_get(txn, k->meta, &key, &val);
	const struct kv_conf *c = o->conf;
	struct rd r;
	uint32_t version;

	if (rc == MDB_NOTFOUND) {
		return fail(o, ERR_PROTO, "a database without a format record: not a %s", c->kind);
	}
	if (rc) {
		return fail_rc(o, rc, "read its format");
	}
	r = rd_over(val.mv_data, val.mv_size);
	version = rd_le32(&r);
	if (r.bad || rd_left(&r) != strlen(c->kind) || memcmp(r.p, c->kind, strlen(c->kind)) != 0) {
		return fail(o, ERR_PROTO, "holds something else, not a %s", c->kind);
	}
	k->format = version;
	if (version > c->format || version < (c->format_oldest ? c->format_oldest : c->format)) {
		return fail(o, ERR_VERSION, "its format is version %u, this program knows version %u%s", version, c->format,
			    version > c->format ? ": it was written by a newer program" : "");
	}
	return 0;
}

static int open_meta(struct kv *k, const struct opening *o, bool fresh)
{
	MDB_txn *txn;
	int rc, err;

	rc = fresh ? kv_write_begin(k, &txn) : mdb_txn_begin(k->env, NULL, MDB_RDONLY, &txn);
	if (rc) {
		return fail_rc(o, rc, "begin");
	}
	rc = mdb_dbi_open(txn, "meta", fresh ? MDB_CREATE : 0, &k->meta);
	k->format = o->conf->format;
	if (!rc && fresh) {
		rc = kv_put_format(k, txn, o->conf);
	}
	if (rc == MDB_NOTFOUND) {
		err = fail(o, ERR_PROTO, "a database without a format record: not a %s", o->conf->kind);
	} else if (rc) {
		err = fail_rc(o, rc, fresh ? "write its format" : "read its format");
	} else {
		err = fresh ? 0 : check_format(txn, k, o);
	}
	if (err) {
		mdb_txn_abort(txn);
		return err;
	}
	rc = mdb_txn_commit(txn); /* of the read-only one too: it keeps the handle open */
	return rc ? fail_rc(o, rc, "commit") : 0;
}

static int open_env(struct kv *k, const struct opening *o)
{
	const struct kv_conf *c = o->conf;
	uint64_t size;
	bool there;
	int err = file_size(o, &size, &there), rc;

	if (err) {
		return err;
	}
	rc = mdb_env_create(&k->env);
	if (!rc) {
		rc = mdb_env_set_maxdbs(k->env, c->databases + 1);
	}
	if (!rc) {
		rc = mdb_env_set_mapsize(k->env, (size_t)c->map_max);
	}
	if (!rc && c->readers_max) {
		rc = mdb_env_set_maxreaders(k->env, c->readers_max);
	}
	if (!rc) {
		rc = mdb_env_open(k->env, c->dir, MDB_NOTLS | MDB_NORDAHEAD, 0600);
	}
	if (rc) {
		return fail_rc(o, rc, "open its database");
	}
	if (there) {
		err = check_length(k, o, size);
	}
	return err ? err : open_meta(k, o, !there);
}

static void close_env(struct kv *k)
{
	if (k->env) {
		mdb_env_close(k->env);
	}
	k->env = NULL;
}

/* If a new file was written, it replaces the old one. A crash at any instant leaves one of the two,
 * whole. */
static int compact(struct kv *k, const struct opening *o)
{
	if (!o->conf->compact_above || kv_copy_compact(k->env, o->conf->dir, o->conf->compact_above)) {
		return 0;
	}
	close_env(k);
	kv_compact_switch(o->conf->dir);
	return open_env(k, o);
}

int kv_open(struct kv *out, const struct kv_conf *c, char *why, size_t why_cap)
{
	struct opening o = { c, why, why_cap };
	struct kv k = { .lock_fd = -1, .size_key = c->size_key };
	int err;

	if (why_cap) {
		why[0] = 0;
	}
	err = take_lock(&k, &o);
	if (!err) {
		err = reserve_table(&o);
	}
	if (!err) {
		kv_compact_clean(c->dir);
		err = open_env(&k, &o);
	}
	if (!err) {
		err = compact(&k, &o);
	}
	if (err) {
		kv_close(&k);
		return err;
	}
	*out = k;
	return 0;
}

void kv_close(struct kv *k)
{
	close_env(k);
	if (k->lock_fd >= 0) {
		close(k->lock_fd); /* releases the lock */
	}
	*k = (struct kv){ .lock_fd = -1 };
}

const char *kv_library_version(char out[KV_VERSION_MAX])
{
	int major, minor, patch;

	(void)mdb_version(&major, &minor, &patch);
	snprintf(out, KV_VERSION_MAX, "%d.%d.%d", major, minor, patch);
	return out;
}
