/* What the SMS-SC makes of what SMEs send: addresses, the filter against forged triggers, the rate, text, and what is kept for receipts. */
#include "tests/unit/test.h"

#include "nodes/smssc/sme_address.h"
#include "nodes/smssc/sme_filter.h"
#include "nodes/smssc/sme_meter.h"
#include "nodes/smssc/sme_number.h"
#include "nodes/smssc/sme_text.h"
#include "apps/t4_drr.h"
#include "nodes/smssc/sme_told.h"
#include "nodes/smssc/sme_trigger.h"

static void test_sources(void **state)
{
	static const char *const sound[] = { "4242", "491720000001", "49*", "Acme", "A", "acme-1.x y", "1A" };
	static const char *const bad[] = { "",     "*",   "4*2", "4917200000012345", "ABCDEFGHIJKL", "a*", "a_b", "\xc4",
					   "12 3", "+49", "-" };

	(void)state;
	for (size_t i = 0; i < sizeof sound / sizeof *sound; i++) {
		assert_true(sme_pattern_is_sound(sound[i]));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (sme_pattern_is_sound(bad[i])) {
			fail_msg("'%s' is taken", bad[i]);
		}
	}
	assert_true(sme_pattern_matches("49*", "491"));
	assert_true(sme_pattern_matches("49*", "49"));
	assert_false(sme_pattern_matches("49*", "49x"));
	assert_false(sme_pattern_matches("49*", "4"));
	assert_false(sme_pattern_matches("49", "491"));
	assert_false(sme_pattern_matches("Acme", "acme"));
}

static void originator_is(uint8_t ton, const char *digits, const char *octets, size_t n)
{
	struct smpp_address a = { .ton = ton, .npi = 1 };
	uint8_t out[SMS_ADDRESS_MAX], len;

	(void)snprintf(a.digits, sizeof a.digits, "%s", digits);
	assert_int_equal(sme_originator(out, &len, &a), SMPP_ROK);
	assert_int_equal(len, n);
	assert_memory_equal(out, octets, n);
}

static void test_originators(void **state)
{
	static const struct smpp_address bad[] = {
		{ 3, 1, "4242" },         { 1, 2, "4242" }, { 1, 1, "" },     { 1, 1, "+" },
		{ 1, 1, "42_42" },        { 5, 0, "4242" }, { 5, 0, "" },     { 1, 1, "4917200000012345" },
		{ 5, 0, "ABCDEFGHIJKL" }, { 6, 1, "4242" }, { 1, 1, "42 42" }
	};
	static const enum smpp_status status[] = { SMPP_RINVSRCTON, SMPP_RINVSRCNPI, SMPP_RINVSRCADR, SMPP_RINVSRCADR,
						   SMPP_RINVSRCADR, SMPP_RINVSRCADR, SMPP_RINVSRCADR, SMPP_RINVSRCADR,
						   SMPP_RINVSRCADR, SMPP_RINVSRCTON, SMPP_RINVSRCADR };
	uint8_t out[SMS_ADDRESS_MAX], len;

	(void)state;
	originator_is(1, "491720000001", "\x0c\x91\x94\x71\x02\x00\x00\x10", 8);
	originator_is(2, "4242", "\x04\x81\x24\x24", 4); /* as Kannel has it */
	originator_is(0, "+49172000001", "\x0b\x91\x94\x71\x02\x00\x00\xf1", 8);
	originator_is(1, "4242", "\x04\x81\x24\x24", 4);
	originator_is(5, "Acme", "\x07\xd0\xc1\x71\xbb\x0c", 6); /* TS 23.038: packed by hand */
	originator_is(0, "Acme", "\x07\xd0\xc1\x71\xbb\x0c", 6);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(sme_originator(out, &len, &bad[i]), status[i]);
	}
}

