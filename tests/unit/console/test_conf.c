/* The configuration: its defaults, its example, and what it refuses. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "console/csl_conf.h"
#include "console/csl_manual.h"

static struct report why_all;

static int load(struct csl_conf *c, const char *text, char first[CFG_WHY_MAX])
{
	char path[] = "/tmp/test_console_conf_XXXXXX";
	int fd = mkstemp(path), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	memset(&why_all, 0, sizeof why_all);
	err = csl_conf_load(c, path, &why_all);
	report_first(&why_all, first, CFG_WHY_MAX);
	unlink(path);
	return err;
}

static void test_defaults(void **state)
{
	static struct csl_conf c;
	char why[CFG_WHY_MAX];

	(void)state;
	assert_int_equal(load(&c, "limits: { sessions: 5 }\n", why), 0);
	assert_string_equal(c.listen.address, "127.0.0.1");
	assert_int_equal(c.limits.sessions, 5);
	assert_int_equal(c.sandbox, CSL_SANDBOX_REQUIRE);
	assert_int_equal(c.timers.link_ms, 60000);
	assert_int_equal(c.hosts_n, 0);
}

static void test_the_example_is_valid(void **state)
{
	static struct csl_conf c;
	static struct report why;

	(void)state;
	assert_int_equal(csl_conf_load(&c, EXAMPLES "/mtc-iwf-console.yaml", &why), 0);
	assert_int_equal(c.timers.idle_ms, 15 * 60 * 1000);
}

static void test_mistakes(void **state)
{
	static const char *const wrong[][2] = {
		{ "listen: { address: 0.0.0.0 }\n", "expected a loopback address" },
		{ "listen: { address: 192.0.2.1 }\n", "expected a loopback address" },
		{ "timers: { idle: 2h, session: 1h }\n", "timers.idle is longer" },
		{ "limits: { connections: 16, threads: 17 }\n", "limits.threads is larger" },
		{ "limits: { hss_checks: 2, hss_checks_per_person: 3 }\n", "limits.hss_checks_per_person is larger" },
		{ "listen_tls: { enabled: yes, key: a }\n", "needs certificate and key" },
		{ "listen_tls: { enabled: yes, certificate: a, key: b, client_ca: c }\n", "certificates names nobody" },
		{ "listen_tls: { enabled: yes, certificate: a, key: b, port: 8640 }\n", "same address and port" },
		{ "listen_tls: { enabled: yes, certificate: a, key: b, address: 0.0.0.0 }\n", "hosts has to name" },
		{ "listen_tls: { enabled: yes, certificate: a, key: b }\n"
		  "certificates: [ { match: 'dns:a', person: p, role: read } ]\n",
		  "client_ca is missing" },
		{ "certificates: [ { match: alice, person: p, role: read } ]\n", "expected sha256:" },
		{ "certificates: [ { match: 'email:', person: p, role: read } ]\n", "expected sha256:" },
		{ "certificates: [ { match: 'sha256:12', person: p, role: read } ]\n", "expected sha256:" },
		{ "certificates: [ { match: 'dns:a', person: 'a b', role: read } ]\n", "expected a name as accounts have" },
		{ "certificates: [ { match: 'dns:a', person: p, role: root } ]\n", "role" },
		{ "certificates: [ { match: 'dns:a', person: p, role: read }, { match: 'dns:A', person: q, role: read } ]\n",
		  "match the same" },
		{ "groups: { read: users }\n", "unknown key 'groups'" },
		{ "timers: { link: 0s }\n", "timers.link" },
	};
	static struct csl_conf c;
	char why[CFG_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (load(&c, wrong[i][0], why) != ERR_INVAL || !strstr(why, wrong[i][1])) {
			fail_msg("%s gave %s", wrong[i][0], why);
		}
	}
}

static void on_row(void *arg, const char *kind, const char *text)
{
	unsigned *n = arg;

	*n += strcmp(kind, REPORT_WARNING) == 0 && strstr(text, "listen_tls is not enabled");
}

/* People in a list that nobody asks. */
static void test_certificates_without_tls_are_a_warning(void **state)
{
	static const char people[] = "certificates: [ { match: 'dns:a', person: p, role: read } ]\n",
			  tls[] = "listen_tls: { enabled: yes, certificate: a, key: b, client_ca: c }\n";
	char why[CFG_WHY_MAX], text[256];
	static struct csl_conf c;
	unsigned n = 0;

	(void)state;
	assert_int_equal(load(&c, people, why), 0);
	report_each(&why_all, on_row, &n);
	assert_int_equal(n, 1);
	snprintf(text, sizeof text, "%s%s", tls, people);
	assert_int_equal(load(&c, text, why), 0);
	report_each(&why_all, on_row, &n);
	assert_int_equal(load(&c, "control: /run/other.sock\n", why), 0);
	report_each(&why_all, on_row, &n);
	assert_int_equal(n, 1);
}

static void test_the_manual_is_made_from_the_rows(void **state)
{
	static char page[65536];
	char *made;
	size_t len, n;
	FILE *f = open_memstream(&made, &len);

	(void)state;
	csl_manual_roff(f);
	fclose(f);
	f = fopen(DOCS "/man/mtc-iwf-console.1", "r");
	assert_non_null(f);
	n = fread(page, 1, sizeof page, f);
	fclose(f);
	if (n != len || memcmp(page, made, n) != 0) {
		fail_msg("docs/man/mtc-iwf-console.1 is out of date: ninja -C build manuals");
	}
	free(made);
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_the_example_is_valid),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_certificates_without_tls_are_a_warning),
		cmocka_unit_test(test_the_manual_is_made_from_the_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
