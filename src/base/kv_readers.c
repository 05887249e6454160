/* kv_readers.c - reads LMDB's table of readers, which LMDB gives as text only, and its list of free
 * pages, which is a database. */
#include "base/kv_readers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/shown.h"
#include "base/str.h"

#define WRITE_MAX (64u * 4096u)
#define FREE_DBI 0 /* LMDB's own: transaction that freed them -> number of pages, pages */

static void clear_dead(struct kv *k)
{
	int dead = 0;

	if (mdb_reader_check(k->env, &dead) == 0) {
		k->cleared += (uint64_t)dead;
	}
}

int kv_write_begin(struct kv *k, MDB_txn **txn)
{
	clear_dead(k);
	return mdb_txn_begin(k->env, NULL, 0, txn);
}

/* -- the oldest reader */

#define OLDEST_MAGIC 0xb4158718u
struct oldest {
	struct obj obj;
	pid_t pid;
	size_t txn;
};

/* One line of the table: process, thread, transaction or "-". The head of the table and "(no active
 * readers)" do not match. */
static int on_reader(const char *line, void *arg)
{
	struct oldest *o = OBJ_OF(arg, struct oldest, OLDEST_MAGIC);
	size_t thread, txn;
	int pid;

	if (sscanf(line, "%d %zx %zu", &pid, &thread, &txn) == 3 && (!o->pid || txn < o->txn)) {
		*o = (struct oldest){ OBJ(OLDEST_MAGIC), pid, txn };
	}
	return 0;
}

static struct oldest find_oldest(MDB_env *env)
{
	struct oldest o = { .obj = OBJ(OLDEST_MAGIC) };

	(void)mdb_reader_list(env, on_reader, &o);
	return o;
}

static void describe(struct kv_reader *out, const struct oldest *o, size_t newest)
{
	*out = (struct kv_reader){ .pid = 0 };
	if (o->pid && o->txn < newest) {
		*out = (struct kv_reader){ o->pid, o->pid == getpid(), o->txn, newest - o->txn };
	}
}

void kv_reader_oldest(const struct kv *k, struct kv_reader *out)
{
	struct oldest o = find_oldest(k->env);
	MDB_envinfo info;

	mdb_env_info(k->env, &info);
	describe(out, &o, info.me_last_txnid);
}

/* -- the room */

struct free_pages {
	uint64_t all, held;
};

static int count_free(MDB_txn *txn, const struct oldest *o, struct free_pages *out)
{
	MDB_cursor *cur;
	MDB_val key, val;
	int rc = mdb_cursor_open(txn, FREE_DBI, &cur);

	*out = (struct free_pages){ 0, 0 };
	if (rc) {
		return rc;
	}
	while ((rc = mdb_cursor_get(cur, &key, &val, MDB_NEXT)) == 0) {
		size_t pages, freed_by;

		if (val.mv_size < sizeof pages || key.mv_size != sizeof freed_by) {
			rc = MDB_CORRUPTED;
			break;
		}
		memcpy(&pages, val.mv_data, sizeof pages);
		memcpy(&freed_by, key.mv_data, sizeof freed_by);
		out->all += pages;
		if (o->pid && freed_by >= o->txn) {
			out->held += pages;
		}
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* `again`: octets of the file that can be overwritten without further room on the disk. */
static void look_at_disk(const struct kv *k, struct kv_room *out, uint64_t again)
{
	struct statvfs fs;
	mdb_filehandle_t fd;

	out->left = out->map_left;
	out->disk = out->disk_max = 0;
	if (mdb_env_get_fd(k->env, &fd) || fstatvfs(fd, &fs) || !fs.f_blocks) {
		return;
	}
	out->disk = (uint64_t)fs.f_bavail * fs.f_frsize;
	out->disk_max = (uint64_t)fs.f_blocks * fs.f_frsize;
	if (out->disk + again < out->left) {
		out->left = out->disk + again;
	}
}

int kv_room_look(struct kv *k, struct kv_room *out)
{
	struct oldest o = { .obj = OBJ(OLDEST_MAGIC) };
	struct free_pages free;
	MDB_envinfo info;
	MDB_stat stat;
	MDB_txn *txn;
	uint64_t used;
	int rc;

	clear_dead(k);
	o = find_oldest(k->env); /* before our own transaction is one */
	rc = mdb_txn_begin(k->env, NULL, MDB_RDONLY, &txn);
	if (rc) {
		return rc;
	}
	rc = count_free(txn, &o, &free);
	mdb_txn_abort(txn);
	if (rc) {
		return rc;
	}
	mdb_env_info(k->env, &info);
	mdb_env_stat(k->env, &stat);
	describe(&out->oldest, &o, info.me_last_txnid);
	if (!out->oldest.pid) {
		free.held = 0;
	}
	out->size = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
	out->size_max = info.me_mapsize;
	out->held = free.held * stat.ms_psize;
	used = out->size - (free.all - free.held) * stat.ms_psize;
	out->map_left = out->size_max > used ? out->size_max - used : 0;
	out->failing = 0;
	look_at_disk(k, out, out->size - used);
	out->cleared = k->cleared;
	return 0;
}

/* -- words */

static void full_words(const struct kv *k, char *out, size_t cap)
{
	struct kv_reader r;
	MDB_envinfo info;
	char commits[SHOWN_COUNT_MAX];
	int n;

	mdb_env_info(k->env, &info);
	kv_reader_oldest(k, &r);
	n = snprintf(out, cap, "it is full (%llu bytes); raise %s", (unsigned long long)info.me_mapsize,
		     k->size_key ? k->size_key : "its size");
	if (!r.pid || n < 0 || (size_t)n >= cap) {
		return;
	}
	snprintf(out + n, cap - (size_t)n,
		 ", or end process %d%s: since %s it reads the store, and no page freed since then "
		 "is used again",
		 (int)r.pid, r.ours ? " (an export or backup of ours)" : "", shown_count(commits, r.behind, "commit"));
}

/* LMDB writes at most 64 pages at once. A disk takes a part of them when it fills up meanwhile, and
 * then has less than that. */
int kv_cause(const struct kv *k, int rc)
{
	struct kv_room room = { .map_left = 0 };

	if (rc != EIO || !k || !k->env) {
		return rc;
	}
	look_at_disk(k, &room, 0);
	return room.disk_max && room.disk < WRITE_MAX ? ENOSPC : rc;
}

const char *kv_words(const struct kv *k, int rc, char *out, size_t cap)
{
	rc = kv_cause(k, rc);
	if (rc == MDB_MAP_FULL && k && k->env) {
		full_words(k, out, cap);
	} else if (kv_err(rc) == ERR_NOSPC && rc != MDB_MAP_FULL) {
		snprintf(out, cap, "%s; make room on its disk", mdb_strerror(rc));
	} else {
		str_cut(out, cap, mdb_strerror(rc));
	}
	return out;
}
