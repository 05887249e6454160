/* asc_merge.c - writing the new generation: sorted rows of the file and rows of the old generation,
 * merged in order of keys and appended, so that pages are full. A row of the old generation that
 * the file does not name is copied, without entries of deleted SCSs, groups and sets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_case.h"
#include "assoc/asc_check.h"
#include "assoc/asc_find.h"
#include "assoc/asc_gen.h"
#include "assoc/asc_import_int.h"
#include "assoc/asc_lmdb.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "base/fault.h"

/* bytes per transaction: LMDB keeps them in memory until the commit */
#define BATCH ((size_t)32 << 20)

struct fresh_entry { /* an entry of the file for the current device */
	struct asc_entry entry;
	uint64_t line;
	uint8_t keep; /* ASC_KEEP_* */
	bool was_there;
};

struct merge {
	struct asc_import *im;
	struct asc_import_error *e;
	MDB_cursor *old;
	MDB_val old_key, old_val;
	bool old_there;
	struct asc_sort_row row;
	bool row_there;

	uint8_t key[ASC_KEY_MAX]; /* of the current device */
	size_t key_len;
	struct fresh_entry fresh[ASC_RULES_PER_DEVICE_MAX];
	unsigned fresh_n;
	unsigned members; /* sets that it will be in */

	MDB_txn *txn;
	MDB_cursor *out;
	size_t batch;
	const struct asc_slot *last;
	uint64_t done;
};

static int fail_rc(struct merge *m, int rc, const char *doing)
{
	return asc_fail(&m->e->why, &m->im->gen->kv, rc, doing);
}

static int damaged(struct merge *m, const MDB_val *key)
{
	return asc_refuse(&m->e->why, ERR_PROTO, "association store: the row of device '%.*s' is damaged or of another version",
			  key->mv_size > 1 ? (int)key->mv_size - 1 : 0, (const char *)key->mv_data + 1);
}

/* -- the two sources */

static int next_old(struct merge *m)
{
	int rc = m->old ? mdb_cursor_get(m->old, &m->old_key, &m->old_val, MDB_NEXT) : MDB_NOTFOUND;

	m->old_there = rc == 0;
	return rc && rc != MDB_NOTFOUND ? fail_rc(m, rc, "read the rows of devices") : 0;
}

static int next_row(struct merge *m)
{
	int err = m->im->sort ? asc_sort_next(m->im->sort, &m->row) : ERR_NOTFOUND;

	m->row_there = err == 0;
	return err == ERR_NOTFOUND ? 0 : err ? asc_refuse(&m->e->why, err, "cannot read sorted rows: %s", err_str(err)) : 0;
}

static uint64_t line_of(const struct asc_sort_row *row)
{
	struct rd r = rd_over(row->key + row->key_len - 8, 8);

	return rd_be64(&r);
}

/* Length of the device's name, which a sorted row's key begins with. */
static size_t device_len(const struct asc_sort_row *row)
{
	return row->key_len - 14; /* NUL, number, verdict, line */
}

/* Compares the device of the sorted row with that of the old generation's row, as memcmp() does. */
static int compare(const struct merge *m)
{
	size_t a = device_len(&m->row), b = m->old_key.mv_size - 1;
	int c = memcmp(m->row.key, (const uint8_t *)m->old_key.mv_data + 1, a < b ? a : b);

	return c ? c : (a > b) - (a < b);
}

/* -- one device */

static int twice(struct merge *m, uint64_t line, uint64_t earlier)
{
	m->e->line = line;
	m->e->line_earlier = earlier;
	return asc_refuse(&m->e->why, ERR_EXISTS, "device '%.*s' is already in line %llu, with the same key", (int)m->key_len - 1,
			  (const char *)m->key + 1, (unsigned long long)earlier);
}

static int too_many(struct merge *m, uint64_t line)
{
	m->e->line = line;
	return asc_refuse(&m->e->why, ERR_LIMIT, "device '%.*s' has as many rules as one device can have (%d)",
			  (int)m->key_len - 1, (const char *)m->key + 1, ASC_RULES_PER_DEVICE_MAX);
}

