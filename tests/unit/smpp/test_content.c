/* smpp_content: ports and parts in each form, and forms that exclude each other. */
#include "tests/unit/test.h"

#include "smpp/smpp_content.h"

static struct smpp_pdu with_header(const void *octets, uint32_t len)
{
	return (struct smpp_pdu){
		.header.command = SMPP_SUBMIT_SM, .esm_class = SMPP_ESM_UDHI, .data_coding = 4, .short_message = { octets, len }
	};
}

#define HEADER(text) with_header((text), sizeof(text) - 1)

static struct smpp_content content(const struct smpp_pdu *p)
{
	struct smpp_content c;

	assert_int_equal(smpp_content_of(&c, p), SMPP_ROK);
	return c;
}

static void test_plain(void **state)
{
	struct smpp_pdu p = { .short_message = { (const uint8_t *)"wake", 4 }, .data_coding = 4 };
	struct smpp_content c = content(&p);

	(void)state;
	assert_int_equal(c.payload.len, 4);
	assert_int_equal(c.header.len, 0);
	assert_int_equal(c.ports, SMPP_FORM_NONE);
	assert_int_equal(c.part, SMPP_FORM_NONE);
	assert_true(c.eight_bit);
	assert_int_equal(c.message_class, -1);
	assert_false(c.receipt);
}

static void test_header(void **state)
{
	struct smpp_pdu p = HEADER("\x0b\x00\x03\x2a\x02\x01\x05\x04\x3e\x80\x10\x01payload");
	struct smpp_content c = content(&p);
	struct smpp_element e;
	uint32_t at = 0;

	(void)state;
	assert_int_equal(c.ports, SMPP_FORM_HEADER);
	assert_int_equal(c.port, 16000);
	assert_int_equal(c.port_from, 4097);
	assert_int_equal(c.part, SMPP_FORM_HEADER);
	assert_int_equal(c.part_reference, 42);
	assert_true(c.part_8bit);
	assert_int_equal(c.parts, 2);
	assert_int_equal(c.part_number, 1);
	assert_memory_equal(c.payload.p, "payload", 7);
	assert_int_equal(c.payload.len, 7);
	assert_true(smpp_element_next(&e, &c.header, &at));
	assert_int_equal(e.id, SMPP_IE_PART_8BIT);
	assert_true(smpp_element_next(&e, &c.header, &at));
	assert_int_equal(e.id, SMPP_IE_PORTS_16BIT);
	assert_false(smpp_element_next(&e, &c.header, &at));
}

static void test_other_elements(void **state)
{
	struct smpp_pdu p = HEADER("\x0c\x04\x02\xf0\xf1\x08\x04\x12\x34\x03\x03\x70\x00x");
	struct smpp_content c = content(&p);

	(void)state;
	assert_int_equal(c.ports, SMPP_FORM_HEADER);
	assert_true(c.ports_8bit);
	assert_int_equal(c.port, 0xf0);
	assert_int_equal(c.part_reference, 0x1234);
	assert_false(c.part_8bit);
	assert_int_equal(c.part_number, 3);
	p = HEADER("\x05\x00\x03\x01\x02\x03");
	assert_int_equal(content(&p).part, SMPP_FORM_NONE); /* part 3 of 2 */
	p = HEADER("\x05\x00\x03\x01\x02\x00");
	assert_int_equal(content(&p).part, SMPP_FORM_NONE);
	p = HEADER("\x04\x05\x02\x3e\x80");
	assert_int_equal(content(&p).ports, SMPP_FORM_NONE); /* of a wrong size */
	p = HEADER("\x0c\x05\x04\x3e\x80\0\0\x05\x04\x3e\x81\0\0");
	assert_int_equal(content(&p).port, 16001); /* the last one counts */
	p = HEADER("\x0a\x04\x02\xf0\xf1\x05\x04\x3e\x81\0\0");
	assert_int_equal(content(&p).port, 16001);
	assert_false(content(&p).ports_8bit); /* of the last one, too */
	p = HEADER("\0x");
	assert_int_equal(content(&p).payload.len, 1);
	p = HEADER("\0");
	assert_int_equal(content(&p).payload.len, 0);
}

/* No octet behind the header is read, whatever stands there. */
static void test_elements_that_are_cut(void **state)
{
	static const uint8_t octets[] = { 0x70, 0, 0x05, 0, 0, 0, 0 };
	struct smpp_octets header = { octets, 3 };
	struct smpp_element e;
	uint32_t at = 0;

	(void)state;
	assert_true(smpp_element_next(&e, &header, &at));
	assert_int_equal(at, 2);
	assert_false(smpp_element_next(&e, &header, &at)); /* an identifier without its length */
	assert_int_equal(at, 2);
	at = 3;
	assert_false(smpp_element_next(&e, &header, &at));
	at = 4;
	assert_false(smpp_element_next(&e, &header, &at));
}

