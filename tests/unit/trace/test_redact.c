/* What of a message stays, and what becomes a digest. */
#include "tests/unit/test.h"

#include "apps/s6m_sir.h"
#include "apps/t4_dtr.h"
#include "apps/tsp_dar.h"
#include "base/str.h"
#include "trace/trc_redact.h"

static const struct sip_key key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } }, other = { { 1, 2 } };

struct copy {
	uint8_t octets[4096];
	size_t len;
};

static struct copy dar(const char *device, const char *session)
{
	struct tsp_dar in;
	struct copy c;
	struct buf b = buf_over(c.octets, sizeof c.octets);
	uint8_t msisdn[STR_TBCD_MAX], scs[STR_TBCD_MAX];
	size_t len;

	memset(&in, 0, sizeof in);
	in.head.request = in.has_action = true;
	in.head.session_id = dia_text(session);
	in.head.auth_application_id = dia_u32_of(APP_TSP);
	in.head.auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	in.head.origin_host = dia_text("scs.acme.example");
	in.head.origin_realm = dia_text("acme.example");
	in.head.destination_realm = dia_text("operator.example");
	in.action.external_identifier = dia_text(device);
	assert_int_equal(str_tbcd(msisdn, &len, "4917000000017"), 0);
	in.action.msisdn = (struct dia_bytes){ msisdn, (uint32_t)len };
	assert_int_equal(str_tbcd(scs, &len, "491720000001"), 0);
	in.action.scs_identity = (struct dia_bytes){ scs, (uint32_t)len };
	in.action.reference_number = dia_u32_of(41);
	in.action.action_type = dia_u32_of(TSP_ACTION_TRIGGER);
	in.action.trigger_data.present = true;
	in.action.trigger_data.payload = dia_text("wake up, 7");
	tsp_dar_build(&b, &in, 1, 2);
	assert_false(b.full);
	c.len = b.len;
	return c;
}

static bool has(const struct copy *c, const char *text)
{
	return memmem(c->octets, c->len, text, strlen(text)) != NULL;
}

static void parse(struct tsp_dar *out, const struct copy *c)
{
	static const struct dia_limits limits = { 65536, 512, 8 };
	struct dia_failed failed;
	static struct dia_msg m;

	assert_int_equal(dia_msg_parse(&m, c->octets, c->len, &limits, &failed), 0);
	assert_int_equal(tsp_dar_parse(out, &m, &failed), 0);
}

static void test_what_names_a_device_is_a_digest_and_the_rest_stays(void **state)
{
	struct copy c = dar("Meter-7@fleet.example", "scs.acme.example;1;2;meter-7");
	char digits[STR_DIGITS_MAX + 1];
	struct tsp_dar out;

	(void)state;
	assert_int_equal(trc_redact(c.octets, c.len, &key), c.len);
	parse(&out, &c);
	assert_false(has(&c, "eter-7") || has(&c, "fleet.example") || has(&c, "wake"));
	assert_true(has(&c, "scs.acme.example;1;2;") && has(&c, "operator.example"));
	assert_int_equal(out.action.external_identifier.len, strlen("Meter-7@fleet.example"));
	assert_int_equal(out.action.external_identifier.p[7], '@');
	assert_int_equal(out.action.trigger_data.payload.len, strlen("wake up, 7"));
	assert_int_equal(str_untbcd(digits, out.action.msisdn.p, out.action.msisdn.len), 0);
	assert_int_equal(strlen(digits), strlen("4917000000017"));
	assert_string_not_equal(digits, "4917000000017");
	assert_int_equal(str_untbcd(digits, out.action.scs_identity.p, out.action.scs_identity.len), 0);
	assert_string_equal(digits, "491720000001");
	assert_int_equal(out.action.reference_number.v, 41);
}

static void test_the_same_value_has_the_same_digest_by_the_same_key(void **state)
{
	struct copy a = dar("meter-7@fleet.example", "a;1;2"), b = dar("meter-7@fleet.example", "a;1;3"),
		    c = dar("meter-8@fleet.example", "a;1;2");
	struct copy d = dar("meter-7@fleet.example", "a;1;2");
	struct tsp_dar ra, rb, rc, rd;
	size_t n = strlen("meter-7@fleet.example");

	(void)state;
	(void)trc_redact(a.octets, a.len, &key);
	(void)trc_redact(b.octets, b.len, &key);
	(void)trc_redact(c.octets, c.len, &key);
	(void)trc_redact(d.octets, d.len, &other);
	parse(&ra, &a);
	parse(&rb, &b);
	parse(&rc, &c);
	parse(&rd, &d);
	assert_memory_equal(ra.action.external_identifier.p, rb.action.external_identifier.p, n);
	assert_memory_not_equal(ra.action.external_identifier.p, rc.action.external_identifier.p, n);
	assert_memory_not_equal(ra.action.external_identifier.p, rd.action.external_identifier.p, n);
}