static int too_many_sets(struct merge *m, uint64_t line)
{
	m->e->line = line;
	return asc_refuse(&m->e->why, ERR_LIMIT, "device '%.*s' would be in more sets than a request is judged by (%u)",
			  (int)m->key_len - 1, (const char *)m->key + 1, ASC_DSETS_PER_LOOKUP_MAX);
}

/* Reads all rows of the file for the next device. They are ordered by number, verdict and line. */
static int gather(struct merge *m)
{
	int err = 0;

	m->key[0] = ASC_ROW_VERSION;
	m->key_len = device_len(&m->row) + 1;
	memcpy(m->key + 1, m->row.key, m->key_len - 1);
	m->fresh_n = 0;
	while (!err && m->row_there && device_len(&m->row) == m->key_len - 1 &&
	       memcmp(m->row.key, m->key + 1, m->key_len - 1) == 0) {
		struct fresh_entry *f = &m->fresh[m->fresh_n], *before = f - 1;
		struct rd r = rd_over(m->row.value, m->row.value_len);

		if (m->fresh_n == ASC_RULES_PER_DEVICE_MAX) {
			return too_many(m, line_of(&m->row));
		}
		f->line = line_of(&m->row);
		f->was_there = false;
		if (!asc_entry_next(&r, &f->entry) || (f->keep = rd_u8(&r), r.bad)) {
			return asc_refuse(&m->e->why, ERR_IO, "a sorted row is damaged");
		}
		if (m->fresh_n && before->entry.scs_number == f->entry.scs_number && before->entry.verdict == f->entry.verdict) {
			return twice(m, f->line, before->line);
		}
		m->fresh_n++;
		m->done++;
		err = next_row(m);
	}
	return err;
}

static struct fresh_entry *fresh_of(struct merge *m, const struct asc_entry *e)
{
	for (unsigned i = 0; i < m->fresh_n; i++) {
		if (m->fresh[i].entry.scs_number == e->scs_number && m->fresh[i].entry.verdict == e->verdict) {
			return &m->fresh[i];
		}
	}
	return NULL;
}

/* The counter of entries of this number; NULL: the SCS, group or set was deleted. */
static uint64_t *counter_of(struct merge *m, uint32_t number)
{
	struct asc_import *im = m->im;
	const struct asc_model *model = im->view->model;

	if (im->conf.kind == ASC_KIND_SET && number >= im->set_numbers && number - im->set_numbers < im->dsets.n) {
		return &im->set_counts[number - im->set_numbers];
	}
	if (!m->last || m->last->node->number != number) {
		m->last = asc_model_slot(model, number);
	}
	return m->last ? &im->counts[m->last - model->slots] : NULL;
}

static bool same(const struct asc_entry *a, const struct asc_entry *b)
{
	return a->rights == b->rights && a->mode == b->mode && a->not_before_s == b->not_before_s &&
	       a->not_after_s == b->not_after_s;
}

/* The entry of the current device is deleted. */
static void gone(struct merge *m, const struct asc_entry *e)
{
	const struct asc_node *node = asc_model_node(m->im->view->model, e->scs_number);
	const char *device = (const char *)m->key + 1;
	size_t len = m->key_len - 1;
	struct assoc_rule rule;

	if (e->verdict == ASC_ENTRY_MEMBER || len > ASSOC_DEVICE_TEXT_MAX) {
		asc_import_gone(m->im, "%.*s of set %s", (int)len, device, node->dset.name);
	} else {
		asc_rule_of_entry(&rule, node, e, device, len);
		asc_import_gone_rule(m->im, &rule);
	}
}

/* Values that the file does not give keep the stored value. */
static int keep_values(struct merge *m, struct fresh_entry *f, const struct asc_entry *old)
{
	struct asc_rule_values v = { f->entry.rights, f->entry.mode, f->entry.not_before_s, f->entry.not_after_s };
	struct asc_rule_values was = { old->rights, old->mode, old->not_before_s, old->not_after_s };

	if (asc_rule_keep(&v, &was, f->keep, &m->e->why)) {
		m->e->line = f->line;
		return ERR_INVAL;
	}
	f->entry.rights = v.rights;
	f->entry.mode = v.mode;
	f->entry.not_before_s = v.not_before_s;
	f->entry.not_after_s = v.not_after_s;
	return 0;
}

