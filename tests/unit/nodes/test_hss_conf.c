/* The shipped example is valid, and mistakes in a configuration name file, line and what was expected. Argument: the source root. */
#include "tests/unit/test.h"

#include "nodes/hss/hss_conf.h"
#include "nodes/hss/hss_store.h"

static const char *root;
static struct report report;

static void test_the_shipped_example_is_valid(void **state)
{
	static struct hss_conf c;
	char path[512], why[HSS_STORE_WHY_MAX] = "";
	struct cfg_lines *lines = NULL;
	struct hss_store *s = NULL;

	(void)state;
	snprintf(path, sizeof path, "%s/examples/mtc-hss.yaml", root);
	if (hss_conf_load(&c, path, &lines, &report)) {
		fail_msg("%s", report.text);
	}
	cfg_lines_free(lines);
	assert_string_equal(c.identity.host, "hss.core.operator.example");
	assert_int_equal(c.listen.port, 3868);
	assert_int_equal(c.listen.protection, NODE_NONE);
	assert_int_equal(c.allowed_hosts_n, 1);
	if (hss_store_load(&s, c.subscribers, why)) {
		fail_msg("%s", why);
	}
	assert_int_equal(hss_store_count(s), 4);
	hss_store_free(s);
}

static void bad(const char *text, const char *expected)
{
	static struct hss_conf c;
	char path[] = "/tmp/test-hss-conf-XXXXXX", full[256], why[CFG_WHY_MAX] = "";
	struct cfg_lines *lines = NULL;
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	snprintf(full, sizeof full, "%s:%s", path, expected);
	report = (struct report){ .len = 0 };
	assert_int_not_equal(hss_conf_load(&c, path, &lines, &report), 0);
	report_first(&report, why, sizeof why);
	cfg_lines_free(lines);
	remove(path);
	if (strncmp(why, full, strlen(full)) != 0) {
		fail_msg("got '%s', expected '%s'", why, full);
	}
}

#define ID "identity: { host: h.example, realm: example }\n"
#define SUBS "subscribers: s.jsonl\n"

static void test_mistakes_have_a_line(void **state)
{
	(void)state;
	bad(ID SUBS "listen: { address: 127.0.0.1, protection: tls }\n",
	    "3: listen: protection tls needs certificate, key and anchors");
	bad(ID SUBS "listen:\n  address: 127.0.0.1\n  protection: none\n  key: x.key\n",
	    "5: listen: certificate, key and anchors belong to");
	bad(ID SUBS "listen: { address: 127.0.0.1, protection: none }\nsubscriber: x\n", "4: ");
	bad(ID "listen: { address: 127.0.0.1, protection: none }\n", "");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_shipped_example_is_valid),
		cmocka_unit_test(test_mistakes_have_a_line),
	};

	root = test_argument();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
