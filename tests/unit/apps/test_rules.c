/* The rules of reading, one row each: the M rule, the Failed-AVP table, occurrences, values, lengths (RFC 6733 4.1 and 7). */
#include "tests/unit/test.h"

#include "apps/t4_dtr.h"
#include "apps/tsp_dar.h"
#include "apps/tsp_dnr.h"
#include "diameter/dia_base.h"
#include "diameter/dia_grammar.h"
#include "tests/vectors/compose.h"
#include "tests/vectors/vec.h"

/* A DAR that is good up to here; rows add to it. */
#define SESSION "263:0 40 'scs;1;2' "
#define HEAD_REST "258:0 40 0100005d 277:0 40 00000001 264:0 40 'scs.a' 296:0 40 'a.example' 283:0 40 'op.example' "
#define HEAD SESSION HEAD_REST
#define REFERENCE "3007:10415 c0 00000029 "
#define TRIGGER "3005:10415 c0 00000001 "
#define ACTION HEAD "3001:10415 c0 { " REFERENCE TRIGGER
#define END "} "

struct rule {
	const char *words;
	const char *avps;   /* the request */
	uint32_t result;    /* 0: it is good */
	const char *failed; /* Failed-AVP, "" for none */
};

static const struct dia_limits limits = { 64 * 1024, 512, 8 };

static void check(const char *message, uint8_t flags, uint32_t code, uint32_t app_id, const struct rule *r)
{
	static uint8_t room[VEC_STRUCT_MAX] __attribute__((aligned(16))), octets[65536], expected[DIA_FAILED_AVP_MAX];
	struct buf b = buf_over(octets, sizeof octets), e = buf_over(expected, sizeof expected);
	struct dia_failed failed = { .text = "" };
	struct dia_msg m;
	uint8_t *copy;
	int err;

	compose_message(&b, flags, code, app_id, r->avps);
	copy = vec_copy(octets, b.len);
	err = dia_msg_parse(&m, copy, b.len, &limits, &failed);
	if (!err) {
		err = vec_kind_find(message)->parse(room, &m, &failed);
	}
	if ((err == 0) != (r->result == 0) || (err && failed.result_code != r->result)) {
		fail_msg("%s: %d, %u %s; expected %u", r->words, err, failed.result_code, failed.text, r->result);
	}
	free(copy);
	if (!err) {
		return;
	}
	compose_avps(&e, r->failed);
	if (e.len != failed.avp_len || memcmp(expected, failed.avp, e.len)) {
		for (size_t i = 0; i < failed.avp_len; i++) {
			print_error("%02x%s", failed.avp[i], i % 16 == 15 ? "\n" : " ");
		}
		fail_msg("%s: other Failed-AVP (%u octets, expected %zu)", r->words, failed.avp_len, e.len);
	}
	assert_true(failed.text[0] != 0);
}

static void check_dar(const struct rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check("DAR", 0xc0, APP_CMD_DEVICE_ACTION, APP_TSP, &rules[i]);
	}
}
#define CHECK_DAR(rules) check_dar(rules, sizeof(rules) / sizeof *(rules))

static void the_m_rule(void **state)
{
	static const struct rule rules[] = {
		{ "unknown with M: rejected", HEAD "9999:0 40 0102", 5001, "9999:0 40 0102" },
		{ "unknown of a vendor with M: rejected", HEAD "5:4711 c0 -", 5001, "5:4711 c0 -" },
		{ "a known code of another vendor is unknown", HEAD "3007:4711 c0 00000001", 5001, "3007:4711 c0 00000001" },
		{ "unknown with M clear: ignored", HEAD "9999:0 00 0102 5:4711 80 -", 0, "" },
		{ "unknown group with M clear: M inside does not matter", HEAD "9999:0 00 { 9998:0 40 - }", 0, "" },
		{ "unknown with M inside a known group: rejected, shown in its group", ACTION "9999:0 40 01 " END, 5001,
		  "3001:10415 c0 { 9999:0 40 01 }" },
		{ "unknown with M two groups deep", ACTION "3003:10415 c0 { 3004:10415 c0 - 9999:0 40 01 } " END, 5001,
		  "3001:10415 c0 { 3003:10415 c0 { 9999:0 40 01 } }" },
		{ "unknown with M clear inside a known group: ignored", ACTION "9999:0 00 01 " END, 0, "" },
		{ "wrong M bits of known AVPs are ignored",
		  SESSION "258:0 00 0100005d 277:0 00 00000001 264:0 00 's' 296:0 00 'r' "
			  "283:0 00 'd' 3001:10415 80 { 3007:10415 80 00000001 3005:10415 80 00000001 3011:10415 c0 00000001 }",
		  0, "" },
		{ "known, but of other commands, with M: ignored", HEAD "1:0 40 'x' 260:0 40 { 266:0 40 000028af }", 0, "" },
		{ "the P bit is ignored", HEAD "9999:0 20 01", 0, "" },
	};

	(void)state;
	CHECK_DAR(rules);
}