static void put(struct buf *b, uint32_t code, uint32_t vendor, const void *data, size_t len)
{
	static const uint8_t junk[4] = { 0xee, 0xee, 0xee, 0xee };

	buf_be32(b, code);
	buf_u8(b, vendor ? 0xc0 : 0x40);
	buf_be24(b, (uint32_t)(len + (vendor ? 12 : 8)));
	if (vendor) {
		buf_be32(b, vendor);
	}
	buf_bytes(b, data, len);
	buf_bytes(b, junk, (4 - len % 4) % 4); /* padding may say something */
}

static struct buf begin(struct copy *c)
{
	static const uint8_t head[20] = { 1, 0, 0, 0, 0xc0, 0x80, 0, 0x1f, 1, 0, 0, 0x1d };
	struct buf b = buf_over(c->octets, sizeof c->octets);

	buf_bytes(&b, head, sizeof head);
	return b;
}

static void finish(struct copy *c, const struct buf *b)
{
	c->len = b->len;
	c->octets[2] = (uint8_t)(b->len >> 8);
	c->octets[3] = (uint8_t)b->len;
}

static void test_what_nobody_knows_is_hidden(void **state)
{
	uint8_t inner[64];
	struct buf in = buf_over(inner, sizeof inner);
	struct copy c;
	struct buf b = begin(&c);

	(void)state;
	put(&in, 1, 0, "001010000000007", 15);
	put(&b, 9999, 77, "secret octets", 13);
	put(&b, 9998, 77, inner, in.len);      /* an unknown group with an IMSI */
	put(&b, 281, 0, "no device m7@b", 14); /* Error-Message */
	put(&b, 268, 0, "xy", 2);              /* no number has two octets */
	put(&b, 33, 0, "Proxy-State", 11);
	finish(&c, &b);
	assert_int_equal(trc_redact(c.octets, c.len, &key), c.len);
	assert_false(has(&c, "secret") || has(&c, "00101000") || has(&c, "m7@b") || has(&c, "xy") || has(&c, "Proxy-State"));
	assert_false(has(&c, "\xee"));
	assert_true(has(&c, "\x27\x0e")); /* the header of the unknown group: 9998 */
}

static void test_a_message_that_is_torn_shows_what_could_be_read(void **state)
{
	struct copy c;
	struct buf b = begin(&c);
	size_t good;

	(void)state;
	put(&b, 264, 0, "scs.acme.example", 16);
	good = b.len;
	put(&b, 1, 0, "001010000000007", 15);
	finish(&c, &b);
	c.octets[good + 7] = 0xff; /* a length beyond the end */
	assert_int_equal(trc_redact(c.octets, c.len, &key), good);
	assert_true(has(&c, "scs.acme.example") && !has(&c, "00101"));
	for (size_t i = good; i < c.len; i++) {
		assert_int_equal(c.octets[i], 0);
	}
	c = dar("a@b.example", "x;1;2");
	c.octets[0] = 2; /* another version: nothing behind the header is known */
	assert_int_equal(trc_redact(c.octets, c.len, &key), 20);
	assert_false(has(&c, "x;1;2"));
}

/* S6m: the IMSI and the nodes that serve a subscriber say where it is. */
static void test_where_a_subscriber_is_stays_hidden(void **state)
{
	struct s6m_sia in;
	struct copy c;
	struct buf b = buf_over(c.octets, sizeof c.octets);

	(void)state;
	memset(&in, 0, sizeof in);
	in.head.session_id = dia_text("iwf;1;2");
	in.head.auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	in.head.origin_host = dia_text("hss.core.example");
	in.head.origin_realm = dia_text("core.example");
	in.head.result_code = dia_u32_of(2001);
	in.user_identifiers_n = 1;
	in.has_service_data = in.has_t4_data = true;
	in.user_identifiers[0].user_name = dia_text("001010000000007");
	in.serving_node.present = true;
	in.serving_node.mme_name = dia_text("mme17.epc.example");
	in.serving_node.mme_realm = dia_text("epc.example");
	s6m_sia_build(&b, &in, 1, 2);
	assert_false(b.full);
	c.len = b.len;
	assert_true(has(&c, "mme17") && has(&c, "001010"));
	assert_int_equal(trc_redact(c.octets, c.len, &key), c.len);
	assert_false(has(&c, "mme17") || has(&c, "001010"));
	assert_true(has(&c, "hss.core.example") && has(&c, "iwf;1;2"));
}

