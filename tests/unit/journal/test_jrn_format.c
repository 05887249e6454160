/* The format of the journal: an older one is opened and brought up, a newer one is refused, in words. */
#include "tests/unit/journal/place.h"

#include <lmdb.h>
#include <stdio.h>

/* Reads the version, and writes another one when `put` is not 0. */
static uint8_t format(const struct place *p, uint8_t put_version)
{
	char kind[] = "\0\0\0\0trigger journal";
	MDB_val k = { 6, (void *)(uintptr_t) "format" }, v = { sizeof kind - 1, kind };
	uint8_t version;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
	assert_int_equal(mdb_env_open(env, p->dir, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "meta", 0, &dbi), 0);
	kind[0] = (char)put_version;
	if (put_version) {
		assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	}
	assert_int_equal(mdb_get(txn, dbi, &k, &v), 0);
	version = *(const uint8_t *)v.mv_data;
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	return version;
}

static void shut(struct place *p)
{
	jrn_close(p->j);
	p->j = NULL;
}

static void test_a_journal_of_an_older_format_is_opened_and_is_of_the_newest_from_then_on(void **state)
{
	struct place *p = *state;
	struct read r;

	assert_int_equal(put(p, 1, "intent", NULL), 0);
	for (uint8_t older = 1; older < 3; older++) {
		shut(p);
		assert_int_equal(format(p, 0), 3);
		assert_int_equal(format(p, older), older);
		assert_int_equal(open_again(p), 0);
		r = replay(p);
		assert_int_equal(r.n, 1);
		assert_string_equal(r.texts[0], "intent");
	}
	shut(p);
	assert_int_equal(format(p, 0), 3); /* a program that knows 2 refuses it, as this one refuses 4 */
	assert_int_equal(open_again(p), 0);
}

static void test_a_journal_of_a_newer_program_is_refused_in_words(void **state)
{
	struct place *p = *state;

	shut(p);
	assert_int_equal(format(p, 4), 4);
	assert_int_equal(open_again(p), ERR_VERSION);
	assert_non_null(strstr(p->why.text, "version 4"));
	assert_non_null(strstr(p->why.text, "written by a newer program"));
	assert_int_equal(format(p, 3), 3);
	assert_int_equal(open_again(p), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_journal_of_an_older_format_is_opened_and_is_of_the_newest_from_then_on),
		T(test_a_journal_of_a_newer_program_is_refused_in_words),
	};

	return cmocka_run_group_tests_name("jrn_format", tests, NULL, NULL);
}