static void test_headers_that_are_none(void **state)
{
	static const struct {
		const char *octets;
		uint32_t len;
	} rows[] = { { "", 0 },
		     { "\x06", 1 },
		     { "\x06\x05\x04\x3e\x80\0", 6 },
		     { "\x06\x05\x05\x3e\x80\0\0", 7 },
		     { "\x07\x05\x04\x3e\x80\0\0\x01", 8 } };
	struct smpp_content c;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct smpp_pdu p = with_header(rows[i].octets, rows[i].len);

		assert_int_equal(smpp_content_of(&c, &p), SMPP_RINVESMCLASS);
	}
}

static void test_parameters(void **state)
{
	struct smpp_pdu p = { 0 };
	struct smpp_content c;

	(void)state;
	smpp_set_octets(&p, SMPP_TLV_MESSAGE_PAYLOAD, "long", 4);
	smpp_set_number(&p, SMPP_TLV_DESTINATION_PORT, 16000);
	smpp_set_number(&p, SMPP_TLV_SAR_MSG_REF_NUM, 7);
	smpp_set_number(&p, SMPP_TLV_SAR_TOTAL_SEGMENTS, 2);
	assert_int_equal(smpp_content_of(&c, &p), SMPP_RMISSINGOPTPARAM);
	smpp_set_number(&p, SMPP_TLV_SAR_SEGMENT_SEQNUM, 3);
	assert_int_equal(smpp_content_of(&c, &p), SMPP_RINVOPTPARAMVAL);
	smpp_set_number(&p, SMPP_TLV_SAR_SEGMENT_SEQNUM, 0);
	assert_int_equal(smpp_content_of(&c, &p), SMPP_RINVOPTPARAMVAL);
	smpp_set_number(&p, SMPP_TLV_SAR_SEGMENT_SEQNUM, 2);
	c = content(&p);
	assert_true(c.in_payload);
	assert_int_equal(c.payload.len, 4);
	assert_int_equal(c.ports, SMPP_FORM_PARAMETERS);
	assert_int_equal(c.port, 16000);
	assert_int_equal(c.part, SMPP_FORM_PARAMETERS);
	assert_int_equal(c.part_reference, 7);
	p.short_message = (struct smpp_octets){ (const uint8_t *)"x", 1 };
	assert_int_equal(smpp_content_of(&c, &p), SMPP_ROPTPARNOTALLWD); /* both */
}

static void test_header_beside_parameters(void **state)
{
	struct smpp_pdu p = HEADER("\x06\x05\x04\x3e\x80\0\0");
	struct smpp_content c;

	(void)state;
	smpp_set_number(&p, SMPP_TLV_DESTINATION_PORT, 16000);
	assert_int_equal(smpp_content_of(&c, &p), SMPP_ROPTPARNOTALLWD);
	p.has = 0;
	smpp_set_number(&p, SMPP_TLV_SAR_MSG_REF_NUM, 7);
	smpp_set_number(&p, SMPP_TLV_SAR_TOTAL_SEGMENTS, 2);
	smpp_set_number(&p, SMPP_TLV_SAR_SEGMENT_SEQNUM, 1);
	assert_int_equal(smpp_content_of(&c, &p), SMPP_ROPTPARNOTALLWD);
}

static void test_classes(void **state)
{
	static const struct {
		uint8_t coding;
		int class;
		bool eight_bit;
	} rows[] = { { 0x00, -1, false }, { 0x02, -1, true }, { 0x04, -1, true },  { 0x08, -1, false }, { 0x10, 0, false },
		     { 0x11, 1, false },  { 0x16, 2, true },  { 0xf0, 0, false },  { 0xf6, 2, true },   { 0xf3, 3, false },
		     { 0x32, 2, false },  { 0x24, -1, true }, { 0xc0, -1, false }, { 0xd4, -1, false } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (smpp_message_class(rows[i].coding) != rows[i].class ||
		    smpp_is_eight_bit(rows[i].coding) != rows[i].eight_bit) {
			fail_msg("data_coding %#x", rows[i].coding);
		}
	}
}

static void test_receipts_are_known(void **state)
{
	struct smpp_pdu p = { .esm_class = SMPP_ESM_TYPE_RECEIPT };

	(void)state;
	assert_true(content(&p).receipt);
	p.esm_class = SMPP_ESM_TYPE_INTERMEDIATE | SMPP_ESM_MODE_STORE;
	assert_true(content(&p).receipt);
	p.esm_class = SMPP_ESM_TYPE_USER_ACK;
	assert_false(content(&p).receipt);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_other_elements),
		cmocka_unit_test(test_headers_that_are_none),
		cmocka_unit_test(test_elements_that_are_cut),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_header_beside_parameters),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_receipts_are_known),
	};

	return cmocka_run_group_tests_name("smpp content", tests, NULL, NULL);
}
