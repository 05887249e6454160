/* mtc-sme: its command line, the requests that it makes, and what it says of what comes. */
#include "tests/unit/test.h"

#include "nodes/sme/esme_message.h"
#include "nodes/sme/esme_words.h"
#include "smpp/smpp_content.h"

#define ME "--connect", "127.0.0.1:2775", "--plain", "--system-id", "acme", "--password", "secret08"
#define N(words) (sizeof(words) / sizeof *(words))

static int parse(struct esme_options *o, const char *const *words, size_t n)
{
	char why[ESME_WHY_MAX] = "";
	int err = esme_options_parse(o, (int)n, words, why);

	assert_int_equal(err != 0, why[0] != 0);
	assert_null(strstr(why, "ninechars")); /* a password that is refused */
	return err;
}

static void test_command_lines(void **state)
{
	static const char *const good[] = { "submit",   ME,     "--to",      "+491720000001",
					    "--source", "Acme", "--payload", "gr\xc3\xbc\xc3\x9f",
					    "--wait",   "3" };
	struct esme_options o;

	(void)state;
	assert_int_equal(parse(&o, good, N(good)), 0);
	assert_string_equal(o.to[0].digits, "491720000001");
	assert_int_equal(o.source.ton, 5);
	assert_int_equal(o.payload_len, 4);
	assert_memory_equal(o.payload, "gr\xfc\xdf", 4);
	assert_int_equal(o.coding, 3);
	assert_true(o.receipt && o.has_wait && o.wait_s == 3);
	esme_options_fini(&o);
}

static void test_a_trigger_is_one(void **state)
{
	static const char *const words[] = { "submit", ME,          "--to",   "491720000001", "--payload",
					     "wake",   "--trigger", "--port", "16001" };
	struct esme_options o;
	struct esme_message m;

	(void)state;
	assert_int_equal(parse(&o, words, N(words)), 0);
	assert_int_equal(esme_message_make(&m, &o), 0);
	assert_int_equal(m.pdu.protocol_id, 0x48);
	assert_int_equal(m.pdu.data_coding, 4);
	assert_int_equal(m.pdu.number[SMPP_TLV_DESTINATION_PORT], 16001);
	esme_message_fini(&m);
	esme_options_fini(&o);
}

static void test_wrong_command_lines(void **state)
{
	static const char *const rows[][16] = {
		{ "submit", ME, "--payload", "x" },
		{ "submit", ME, "--to", "49" },
		{ "submit", ME, "--to", "49", "--payload", "x", "--payload-hex", "00" },
		{ "submit", ME, "--to", "49", "--payload-hex", "0" },
		{ "submit", ME, "--to", "49", "--payload", "\xe2\x82\xac" }, /* the euro is not of Latin-1 */
		{ "submit", ME, "--to", "49", "--payload", "x", "--port", "65536" },
		{ "submit", ME, "--to", "49", "--payload", "x", "--window", "2" },
		{ "submit", ME, "--to", "49", "--payload", "x", "--port-in-header" },
		{ "submit", ME, "--to", "49", "--payload", "x", "--id", "1" },
		{ "cancel", ME },
		{ "submit", ME, "--to", "49", "--payload", "x", "--trigger", "--pid", "72" },
		{ "submit", ME, "--to", "49", "--payload", "x", "--trigger", "--data-coding", "4" },
		{ "submit", ME, "--to", "49", "--payload", "x", "--trigger", "--to", "48" },
		{ "submit", ME, "--to", "49", "--payload", "x", "--trigger", "--data-sm" },
		{ "replace", ME, "--id", "1", "--payload", "x", "--trigger" },
		{ "query", ME, "--id", "1", "--payload", "x" },
		{ "replace", ME, "--id", "1" },
		{ "listen", ME, "--to", "49" },
		{ "submit", "--connect", "localhost:2775", "--plain", "--system-id", "a", "--password", "b" },
		{ "listen", "--connect", "127.0.0.1:2775", "--system-id", "a", "--password", "b" },
		{ "listen", "--connect", "127.0.0.1:2775", "--plain", "--system-id", "a" },
		{ "listen", "--connect", "127.0.0.1:2775", "--plain", "--system-id", "sixteen-letters-", "--password", "b" },
		{ "listen", "--connect", "127.0.0.1:2775", "--plain", "--system-id", "a", "--password", "ninechars" },
		{ "listen", "--connect", "127.0.0.1:2775", "--plain", "--system-id", "a", "--password-file", "/nonexistent" },
		{ "send", ME },
		{ ME },
		{ "listen", ME, "more" },
		{ "listen", ME, "--nonsense" },
	};
	struct esme_options o;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		size_t n = 0;

		while (n < 16 && rows[i][n]) {
			n++;
		}
		if (parse(&o, rows[i], n) != ERR_INVAL) {
			fail_msg("row %zu is taken", i);
		}
	}
}

static struct esme_message made(const char *const *words, size_t n, struct esme_options *o)
{
	struct esme_message m;

	assert_int_equal(parse(o, words, n), 0);
	assert_int_equal(esme_message_make(&m, o), 0);
	return m;
}

