/* The configuration of mtc-iwfd: the shipped example, the defaults of the contracts, and each check across keys with its line. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "conf/cfg_iwf.h"

static char why[CFG_WHY_MAX];

static const char good[] =
    "identity:\n"                                                                                    /* 1 */
    "  external: { host: iwf.x.example, realm: x.example }\n"                                        /* 2 */
    "  internal: { host: iwf.core.x.example, realm: core.x.example }\n"                              /* 3 */
    "trust_anchors:\n"                                                                               /* 4 */
    "  - { name: a, file: a.pem }\n"                                                                 /* 5 */
    "  - { name: b, file: b.pem }\n"                                                                 /* 6 */
    "listen:\n"                                                                                      /* 7 */
    "  - name: tsp\n"                                                                                /* 8 */
    "    protection: tls\n"                                                                          /* 9 */
    "    address: 127.0.0.1\n"                                                                       /* 10 */
    "    certificate: iwf.pem\n"                                                                     /* 11 */
    "    key: iwf.key\n"                                                                             /* 12 */
    "peers:\n"                                                                                       /* 13 */
    "  - { name: hss, host: hss.example, realm: x.example, address: 127.0.0.1, protection: none }\n" /* 14 */
    "  - { name: sc, host: sc.example, realm: x.example, address: 127.0.0.1, protection: none }\n"   /* 15 */
    "s6m: { peer: hss, destination_realm: x.example }\n"                                             /* 16 */
    "t4: { peer: sc, destination_realm: x.example, destination_host: '' }\n";                        /* 17 */

static struct cfg_iwf *parse(const char *text)
{
	struct cfg_iwf *c = NULL;

	*why = 0;
	if (cfg_iwf_parse(&c, "/etc/mtc/c.yaml", text, strlen(text), why))
		return NULL;
	return c;
}

/* `good` with the first `from` replaced by `to` must fail with these words. */
static void wrong(const char *from, const char *to, const char *words)
{
	char text[4096];
	const char *at = strstr(good, from);
	struct cfg_iwf *c;

	assert_non_null(at);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
	c = parse(text);
	cfg_iwf_free(c);
	assert_null(c);
	assert_string_equal(why, words);
}

static void test_defaults_are_those_of_the_contracts(void **state)
{
	struct cfg_iwf *c = parse(good);

	(void)state;
	if (!c)
		fail_msg("%s", why);
	assert_int_equal(c->timers.reconnect_ms, 30000);
	assert_int_equal(c->timers.reconnect_refused_ms, 60000);
	assert_true(c->peers[0].reopen_detect);
	assert_int_equal(c->timers.watchdog_ms, 30000);
	assert_int_equal(c->timers.reopen_ms, 1000);
	assert_int_equal(c->s6m.answer_wait_ms, 3000);
	assert_int_equal(c->t4.answer_wait_ms, 5000);
	assert_int_equal(c->dnr.answer_wait_ms, 5000);
	assert_int_equal(c->dnr.retry_min_ms, 1000);
	assert_int_equal(c->dnr.retry_max_ms, 300000);
	assert_int_equal(c->limits.cer_wait_ms, 5000);
	assert_int_equal(c->limits.handshake_wait_ms, 5000);
	assert_int_equal(c->limits.probe_wait_ms, 2000);
	assert_int_equal(c->limits.message_max, 65536);
	assert_int_equal(c->limits.core_message_max, 1048576);
	assert_int_equal(c->limits.avps_max, 512);
	assert_int_equal(c->limits.nesting_max, 8);
	assert_int_equal(c->limits.payload_max, 1024);
	assert_int_equal(c->limits.pending_per_scs, 1024);
	assert_int_equal(c->limits.connections_per_scs, 8);
	assert_int_equal(c->limits.duplicates_max, 4000000);
	assert_int_equal(c->limits.duplicates_window_ms, 240000);
	assert_int_equal(c->limits.report_duplicates_max, 2000000);
	assert_int_equal(c->limits.report_duplicates_window_ms, 240000);
	assert_int_equal(c->journal.report_retention_ms, 7ull * 86400000);
	cfg_iwf_free(c);
}

static void test_the_snapshot_holds_what_was_written(void **state)
{
	struct cfg_iwf *c = parse(good);

	(void)state;
	if (!c)
		fail_msg("%s", why);
	assert_string_equal(c->external.host, "iwf.x.example");
	assert_string_equal(c->internal.realm, "core.x.example");
	assert_int_equal(c->anchors_n, 2);
	assert_string_equal(c->anchors[1].file, "/etc/mtc/b.pem");
	assert_int_equal(c->listen[0].zone, CFG_EXTERNAL);
	assert_int_equal(c->listen[0].port, 5868);
	assert_string_equal(c->listen[0].key, "/etc/mtc/iwf.key");
	assert_int_equal(c->s6m.peer_index, 0);
	assert_int_equal(c->t4.peer_index, 1);
	assert_string_equal(c->t4.destination_host, "");
	cfg_iwf_free(c);
}

