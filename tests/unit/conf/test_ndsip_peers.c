/* Peers of the core under NDS/IP: what they have to say of their tunnel, and what it may not share with the others. */
#include "tests/unit/test.h"

#include "conf/cfg_iwf.h"
#include "ipsec/sa_ts.h"

static const char text[] = "identity:\n"                                                       /* 1 */
			   "  external: { host: iwf.x.example, realm: x.example }\n"           /* 2 */
			   "  internal: { host: iwf.core.x.example, realm: core.x.example }\n" /* 3 */
			   "trust_anchors: [ { name: a, file: a.pem, crl: [ a.crl ] } ]\n"     /* 4 */
			   "listen: [ { name: tsp, protection: tls, address: 192.0.2.9, certificate: c.pem, key: k.pem } ]\n"
			   "s6m: { peer: hss, destination_realm: x.example }\n"  /* 6 */
			   "t4: { peer: smssc, destination_realm: x.example }\n" /* 7 */
			   "ndsip: { certificate: c.pem, local_ike: [ 192.0.2.1 ] }\n"
			   "peers:\n"                             /* 9 */
			   "  - name: hss\n"                      /* 10 */
			   "    host: hss.x.example\n"            /* 11 */
			   "    realm: x.example\n"               /* 12 */
			   "    address: 10.78.2.1\n"             /* 13 */
			   "    local_addresses: [ 10.78.1.1 ]\n" /* 14 */
			   "    ike: [ 192.0.2.7 ]\n"             /* 15 */
			   "    trust: a\n"                       /* 16 */
			   "    protection: ndsip\n"              /* 17 */
			   "  - name: smssc\n"                    /* 18 */
			   "    host: smssc.x.example\n"          /* 19 */
			   "    realm: x.example\n"               /* 20 */
			   "    address: 10.78.2.2\n"             /* 21 */
			   "    local_addresses: [ 10.78.1.1 ]\n" /* 22 */
			   "    trust: a\n"                       /* 23 */
			   "    protection: ndsip\n";             /* 24 */

static struct report report;

/* Reads the text, with the first `from` replaced by `to`. NULL: it has errors. */
static struct cfg_iwf *read_with(const char *from, const char *to)
{
	const char *at = strstr(text, from);
	struct cfg_iwf *c = NULL;
	char all[4096];

