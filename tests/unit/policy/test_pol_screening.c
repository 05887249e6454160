/* The screening rows on requests: each row in each mode, and for an SCS that is exempt. */
#include "tests/unit/test.h"

#include "policy/pol_screening.h"
#include "tests/vectors/compose.h"

#define SESSION "263:0 40 'scs.a;1;2' "
#define APP "258:0 40 0100005d 277:0 40 00000001 "
#define ORIGIN "264:0 40 'scs.a' 296:0 40 'a.example' "
#define REALM "283:0 40 'op.example' "
#define HEAD SESSION APP ORIGIN REALM
#define INSIDE "3007:10415 c0 00000029 3005:10415 c0 00000001 "
#define ACTION "3001:10415 c0 { " INSIDE "} "
#define GOOD HEAD ACTION
#define DAR 8388639u
#define DNR 8388640u
#define FLAGS 0xc0

static const struct dia_limits limits = { 64 * 1024, 512, 8 };
static const struct pol_names names = { "iwf.op.example", "op.example", "scs.a", "a.example" };

struct caught { /* a request that one row catches */
	const char *words, *avps;
	enum screen_row row;
	uint32_t answer;  /* of the preset, where the preset refuses; else of the row */
	uint32_t command; /* 0: DAR */
	uint32_t app_id;  /* 0: Tsp */
	uint8_t flags;    /* 0: R and P */
};

static const struct caught cases[] = {
	{ .words = "S6m", .avps = GOOD, .row = SCREEN_APPLICATION, .answer = 3007, .app_id = 16777310u },
	{ .words = "a report", .avps = GOOD, .row = SCREEN_DIRECTION, .answer = 3001, .command = DNR },
	{ .words = "an unknown command", .avps = GOOD, .row = SCREEN_COMMAND, .answer = 3001, .command = 8388000 },
	{ .words = "our name on the way", .avps = GOOD "282:0 40 'IWF.op.example' ", .row = SCREEN_LOOP, .answer = 3005 },
	{ .words = "a foreign realm",
	  .avps = SESSION APP ORIGIN "283:0 40 'core.op.example' " ACTION,
	  .row = SCREEN_DESTINATION_REALM,
	  .answer = 3003 },
	{ .words = "a foreign host", .avps = GOOD "293:0 40 'hss.op.example' ", .row = SCREEN_DESTINATION_HOST, .answer = 3002 },
	{ .words = "no P bit", .avps = GOOD, .row = SCREEN_P_BIT, .answer = 3008, .flags = 0x80 },
	{ .words = "a missing AVP",
	  .avps = HEAD "3001:10415 c0 { 3005:10415 c0 00000001 } ",
	  .row = SCREEN_GRAMMAR,
	  .answer = 5005 },
	{ .words = "a wrong length", .avps = GOOD "278:0 40 00 ", .row = SCREEN_GRAMMAR, .answer = 5014 },
	{ .words = "a result", .avps = GOOD "268:0 40 000007d1 ", .row = SCREEN_GRAMMAR, .answer = 5008 },
	{ .words = "unknown, M", .avps = GOOD "65000:0 40 'x' ", .row = SCREEN_UNKNOWN_AVPS, .answer = 5001 },
	{ .words = "unknown, M, in a group",
	  .avps = HEAD "3001:10415 c0 { " INSIDE "65000:0 40 'x' } ",
	  .row = SCREEN_UNKNOWN_AVPS,
	  .answer = 5001 },
	{ .words = "unknown", .avps = GOOD "65000:0 00 'x' ", .row = SCREEN_PLACES, .answer = 5008 },
	{ .words = "of another place", .avps = GOOD "3004:10415 c0 'x' ", .row = SCREEN_PLACES, .answer = 5008 },
	{ .words = "two actions", .avps = GOOD ACTION, .row = SCREEN_MULTIPLICITY, .answer = 5009 },
	{ .words = "two references",
	  .avps = HEAD "3001:10415 c0 { " INSIDE "3007:10415 c0 00000030 } ",
	  .row = SCREEN_MULTIPLICITY,
	  .answer = 5009 },
	{ .words = "a reserved bit", .avps = GOOD, .row = SCREEN_RESERVED_BITS, .answer = 3008, .flags = 0xc1 },
	{ .words = "a Session-Id of another",
	  .avps = "263:0 40 'scs.b;1;2' " APP ORIGIN REALM ACTION,
	  .row = SCREEN_SESSION_ID,
	  .answer = 5004 },
	{ .words = "a longer name",
	  .avps = "263:0 40 'scs.ab;1' " APP ORIGIN REALM ACTION,
	  .row = SCREEN_SESSION_ID,
	  .answer = 5004 },
	{ .words = "the name alone",
	  .avps = "263:0 40 'scs.a;' " APP ORIGIN REALM ACTION,
	  .row = SCREEN_SESSION_ID,
	  .answer = 5004 },
	{ .words = "a blank", .avps = "263:0 40 'scs.a;1 2' " APP ORIGIN REALM ACTION, .row = SCREEN_SESSION_ID, .answer = 5004 },
	{ .words = "Route-Record", .avps = GOOD "282:0 40 'dra.a' ", .row = SCREEN_AGENTS, .answer = 5008 },
	{ .words = "Proxy-Info",
	  .avps = GOOD "284:0 40 { 280:0 40 'dra.a' 33:0 40 'state' } ",
	  .row = SCREEN_AGENTS,
	  .answer = 5008 },
};
#define CASES_N (sizeof cases / sizeof *cases)

