/* The command line of mtc-scs: what is read, what is refused with which words, and the request it becomes. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "nodes/scs/scs_request.h"

#define ME                                                                                                                       \
	"--connect", "127.0.0.1:5868", "--origin-host", "SCS.acme.example", "--realm", "acme.example", "--iwf-host",             \
	    "iwf.operator.example", "--cert", "c", "--key", "k", "--ca", "a"
#define LEN(a) ((int)(sizeof(a) / sizeof *(a)))
#define PARSE(o, why, ...) parse(o, why, (const char *const[]){ __VA_ARGS__ }, LEN(((const char *const[]){ __VA_ARGS__ })))

static int parse(struct scs_options *o, char why[SCS_WHY_MAX], const char *const *argv, int argc)
{
	memset(o, 0, sizeof *o);
	why[0] = 0;
	return scs_options_parse(o, argc, argv, 77, why);
}

static void test_a_plain_trigger_gets_its_defaults(void **state)
{
	char why[SCS_WHY_MAX];
	struct scs_options o;

	(void)state;
	assert_int_equal(PARSE(&o, why, "trigger", ME, "--device", "meter-7@A.example", "--payload", "wake up"), 0);
	assert_int_equal(o.command, SCS_TRIGGER);
	assert_string_equal(o.address, "127.0.0.1");
	assert_int_equal(o.connect_port, 5868);
	assert_string_equal(o.origin_host, "scs.acme.example");
	assert_string_equal(o.iwf_realm, "operator.example");
	assert_string_equal(o.external, "meter-7@a.example");
	assert_int_equal(o.reference, 77);
	assert_true(o.has_validity);
	assert_int_equal(o.validity_s, 3600);
	assert_int_equal(o.payload_len, 7);
	assert_memory_equal(o.payload, "wake up", 7);
	assert_false(o.has_port || o.priority || o.has_wait || o.load || o.plain);
	assert_int_equal(o.count, 1);
	scs_options_fini(&o);
}

static void test_every_option_is_read(void **state)
{
	char why[SCS_WHY_MAX];
	struct scs_options o;

	(void)state;
	assert_int_equal(PARSE(&o, why, "replace", "--plain", "--connect=[::1]:3868", "--origin-host", "s.example", "--realm",
			       "example", "--iwf-host", "iwf", "--iwf-realm", "operator.example", "--msisdn", "49170123456",
			       "--payload-hex", "00fF", "--port", "0", "--validity", "0", "--priority", "--reference",
			       "4294967295", "--old-reference", "0", "--wait", "9", "--count", "5", "--window", "2", "--rate",
			       "3", "--verbose", "--json", "--scs-identity", "491720000001", "--answer-wait", "4",
			       "--connect-wait", "3", "--resend", "6", "--stamp"),
			 0);
	assert_true(o.stamp);
	assert_int_equal(o.resend, 6);
	assert_string_equal(o.address, "::1");
	assert_true(o.plain && o.priority && o.has_port && o.has_wait && o.load && o.verbose && o.has_old_reference);
	assert_int_equal(o.reference, UINT32_MAX);
	assert_int_equal(o.wait_s, 9);
	assert_int_equal(o.count * 100 + o.window * 10 + o.rate, 523);
	assert_memory_equal(o.payload, "\0\xff", 2);
	assert_string_equal(o.scs_identity, "491720000001");
	assert_int_equal(o.answer_wait_s * 10 + o.connect_wait_s, 43);
	scs_options_fini(&o);

	assert_int_equal(PARSE(&o, why, "listen", ME, "--state", "file"), 0);
	assert_int_equal(o.command, SCS_LISTEN);
	assert_string_equal(o.state, "file");
	assert_int_equal(PARSE(&o, why, "--help"), 0);
	assert_int_equal(o.command, SCS_HELP);
	assert_int_equal(PARSE(&o, why, "--version"), 0);
	assert_int_equal(o.command, SCS_VERSION);
}

#define BAD(words, ...)                                                                                                          \
	do {                                                                                                                     \
		char why_[SCS_WHY_MAX];                                                                                          \
		struct scs_options o_;                                                                                           \
		assert_int_equal(PARSE(&o_, why_, __VA_ARGS__), ERR_INVAL);                                                      \
		if (!strstr(why_, words))                                                                                        \
			fail_msg("got '%s', expected '%s'", why_, words);                                                        \
		assert_null(o_.payload);                                                                                         \
	} while (0)

#define DEVICE "--device", "m@a.example"

static void test_each_mistake_says_what_was_expected(void **state)
{
	(void)state;
	BAD("a command is missing; expected trigger, replace, recall or listen", "--plain");
	BAD("unknown command 'dance'", "dance");
	BAD("--connect ADDRESS:PORT is missing", "trigger");
	BAD("expected ADDRESS:PORT", "trigger", ME, "--connect", "nowhere", DEVICE, "--payload", "x");
	BAD("expected ADDRESS:PORT", "trigger", ME, "--connect", "127.0.0.1:0", DEVICE, "--payload", "x");
	BAD("expected ADDRESS:PORT", "trigger", ME, "--connect", "127.0.0.1:65536", DEVICE, "--payload", "x");
	BAD("expected a numeric address", "trigger", ME, "--connect", "localhost:1", DEVICE, "--payload", "x");
	BAD("expected a numeric address", "trigger", ME, "--connect", "::1:1", DEVICE, "--payload", "x");
	BAD("--origin-host s_s: expected a host name", "trigger", ME, "--origin-host", "s_s");
	BAD("--iwf-realm REALM is missing", "trigger", ME, "--iwf-host", "iwf", DEVICE, "--payload", "x");
	BAD("--cert FILE is missing", "trigger", "--connect", "127.0.0.1:1", "--origin-host", "s", "--realm", "r", "--iwf-host",
	    "i.r", DEVICE);
	BAD("--plain excludes", "trigger", ME, "--plain", DEVICE, "--payload", "x");
	BAD("--device ID or --msisdn DIGITS is missing", "trigger", ME, "--payload", "x");
	BAD("--device m: expected an External-Identifier", "trigger", ME, "--device", "m", "--payload", "x");
	BAD("--msisdn +49: expected 5 to 15 digits", "trigger", ME, "--msisdn", "+49", "--payload", "x");
	BAD("--payload TEXT, --payload-hex HEX or --payload-file FILE is missing", "trigger", ME, DEVICE);
	BAD("expected one of --payload, --payload-hex", "trigger", ME, DEVICE, "--payload", "x", "--payload-hex", "00");
	BAD("expected pairs of hex digits", "trigger", ME, DEVICE, "--payload-hex", "0");
	BAD("expected pairs of hex digits", "trigger", ME, DEVICE, "--payload-hex", "0g");
	BAD("No such file", "trigger", ME, DEVICE, "--payload-file", "/nonexistent");
	BAD("at most 60000 bytes", "trigger", ME, DEVICE, "--payload-file", "/dev/zero");
	BAD("--port 65536: expected a number from 0 to 65535", "trigger", ME, DEVICE, "--port", "65536");
	BAD("--validity 1h: expected a number", "trigger", ME, DEVICE, "--validity", "1h");
	BAD("--reference -1: expected a number", "trigger", ME, DEVICE, "--reference", "-1");
	BAD("--count 0: expected a number from 1", "trigger", ME, DEVICE, "--count", "0");
	BAD("--window and --rate belong to --count", "trigger", ME, DEVICE, "--payload", "x", "--window", "3");
	BAD("--devices 5-1: expected FIRST-LAST", "trigger", ME, "--device", "m{}@a", "--devices", "5-1", "--payload", "x",
	    "--count", "2");
	BAD("--devices 1-5: expected FIRST-LAST", "trigger", ME, "--device", "m@a", "--devices", "1-5", "--payload", "x",
	    "--count", "2");
	BAD("--old-reference belongs to", "trigger", ME, DEVICE, "--payload", "x", "--old-reference", "1");
	BAD("--old-reference N is missing", "replace", ME, DEVICE, "--payload", "x");
	BAD("--reference N is missing", "recall", ME, DEVICE);
	BAD("recall takes no payload", "recall", ME, DEVICE, "--reference", "1", "--payload", "x");
	BAD("--state belongs to listen", "trigger", ME, DEVICE, "--payload", "x", "--state", "f");
	BAD("listen sends nothing", "listen", ME, "--payload", "x");
	BAD("unknown option '--colour'", "trigger", ME, "--colour");
	BAD("--wait needs S", "trigger", ME, "--wait");
	BAD("--priority takes no value", "trigger", ME, "--priority=1");
	BAD("unexpected argument 'now'", "trigger", ME, "now");
}

static void test_unchecked_sends_what_was_given(void **state)
{
	char why[SCS_WHY_MAX];
	struct scs_options o;

	(void)state;
	assert_int_equal(PARSE(&o, why, "trigger", ME, "--unchecked", "--device", "M\xc3\xa9ter@@A."), 0);
	assert_string_equal(o.external, "M\xc3\xa9ter@@A.");
	assert_null(o.payload);
	scs_options_fini(&o);
}

static struct tsp_dar build(const struct scs_options *o, uint32_t nth, uint8_t *room, size_t size)
{
	static const struct dia_limits limits = { 64 * 1024, 512, 8 };
	struct buf out = buf_over(room, size);
	struct dia_failed failed = { 0 };
	struct tsp_dar dar;
	static struct dia_msg m;

	scs_request_build(&out, o, nth, "s;1;2", 99, nth == 1);
	assert_false(out.full);
	assert_int_equal(dia_msg_parse(&m, out.p, out.len, &limits, &failed), 0);
	assert_int_equal(m.hdr.end_to_end, 99);
	if (tsp_dar_parse(&dar, &m, &failed)) {
		fail_msg("%s", failed.text);
	}
	return dar;
}

static void test_the_request_says_what_the_options_say(void **state)
{
	char why[SCS_WHY_MAX];
	uint8_t room[2048];
	struct scs_options o;
	struct tsp_dar dar;

	(void)state;
	assert_int_equal(PARSE(&o, why, "trigger", ME, DEVICE, "--msisdn", "49170123456", "--payload-hex", "00ff", "--port",
			       "16001", "--priority", "--reference", "41", "--validity", "60", "--scs-identity", "49170123456"),
			 0);
	dar = build(&o, 0, room, sizeof room);
	assert_true(dar.has_action && dar.head.request && dar.action.trigger_data.present);
	assert_memory_equal(dar.head.origin_host.p, "scs.acme.example", 16);
	assert_memory_equal(dar.head.destination_realm.p, "operator.example", 16);
	assert_memory_equal(dar.action.external_identifier.p, "m@a.example", 11);
	assert_memory_equal(dar.action.msisdn.p, "\x94\x71\x10\x32\x54\xf6", 6);
	assert_memory_equal(dar.action.scs_identity.p, "\x94\x71\x10\x32\x54\xf6", 6);
	assert_int_equal(dar.action.action_type.v, TSP_ACTION_TRIGGER);
	assert_int_equal(dar.action.reference_number.v, 41);
	assert_int_equal(dar.action.validity_time_s.v, 60);
	assert_false(dar.action.old_reference_number.present);
	assert_int_equal(dar.action.trigger_data.payload.len, 2);
	assert_int_equal(dar.action.trigger_data.application_port.v, 16001);
	assert_int_equal(dar.action.trigger_data.priority_indication.v, TSP_PRIORITY);
	scs_options_fini(&o);

	assert_int_equal(PARSE(&o, why, "recall", ME, DEVICE, "--reference", "41"), 0);
	dar = build(&o, 0, room, sizeof room);
	assert_int_equal(dar.action.action_type.v, TSP_ACTION_RECALL);
	assert_int_equal(dar.action.reference_number.v, 41);
	assert_false(dar.action.trigger_data.present || dar.action.validity_time_s.present ||
		     dar.action.old_reference_number.present);
	scs_options_fini(&o);

	assert_int_equal(PARSE(&o, why, "replace", ME, DEVICE, "--old-reference", "41", "--payload", "n"), 0);
	dar = build(&o, 0, room, sizeof room);
	assert_int_equal(dar.action.action_type.v, TSP_ACTION_REPLACE);
	assert_int_equal(dar.action.reference_number.v, 77);
	assert_int_equal(dar.action.old_reference_number.v, 41);
	scs_options_fini(&o);
}

static void test_load_goes_through_references_and_devices(void **state)
{
	char why[SCS_WHY_MAX];
	uint8_t room[2048];
	struct scs_options o;
	struct tsp_dar dar;

	(void)state;
	assert_int_equal(PARSE(&o, why, "trigger", ME, "--device", "m-{}@a.example", "--devices", "8-10", "--payload", "",
			       "--count", "9", "--reference", "4294967295"),
			 0);
	dar = build(&o, 0, room, sizeof room);
	assert_memory_equal(dar.action.external_identifier.p, "m-8@a.example", 13);
	assert_true(dar.action.trigger_data.payload.p != NULL);
	assert_int_equal(dar.action.trigger_data.payload.len, 0);
	dar = build(&o, 2, room, sizeof room);
	assert_memory_equal(dar.action.external_identifier.p, "m-10@a.example", 14);
	assert_int_equal(dar.action.reference_number.v, 1); /* numbers go around */
	dar = build(&o, 3, room, sizeof room);
	assert_memory_equal(dar.action.external_identifier.p, "m-8@a.example", 13);
	scs_options_fini(&o);
}