static void test_destinations(void **state)
{
	static const struct smpp_address bad[] = {
		{ 4, 1, "491720000001" }, { 1, 3, "491720000001" }, { 1, 1, "0491" }, { 1, 1, "4x" }, { 1, 1, "" }
	};
	static const enum smpp_status status[] = { SMPP_RINVDSTTON, SMPP_RINVDSTNPI, SMPP_RINVDSTADR, SMPP_RINVDSTADR,
						   SMPP_RINVDSTADR };
	const struct smpp_address good = { 0, 0, "+491720000001" };
	char out[IDENT_MSISDN_MAX + 1];

	(void)state;
	assert_int_equal(sme_destination(out, &good), SMPP_ROK);
	assert_string_equal(out, "491720000001");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(sme_destination(out, &bad[i]), status[i]);
	}
}

static enum sme_forged filtered(const struct smpp_pdu *p)
{
	struct sme_ports ports = { 0 };
	struct smpp_content c;

	assert_int_equal(sme_ports_add(&ports, "16000-16999"), 0);
	assert_int_equal(sme_ports_add(&ports, "240"), 0);
	assert_int_equal(smpp_content_of(&c, p), SMPP_ROK);
	return sme_filter(p, &c, &ports);
}

static enum sme_forged filtered_header(const char *octets, uint32_t len)
{
	const struct smpp_pdu p = { .esm_class = SMPP_ESM_UDHI, .short_message = { (const uint8_t *)octets, len } };

	return filtered(&p);
}
#define HEADER(text) filtered_header((text), sizeof(text) - 1)

static void test_the_filter(void **state)
{
	struct smpp_pdu p = { .protocol_id = 0 };

	(void)state;
	assert_int_equal(filtered(&p), SME_NOT_FORGED);
	for (unsigned pid = 0; pid < 256; pid++) {
		p.protocol_id = (uint8_t)pid;
		assert_int_equal(filtered(&p), pid == 0x48                  ? SME_FORGED_PID
					       : pid >= 0x7c && pid <= 0x7f ? SME_FORGED_SIM
									    : SME_NOT_FORGED);
	}
	p.protocol_id = 0;
	for (unsigned type = 0; type < 256; type += 4) {
		p.esm_class = (uint8_t)(type & SMPP_ESM_TYPE);
		assert_int_equal(filtered(&p), p.esm_class ? SME_FORGED_RECEIPT : SME_NOT_FORGED);
	}
	p.esm_class = 0;
	for (unsigned port = 15998; port < 17002; port++) {
		smpp_set_number(&p, SMPP_TLV_DESTINATION_PORT, port);
		assert_int_equal(filtered(&p), port >= 16000 && port <= 16999 ? SME_FORGED_PORT : SME_NOT_FORGED);
	}
	assert_int_equal(HEADER("\x06\x05\x04\x3e\x80\x00\x00"), SME_FORGED_ELEMENT);
	assert_int_equal(HEADER("\x06\x05\x04\x3e\x7f\x3e\x80"), SME_NOT_FORGED); /* the other end's port */
	assert_int_equal(HEADER("\x04\x04\x02\xf0\x01"), SME_FORGED_ELEMENT);
	assert_int_equal(HEADER("\x04\x04\x02\xf1\x01"), SME_NOT_FORGED);
	assert_int_equal(HEADER("\x05\x05\x03\x3e\x80\x00"), SME_FORGED_ELEMENT);
	assert_int_equal(HEADER("\x02\x05\x00"), SME_FORGED_ELEMENT);
	assert_int_equal(HEADER("\x07\x05\x05\x00\x01\x00\x00\x00"), SME_FORGED_ELEMENT); /* too long, of a free port */
	assert_int_equal(HEADER("\x05\x04\x03\x01\x01\x00"), SME_FORGED_ELEMENT);
	assert_int_equal(HEADER("\x0c\x05\x04\x00\x01\x00\x00\x05\x04\x3e\x80\x00\x00"), SME_FORGED_ELEMENT);
	assert_int_equal(HEADER("\x0c\x05\x04\x3e\x80\x00\x00\x05\x04\x00\x01\x00\x00"), SME_FORGED_ELEMENT);
	assert_int_equal(HEADER("\x02\x70\x00"), SME_FORGED_SIM);
	assert_int_equal(HEADER("\x02\x71\x00"), SME_FORGED_SIM);
	assert_int_equal(HEADER("\x05\x00\x03\x01\x02\x01"), SME_NOT_FORGED);
	for (unsigned i = 0; i < SME_FORGED_N; i++) {
		assert_non_null(sme_forged_str((enum sme_forged)i));
	}
}

