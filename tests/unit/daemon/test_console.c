/* Users and groups of this machine for the console: what a reload says of them, and how the core gets them. */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/dm_console.h"
#include "daemon/dm_msg.h"
#include "daemon/dm_parent_int.h"

#define NONE ((gid_t)-1)

/* Accounts of these lines of /etc/passwd. */
static struct accounts *accounts(const char *lines)
{
	char path[] = "/tmp/test-console-XXXXXX";
	struct accounts *a = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, lines, strlen(lines)), strlen(lines));
	assert_int_equal(accounts_load(&a, path), 0);
	close(fd);
	unlink(path);
	return a;
}

static struct cfg_iwf *configuration(const char *user, const char *operate)
{
	struct cfg_iwf *c = calloc(1, sizeof *c);

	assert_non_null(c);
	str_set(c->console_user, sizeof c->console_user, user);
	str_set(c->console.operate, sizeof c->console.operate, operate);
	return c;
}

static const char *all_lines(const struct report *r)
{
	static char text[REPORT_OCTETS_MAX + 1];

	memcpy(text, r->text, r->len);
	text[r->len] = 0;
	return text;
}

/* The same names, and this machine has them by now. */
static void test_a_group_that_was_made_later_is_said(void **state)
{
	struct cfg_iwf *cfg = configuration("console", "noc");
	struct adm_console had = { .uid = ADM_NO_CONSOLE, .read = NONE, .operate = NONE, .admin = NONE },
			   has = { .uid = 998, .read = NONE, .operate = 1005, .admin = NONE };
	struct report r = { .len = 0 };

	(void)state;
	assert_true(dm_console_compare(&r, &had, cfg, &has, cfg));
	assert_string_equal(all_lines(&r),
			    "change control.console_user: user 'console' has the number 998 on this machine now (before: none)\n"
			    "change control.console_groups.operate: group 'noc' has the number 1005 on this machine now (before: "
			    "none)\n");
	r.len = 0;
	assert_true(dm_console_compare(&r, &has, cfg, &had, cfg));
	assert_non_null(strstr(all_lines(&r), "group 'noc' has the number none on this machine now (before: 1005)"));
	r.len = 0;
	assert_false(dm_console_compare(&r, &has, cfg, &has, cfg));
	assert_int_equal(r.len, 0);
	free(cfg);
}

/* Another name in the configuration has a line of its own already. */
static void test_another_name_is_not_said_twice(void **state)
{
	struct cfg_iwf *before = configuration("console", "noc"), *after = configuration("console", "staff");
	struct adm_console had = { .uid = 998, .read = NONE, .operate = 1005, .admin = NONE }, has = had;
	struct report r = { .len = 0 };

	(void)state;
	has.operate = 50;
	assert_true(dm_console_compare(&r, &had, before, &has, after));
	assert_int_equal(r.len, 0);
	free(before);
	free(after);
}

static void test_accounts_that_have_changed_are_one_line(void **state)
{
	struct cfg_iwf *cfg = configuration("console", "noc");
	struct adm_console had = ADM_CONSOLE_NONE, has = ADM_CONSOLE_NONE;
	struct report r = { .len = 0 };

	(void)state;
	had.accounts = accounts("alice:x:1001:1001::/:/bin/sh\n");
	has.accounts = accounts("alice:x:1001:1001::/:/bin/sh\nbob:x:1002:1002::/:/bin/sh\n");
	assert_true(dm_console_compare(&r, &had, cfg, &has, cfg));
	assert_string_equal(all_lines(&r), "renewed /etc/passwd (names of persons on the console)\n");
	r.len = 0;
	assert_false(dm_console_compare(&r, &has, cfg, &has, cfg));
	dm_console_fini(&had);
	dm_console_fini(&has);
	free(cfg);
}