/* For a deny that stays: true if a row of the file without an effect allows the same pair. */
static bool allowed_beside(const struct merge *m, const struct asc_entry *old)
{
	for (unsigned i = 0; old->verdict == ASSOC_DENY && i < m->fresh_n; i++) {
		const struct fresh_entry *f = &m->fresh[i];

		if (f->entry.scs_number == old->scs_number && f->entry.verdict == ASSOC_ALLOW && (f->keep & ASC_KEEP_EFFECT)) {
			return true;
		}
	}
	return false;
}

/* Copies the entries of the old row that the import keeps. */
static int keep_old(struct merge *m, struct buf *b, unsigned *kept)
{
	struct rd r = rd_over(m->old_val.mv_data, m->old_val.mv_size);
	struct asc_entry e;

	if (rd_u8(&r) != ASC_ROW_VERSION) {
		return damaged(m, &m->old_key);
	}
	while (asc_entry_next(&r, &e)) {
		uint64_t *counter = counter_of(m, e.scs_number);
		struct fresh_entry *f;

		if (!counter) {
			continue;
		}
		f = m->fresh_n ? fresh_of(m, &e) : NULL;
		if (f) {
			if (keep_values(m, f, &e)) {
				return ERR_INVAL;
			}
			f->was_there = true;
			if (same(&f->entry, &e)) {
				m->im->unchanged++;
			} else {
				m->im->replaced++;
			}
		} else if (m->im->conf.replace && asc_kind_has(m->im->conf.kind, e.verdict)) {
			gone(m, &e);
		} else {
			asc_entry_put(b, &e);
			(*counter)++;
			(*kept)++;
			m->im->beside += allowed_beside(m, &e);
			m->members += e.verdict == ASC_ENTRY_MEMBER;
		}
	}
	return r.bad ? damaged(m, &m->old_key) : 0;
}

static int put_fresh(struct merge *m, struct buf *b, unsigned *kept)
{
	for (unsigned i = 0; i < m->fresh_n; i++) {
		uint64_t *counter = counter_of(m, m->fresh[i].entry.scs_number);

		if (*kept == ASC_RULES_PER_DEVICE_MAX) {
			return too_many(m, m->fresh[i].line);
		}
		if (m->fresh[i].entry.verdict == ASC_ENTRY_MEMBER && m->members++ == ASC_DSETS_PER_LOOKUP_MAX) {
			return too_many_sets(m, m->fresh[i].line);
		}
		if (!counter) { /* cannot happen: numbers are those of the import's view */
			continue;
		}
		asc_entry_put(b, &m->fresh[i].entry);
		(*counter)++;
		(*kept)++;
		m->im->added += !m->fresh[i].was_there;
	}
	return 0;
}

/* -- writing */

static int end_batch(struct merge *m)
{
	int rc;

	if (m->out) {
		mdb_cursor_close(m->out);
	}
	m->out = NULL;
	FAULT_POINT(STORE_IMPORT_BATCH);
	rc = m->txn ? mdb_txn_commit(m->txn) : 0;
	m->txn = NULL;
	m->batch = 0;
	return rc;
}

static int begin_batch(struct merge *m)
{
	int rc = kv_write_begin(&m->im->gen->kv, &m->txn);

	if (rc) {
		m->txn = NULL;
		return rc;
	}
	rc = mdb_cursor_open(m->txn, m->im->gen->dev, &m->out);
	if (rc) {
		m->out = NULL;
	}
	return rc;
}

static int append(struct merge *m, const struct buf *b)
{
	MDB_val key = { m->key_len, m->key }, val = { b->len, b->p };
	int rc = m->txn ? 0 : begin_batch(m);

	if (!rc) {
		rc = b->full ? MDB_BAD_VALSIZE : mdb_cursor_put(m->out, &key, &val, MDB_APPEND);
	}
	m->im->upper = m->im->upper || asc_case_has_upper((const char *)m->key + 1, m->key_len - 1);
	m->batch += key.mv_size + val.mv_size + 10;
	if (!rc && m->batch >= BATCH) {
		rc = end_batch(m);
	}
	return rc ? fail_rc(m, rc, "write the new generation") : 0;
}

