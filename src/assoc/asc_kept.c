/* asc_kept.c - the kept states. The rows of a state stand under its id, in the order of the
 * databases that they come from. */
#include "assoc/asc_kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "assoc/asc_lmdb.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "base/str.h"

#define HEAD 0u /* instead of the number of a part: the record of struct asc_kept */
#define PARTS 5u
#define PREFIX_MAX 6u
#define HEAD_MAX (2u + 3u + 10u * 8u + ASC_IMPORT_NAME_MAX)

static MDB_dbi dbi_of(const struct asc *a, unsigned part)
{
	const struct asc_main *m = a->main;
	const MDB_dbi all[PARTS] = { m->scs, m->group, m->dset, m->member, m->set };

	return all[part - 1];
}

static MDB_val key_of(uint8_t *room, uint32_t id, unsigned part, const MDB_val *more)
{
	struct buf b = buf_over(room, PREFIX_MAX + ASC_KEY_MAX);

	buf_u8(&b, ASC_ROW_VERSION);
	buf_be32(&b, id);
	buf_u8(&b, (uint8_t)part);
	if (more) {
		buf_bytes(&b, more->mv_data, more->mv_size);
	}
	return (MDB_val){ b.len, room };
}

static bool begins(const MDB_val *key, const MDB_val *with)
{
	return key->mv_size >= with->mv_size && memcmp(key->mv_data, with->mv_data, with->mv_size) == 0;
}

/* -- the head of a state */

static int put_head(struct asc_edit *e, const struct asc_kept_state *s)
{
	const uint64_t numbers[] = { s->number,       s->info.at_ms, s->info.rows,  s->info.added,  s->info.replaced,
				     s->info.deleted, s->info.along, s->info.there, s->info.octets, s->info.generation };
	uint8_t room[PREFIX_MAX + ASC_KEY_MAX], bytes[HEAD_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = key_of(room, s->id, HEAD, NULL), val;

	buf_u8(&b, ASC_ROW_VERSION);
	buf_u8(&b, (uint8_t)s->info.kind);
	buf_u8(&b, s->info.replace);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		buf_le64(&b, numbers[i]);
	}
	buf_bytes(&b, s->info.name, strlen(s->info.name));
	val = (MDB_val){ b.len, bytes };
	return b.full ? MDB_BAD_VALSIZE : mdb_put(e->txn, e->a->main->kept, &key, &val, 0);
}

static bool get_head(struct asc_kept_state *s, const MDB_val *val)
{
	struct rd r = rd_over(val->mv_data, val->mv_size);
	struct asc_kept *k = &s->info;
	uint64_t *const numbers[] = { &s->number,  &k->at_ms, &k->rows,  &k->added,  &k->replaced,
				      &k->deleted, &k->along, &k->there, &k->octets, &k->generation };
	uint8_t version = rd_u8(&r), kind = rd_u8(&r), replace = rd_u8(&r);

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		*numbers[i] = rd_le64(&r);
	}
	if (r.bad || version != ASC_ROW_VERSION || kind > ASC_KIND_BLOCK || replace > 1) {
		return false;
	}
	k->kind = (enum asc_kind)kind;
	k->replace = replace;
	return !str_copy(k->name, sizeof k->name, r.p, rd_left(&r));
}

/* -- its rows */

