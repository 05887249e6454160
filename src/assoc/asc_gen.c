/* asc_gen.c - generations: opening and removing them, views of them, and changing one row. A
 * generation that the main environment does not name was left by an import that did not finish. */
#include "assoc/asc_gen.h"

#include "assoc/asc_case.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assoc/asc_lmdb.h"
#include "assoc/asc_model.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "base/str.h"

#define PREFIX "dev-"
#define FORMAT 4u

static void dir_of(char *out, size_t cap, const struct asc *a, uint64_t number)
{
	snprintf(out, cap, "%s/" PREFIX "%llu", a->dir, (unsigned long long)number);
}

/* Removes the files that LMDB and kv.c create there, and no others. */
static void remove_files(const char *dir)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "owner.lock" };
	char path[1200];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, names[i]) < sizeof path) {
			unlink(path);
		}
	}
	rmdir(dir);
}

static int open_databases(struct asc_gen *g, bool fresh)
{
	MDB_txn *txn;
	int rc = fresh ? kv_write_begin(&g->kv, &txn) : mdb_txn_begin(g->kv.env, NULL, MDB_RDONLY, &txn);

	if (rc) {
		return rc;
	}
	rc = mdb_dbi_open(txn, "dev", fresh ? MDB_CREATE : 0, &g->dev);
	if (!rc) {
		rc = mdb_dbi_open(txn, "count", fresh ? MDB_CREATE : 0, &g->count);
	}
	if (rc) {
		mdb_txn_abort(txn);
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	}
	return mdb_txn_commit(txn); /* also when read-only: a commit keeps the handles open */
}

int asc_gen_open(struct asc_gen **out, const struct asc *a, uint64_t number, bool fresh, struct asc_why *why)
{
	struct asc_gen *g = calloc(1, sizeof *g);
	struct kv_conf kc = { .kind = "association rows",
			      .format = FORMAT,
			      .map_max = a->map_max,
			      .lock_wait_ms = a->lock_wait_ms,
			      .databases = 2,
			      .readers_max = a->changes_max + 128,
			      .size_key = ASC_SIZE_KEY };
	char dir[1100], data[1200];
	struct stat st;
	int rc, err;

	if (!g || strlen(a->dir) > 1000) {
		goto no_memory;
	}
	dir_of(dir, sizeof dir, a, number);
	g->refs = 1;
	g->number = number;
	g->kv.lock_fd = -1;
	g->dir = strdup(dir);
	if (!g->dir) {
		goto no_memory;
	}
	snprintf(data, sizeof data, "%s/data.mdb", dir);
	if (fresh) {
		remove_files(dir);
	} else if (stat(data, &st) < 0) {
		err = asc_refuse(why, ERR_PROTO, "association store %s: its rows of devices (%s) are missing: %s", a->dir, data,
				 strerror(errno));
		goto free_gen;
	}
	kc.dir = dir;
	err = kv_open(&g->kv, &kc, why->text, sizeof why->text);
	if (err) {
		goto free_gen;
	}
	rc = open_databases(g, fresh);
	if (rc) {
		err = asc_fail(why, &g->kv, rc, "open the rows of devices");
		goto free_gen;
	}
	*out = g;
	return 0;

no_memory:
	err = asc_refuse(why, ERR_NOMEM, "association store: out of memory");
free_gen:
	if (g && fresh) {
		g->old = true;
	}
	if (g && g->dir) {
		asc_gen_free(g);
	} else {
		free(g);
	}
	return err;
}

void asc_gen_free(struct asc_gen *g)
{
	if (!g || --g->refs) {
		return;
	}
	kv_close(&g->kv);
	if (g->old) {
		remove_files(g->dir);
	}
	free(g->dir);
	free(g);
}

void asc_gen_drop(struct asc_gen *g)
{
	if (g) {
		g->old = true;
	}
	asc_gen_free(g);
}

static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0) {
		return errno;
	}
	if (fsync(fd) < 0) {
		rc = errno;
	}
	close(fd);
	return rc;
}

int asc_gen_sync(struct asc_gen *g)
{
	char parent[1100];
	char *slash;
	int rc = mdb_env_sync(g->kv.env, 1);

	str_cut(parent, sizeof parent, g->dir);
	slash = strrchr(parent, '/');
	if (slash) {
		*slash = 0;
	}
	if (!rc) {
		rc = sync_dir(g->dir);
	}
	return rc ? rc : sync_dir(parent);
}

int asc_gen_put_changes(struct asc_gen *g, const struct asc *a, struct asc_why *why)
{
	MDB_txn *txn;
	int rc = kv_write_begin(&g->kv, &txn);

	if (rc) {
		return asc_fail(why, &g->kv, rc, "write its counters");
	}
	rc = asc_put_u64(&g->kv, txn, "generation", a->gen_changes);
	if (!rc) {
		rc = asc_put_u64(&g->kv, txn, "next", a->next_number);
	}
	if (rc) {
		mdb_txn_abort(txn);
	} else {
		rc = mdb_txn_commit(txn);
	}
	return rc ? asc_fail(why, &g->kv, rc, "write its counters") : 0;
}