static void stripped_is(const char *octets, uint32_t len, const char *left, size_t n)
{
	const struct smpp_octets header = { (const uint8_t *)octets, len };
	uint8_t out[140];

	assert_int_equal(sme_strip_header(out, &header), n);
	assert_memory_equal(out, left, n);
}

static void test_what_is_left_of_a_header(void **state)
{
	(void)state;
	stripped_is("", 0, "", 0);
	stripped_is("\x05\x04\x3e\x80\x00\x00", 6, "", 0);
	stripped_is("\x04\x02\xf0\x01", 4, "", 0);
	stripped_is("\x05\x00\x70\x00\x7f\x01\x01", 7, "", 0);
	stripped_is("\x00\x03\x01\x02\x01\x05\x04\x3e\x80\x00\x00\x24\x01\x01", 14, "\x00\x03\x01\x02\x01\x24\x01\x01", 8);
	/* a port that is not reserved goes, too: which of several counts is for the device to say */
	stripped_is("\x05\x04\x00\x01\x00\x00\x08\x04\x00\x01\x02\x01", 12, "\x08\x04\x00\x01\x02\x01", 6);
}

static void test_ports(void **state)
{
	static const char *const bad[] = { "", "-", "1-", "-1", "65536", "2-1", "1-65536", "x", "1 -2", "123456789" };
	struct sme_ports p = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(sme_ports_add(&p, bad[i]), ERR_INVAL);
	}
	assert_int_equal(sme_ports_add(&p, "0"), 0);
	assert_int_equal(sme_ports_add(&p, "65535"), 0);
	assert_true(sme_ports_has(&p, 0) && sme_ports_has(&p, 65535) && !sme_ports_has(&p, 1));
}

static void test_the_rate(void **state)
{
	static struct sme_meter m;
	unsigned taken = 0;

	(void)state;
	sme_meter_init(&m, 10, 3, 1000);
	for (unsigned i = 0; i < 10; i++) {
		taken += sme_meter_take(&m, 0, 0, 1000);
	}
	assert_int_equal(taken, 3); /* the burst */
	assert_false(sme_meter_take(&m, 0, 0, 1099));
	assert_true(sme_meter_take(&m, 0, 0, 1100));
	for (uint64_t t = 2000; t < 12000; t++) {
		taken += sme_meter_take(&m, 0, 0, t);
	}
	assert_in_range(taken, 3 + 100, 3 + 103);
	assert_true(sme_meter_take(&m, 0, 0, UINT64_MAX / 2)); /* however long it was quiet */
	assert_true(sme_meter_take(&m, 0, 0, 5));              /* a clock that goes back adds nothing */
	sme_meter_init(&m, 0, 1, 0);
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(sme_meter_take(&m, 0, 0, 0));
	}
}

