/* The limits of an SCS (base/scs_limits.h): each has a default, survives its record and is kept by its bit; records of programs before and
 * after this one. */
#include "tests/unit/test.h"

#include "assoc/asc_row.h"

/* Every limit with a value that is not its default. */
#define OTHER_U32(preset_, max_) ((uint32_t)(max_)-1)
#define OTHER_U16(preset_, max_) ((uint16_t)((max_)-1))
#define OTHER_ON(preset_, max_) false
#define OTHER_OFF(preset_, max_) true
#define OTHER_RIGHTS(preset_, max_) ((uint8_t)((preset_) ^ ASSOC_RIGHT_RECALL))
#define OTHER_SET(preset_, max_) ((uint16_t)0x6)

static void other(struct asc_scs *s)
{
	asc_scs_init(s);
	strcpy(s->e164, "49170123456");
	strcpy(s->origin_host, "scs.acme.example");
	strcpy(s->realm, "acme.example");
	strcpy(s->anchor, "anchor-a");
#define OTHER(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) s->member_ = OTHER_##kind_(preset_, max_);
	SCS_LIMITS(OTHER)
#undef OTHER
}

static int through_record(struct asc_scs *out, const struct asc_scs *in, int (*change)(uint8_t *record, size_t len))
{
	uint8_t room[ASC_SCS_RECORD_MAX];
	struct buf b = buf_over(room, sizeof room);
	uint32_t number = 0;
	size_t len;
	int err;

	asc_scs_record_put(&b, in, 7);
	assert_false(b.full);
	len = change ? (size_t)change(room, b.len) : b.len;
	memset(out, 0xff, sizeof *out);
	err = asc_scs_record_get(out, &number, room, len);
	if (!err) {
		assert_int_equal(number, 7);
	}
	return err;
}

static void test_every_limit_survives_its_record(void **state)
{
	struct asc_scs preset, in, back;

	(void)state;
	asc_scs_init(&preset);
	other(&in);
	assert_int_equal(through_record(&back, &in, NULL), 0);
#define SAME(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                                \
	assert_int_equal(preset.member_, preset_);                                                                               \
	assert_int_not_equal(in.member_, preset_);                                                                               \
	assert_int_equal(back.member_, in.member_);
	SCS_LIMITS(SAME)
#undef SAME
	assert_string_equal(back.anchor, "anchor-a");
	assert_int_equal(through_record(&back, &preset, NULL), 0);
#define IS_PRESET(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) assert_int_equal(back.member_, preset_);
	SCS_LIMITS(IS_PRESET)
#undef IS_PRESET
}