static void test_an_external_listener_is_protected(void **state)
{
	(void)state;
	wrong("protection: tls", "protection: none",
	      "/etc/mtc/c.yaml:9: listener 'tsp' is external without protection, expected protection tls");
}

static void test_tls_is_complete(void **state)
{
	(void)state;
	wrong("    key: iwf.key\n", "",
	      "/etc/mtc/c.yaml:9: listen[0] has protection tls and no key, expected certificate and key");
	wrong("    certificate: iwf.pem\n", "",
	      "/etc/mtc/c.yaml:9: listen[0] has protection tls and no certificate, expected certificate and key");
	wrong("trust_anchors:\n  - { name: a, file: a.pem }\n  - { name: b, file: b.pem }\n", "",
	      "/etc/mtc/c.yaml:6: listener 'tsp' has protection tls and there are no trust_anchors, expected at least one");
	wrong("protection: tls", "zone: internal\n    protection: none",
	      "/etc/mtc/c.yaml:12: listen[0] has protection none and a certificate, expected protection tls or no certificate");
	wrong("protection: none }", "protection: tls, certificate: x, key: y, trust: c }",
	      "/etc/mtc/c.yaml:14: peer 'hss' has protection tls and trust 'c', expected the name of one of the trust_anchors");
}

static void test_names_are_unique_and_known(void **state)
{
	(void)state;
	wrong("name: b,", "name: a,", "/etc/mtc/c.yaml:6: trust anchor 'a' stands here a second time, expected unique names");
	wrong("name: b,", "name: internal,",
	      "/etc/mtc/c.yaml:6: trust anchor 'internal': this word means SCSs without a certificate, expected another name");
	wrong("name: sc,", "name: hss,",
	      "/etc/mtc/c.yaml:15: peer name 'hss' stands here a second time, expected unique names and hosts");
	wrong("host: sc.example", "host: HSS.example",
	      "/etc/mtc/c.yaml:15: peer host 'hss.example' stands here a second time, expected unique names and hosts");
	wrong("peers:\n", "  - { name: tsp, address: 127.0.0.2, certificate: x, key: y }\npeers:\n",
	      "/etc/mtc/c.yaml:13: listener 'tsp' stands here a second time, expected unique names");
	wrong("peers:\n", "  - { name: tsp2, address: 127.0.0.1, certificate: x, key: y }\npeers:\n",
	      "/etc/mtc/c.yaml:13: listeners 'tsp' and 'tsp2' have the same address and port, expected different ones");
	wrong("{ peer: sc", "{ peer: cs",
	      "/etc/mtc/c.yaml:17: t4.peer is 'cs', expected the name of one of the peers, such as 'hss'");
	wrong("s6m: { peer: hss", "s6m: { peer: h",
	      "/etc/mtc/c.yaml:16: s6m.peer is 'h', expected the name of one of the peers, such as 'hss'");
	wrong("host: hss.example", "host: iwf.core.x.example",
	      "/etc/mtc/c.yaml:14: peer 'hss' has our own host name 'iwf.core.x.example', expected the peer's");
	wrong("iwf.core.x.example", "iwf.x.example",
	      "/etc/mtc/c.yaml:3: identity.internal.host is the external one too, expected a name that is never shown outside");
}

static void test_an_anchor_is_found_by_its_name(void **state)
{
	struct cfg_iwf c = { .anchors = { { .name = "anchor-a" }, { .name = "anchor-b" }, { .name = "left-over" } },
			     .anchors_n = 2 };

	(void)state;
	assert_int_equal(cfg_anchor_index(&c, "anchor-a"), 0);
	assert_int_equal(cfg_anchor_index(&c, "anchor-b"), 1);
	assert_int_equal(cfg_anchor_index(&c, "anchor-"), CFG_ANCHORS_MAX);
	assert_int_equal(cfg_anchor_index(&c, "left-over"), CFG_ANCHORS_MAX);
	assert_int_equal(cfg_anchor_index(&c, ""), CFG_ANCHORS_MAX);
	/* "internal" is allowed in a record and is no certificate file. */
	assert_int_equal(cfg_anchor_index(&c, "internal"), CFG_ANCHORS_MAX);
	assert_true(cfg_anchor_known(&c, "internal"));
	assert_true(cfg_anchor_known(&c, "anchor-b"));
	assert_false(cfg_anchor_known(&c, "left-over"));
	assert_false(cfg_anchor_known(&c, ""));
}

