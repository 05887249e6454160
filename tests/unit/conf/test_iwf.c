/* The configuration of mtc-iwfd: the shipped example, the defaults of the contracts, and each check across keys with its line. */
#include "tests/unit/test.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/cfg_iwf.h"
#include "diameter/dia_msg.h"

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
    "  - { name: sc, host: sc.example, realm: x.example, address: 127.0.0.2, protection: none }\n"   /* 15 */
    "s6m: { peer: hss, destination_realm: x.example }\n"                                             /* 16 */
    "t4: { peer: sc, destination_realm: x.example, destination_host: '' }\n";                        /* 17 */

static struct cfg_iwf *parse(const char *text)
{
	struct cfg_iwf *c = NULL;

	*why = 0;
	if (cfg_iwf_parse(&c, "/etc/mtc/c.yaml", text, strlen(text), why)) {
		return NULL;
	}
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
	if (!c) {
		fail_msg("%s", why);
	}
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
	assert_int_equal(c->replay.mode, CFG_REPLAY_DETECT);
	assert_int_equal(c->replay.window_ms, 3600000);
	assert_int_equal(c->replay.entries_max, 1000000);
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
	if (!c) {
		fail_msg("%s", why);
	}
	assert_string_equal(c->external.host, "iwf.x.example");
	assert_string_equal(c->internal.realm, "core.x.example");
	assert_int_equal(c->anchors_n, 2);
	assert_string_equal(c->anchors[1].file, "/etc/mtc/b.pem");
	assert_int_equal(c->listen[0].zone, ZONE_EXTERNAL);
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
	      "/etc/mtc/c.yaml:9: listener 'tsp' is external without protection, expected protection tls, ndsip or tls+ndsip");
}

#define HSS "address: 127.0.0.1, protection: none }"
#define LOCAL "local_addresses: [ 127.0.0.9 ], "
#define SCTP_PEER "transport: sctp, " LOCAL

/* Nothing goes out unprotected because of another transport, and nobody learns an address that is not written. */
static void test_a_listener_over_sctp_is_without_tls_and_external_only_with_ndsip(void **state)
{
	(void)state;
	wrong("    protection: tls\n", "    transport: sctp\n    protection: tls\n",
	      "/etc/mtc/c.yaml:9: listener 'tsp' has protection tls over sctp, which is not offered (nor is DTLS over SCTP), "
	      "expected transport tcp, or protection ndsip");
	wrong("    protection: tls\n", "    transport: sctp\n    protection: none\n",
	      "/etc/mtc/c.yaml:10: listener 'tsp' is external over sctp without protection, expected protection ndsip");
	wrong("    protection: tls\n", "    transport: sctp\n    protection: tls\n    zone: internal\n",
	      "/etc/mtc/c.yaml:9: listener 'tsp' has protection tls over sctp, which is not offered (nor is DTLS over SCTP), "
	      "expected transport tcp, or protection ndsip or none");
	wrong("    protection: tls\n", "    transport: sctp\n    protection: none\n    zone: internal\n",
	      "/etc/mtc/c.yaml:9: listener 'tsp' has transport sctp and a certificate, expected none: nothing uses it");
	wrong("    protection: tls\n", "    more_addresses: [ 127.0.0.2 ]\n    protection: tls\n",
	      "/etc/mtc/c.yaml:9: listen[0].more_addresses belongs to transport sctp, and transport is tcp");
}

static void test_a_peer_over_sctp_has_addresses_of_both_ends(void **state)
{
	(void)state;
	wrong(HSS, "transport: sctp, " HSS,
	      "/etc/mtc/c.yaml:14: peer 'hss' has transport sctp and no local_addresses; without them SCTP would list all "
	      "addresses of "
	      "the machine, expected the addresses that the other side shall learn");
	wrong(HSS, LOCAL HSS, "/etc/mtc/c.yaml:14: peers[0].local_addresses belongs to transport sctp, and transport is tcp");
	wrong(HSS, SCTP_PEER "more_addresses: [ 127.0.0.3, 127.0.0.1 ], " HSS,
	      "/etc/mtc/c.yaml:14: peers[0].more_addresses[1] is '127.0.0.1', which is one of its addresses already, expected "
	      "different "
	      "ones");
	wrong(HSS, "transport: sctp, local_addresses: [ '::', 127.0.0.9 ], " HSS,
	      "/etc/mtc/c.yaml:14: peers[0].local_addresses[0] is '::', every address of the machine, and SCTP would list all of "
	      "them, "
	      "expected the addresses that the other side shall learn");
	wrong(
	    HSS, SCTP_PEER "more_addresses: [ '::ffff:192.0.2.9' ], " HSS,
	    "/etc/mtc/c.yaml:14: peers[0].more_addresses[0] is '::ffff:192.0.2.9', an IPv4 address in the form of IPv6, expected "
	    "'192.0.2.9'");
	wrong(HSS, SCTP_PEER "more_addresses: [ hss.example ], " HSS,
	      "/etc/mtc/c.yaml:14: peers[0].more_addresses[0] is 'hss.example', expected a numeric IPv4 or IPv6 address (names "
	      "are not resolved)");
	wrong(HSS, SCTP_PEER "trust: a, " HSS,
	      "/etc/mtc/c.yaml:14: peer 'hss' has transport sctp and a trust, expected none: nothing uses it");
	wrong(HSS, "transport: udp, " HSS, "/etc/mtc/c.yaml:14: peers[0].transport is 'udp', expected tcp, sctp or sctp-udp");
	wrong("s6m:", "sctp: { rto_min: 3s }\ns6m:",
	      "/etc/mtc/c.yaml:16: sctp.rto_initial is 1000 ms, expected from sctp.rto_min (3000 ms) to sctp.rto_max (60000 ms)");
}