struct play {
	uint8_t octets[70000];
	struct screen_rules rules;
	struct pol_screening s;
	struct dia_failed why;
	struct tsp_dar dar;
	struct dia_msg m;
};

/* Only the row under test is not at its preset; rows that only detect by preset are noted in passing. */
static enum pol_screened pass(struct play *p, const char *avps, uint32_t command, uint32_t app_id, uint8_t flags)
{
	struct buf b = buf_over(p->octets, sizeof p->octets);
	struct pol_routing routing;
	enum pol_screened done;

	compose_message(&b, flags ? flags : FLAGS, command ? command : DAR, app_id ? app_id : APP_TSP, avps);
	dia_failed_none(&p->why);
	assert_int_equal(dia_msg_parse(&p->m, p->octets, b.len, &limits, &p->why), 0);
	p->s = (struct pol_screening){ .rules = &p->rules, .exempt = pol_screening_exempt(&p->rules, "acme") };
	pol_routing_take(&routing, &p->m, &names);
	done = pol_screening_route(&p->s, &p->m, &routing, &names, &p->why);
	if (!done) {
		done = pol_screening_read(&p->s, &p->dar, &p->m, false, &p->why);
	}
	return done ? done : pol_screening_form(&p->s, &p->m, &p->dar, &routing, &names, &p->why);
}

static enum pol_screened pass_case(struct play *p, const struct caught *c)
{
	return pass(p, c->avps, c->command, c->app_id, c->flags);
}

static void check(const struct caught *c, bool ok, const char *what)
{
	if (!ok) {
		fail_msg("%s: %s", c->words, what);
	}
}

static void a_good_request_is_caught_by_no_row(void **state)
{
	struct play *p = calloc(1, sizeof *p);

	(void)state;
	screen_rules_preset(&p->rules);
	assert_int_equal(pass(p, GOOD, 0, 0, 0), POL_SCREENED_PASS);
	assert_int_equal(p->s.caught | p->s.detected | p->s.exempted, 0);
	assert_int_equal(p->dar.action.reference_number.v, 0x29);
	assert_int_equal(pass(p, GOOD "293:0 40 'IWF.OP.example' ", 0, 0, 0xd0), POL_SCREENED_PASS); /* T */
	assert_int_equal(p->s.caught, 0);
	free(p);
}

static void each_row_refuses_with_the_answer_of_its_rule(void **state)
{
	struct play *p = calloc(1, sizeof *p);

	(void)state;
	for (size_t i = 0; i < CASES_N; i++) {
		const struct caught *c = &cases[i];
		struct screen_rule *rule = &p->rules.row[c->row];

		screen_rules_preset(&p->rules);
		rule->mode = SCREEN_ENFORCE;
		check(c, pass_case(p, c) == POL_SCREENED_REFUSED, "refused");
		check(c, p->why.result_code == c->answer, "the preset answer");
		check(c, p->why.text[0] != 0, "words");
		check(c, p->s.caught & pol_row_bit(c->row), "noted");
		check(c, !(p->s.detected & pol_row_bit(c->row)), "not detected only");
		if (screen_row_class(c->row) == SCREEN_FIXED) {
			continue;
		}
		rule->answer = 5012;
		check(c, pass_case(p, c) == POL_SCREENED_REFUSED && p->why.result_code == 5012, "the chosen answer");
	}
	free(p);
}

static void each_row_that_drops_says_nothing(void **state)
{
	struct play *p = calloc(1, sizeof *p);

	(void)state;
	for (size_t i = 0; i < CASES_N; i++) {
		const struct caught *c = &cases[i];

		if (screen_row_class(c->row) == SCREEN_FIXED) {
			continue;
		}
		screen_rules_preset(&p->rules);
		p->rules.row[c->row].mode = SCREEN_DROP;
		check(c, pass_case(p, c) == POL_SCREENED_DROPPED, "dropped");
		check(c, p->s.caught & pol_row_bit(c->row), "noted");
	}
	free(p);
}

