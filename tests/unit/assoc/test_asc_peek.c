/* A look into a store from outside: the names of SCSs, whether or not another process uses it. */
#include "tests/unit/assoc/store_place.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "assoc/asc_peek.h"

static const char *const names[] = { "acme", "nobody", "beta" };
#define NAMES_N (sizeof names / sizeof *names)

static void as_stored(const char *dir)
{
	bool known[NAMES_N] = { false, true, false };

	assert_int_equal(asc_peek_scs(dir, names, known, NAMES_N), 0);
	assert_true(known[0]);
	assert_false(known[1]);
	assert_true(known[2]);
}

static int name_of(void *arg, const struct asc_scs *scs)
{
	strcat(arg, scs->name);
	if (scs->ndsip_hosts.n) {
		strcat(arg, "!");
	}
	return strcmp(scs->name, "stop") == 0 ? 77 : 0;
}

static void test_all_of_them(void **state)
{
	struct place *p = *state;
	struct asc_scs s = place_scs("gamma", "49170123459", "scs.gamma.example");
	char names_of[64] = "";

	place_two_scs(p);
	assert_int_equal(asc_addresses_read(&s.ndsip_hosts, "10.8.0.7", 8), 0);
	assert_int_equal(asc_scs_put(p->a, &s, &p->why), 0);
	place_close(p);
	assert_int_equal(asc_peek_each(p->dir, name_of, names_of), 0);
	assert_string_equal(names_of, "acmebetagamma!");
	assert_int_equal(place_open(p), 0);
	place_put(p, "stop", "49170123460", "scs.stop.example");
	place_put(p, "zeta", "49170123461", "scs.zeta.example");
	place_close(p);
	names_of[0] = 0;
	assert_int_equal(asc_peek_each(p->dir, name_of, names_of), 77);
	assert_string_equal(names_of, "acmebetagamma!stop");
	assert_int_equal(asc_peek_each("/nowhere", name_of, names_of), ERR_NOTFOUND);
	assert_int_equal(place_open(p), 0);
}

static time_t changed(const char *dir, const char *file)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, file);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static void test_a_store_that_nobody_uses_is_not_touched(void **state)
{
	struct place *p = *state;
	time_t data, lock;

	place_two_scs(p);
	place_close(p);
	data = changed(p->dir, "data.mdb");
	lock = changed(p->dir, "lock.mdb");
	as_stored(p->dir);
	assert_int_equal(changed(p->dir, "data.mdb"), data);
	assert_int_equal(changed(p->dir, "lock.mdb"), lock);
	assert_int_equal(place_open(p), 0);
}

static void test_a_store_in_use_is_read_beside_its_owner(void **state)
{
	struct asc_scs third = place_scs("third", "49170123459", "scs.third.example");
	struct place *p = *state;
	int status;
	pid_t pid;

	place_two_scs(p);
	pid = fork(); /* LMDB knows one environment of a file in each process */
	if (pid == 0) {
		bool known[NAMES_N] = { false, true, false };

		_exit(asc_peek_scs(p->dir, names, known, NAMES_N) || !known[0] || known[1] || !known[2]);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(asc_scs_put(p->a, &third, &p->why), 0);
	assert_int_equal(place_open(p), 0);
	assert_non_null(asc_scs_find(p->a, "third"));
}

static void test_what_is_no_store_is_said(void **state)
{
	struct place *p = *state;
	bool known[NAMES_N];
	char path[128];
	FILE *f;

	place_close(p);
	assert_int_equal(asc_peek_scs("/nowhere", names, known, NAMES_N), ERR_NOTFOUND);
	snprintf(path, sizeof path, "%s/data.mdb", p->dir);
	assert_int_equal(truncate(path, 8192), 0); /* its two first pages say that there are more */
	assert_int_equal(asc_peek_scs(p->dir, names, known, NAMES_N), ERR_PROTO);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("no database", f);
	fclose(f);
	assert_int_not_equal(asc_peek_scs(p->dir, names, known, NAMES_N), 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_store_that_nobody_uses_is_not_touched, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_all_of_them, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_a_store_in_use_is_read_beside_its_owner, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_store_is_said, place_setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