void asc_gen_clean(const struct asc *a, bool (*kept)(const struct asc *a, uint64_t number))
{
	DIR *d = opendir(a->dir);
	struct dirent *e;
	char dir[1100];

	if (!d) {
		return;
	}
	while ((e = readdir(d))) {
		uint64_t number;

		if (strncmp(e->d_name, PREFIX, sizeof PREFIX - 1) != 0 ||
		    str_parse_u64(&number, e->d_name + sizeof PREFIX - 1, 0, UINT64_MAX) || number == a->gen->number ||
		    kept(a, number)) {
			continue;
		}
		dir_of(dir, sizeof dir, a, number);
		remove_files(dir);
	}
	closedir(d);
}

/* -- views */

struct asc_view *asc_view_new(struct asc_model *m, struct asc_gen *g, struct asc_why *why)
{
	struct asc_view *v = calloc(1, sizeof *v);
	int rc;

	if (!v) {
		asc_refuse(why, ERR_NOMEM, "association store: out of memory");
		return NULL;
	}
	rc = mdb_txn_begin(g->kv.env, NULL, MDB_RDONLY, &v->reader);
	if (rc) {
		asc_fail(why, &g->kv, rc, "begin to read");
		free(v);
		return NULL;
	}
	v->refs = 1;
	v->model = m;
	v->gen = g;
	m->refs++;
	g->refs++;
	return v;
}

void asc_view_free(struct asc_view *v)
{
	if (!v) {
		return;
	}
	mdb_txn_abort(v->reader);
	asc_model_free(v->model);
	asc_gen_free(v->gen);
	free(v);
}

/* -- one row */

int asc_put_count(const struct asc_gen *g, MDB_txn *txn, uint32_t number, uint64_t n)
{
	uint8_t room[ASC_KEY_MAX], bytes[9];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = asc_key_number(room, number), val = { sizeof bytes, bytes };

	buf_u8(&b, ASC_ROW_VERSION);
	buf_le64(&b, n);
	return mdb_put(txn, g->count, &key, &val, 0);
}

/* Copies the entries that the change keeps. Entries of deleted SCSs, groups and sets are not
 * kept. */
static int copy_row(const struct asc_model *m, struct buf *out, const MDB_val *row, struct asc_row_change *c, unsigned *kept,
		    unsigned *members)
{
	struct rd r = rd_over(row->mv_data, row->mv_size);
	struct asc_entry e;

	if (rd_u8(&r) != ASC_ROW_VERSION) {
		return ERR_PROTO;
	}
	while (asc_entry_next(&r, &e)) {
		if (!asc_model_slot(m, e.scs_number)) {
			continue;
		}
		if (e.scs_number == c->number && (e.verdict == c->verdict || (c->verdict < 0 && e.verdict != ASC_ENTRY_MEMBER))) {
			c->dropped++;
			if (c->before) {
				*c->before = e;
			}
			continue;
		}
		asc_entry_put(out, &e);
		(*kept)++;
		*members += e.verdict == ASC_ENTRY_MEMBER;
	}
	return r.bad ? ERR_PROTO : 0;
}

static void find_twin(struct asc_gen *g, MDB_txn *txn, const char *device, char *out)
{
	MDB_cursor *rows;

	out[0] = 0;
	if (mdb_cursor_open(txn, g->dev, &rows)) {
		return;
	}
	if (!asc_case_twin(rows, device, out)) {
		out[0] = 0;
	}
	mdb_cursor_close(rows);
}

int asc_row_apply(struct asc_gen *g, MDB_txn *txn, const struct asc_model *m, const char *device, struct asc_row_change *c,
		  struct asc_why *why)
{
	uint8_t room[ASC_KEY_MAX], bytes[ASC_DEV_RECORD_MAX + ASC_ENTRY_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = asc_key_text(room, device), row, val;
	unsigned kept = 0, members = 0;
	int rc = mdb_get(txn, g->dev, &key, &row);

	c->dropped = c->sets = 0;
	c->missing = false;
	buf_u8(&b, ASC_ROW_VERSION);
	if (rc && rc != MDB_NOTFOUND) {
		return asc_fail(why, &g->kv, rc, "read the device's rules");
	}
	if (!rc && copy_row(m, &b, &row, c, &kept, &members)) {
		return asc_refuse(why, ERR_PROTO, "association store: the row of this device is damaged or of another version");
	}
	if (c->add && kept >= ASC_RULES_PER_DEVICE_MAX) {
		return asc_refuse(why, ERR_LIMIT, "this device has as many rules as one device can have (255)");
	}
	c->sets = members + (c->add && c->add->verdict == ASC_ENTRY_MEMBER);
	c->missing = !c->add && c->dropped == 0;
	if (c->missing) {
		return 0;
	}
	if (c->twin) {
		find_twin(g, txn, device, c->twin);
	}
	if (c->add) {
		asc_entry_put(&b, c->add);
		kept++;
	}
	val = (MDB_val){ b.len, bytes };
	if (b.full) {
		rc = MDB_BAD_VALSIZE;
	} else {
		rc = kept ? mdb_put(txn, g->dev, &key, &val, 0) : mdb_del(txn, g->dev, &key, NULL);
	}
	return rc ? asc_fail(why, &g->kv, rc, "write the device's rules") : 0;
}
