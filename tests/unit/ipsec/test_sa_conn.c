/* What is provisioned for an SCS under NDS/IP: the load-conn that is made of it, what is refused with words, and what two SCSs must not
 * share. */
#include "tests/unit/test.h"

#include "ipsec/sa_conn.h"
#include "ipsec/sa_overlap.h"

static const char *const our_ike[] = { "10.77.0.1" }, *const their_ike[] = { "10.77.0.2" }, *const any[] = { "%any" };
static const struct sa_blob anchor[] = { { "\x30\x01", 2 }, { "\x30\x02\0", 3 } };
static struct sa_ts ours, theirs[3];
static char why[SA_CONN_WHY_MAX];

static struct sa_ts ts_of(const char *text)
{
	struct vici_text t = { text, strlen(text) };
	struct sa_ts ts;

	assert_int_equal(sa_ts_read(&ts, &t, (struct sa_services){ NULL, 0 }), 0);
	return ts;
}

static struct sa_conn good(void)
{
	ours = ts_of("10.77.1.1/32[tcp/3868]");
	theirs[0] = ts_of("10.77.2.1/32[tcp]");
	theirs[1] = ts_of("10.77.2.2/32[tcp]");
	theirs[2] = ts_of("10.77.2.3/32[tcp]");
	return (struct sa_conn){ .scs = "acme",
				 .local_ike = { our_ike, 1 },
				 .remote_ike = { their_ike, 1 },
				 .local_id = "iwf.operator.example",
				 .remote_id = "scs.acme.example",
				 .certificate = { "\x30\0", 2 },
				 .cacerts = anchor,
				 .cacerts_n = 2,
				 .local = &ours,
				 .local_n = 1,
				 .remote = theirs,
				 .remote_n = 2 };
}

/* -- the message, as lines of text: key=value, key[item,..], key{..} */

static void tell(char **at, struct vici_section s)
{
	struct vici_element e;
	struct vici_text item;

	while (vici_next(&s, &e)) {
		*at += sprintf(*at, " %.*s", (int)e.key.len, e.key.p);
		if (e.kind == VICI_VALUE) {
			*at += sprintf(*at, "=%.*s", (int)e.value.len, e.value.p);
		} else if (e.kind == VICI_SECTION) {
			*at += sprintf(*at, "{");
			tell(at, e.inside);
			*at += sprintf(*at, " }");
		} else {
			*at += sprintf(*at, "[");
			while (vici_item(&e.inside, &item)) {
				bool text = item.len && item.p[0] > ' ' && item.p[0] != 0x30;

				*at += text || item.len > 3 ? sprintf(*at, " %.*s", (int)item.len, item.p)
							    : sprintf(*at, " #%zu", item.len);
			}
			*at += sprintf(*at, " ]");
		}
	}
}

static const char *message(const struct sa_conn *c)
{
	static uint8_t room[65536];
	static char text[8192];
	char *at = text;
	struct vici_out o = vici_out_over(room, sizeof room);
	struct vici_packet packet;
	size_t len;

	sa_conn_load(&o, c);
	assert_int_equal(vici_out_end(&o, &len), 0);
	assert_int_equal(vici_packet_read(&packet, room + VICI_LENGTH_LEN, len - VICI_LENGTH_LEN), 0);
	assert_true(vici_text_is(&packet.name, "load-conn"));
	tell(&at, packet.message);
	return text;
}

