/* smpp_decode, smpp_encode: what is written is read as the same, for every command and random values; each way to be wrong has its
 * status. */
#include "tests/unit/test.h"

#include "smpp/smpp_list.h"
#include "smpp/smpp_rows.h"

static uint64_t seed;

static uint32_t any(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static uint8_t pool[1 << 17]; /* octets of a random PDU */
static size_t pool_n;

static struct smpp_octets any_octets(uint32_t least, uint32_t most)
{
	uint32_t len = least + any(most - least + 1);
	struct smpp_octets o = { pool + pool_n, len };

	for (uint32_t i = 0; i < len; i++) {
		pool[pool_n++] = (uint8_t)(1 + any(255)); /* no NUL: it is also for texts */
	}
	return o;
}

static void any_text(char *out, uint32_t size)
{
	uint32_t len = any(size);

	for (uint32_t i = 0; i < len; i++) {
		out[i] = (char)(1 + any(127));
	}
	out[len] = 0;
}

static struct smpp_octets any_list(bool destinations, uint8_t n)
{
	struct buf b = buf_over(pool + pool_n, 20000);

	for (unsigned i = 0; i < n; i++) {
		struct smpp_destination d = { .list = any(2), .address = { (uint8_t)any(256), (uint8_t)any(256), "" } };
		struct smpp_failure f = { .address = d.address, .status = any(1u << 30) };

		any_text(d.address.digits, SMPP_ADDRESS_MAX + 1);
		any_text(f.address.digits, SMPP_ADDRESS_MAX + 1);
		assert_int_equal(destinations ? smpp_destination_put(&b, &d) : smpp_failure_put(&b, &f), 0);
	}
	pool_n += b.len;
	return (struct smpp_octets){ b.p, (uint32_t)b.len };
}

static void fill_field(struct smpp_pdu *p, const struct smpp_field *f)
{
	char *member = (char *)p + f->offset;

	switch (f->kind) {
	case SMPP_KIND_U8:
		*(uint8_t *)member = (uint8_t)any(256);
		break;
	case SMPP_KIND_TEXT:
		any_text(member, f->size);
		break;
	case SMPP_KIND_SHORT:
		p->short_message = any_octets(0, SMPP_SHORT_MESSAGE_MAX);
		break;
	case SMPP_KIND_DESTINATIONS:
		p->destinations_n = (uint8_t)(1 + any(SMPP_DESTINATIONS_MAX));
		p->destinations = any_list(true, p->destinations_n);
		break;
	default:
		p->failures_n = (uint8_t)any(256);
		p->failures = any_list(false, p->failures_n);
		break;
	}
}

static void fill(struct smpp_pdu *p, const struct smpp_command_row *row)
{
	pool_n = 0;
	*p = (struct smpp_pdu){ .header = { 0, row->command, 0, any(1u << 30) } };
	for (unsigned i = 0; i < row->fields_n; i++) {
		fill_field(p, &row->fields[i]);
	}
	for (unsigned i = 0; i < SMPP_TLV_N; i++) {
		const struct smpp_tlv_row *t = &smpp_tlv_rows[i];

		if (!(t->where & row->group) || any(3) == 0) {
			continue;
		}
		if (t->kind <= SMPP_KIND_U32) {
			smpp_set_number(p, (enum smpp_tlv)i, any(2) ? (uint32_t)(UINT64_MAX >> (64 - 8 * t->most)) : any(256));
		} else {
			bool text = t->kind == SMPP_KIND_TEXT;
			struct smpp_octets o = any_octets(t->least - text, (t->most < 2000 ? t->most : 2000u) - text);

			smpp_set_octets(p, (enum smpp_tlv)i, o.p, o.len);
		}
	}
}

static void same_octets(const struct smpp_octets *a, const struct smpp_octets *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->p ? a->p : pool, b->p ? b->p : pool, a->len);
}

static void same_field(const struct smpp_pdu *a, const struct smpp_pdu *b, const struct smpp_field *f)
{
	const char *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;

	if (f->kind == SMPP_KIND_U8) {
		assert_int_equal(*(const uint8_t *)x, *(const uint8_t *)y);
	} else if (f->kind == SMPP_KIND_TEXT) {
		assert_string_equal(x, y);
	} else {
		same_octets((const void *)x, (const void *)y);
	}
}

