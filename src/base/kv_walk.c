/* kv_walk.c - reads every entry of an LMDB file. LMDB answers a damaged page with an error, or with
 * a failed assertion of its own, which would end the process. */
#include "base/kv_walk.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DATABASE_NAME_MAX 64 /* of a database */

/* No value of ours is all zero: each begins with a version, or holds a counter from 1. So zero
 * octets come from a missing page. */
static bool all_zero(const MDB_val *v)
{
	const uint8_t *p = v->mv_data;

	for (size_t i = 0; i < v->mv_size; i++) {
		if (p[i]) {
			return false;
		}
	}
	return true;
}

struct walk { /* handles that are open while a file is read */
	MDB_txn *txn;
	MDB_cursor *in_main, *in_one;
	jmp_buf failed;
};
static _Thread_local struct walk walking;

/* Reads every entry of one database once. A missing page that is in use causes an error or a value
 * of zeros. */
static int walk_one(struct walk *w, MDB_dbi dbi)
{
	MDB_val key, val;
	int rc = mdb_cursor_open(w->txn, dbi, &w->in_one);

	if (rc) {
		return rc;
	}
	while ((rc = mdb_cursor_get(w->in_one, &key, &val, MDB_NEXT)) == 0) {
		if (all_zero(&val)) {
			rc = MDB_CORRUPTED;
			break;
		}
	}
	mdb_cursor_close(w->in_one);
	w->in_one = NULL;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int walk_all(struct walk *w, MDB_env *env)
{
	MDB_dbi main_dbi, dbi;
	MDB_val key, val;
	char name[DATABASE_NAME_MAX];
	int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &w->txn);

	if (!rc) {
		rc = mdb_dbi_open(w->txn, NULL, 0, &main_dbi);
	}
	if (!rc) {
		rc = mdb_cursor_open(w->txn, main_dbi, &w->in_main);
	}
	while (!rc && (rc = mdb_cursor_get(w->in_main, &key, &val, MDB_NEXT)) == 0) {
		if (key.mv_size >= sizeof name) {
			rc = MDB_CORRUPTED;
			break;
		}
		memcpy(name, key.mv_data, key.mv_size);
		name[key.mv_size] = 0;
		rc = mdb_dbi_open(w->txn, name, 0, &dbi);
		if (!rc) {
			rc = walk_one(w, dbi);
		}
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* LMDB would call abort() after this returned. */
static void on_assert(MDB_env *env, const char *what)
{
	(void)env;
	(void)what;
	longjmp(walking.failed, 1);
}

/* For a missing page LMDB returns an error, or an assertion of its own fails. */
int kv_walk(MDB_env *env)
{
	int rc;

	walking = (struct walk){ .txn = NULL };
	mdb_env_set_assert(env, on_assert);
	if (setjmp(walking.failed) == 0) {
		rc = walk_all(&walking, env);
	} else {
		rc = MDB_CORRUPTED;
	}
	mdb_env_set_assert(env, NULL);
	if (walking.in_one) {
		mdb_cursor_close(walking.in_one);
	}
	if (walking.in_main) {
		mdb_cursor_close(walking.in_main);
	}
	if (walking.txn) {
		mdb_txn_abort(walking.txn);
	}
	return rc;
}
