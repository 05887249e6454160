/* Paths, cookies, and the names under which a browser may ask. */
#include "tests/unit/test.h"

#include "console/csl_request.h"

static void test_paths(void **state)
{
	static const struct {
		const char *method, *path;
		int err;
		enum csl_what what;
		const char *name;
	} rows[] = {
		{ "GET", "/", 0, CSL_FILE, "index.html" },
		{ "GET", "/console.js", 0, CSL_FILE, "console.js" },
		{ "HEAD", "/", ERR_STATE, CSL_FILE, "index.html" },
		{ "POST", "/", ERR_STATE, CSL_FILE, "index.html" },
		{ "GET", "/api/peers.stop", 0, CSL_COMMAND, "peers.stop" },
		{ "POST", "/api/peers.stop", 0, CSL_COMMAND, "peers.stop" },
		{ "PUT", "/api/peers.stop", ERR_STATE, CSL_COMMAND, "peers.stop" },
		{ "GET", "/api/me", 0, CSL_ME, "" },
		{ "POST", "/api/me", ERR_STATE, CSL_ME, "" },
		{ "POST", "/login", 0, CSL_LOGIN, "" },
		{ "GET", "/login", ERR_STATE, CSL_LOGIN, "" },
		{ "GET", "/logout", ERR_STATE, CSL_LOGOUT, "" },
		{ "GET", "/api/import", 0, CSL_IMPORT, "" },
		{ "POST", "/api/import", 0, CSL_IMPORT, "" },
	};
	static const char *const none[] = { "",       "x",         "//",          "/..",        "/../etc/passwd",
					    "/a/b",   "/api/",     "/api",        "/api/../me", "/api/a/b",
					    "/api/A", "/api/p%73", "/Index.html", "/\x80",      "/api/x y" };
	struct csl_target t;
	char longest[200];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int err = csl_target_parse(&t, csl_method_of(rows[i].method), rows[i].path);

		if (err != rows[i].err || t.what != rows[i].what || strcmp(t.name, rows[i].name) != 0) {
			fail_msg("%s %s: %d %d %s", rows[i].method, rows[i].path, err, (int)t.what, t.name);
		}
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		int err = csl_target_parse(&t, CSL_GET, none[i]);

		/* a name that is no file of ours is found out by the table of files */
		if (err != ERR_NOTFOUND &&
		    !(err == 0 && t.what == CSL_FILE && (!strcmp(none[i], "/..") || !strcmp(none[i], "/api")))) {
			fail_msg("%s: %d", none[i], err);
		}
	}
	memset(longest, 'a', sizeof longest - 1);
	longest[0] = '/';
	longest[sizeof longest - 1] = 0;
	assert_int_equal(csl_target_parse(&t, CSL_GET, longest), ERR_NOTFOUND);
}

#define SECRET "0123456789abcdef0123456789abcdef"

static void test_cookies(void **state)
{
	char out[CSL_SECRET_MAX];

	(void)state;
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, "mtc_console=" SECRET), 0);
	assert_string_equal(out, SECRET);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, "a=b; mtc_console=" SECRET "; c=d"), 0);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, NULL), ERR_NOTFOUND);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, ""), ERR_NOTFOUND);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, "mtc_console=" SECRET "0"), ERR_NOTFOUND);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, "mtc_console=" SECRET "\""), ERR_NOTFOUND);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, "mtc_console=0123"), ERR_NOTFOUND);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, "xmtc_console=" SECRET), ERR_NOTFOUND);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, "mtc_console=0123456789ABCDEF0123456789abcdef"), ERR_NOTFOUND);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, "mtc_console=" SECRET "; mtc_console=" SECRET), ERR_INVAL);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, ";;; ; mtc_console"), ERR_NOTFOUND);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE_TLS, "mtc_console=" SECRET), ERR_NOTFOUND);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE, "__Host-mtc_console=" SECRET), ERR_NOTFOUND);
	assert_int_equal(csl_cookie_parse(out, CSL_COOKIE_TLS, "mtc_console=x; __Host-mtc_console=" SECRET), 0);
}

static void test_hosts(void **state)
{
	static char hosts[2][CFG_HOST_MAX] = { "console.operator.example", "noc.example" };
	static const char *const good[] = { "127.0.0.1:8640", "localhost:8640", "LOCALHOST:8640", "noc.example",
					    "NOC.example:443" };
	static const char *const bad[] = { "",
					   "127.0.0.1",
					   "127.0.0.1:8641",
					   "127.0.0.2:8640",
					   "localhost",
					   "evil.example:8640",
					   "noc.example.evil:1",
					   "xnoc.example",
					   "127.0.0.1:8640.evil.example",
					   "noc.exampl",
					   "noc.example:",
					   "noc.example:443:1",
					   "noc.example:123456",
					   "noc.example:https://noc.example" };
	struct csl_names names = { "127.0.0.1", 8640, hosts, 2 }, six = { "::1", 80, hosts, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(csl_host_ok(&names, good[i]));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (csl_host_ok(&names, bad[i])) {
			fail_msg("%s", bad[i]);
		}
	}
	assert_false(csl_host_ok(&names, NULL));
	assert_true(csl_host_ok(&six, "[::1]:80"));
	assert_false(csl_host_ok(&six, "noc.example"));
}

/* Over HTTPS a page of plain HTTP is another origin. */
static void test_origins_over_tls(void **state)
{
	(void)state;
	assert_true(csl_origin_tls_ok(NULL, true) && csl_origin_tls_ok(NULL, false));
	assert_true(csl_origin_tls_ok("https://noc.example", true));
	assert_true(csl_origin_tls_ok("http://127.0.0.1:8640", false));
	assert_false(csl_origin_tls_ok("http://noc.example", true));
	assert_false(csl_origin_tls_ok("https:/noc.example", true));
	assert_false(csl_origin_tls_ok("null", true));
}

static void test_origins(void **state)
{
	(void)state;
	assert_true(csl_origin_ok(NULL, NULL, "127.0.0.1:8640"));
	assert_true(csl_origin_ok("http://127.0.0.1:8640", "same-origin", "127.0.0.1:8640"));
	assert_true(csl_origin_ok("https://noc.example", NULL, "noc.example"));
	assert_true(csl_origin_ok(NULL, "none", "127.0.0.1:8640"));
	assert_false(csl_origin_ok(NULL, "cross-site", "127.0.0.1:8640"));
	assert_false(csl_origin_ok(NULL, "same-site", "127.0.0.1:8640"));
	assert_false(csl_origin_ok("http://127.0.0.1:8641", NULL, "127.0.0.1:8640"));
	assert_false(csl_origin_ok("null", NULL, "127.0.0.1:8640"));
	assert_false(csl_origin_ok("ftp://127.0.0.1:8640", NULL, "127.0.0.1:8640"));
	assert_false(csl_origin_ok("http://127.0.0.1:8640.evil", NULL, "127.0.0.1:8640"));
	assert_false(csl_origin_ok("http://a", NULL, NULL));
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),   cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_hosts),   cmocka_unit_test(test_origins_over_tls),
		cmocka_unit_test(test_origins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