	assert_non_null(at);
	snprintf(all, sizeof all, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	report = (struct report){ .len = 0 };
	if (cfg_iwf_examine(&c, "/etc/mtc/c.yaml", all, strlen(all), &report)) {
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
	assert_int_equal(strncmp(report.text, words, strlen(words)), 0);
	assert_string_equal(report.text + strlen(words), "\n");
}

static struct sa_address address(const char *a)
{
	struct sa_address out;

	assert_int_equal(sa_address_read(&out, a, strlen(a)), 0);
	return out;
}

static void test_a_peer_with_its_tunnel(void **state)
{
	struct cfg_iwf *c = read_with("", "");
	char why[CFG_WHY_MAX];
	struct sa_address a;

	(void)state;
	if (!c) {
		fail_msg("%s", report.text);
	}
	assert_string_equal(report.text, "");
	assert_true(cfg_ndsip_has_peers(c) && cfg_ndsip_used(c) && !cfg_ndsip_serves(c));
	assert_string_equal(c->peers[0].identity, "hss.x.example");
	assert_int_equal(c->peers[0].ike_n, 1);
	assert_int_equal(c->peers[1].ike_n, 0); /* it makes the tunnel */
	a = address("10.78.2.2");
	assert_int_equal(cfg_ndsip_peer_check(c, &a, false, why), ERR_INVAL);
	assert_string_equal(why, "10.78.2.2 is inside the tunnel of our peer 'smssc', expected one of the SCS");
	a = address("10.78.1.1");
	assert_int_equal(cfg_ndsip_peer_check(c, &a, false, why), ERR_INVAL);
	cfg_iwf_free(c);
	c = read_with("    trust: a\n", "    trust: a\n    identity: seg.x.example\n");
	assert_non_null(c);
	assert_string_equal(c->peers[0].identity, "seg.x.example");
	cfg_iwf_free(c);
}

#define C "error /etc/mtc/c.yaml:"

static void test_the_section_and_the_anchor_are_needed(void **state)
{
	(void)state;
	wrong("ndsip: { certificate: c.pem, local_ike: [ 192.0.2.1 ] }\n", "\n",
	      C "17: peer 'hss' has protection ndsip and there is no section ndsip, expected one, or protection tls\n" C
		"24: peer 'smssc' has protection ndsip and there is no section ndsip, expected one, or protection tls");
	wrong("    trust: a\n", "",
	      C "10: peer 'hss' has protection ndsip and trust '', expected the name of one of the trust_anchors, which its "
		"certificate for IKE must chain to");
}

static void test_the_addresses_of_a_tunnel(void **state)
{
	(void)state;
	wrong("    local_addresses: [ 10.78.1.1 ]\n", "",
	      C "16: peer 'hss' has protection ndsip over tcp and 0 local_addresses, expected the one of ours inside the tunnel");
	wrong("[ 10.78.1.1 ]", "[ 10.78.1.1, 10.78.1.2 ]",
	      C "14: peer 'hss' has protection ndsip over tcp and 2 local_addresses, expected the one of ours inside the tunnel");
	wrong("[ 10.78.1.1 ]", "[ 192.0.2.1 ]",
	      C "14: peer 'hss' has protection ndsip and the address '192.0.2.1', which ndsip.local_ike has for IKE, expected "
		"another one, inside the tunnel");
	wrong("[ 10.78.1.1 ]", "[ 0.0.0.0 ]",
	      C "14: peer 'hss' has protection ndsip and the address '0.0.0.0', expected that of one host");
	wrong("[ 10.78.1.1 ]", "[ \"fd00::1\" ]",
	      C
	      "14: peer 'hss' has protection ndsip and the addresses '10.78.2.1' and 'fd00::1', expected IPv4 or IPv6 addresses "
	      "only");
	wrong("address: 10.78.2.1", "address: 192.0.2.7",
	      C
	      "13: peer 'hss' has protection ndsip and the address '192.0.2.7', which it also has for IKE, expected another one, "
	      "inside the tunnel");
	wrong("address: 10.78.2.1", "address: 192.0.2.9",
	      C "13: peer 'hss' has protection ndsip and the address '192.0.2.9', which is ours, expected the peer's");
	wrong("[ 192.0.2.7 ]", "[ 192.0.2.1 ]",
	      C "15: peer 'hss' has '192.0.2.1' in ike, which is ours (ndsip.local_ike), expected the peer's");
	wrong("[ 192.0.2.7 ]", "[ 192.0.2.7, 192.0.2.7 ]",
	      C "15: peer 'hss' has '192.0.2.7' in ike twice, expected different addresses");
}

static void test_tunnels_share_nothing(void **state)
{
	(void)state;
	wrong("address: 10.78.2.2", "port: 3869\n    address: 10.78.2.1",
	      C "22: peer 'smssc' and peer 'hss' have protection ndsip and the address '10.78.2.1', and a host has one tunnel, "
		"expected different addresses");
	wrong(
	    "    ike: [ 192.0.2.7 ]\n", "    identity: smssc.x.example\n",
	    C
	    "18: peer 'smssc' and peer 'hss' have the IKE identity 'smssc.x.example', expected a tunnel with an identity of its "
	    "own for each");
	wrong("    ike: [ 192.0.2.7 ]\n", "    identity: iwf.x.example\n",
	      C "15: peer 'hss' has our own IKE identity 'iwf.x.example', expected the peer's");
}

static void test_what_belongs_to_ndsip(void **state)
{
	(void)state;
	wrong("    local_addresses: [ 10.78.1.1 ]\n    ike: [ 192.0.2.7 ]\n    trust: a\n    protection: ndsip\n",
	      "    ike: [ 192.0.2.7 ]\n    protection: none\n",
	      C "14: peer 'hss' has protection none and ike, which belongs to protection ndsip, expected none");
	wrong("    protection: ndsip\n", "    protection: ndsip\n    certificate: c.pem\n",
	      C "18: peers[0] has protection ndsip and a certificate, expected protection tls or no certificate");
}

static void test_an_anchor_without_a_list_is_told(void **state)
{
	struct cfg_iwf *c = read_with(", crl: [ a.crl ]", "");

	(void)state;
	assert_non_null(c);
	cfg_iwf_free(c);
	assert_string_equal(report.text,
			    "warning /etc/mtc/c.yaml:16: peer 'hss' has protection ndsip, and its trust anchor 'a' has no crl: "
			    "without a valid one charon refuses the peer\n"
			    "warning /etc/mtc/c.yaml:23: peer 'smssc' has protection ndsip, and its trust anchor 'a' has no crl: "
			    "without a valid one charon refuses the peer\n");
	c = read_with("name: a,", "name: a,");
	assert_non_null(c);
	cfg_iwf_free(c);
	assert_string_equal(report.text, "");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_peer_with_its_tunnel),    cmocka_unit_test(test_the_section_and_the_anchor_are_needed),
		cmocka_unit_test(test_the_addresses_of_a_tunnel), cmocka_unit_test(test_tunnels_share_nothing),
		cmocka_unit_test(test_what_belongs_to_ndsip),     cmocka_unit_test(test_an_anchor_without_a_list_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