static void test_the_connection_of_an_scs(void **state)
{
	struct sa_conn c = good();

	(void)state;
	assert_int_equal(sa_conn_check(&c, why), 0);
	assert_string_equal(
	    message(&c),
	    " mtc-acme{ version=2 local_addrs[ 10.77.0.1 ] remote_addrs[ 10.77.0.2 ]"
	    " proposals[ aes128gcm16-prfsha256-ecp256 aes256gcm16-prfsha384-ecp384 ]"
	    " unique=replace mobike=no send_cert=always encap=no dpd_delay=30s rekey_time=14400s reauth_time=86400s"
	    " local{ auth=pubkey id=iwf.operator.example certs[ #2 ] }"
	    " remote{ auth=pubkey id=scs.acme.example revocation=strict cacerts[ #2 #3 ] }"
	    " children{"
	    " host-1{ local_ts[ 10.77.1.1/32[6/3868] ] remote_ts[ 10.77.2.1/32[6] ] esp_proposals[ aes128gcm16-ecp256 "
	    "aes256gcm16-ecp384 ]"
	    " mode=tunnel rekey_time=3600s replay_window=64 start_action=none close_action=none dpd_action=clear }"
	    " host-2{ local_ts[ 10.77.1.1/32[6/3868] ] remote_ts[ 10.77.2.2/32[6] ] esp_proposals[ aes128gcm16-ecp256 "
	    "aes256gcm16-ecp384 ]"
	    " mode=tunnel rekey_time=3600s replay_window=64 start_action=none close_action=none dpd_action=clear } } }");
}

/* The port is that of the peer, and ours is any. */
static void test_the_connection_of_a_peer(void **state)
{
	struct sa_conn c = good();

	(void)state;
	c.scs = "+hss";
	c.we_connect = true;
	c.remote_n = 1;
	ours = ts_of("10.77.1.1/32[tcp]");
	theirs[0] = ts_of("10.77.2.1/32[tcp/3868]");
	assert_int_equal(sa_conn_check(&c, why), 0);
	assert_non_null(strstr(message(&c), " mtc-+hss{ "));
	assert_non_null(strstr(message(&c), "local_ts[ 10.77.1.1/32[6] ] remote_ts[ 10.77.2.1/32[6/3868] ]"));
	theirs[0] = ts_of("10.77.2.1/32[tcp]");
	assert_int_equal(sa_conn_check(&c, why), ERR_INVAL);
	assert_string_equal(why, "selector 10.77.2.1/32[6] has no certain port, expected the port of a peer");
	c.we_connect = false;
	assert_int_equal(sa_conn_check(&c, why), ERR_INVAL); /* of an SCS our own port is certain */
	assert_true(sa_conn_name_ok("hss") && sa_conn_name_ok("+hss"));
	assert_false(sa_conn_name_ok("+") || sa_conn_name_ok("++hss") || sa_conn_name_ok("h+ss") || sa_conn_name_ok(""));
}

static void test_what_is_configured_takes_the_place_of_defaults(void **state)
{
	static const char *const ike[] = { "aes256-sha384-ecp384" }, *const esp[] = { "aes128-sha256-modp2048" };
	struct sa_conn c = good();
	const char *text;

	(void)state;
	c.ike_proposals = (struct sa_texts){ ike, 1 };
	c.esp_proposals = (struct sa_texts){ esp, 1 };
	c.child_rekey_s = 600;
	c.reauth_s = 7200;
	c.udp_encap = true;
	c.remote_ike.p = any;
	assert_int_equal(sa_conn_check(&c, why), 0);
	text = message(&c);
	assert_non_null(strstr(text, " proposals[ aes256-sha384-ecp384 ]"));
	assert_non_null(strstr(text, " esp_proposals[ aes128-sha256-modp2048 ] mode=tunnel rekey_time=600s"));
	assert_non_null(strstr(text, " encap=yes "));
	assert_non_null(strstr(text, " reauth_time=7200s"));
	assert_non_null(strstr(text, " remote_addrs[ %any ]"));
}