static void same(const struct smpp_pdu *a, const struct smpp_pdu *b, const struct smpp_command_row *row)
{
	assert_int_equal(a->header.command, b->header.command);
	assert_int_equal(a->header.sequence, b->header.sequence);
	for (unsigned i = 0; i < row->fields_n; i++) {
		same_field(a, b, &row->fields[i]);
	}
	assert_int_equal(a->destinations_n, b->destinations_n);
	assert_int_equal(a->failures_n, b->failures_n);
	assert_true(a->has == b->has);
	for (unsigned i = 0; i < SMPP_TLV_N; i++) {
		assert_int_equal(a->number[i], b->number[i]);
		same_octets(&a->octets[i], &b->octets[i]);
	}
	assert_int_equal(b->ignored, 0);
}

static const uint32_t requests[] = {
#define SMPP_ROW(name, id) SMPP_##name,
	SMPP_REQUEST_TABLE(SMPP_ROW)
#undef SMPP_ROW
};
enum { REQUESTS_N = sizeof requests / sizeof *requests };

static uint8_t room[SMPP_PDU_MAX];

static void test_written_is_read_as_the_same(void **state)
{
	static struct smpp_pdu meant, got;

	(void)state;
	for (unsigned round = 0; round < 40 * 2 * REQUESTS_N; round++) {
		uint32_t command = requests[round / 2 % REQUESTS_N] | (round % 2 ? SMPP_RESP : 0);
		const struct smpp_command_row *row = smpp_command_find(command);
		struct buf b = buf_over(room, sizeof room);

		if (!row) {
			continue;
		}
		seed = round;
		fill(&meant, row);
		assert_int_equal(smpp_encode(&b, &meant), 0);
		assert_int_equal(smpp_decode(&got, room, b.len), SMPP_ROK);
		same(&meant, &got, row);
		assert_int_equal(got.header.length, b.len);
	}
}

/* Every PDU that is cut short is refused, whatever is missing; so is one octet too many. */
static void test_cut(void **state)
{
	static struct smpp_pdu meant, got;

	(void)state;
	for (unsigned i = 0; i < 2 * REQUESTS_N; i++) {
		const struct smpp_command_row *row = smpp_command_find(requests[i / 2] | (i % 2 ? SMPP_RESP : 0));
		struct buf b = buf_over(room, sizeof room);
		size_t mandatory;

		if (!row || !row->fields_n || row->bare) {
			continue;
		}
		seed = i;
		fill(&meant, row);
		meant.has = 0;
		assert_int_equal(smpp_encode(&b, &meant), 0);
		mandatory = b.len;
		for (size_t n = 0; n < mandatory; n++) {
			if (n >= 4) {
				be32_set(room, (uint32_t)n);
			}
			assert_int_not_equal(smpp_decode(&got, room, n), SMPP_ROK);
			assert_int_equal(got.short_message.len + got.destinations_n + got.failures_n + got.has, 0);
		}
		memset(room + mandatory, 0, 3);
		be32_set(room, (uint32_t)mandatory + 3);
		assert_int_equal(smpp_decode(&got, room, mandatory + 3), SMPP_RINVCMDLEN);
	}
}

/* A submit_sm with these octets behind the mandatory part. */
static enum smpp_status with_tail(struct smpp_pdu *got, const void *tail, size_t n)
{
	struct smpp_pdu p = { .header = { .command = SMPP_SUBMIT_SM, .sequence = 1 } };
	struct buf b = buf_over(room, sizeof room);

	assert_int_equal(smpp_encode(&b, &p), 0);
	buf_bytes(&b, tail, n);
	be32_set(room, (uint32_t)b.len);
	return smpp_decode(got, room, b.len);
}