static void test_a_long_message_counts_once(void **state)
{
	static struct sme_meter m;

	(void)state;
	sme_meter_init(&m, 1, 2, 0);
	assert_true(sme_meter_take(&m, 77, 3, 0));
	assert_true(sme_meter_take(&m, 77, 3, 0));
	assert_true(sme_meter_take(&m, 77, 3, 0));
	assert_true(sme_meter_take(&m, 77, 3, 0)); /* a fourth part of three begins the next message: the second token */
	assert_true(sme_meter_take(&m, 77, 3, 0));
	assert_false(sme_meter_take(&m, 78, 3, 0));
	assert_true(sme_meter_take(&m, 77, 3, 0));
	assert_false(sme_meter_take(&m, 77, 3, 0));
	assert_true(sme_meter_take(&m, 78, 2, 1000));
	assert_true(sme_meter_take(&m, 0, 0, 2000));
	assert_false(sme_meter_take(&m, 78, 2, 2000 + 0) && sme_meter_take(&m, 78, 2, 2000)); /* its second part, and no more */
	sme_meter_init(&m, 1, 1000, 0);
	for (uint64_t key = 1; key <= 2 * SME_METER_LONG_MAX;
	     key++) { /* incomplete ones: a token each, and the oldest are forgotten */
		assert_true(sme_meter_take(&m, key, 255, key));
	}
	assert_int_equal(m.thousandths / 1000, 1000 - 2 * SME_METER_LONG_MAX);
	assert_true(sme_meter_take(&m, 2 * SME_METER_LONG_MAX, 255, 200));
	assert_int_equal(m.thousandths / 1000, 1000 - 2 * SME_METER_LONG_MAX);
	assert_true(sme_meter_take(&m, 1, 255, 200));
	assert_int_equal(m.thousandths / 1000, 1000 - 2 * SME_METER_LONG_MAX - 1);
}

static uint8_t room[SME_TEXT_MAX];

static struct sme_text text_of(const struct smpp_content *c, uint8_t coding)
{
	struct sme_text t;

	assert_int_equal(sme_text_of(&t, c, coding, room), SMPP_ROK);
	return t;
}

static void test_text(void **state)
{
	static uint8_t long_octets[SME_TEXT_MAX + 1];
	struct smpp_content c = { .payload = { (const uint8_t *)"a\xfc", 2 } };
	struct sme_text t;

	(void)state;
	for (unsigned coding = 0; coding < 256; coding++) {
		bool text = coding == 0 || coding == 1 || coding == 3;
		bool known = text || coding == 2 || coding == 4 || coding == 8 || (coding & 0xfc) == 0x14 ||
			     (coding & 0xfc) == 0x18 || (coding & 0xfc) == 0xf4;

		assert_int_equal(sme_text_of(&t, &c, (uint8_t)coding, room), known ? SMPP_ROK : SMPP_RINVDCS);
		if (text) {
			assert_int_equal(t.dcs, 8);
			assert_int_equal(t.payload_len, 4);
			assert_memory_equal(t.payload, "\0a\0\xfc", 4);
		}
	}
	c.payload = (struct smpp_octets){ (const uint8_t *)"\0a\0", 3 };
	assert_int_equal(sme_text_of(&t, &c, 8, room), SMPP_RINVMSGLEN);
	c.payload = (struct smpp_octets){ long_octets, SME_TEXT_MAX };
	assert_int_equal(text_of(&c, 4).payload_len, SME_TEXT_MAX);
	assert_int_equal(sme_text_of(&t, &c, 0, room), SMPP_RINVMSGLEN);
	c.payload.len = SME_TEXT_MAX + 1;
	assert_int_equal(sme_text_of(&t, &c, 4, room), SMPP_RINVMSGLEN);
}

static void test_headers_and_parameters(void **state)
{
	struct smpp_content c = {
		.payload = { (const uint8_t *)"x", 1 }, .ports = SMPP_FORM_PARAMETERS, .port = 0x1234, .port_from = 0x5678
	};
	static uint8_t full[140];
	struct sme_text t = text_of(&c, 4);

	(void)state;
	assert_true(t.has_port && !t.has_header && t.port == 0x1234);
	c.part = SMPP_FORM_PARAMETERS;
	c.part_reference = 0xabcd;
	c.parts = 3;
	c.part_number = 2;
	t = text_of(&c, 4);
	assert_true(t.has_header && !t.has_port);
	assert_int_equal(t.header_len, 12);
	assert_memory_equal(t.header, "\x05\x04\x12\x34\x56\x78\x08\x04\xab\xcd\x03\x02", 12);
	c = (struct smpp_content){ .header = { (const uint8_t *)"\x00\x03\x01\x02\x01", 5 }, .payload = { full, 134 } };
	t = text_of(&c, 4);
	assert_true(t.has_header && t.header_len == 5 && t.payload_len == 134); /* 140 octets */
	c.payload.len = 135;
	assert_int_equal(sme_text_of(&t, &c, 4, room), SMPP_RINVMSGLEN);
	c.header = (struct smpp_octets){ full, 141 };
	c.payload.len = 0;
	assert_int_equal(sme_text_of(&t, &c, 4, room), SMPP_RINVMSGLEN);
}