static void test_proposals_outside_of_the_profile(void **state)
{
	static const struct {
		const char *proposal;
		bool ike;
		const char *words;
	} rows[] = {
		{ "aes128gcm16", false, "has no group" },
		{ "3des-sha256-ecp256", false, "has the word '3des'" },
		{ "null-sha256-ecp256", false, "has the word 'null'" },
		{ "aes128-sha1-ecp256", false, "has the word 'sha1'" },
		{ "aes128gcm16-modp1024", false, "has the word 'modp1024'" },
		{ "aes128-ecp256", false, "has no integrity" },
		{ "ecp256", false, "no encryption" },
		{ "aes128gcm16-aes128-ecp256", false, "two kinds of encryption" },
		{ "aes128gcm16-sha256-ecp256", false, "beside GCM" },
		{ "aes128gcm16-prfsha256-ecp256", false, "belongs to IKE" },
		{ "aes128gcm16-ecp256", true, "has no pseudo-random function" },
		{ "aes128gcm16-prfsha256-ecp256-esn", true, "belongs to ESP" },
		{ "", false, "has the word ''" },
		{ "aes128gcm16-ecp256-", false, "has the word ''" },
		{ "AES128GCM16-ecp256", false, "has the word 'AES128GCM16'" },
	};

	(void)state;
	assert_int_equal(sa_proposal_check("aes128gcm16-ecp256-esn", false, why), 0);
	assert_int_equal(sa_proposal_check("aes256-sha256-prfsha256-x25519", true, why), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		*why = 0;
		assert_int_equal(sa_proposal_check(rows[i].proposal, rows[i].ike, why), ERR_INVAL);
		if (!strstr(why, rows[i].words) || !strstr(why, "expected")) {
			fail_msg("%s: %s", rows[i].proposal, why);
		}
	}
}

static void assert_refused(const struct sa_conn *c, const char *words)
{
	*why = 0;
	assert_int_equal(sa_conn_check(c, why), ERR_INVAL);
	if (!strstr(why, words) || !strstr(why, "expected")) {
		fail_msg("'%s' is not in: %s", words, why);
	}
}

static void test_what_cannot_be_loaded(void **state)
{
	static const char *const weak[] = { "aes128gcm16" }, *const inner[] = { "10.77.2.1" }, *const name[] = { "gw.example" };
	static char big[VICI_VALUE_MAX + 1];
	struct sa_conn c;

	(void)state;
	c = good();
	c.scs = "Acme";
	assert_refused(&c, "the name of an SCS is 'Acme'");
	c = good();
	c.remote_id = "scs.ACME.example";
	assert_refused(&c, "the remote identity is");
	c = good();
	c.remote_id = NULL;
	assert_refused(&c, "the remote identity is ''");
	c = good();
	c.local_id = "";
	assert_refused(&c, "the local identity is ''");
	c = good();
	c.remote_id = c.local_id;
	assert_refused(&c, "has our own identity");
	c = good();
	c.certificate.len = 0;
	assert_refused(&c, "our certificate has 0 octets");
	c = good();
	c.certificate = (struct sa_blob){ big, sizeof big };
	assert_refused(&c, "our certificate has 65536 octets");
	c = good();
	c.cacerts_n = 0;
	assert_refused(&c, "has 0 certificates in its trust anchor");
	c = good();
	c.esp_proposals = (struct sa_texts){ weak, 1 };
	assert_refused(&c, "has no group");
	c = good();
	c.ike_proposals = (struct sa_texts){ weak, 1 };
	assert_refused(&c, "has no group");
	c = good();
	c.local_n = 0;
	assert_refused(&c, "has 0 selectors of ours");
	c = good();
	c.remote_n = 0;
	assert_refused(&c, "and 0 hosts");
	c = good();
	ours = ts_of("10.77.1.1/32[tcp]");
	assert_refused(&c, "our selector 10.77.1.1/32[6] has no certain port");
	c = good();
	ours = ts_of("10.77.1.1/32");
	assert_refused(&c, "has protocol 0");
	c = good();
	theirs[1] = ts_of("10.77.2.2/32[sctp]");
	assert_refused(&c, "has protocol 132");
	c = good();
	theirs[1] = ts_of("10.77.2.0/24[tcp]");
	assert_refused(&c, "is more than one host");
	c = good();
	theirs[1] = theirs[0];
	assert_refused(&c, "two selectors for one host");
	c = good();
	c.remote_ike.n = 0;
	assert_refused(&c, "has no remote IKE address");
	c = good();
	c.local_ike.p = any;
	assert_refused(&c, "the IKE address '%any' is none");
	c = good();
	c.remote_ike.p = name;
	assert_refused(&c, "the IKE address 'gw.example' is none");
	c = good();
	c.remote_ike.p = inner;
	assert_refused(&c, "is also protected by a selector");
}