/* Writes the row of the next device, from one source or from both. */
static int one_device(struct merge *m)
{
	uint8_t bytes[ASC_DEV_RECORD_MAX + ASC_ENTRY_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);
	int c = !m->row_there ? 1 : !m->old_there ? -1 : compare(m), err = 0;
	unsigned kept = 0;

	m->members = 0;
	buf_u8(&b, ASC_ROW_VERSION);
	if (c <= 0) {
		err = gather(m);
	} else {
		if (m->old_key.mv_size < 2 || m->old_key.mv_size > ASC_KEY_MAX) {
			return damaged(m, &m->old_key);
		}
		m->fresh_n = 0;
		m->key_len = m->old_key.mv_size;
		memcpy(m->key, m->old_key.mv_data, m->key_len);
	}
	if (!err && c >= 0) {
		err = keep_old(m, &b, &kept);
		m->done++;
	}
	if (!err) {
		err = put_fresh(m, &b, &kept);
	}
	if (!err && kept) {
		err = append(m, &b);
	}
	if (!err && c >= 0) {
		err = next_old(m);
	}
	return err;
}

static int all_devices(struct merge *m)
{
	int err = next_old(m);

	if (!err) {
		err = next_row(m);
	}
	for (unsigned n = 0; !err && (m->old_there || m->row_there); n++) {
		err = one_device(m);
		if (n % 1024) {
			continue;
		}
		atomic_store(&m->im->at, m->done);
		if (atomic_load(&m->im->cancelled)) {
			err = asc_refuse(&m->e->why, ERR_CLOSED, "cancelled");
		}
	}
	atomic_store(&m->im->at, m->done);
	return err;
}

/* Opens both sources and the new generation, and sets the total of the progress. */
static int prepare(struct merge *m)
{
	struct asc_import *im = m->im;
	MDB_stat stat = { 0 };
	int rc, err = im->sort ? asc_sort_end(im->sort) : 0;

	if (err) {
		return asc_refuse(&m->e->why, err, "cannot sort the rows: %s", err_str(err));
	}
	im->counts = calloc(im->view->model->n, sizeof *im->counts);
	im->set_counts = calloc((size_t)im->dsets.n + 1, sizeof *im->set_counts);
	if (!im->counts || !im->set_counts) {
		return ERR_NOMEM;
	}
	err = asc_gen_open(&im->gen, im->a, im->gen_number, true, &m->e->why);
	if (err) {
		return err;
	}
	mdb_env_set_flags(im->gen->kv.env, MDB_NOSYNC, 1); /* finish() syncs once, at the end */
	rc = mdb_stat(im->view->reader, im->view->gen->dev, &stat);
	if (!rc) {
		rc = mdb_cursor_open(im->view->reader, im->view->gen->dev, &m->old);
	}
	if (rc) {
		return fail_rc(m, rc, "read the rows of devices");
	}
	atomic_store(&im->at, 0);
	atomic_store(&im->total, (im->sort ? asc_sort_count(im->sort) : 0) + stat.ms_entries);
	atomic_store(&im->phase, ASC_IMPORT_MERGE);
	return 0;
}

static int finish(struct merge *m)
{
	struct asc_import *im = m->im;
	int rc = end_batch(m);

	atomic_store(&im->phase, ASC_IMPORT_SYNC);
	asc_sort_free(im->sort); /* its memory and its file */
	im->sort = NULL;
	if (!rc && im->upper) {
		asc_case_pairs(im->gen, im->view->reader, im->view->gen->dev, &im->twins);
	}
	if (!rc) {
		rc = asc_gen_sync(im->gen);
	}
	mdb_env_set_flags(im->gen->kv.env, MDB_NOSYNC, 0);
	return rc ? fail_rc(m, rc, "write the new generation") : 0;
}

int asc_import_merge(struct asc_import *im, struct asc_import_error *e)
{
	struct merge *m = calloc(1, sizeof *m);
	int err;

	if (!m) {
		return ERR_NOMEM;
	}
	m->im = im;
	m->e = e;
	err = prepare(m);
	if (!err) {
		err = all_devices(m);
	}
	if (m->old) {
		mdb_cursor_close(m->old);
	}
	if (err) {
		if (m->out) {
			mdb_cursor_close(m->out);
		}
		if (m->txn) {
			mdb_txn_abort(m->txn);
		}
	} else {
		err = finish(m);
	}
	free(m);
	return err;
}