static void test_told(void **state)
{
	struct sme_told t = { .source = { 5, 0, "Acme" },
			      .destination = { 1, 1, "491720000001" },
			      .registered = 1,
			      .has_reference = true,
			      .reference = 7,
			      .coding = 8 },
			got;
	uint8_t octets[600];
	struct buf b = buf_over(octets, sizeof octets);

	(void)state;
	memset(t.text, 'x', SMPP_RECEIPT_TEXT_MAX);
	sme_told_encode(&b, &t);
	assert_false(b.full);
	assert_int_equal(sme_told_decode(&got, octets, b.len), 0);
	assert_memory_equal(&got, &t, sizeof t);
	for (size_t n = 0; n < b.len; n++) {
		assert_int_equal(sme_told_decode(&got, octets, n), ERR_PROTO);
	}
	assert_int_equal(sme_told_decode(&got, octets, b.len + 1), ERR_PROTO);
	octets[0] = 1; /* as it was written before, without the data_coding */
	assert_int_equal(sme_told_decode(&got, octets, b.len), ERR_PROTO);
	assert_int_equal(sme_told_decode(&got, octets, b.len - 1), 0);
	t.coding = SME_TOLD_NO_CODING;
	assert_memory_equal(&got, &t, sizeof t);
	octets[0] = 3;
	assert_int_equal(sme_told_decode(&got, octets, b.len), ERR_VERSION);
}

static void test_who_wants_a_receipt(void **state)
{
	static const bool wants[4][2] = {
		{ false, false }, { true, true }, { false, true }, { true, false }
	}; /* delivered, not */

	(void)state;
	for (unsigned r = 0; r < 256; r++) {
		const struct sme_told t = { .registered = (uint8_t)r };

		assert_int_equal(sme_told_wants(&t, SMPP_STATE_DELIVERED), wants[r % 4][0]);
		assert_int_equal(sme_told_wants(&t, SMPP_STATE_EXPIRED), wants[r % 4][1]);
	}
}

/* An SME sees which of its ids are near each other in nothing. */
static void test_message_ids_tell_nothing(void **state)
{
	const struct sip_key key = { { 1, 2 } }, other = { { 1, 3 } };
	uint64_t before = 0, seen[500];
	unsigned rising = 0;

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		seen[i] = sme_number(&key, ((uint64_t)0xabcde << 32) + i);
		assert_true(seen[i] >= 1 && seen[i] <= INT64_MAX);
		assert_int_equal(seen[i], sme_number(&key, ((uint64_t)0xabcde << 32) + i));
		assert_int_not_equal(seen[i], sme_number(&other, ((uint64_t)0xabcde << 32) + i));
		for (unsigned j = 0; j < i; j++) {
			assert_int_not_equal(seen[j], seen[i]);
		}
		rising += seen[i] > before;
		before = seen[i];
	}
	assert_in_range(rising, 200, 300);
}

/* -- triggers */

static enum smpp_status form_of(const struct smpp_pdu *p)
{
	struct smpp_content c;
	const char *why = NULL;
	enum smpp_status status;

	assert_int_equal(smpp_content_of(&c, p), SMPP_ROK);
	status = sme_trigger_form(p, &c, &why);
	assert_true((status == SMPP_ROK) == !why);
	return status;
}

