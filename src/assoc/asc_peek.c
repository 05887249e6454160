/* asc_peek.c - see asc_peek.h. */
#include "assoc/asc_peek.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assoc/asc_lmdb.h"
#include "assoc/asc_row.h"
#include "base/str.h"

#define PATH_SIZE 512
#define DATABASES 16u

#define OWNED (-1)   /* another process uses the store */
#define NO_FILE (-2) /* no process has used it yet */

/* Takes the lock of the owner (base/kv.h) together with other readers. Returns a descriptor that
 * keeps owners away until it is closed, or one of the two words above. */
static int keep_owner_away(const char *dir)
{
	char path[PATH_SIZE];
	int fd;

	snprintf(path, sizeof path, "%s/owner.lock", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		return NO_FILE;
	}
	if (flock(fd, LOCK_SH | LOCK_NB) < 0) {
		close(fd);
		return OWNED;
	}
	return fd;
}

/* LMDB maps the file and trusts its length: access behind its end is a SIGBUS. */
static bool is_whole(MDB_env *env, off_t size)
{
	MDB_envinfo info;
	MDB_stat stat;

	return !mdb_env_info(env, &info) && !mdb_env_stat(env, &stat) &&
	       ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize <= (uint64_t)size;
}

struct look {
	int (*fn)(MDB_txn *txn, MDB_dbi scs, struct look *l); /* a code of LMDB */
	const char *const *names;
	bool *known;
	size_t n;
	asc_scs_fn *each;
	void *arg;
	int result; /* of the walk: what `each` returned, or an error of a record */
};

static int look_names(MDB_txn *txn, MDB_dbi scs, struct look *l)
{
	uint8_t room[ASC_KEY_MAX];
	int rc = 0;

	for (size_t i = 0; i < l->n && !rc; i++) {
		MDB_val key = asc_key_text(room, l->names[i]), row;

		rc = mdb_get(txn, scs, &key, &row);
		l->known[i] = !rc;
		rc = rc == MDB_NOTFOUND ? 0 : rc;
	}
	return rc;
}

static int read_scs(struct asc_scs *out, const MDB_val *key, const MDB_val *val)
{
	uint32_t number;

	*out = (struct asc_scs){ .name = "" };
	if (!key->mv_size || str_copy(out->name, sizeof out->name, (const char *)key->mv_data + 1, key->mv_size - 1)) {
		return ERR_PROTO;
	}
	return asc_scs_record_get(out, &number, val->mv_data, val->mv_size);
}

static int look_each(MDB_txn *txn, MDB_dbi scs, struct look *l)
{
	MDB_cursor *cur;
	MDB_val key, val;
	struct asc_scs one;
	int rc = mdb_cursor_open(txn, scs, &cur);

	if (rc) {
		return rc;
	}
	while (!l->result && (rc = mdb_cursor_get(cur, &key, &val, MDB_NEXT)) == 0) {
		l->result = read_scs(&one, &key, &val);
		l->result = l->result ? l->result : l->each(l->arg, &one);
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int look(MDB_txn *txn, struct look *l)
{
	MDB_dbi scs;
	int rc = mdb_dbi_open(txn, "scs", 0, &scs);

	/* no database of SCSs: not our store */
	return rc ? (rc == MDB_NOTFOUND ? MDB_INVALID : rc) : l->fn(txn, scs, l);
}

static int read_store(MDB_env *env, const char *dir, off_t size, bool owned, struct look *l)
{
	MDB_txn *txn;
	int rc = mdb_env_set_maxdbs(env, DATABASES);

	if (!rc) {
		rc = mdb_env_open(env, dir, MDB_RDONLY | MDB_NOTLS | (owned ? 0 : MDB_NOLOCK), 0600);
	}
	if (!rc && !is_whole(env, size)) {
		rc = MDB_CORRUPTED;
	}
	if (!rc) {
		rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	}
	if (!rc) {
		rc = look(txn, l);
		mdb_txn_abort(txn);
	}
	return rc;
}

static int peek(const char *dir, struct look *l)
{
	char path[PATH_SIZE];
	struct stat st;
	MDB_env *env;
	int rc, lock;

	if (snprintf(path, sizeof path, "%s/data.mdb", dir) >= (int)sizeof path) {
		return ERR_LIMIT;
	}
	if (stat(path, &st) < 0) {
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOTFOUND : ERR_IO;
	}
	lock = keep_owner_away(dir);
	rc = mdb_env_create(&env);
	if (!rc) {
		rc = read_store(env, dir, st.st_size, lock == OWNED, l);
		mdb_env_close(env);
	}
	if (lock >= 0) {
		close(lock);
	}
	return kv_err(rc);
}

int asc_peek_scs(const char *dir, const char *const *names, bool *known, size_t n)
{
	struct look l = { .fn = look_names, .names = names, .known = known, .n = n };

	return peek(dir, &l);
}

int asc_peek_each(const char *dir, asc_scs_fn *fn, void *arg)
{
	struct look l = { .fn = look_each, .each = fn, .arg = arg };
	int err = peek(dir, &l);

	return err ? err : l.result;
}
