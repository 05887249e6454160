/* kv_compact.c - the new file is whole and on disk before it takes the name of the old file. So a
 * crash at any instant leaves one of the two. */
#include "base/kv_compact.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/kv.h"

#define FREE_DBI 0 /* LMDB's own: transaction -> number of pages, pages */

static void path_of(char out[KV_PATH_MAX + 32], const char *dir, const char *name)
{
	snprintf(out, KV_PATH_MAX + 32, "%s/%s", dir, name);
}

void kv_compact_clean(const char *dir)
{
	char path[KV_PATH_MAX + 32];

	path_of(path, dir, "data.mdb.new");
	(void)unlink(path); /* usually there is no such file */
}

static int free_pages(MDB_env *env, uint64_t *n)
{
	MDB_cursor *cur;
	MDB_val key, val;
	MDB_txn *txn;
	size_t pages;
	int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);

	*n = 0;
	if (rc) {
		return rc;
	}
	rc = mdb_cursor_open(txn, FREE_DBI, &cur);
	if (rc) {
		mdb_txn_abort(txn);
		return rc;
	}
	while ((rc = mdb_cursor_get(cur, &key, &val, MDB_NEXT)) == 0) {
		if (val.mv_size < sizeof pages) {
			break;
		}
		memcpy(&pages, val.mv_data, sizeof pages);
		*n += pages;
	}
	mdb_cursor_close(cur);
	mdb_txn_abort(txn);
	return rc == MDB_NOTFOUND ? 0 : MDB_CORRUPTED;
}

static bool worth_it(MDB_env *env, uint64_t above)
{
	MDB_envinfo info;
	MDB_stat stat;
	uint64_t pages, spare;

	mdb_env_info(env, &info);
	mdb_env_stat(env, &stat);
	pages = (uint64_t)info.me_last_pgno + 1;
	return pages * stat.ms_psize > above && free_pages(env, &spare) == 0 && spare > pages / 2;
}

int kv_copy_compact(MDB_env *env, const char *dir, uint64_t above)
{
	char path[KV_PATH_MAX + 32];
	int fd, rc;

	if (!worth_it(env, above)) {
		return ERR_EXISTS;
	}
	path_of(path, dir, "data.mdb.new");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return ERR_IO;
	}
	rc = mdb_env_copyfd2(env, fd, MDB_CP_COMPACT);
	if (!rc && fsync(fd) < 0) {
		rc = MDB_PANIC;
	}
	if (close(fd) < 0) {
		rc = MDB_PANIC;
	}
	if (rc) {
		kv_compact_clean(dir);
	}
	return rc ? ERR_IO : 0;
}

/* LMDB holds a read lock on its table while the store is open. */
static bool open_elsewhere(const char *dir)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	char path[KV_PATH_MAX + 32];
	bool held;
	int fd;

	path_of(path, dir, "lock.mdb");
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		return true;
	}
	held = fcntl(fd, F_SETLK, &all) < 0;
	close(fd);
	return held;
}

void kv_compact_switch(const char *dir)
{
	char from[KV_PATH_MAX + 32], to[KV_PATH_MAX + 32];

	path_of(from, dir, "data.mdb.new");
	path_of(to, dir, "data.mdb");
	if (open_elsewhere(dir) || rename(from, to) < 0) {
		kv_compact_clean(dir);
		return;
	}
	file_sync_dir(dir);
}
