/* The section ndsip of mtc-iwfd: its defaults, what it must have, and what listeners with IPsec need of it. */
#include "tests/unit/test.h"

#include "conf/cfg_iwf.h"

static const char head[] = "identity:\n"                                                       /* 1 */
			   "  external: { host: iwf.x.example, realm: x.example }\n"           /* 2 */
			   "  internal: { host: iwf.core.x.example, realm: core.x.example }\n" /* 3 */
			   "trust_anchors: [ { name: a, file: a.pem } ]\n"                     /* 4 */
			   "peers: [ { name: hss, host: hss.example, realm: x.example, address: 127.0.0.1, protection: none } ]\n"
			   "s6m: { peer: hss, destination_realm: x.example }\n"
			   "t4: { peer: hss, destination_realm: x.example }\n"; /* 7 */
static const char listener[] = "listen:\n"                                      /* 8 */
			       "  - name: tsp\n"                                /* 9 */
			       "    protection: ndsip\n"                        /* 10 */
			       "    address: 10.77.0.1\n"                       /* 11 */
			       "    port: 3868\n";                              /* 12 */
static const char section[] = "ndsip:\n"                                        /* 13 */
			      "  certificate: ike.pem\n"                        /* 14 */
			      "  local_ike: [ 192.0.2.1 ]\n";                   /* 15 */

static const char *listener_more = ""; /* further lines of the listener */
static struct report report;

/* Reads head, listener and section, with the first `from` replaced by `to`. NULL: it has errors. */
static struct cfg_iwf *read_with(const char *from, const char *to)
{
	char text[4096], all[8192];
	struct cfg_iwf *c = NULL;
	const char *at;
	int err;