static void test_numbers_fit_together(void **state)
{
	(void)state;
	wrong("s6m:", "dnr: { retry_min: 10s, retry_max: 5s }\ns6m:",
	      "/etc/mtc/c.yaml:16: dnr.retry_max is shorter than dnr.retry_min, expected at least as long");
	wrong("s6m:", "timers: { edge_restart: 10s, restart_max: 5s }\ns6m:",
	      "/etc/mtc/c.yaml:16: timers.restart_max is shorter than timers.edge_restart, expected at least as long");
	wrong("s6m:", "limits: { memory: 1000000 }\ns6m:",
	      "/etc/mtc/c.yaml:16: limits.memory is 1000000, expected 0 or at least 369098752: 64 MiB, twice "
	      "limits.memory_reserve, and "
	      "associations.import_memory");
	wrong("s6m:", "limits: { connections_total: 5, connections_per_address: 6 }\ns6m:",
	      "/etc/mtc/c.yaml:16: limits.connections_per_address is above limits.connections_total (5), expected at most that");
}

static void test_the_smaller_of_two_limits_holds_and_rings_are_powers_of_two(void **state)
{
	char text[4096];
	struct cfg_iwf *c;

	(void)state;
	snprintf(text, sizeof text, "%slimits:\n  connections_total: 5\n  ring: 70000\n", good);
	c = parse(text);
	if (!c)
		fail_msg("%s", why);
	assert_int_equal(c->limits.connections_per_address, 5);
	assert_int_equal(c->limits.ring_size, 131072);
	cfg_iwf_free(c);
}

static void test_missing_sections_are_named(void **state)
{
	(void)state;
	wrong("s6m: { peer: hss, destination_realm: x.example }\n", "",
	      "/etc/mtc/c.yaml:1: key 's6m' is missing, expected a mapping of keys");
	wrong("protection: none }", "}", "/etc/mtc/c.yaml:14: key 'protection' is missing in peers[0], expected tls or none");
}

static void test_files_that_are_not_there_are_named_with_their_line(void **state)
{
	char dir[] = "/tmp/test_iwf_XXXXXX", path[64], text[4096];
	struct cfg_iwf *c = NULL;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/c.yaml", dir);
	snprintf(text, sizeof text, "%sstate_dir: s\ncontrol: { path: c.sock }\nlog: { decisions: d }\n", good);
	assert_int_equal(cfg_iwf_parse(&c, path, text, strlen(text), why), 0);
	assert_int_equal(cfg_iwf_check_files(c, why), ERR_INVAL);
	assert_non_null(strstr(why, "/c.yaml:5: "));
	assert_non_null(strstr(why, "/a.pem: No such file or directory, expected a readable file"));
	for (size_t i = 0; i < 4; i++) {
		static const char *const names[] = { "a.pem", "b.pem", "iwf.pem", "iwf.key" };

		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		f = fopen(path, "w");
		assert_non_null(f);
		fclose(f);
	}
	assert_int_equal(cfg_iwf_check_files(c, why), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(cfg_iwf_check_files(c, why), ERR_INVAL);
	assert_non_null(strstr(why, "/c.yaml:12: "));
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, (const char *[]){ "a.pem", "b.pem", "iwf.pem" }[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(cfg_iwf_check_files(c, why), ERR_INVAL);
	assert_non_null(strstr(why, "/c.yaml:18: "));
	cfg_iwf_free(c);
}

static void test_the_shipped_example_parses(void **state)
{
	struct cfg_iwf *c = NULL;
	int err = cfg_iwf_load(&c, EXAMPLES "/mtc-iwfd.yaml", why);

	(void)state;
	if (err)
		fail_msg("%s", why);
	assert_int_equal(c->listen_n, 1);
	assert_int_equal(c->peers_n, 2);
	assert_string_equal(c->user, "mtc-iwf");
	cfg_iwf_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_those_of_the_contracts),
		cmocka_unit_test(test_the_snapshot_holds_what_was_written),
		cmocka_unit_test(test_an_external_listener_is_protected),
		cmocka_unit_test(test_tls_is_complete),
		cmocka_unit_test(test_names_are_unique_and_known),
		cmocka_unit_test(test_an_anchor_is_found_by_its_name),
		cmocka_unit_test(test_numbers_fit_together),
		cmocka_unit_test(test_the_smaller_of_two_limits_holds_and_rings_are_powers_of_two),
		cmocka_unit_test(test_missing_sections_are_named),
		cmocka_unit_test(test_files_that_are_not_there_are_named_with_their_line),
		cmocka_unit_test(test_the_shipped_example_parses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