static void test_each_bit_keeps_its_limit_alone(void **state)
{
	struct asc_scs stored, scs, preset;
	uint32_t all = ASC_KEEP_E164 | ASC_KEEP_ORIGIN_HOST | ASC_KEEP_REALM | ASC_KEEP_ANCHOR;

	(void)state;
	other(&stored);
	asc_scs_init(&preset);
#define KEEPS(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                               \
	scs = preset;                                                                                                            \
	asc_scs_keep(&scs, &stored, ASC_KEEP_##id_);                                                                             \
	assert_int_equal(scs.member_, stored.member_);                                                                           \
	scs.member_ = preset.member_;                                                                                            \
	assert_memory_equal(&scs, &preset, sizeof scs);                                                                          \
	assert_false(all &ASC_KEEP_##id_);                                                                                       \
	all |= ASC_KEEP_##id_;
	SCS_LIMITS(KEEPS)
#undef KEEPS
	assert_int_equal(asc_addresses_read(&stored.ndsip_ike, "192.0.2.7", 9), 0);
	assert_int_equal(asc_addresses_read(&stored.ndsip_hosts, "10.8.0.7", 8), 0);
#define KEEPS(id_, member_, max_, option_, meaning_)                                                                             \
	scs = preset;                                                                                                            \
	asc_scs_keep(&scs, &stored, ASC_KEEP_##id_);                                                                             \
	assert_memory_equal(&scs.member_, &stored.member_, sizeof scs.member_);                                                  \
	scs.member_ = preset.member_;                                                                                            \
	assert_memory_equal(&scs, &preset, sizeof scs);                                                                          \
	assert_false(all &ASC_KEEP_##id_);                                                                                       \
	all |= ASC_KEEP_##id_;
	SCS_NDSIP(KEEPS)
#undef KEEPS
	assert_int_equal(all, ASC_KEEP_ALL);
}

/* Where the number of limits stands: behind version, number and four texts. */
static size_t limits_at(const uint8_t *record)
{
	size_t at = 5;

	for (int i = 0; i < 4; i++) {
		at += 1u + record[at];
	}
	return at;
}

static int with_one_limit_more(uint8_t *record, size_t len)
{
	assert_int_equal(record[limits_at(record)], SCS_LIMITS_N);
	record[limits_at(record)]++;
	record[len] = 1;
	return (int)len + 1;
}

static int with_one_limit_less_than_ever(uint8_t *record, size_t len)
{
	record[limits_at(record)] = 12;
	return (int)len;
}

static int with_an_octet_more(uint8_t *record, size_t len)
{
	record[len] = 0;
	return (int)len + 1;
}

static int cut_short(uint8_t *record, size_t len)
{
	(void)record;
	return (int)len - 1;
}

static int with_a_boolean_of_two(uint8_t *record, size_t len)
{
	record[limits_at(record) + 13] = 2; /* priority_allowed, behind two u32 and two u16 */
	return (int)len;
}

static int with_a_word_of_a_newer_program(uint8_t *record, size_t len)
{
	record[len - 1] = 0x80; /* the last limit is a set */
	return (int)len;
}

/* What this program does not know it would not enforce. */
static void test_a_limit_of_a_newer_program_is_refused(void **state)
{
	struct asc_scs in, back;

	(void)state;
	other(&in);
	assert_int_equal(through_record(&back, &in, with_one_limit_more), ERR_VERSION);
	assert_int_equal(through_record(&back, &in, with_one_limit_less_than_ever), ERR_PROTO);
	assert_int_equal(through_record(&back, &in, with_an_octet_more), ERR_PROTO);
	assert_int_equal(through_record(&back, &in, cut_short), ERR_PROTO);
	assert_int_equal(through_record(&back, &in, with_a_boolean_of_two), ERR_PROTO);
	assert_int_equal(through_record(&back, &in, with_a_word_of_a_newer_program), ERR_PROTO);
}

static int has_thirteen(uint8_t *record, size_t len)
{
	assert_int_equal(record[limits_at(record)], 13);
	return (int)len;
}

/* A program that knows only the first 13 limits reads an SCS that uses no other. */
static void test_limits_at_their_default_are_not_written(void **state)
{
	struct asc_scs preset, back;

	(void)state;
	asc_scs_init(&preset);
	assert_int_equal(through_record(&back, &preset, has_thirteen), 0);
}

#define V2_HEAD                                                                                                                  \
	"\2\7\0\0\0\13"                                                                                                          \
	"49170123456"                                                                                                            \
	"\20"                                                                                                                    \
	"scs.acme.example"                                                                                                       \
	"\14"                                                                                                                    \
	"acme.example"                                                                                                           \
	"\10"                                                                                                                    \
	"anchor-a"
#define V2_LIMITS(actions_, flags_)                                                                                              \
	"\240\0\0\0\20\16\0\0\1\0\377\376\0" actions_ "\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5\0\0\0" flags_

static void test_records_of_version_2_are_read(void **state)
{
	static const char record[] = V2_HEAD V2_LIMITS("\205", "\1"), lenient[] = V2_HEAD V2_LIMITS("\5", "\0"),
			  unknown[] = V2_HEAD V2_LIMITS("\5", "\2");
	struct asc_scs s;
	uint32_t number;

	(void)state;
	assert_int_equal(asc_scs_record_get(&s, &number, record, sizeof record - 1), 0);
	assert_int_equal(number, 7);
	assert_string_equal(s.e164, "49170123456");
	assert_int_equal(s.payload_max, 160);
	assert_int_equal(s.validity_max_s, 3600);
	assert_int_equal(s.port_min, 1);
	assert_int_equal(s.port_max, 0xfeff);
	assert_false(s.priority_allowed);
	assert_int_equal(s.actions, ASSOC_RIGHT_TRIGGER | ASSOC_RIGHT_REPLACE);
	assert_int_equal(s.rate_per_s, 1);
	assert_int_equal(s.burst, 2);
	assert_int_equal(s.quota_per_day, 3);
	assert_int_equal(s.connections_max, 4);
	assert_int_equal(s.pending_max, 5);
	assert_true(s.p_bit_optional);
	assert_true(s.strict_answers);
	assert_int_equal(asc_scs_record_get(&s, &number, lenient, sizeof lenient - 1), 0);
	assert_false(s.p_bit_optional);
	assert_false(s.strict_answers);
	assert_int_equal(asc_scs_record_get(&s, &number, unknown, sizeof unknown - 1), ERR_PROTO);
	assert_int_equal(asc_scs_record_get(&s, &number, "\6", 1), ERR_VERSION);
}

/* -- NDS/IP */

static void with_ndsip(struct asc_scs *s)
{
	other(s);
	assert_int_equal(asc_addresses_read(&s->ndsip_ike, "192.0.2.7 2001:db8::7", 21), 0);
	assert_int_equal(asc_addresses_read(&s->ndsip_hosts, "10.8.0.7,10.8.0.8,fd00::8", 25), 0);
}

static int is_of_version_3(uint8_t *record, size_t len)
{
	assert_int_equal(record[0], 3);
	return (int)len;
}

static int is_of_version_4(uint8_t *record, size_t len)
{
	assert_int_equal(record[0], 4);
	return (int)len;
}

static int as_version_3(uint8_t *record, size_t len)
{
	record[0] = 3;
	return (int)len;
}

/* The lists are 1 + 5 + 17 and 1 + 5 + 5 + 17 octets at the end. */
#define LISTS_LEN 51
static int with_a_family_of_five(uint8_t *record, size_t len)
{
	assert_int_equal(record[len - LISTS_LEN + 1], 4);
	record[len - LISTS_LEN + 1] = 5;
	return (int)len;
}

static int with_nine_ike_addresses(uint8_t *record, size_t len)
{
	assert_int_equal(record[len - LISTS_LEN], 2);
	record[len - LISTS_LEN] = 9;
	return (int)len;
}

static int with_empty_lists(uint8_t *record, size_t len)
{
	record[len - LISTS_LEN] = record[len - LISTS_LEN + 1] = 0;
	return (int)len - LISTS_LEN + 2;
}

static void test_addresses_of_ndsip_survive_their_record(void **state)
{
	struct asc_scs in, back;

	(void)state;
	with_ndsip(&in);
	assert_int_equal(through_record(&back, &in, is_of_version_4), 0);
	assert_memory_equal(&back.ndsip_ike, &in.ndsip_ike, sizeof in.ndsip_ike);
	assert_memory_equal(&back.ndsip_hosts, &in.ndsip_hosts, sizeof in.ndsip_hosts);
	assert_int_equal(back.payload_max, in.payload_max);
	assert_int_equal(through_record(&back, &in, as_version_3), ERR_PROTO); /* it would lose the protection */
	assert_int_equal(through_record(&back, &in, cut_short), ERR_PROTO);
	assert_int_equal(through_record(&back, &in, with_an_octet_more), ERR_PROTO);
	assert_int_equal(through_record(&back, &in, with_a_family_of_five), ERR_PROTO);
	assert_int_equal(through_record(&back, &in, with_nine_ike_addresses), ERR_PROTO);
	assert_int_equal(through_record(&back, &in, with_empty_lists), ERR_PROTO);
}

/* So a store in which no SCS has NDS/IP is one that the program before this one reads. */
static void test_a_record_without_ndsip_is_as_it_was(void **state)
{
	struct asc_scs in, back;

	(void)state;
	other(&in);
	assert_int_equal(through_record(&back, &in, is_of_version_3), 0);
	assert_int_equal(back.ndsip_hosts.n, 0);
	assert_int_equal(back.ndsip_ike.n, 0);
}

static void test_the_largest_record_has_room(void **state)
{
	struct asc_scs in, back;

	(void)state;
	other(&in);
	memset(in.origin_host, 'a', sizeof in.origin_host - 1);
	memset(in.realm, 'a', sizeof in.realm - 1);
	memset(in.anchor, 'a', sizeof in.anchor - 1);
	in.origin_host[IDENT_HOST_MAX] = in.realm[IDENT_HOST_MAX] = in.anchor[IDENT_SCS_MAX] = 0;
	in.ndsip_ike.n = 8;
	in.ndsip_hosts.n = 32;
	for (uint8_t i = 0; i < 32; i++) {
		in.ndsip_hosts.at[i] = (struct sa_address){ 6, { 0xfd, [15] = i } };
		in.ndsip_ike.at[i < 8 ? i : 0] = (struct sa_address){ 6, { 0x20, [15] = i } };
	}
	assert_int_equal(through_record(&back, &in, NULL), 0);
	assert_memory_equal(&back.ndsip_hosts, &in.ndsip_hosts, sizeof in.ndsip_hosts);
}

static void test_lists_of_addresses_are_read_and_written(void **state)
{
	static const char *const wrong[] = { "10.8.0.7/32", "gw.example", "10.8.0.7;10.8.0.8", "10.8.0", ":" };
	char text[ASC_ADDRESSES_TEXT_MAX], many[33 * 9 + 1] = "";
	struct asc_addresses a;

	(void)state;
	assert_int_equal(asc_addresses_read(&a, " 10.8.0.7,, ::ffff:10.8.0.8 FD00::0:8 ", 38), 0);
	asc_addresses_text(text, &a);
	assert_string_equal(text, "10.8.0.7 10.8.0.8 fd00::8");
	assert_int_equal(asc_addresses_read(&a, "", 0), 0);
	asc_addresses_text(text, &a);
	assert_string_equal(text, "");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(asc_addresses_read(&a, wrong[i], strlen(wrong[i])), ERR_INVAL);
	}
	for (int i = 0; i < 33; i++) {
		snprintf(many + strlen(many), sizeof many - strlen(many), "10.0.0.%d ", i % 10);
	}
	assert_int_equal(asc_addresses_read(&a, many, strlen(many)), ERR_LIMIT);
	assert_int_equal(asc_addresses_read(&a, many, strlen(many) - 9), 0);
	assert_int_equal(a.n, 32);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_limit_survives_its_record),
		cmocka_unit_test(test_each_bit_keeps_its_limit_alone),
		cmocka_unit_test(test_a_limit_of_a_newer_program_is_refused),
		cmocka_unit_test(test_limits_at_their_default_are_not_written),
		cmocka_unit_test(test_records_of_version_2_are_read),
		cmocka_unit_test(test_addresses_of_ndsip_survive_their_record),
		cmocka_unit_test(test_a_record_without_ndsip_is_as_it_was),
		cmocka_unit_test(test_the_largest_record_has_room),
		cmocka_unit_test(test_lists_of_addresses_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