static void test_parameters_that_are_wrong(void **state)
{
	static const struct {
		const char *tail;
		size_t n;
		enum smpp_status status;
	} rows[] = {
#define TAIL(text) (text), sizeof(text) - 1
		{ TAIL("\x02\x0b\0\x02\x3e\x80"), SMPP_ROK },
		{ TAIL("\x02\x0b\0\x01\x3e"), SMPP_RINVPARLEN }, /* a port of 1 octet */
		{ TAIL("\x02\x0a\0\x01\x3e"), SMPP_RINVPARLEN },
		{ TAIL("\x02\x0b\0\x04\0\0\x3e\x80"), SMPP_RINVPARLEN }, /* of 4 octets */
		{ TAIL("\x02\x0a\0\x04\0\0\x3e\x80"), SMPP_RINVPARLEN },
		{ TAIL("\x02\x0b\0\0"), SMPP_RINVPARLEN },
		{ TAIL("\x02\x0b\0\x02\x3e"), SMPP_RINVOPTPARSTREAM },                           /* cut */
		{ TAIL("\x04\x24\xff\xff\x01"), SMPP_RINVOPTPARSTREAM },                         /* announces more than came */
		{ TAIL("\x02\x0b\0\x02\x3e\x80\x02\x0b\0\x02\x3e\x81"), SMPP_RINVOPTPARSTREAM }, /* twice */
		{ TAIL("\x02\x0b"), SMPP_RINVCMDLEN },
		{ TAIL("\x04\x24\0\0"), SMPP_ROK },                                                 /* an empty message_payload */
		{ TAIL("\x03\x81\0\x04\x01\x01\x01\x31\x03\x81\0\x04\x01\x01\x01\x32"), SMPP_ROK }, /* callback_num may repeat */
		{ TAIL("\x14\0\0\x05hello"), SMPP_ROK },                                            /* of a vendor: ignored */
		{ TAIL("\0\x1e\0\x02"
		       "7\0"),
		  SMPP_ROK }, /* receipted_message_id in a submit_sm: ignored */
#undef TAIL
	};
	static struct smpp_pdu got;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum smpp_status s = with_tail(&got, rows[i].tail, rows[i].n);

		if (s != rows[i].status) {
			fail_msg("row %zu: %s", i, smpp_status_name(s));
		}
	}
	assert_int_equal(got.ignored, 1);
	assert_false(smpp_has(&got, SMPP_TLV_RECEIPTED_MESSAGE_ID));
	assert_int_equal(with_tail(&got, rows[11].tail, rows[11].n), SMPP_ROK);
	assert_int_equal(got.octets[SMPP_TLV_CALLBACK_NUM].p[3], '1'); /* the first one counts */
}

static void test_texts_that_do_not_end(void **state)
{
	static const struct {
		const char *zeros; /* fields in front */
		unsigned front;
		enum smpp_status status;
	} rows[] = {
		{ "", 0, SMPP_RINVSERTYP },
		{ "\0\0\0", 3, SMPP_RINVSRCADR },
		{ "\0\0\0\0\0\0", 6, SMPP_RINVDSTADR },
		{ "\0\0\0\0\0\0\0\0\0\0", 10, SMPP_RINVSCHED },
		{ "\0\0\0\0\0\0\0\0\0\0\0", 11, SMPP_RINVEXPIRY },
	};
	static struct smpp_pdu got;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf b = buf_over(room, sizeof room);

		assert_int_equal(smpp_encode_refusal(&b, SMPP_SUBMIT_SM, 0, 1), 0);
		buf_bytes(&b, rows[i].zeros, rows[i].front);
		for (unsigned n = 0; n < 80; n++) {
			buf_u8(&b, '4');
		}
		be32_set(room, (uint32_t)b.len);
		assert_int_equal(smpp_decode(&got, room, b.len), rows[i].status);
	}
}

static void test_lengths_that_lie(void **state)
{
	static struct smpp_pdu got;
	struct smpp_pdu p = { .header = { .command = SMPP_SUBMIT_SM, .sequence = 1 } };
	struct buf b = buf_over(room, sizeof room);

	(void)state;
	p.short_message = (struct smpp_octets){ (const uint8_t *)"abc", 3 };
	assert_int_equal(smpp_encode(&b, &p), 0);
	room[b.len - 4] = 4; /* sm_length */
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_RINVMSGLEN);
	room[b.len - 4] = 255;
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_RINVMSGLEN);
	room[b.len - 4] = 3;
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_ROK);
	assert_int_equal(smpp_decode(&got, room, b.len - 1), SMPP_RINVCMDLEN); /* not what the header says */
	be32_set(room + 4, 0x112);
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_RINVCMDID);
	be32_set(room + 4, SMPP_SUBMIT_MULTI);
	room[SMPP_HEADER_LEN + 4] = 0; /* number_of_dests */
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_RINVNUMDESTS);
	room[SMPP_HEADER_LEN + 4] = 255;
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_RINVNUMDESTS);
	room[SMPP_HEADER_LEN + 4] = 1;
	room[SMPP_HEADER_LEN + 5] = 3;
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_RINVDESTFLAG);
}