/* All that SCTP takes; a TCP listener may have the same port beside it. */
#define UDP_LISTENER "  - { name: in, zone: internal, protection: none, transport: sctp-udp, port: 3868, address: 127.0.0.1 }\n"
#define UDP_PEER "transport: sctp-udp, udp_port: 9901, " LOCAL

/* In user space there is one address, no protection, and one stack for all listeners of an edge. */
static void test_sctp_in_user_space_is_internal_with_one_address(void **state)
{
	struct cfg_iwf *c;
	const char *hss = strstr(good, HSS);
	char text[4096];

	(void)state;
	wrong("    protection: tls\n", "    transport: sctp-udp\n    protection: tls\n",
	      "/etc/mtc/c.yaml:9: listener 'tsp' has transport sctp-udp, which is for laboratories and has no protection (that "
	      "of a "
	      "tunnel cannot be proven for it), expected zone internal and protection none, or another transport");
	wrong("    protection: tls\n", "    transport: sctp-udp\n    protection: none\n",
	      "/etc/mtc/c.yaml:9: listener 'tsp' has transport sctp-udp, which is for laboratories and has no protection (that "
	      "of a tunnel cannot be proven for it), expected zone internal and protection none, or another transport");
	wrong("    protection: tls\n",
	      "    transport: sctp-udp\n    protection: none\n    zone: internal\n    more_addresses: [ '::1' ]\n",
	      "/etc/mtc/c.yaml:12: listen[0].more_addresses belongs to transport sctp, and transport is sctp-udp, which has one "
	      "address");
	wrong("    protection: tls\n", "    protection: tls\n    udp_port: 9899\n",
	      "/etc/mtc/c.yaml:10: listen[0].udp_port belongs to transport sctp-udp, and transport is tcp");
	wrong("    key: iwf.key\n",
	      "    key: iwf.key\n" UDP_LISTENER
	      "  - { name: two, zone: internal, protection: none, transport: sctp-udp, port: 3868,\n"
	      "      address: 127.0.0.2 }\n",
	      "/etc/mtc/c.yaml:14: listeners 'in' and 'two' have transport sctp-udp and the same port, expected different ones, "
	      "even at different addresses");
	wrong("    key: iwf.key\n",
	      "    key: iwf.key\n" UDP_LISTENER
	      "  - { name: two, zone: internal, protection: none, transport: sctp-udp, port: 3869,\n"
	      "      address: 127.0.0.1 }\n",
	      "/etc/mtc/c.yaml:14: listeners 'in' and 'two' have the same address and udp_port, expected different ones");
	wrong("    key: iwf.key\n",
	      "    key: iwf.key\n  - { name: in, zone: internal, protection: none, transport: sctp-udp, port: 0, address: "
	      "127.0.0.1 }\n",
	      "/etc/mtc/c.yaml:13: listener 'in' has transport sctp-udp and port 0, expected the port of SCTP");
	wrong(HSS, "transport: sctp-udp, " HSS,
	      "/etc/mtc/c.yaml:14: peer 'hss' has transport sctp-udp and 0 local_addresses, expected one");
	wrong(HSS, UDP_PEER "more_addresses: [ 127.0.0.3 ], " HSS,
	      "/etc/mtc/c.yaml:14: peers[0].more_addresses belongs to transport sctp, and transport is sctp-udp, which has one "
	      "address");
	wrong(HSS, "udp_port: 9901, " HSS,
	      "/etc/mtc/c.yaml:14: peers[0].udp_port belongs to transport sctp-udp, and transport is tcp");
	wrong(HSS, UDP_PEER "address: 127.0.0.1, protection: tls }",
	      "/etc/mtc/c.yaml:14: peer 'hss' has transport sctp-udp, which is for laboratories and has no protection (that of a "
	      "tunnel "
	      "cannot be proven for it), expected protection none, or another transport");
	snprintf(text, sizeof text, "%.*s%s%s", (int)(hss - good), good, UDP_PEER, hss);
	c = parse(text);
	if (!c) {
		fail_msg("%s", why);
	}
	assert_int_equal(c->peers[0].transport, TRANSPORT_SCTP_UDP);
	assert_int_equal(c->peers[0].udp_port, 9901);
	assert_string_equal(transport_word(c->peers[0].transport), "sctp-udp");
	cfg_iwf_free(c);
}