static int forget(MDB_txn *txn, MDB_dbi kept, uint32_t id)
{
	uint8_t room[PREFIX_MAX + ASC_KEY_MAX];
	MDB_val first = key_of(room, id, HEAD, NULL), key = first, val, id_only = { first.mv_size - 1, room };
	MDB_cursor *cur;
	int rc = mdb_cursor_open(txn, kept, &cur);

	if (rc) {
		return rc;
	}
	rc = mdb_cursor_get(cur, &key, &val, MDB_SET_RANGE);
	while (!rc && begins(&key, &id_only)) {
		rc = mdb_cursor_del(cur, 0);
		if (!rc) {
			rc = mdb_cursor_get(cur, &key, &val, MDB_NEXT);
		}
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Copies one database of the main environment as it was before the edit. Adds its octets. */
static int save_part(struct asc_edit *e, MDB_txn *before, uint32_t id, unsigned part, uint64_t *octets)
{
	uint8_t room[PREFIX_MAX + ASC_KEY_MAX];
	MDB_cursor *cur;
	MDB_val key, val;
	int rc = mdb_cursor_open(before, dbi_of(e->a, part), &cur);

	if (rc) {
		return rc;
	}
	while ((rc = mdb_cursor_get(cur, &key, &val, MDB_NEXT)) == 0) {
		MDB_val to = key_of(room, id, part, &key);

		rc = key.mv_size > ASC_KEY_MAX ? MDB_CORRUPTED : mdb_put(e->txn, e->a->main->kept, &to, &val, MDB_APPEND);
		if (rc) {
			break;
		}
		*octets += to.mv_size + val.mv_size;
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int restore_part(struct asc_edit *e, MDB_txn *before, uint32_t id, unsigned part)
{
	MDB_dbi into = dbi_of(e->a, part);
	uint8_t room[PREFIX_MAX + ASC_KEY_MAX];
	MDB_val prefix = key_of(room, id, part, NULL), key = prefix, val;
	MDB_cursor *cur;
	int rc = mdb_cursor_open(before, e->a->main->kept, &cur);

	if (rc) {
		return rc;
	}
	rc = mdb_drop(e->txn, into, 0);
	if (!rc) {
		rc = mdb_cursor_get(cur, &key, &val, MDB_SET_RANGE);
	}
	while (!rc && begins(&key, &prefix)) {
		MDB_val to = { key.mv_size - prefix.mv_size, (uint8_t *)key.mv_data + prefix.mv_size };

		rc = mdb_put(e->txn, into, &to, &val, MDB_APPEND);
		if (!rc) {
			rc = mdb_cursor_get(cur, &key, &val, MDB_NEXT);
		}
	}
	mdb_cursor_close(cur);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* -- in memory */

static uint64_t octets_of(const struct asc_gen *g)
{
	char path[1200];
	struct stat st;

	if ((size_t)snprintf(path, sizeof path, "%s/data.mdb", g->dir) >= sizeof path || stat(path, &st)) {
		return UINT64_MAX;
	}
	return (uint64_t)st.st_size; /* LMDB leaves no holes without WRITEMAP */
}

bool asc_kept_fits(const struct asc *a)
{
	return a->undo_max && octets_of(a->gen) <= a->undo_octets_max;
}

bool asc_kept_has(const struct asc *a, uint64_t number)
{
	for (uint32_t i = 0; i < a->kept_n; i++) {
		if (a->kept[i].number == number) {
			return true;
		}
	}
	return false;
}

/* The owner's list of the states from place `from` on, with `fresh` on top. NULL: out of memory. */
static struct asc_kept_list *list_of(const struct asc *a, uint32_t from, uint32_t end, const struct asc_kept *fresh)
{
	struct asc_kept_list *list = calloc(1, sizeof *list);

	if (!list) {
		return NULL;
	}
	if (fresh) {
		list->all[list->n++] = *fresh;
	}
	for (uint32_t i = end; i > from; i--) {
		list->all[list->n++] = a->kept[i - 1].info;
	}
	return list;
}

static void hand_list(struct asc_job *job, struct asc_keeping *k)
{
	job->kept = k->list;
	k->list = NULL;
}

void asc_keeping_drop(struct asc_keeping *k)
{
	free(k->list);
	k->list = NULL;
}

void asc_kept_free(struct asc *a)
{
	for (uint32_t i = 0; a->kept && i < a->kept_n; i++) {
		asc_gen_free(a->kept[i].gen);
	}
	free(a->kept);
	free(a->kept_seen);
	a->kept = NULL;
	a->kept_seen = NULL;
	a->kept_n = 0;
}

/* -- loading */

/* One head: a state that can be gone back to, or one to be forgotten. */
static int load_one(struct asc *a, MDB_txn *txn, uint32_t id, const MDB_val *head)
{
	struct asc_kept_state s = { .id = id };
	struct asc_why why;

	a->kept_next = id + 1;
	if (get_head(&s, head) && a->kept_n < ASC_KEPT_MAX && s.number != a->gen->number && !asc_kept_has(a, s.number) &&
	    asc_gen_open(&s.gen, a, s.number, false, &why) == 0) {
		a->kept[a->kept_n++] = s;
		return 0;
	}
	return forget(txn, a->main->kept, id);
}

/* The next head from this id on: its id and value; MDB_NOTFOUND. */
static int next_head(MDB_txn *txn, MDB_dbi kept, uint32_t *id, MDB_val *val)
{
	uint8_t room[PREFIX_MAX + ASC_KEY_MAX];
	MDB_val key = key_of(room, *id, HEAD, NULL);
	MDB_cursor *cur;
	struct rd r;
	int rc = mdb_cursor_open(txn, kept, &cur);

	if (rc) {
		return rc;
	}
	rc = mdb_cursor_get(cur, &key, val, MDB_SET_RANGE);
	mdb_cursor_close(cur);
	if (rc) {
		return rc;
	}
	r = rd_over(key.mv_data, key.mv_size);
	(void)rd_u8(&r);
	*id = rd_be32(&r);
	if (r.bad || rd_u8(&r) != HEAD || rd_left(&r)) { /* rows without a head */
		*val = (MDB_val){ 0, NULL };
	}
	return 0;
}

int asc_kept_load(struct asc *a, MDB_txn *txn, struct asc_why *why)
{
	uint32_t id = 0;
	MDB_val head;
	int rc;

	a->kept = calloc(ASC_KEPT_MAX, sizeof *a->kept);
	if (!a->kept) {
		return asc_refuse(why, ERR_NOMEM, "association store: out of memory");
	}
	while ((rc = next_head(txn, a->main->kept, &id, &head)) == 0) {
		rc = load_one(a, txn, id, &head);
		if (rc || id == UINT32_MAX) {
			break;
		}
		id++;
	}
	if (rc && rc != MDB_NOTFOUND) {
		return asc_fail(why, &a->main->kv, rc, "read the states that are kept");
	}
	a->kept_seen = list_of(a, 0, a->kept_n, NULL);
	return a->kept_seen ? 0 : asc_refuse(why, ERR_NOMEM, "association store: out of memory");
}

/* -- keeping one more */

/* How many of the oldest must go, so that one more of `octets` has room. */
static uint32_t too_many(const struct asc *a, uint64_t octets)
{
	uint64_t all = octets;
	uint32_t keep = 0;

	while (keep < a->kept_n && keep + 1 < a->undo_max && keep + 1 < ASC_KEPT_MAX) {
		uint64_t one = a->kept[a->kept_n - 1 - keep].info.octets;

		if (one > a->undo_octets_max || all > a->undo_octets_max - one) {
			break;
		}
		all += one;
		keep++;
	}
	return a->kept_n - keep;
}

static int save_rows(struct asc_edit *e, struct asc_keeping *k)
{
	uint64_t octets = 0;
	MDB_txn *before;
	int rc = mdb_txn_begin(e->a->main->kv.env, NULL, MDB_RDONLY, &before);

	if (rc) {
		return rc;
	}
	for (unsigned part = 1; part <= PARTS && !rc; part++) {
		rc = save_part(e, before, k->fresh.id, part, &octets);
	}
	mdb_txn_abort(before);
	k->fresh.info.octets += octets;
	return rc;
}

int asc_kept_save(struct asc_edit *e, const struct asc_kept *info, struct asc_keeping *k)
{
	struct asc *a = e->a;
	int rc = 0;

	k->keep = e->gen != a->gen && asc_kept_fits(a);
	k->fresh = (struct asc_kept_state){ .info = *info, .id = a->kept_next, .number = a->gen->number };
	k->drop = a->kept_n;
	if (k->keep) {
		k->fresh.info.octets = octets_of(a->gen);
		rc = save_rows(e, k);
	}
	if (!rc && k->keep && k->fresh.info.octets > a->undo_octets_max) {
		k->keep = false;
		rc = forget(e->txn, a->main->kept, k->fresh.id);
	}
	if (!rc && k->keep) {
		k->drop = too_many(a, k->fresh.info.octets);
		rc = put_head(e, &k->fresh);
	}
	for (uint32_t i = 0; i < k->drop && !rc; i++) {
		rc = forget(e->txn, a->main->kept, a->kept[i].id);
	}
	if (rc) {
		return rc;
	}
	k->list = list_of(a, k->drop, a->kept_n, k->keep ? &k->fresh.info : NULL);
	return k->list ? 0 : ENOMEM;
}

void asc_kept_saved(struct asc *a, struct asc_job *job, struct asc_keeping *k, struct asc_gen *before)
{
	for (uint32_t i = 0; i < k->drop; i++) {
		asc_gen_drop(a->kept[i].gen);
	}
	a->kept_n -= k->drop;
	memmove(a->kept, a->kept + k->drop, a->kept_n * sizeof *a->kept);
	if (k->keep) {
		k->fresh.gen = before;
		a->kept[a->kept_n++] = k->fresh;
		a->kept_next++;
	} else {
		asc_gen_drop(before);
	}
	hand_list(job, k);
}

/* -- going back */

/* The state below becomes the newest. Its manual changes are those made between its import and the
 * undone import; neither the undone import nor the undo counts. Older states keep their distance to
 * each other, which is the number of manual changes between them. */
static int lower(struct asc_edit *e, struct asc_keeping *k)
{
	const struct asc *a = e->a;
	const struct asc_kept_state *top = &a->kept[a->kept_n - 1];
	int rc = 0;

	if (a->kept_n < 2) {
		return 0;
	}
	k->later = a->main_changes + a->gen_changes + 1 - asc_kept_manual(&top[-1].info, top->info.generation - 1) -
		   top[-1].info.generation;
	for (uint32_t i = 0; i + 1 < a->kept_n && !rc; i++) {
		struct asc_kept_state s = a->kept[i];

		s.info.generation += k->later;
		rc = put_head(e, &s);
	}
	return rc;
}

int asc_kept_restore(struct asc_edit *e, struct asc_keeping *k)
{
	struct asc *a = e->a;
	const struct asc_kept_state *s = &a->kept[a->kept_n - 1];
	MDB_txn *before;
	int rc = mdb_txn_begin(a->main->kv.env, NULL, MDB_RDONLY, &before);

	if (rc) {
		return rc;
	}
	for (unsigned part = 1; part <= PARTS && !rc; part++) {
		rc = restore_part(e, before, s->id, part);
	}
	mdb_txn_abort(before);
	if (!rc) {
		rc = forget(e->txn, a->main->kept, s->id);
	}
	if (!rc) {
		rc = lower(e, k);
	}
	if (rc) {
		return rc;
	}
	k->list = list_of(a, 0, a->kept_n - 1, NULL);
	for (uint32_t i = 0; k->list && i < k->list->n; i++) {
		k->list->all[i].generation += k->later;
	}
	return k->list ? 0 : ENOMEM;
}

void asc_kept_restored(struct asc *a, struct asc_job *job, struct asc_keeping *k)
{
	a->kept_n--;
	for (uint32_t i = 0; i < a->kept_n; i++) {
		a->kept[i].info.generation += k->later;
	}
	hand_list(job, k);
}