static void each_open_row_lets_pass_what_it_only_detects(void **state)
{
	struct play *p = calloc(1, sizeof *p);

	(void)state;
	for (size_t i = 0; i < CASES_N; i++) {
		const struct caught *c = &cases[i];

		if (screen_row_class(c->row) != SCREEN_OPEN) {
			continue;
		}
		screen_rules_preset(&p->rules);
		p->rules.row[c->row].mode = SCREEN_DETECT;
		check(c, pass_case(p, c) == POL_SCREENED_PASS, "passes");
		check(c, p->s.detected & p->s.caught & pol_row_bit(c->row), "noted");
		check(c, p->dar.action.reference_number.v == 0x29, "the first one counts");
	}
	free(p);
}

static void an_exempt_scs_passes_and_no_other(void **state)
{
	struct play *p = calloc(1, sizeof *p);

	(void)state;
	for (size_t i = 0; i < CASES_N; i++) {
		const struct caught *c = &cases[i];
		struct screen_rule *rule = &p->rules.row[c->row];

		if (screen_row_class(c->row) != SCREEN_OPEN) {
			continue;
		}
		screen_rules_preset(&p->rules);
		rule->mode = i % 2 ? SCREEN_ENFORCE : SCREEN_DROP;
		assert_int_equal(screen_rule_except(rule, "acme"), 0);
		check(c, pass_case(p, c) == POL_SCREENED_PASS, "passes");
		check(c, !(p->s.caught & pol_row_bit(c->row)) && (p->s.exempted & pol_row_bit(c->row)), "noted as exempt");
		rule->except[0][0] = 'b'; /* another SCS */
		check(c, pass_case(p, c) != POL_SCREENED_PASS, "not for another");
	}
	free(p);
}

static void a_rule_of_one_row_does_not_relax_another(void **state)
{
	struct play *p = calloc(1, sizeof *p);

	(void)state;
	for (size_t i = 0; i < CASES_N; i++) {
		const struct caught *c = &cases[i];

		screen_rules_preset(&p->rules);
		for (unsigned row = 0; row < SCREEN_ROWS_N; row++) {
			if (screen_row_class((enum screen_row)row) == SCREEN_OPEN && row != c->row) {
				p->rules.row[row].mode = SCREEN_DETECT;
			}
		}
		p->rules.row[c->row].mode = SCREEN_ENFORCE;
		check(c, pass_case(p, c) == POL_SCREENED_REFUSED && p->why.result_code == c->answer, "refused all the same");
	}
	free(p);
}

static void a_provisioned_scs_omits_the_p_bit_and_is_not_noted(void **state)
{
	struct play *p = calloc(1, sizeof *p);

	(void)state;
	screen_rules_preset(&p->rules);
	assert_int_equal(pass(p, GOOD, 0, 0, 0x80), POL_SCREENED_REFUSED);
	p->s.caught = 0;
	assert_int_equal(pol_screening_read(&p->s, &p->dar, &p->m, true, &p->why), POL_SCREENED_PASS);
	assert_int_equal(p->s.caught, 0);
	free(p);
}

/* Appends an AVP of n octets 'x' to the text. */
static const char *with_long(char *text, size_t cap, const char *before, const char *head, size_t n)
{
	size_t len = (size_t)snprintf(text, cap, "%s%s'", before, head);

	assert_true(len + n + 3 < cap);
	memset(text + len, 'x', n);
	memcpy(text + len + n, "' ", 3);
	return text;
}

static void sizes_are_bounded_beside_the_device_action(void **state)
{
	struct play *p = calloc(1, sizeof *p);
	char *text = malloc(20000), *action = malloc(20000);

	(void)state;
	screen_rules_preset(&p->rules);
	p->rules.row[SCREEN_PLACES].mode = SCREEN_DETECT;
	p->rules.row[SCREEN_SIZES].mode = SCREEN_ENFORCE;
	assert_int_equal(pass(p, with_long(text, 20000, GOOD, "65000:0 00 ", 1024), 0, 0, 0), POL_SCREENED_PASS);
	assert_int_equal(pass(p, with_long(text, 20000, GOOD, "65000:0 00 ", 1025), 0, 0, 0), POL_SCREENED_REFUSED);
	assert_int_equal(p->why.result_code, 5014);
	with_long(text, 20000, HEAD "3001:10415 c0 { " INSIDE "3003:10415 c0 { ", "3004:10415 c0 ", 4096);
	snprintf(action, 20000, "%s} } ", text);
	assert_int_equal(pass(p, action, 0, 0, 0), POL_SCREENED_PASS);
	with_long(text, 20000, HEAD "3001:10415 c0 { " INSIDE "3003:10415 c0 { ", "3004:10415 c0 ", 8192);
	snprintf(action, 20000, "%s} } ", text);
	assert_int_equal(pass(p, action, 0, 0, 0), POL_SCREENED_REFUSED);
	free(text);
	free(action);
	free(p);
}