static void test_sctp_as_it_is_written(void **state)
{
	static const char listener[] =
	    "    key: iwf.key\n"
	    "  - { name: in, zone: internal, protection: none, transport: sctp, port: 5868, address: 127.0.0.1,\n"
	    "      more_addresses: [ 127.0.0.2, '::1' ] }\n";
	const char *key = strstr(good, "    key: iwf.key\n"), *hss = strstr(good, HSS);
	char text[4096];
	struct cfg_iwf *c;

	(void)state;
	snprintf(text, sizeof text, "%.*s%s%.*s%s%s", (int)(key - good), good, listener, (int)(hss - strchr(key, '\n') - 1),
		 strchr(key, '\n') + 1, SCTP_PEER "more_addresses: [ 127.0.0.3 ], ", hss);
	c = parse(text);
	if (!c) {
		fail_msg("%s", why);
	}
	assert_int_equal(c->listen[0].transport, TRANSPORT_TCP);
	assert_int_equal(c->listen[1].transport, TRANSPORT_SCTP);
	assert_int_equal(c->listen[1].more_addresses_n, 2);
	assert_string_equal(c->listen[1].more_addresses[1], "::1");
	assert_int_equal(c->peers[0].transport, TRANSPORT_SCTP);
	assert_string_equal(c->peers[0].local_addresses[0], "127.0.0.9");
	assert_string_equal(c->peers[0].more_addresses[0], "127.0.0.3");
	assert_int_equal(c->peers[1].transport, TRANSPORT_TCP);
	assert_int_equal(c->sctp.heartbeat_ms, 30000);
	assert_int_equal(c->sctp.association_retransmits, 10);
	cfg_iwf_free(c);
}

/* Nothing but the word itself takes the protection away. */
static void test_no_protection_is_written_out(void **state)
{
	struct cfg_iwf *c;
	char text[sizeof good + 64];
	char *at = strstr(strcpy(text, good), "    protection: tls\n");

	(void)state;
	memcpy(at, "    zone: internal\n ", 19);
	c = parse(text);
	assert_non_null(c);
	assert_int_equal(c->listen[0].zone, ZONE_INTERNAL);
	assert_int_equal(c->listen[0].protection, PROTECTION_TLS);
	cfg_iwf_free(c);
}