static void test_the_core_gets_what_the_parent_found(void **state)
{
	struct adm_console has = { .uid = 998, .read = 100, .operate = NONE, .admin = 1005 }, got;
	int fd;

	(void)state;
	has.accounts = accounts("alice:x:1001:1001::/:/bin/sh\nbob:x:1002:1002::/:/bin/sh\n");
	assert_int_equal(dm_console_make(&fd, &has), 0);
	assert_int_equal(dm_console_take(&got, fd), 0);
	assert_int_equal(got.uid, 998);
	assert_int_equal(got.read, 100);
	assert_true(got.operate == NONE);
	assert_int_equal(got.admin, 1005);
	assert_string_equal(accounts_name(got.accounts, 1002), "bob");
	assert_null(accounts_name(got.accounts, 1003));
	assert_true(accounts_same(has.accounts, got.accounts));
	dm_console_fini(&got);
	dm_console_fini(&has);
	assert_int_equal(dm_console_make(&fd, &has), 0); /* nobody, and no names */
	assert_int_equal(dm_console_take(&got, fd), 0);
	assert_int_equal(got.uid, ADM_NO_CONSOLE);
	assert_null(got.accounts);
}

static void test_octets_that_are_none_are_refused(void **state)
{
	char octets[16 + 2 * sizeof(struct account)];
	struct adm_console got;
	int fd;

	(void)state;
	memset(octets, 'x', sizeof octets);
	assert_int_equal(dm_memfd(&fd, "test", octets, 15), 0);
	assert_int_equal(dm_console_take(&got, fd), ERR_PROTO);
	assert_int_equal(dm_memfd(&fd, "test", octets, 16 + sizeof(struct account) + 1), 0);
	assert_int_equal(dm_console_take(&got, fd), ERR_PROTO);
	assert_int_equal(dm_memfd(&fd, "test", octets, sizeof octets), 0); /* a name without an end */
	assert_int_equal(dm_console_take(&got, fd), ERR_PROTO);
	assert_int_equal(got.uid, ADM_NO_CONSOLE);
	assert_null(got.accounts);
}

/* What a core that starts is told. */
static void told(struct adm_console *out, struct dm_parent *p)
{
	int pair[2], fds[DM_FDS_MAX];
	struct dm_msg m;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(dm_console_begin(p, pair[0]), 0);
	assert_int_equal(dm_recv(pair[1], &m, fds), 0);
	assert_int_equal(m.kind, DM_CONSOLE);
	assert_int_equal(dm_console_take(out, fds[0]), 0);
	close(pair[0]);
	close(pair[1]);
}

/* Another number of a group is another role: only a reload, which says so, changes it. A core that
 * has crashed meanwhile does not. */
static void test_another_core_gets_what_the_one_before_had(void **state)
{
	static struct dm_parent p;
	struct adm_console first, second;

	(void)state;
	obj_begin(&p.obj, DM_PARENT_MAGIC);
	log_init(&p.log, -1, LOG_LEVEL_ERROR, "test");
	p.console = ADM_CONSOLE_NONE;
	p.cfg = configuration("0", "root");
	told(&first, &p);
	assert_int_equal(first.operate, 0);
	str_set(p.cfg->console.operate, sizeof p.cfg->console.operate, "daemon"); /* as if this machine had changed */
	told(&second, &p);
	assert_int_equal(second.operate, 0);
	assert_true(accounts_same(first.accounts, second.accounts));
	dm_console_fini(&first);
	dm_console_fini(&second);
	dm_console_fini(&p.console);
	free(p.cfg);
	OBJ_END(&p, DM_PARENT_MAGIC);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_group_that_was_made_later_is_said),
		cmocka_unit_test(test_another_name_is_not_said_twice),
		cmocka_unit_test(test_accounts_that_have_changed_are_one_line),
		cmocka_unit_test(test_the_core_gets_what_the_parent_found),
		cmocka_unit_test(test_octets_that_are_none_are_refused),
		cmocka_unit_test(test_another_core_gets_what_the_one_before_had),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