static void groups_deeper_than_those_of_tsp_are_caught(void **state)
{
	static const char *const deep[] = {
		GOOD "284:0 40 { 284:0 40 { 284:0 40 { 280:0 40 'x' } } } ",
		GOOD "279:0 40 { 279:0 40 { 279:0 40 { 280:0 40 'x' } } } ",
		HEAD "3001:10415 c0 { " INSIDE "3003:10415 c0 { 3004:10415 c0 'hi' 3003:10415 c0 { 3004:10415 c0 'x' } } } ",
	};
	struct play *p = calloc(1, sizeof *p);

	(void)state;
	for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
		screen_rules_preset(&p->rules);
		p->rules.row[SCREEN_AGENTS].mode = SCREEN_DETECT;
		assert_int_equal(pass(p, deep[i], 0, 0, 0), POL_SCREENED_PASS);
		assert_true(p->s.detected & pol_row_bit(SCREEN_NESTING));
		p->rules.row[SCREEN_NESTING].mode = SCREEN_ENFORCE;
		assert_int_equal(pass(p, deep[i], 0, 0, 0), POL_SCREENED_REFUSED);
		assert_int_equal(p->why.result_code, 5006);
		p->rules.row[SCREEN_NESTING].mode = SCREEN_DROP;
		assert_int_equal(pass(p, deep[i], 0, 0, 0), POL_SCREENED_DROPPED);
		assert_int_equal(screen_rule_except(&p->rules.row[SCREEN_NESTING], "acme"), 0);
		assert_int_equal(pass(p, deep[i], 0, 0, 0), POL_SCREENED_PASS);
	}
	screen_rules_preset(&p->rules);
	p->rules.row[SCREEN_NESTING].mode = SCREEN_ENFORCE;
	p->rules.row[SCREEN_AGENTS].mode = SCREEN_DETECT;
	assert_int_equal(pass(p, HEAD "3001:10415 c0 { " INSIDE "3003:10415 c0 { 3004:10415 c0 'hi' 279:0 00 'x' } } ", 0, 0, 0),
			 POL_SCREENED_REFUSED);
	assert_int_equal(pass(p, GOOD "284:0 40 { 280:0 40 'dra.a' 33:0 40 'state' } 279:0 40 { 279:0 40 'x' } ", 0, 0, 0),
			 POL_SCREENED_PASS);
	free(p);
}

static void what_passed_once_is_read_again(void **state)
{
	struct play *p = calloc(1, sizeof *p);

	(void)state;
	for (size_t i = 0; i < CASES_N; i++) {
		const struct caught *c = &cases[i];

		if (screen_row_class(c->row) != SCREEN_OPEN) {
			continue;
		}
		screen_rules_preset(&p->rules);
		p->rules.row[c->row].mode = SCREEN_DETECT;
		check(c, pass_case(p, c) == POL_SCREENED_PASS, "passes");
		memset(&p->dar, 0, sizeof p->dar);
		check(c, pol_screened_again(&p->dar, &p->m) == 0, "read again");
		check(c, p->dar.action.reference_number.v == 0x29, "the same");
	}
	free(p);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_request_is_caught_by_no_row),
		cmocka_unit_test(each_row_refuses_with_the_answer_of_its_rule),
		cmocka_unit_test(each_row_that_drops_says_nothing),
		cmocka_unit_test(each_open_row_lets_pass_what_it_only_detects),
		cmocka_unit_test(an_exempt_scs_passes_and_no_other),
		cmocka_unit_test(a_rule_of_one_row_does_not_relax_another),
		cmocka_unit_test(a_provisioned_scs_omits_the_p_bit_and_is_not_noted),
		cmocka_unit_test(sizes_are_bounded_beside_the_device_action),
		cmocka_unit_test(groups_deeper_than_those_of_tsp_are_caught),
		cmocka_unit_test(what_passed_once_is_read_again),
	};

	return cmocka_run_group_tests_name("policy screening", tests, NULL, NULL);
}