static void the_failed_avp_table(void **state)
{
	static const struct rule rules[] = {
		{ "missing: example of minimum length, a number",
		  SESSION "277:0 40 00000001 264:0 40 's' 296:0 40 'r' 283:0 40 'd'", 5005, "258:0 40 00000000" },
		{ "missing: a name has no minimum", SESSION "258:0 40 0100005d 277:0 40 00000001 296:0 40 'r' 283:0 40 'd'", 5005,
		  "264:0 40 -" },
		{ "missing: Session-Id", HEAD_REST, 5005, "263:0 40 -" },
		{ "missing inside a group", HEAD "3001:10415 c0 { " REFERENCE END, 5005,
		  "3001:10415 c0 { 3005:10415 c0 00000000 }" },
		{ "missing two groups deep", ACTION "3003:10415 c0 { 3006:10415 c0 00000001 } " END, 5005,
		  "3001:10415 c0 { 3003:10415 c0 { 3004:10415 c0 - } }" },
		{ "length past the message: header and zero data of the type", HEAD "278:0 40 =13 00000001", 5014,
		  "278:0 40 00000000" },
		{ "length past the message: a group is shown empty", HEAD "3001:10415 c0 =64 -", 5014, "3001:10415 c0 -" },
		{ "length past the message: unknown AVP", HEAD "9999:0 40 =4000 0102", 5014, "9999:0 40 -" },
		{ "length below the header", HEAD "278:0 40 =7 00000001", 5014, "278:0 40 00000000" },
		{ "length below the header with vendor", HEAD "3012:10415 80 =11 00000001", 5014, "3012:10415 80 00000000" },
		{ "length zero", HEAD "!0000011640000000", 5014, "278:0 40 00000000" },
		{ "header cut short: filled up with zeros", HEAD "!00000116", 5014, "278:0 00 -" },
		{ "header cut short before the vendor", HEAD "!00000bb9c0000008", 5014, "3001:0 c0 -" },
		{ "length past its group, although inside the message",
		  HEAD "3001:10415 c0 { " REFERENCE "3005:10415 c0 =17 00000001 } 278:0 40 00000001 278:0 40 00000001", 5014,
		  "3001:10415 c0 { 3005:10415 c0 00000000 }" },
		{ "header cut short inside a group", HEAD "3001:10415 c0 { " REFERENCE TRIGGER "!00000bbf } ", 5014,
		  "3001:10415 c0 { 3007:0 00 - }" },
		{ "too often: the first one over the limit", HEAD "293:0 40 'one' 293:0 40 'two' 293:0 40 'three'", 5009,
		  "293:0 40 'two'" },
		{ "too often inside a group", ACTION "3007:10415 c0 0000002a " END, 5009,
		  "3001:10415 c0 { 3007:10415 c0 0000002a }" },
		{ "not allowed: a result in a request", HEAD "268:0 40 000007d1", 5008, "268:0 40 000007d1" },
		{ "not allowed: Session-Id not in the first place", "258:0 40 0100005d " SESSION, 5008, "263:0 40 'scs;1;2'" },
		{ "a second Session-Id is one too many", HEAD "263:0 40 'x'", 5009, "263:0 40 'x'" },
		{ "number of 3 octets", HEAD "278:0 40 010203", 5014, "278:0 40 010203" },
		{ "number of 5 octets", HEAD "278:0 40 0102030405", 5014, "278:0 40 0102030405" },
		{ "number of 0 octets", HEAD "278:0 40 -", 5014, "278:0 40 -" },
		{ "value: Action-Type that no table has", HEAD "3001:10415 c0 { " REFERENCE "3005:10415 c0 00000009 } ", 5004,
		  "3001:10415 c0 { 3005:10415 c0 00000009 }" },
		{ "value: Action-Type 0", HEAD "3001:10415 c0 { " REFERENCE "3005:10415 c0 00000000 } ", 5004,
		  "3001:10415 c0 { 3005:10415 c0 00000000 }" },
		{ "value: Action-Type beyond 31", HEAD "3001:10415 c0 { " REFERENCE "3005:10415 c0 ffffffff } ", 5004,
		  "3001:10415 c0 { 3005:10415 c0 ffffffff }" },
		{ "value: a delivery report is not asked for", HEAD "3001:10415 c0 { " REFERENCE "3005:10415 c0 00000002 } ",
		  5004, "3001:10415 c0 { 3005:10415 c0 00000002 }" },
		{ "value: priority", ACTION "3003:10415 c0 { 3004:10415 c0 01 3006:10415 c0 00000002 } " END, 5004,
		  "3001:10415 c0 { 3003:10415 c0 { 3006:10415 c0 00000002 } }" },
		{ "value: session state kept", SESSION "258:0 40 0100005d 277:0 40 00000000", 5004, "277:0 40 00000000" },
		{ "value: application of the header",
		  SESSION "258:0 40 0100005e 277:0 40 00000001 264:0 40 's' 296:0 40 'r' 283:0 40 'd'", 5004,
		  "258:0 40 0100005e" },
		{ "value: empty host name", HEAD "293:0 40 -", 5004, "293:0 40 -" },
		{ "value: blank in a host name", HEAD "293:0 40 'a b'", 5004, "293:0 40 'a b'" },
		{ "value: NUL in a host name", HEAD "293:0 40 610062", 5004, "293:0 40 610062" },
		{ "bits: vendor 0", HEAD "9999:0 80 01", 5016, "9999:0 80 01" },
		{ "bits: reserved", HEAD "278:0 41 00000001", 5016, "278:0 41 00000001" },
	};

	(void)state;
	CHECK_DAR(rules);
}