static void test_what_goes_again_says_so_and_a_stamp_is_the_reference(void **state)
{
	char why[SCS_WHY_MAX];
	uint8_t room[2048];
	struct scs_options o;
	struct tsp_dar dar;

	(void)state;
	assert_int_equal(PARSE(&o, why, "trigger", ME, DEVICE, "--payload", "x", "--stamp", "--reference", "255", "--count", "3"),
			 0);
	dar = build(&o, 0, room, sizeof room);
	assert_false(dar.head.retransmitted);
	assert_int_equal(dar.action.trigger_data.payload.len, 9);
	assert_memory_equal(dar.action.trigger_data.payload.p, "x000000ff", 9);
	dar = build(&o, 1, room, sizeof room); /* build() says so of the second */
	assert_true(dar.head.retransmitted);
	assert_memory_equal(dar.action.trigger_data.payload.p, "x00000100", 9);
	scs_options_fini(&o);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plain_trigger_gets_its_defaults),
		cmocka_unit_test(test_every_option_is_read),
		cmocka_unit_test(test_each_mistake_says_what_was_expected),
		cmocka_unit_test(test_unchecked_sends_what_was_given),
		cmocka_unit_test(test_the_request_says_what_the_options_say),
		cmocka_unit_test(test_load_goes_through_references_and_devices),
		cmocka_unit_test(test_what_goes_again_says_so_and_a_stamp_is_the_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
