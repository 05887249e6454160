/* The operator's screening rules on disk: what is written is read; a file that is damaged, cut or of a newer program is refused in words. */
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/core_int.h"

static char dir[] = "/tmp/mtc-screen-XXXXXX";
static char path[64], why[CORE_WHY_MAX];
static int sync_error; /* of the next fsync(); 0: it succeeds */

/* In the place of the one of the C library, which only directories are given to. */
int fsync(int fd)
{
	(void)fd;
	errno = sync_error;
	return sync_error ? -1 : 0;
}

static int start(void **state)
{
	(void)state;
	if (!mkdtemp(dir)) {
		return -1;
	}
	snprintf(path, sizeof path, "%s/" CORE_SCREEN_FILE, dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static int read_text(const char *text, struct screen_rules *rules, uint32_t *own)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	screen_rules_preset(rules);
	return core_screen_read(rules, own, path, why);
}

static void what_is_written_is_read_and_nothing_else_changes(void **state)
{
	struct screen_rules rules, again, preset;
	uint32_t own = pol_row_bit(SCREEN_AGENTS) | pol_row_bit(SCREEN_COMMAND), own_again = 7;

	(void)state;
	screen_rules_preset(&preset);
	again = preset;
	assert_int_equal(core_screen_read(&again, &own_again, path, why), 0); /* there is no file */
	assert_int_equal(own_again, 0);
	rules = preset;
	rules.row[SCREEN_AGENTS].mode = SCREEN_DROP;
	assert_int_equal(screen_rule_except(&rules.row[SCREEN_AGENTS], "beta"), 0);
	assert_int_equal(screen_rule_except(&rules.row[SCREEN_AGENTS], "acme"), 0);
	rules.row[SCREEN_COMMAND].answer = 5012;
	rules.row[SCREEN_P_BIT].mode = SCREEN_DETECT; /* not the operator's: not written */
	assert_int_equal(core_screen_write(&rules, own, path, why), 0);
	assert_int_equal(core_screen_read(&again, &own_again, path, why), 0);
	assert_int_equal(own_again, own);
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		const struct screen_rules *wanted = own >> i & 1 ? &rules : &preset;

		assert_true(screen_rule_equal(&again.row[i], &wanted->row[i]));
	}
	assert_int_equal(core_screen_write(&rules, 0, path, why), 0);
	assert_int_equal(core_screen_read(&again, &own_again, path, why), 0);
	assert_int_equal(own_again, 0);
}

static void a_file_that_is_not_whole_is_refused_in_words(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "", "it is no file of screening rules" },
		{ "mtc timeline 1\n", "it is no file of screening rules" },
		{ "mtc screening 1\n", "its end is missing" },
		{ "mtc screening 1\nagents drop 5008 -\n", "line 3" },
		{ "mtc screening 1\nagents drop 5008 -\nend 2\n", "line 3" },
		{ "mtc screening 1\nagents drop 5008 -\nend 1", "'end' is no screening row" },
		{ "mtc screening 1\nagents drop 5008 -\nend 1\nmore", "'end' is no screening row" },
		{ "mtc screening 1\nagent drop 5008 -\nend 1\n", "line 2: 'agent' is no screening row" },
		{ "mtc screening 1\nagents let 5008 -\nend 1\n", "the rule of row 'agents' is damaged" },
		{ "mtc screening 1\nagents drop 5008x -\nend 1\n", "damaged" },
		{ "mtc screening 1\nagents drop 5008\nend 1\n", "damaged" },
		{ "mtc screening 1\nagents drop 5008 acme,acme\nend 1\n", "damaged" },
		{ "mtc screening 1\nagents drop 5008 -\nagents drop 5008 -\nend 2\n", "damaged" },
		{ "mtc screening 1\nagents drop 2001 -\nend 1\n", "answer 2001 is none" },
		{ "mtc screening 1\nidentity detect 3010 -\nend 1\n", "is fixed" },
		{ "mtc screening 2\nend 0\n", "a newer mtc-iwf wrote it" },
	};
	struct screen_rules rules;
	uint32_t own;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (read_text(rows[i].text, &rules, &own) != ERR_PROTO || !strstr(why, rows[i].words)) {
			fail_msg("row %zu: '%s', expected '%s'", i, why, rows[i].words);
		}
		assert_non_null(strstr(why, "move ")); /* what to do */
	}
	assert_int_equal(read_text("mtc screening 1\nagents drop 5008 acme\nend 1\n", &rules, &own), 0);
}

/* Else a disk that is not mounted would end the operator's rules without a word. */
static void a_link_that_leads_nowhere_is_no_missing_file(void **state)
{
	struct screen_rules rules;
	uint32_t own = 7;

	(void)state;
	(void)unlink(path);
	assert_int_equal(symlink("/nowhere/at/all/screening", path), 0);
	screen_rules_preset(&rules);
	assert_int_not_equal(core_screen_read(&rules, &own, path, why), 0);
	assert_int_equal(own, 0);
	assert_non_null(strstr(why, path));
	assert_non_null(strstr(why, "move it away"));
	assert_int_equal(unlink(path), 0);
}

static void what_cannot_be_written_changes_nothing(void **state)
{
	struct screen_rules rules;

	(void)state;
	screen_rules_preset(&rules);
	assert_int_equal(core_screen_write(&rules, 1, "/nowhere/at/all/screening", why), ERR_IO);
	assert_non_null(strstr(why, "nothing was changed"));
}

static void a_directory_that_cannot_be_synced_is_told(void **state)
{
	struct screen_rules rules;

	(void)state;
	screen_rules_preset(&rules);
	sync_error = EIO;
	assert_int_equal(core_screen_write(&rules, 0, path, why), ERR_STATE);
	assert_non_null(strstr(why, "power cut"));
	assert_non_null(strstr(why, strerror(EIO)));
	sync_error = EINVAL; /* a file system without this call */
	assert_int_equal(core_screen_write(&rules, 0, path, why), 0);
	sync_error = 0;
	assert_int_equal(core_screen_write(&rules, 0, path, why), 0);
}

/* As a full disk: the file may not grow beyond a few octets. */
static void a_write_that_fails_leaves_the_old_file_and_no_other(void **state)
{
	struct screen_rules rules, again;
	struct rlimit full = { 20, 20 }, before;
	uint32_t own = 7;
	char beside[sizeof path + 4];
	int err;

	(void)state;
	screen_rules_preset(&rules);
	assert_int_equal(core_screen_write(&rules, pol_row_bit(SCREEN_AGENTS), path, why), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	full.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	err = core_screen_write(&rules, pol_row_bit(SCREEN_SIZES), path, why);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(err, ERR_IO);
	assert_non_null(strstr(why, strerror(EFBIG)));
	assert_int_equal(core_screen_read(&again, &own, path, why), 0);
	assert_int_equal(own, pol_row_bit(SCREEN_AGENTS));
	snprintf(beside, sizeof beside, "%s.new", path);
	assert_int_equal(access(beside, F_OK), -1);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_and_nothing_else_changes),
		cmocka_unit_test(a_file_that_is_not_whole_is_refused_in_words),
		cmocka_unit_test(a_link_that_leads_nowhere_is_no_missing_file),
		cmocka_unit_test(what_cannot_be_written_changes_nothing),
		cmocka_unit_test(a_directory_that_cannot_be_synced_is_told),
		cmocka_unit_test(a_write_that_fails_leaves_the_old_file_and_no_other),
	};

	return cmocka_run_group_tests_name("core screen", tests, start, end);
}