	snprintf(text, sizeof text, "%s%s%s%s", head, listener, listener_more, section);
	at = strstr(text, from);
	assert_non_null(at);
	snprintf(all, sizeof all, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	report = (struct report){ .len = 0 };
	err = cfg_iwf_examine(&c, "/etc/mtc/c.yaml", all, strlen(all), &report);
	if (err) {
		cfg_iwf_free(c);
		return NULL;
	}
	return c;
}

static void wrong(const char *from, const char *to, const char *words)
{
	struct cfg_iwf *c = read_with(from, to);

	cfg_iwf_free(c);
	assert_null(c);
	assert_string_equal(report.text, words);
}

static void right(const char *from, const char *to)
{
	struct cfg_iwf *c = read_with(from, to);

	if (!c) {
		fail_msg("%s", report.text);
	}
	cfg_iwf_free(c);
}

static void test_defaults(void **state)
{
	struct cfg_iwf *c = read_with("", "");

	(void)state;
	if (!c) {
		fail_msg("%s", report.text);
	}
	assert_true(c->ndsip.present);
	assert_int_equal(c->listen[0].protection, PROTECTION_NDSIP);
	assert_string_equal(c->ndsip.vici, "/run/charon.vici");
	assert_int_equal(c->ndsip.mode, CFG_NDSIP_XFRM);
	assert_string_equal(c->ndsip.device, "ipsec0");
	assert_string_equal(c->ndsip.local_id, "iwf.x.example");
	assert_string_equal(c->ndsip.certificate, "/etc/mtc/ike.pem");
	assert_int_equal(c->ndsip.local_ike_n, 1);
	assert_string_equal(c->ndsip.local_ike[0], "192.0.2.1");
	assert_int_equal(c->ndsip.on_loss, CFG_NDSIP_CUT);
	assert_int_equal(c->ndsip.grace_ms, 900);
	assert_int_equal(c->ndsip.check_ms, 5000);
	assert_int_equal(c->ndsip.rules_check_ms, 1000);
	assert_int_equal(c->ndsip.ike_proposals_n, 0);
	assert_int_equal(c->ndsip.esp_proposals_n, 0);
	assert_int_equal(c->ndsip.child_rekey_ms, 3600000);
	assert_int_equal(c->ndsip.ike_rekey_ms, 14400000);
	assert_int_equal(c->ndsip.reauth_ms, 86400000);
	assert_string_equal(report.text, "");
	cfg_iwf_free(c);
}

static void test_what_is_written_holds(void **state)
{
	struct cfg_iwf *c = read_with("  local_ike: [ 192.0.2.1 ]\n",
				      "  local_ike: [ 192.0.2.1, '2001:db8::1' ]\n  mode: libipsec\n  device: tun7\n"
				      "  local_id: IKE.x.example\n  on_loss: keep\n  grace: 0s\n"
				      "  esp_proposals: [ aes256gcm16-ecp384, aes128-sha256-modp3072 ]\n");

	(void)state;
	if (!c) {
		fail_msg("%s", report.text);
	}
	assert_int_equal(c->ndsip.local_ike_n, 2);
	assert_int_equal(c->ndsip.mode, CFG_NDSIP_LIBIPSEC);
	assert_string_equal(c->ndsip.device, "tun7");
	assert_string_equal(c->ndsip.local_id, "ike.x.example");
	assert_int_equal(c->ndsip.on_loss, CFG_NDSIP_KEEP);
	assert_int_equal(c->ndsip.grace_ms, 0);
	assert_int_equal(c->ndsip.esp_proposals_n, 2);
	cfg_iwf_free(c);
}

static void test_a_configuration_without_the_section_has_none(void **state)
{
	struct cfg_iwf *c;

	(void)state;
	wrong(section, "",
	      "error /etc/mtc/c.yaml:10: listener 'tsp' has protection ndsip and there is no section ndsip, expected one, or "
	      "protection tls\n");
	c = read_with(section, "");
	assert_null(c);
}

static void test_the_section_is_complete(void **state)
{
	(void)state;
	wrong("  certificate: ike.pem\n", "",
	      "error /etc/mtc/c.yaml:13: key 'certificate' is missing in ndsip, expected the PEM file of our certificate for "
	      "IKE\n");
	wrong("  local_ike: [ 192.0.2.1 ]\n", "",
	      "error /etc/mtc/c.yaml:13: key 'local_ike' is missing in ndsip, expected our addresses for IKE, at least one\n");
}

static void test_the_addresses_of_ike_are_of_one_host_each(void **state)
{
	(void)state;
	wrong(
	    "[ 192.0.2.1 ]", "[ 0.0.0.0 ]",
	    "error /etc/mtc/c.yaml:15: ndsip.local_ike[0] is '0.0.0.0', which is no address of one host, expected one that SCSs "
	    "reach\n");
	wrong("[ 192.0.2.1 ]", "[ 192.0.2.1, '::ffff:192.0.2.1' ]",
	      "error /etc/mtc/c.yaml:15: ndsip.local_ike[1] is '::ffff:192.0.2.1', which is in the list already, expected "
	      "different addresses\n");
	wrong("[ 192.0.2.1 ]", "[ gateway ]",
	      "error /etc/mtc/c.yaml:15: ndsip.local_ike[0] is 'gateway', expected a numeric IPv4 or IPv6 address (names are not "
	      "resolved)\n");
}

static void test_a_new_proof_is_not_due_before_new_keys(void **state)
{
	(void)state;
	wrong(
	    "  local_ike: [ 192.0.2.1 ]\n", "  local_ike: [ 192.0.2.1 ]\n  reauth: 90m\n",
	    "error /etc/mtc/c.yaml:16: ndsip.reauth is 90m, and ndsip.ike_rekey is 4h, so keys would never be renewed without a "
	    "new proof of the certificates, expected a reauth that is not shorter\n");
	wrong(
	    "  local_ike: [ 192.0.2.1 ]\n", "  local_ike: [ 192.0.2.1 ]\n  ike_rekey: 2d\n",
	    "error /etc/mtc/c.yaml:16: ndsip.reauth is 24h, and ndsip.ike_rekey is 48h, so keys would never be renewed without a "
	    "new proof of the certificates, expected a reauth that is not shorter\n");
	right("  local_ike: [ 192.0.2.1 ]\n", "  local_ike: [ 192.0.2.1 ]\n  ike_rekey: 24h\n");
}

static void test_a_protected_address_is_inside_the_tunnels(void **state)
{
	(void)state;
	wrong("address: 10.77.0.1", "address: 192.0.2.1",
	      "error /etc/mtc/c.yaml:11: listener 'tsp' has protection ndsip and the address '192.0.2.1', which ndsip.local_ike "
	      "has for IKE, expected another one, inside the tunnels\n");
	wrong(
	    "address: 10.77.0.1", "address: 0.0.0.0",
	    "error /etc/mtc/c.yaml:11: listener 'tsp' has protection ndsip and listens on every address (0.0.0.0), expected one "
	    "protected address\n");
	wrong("port: 3868", "port: 0",
	      "error /etc/mtc/c.yaml:12: listener 'tsp' has protection ndsip and port 0, expected the port that the tunnels are "
	      "for\n");
}

static void test_a_certificate_of_the_listener_belongs_to_tls(void **state)
{
	(void)state;
	wrong("    port: 3868\n", "    port: 3868\n    certificate: iwf.pem\n    key: iwf.key\n",
	      "error /etc/mtc/c.yaml:13: listen[0] has protection ndsip and a certificate, expected protection tls+ndsip or no "
	      "certificate\n");
	wrong("protection: ndsip", "protection: tls+ndsip",
	      "error /etc/mtc/c.yaml:10: listen[0] has protection tls+ndsip and no certificate, expected certificate and key\n");
	right("protection: ndsip\n", "protection: tls+ndsip\n    certificate: iwf.pem\n    key: iwf.key\n");
	right("protection: ndsip\n", "protection: ndsip\n    zone: internal\n");
}

#define SCTP "    protection: ndsip\n    transport: sctp\n"

/* Each address of ours is in a selector, and in none of IKE. */
static void test_a_listener_over_sctp_is_protected_with_all_its_addresses(void **state)
{
	(void)state;
	right("    protection: ndsip\n", SCTP);
	right("    protection: ndsip\n", SCTP "    more_addresses: [ 10.77.0.2 ]\n");
	right("    protection: ndsip\n", SCTP "    zone: internal\n");
	wrong("    protection: ndsip\n", SCTP "    more_addresses: [ 10.77.0.2, 192.0.2.1 ]\n",
	      "error /etc/mtc/c.yaml:12: listener 'tsp' has protection ndsip and the address '192.0.2.1', which ndsip.local_ike "
	      "has for IKE, expected another one, inside the tunnels\n");
	wrong("    protection: ndsip\n", SCTP "    more_addresses: [ '2001:db8::1' ]\n",
	      "error /etc/mtc/c.yaml:12: listener 'tsp' has NDS/IP over sctp with the addresses '10.77.0.1' and '2001:db8::1', "
	      "expected IPv4 or IPv6 addresses only\n");
	wrong("    protection: ndsip\n", "    transport: sctp-udp\n    protection: ndsip\n",
	      "error /etc/mtc/c.yaml:10: listener 'tsp' has transport sctp-udp, which is for laboratories and has no protection "
	      "(that of a "
	      "tunnel cannot be proven for it), expected zone internal and protection none, or another transport\n");
	wrong("    protection: ndsip\n", "    transport: sctp\n    protection: tls+ndsip\n",
	      "error /etc/mtc/c.yaml:10: listener 'tsp' has protection tls+ndsip over sctp, which is not offered (nor is DTLS "
	      "over SCTP), expected transport tcp, or protection ndsip\n");
}

static void test_an_anchor_is_needed_over_sctp_too(void **state)
{
	(void)state;
	listener_more = "    transport: sctp\n";
	wrong("trust_anchors: [ { name: a, file: a.pem } ]\n", "",
	      "error /etc/mtc/c.yaml:9: listener 'tsp' has protection ndsip and there are no trust_anchors, expected at least "
	      "one\n");
	listener_more = "";
}

/* A tunnel has one protocol in all its selectors, and not more of them than are understood. */
static void test_the_selectors_of_one_tunnel(void **state)
{
	(void)state;
	wrong("listen:\n",
	      "listen:\n  - { name: tcp, protection: ndsip, address: 10.77.0.5, port: 3868 }\n"
	      "  - { name: sctp, protection: ndsip, transport: sctp, address: 10.77.0.2, port: 3868 }\n"
	      "  - { name: in, zone: internal, protection: none, transport: sctp, address: 10.77.0.3, port: 3869 }\n",
	      "error /etc/mtc/c.yaml:10: listeners 'tcp' and 'sctp' have NDS/IP over tcp and sctp, and a tunnel is for one of "
	      "them, expected one transport for all listeners with NDS/IP\n");
	right("    protection: ndsip\n",
	      SCTP "    more_addresses: [ 10.77.0.2, 10.77.0.3, 10.77.0.4, 10.77.0.5, 10.77.0.6, 10.77.0.7, 10.77.0.8 ]\n");
	listener_more = "    transport: sctp\n";
	wrong("listen:\n",
	      "listen:\n  - { name: other, protection: ndsip, transport: sctp, address: 10.77.1.1, port: 3868,\n"
	      "      more_addresses: [ 10.77.1.2, 10.77.1.3, 10.77.1.4, 10.77.1.5, 10.77.1.6, 10.77.1.7, 10.77.1.8 ] }\n"
	      "  - { name: one, protection: ndsip, transport: sctp, address: 10.77.1.9, port: 3868 }\n",
	      "error /etc/mtc/c.yaml:11: the listeners with NDS/IP have more than 8 protected addresses with 'one', expected at "
	      "most that many, because a tunnel carries all of them\n");
	listener_more = "";
}

static void test_an_anchor_is_needed(void **state)
{
	(void)state;
	wrong("trust_anchors: [ { name: a, file: a.pem } ]\n", "",
	      "error /etc/mtc/c.yaml:9: listener 'tsp' has protection ndsip and there are no trust_anchors, expected at least "
	      "one\n");
}

static void test_a_proposal_is_of_the_profile(void **state)
{
	(void)state;
	wrong(
	    "  certificate: ike.pem\n", "  certificate: ike.pem\n  esp_proposals: [ aes128gcm16 ]\n",
	    "error /etc/mtc/c.yaml:15: ndsip.esp_proposals[0]: proposal 'aes128gcm16' has no group, expected one, such as ecp256 "
	    "(perfect forward secrecy)\n");
	wrong("  certificate: ike.pem\n", "  certificate: ike.pem\n  ike_proposals: [ aes128gcm16-prfsha256-ecp256, 3des-md5 ]\n",
	      "error /etc/mtc/c.yaml:15: ndsip.ike_proposals[1]: proposal '3des-md5' has the word '3des', expected one of the "
	      "profile, such as aes128gcm16-prfsha256-ecp256\n");
}

static void test_the_internal_name_is_not_shown_to_ike_peers(void **state)
{
	(void)state;
	wrong(
	    "  certificate: ike.pem\n", "  certificate: ike.pem\n  local_id: iwf.core.x.example\n",
	    "error /etc/mtc/c.yaml:15: ndsip.local_id is identity.internal.host, which is never shown outside, expected another "
	    "name\n");
}

static void test_a_path_fits_into_a_socket_address(void **state)
{
	char text[256], words[512];

	(void)state;
	snprintf(text, sizeof text, "  certificate: ike.pem\n  vici: /%0120d\n", 0);
	snprintf(
	    words, sizeof words,
	    "error /etc/mtc/c.yaml:15: ndsip.vici '/%0120d' is 121 bytes long, and a socket may have 107, expected a shorter "
	    "path\n",
	    0);
	wrong("  certificate: ike.pem\n", text, words);
}

static void test_a_section_that_nobody_uses_is_told(void **state)
{
	struct cfg_iwf *c = read_with("protection: ndsip\n", "protection: tls\n    certificate: c\n    key: k\n");

	(void)state;
	assert_non_null(c);
	assert_string_equal(report.text, "warning /etc/mtc/c.yaml:15: the section ndsip protects nothing: no listener has "
					 "protection ndsip or tls+ndsip, and no peer ndsip\n");
	cfg_iwf_free(c);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_what_is_written_holds),
		cmocka_unit_test(test_a_configuration_without_the_section_has_none),
		cmocka_unit_test(test_the_section_is_complete),
		cmocka_unit_test(test_the_addresses_of_ike_are_of_one_host_each),
		cmocka_unit_test(test_a_protected_address_is_inside_the_tunnels),
		cmocka_unit_test(test_a_new_proof_is_not_due_before_new_keys),
		cmocka_unit_test(test_a_certificate_of_the_listener_belongs_to_tls),
		cmocka_unit_test(test_a_listener_over_sctp_is_protected_with_all_its_addresses),
		cmocka_unit_test(test_the_selectors_of_one_tunnel),
		cmocka_unit_test(test_an_anchor_is_needed),
		cmocka_unit_test(test_an_anchor_is_needed_over_sctp_too),
		cmocka_unit_test(test_a_proposal_is_of_the_profile),
		cmocka_unit_test(test_the_internal_name_is_not_shown_to_ike_peers),
		cmocka_unit_test(test_a_path_fits_into_a_socket_address),
		cmocka_unit_test(test_a_section_that_nobody_uses_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