static void test_forms_of_a_trigger(void **state)
{
	static const struct {
		const char *octets;
		uint32_t len;
		enum smpp_status status;
	} headers[] = { { "\x00", 1, SMPP_ROK },
			{ "\x06\x05\x04\x3e\x80\x00\x00", 7, SMPP_ROK },
			{ "\x04\x04\x02\xf0\x01", 5, SMPP_ROK },
			{ "\x05\x05\x03\x3e\x80\x00", 6, SMPP_RSUBMITFAIL },
			{ "\x02\x70\x00", 3, SMPP_RSUBMITFAIL },
			{ "\x05\x00\x03\x01\x02\x01", 6, SMPP_ROK },
			{ "\x06\x08\x04\x01\x01\x02\x01", 7, SMPP_ROK },
			{ "\x0b\x00\x03\x01\x02\x01\x05\x04\x3e\x80\x00\x00", 12, SMPP_ROK },
			{ "\x05\x00\x03\x01\x02\x03", 6, SMPP_RSUBMITFAIL },
			{ "\x0a\x00\x03\x01\x02\x01\x00\x03\x01\x02\x01", 11, SMPP_RSUBMITFAIL },
			{ "\x0a\x00\x03\x01\x02\x01\x00\x03\x01\x02\x03", 11, SMPP_RSUBMITFAIL },
			{ "\x04\x00\x02\x01\x02", 5, SMPP_RSUBMITFAIL },
			{ "\x0c\x05\x04\x3e\x80\x00\x00\x05\x04\x3e\x80\x00\x00", 13, SMPP_RSUBMITFAIL } };
	struct smpp_pdu p = { .header.command = SMPP_SUBMIT_SM, .data_coding = 4 };

	(void)state;
	for (unsigned pid = 0; pid < 256; pid++) {
		p.protocol_id = (uint8_t)pid;
		assert_int_equal(form_of(&p), pid == 0 || pid == 0x48 ? SMPP_ROK : SMPP_RSUBMITFAIL);
	}
	p.protocol_id = 0x48;
	p.data_coding = 0;
	assert_int_equal(form_of(&p), SMPP_RINVDCS);
	p.data_coding = 4;
	p.esm_class = SMPP_ESM_UDHI;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		p.short_message = (struct smpp_octets){ (const uint8_t *)headers[i].octets, headers[i].len };
		assert_int_equal(form_of(&p), headers[i].status);
	}
	p = (struct smpp_pdu){ .header.command = SMPP_SUBMIT_MULTI, .data_coding = 4, .protocol_id = 0x48 };
	assert_int_equal(form_of(&p), SMPP_RSUBMITFAIL);
}

static void test_what_the_gateway_answers(void **state)
{
	static const struct {
		uint32_t request_status;
		enum smpp_status status;
	} rows[] = { /* docs/user/tsms.md */
		     { 0, SMPP_ROK },          { 101, SMPP_RINVMSGLEN },  { 102, SMPP_RSUBMITFAIL }, { 103, SMPP_RSYSERR },
		     { 104, SMPP_RINVEXPIRY }, { 105, SMPP_RSUBMITFAIL }, { 106, SMPP_RSUBMITFAIL }, { 107, SMPP_RSUBMITFAIL },
		     { 108, SMPP_RMSGQFUL },   { 109, SMPP_RTHROTTLED },  { 201, SMPP_RSYSERR },     { 999, SMPP_RSUBMITFAIL }
	};
	static const uint8_t outcomes[][3] = { { 0, T4_OUTCOME_SUCCESSFUL_TRANSFER, 0 },
					       { 1, T4_OUTCOME_VALIDITY_TIME_EXPIRED, 0 },
					       { 2, T4_OUTCOME_ABSENT_SUBSCRIBER, 1 },
					       { 3, T4_OUTCOME_ABSENT_SUBSCRIBER, 0 },
					       { 4, DLV_OUTCOME_UNKNOWN, 0 },
					       { 77, DLV_OUTCOME_UNKNOWN, 0 } };
	struct tsp_daa daa = { .head.result_code = dia_u32_of(2001) };
	char words[SME_TRIGGER_WORDS_MAX];

	(void)state;
	assert_int_equal(sme_trigger_status(&daa, SMPP_RSUBMITFAIL), SMPP_RSYSERR); /* a success without a status is none */
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		daa.notification.request_status = dia_u32_of(rows[i].request_status);
		assert_int_equal(sme_trigger_status(&daa, SMPP_RSUBMITFAIL), rows[i].status);
		assert_int_equal(sme_trigger_status(&daa, SMPP_RCANCELFAIL),
				 rows[i].status == SMPP_RSUBMITFAIL ? SMPP_RCANCELFAIL : rows[i].status);
		assert_int_equal(sme_trigger_is_settled(&daa), rows[i].request_status != 201);
		assert_true(sme_trigger_is(&daa, rows[i].request_status));
	}
	daa.notification.request_status = dia_u32_of(0);
	daa.head.result_code = dia_u32_of(3004);
	assert_int_equal(sme_trigger_status(&daa, SMPP_RSUBMITFAIL), SMPP_RSYSERR);
	assert_false(sme_trigger_is_settled(&daa) || sme_trigger_is(&daa, 0));
	assert_string_equal(sme_trigger_words(&daa, words), "result 3004");
	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
		bool absent;

		assert_int_equal(sme_trigger_outcome(outcomes[i][0], &absent), outcomes[i][1]);
		assert_int_equal(absent, outcomes[i][2]);
	}
}