static void what_is_let_through(void **state)
{
	static const struct rule rules[] = {
		{ "order does not matter behind Session-Id",
		  SESSION "283:0 40 'd' 296:0 40 'r' 264:0 40 's' 277:0 40 00000001 258:0 40 0100005d", 0, "" },
		{ "a group whose last padding is not in its length",
		  HEAD "3001:10415 c0 =59 { " TRIGGER REFERENCE "3004:10415 c0 ffffff }", 0, "" },
		{ "empty payload", ACTION "3003:10415 c0 { 3004:10415 c0 - } " END, 0, "" },
		{ "padding that is not zero", HEAD "!0000011a4000000961ffffff", 0, "" },
		{ "Proxy-Info is kept as it is", HEAD "284:0 40 { 9999:0 40 01 }", 0, "" },
	};

	(void)state;
	CHECK_DAR(rules);
}

/* 16 KiB in one AVP: its Failed-AVP shows the header and the type's least data. */
static void an_avp_too_large_to_be_shown_is_shown_by_its_header(void **state)
{
	static char text[40000];
	struct rule r = { "large", text, 5009, "293:0 40 -" };
	size_t n = (size_t)snprintf(text, sizeof text, "%s 293:0 40 'x' 293:0 40 '", HEAD);

	(void)state;
	memset(text + n, 'y', 16384);
	strcpy(text + n + 16384, "'");
	check("DAR", 0xc0, APP_CMD_DEVICE_ACTION, APP_TSP, &r);
	r.failed = "3001:10415 c0 { 9999:4711 c0 - }";
	r.result = 5001;
	n = (size_t)snprintf(text, sizeof text, "%s 9999:4711 c0 '", ACTION);
	memset(text + n, 'y', 16384);
	strcpy(text + n + 16384, "' }");
	check("DAR", 0xc0, APP_CMD_DEVICE_ACTION, APP_TSP, &r);
}

