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

static int look(MDB_txn *txn, const char *const *names, bool *known, size_t n)
{
	uint8_t room[ASC_KEY_MAX];
	MDB_dbi scs;
	int rc = mdb_dbi_open(txn, "scs", 0, &scs);

	for (size_t i = 0; i < n && !rc; i++) {
		MDB_val key = asc_key_text(room, names[i]), row;

		rc = mdb_get(txn, scs, &key, &row);
		known[i] = !rc;
		rc = rc == MDB_NOTFOUND ? 0 : rc;
	}
	return rc == MDB_NOTFOUND ? MDB_INVALID : rc; /* no database of SCSs: not our store */
}

static int read_store(MDB_env *env, const char *dir, off_t size, bool owned, const char *const *names, bool *known, size_t n)
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
		rc = look(txn, names, known, n);
		mdb_txn_abort(txn);
	}
	return rc;
}

int asc_peek_scs(const char *dir, const char *const *names, bool *known, size_t n)
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
		rc = read_store(env, dir, st.st_size, lock == OWNED, names, known, n);
		mdb_env_close(env);
	}
	if (lock >= 0) {
		close(lock);
	}
	return kv_err(rc);
}