static void parse(struct tsp_dar *out, struct dia_msg *m, const struct buf *octets)
{
	struct dia_limits limits = DIA_LIMITS_CORE;
	struct dia_failed failed = { 0 };

	assert_false(octets->full);
	assert_int_equal(dia_msg_parse(m, octets->p, octets->len, &limits, &failed), 0);
	assert_int_equal(tsp_dar_parse(out, m, &failed), 0);
}

static void test_requests_to_the_gateway(void **state)
{
	const struct sme_trigger_ends ends = { "scs", "a.example", "iwf", "b.example", "scs;1;2;again", 77, false };
	struct dlv_text t = { .payload = (const uint8_t *)"ab",
			      .payload_len = 2,
			      .msisdn = (const uint8_t *)"\x94\x71",
			      .msisdn_len = 2,
			      .reference = 12,
			      .has_port = true,
			      .port = 16001,
			      .validity_s = 60 };
	uint8_t octets[1024];
	struct buf b = buf_over(octets, sizeof octets);
	struct tsp_dar dar;
	struct dia_msg m;

	(void)state;
	sme_trigger_build(&b, &t, &ends);
	parse(&dar, &m, &b);
	assert_true(dar.action.action_type.v == TSP_ACTION_TRIGGER && !dar.action.old_reference_number.present);
	t.sme.change = (struct dlv_change){ .kind = DLV_CHANGE_REPLACE, .old = 11 };
	b.len = 0;
	sme_trigger_build(&b, &t, &ends);
	parse(&dar, &m, &b);
	assert_true(dar.action.action_type.v == TSP_ACTION_REPLACE && dar.action.old_reference_number.v == 11);
	assert_true(dar.action.reference_number.v == 12 && dar.action.trigger_data.payload.len == 2);
	b.len = 0;
	sme_trigger_recall(&b, &t, &ends);
	parse(&dar, &m, &b);
	assert_true(dar.action.action_type.v == TSP_ACTION_RECALL && dar.action.reference_number.v == 12);
	assert_false(dar.action.trigger_data.present || dar.action.validity_time_s.present);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_ids_tell_nothing),
		cmocka_unit_test(test_forms_of_a_trigger),
		cmocka_unit_test(test_what_the_gateway_answers),
		cmocka_unit_test(test_requests_to_the_gateway),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_originators),
		cmocka_unit_test(test_destinations),
		cmocka_unit_test(test_the_filter),
		cmocka_unit_test(test_what_is_left_of_a_header),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_the_rate),
		cmocka_unit_test(test_a_long_message_counts_once),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_headers_and_parameters),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_who_wants_a_receipt),
	};

	return cmocka_run_group_tests_name("smssc sme", tests, NULL, NULL);
}
