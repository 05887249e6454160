/* The section smssc: the example of docs/user/southbound.md, and what it cannot be. */
#include "tests/unit/test.h"

#include "conf/cfg_iwf.h"

static const char head[] = "identity:\n"
			   "  external: { host: iwf.x.example, realm: x.example }\n"
			   "  internal: { host: iwf.core.x.example, realm: core.x.example }\n"
			   "trust_anchors: [ { name: core, file: a.pem } ]\n"
			   "listen: [ { name: tsp, protection: tls, address: 192.0.2.9, certificate: c.pem, key: k.pem } ]\n";

static struct report report;

/* The block of the page. */
static char *example(void)
{
	char why[CFG_WHY_MAX], *page, *from, *to, *text;
	size_t len;

	if (cfg_text_load(&page, &len, DOCS "/user/southbound.md", why)) {
		fail_msg("%s", why);
	}
	from = strstr(page, "```yaml\n");
	assert_non_null(from);
	to = strstr(from + 8, "```\n");
	assert_non_null(to);
	*to = 0;
	assert_true(asprintf(&text, "%s%s", head, from + 8) > 0);
	free(page);
	return text;
}

/* Reads the example, with the first `from` replaced by `to`. NULL: it has errors. */
static struct cfg_iwf *read_with(const char *from, const char *to)
{
	char *text = example(), *at = strstr(text, from), *all;
	struct cfg_iwf *c = NULL;
	int err;

	assert_non_null(at);
	assert_true(asprintf(&all, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	report = (struct report){ .len = 0 };
	err = cfg_iwf_examine(&c, "/etc/mtc/c.yaml", all, strlen(all), &report);
	free(text);
	free(all);
	if (err) {
		cfg_iwf_free(c);
		return NULL;
	}
	return c;
}

static void wrong(const char *from, const char *to, const char *words)
{
	struct cfg_iwf *c = read_with(from, to);

	assert_null(c);
	if (!strstr(report.text, words)) {
		fail_msg("%s", report.text);
	}
}

static void test_the_example_of_the_page_is_good(void **state)
{
	struct cfg_iwf *c = read_with("", "");

	(void)state;
	if (!c) {
		fail_msg("%s", report.text);
		return;
	}
	assert_int_equal(c->smssc.protocol, CFG_SMSSC_SMPP);
	assert_string_equal(c->smssc.system_id, "mtcgw");
	assert_int_equal(c->smssc.on_unknown, CFG_SMSSC_HOLD);
	assert_string_equal(c->peers[c->t4.peer_index].name, "smssc");
	cfg_iwf_free(c);
}

static void test_what_smpp_cannot_be(void **state)
{
	(void)state;
	wrong("  system_id: mtcgw\n", "", "smssc.protocol is smpp without smssc.system_id");
	wrong("system_id: mtcgw\n", "system_id: a-name-of-16-long\n", "smssc.system_id");
	wrong("t4: { peer: smssc", "t4: { peer: hss", "t4.peer is s6m.peer");
	wrong("protocol: smpp\n", "protocol: smpp\n  source: +49\n", "smssc.source is '+49'");
	wrong("protocol: smpp\n", "protocol: smpp\n  window: 0\n", "smssc.window is '0'");
	wrong("protocol: smpp\n", "protocol: smpp\n  early_receipts: 201\n", "smssc.early_receipts is '201'");
	wrong("protocol: smpp\n", "protocol: smpp\n  receipts: 64\n",
	      "smssc.early_receipts is 64, expected a number below smssc.receipts (64)");
	wrong("long: payload", "long: parameters", "smssc.long is parameters with smssc.ports: header");
	wrong("ports: header                           # or parameters (destination_port), or none\n  long: payload",
	      "ports: parameters\n  long: header", "smssc.long is header with smssc.ports: parameters");
	wrong("port: 3550\n    protection: tls ",
	      "port: 3550\n    transport: sctp\n    local_addresses: [ 10.0.0.1 ]\n    protection: none ",
	      "another transport than tcp");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_example_of_the_page_is_good),
		cmocka_unit_test(test_what_smpp_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