static void test_both_for_a_core_peer_is_refused_as_long_as_it_is_not_served(void **state)
{
	(void)state;
	wrong("protection: none", "protection: tls+ndsip",
	      "/etc/mtc/c.yaml:14: peers[0].protection is 'tls+ndsip', and this build has no TLS inside NDS/IP for core peers, "
	      "expected tls, ndsip or none");
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

static void test_a_key_is_in_a_file_or_in_the_token(void **state)
{
	(void)state;
	wrong("    key: iwf.key\n", "    key: iwf.key\n    key_object: iwf\n",
	      "/etc/mtc/c.yaml:13: listener 'tsp' has both key and key_object, expected one of them: a file, or an object in the "
	      "token");
	wrong("    key: iwf.key\n", "    key_object: iwf\n",
	      "/etc/mtc/c.yaml:12: listener 'tsp' has a key_object and keyholder.pkcs11 has no module, expected module, token "
	      "and pin_file");
	wrong("    key: iwf.key\n", "    key_object: iwf\nkeyholder: { pkcs11: { module: m.so, pin_file: pin } }\n",
	      "/etc/mtc/c.yaml:12: listener 'tsp' has a key_object and keyholder.pkcs11 has no token, expected module, token and "
	      "pin_file");
}

static void test_a_signature_is_awaited_for_less_than_the_handshake(void **state)
{
	(void)state;
	wrong("    key: iwf.key\n", "    key: iwf.key\nkeyholder: { sign_wait: 5s }\n",
	      "/etc/mtc/c.yaml:13: keyholder.sign_wait is 5000 ms and limits.handshake_wait 5000 ms, expected less than that");
}

static void test_names_are_unique_and_known(void **state)
{
	(void)state;
	wrong("name: b,", "name: a,", "/etc/mtc/c.yaml:6: duplicate trust anchor 'a', expected unique names");
	wrong("name: b,", "name: internal,",
	      "/etc/mtc/c.yaml:6: trust anchor 'internal': this word means SCSs without a certificate, expected another name");
	wrong("name: sc,", "name: hss,", "/etc/mtc/c.yaml:15: duplicate peer name 'hss', expected unique names and hosts");
	wrong("host: sc.example", "host: HSS.example",
	      "/etc/mtc/c.yaml:15: duplicate peer host 'hss.example', expected unique names and hosts");
	wrong("peers:\n", "  - { name: tsp, address: 127.0.0.2, certificate: x, key: y }\npeers:\n",
	      "/etc/mtc/c.yaml:13: duplicate listener 'tsp', expected unique names");
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
	wrong("s6m:", "replay: { window: 10s }\ns6m:",
	      "/etc/mtc/c.yaml:16: replay.window is shorter than limits.duplicates_window, in which a request that comes again "
	      "is a "
	      "copy: nothing could be a replay; expected at least as long");
	wrong("s6m:", "replay: { mode: ignore }\ns6m:", "/etc/mtc/c.yaml:16: replay.mode is 'ignore', expected detect or refuse");
	wrong("s6m:", "dnr: { retry_min: 10s, retry_max: 5s }\ns6m:",
	      "/etc/mtc/c.yaml:16: dnr.retry_max is shorter than dnr.retry_min, expected at least as long");
	wrong("s6m:", "timers: { hang: 999ms }\ns6m:",
	      "/etc/mtc/c.yaml:16: timers.hang is shorter than a busy process may be silent, expected at least 1s, or 0s for "
	      "never");
	wrong("s6m:", "timers: { edge_restart: 10s, restart_max: 5s }\ns6m:",
	      "/etc/mtc/c.yaml:16: timers.restart_max is shorter than timers.edge_restart, expected at least as long");
	wrong("s6m:", "limits: { memory: 1000000 }\ns6m:",
	      "/etc/mtc/c.yaml:16: limits.memory is 1000000, expected 0 or at least 369098752: 64 MiB, twice "
	      "limits.memory_reserve, and "
	      "associations.import_memory");
	wrong("s6m:", "limits: { connections_total: 5, connections_per_address: 6 }\ns6m:",
	      "/etc/mtc/c.yaml:16: limits.connections_per_address is above limits.connections_total (5), expected at most that");
	wrong("s6m:", "limits: { message: 1000000, request_bytes_per_connection: 999999 }\ns6m:",
	      "/etc/mtc/c.yaml:16: limits.request_bytes_per_connection is 999999, expected at least limits.message (1000000)");
	wrong("s6m:", "limits: { request_bytes: 8388607 }\ns6m:",
	      "/etc/mtc/c.yaml:16: limits.request_bytes is 8388607, expected at least limits.request_bytes_per_connection "
	      "(8388608)");
}

/* Some connections would be closed without a CEA, and nothing said why. */
static void test_a_cer_that_is_larger_than_a_handshake_is_a_warning(void **state)
{
	static const struct {
		const char *limits, *line;
	} rows[] = {
		{ "limits:\n  cer: 49152\n", NULL },
		{ "limits:\n  cer: 49153\n",
		  "warning c.yaml:19: a CER may have 49153 bytes (limits.cer), and a client only 49152 " },
		{ "limits:\n  handshake: 8191\n",
		  "warning c.yaml:19: a CER may have 8192 bytes (limits.cer), and a client only 8191 " },
		{ "limits:\n  cer: 99999\n  message: 40000\n", NULL }, /* the smaller one holds */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		static struct report report;
		char text[4096];
		struct cfg_iwf *c = NULL;

		memset(&report, 0, sizeof report);
		snprintf(text, sizeof text, "%s%s", good, rows[i].limits);
		assert_int_equal(cfg_iwf_examine(&c, "c.yaml", text, strlen(text), &report), 0);
		if (rows[i].line) {
			assert_non_null(strstr(report.text, rows[i].line));
			assert_non_null(strstr(report.text, "some connections are closed without a CEA"));
		} else {
			assert_null(strstr(report.text, "CER"));
		}
		cfg_iwf_free(c);
	}
}

/* Edges and the core keep these in smaller members: a number that does not fit there must not be allowed. */
static void test_the_largest_limits_fit_where_messages_are_judged(void **state)
{
	struct dia_limits limits;
	char text[4096];
	struct cfg_iwf *c;

	(void)state;
	wrong("s6m:", "limits: { avps: 65536 }\ns6m:",
	      "/etc/mtc/c.yaml:16: limits.avps is '65536', expected a number from 16 to 65535");
	wrong("s6m:", "limits: { nesting: 17 }\ns6m:",
	      "/etc/mtc/c.yaml:16: limits.nesting is '17', expected a number from 4 to 16");
	snprintf(text, sizeof text, "%slimits: { message: 16777212, core_message: 16777212, avps: 65535, nesting: 16 }\n", good);
	c = parse(text);
	if (!c) {
		fail_msg("%s", why);
	}
	assert_int_equal(c->limits.request_octets_per_connection, 16777212); /* or no message of that size was ever taken */
	limits = (struct dia_limits){ c->limits.message_max, (uint16_t)c->limits.avps_max, (uint8_t)c->limits.nesting_max };
	assert_int_equal(limits.avps_max, c->limits.avps_max);
	assert_int_equal(limits.depth_max, c->limits.nesting_max);
	cfg_iwf_free(c);
}

static void test_the_smaller_of_two_limits_holds_and_rings_are_powers_of_two(void **state)
{
	char text[4096];
	struct cfg_iwf *c;

	(void)state;
	snprintf(text, sizeof text, "%slimits:\n  connections_total: 5\n  ring: 70000\n", good);
	c = parse(text);
	if (!c) {
		fail_msg("%s", why);
	}
	assert_int_equal(c->limits.connections_per_address, 5);
	assert_int_equal(c->limits.ring_size, 131072);
	cfg_iwf_free(c);
}

static void test_missing_sections_are_named(void **state)
{
	(void)state;
	wrong("s6m: { peer: hss, destination_realm: x.example }\n", "",
	      "/etc/mtc/c.yaml:1: key 's6m' is missing, expected a mapping of keys");
	wrong("protection: none }", "}",
	      "/etc/mtc/c.yaml:14: key 'protection' is missing in peers[0], expected tls, ndsip or none");
}

/* `good` with more behind it, in `dir`, against what is there: all that is told. */
static const char *files_of(const char *dir, const char *more)
{
	static struct report report;
	char path[64], text[4096];
	struct cfg_iwf *c = NULL;
	int err;

	report = (struct report){ .len = 0 };
	snprintf(path, sizeof path, "%s/c.yaml", dir);
	snprintf(text, sizeof text, "%s%s", good, more);
	assert_int_equal(cfg_iwf_examine(&c, path, text, strlen(text), &report), 0);
	err = cfg_iwf_check_files(c, &report);
	assert_int_equal(err != 0, report.errors != 0);
	cfg_iwf_free(c);
	return report.text;
}

static void test_places_that_are_not_there_are_all_named_with_their_line(void **state)
{
	static const char more[] = "state_dir: s\ncontrol: { path: c.sock }\nlog: { decisions: d }\n";
	char dir[] = "/tmp/test_iwf_XXXXXX", expected[512], path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_string_equal(files_of(dir, more), "");
	snprintf(expected, sizeof expected, "error %s/c.yaml:20: %s/d is a directory, expected a file\n", dir, dir);
	snprintf(path, sizeof path, "%s/d", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_string_equal(files_of(dir, more), expected);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
	snprintf(expected, sizeof expected,
		 "error %s/c.yaml:18: %s/s: directory %s does not exist; create it first\n"
		 "error %s/c.yaml:19: %s/c.sock: directory %s does not exist; create it first\n"
		 "error %s/c.yaml:20: %s/d: directory %s does not exist; create it first\n",
		 dir, dir, dir, dir, dir, dir, dir, dir, dir);
	assert_string_equal(files_of(dir, more), expected);
}

static void test_the_user_of_the_processes_must_reach_the_state(void **state)
{
	static const char more[] = "state_dir: s/t\nuser: nobody\ncontrol: { path: c.sock }\nlog: { decisions: d }\n";
	char dir[] = "/tmp/test_iwf_XXXXXX", path[96], expected[512];
	FILE *f;

	(void)state;
	if (geteuid() != 0 || !getpwnam("nobody")) {
		skip(); /* only root becomes somebody else */
	}
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	snprintf(path, sizeof path, "%s/s", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_string_equal(files_of(dir, more), "");
	assert_int_equal(chmod(path, 0700), 0); /* the state is given to that user, the way to it is not */
	snprintf(expected, sizeof expected,
		 "error %s/c.yaml:18: %s/s: user 'nobody' may not use it (Permission denied), expected a directory that it may "
		 "reach\n",
		 dir, dir);
	assert_string_equal(files_of(dir, more), expected);
	assert_int_equal(chmod(path, 0755), 0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/s/t%s", dir, (const char *[]){ "", "/journal" }[i]);
		assert_int_equal(mkdir(path, 0755), 0);
		assert_int_equal(chown(path, getpwnam("nobody")->pw_uid, getpwnam("nobody")->pw_gid), 0);
	}
	snprintf(path, sizeof path, "%s/s/t/journal/data.mdb", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	fclose(f); /* of an earlier run as root */
	snprintf(
	    expected, sizeof expected,
	    "error %s/c.yaml:18: %s: user 'nobody' may not use it (Permission denied), expected a file of the store that it may "
	    "write\n",
	    dir, path);
	assert_string_equal(files_of(dir, more), expected);
	assert_int_equal(unlink(path), 0);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s%s", dir, (const char *[]){ "/s/t/journal", "/s/t", "/s", "" }[i]);
		assert_int_equal(rmdir(path), 0);
	}
}

static void test_two_spellings_of_one_address_are_one(void **state)
{
	static const char two[] = "  - { name: y, protection: tls, address: '%s', certificate: x, key: y }\npeers:\n";
	char more[256];

	(void)state;
	snprintf(more, sizeof more, two, "127.0.0.1");
	wrong("peers:\n", more,
	      "/etc/mtc/c.yaml:13: listeners 'tsp' and 'y' have the same address and port, expected different ones");
	snprintf(more, sizeof more, two, "0.0.0.0");
	wrong("peers:\n", more,
	      "/etc/mtc/c.yaml:13: listeners 'tsp' and 'y' have the same port, and 0.0.0.0 means every address, expected "
	      "different ports");
	wrong("127.0.0.1\n    certificate: iwf.pem\n    key: iwf.key\n",
	      "'2001:db8::1'\n    certificate: iwf.pem\n    key: iwf.key\n"
	      "  - { name: y, protection: tls, address: '2001:0DB8:0:0::0.0.0.1', certificate: x, key: y }\n",
	      "/etc/mtc/c.yaml:13: listeners 'tsp' and 'y' have the same address and port, expected different ones");
	snprintf(more, sizeof more, two, "::ffff:127.0.0.1");
	wrong("peers:\n", more,
	      "/etc/mtc/c.yaml:13: listeners 'tsp' and 'y' have the same address and port, expected different ones");
	snprintf(more, sizeof more, two, "::ffff:127.0.0.9");
	wrong("peers:\n", more,
	      "/etc/mtc/c.yaml:13: listen[1].address is '::ffff:127.0.0.9', an IPv4 address in the form of IPv6, expected "
	      "'127.0.0.9'");
}

static void test_a_route_is_judged_beside_another_mistake_in_the_peers(void **state)
{
	static struct report report;
	char text[4096], *port;
	struct cfg_iwf *c = NULL;

	(void)state;
	snprintf(text, sizeof text, "%s", good);
	port = strstr(text, "s6m: { peer: hss");
	assert_non_null(port);
	memcpy(port, "s6m: { peer: hsx", 16);
	port = strstr(text, "127.0.0.1, protection: none }\n  - { name: sc");
	assert_non_null(port);
	memcpy(port, "127.0.0.x", 9);
	assert_int_not_equal(cfg_iwf_examine(&c, "c.yaml", text, strlen(text), &report), 0);
	assert_non_null(strstr(report.text, "c.yaml:14: "));
	assert_non_null(strstr(report.text, "s6m.peer is 'hsx', expected the name of one of the peers, such as 'hss'"));
	assert_null(strstr(report.text, "t4.peer"));
	cfg_iwf_free(c);
}

static void test_two_peers_at_one_address_are_a_warning(void **state)
{
	static struct report report;
	char text[4096];
	struct cfg_iwf *c = NULL;

	(void)state;
	snprintf(text, sizeof text, "%s", good);
	memcpy(strstr(text, "address: 127.0.0.1, protection: none }\n  - { name: sc"), "address: '::1'    ", 18);
	memcpy(strstr(strstr(text, "name: sc"), "address: 127.0.0.2"), "address: '0:0::1' ", 18);
	assert_int_equal(cfg_iwf_examine(&c, "c.yaml", text, strlen(text), &report), 0);
	assert_string_equal(report.text,
			    "warning c.yaml:15: peers 'hss' and 'sc' have the same address and port; who answers there has one "
			    "host name, so one of the two is never reached\n");
	cfg_iwf_free(c);
}

static void test_a_socket_has_less_room_for_its_path(void **state)
{
	char more[256], words[512], dirs[101];

	(void)state;
	memset(dirs, 'd', 100);
	dirs[100] = 0;
	snprintf(more, sizeof more, "control: { path: %s }\npeers:\n", dirs);
	snprintf(words, sizeof words,
		 "/etc/mtc/c.yaml:13: control.path '/etc/mtc/%s' is 109 bytes long, and a socket may have 107, expected a "
		 "shorter path",
		 dirs);
	wrong("peers:\n", more, words);
}

static void test_all_errors_are_told_and_none_that_only_follows(void **state)
{
	static const char text[] = "identity:\n"
				   "  external: { host: iwf.x.example, realm: x.example }\n"
				   "  internal: { host: iwf.x.example, realm: core.x.example }\n"
				   "trust_anchors:\n"
				   "  - { name: a, file: a.pem }\n"
				   "  - { name: a, file: b.pem }\n"
				   "listen:\n"
				   "  - { name: tsp, protection: none, address: 127.0.0.1 }\n"
				   "  - { name: two, protection: tls, address: localhost, certificate: c, key: k }\n"
				   "peers:\n"
				   "  - { name: hss, host: hss.example, realm: x.example, adress: 127.0.0.1, protection: none }\n"
				   "  - { name: sc, host: sc.example, realm: x.example, address: 127.0.0.1, protection: tls, "
				   "certificate: c, key: k, trust: b }\n"
				   "s6m: { peer: hss, destination_realm: x.example }\n"
				   "t4: { peer: nobody, destination_realm: x.example }\n"
				   "dnr: { retry_min: 5m, retry_max: 1m }\n";
	static const char expected[] =
	    "error c.yaml:9: listen[1].address is 'localhost', expected a numeric IPv4 or IPv6 address (names are not resolved)\n"
	    "error c.yaml:11: unknown key 'adress' in peers[0], did you mean 'address'?\n"
	    "error c.yaml:11: key 'address' is missing in peers[0], expected a numeric IPv4 or IPv6 address (names are not "
	    "resolved)\n"
	    "error c.yaml:3: identity.internal.host is the external one too, expected a name that is never shown outside\n"
	    "error c.yaml:6: duplicate trust anchor 'a', expected unique names\n"
	    "error c.yaml:8: listener 'tsp' is external without protection, expected protection tls, ndsip or "
	    "tls+ndsip\n"
	    "error c.yaml:12: peer 'sc' has protection tls and trust 'b', expected the name of one of the trust_anchors\n"
	    "error c.yaml:15: dnr.retry_max is shorter than dnr.retry_min, expected at least as long\n";
	static struct report report;
	struct cfg_iwf *c = NULL;

	(void)state;
	assert_int_equal(cfg_iwf_examine(&c, "c.yaml", text, strlen(text), &report), ERR_INVAL);
	assert_string_equal(report.text, expected);
	assert_non_null(c);
	cfg_iwf_free(c);
}

static void test_the_shipped_example_parses(void **state)
{
	struct cfg_iwf *c = NULL;
	int err = cfg_iwf_load(&c, EXAMPLES "/mtc-iwfd.yaml", why);

	(void)state;
	if (err) {
		fail_msg("%s", why);
	}
	assert_int_equal(c->listen_n, 1);
	assert_int_equal(c->peers_n, 2);
	assert_string_equal(c->user, "mtc-iwf-core");
	cfg_iwf_free(c);
}

/* "key:" as a whole word: behind a blank, a brace or the mark of a comment. */
static bool has_key(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *at = strstr(text, key); at; at = strstr(at + 1, key)) {
		if (at > text && strchr(" {\n", at[-1]) && at[n] == ':') {
			return true;
		}
	}
	return false;
}

static void rows_are_shown(const struct cfg_row *rows, const char *section, const char *text)
{
	for (; rows->key; rows++) {
		if (!has_key(text, rows->key)) {
			fail_msg("examples/mtc-iwfd.yaml does not show the key '%s' of %s", rows->key, section);
		}
		if (rows->rows) {
			rows_are_shown(rows->rows, section, text);
		}
	}
}

static const char *screening(const char *section)
{
	static char text[4096];

	snprintf(text, sizeof text, "%sscreening:\n%s", good, section);
	return text;
}

static void test_a_row_of_the_screening_has_the_rule_that_is_written(void **state)
{
	struct cfg_iwf *c = parse(screening("  destination_realm: { mode: detect, answer: 3002 }\n"
					    "  agents: { mode: drop, except: [beta, acme] }\n"));
	char words[SCREEN_WHY_MAX], text[SCREEN_RULE_TEXT_MAX];
	struct screen_rule rule, preset;

	(void)state;
	if (!c) {
		fail_msg("%s", why);
	}
	assert_int_equal(cfg_screen_rule(&rule, c, SCREEN_DESTINATION_REALM, words), 0);
	assert_int_equal(rule.mode, SCREEN_DETECT);
	assert_int_equal(rule.answer, 3002);
	assert_int_equal(cfg_screen_rule(&rule, c, SCREEN_AGENTS, words), 0);
	assert_string_equal(screen_rule_text(text, &rule), "drop, except acme,beta");
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		preset = screen_rule_preset((enum screen_row)i);
		assert_int_equal(cfg_screen_rule(&rule, c, (enum screen_row)i, words), 0);
		if (i != SCREEN_DESTINATION_REALM && i != SCREEN_AGENTS) {
			assert_true(screen_rule_equal(&rule, &preset));
		}
	}
	cfg_iwf_free(c);
}

static void test_a_rule_that_its_row_does_not_take_is_refused_in_words(void **state)
{
	(void)state;
	assert_null(parse(screening("  identity: { mode: detect }\n")));
	assert_non_null(strstr(why, "enforce"));
	assert_null(parse(screening("  loop: { mode: detect }\n")));
	assert_null(parse(screening("  p_bit: { answer: 3001 }\n")));
	assert_non_null(strstr(why, "it takes 3008, 5013, 5012"));
	assert_null(parse(screening("  agents: { except: [acme, acme] }\n")));
	assert_non_null(strstr(why, "twice"));
	assert_null(parse(screening("  destinaton_realm: { mode: drop }\n")));
	assert_non_null(strstr(why, "did you mean 'destination_realm'?"));
}

/* Help and manual say so. What cannot stand beside another key stands in a comment. */
static void test_the_shipped_example_shows_every_key(void **state)
{
	FILE *f = fopen(EXAMPLES "/mtc-iwfd.yaml", "r");
	char text[16384] = "\n", *at, *end, saved;
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(text + 1, 1, sizeof text - 2, f);
	fclose(f);
	assert_true(n > 0 && n < sizeof text - 2);
	text[n + 1] = 0;
	for (const struct cfg_row *row = cfg_iwf_rows(); row->key; row++) {
		char head[CFG_NAME_MAX + 5];

		snprintf(head, sizeof head, "\n%s:", row->key);
		at = strstr(text, head);
		if (!at) { /* a section that most do without */
			snprintf(head, sizeof head, "\n# %s:", row->key);
			at = strstr(text, head);
		}
		if (!at) {
			fail_msg("examples/mtc-iwfd.yaml does not show the key '%s'", row->key);
		}
		end = at + 1;
		do {
			end = strchr(end + 1, '\n');
		} while (end && !(end[1] >= 'a' && end[1] <= 'z'));
		if (row->rows && end) {
			saved = *end;
			*end = 0;
			rows_are_shown(row->rows, row->key, at);
			*end = saved;
		} else if (row->rows) {
			rows_are_shown(row->rows, row->key, at);
		}
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_those_of_the_contracts),
		cmocka_unit_test(test_the_snapshot_holds_what_was_written),
		cmocka_unit_test(test_an_external_listener_is_protected),
		cmocka_unit_test(test_no_protection_is_written_out),
		cmocka_unit_test(test_both_for_a_core_peer_is_refused_as_long_as_it_is_not_served),
		cmocka_unit_test(test_a_listener_over_sctp_is_without_tls_and_external_only_with_ndsip),
		cmocka_unit_test(test_a_peer_over_sctp_has_addresses_of_both_ends),
		cmocka_unit_test(test_sctp_as_it_is_written),
		cmocka_unit_test(test_sctp_in_user_space_is_internal_with_one_address),
		cmocka_unit_test(test_tls_is_complete),
		cmocka_unit_test(test_a_key_is_in_a_file_or_in_the_token),
		cmocka_unit_test(test_a_signature_is_awaited_for_less_than_the_handshake),
		cmocka_unit_test(test_names_are_unique_and_known),
		cmocka_unit_test(test_an_anchor_is_found_by_its_name),
		cmocka_unit_test(test_numbers_fit_together),
		cmocka_unit_test(test_the_largest_limits_fit_where_messages_are_judged),
		cmocka_unit_test(test_the_smaller_of_two_limits_holds_and_rings_are_powers_of_two),
		cmocka_unit_test(test_missing_sections_are_named),
		cmocka_unit_test(test_places_that_are_not_there_are_all_named_with_their_line),
		cmocka_unit_test(test_the_user_of_the_processes_must_reach_the_state),
		cmocka_unit_test(test_two_spellings_of_one_address_are_one),
		cmocka_unit_test(test_a_route_is_judged_beside_another_mistake_in_the_peers),
		cmocka_unit_test(test_two_peers_at_one_address_are_a_warning),
		cmocka_unit_test(test_a_cer_that_is_larger_than_a_handshake_is_a_warning),
		cmocka_unit_test(test_a_socket_has_less_room_for_its_path),
		cmocka_unit_test(test_all_errors_are_told_and_none_that_only_follows),
		cmocka_unit_test(test_the_shipped_example_parses),
		cmocka_unit_test(test_the_shipped_example_shows_every_key),
		cmocka_unit_test(test_a_row_of_the_screening_has_the_rule_that_is_written),
		cmocka_unit_test(test_a_rule_that_its_row_does_not_take_is_refused_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