static void lists_longer_than_ours_are_refused(void **state)
{
	static char text[4096] = HEAD;
	struct rule r = { "lists", text, 0, "282:0 40 'x'" };

	(void)state;
	for (int i = 0; i < APP_ROUTE_RECORD_MAX; i++) {
		strcat(text, "282:0 40 'r' ");
	}
	check("DAR", 0xc0, APP_CMD_DEVICE_ACTION, APP_TSP, &r);
	strcat(text, "282:0 40 'x' ");
	r.result = 5009;
	check("DAR", 0xc0, APP_CMD_DEVICE_ACTION, APP_TSP, &r);
}

static void the_header_must_be_the_commands(void **state)
{
	static const struct rule good = { "good", HEAD, 0, "" }, app = { "application", HEAD, 3007, "" },
				 command = { "command", HEAD, 3001, "" }, bits = { "bits", HEAD, 3008, "" };

	(void)state;
	check("DAR", 0xc0, APP_CMD_DEVICE_ACTION, APP_TSP, &good);
	check("DAR", 0xd0, APP_CMD_DEVICE_ACTION, APP_TSP, &good);
	check("DAR", 0xcf, APP_CMD_DEVICE_ACTION, APP_TSP, &good); /* reserved bits are ignored (RFC 6733 3) */
	check("DAR", 0xc0, APP_CMD_DEVICE_ACTION, APP_T4, &app);
	check("DAR", 0xc0, APP_CMD_DEVICE_NOTIFICATION, APP_TSP, &command);
	check("DAR", 0x40, APP_CMD_DEVICE_ACTION, APP_TSP, &command); /* an answer */
	check("DAR", 0x80, APP_CMD_DEVICE_ACTION, APP_TSP, &bits);    /* not proxiable */
	check("DAR", 0xe0, APP_CMD_DEVICE_ACTION, APP_TSP, &bits);    /* E in a request */
}

#define ANSWER SESSION "258:0 40 0100005d 277:0 40 00000001 264:0 40 'i' 296:0 40 'r' "
#define NOTE "3002:10415 c0 { 3007:10415 c0 00000001 3005:10415 c0 00000001 } "

static void answers_have_one_result(void **state)
{
	static const struct rule rules[] = {
		{ "success", ANSWER "268:0 40 000007d1 " NOTE, 0, "" },
		{ "none", ANSWER NOTE, 5005, "268:0 40 00000000" },
		{ "both", ANSWER NOTE "268:0 40 000007d1 297:0 40 { 266:0 40 000028af 298:0 40 00001393 }", 5007,
		  "297:0 40 { 266:0 40 000028af 298:0 40 00001393 }" },
		{ "success needs the notification", ANSWER "268:0 40 000007d1", 5005, "3002:10415 c0 -" },
		{ "a limited success as well", ANSWER "268:0 40 000007d2", 5005, "3002:10415 c0 -" },
		{ "a refusal does not", ANSWER "268:0 40 00001394", 0, "" },
		{ "but it names its sender", SESSION "268:0 40 00001394 296:0 40 'r'", 5005, "264:0 40 -" },
	};
	static const struct rule errors[] = {
		{ "answer-message", SESSION "264:0 40 'i' 296:0 40 'r' 268:0 40 00000bba", 0, "" },
		{ "without Session-Id", "264:0 40 'i' 296:0 40 'r' 268:0 40 00000bba", 0, "" },
		{ "with AVPs nobody knows", "264:0 40 'i' 9999:0 40 - 296:0 40 'r' 268:0 40 00000bba", 0, "" },
		{ "without result", SESSION "264:0 40 'i' 296:0 40 'r' 297:0 40 { 266:0 40 000028af 298:0 40 00001393 }", 5005,
		  "268:0 40 00000000" },
		{ "without origin", SESSION "268:0 40 00000bba", 5005, "264:0 40 -" },
		{ "E bit and success contradict each other", SESSION "264:0 40 'i' 296:0 40 'r' 268:0 40 000007d1", 3008, "" },
		{ "E bit and no class at all", SESSION "264:0 40 'i' 296:0 40 'r' 268:0 40 00000000", 3008, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		check("DAA", 0x40, APP_CMD_DEVICE_ACTION, APP_TSP, &rules[i]);
	}
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		check("DAA", 0x60, APP_CMD_DEVICE_ACTION, APP_TSP, &errors[i]);
	}
}