/* The text of the AVP that is the last one, behind a redaction. */
static const char *redacted(uint32_t code, const char *text, const struct sip_key *by)
{
	static struct copy c;
	size_t len = strlen(text);
	struct buf b = begin(&c);

	put(&b, code, 0, text, len);
	finish(&c, &b);
	assert_int_equal(trc_redact(c.octets, c.len, by), c.len);
	c.octets[28 + len] = 0;
	return (const char *)c.octets + 28;
}

/* What names a program stays; of octets, each one is another, the first, too. */
static void test_the_first_octet_and_the_name_of_a_program(void **state)
{
	char octets[] = "Aaaaaaaa";
	unsigned same = 0;

	(void)state;
	assert_string_equal(redacted(269, "freeDiameter", &key), "freeDiameter");
	for (char c = 'a'; c <= 'z'; c++) {
		octets[7] = c;
		same += *redacted(33, octets, &key) == 'A'; /* Proxy-State */
	}
	assert_true(same < 5);
}

/* A number stays one: digits only, and none begins with 0. */
static void test_numbers_stay_numbers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		char number[STR_DIGITS_MAX + 1];
		uint8_t msisdn[STR_TBCD_MAX];
		struct copy c;
		struct buf b = begin(&c);
		size_t len;

		snprintf(number, sizeof number, "49170%03u", i);
		assert_int_equal(str_tbcd(msisdn, &len, number), 0);
		put(&b, 701, 10415, msisdn, len);
		finish(&c, &b);
		assert_int_equal(trc_redact(c.octets, c.len, &key), c.len);
		assert_int_equal(str_untbcd(number, c.octets + 32, len), 0);
		assert_int_equal(strlen(number), 8);
		assert_int_not_equal(number[0], '0');
	}
}

/* A Session-Id of RFC 6733 8.8 keeps the parts that its maker had to write; any other is a text of its maker. */
static void session_is(const char *before, size_t kept)
{
	const char *after = redacted(263, before, &key);

	assert_memory_equal(after, before, kept);
	if (before[kept]) {
		assert_string_not_equal(after + kept, before + kept);
	}
	for (size_t i = kept; before[i]; i++) { /* letters become letters; what divides stays */
		assert_int_equal(strchr("@.-", before[i]) != NULL, strchr("@.-", after[i]) != NULL);
	}
}

static void test_what_stays_of_a_session_id(void **state)
{
	(void)state;
	session_is("scs.acme.example;17;42", 22);
	session_is("scs.acme.example;17;42;meter-7@a.example", 23);
	session_is("meter-7@a.example", 0);
	session_is("meter-7@a.example;meter8", 0);
	session_is("scs;1", 0);
	session_is("scs;1x;2;meter", 0);
	session_is("scs;1;2x", 0);
	session_is("scs;1;:;meter", 0);
	session_is("scs;1;/;meter", 0);
	session_is("scs;09;90;", 10);
}

/* A text keeps its form: digits are digits, and the three characters that divide names stay. More of it than one block of the stream differs. */
static void test_the_form_of_a_text_stays(void **state)
{
	const char *before = "meter-0123456789.of.a-long-name@fleet.example aaaaaaaaaaaaaaaaaaaaaaaa";
	const char *after = redacted(1, before, &key);
	size_t same = 0, n = strlen(before);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		bool divides = strchr("@.-", before[i]) != NULL, digit = before[i] >= '0' && before[i] <= '9';

		if (divides) {
			assert_int_equal(after[i], before[i]);
		} else {
			assert_true(digit ? after[i] >= '0' && after[i] <= '9' : after[i] >= 'a' && after[i] <= 'z');
			same += after[i] == before[i];
		}
	}
	assert_true(same < 10);
	assert_memory_not_equal(after + n - 16, after + n - 8, 8); /* the stream does not repeat */
	assert_memory_not_equal(after + n - 24, after + n - 16, 8);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_names_a_device_is_a_digest_and_the_rest_stays),
		cmocka_unit_test(test_the_same_value_has_the_same_digest_by_the_same_key),
		cmocka_unit_test(test_what_nobody_knows_is_hidden),
		cmocka_unit_test(test_a_message_that_is_torn_shows_what_could_be_read),
		cmocka_unit_test(test_where_a_subscriber_is_stays_hidden),
		cmocka_unit_test(test_the_first_octet_and_the_name_of_a_program),
		cmocka_unit_test(test_numbers_stay_numbers),
		cmocka_unit_test(test_what_stays_of_a_session_id),
		cmocka_unit_test(test_the_form_of_a_text_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