/* SMPP 3.4: a refusal has no body, but some peers send one, and some leave out an unused message_id. */
static void test_responses_of_peers(void **state)
{
	static struct smpp_pdu got;
	struct buf b = buf_over(room, sizeof room);

	(void)state;
	assert_int_equal(smpp_encode_refusal(&b, SMPP_SUBMIT_SM | SMPP_RESP, SMPP_RTHROTTLED, 9), 0);
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_ROK);
	assert_int_equal(got.header.status, SMPP_RTHROTTLED);
	buf_bytes(&b, "12", 3);
	be32_set(room, (uint32_t)b.len);
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_ROK);
	assert_string_equal(got.message_id, "12");
	room[b.len - 1] = '3'; /* no NUL: passed over */
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_ROK);
	assert_string_equal(got.message_id, "");
	be32_set(room + 8, 0); /* a good one must have it */
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_RINVMSGID);
	b.len = 0;
	assert_int_equal(smpp_encode_refusal(&b, SMPP_DELIVER_SM | SMPP_RESP, 0, 9), 0);
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_ROK);
	b.len = 0;
	assert_int_equal(smpp_encode_refusal(&b, SMPP_SUBMIT_SM | SMPP_RESP, 0, 9), 0);
	assert_int_equal(smpp_decode(&got, room, b.len), SMPP_RINVCMDLEN);
}

static void test_what_cannot_be_written(void **state)
{
	struct smpp_pdu p = { .header = { .command = SMPP_SUBMIT_SM, .sequence = 1 } };
	struct buf b = buf_over(room, sizeof room), small = buf_over(room, 20);

	(void)state;
	assert_int_equal(smpp_encode(&small, &p), ERR_LIMIT);
	p.short_message = (struct smpp_octets){ room, 255 };
	assert_int_equal(smpp_encode(&b, &p), ERR_INVAL);
	p.short_message.len = 0;
	smpp_set_number(&p, SMPP_TLV_DESTINATION_PORT, 65536);
	assert_int_equal(smpp_encode(&b, &p), ERR_INVAL);
	p.has = 0;
	smpp_set_number(&p, SMPP_TLV_MS_AVAILABILITY_STATUS, 1); /* of alert_notification */
	assert_int_equal(smpp_encode(&b, &p), ERR_INVAL);
	p.has = 0;
	smpp_set_octets(&p, SMPP_TLV_MESSAGE_PAYLOAD, room, 65536);
	assert_int_equal(smpp_encode(&b, &p), ERR_INVAL);
	p.has = 0;
	memset(p.source.digits, '4', SMPP_ADDRESS_MAX + 1); /* as long as only data_sm has it */
	assert_int_equal(smpp_encode(&b, &p), ERR_INVAL);
	p = (struct smpp_pdu){ .header = { .command = 0x112 } };
	assert_int_equal(smpp_encode(&b, &p), ERR_INVAL);
	p.header.command = SMPP_SUBMIT_MULTI;
	assert_int_equal(smpp_encode(&b, &p), ERR_INVAL); /* no destination */
	p.destinations_n = 2;
	p.destinations = (struct smpp_octets){ (const uint8_t *)"\x01\x01\x01"
								"4\0",
					       5 }; /* one */
	assert_int_equal(smpp_encode(&b, &p), ERR_INVAL);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_is_read_as_the_same),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_parameters_that_are_wrong),
		cmocka_unit_test(test_texts_that_do_not_end),
		cmocka_unit_test(test_lengths_that_lie),
		cmocka_unit_test(test_responses_of_peers),
		cmocka_unit_test(test_what_cannot_be_written),
	};

	return cmocka_run_group_tests_name("smpp codec", tests, NULL, NULL);
}