#define NODE "264:0 40 'h' 296:0 40 'r' "
#define CER NODE "257:0 40 00017f000001 266:0 40 00000000 269:0 00 'p' "

static void capabilities_have_rules_of_their_own(void **state)
{
	static const struct rule rules[] = {
		{ "good", CER, 0, "" },
		{ "group with both ids: the second one", CER "260:0 40 { 266:0 40 000028af 258:0 40 00000001 259:0 40 00000002 }",
		  5009, "260:0 40 { 259:0 40 00000002 }" },
		{ "the other way round", CER "260:0 40 { 266:0 40 000028af 259:0 40 00000002 258:0 40 00000001 }", 5009,
		  "260:0 40 { 258:0 40 00000001 }" },
		{ "group with neither id", CER "260:0 40 { 266:0 40 000028af }", 5005, "260:0 40 { 258:0 40 00000000 }" },
		{ "group without vendor", CER "260:0 40 { 258:0 40 00000001 }", 5005, "260:0 40 { 266:0 40 00000000 }" },
		{ "no address", NODE "266:0 40 00000000 269:0 00 'p'", 5005, "257:0 40 000000000000" },
		{ "address of a family with the wrong size", CER "257:0 40 00027f000001", 5004, "257:0 40 00027f000001" },
		{ "address of 1 octet", CER "257:0 40 00", 5014, "257:0 40 00" },
		{ "Session-Id has no place", CER "263:0 40 'x'", 5008, "263:0 40 'x'" },
		{ "Destination-Host has no place", CER "293:0 40 'x'", 5008, "293:0 40 'x'" },
	};
	static const struct rule proxiable = { "P bit", CER, 3008, "" };

	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		check("CER", 0x80, DIA_CMD_CAPABILITIES_EXCHANGE, DIA_APP_COMMON, &rules[i]);
	}
	check("CER", 0xc0, DIA_CMD_CAPABILITIES_EXCHANGE, DIA_APP_COMMON, &proxiable);
}

static void more_addresses_vendors_and_applications_than_ours_are_taken(void **state)
{
	static char text[8192] = CER;
	struct rule r = { "long lists", text, 0, "" };

	(void)state;
	for (int i = 0; i < 100; i++) {
		strcat(text, "265:0 40 00000001 257:0 40 00017f000001 ");
	}
	check("CER", 0x80, DIA_CMD_CAPABILITIES_EXCHANGE, DIA_APP_COMMON, &r);
	for (int i = 0; i <= DIA_APPLICATIONS_MAX; i++) {
		strcat(text, "258:0 40 00000007 ");
	}
	check("CER", 0x80, DIA_CMD_CAPABILITIES_EXCHANGE, DIA_APP_COMMON, &r);
}