/* What is made is read by the codec as what was asked for. */
static void test_messages(void **state)
{
	static const char *const port[] = { "submit",           ME,           "--to",   "491720000001",
					    "--payload-hex",    "0102",       "--port", "1000",
					    "--port-in-header", "--validity", "60" };
	static const char *const multi[] = { "submit", ME, "--to", "491", "--to", "492", "--payload", "x", "--port", "7" };
	static const char *const data[] = { "submit", ME,          "--to",       "491", "--payload",
					    "x",      "--data-sm", "--validity", "60",  "--receipt" };
	static const char *const cancel[] = { "cancel", ME, "--id", "77", "--source", "4242" };
	static uint8_t octets[70000];
	static struct smpp_pdu got;
	struct esme_options o;
	struct esme_message m = made(port, N(port), &o);
	struct buf b = buf_over(octets, sizeof octets);
	struct smpp_content c;

	(void)state;
	assert_int_equal(smpp_encode(&b, &m.pdu), 0);
	assert_int_equal(smpp_decode(&got, octets, b.len), SMPP_ROK);
	assert_int_equal(smpp_content_of(&c, &got), SMPP_ROK);
	assert_true(c.ports == SMPP_FORM_HEADER && c.port == 1000 && c.payload.len == 2);
	assert_string_equal(got.validity_period, "000000000100000R");
	esme_message_fini(&m);
	esme_options_fini(&o);
	m = made(multi, N(multi), &o);
	assert_true(m.pdu.header.command == SMPP_SUBMIT_MULTI && m.pdu.destinations_n == 2 &&
		    m.pdu.number[SMPP_TLV_DESTINATION_PORT] == 7);
	b.len = 0;
	assert_int_equal(smpp_encode(&b, &m.pdu), 0);
	esme_message_fini(&m);
	esme_options_fini(&o);
	m = made(data, N(data), &o);
	assert_true(m.pdu.header.command == SMPP_DATA_SM && m.pdu.number[SMPP_TLV_QOS_TIME_TO_LIVE] == 60 &&
		    m.pdu.registered_delivery == 1);
	assert_true(smpp_has(&m.pdu, SMPP_TLV_MESSAGE_PAYLOAD) && !m.pdu.short_message.len);
	esme_message_fini(&m);
	esme_options_fini(&o);
	m = made(cancel, N(cancel), &o);
	assert_true(m.pdu.header.command == SMPP_CANCEL_SM);
	assert_string_equal(m.pdu.message_id, "77");
	esme_message_fini(&m);
	esme_options_fini(&o);
}

static void event_has(json_t *event, const char *key, const char *value)
{
	assert_non_null(event);
	if (!json_string_value(json_object_get(event, key)) ||
	    strcmp(json_string_value(json_object_get(event, key)), value) != 0) {
		fail_msg("%s is not '%s' in %s", key, value, json_dumps(event, 0));
	}
}

static void test_what_comes(void **state)
{
	static const char text[] =
	    "id:9 sub:001 dlvrd:000 submit date:2501191234 done date:2501191235 stat:EXPIRED err:001 text:\x1b[31m";
	struct smpp_pdu p = { .header.command = SMPP_DELIVER_SM,
			      .esm_class = SMPP_ESM_TYPE_RECEIPT,
			      .source = { 1, 1, "49" },
			      .short_message = { (const uint8_t *)text, sizeof text - 1 } };
	struct smpp_receipt r;
	json_t *event = esme_delivered_event(&r, &p);

	(void)state;
	event_has(event, "event", "receipt");
	event_has(event, "state", "EXPIRED");
	event_has(event, "text", "?[31m"); /* nothing of the other end reaches a terminal */
	assert_string_equal(r.id, "9");
	json_decref(event);
	p.short_message = (struct smpp_octets){ (const uint8_t *)"?", 1 }; /* some SMS-SCs have parameters only */
	smpp_set_octets(&p, SMPP_TLV_RECEIPTED_MESSAGE_ID, "10", 2);
	smpp_set_number(&p, SMPP_TLV_MESSAGE_STATE, SMPP_STATE_DELIVERED);
	event = esme_delivered_event(&r, &p);
	event_has(event, "message_id", "10");
	event_has(event, "state", "DELIVRD");
	json_decref(event);
	p.esm_class = 0;
	event = esme_delivered_event(&r, &p);
	event_has(event, "event", "message");
	event_has(event, "payload_hex", "3f");
	assert_string_equal(r.id, "");
	json_decref(event);
	event = esme_answer_event(SMPP_SUBMIT_SM, SMPP_RTHROTTLED, NULL);
	event_has(event, "status", "ESME_RTHROTTLED");
	json_decref(event);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_lines),       cmocka_unit_test(test_a_trigger_is_one),
		cmocka_unit_test(test_wrong_command_lines), cmocka_unit_test(test_messages),
		cmocka_unit_test(test_what_comes),
	};

	return cmocka_run_group_tests_name("esme", tests, NULL, NULL);
}