/* -- two SCSs */

static enum sa_overlap_kind overlap(const char *host, const char *local, const char *id)
{
	struct sa_conn all[2] = { good(), good() };
	struct sa_ts other = ts_of(host), other_local = ts_of(local);
	struct sa_overlap found;
	char words[SA_OVERLAP_WHY_MAX];

	all[0].scs = "beta";
	all[0].remote_id = id;
	all[0].remote = &other;
	all[0].remote_n = 1;
	all[0].local = &other_local;
	if (sa_overlap_find(&found, all, 2) == ERR_NOTFOUND) {
		return (enum sa_overlap_kind) - 1;
	}
	assert_ptr_equal(found.a, &all[0]);
	assert_ptr_equal(found.b, &all[1]);
	sa_overlap_words(words, &found);
	assert_non_null(strstr(words, "SCSs 'beta' and 'acme' have"));
	assert_non_null(strstr(words, "expected"));
	if (found.kind == SA_OVERLAP_IDENTITY) {
		assert_null(found.host);
	} else {
		assert_non_null(found.host);
		assert_non_null(strstr(words, "10.77.2.2)"));
	}
	return found.kind;
}

static void test_two_scss_share_nothing(void **state)
{
	struct sa_overlap found;
	struct sa_conn one = good();

	(void)state;
	assert_int_equal(sa_overlap_find(&found, &one, 1), ERR_NOTFOUND); /* two hosts of one SCS */
	assert_int_equal(sa_overlap_find(&found, NULL, 0), ERR_NOTFOUND);
	assert_int_equal((int)overlap("10.77.3.1/32[tcp]", "10.77.1.1/32[tcp/3868]", "scs.beta.example"), -1);
	assert_int_equal(overlap("10.77.2.2/32[tcp]", "10.77.1.1/32[tcp/3868]", "scs.beta.example"), SA_OVERLAP_SELECTORS);
	assert_int_equal(overlap("10.77.2.2/32[tcp]", "10.77.1.1/32[tcp/3869]", "scs.beta.example"), SA_OVERLAP_HOST);
	assert_int_equal(overlap("10.77.2.2/32[sctp]", "10.77.1.1/32[sctp/3868]", "scs.beta.example"), SA_OVERLAP_HOST);
	assert_int_equal(overlap("10.77.3.1/32[tcp]", "10.77.1.1/32[tcp/3868]", "scs.acme.example"), SA_OVERLAP_IDENTITY);
}

/* The one pair among many is found, wherever it stands. */
static void test_one_pair_among_many(void **state)
{
	enum { N = 2000 };
	static struct sa_conn all[N];
	static struct sa_ts hosts[N];
	static char ids[N][32];
	struct sa_overlap found;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		char text[64];

		snprintf(text, sizeof text, "10.%zu.%zu.7/32[tcp]", i * 7919 % N / 200, i * 7919 % N % 200);
		hosts[i] = ts_of(text);
		snprintf(ids[i], sizeof ids[i], "scs-%zu.example", i);
		all[i] = good();
		all[i].remote = &hosts[i];
		all[i].remote_n = 1;
		all[i].remote_id = ids[i];
	}
	assert_int_equal(sa_overlap_find(&found, all, N), ERR_NOTFOUND);
	hosts[1700] = hosts[41];
	assert_int_equal(sa_overlap_find(&found, all, N), 0);
	assert_ptr_equal(found.a, &all[41]);
	assert_ptr_equal(found.b, &all[1700]);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_connection_of_an_scs),
		cmocka_unit_test(test_the_connection_of_a_peer),
		cmocka_unit_test(test_what_is_configured_takes_the_place_of_defaults),
		cmocka_unit_test(test_proposals_outside_of_the_profile),
		cmocka_unit_test(test_what_cannot_be_loaded),
		cmocka_unit_test(test_two_scss_share_nothing),
		cmocka_unit_test(test_one_pair_among_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