static void disconnect_causes_are_three(void **state)
{
	static const struct rule rules[] = {
		{ "rebooting", NODE "273:0 40 00000000", 0, "" },
		{ "do not want", NODE "273:0 40 00000002", 0, "" },
		{ "three", NODE "273:0 40 00000003", 5004, "273:0 40 00000003" },
		{ "none", NODE, 5005, "273:0 40 00000000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		check("DPR", 0x80, DIA_CMD_DISCONNECT_PEER, DIA_APP_COMMON, &rules[i]);
	}
}

#define CORE "263:0 40 's' 277:0 40 00000001 264:0 40 'i' 296:0 40 'r' 283:0 40 'r' "

static void values_and_sizes_of_the_core_side(void **state)
{
	static const struct rule sir[] = {
		{ "LMSI is 4 octets", CORE "3102:10415 c0 { 2400:10415 c0 010203 } 3110:10415 c0 00000001", 5014,
		  "3102:10415 c0 { 2400:10415 c0 010203 }" },
		{ "Service-ID", CORE "3102:10415 c0 { 1:0 40 '1' } 3103:10415 c0 00000002 3110:10415 c0 00000001", 5004,
		  "3103:10415 c0 00000002" },
		{ "a vector of 4 octets",
		  CORE "3102:10415 c0 { 1:0 40 '1' } 3110:10415 c0 00000001 621:0 00 { 622:0 00 00000001 }", 5014,
		  "621:0 00 { 622:0 00 00000001 }" },
		{ "a User-Identifier is never empty", CORE "3102:10415 c0 { 9999:0 00 - } 3110:10415 c0 00000001", 5005,
		  "3102:10415 c0 { 1:0 40 - }" },
		{ "SIR-Flags are demanded", CORE "3102:10415 c0 { 1:0 40 '1' }", 5005, "3110:10415 c0 00000000" },
	};
	static const struct rule drr[] = {
		{ "an outcome nobody knows is kept",
		  CORE "293:0 40 'h' 3102:10415 c0 { 1:0 40 '1' } 3309:10415 c0 01 3200:10415 c0 00001234", 0, "" },
		{ "an outcome is demanded", CORE "293:0 40 'h' 3102:10415 c0 { 1:0 40 '1' } 3309:10415 c0 01", 5005,
		  "3200:10415 c0 00000000" },
	};
	static const struct rule dtr = { "Trigger-Action",
					 CORE "3102:10415 c0 { 1:0 40 '1' } 3309:10415 c0 01 3004:10415 c0 - "
					      "3202:10415 80 00000003",
					 5004, "3202:10415 80 00000003" };

	(void)state;
	for (size_t i = 0; i < sizeof sir / sizeof *sir; i++) {
		check("SIR", 0xc0, APP_CMD_SUBSCRIBER_INFORMATION, APP_S6M, &sir[i]);
	}
	for (size_t i = 0; i < sizeof drr / sizeof *drr; i++) {
		check("DRR", 0xc0, APP_CMD_DELIVERY_REPORT, APP_T4, &drr[i]);
	}
	check("DTR", 0xc0, APP_CMD_DEVICE_TRIGGER, APP_T4, &dtr);
}

/* -- answers that are forgiven what they lack */

#define DNA_START "263:0 40 'iwf;1;2;dnr' "
#define DNA_APP "258:0 40 0100005d "
#define DNA_STATE "277:0 40 00000001 "
#define DNA_HOST "264:0 40 'scs.a' "
#define DNA_REALM "296:0 40 'a.example' "
#define OK "268:0 40 000007d1 "

struct lenient {
	const char *words, *avps;
	uint8_t flags, lapses; /* of the header; expected */
	uint32_t result;       /* 0: read */
};

static void check_lenient(const struct lenient *r, bool dta)
{
	static uint8_t octets[4096];
	struct buf b = buf_over(octets, sizeof octets);
	struct dia_failed failed = { .text = "" };
	union {
		struct tsp_dna dna;
		struct t4_dta dta;
	} out, strict;
	struct dia_msg m;
	uint8_t lapses = 0xff;
	int err, err_strict;

	if (dta) {
		compose_message(&b, r->flags, APP_CMD_DEVICE_TRIGGER, APP_T4, r->avps);
	} else {
		compose_message(&b, r->flags, APP_CMD_DEVICE_NOTIFICATION, APP_TSP, r->avps);
	}
	assert_int_equal(dia_msg_parse(&m, octets, b.len, &limits, &failed), 0);
	err_strict = dta ? t4_dta_parse(&strict.dta, &m, &failed) : tsp_dna_parse(&strict.dna, &m, &failed);
	failed.result_code = 0;
	err = dta ? t4_dta_parse_lenient(&out.dta, &m, &failed, &lapses) : tsp_dna_parse_lenient(&out.dna, &m, &failed, &lapses);
	if ((err ? failed.result_code : 0) != r->result || (!err && lapses != r->lapses)) {
		fail_msg("%s: %d, %u %s, lapses %x", r->words, err, failed.result_code, failed.text, lapses);
	}
	if ((err_strict != 0) != (r->result || r->lapses)) {
		fail_msg("%s: read strictly: %d", r->words, err_strict);
	}
}

static void answers_are_forgiven_what_is_listed_and_nothing_else(void **state)
{
	static const struct lenient dna[] = {
		{ "whole", DNA_START DNA_APP DNA_STATE DNA_HOST DNA_REALM OK, 0x40, 0, 0 },
		{ "no Auth-Application-Id", DNA_START DNA_STATE DNA_HOST DNA_REALM OK, 0x40, APP_LAPSE_AUTH_APPLICATION_ID, 0 },
		{ "no Auth-Session-State", DNA_START DNA_APP DNA_HOST DNA_REALM OK, 0x40, APP_LAPSE_AUTH_SESSION_STATE, 0 },
		{ "what a generic answer from a request has", DNA_START DNA_HOST OK, 0x40,
		  APP_LAPSE_AUTH_APPLICATION_ID | APP_LAPSE_AUTH_SESSION_STATE | APP_LAPSE_ORIGIN_REALM, 0 },
		{ "Session-Id last", DNA_APP DNA_STATE DNA_HOST DNA_REALM OK DNA_START, 0x40, APP_LAPSE_SESSION_ID_ORDER, 0 },
		{ "a refusal without Origin-Realm", DNA_START DNA_HOST "268:0 40 00001394 ", 0x40, APP_LAPSE_ORIGIN_REALM, 0 },
		{ "an error without Origin-Realm", DNA_START DNA_HOST "268:0 40 00000bba ", 0x60, APP_LAPSE_ORIGIN_REALM, 0 },
		{ "no Session-Id", DNA_APP DNA_STATE DNA_HOST DNA_REALM OK, 0x40, 0, 5005 },
		{ "no Origin-Host", DNA_START DNA_APP DNA_STATE DNA_REALM OK, 0x40, 0, 5005 },
		{ "no result", DNA_START DNA_APP DNA_STATE DNA_HOST DNA_REALM, 0x40, 0, 5005 },
		{ "two results", DNA_START DNA_HOST OK OK, 0x40, 0, 5009 },
		{ "both results", DNA_START DNA_HOST OK "297:0 40 { 266:0 40 000028af 298:0 40 00001389 } ", 0x40, 0, 5007 },
		{ "E bit with 2001", DNA_START DNA_HOST DNA_REALM OK, 0x60, 0, 3008 },
		{ "unknown with M", DNA_START DNA_HOST OK "9999:0 40 01 ", 0x40, 0, 5001 },
		{ "two Session-Ids", DNA_START DNA_HOST OK DNA_START, 0x40, 0, 5009 },
		{ "another application", DNA_START "258:0 40 0100005e " DNA_HOST OK, 0x40, 0, 5004 },
		{ "a host that is none", DNA_START "264:0 40 'a b' " OK, 0x40, 0, 5004 },
	};
	static const struct lenient dta[] = {
		{ "whole, without Vendor-Specific-Application-Id", DNA_START DNA_STATE DNA_HOST DNA_REALM OK, 0x40, 0, 0 },
		{ "no Auth-Session-State", DNA_START DNA_HOST DNA_REALM OK, 0x40, APP_LAPSE_AUTH_SESSION_STATE, 0 },
		{ "no Origin-Realm, Session-Id not first", DNA_STATE DNA_START DNA_HOST OK, 0x40,
		  APP_LAPSE_ORIGIN_REALM | APP_LAPSE_SESSION_ID_ORDER, 0 },
		{ "E bit with 2001", DNA_START DNA_HOST DNA_REALM OK, 0x60, 0, 3008 },
		{ "a group with a hole is not the top level",
		  DNA_START DNA_HOST OK "628:10415 80 { 266:0 40 000028af 629:10415 80 00000001 } ", 0x40, 0, 5005 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof dna / sizeof *dna; i++) {
		check_lenient(&dna[i], false);
	}
	for (size_t i = 0; i < sizeof dta / sizeof *dta; i++) {
		check_lenient(&dta[i], true);
	}
}

struct by_rules {
	const char *avps;
	uint8_t kind;
	uint32_t refused; /* the result where the kind is not let pass */
};

static int read_by(const struct by_rules *r, uint8_t pass, struct dia_rules *rules, struct dia_failed *failed,
		   struct tsp_dar *dar)
{
	static uint8_t octets[4096];
	struct buf b = buf_over(octets, sizeof octets);
	struct dia_msg m;

	*rules = (struct dia_rules){ .pass = pass, .seen = 0xff, .broke = 0xff };
	compose_message(&b, 0xc0, APP_CMD_DEVICE_ACTION, APP_TSP, r->avps);
	assert_int_equal(dia_msg_parse(&m, octets, b.len, &limits, failed), 0);
	return tsp_dar_parse_by(dar, &m, failed, rules);
}

static void a_reading_by_rules_lets_pass_what_they_say_and_says_what_it_met(void **state)
{
	static const struct by_rules rows[] = {
		{ ACTION END "65000:0 40 'x' ", DIA_KIND_UNKNOWN, 5001 },
		{ ACTION "65000:0 40 'x' " END, DIA_KIND_UNKNOWN, 5001 },
		{ ACTION END "65000:0 00 'x' ", DIA_KIND_PLACE, 5008 },
		{ ACTION END "1:0 40 'x' ", DIA_KIND_PLACE, 5008 },
		{ ACTION "1:0 40 'x' " END, DIA_KIND_PLACE, 5008 },
		{ ACTION REFERENCE END, DIA_KIND_MANY, 5009 },
		{ ACTION END "283:0 40 'other' ", DIA_KIND_MANY, 5009 },
	};
	struct dia_failed failed;
	struct dia_rules rules;
	struct tsp_dar dar;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct by_rules *r = &rows[i];

		dia_failed_none(&failed);
		assert_int_equal(read_by(r, 7, &rules, &failed, &dar), 0);
		assert_int_equal(rules.seen, r->kind);
		assert_int_equal(rules.broke, 0);
		assert_int_equal(dar.action.reference_number.v, 0x29);
		assert_int_equal(dar.head.destination_realm.len, strlen("op.example"));
		assert_int_equal(read_by(r, (uint8_t)(7 & ~r->kind), &rules, &failed, &dar), ERR_PROTO);
		assert_int_equal(failed.result_code, r->refused);
		assert_int_equal(rules.seen, r->kind);
		assert_int_equal(rules.broke, r->kind);
	}
}

static void rules_let_nothing_else_pass(void **state)
{
	static const struct by_rules rows[] = {
		{ ACTION END "268:0 40 000007d1 ", 0, 5008 }, /* a result in a request */
		{ HEAD "3001:10415 c0 { " TRIGGER END, 0, 5005 },
		{ HEAD_REST SESSION "3001:10415 c0 { " REFERENCE TRIGGER END, 0, 5008 },
	};
	struct dia_failed failed;
	struct dia_rules rules;
	struct tsp_dar dar;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		dia_failed_none(&failed);
		assert_int_equal(read_by(&rows[i], 7, &rules, &failed, &dar), ERR_PROTO);
		assert_int_equal(failed.result_code, rows[i].refused);
		assert_int_equal(rules.broke, 0);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_m_rule),
		cmocka_unit_test(the_failed_avp_table),
		cmocka_unit_test(what_is_let_through),
		cmocka_unit_test(an_avp_too_large_to_be_shown_is_shown_by_its_header),
		cmocka_unit_test(lists_longer_than_ours_are_refused),
		cmocka_unit_test(the_header_must_be_the_commands),
		cmocka_unit_test(answers_have_one_result),
		cmocka_unit_test(capabilities_have_rules_of_their_own),
		cmocka_unit_test(more_addresses_vendors_and_applications_than_ours_are_taken),
		cmocka_unit_test(disconnect_causes_are_three),
		cmocka_unit_test(values_and_sizes_of_the_core_side),
		cmocka_unit_test(answers_are_forgiven_what_is_listed_and_nothing_else),
		cmocka_unit_test(a_reading_by_rules_lets_pass_what_they_say_and_says_what_it_met),
		cmocka_unit_test(rules_let_nothing_else_pass),
	};

	return cmocka_run_group_tests_name("apps rules", tests, NULL, NULL);
}
