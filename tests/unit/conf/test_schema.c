/* The reader against files that people get wrong and against files made to hurt. Each error names its line. */
#include "tests/unit/test.h"

#include "conf/cfg_schema.h"

struct inner {
	char name[8];
	uint32_t n;
};

struct outer {
	char text[16], host[32], file[32], digits[8], address[CFG_ADDRESS_MAX];
	uint32_t u32;
	uint64_t u64, wait_ms;
	uint16_t port;
	bool flag;
	int word;
	struct inner section;
	struct inner list[3];
	size_t list_n;
	char texts[2][32];
	size_t texts_n;
};

static const struct cfg_word colours[] = { { "red", 7 }, { "green", 9 }, { NULL, 0 } };
static const char *const far_colours[] = { "infrared", "x-ray", NULL };
static const struct cfg_row inner_rows[] = {
	CFG_NAME("name", struct inner, name, NULL, "a name"),
	CFG_U32("n", struct inner, n, 1, 10, "5", "a number"),
	CFG_END,
};
static const struct cfg_row defaulted_rows[] = {
	CFG_NAME("name", struct inner, name, "preset", "a name"),
	CFG_U32("n", struct inner, n, 1, 10, "5", "a number"),
	CFG_END,
};
static const struct cfg_row rows[] = {
	CFG_STRING("text", struct outer, text, 1, "x", "text"),
	CFG_HOST("host", struct outer, host, "h.example", "host"),
	CFG_FILE("file", struct outer, file, "", "file"),
	CFG_DIGITS("digits", struct outer, digits, 2, 7, "12", "digits"),
	CFG_ADDRESS("address", struct outer, address, "127.0.0.1", "address"),
	{ .key = "u32",
	  .type = CFG_T_U32,
	  .offset = offsetof(struct outer, u32),
	  .size = sizeof(uint32_t),
	  .min = 10,
	  .max = 20,
	  .preset = "11",
	  .meaning = "number",
	  .was = "number" },
	CFG_U64("u64", struct outer, u64, 0, UINT64_MAX, "1", "number"),
	CFG_DURATION("wait", struct outer, wait_ms, 100, 60000, "3s", "duration"),
	CFG_PORT("port", struct outer, port, 0, "3868", "port"),
	CFG_BOOL("flag", struct outer, flag, "yes", "flag"),
	CFG_WORD_LACKS("word", struct outer, word, colours, far_colours, "far colours", "green", "word"),
	CFG_SECTION("section", struct outer, section, defaulted_rows, "", "section"),
	CFG_LIST("list", struct outer, list, list_n, inner_rows, 1, "", "list"),
	CFG_TEXTS("hosts", CFG_T_HOST, struct outer, texts, texts_n, 0, "", "hosts"),
	CFG_END,
};

static char why[CFG_WHY_MAX]; /* the first error */
static struct report report;
static struct outer o;

static int read_octets(const char *path, const char *text, size_t len)
{
	struct cfg_lines *l = NULL;
	int err;

	report = (struct report){ .len = 0 };
	err = cfg_read_all(&o, sizeof o, rows, path, text, len, &l, &report);
	cfg_lines_free(l);
	report_first(&report, why, sizeof why);
	assert_int_equal(err != 0, report.errors != 0);
	return err;
}

static int read_text(const char *text)
{
	return read_octets("/etc/x/c.yaml", text, strlen(text));
}

#define assert_read(text) assert_int_equal(read_text(text) ? (print_message("%s\n", why), 1) : 0, 0)
#define assert_wrong(text, words)                                                                                                \
	do {                                                                                                                     \
		assert_int_equal(read_text(text), ERR_INVAL);                                                                    \
		assert_string_equal(why, words);                                                                                 \
		assert_int_equal(report.errors, 1);                                                                              \
	} while (0)

static void test_defaults_fill_what_is_not_written(void **state)
{
	(void)state;
	assert_read("text: a\n");
	assert_string_equal(o.text, "a");
	assert_string_equal(o.host, "h.example");
	assert_string_equal(o.file, "");
	assert_int_equal(o.u32, 11);
	assert_int_equal(o.wait_ms, 3000);
	assert_int_equal(o.port, 3868);
	assert_true(o.flag);
	assert_int_equal(o.word, 9);
	assert_string_equal(o.section.name, "preset");
	assert_int_equal(o.list_n, 0);
}

static void test_every_type_is_read(void **state)
{
	(void)state;
	assert_read(
	    "text: 'a b'\nhost: IWF.Example\nfile: sub/x.pem\ndigits: 4917\naddress: '::1'\nu32: 20\nu64: 18446744073709551615\n"
	    "wait: 1500ms\nport: 0\nflag: off\nword: red\nsection: { name: s, n: 10 }\nlist:\n  - name: a\n  - { name: b, n: 2 "
	    "}\n"
	    "hosts: [ A.example, b.example ]\n");
	assert_string_equal(o.text, "a b");
	assert_string_equal(o.host, "iwf.example");
	assert_string_equal(o.file, "/etc/x/sub/x.pem");
	assert_string_equal(o.digits, "4917");
	assert_string_equal(o.address, "::1");
	assert_int_equal(o.u32, 20);
	assert_true(o.u64 == UINT64_MAX);
	assert_int_equal(o.wait_ms, 1500);
	assert_int_equal(o.port, 0);
	assert_false(o.flag);
	assert_int_equal(o.word, 7);
	assert_int_equal(o.section.n, 10);
	assert_int_equal(o.list_n, 2);
	assert_string_equal(o.list[0].name, "a");
	assert_int_equal(o.list[0].n, 5);
	assert_int_equal(o.list[1].n, 2);
	assert_int_equal(o.texts_n, 2);
	assert_string_equal(o.texts[0], "a.example");
}

static void test_an_absolute_path_stays_and_each_unit_counts(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} units[] = { { "wait: 100ms\n", 100 }, { "wait: 60s\n", 60000 }, { "wait: 1m\n", 60000 } };

	(void)state;
	assert_read("file: /a/b\n");
	assert_string_equal(o.file, "/a/b");
	for (size_t i = 0; i < 3; i++) {
		assert_read(units[i].text);
		assert_int_equal(o.wait_ms, units[i].ms);
	}
}

static void test_an_unknown_key_names_the_near_one(void **state)
{
	(void)state;
	assert_wrong("text: a\nprot: 1\n", "/etc/x/c.yaml:2: unknown key 'prot', did you mean 'port'?");
	assert_wrong("section:\n  name: a\n  nmae: b\n", "/etc/x/c.yaml:3: unknown key 'nmae' in section, did you mean 'name'?");
	assert_wrong("list:\n  - name: a\n    qqqqqq: b\n",
		     "/etc/x/c.yaml:3: unknown key 'qqqqqq' in list[0], expected one of name, n");
	assert_wrong("list:\n  - name: a\n    nxyz: b\n", /* more than half of it is another */
		     "/etc/x/c.yaml:3: unknown key 'nxyz' in list[0], expected one of name, n");
}

static void test_a_key_stands_once(void **state)
{
	(void)state;
	assert_wrong("u32: 11\ntext: a\nu32: 12\n", "/etc/x/c.yaml:3: duplicate key 'u32' (first in line 1)");
}

static void test_a_required_key_is_missed_where_its_section_begins(void **state)
{
	(void)state;
	assert_wrong("text: a\nlist:\n  - n: 3\n",
		     "/etc/x/c.yaml:3: key 'name' is missing in list[0], expected a name of at most 7 characters a-z 0-9 . _ -");
}

static void test_out_of_range_tells_the_range(void **state)
{
	(void)state;
	assert_wrong("\n\nu32: 21\n", "/etc/x/c.yaml:3: u32 is '21', expected a number from 10 to 20");
	assert_wrong("u32: -1\n", "/etc/x/c.yaml:1: u32 is '-1', expected a number from 10 to 20");
	assert_wrong("u64: 18446744073709551616\n",
		     "/etc/x/c.yaml:1: u64 is '18446744073709551616', expected a number from 0 to 18446744073709551615");
	assert_wrong("port: 65536\n", "/etc/x/c.yaml:1: port is '65536', expected a port from 0 to 65535");
	assert_wrong("wait: 61s\n",
		     "/etc/x/c.yaml:1: wait is '61s', expected a duration from 100ms to 1m (integer and ms, s, m, h or d)");
	assert_wrong("wait: 99999999999999999999d\n", "/etc/x/c.yaml:1: wait is '99999999999999999999d', expected a duration "
						      "from 100ms to 1m (integer and ms, s, m, h or d)");
	assert_wrong("text: 01234567890123456\n", "/etc/x/c.yaml:1: text is '01234567890123456', expected text of 1 to 15 bytes");
	assert_wrong("list: []\n", "/etc/x/c.yaml:1: list has 0 elements, expected at least 1");
	assert_wrong("list:\n- name: a\n- name: b\n- name: c\n- name: d\n",
		     "/etc/x/c.yaml:5: list has more than 3 elements, expected at most 3");
}

static void test_a_word_that_this_build_does_not_serve(void **state)
{
	(void)state;
	assert_wrong("word: infrared\n",
		     "/etc/x/c.yaml:1: word is 'infrared', and this build has no far colours, expected red or green");
	assert_wrong("word: x-ray\n",
		     "/etc/x/c.yaml:1: word is 'x-ray', and this build has no far colours, expected red or green");
}

static void test_a_wrong_type_tells_the_right_one(void **state)
{
	(void)state;
	assert_wrong("u32: abc\n", "/etc/x/c.yaml:1: u32 is 'abc', expected a number from 10 to 20");
	assert_wrong("wait: 5\n",
		     "/etc/x/c.yaml:1: wait is '5', expected a duration from 100ms to 1m (integer and ms, s, m, h or d)");
	assert_wrong("flag: maybe\n", "/etc/x/c.yaml:1: flag is 'maybe', expected true or false");
	assert_wrong("word: blue\n", "/etc/x/c.yaml:1: word is 'blue', expected red or green");
	assert_wrong("word: infra\n", "/etc/x/c.yaml:1: word is 'infra', expected red or green");
	assert_wrong("address: localhost\n",
		     "/etc/x/c.yaml:1: address is 'localhost', expected a numeric IPv4 or IPv6 address (names are not resolved)");
	assert_wrong("digits: +49\n", "/etc/x/c.yaml:1: digits is '+49', expected 2 to 7 digits");
	assert_wrong("host: a..b\n",
		     "/etc/x/c.yaml:1: host is 'a..b', expected a host or realm name such as iwf.operator.example");
	assert_wrong("text: [ a ]\n", "/etc/x/c.yaml:1: text is a list, expected text of 1 to 15 bytes");
	assert_wrong("section:\n", "/etc/x/c.yaml:1: section is empty, expected a mapping of keys");
	assert_wrong("list: a\n", "/etc/x/c.yaml:1: list is a single value, expected a list of 1 to 3 mappings");
	assert_wrong("hosts: a.example\n",
		     "/etc/x/c.yaml:1: hosts is a single value, expected a list of 0 to 2 values, in brackets");
	assert_wrong("list:\n  - a\n", "/etc/x/c.yaml:2: list[0] is a single value, expected a mapping of keys");
	assert_wrong(
	    "hosts:\n  - a.example\n  - { b: c }\n",
	    "/etc/x/c.yaml:3: hosts[1] is a mapping of keys, expected a host or realm name such as iwf.operator.example");
	assert_wrong("? [ a, b ]\n: c\n", "/etc/x/c.yaml:1: a list or mapping as a key, expected a word");
}

static void test_what_only_hides_meaning_is_refused(void **state)
{
	(void)state;
	assert_wrong("text: &a x\nhost: b\n", "/etc/x/c.yaml:1: an anchor (&), expected plain values");
	assert_wrong("text: *a\n", "/etc/x/c.yaml:1: an alias (*), expected the value itself");
	assert_wrong("u32: !!int 11\n", "/etc/x/c.yaml:1: a tag (!), expected plain values");
	assert_wrong("text: a\n---\ntext: b\n", "/etc/x/c.yaml:2: a second document, expected one");
	assert_wrong("", "/etc/x/c.yaml:1: the file is empty, expected keys such as 'text'");
	assert_wrong("# only words\n", "/etc/x/c.yaml:1: the file is empty, expected keys such as 'text'");
	assert_wrong("- a\n", "/etc/x/c.yaml:1: no mapping, expected keys such as 'text:'");
}

static void test_broken_yaml_names_its_line(void **state)
{
	(void)state;
	assert_int_equal(read_text("text: a\nsection: { name: b ]\nu32: 11\n"), ERR_INVAL);
	if (!strstr(why, "/etc/x/c.yaml:2: not YAML: ")) {
		fail_msg("%s", why);
	}
	assert_int_equal(read_text("text: a\n\tu32: 11\n"), ERR_INVAL);
	assert_non_null(strstr(why, "/etc/x/c.yaml:2: not YAML: "));
	assert_int_equal(read_text("text: \"a\n"), ERR_INVAL);
	assert_non_null(strstr(why, "not YAML: "));
	assert_null(strstr(why, "with spaces"));
	assert_int_equal(read_text("section:\n\tname: a\n"), ERR_INVAL);
	assert_non_null(strstr(why, "/etc/x/c.yaml:2: not YAML: "));
	assert_non_null(strstr(why, "; lines are indented with spaces, and a value"));
}

static void test_octets_that_are_no_text_are_refused(void **state)
{
	static const char nul[] = "text: a\nu32: 1\0"
				  "1\n";

	(void)state;
	assert_int_equal(read_octets("f", nul, sizeof nul - 1), ERR_INVAL);
	assert_string_equal(why, "f:2: a NUL byte, expected text");
	assert_wrong("text: \"a\\0b\"\n", "/etc/x/c.yaml:1: text is 'a?b', expected text of 1 to 15 bytes");
	assert_wrong("\n\ntext: \xc3\x28\n", "/etc/x/c.yaml:3: bytes that are not UTF-8, expected UTF-8 text");
	assert_wrong("text: \xed\xa0\x80\n", "/etc/x/c.yaml:1: bytes that are not UTF-8, expected UTF-8 text");
	assert_wrong("text: \xc0\x80\n", "/etc/x/c.yaml:1: bytes that are not UTF-8, expected UTF-8 text");
	assert_wrong("text: a\x1b[2J\n", "/etc/x/c.yaml:1: a control character, expected text");
	assert_read("text: \xc3\xa4\n");
}

static void test_size_and_depth_are_bounded(void **state)
{
	char *text = malloc(CFG_TEXT_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '#', CFG_TEXT_MAX + 1);
	assert_int_equal(read_octets("f", text, CFG_TEXT_MAX + 1), ERR_LIMIT);
	memset(text, '[', CFG_TEXT_MAX);
	memcpy(text, "text: ", 6);
	assert_int_equal(read_octets("f", text, CFG_TEXT_MAX), ERR_INVAL);
	memset(text, '{', CFG_TEXT_MAX);
	assert_int_equal(read_octets("f", text, CFG_TEXT_MAX), ERR_INVAL);
	free(text);
}

static void test_all_errors_are_told_and_the_rest_is_sound(void **state)
{
	static const char text[] = "text: a\n"
				   "u32: 13\n"
				   "prot: 1\n"
				   "port: x\n"
				   "section: [ 1, { a: b } ]\n"
				   "list:\n"
				   "  - { n: 2 }\n"
				   "  - { name: b, n: 99, m: { x: [ y ] } }\n"
				   "  - c\n"
				   "  - name: d\n"
				   "port: 5\n"
				   "hosts: [ a, 'b c', d ]\n"
				   "? [ key ]\n"
				   ": { a: 1 }\n"
				   "wait: 5s\n";
	static const char expected[] =
	    "error f:3: unknown key 'prot', did you mean 'port'?\n"
	    "error f:4: port is 'x', expected a port from 0 to 65535\n"
	    "error f:5: section is a list, expected a mapping of keys\n"
	    "error f:7: key 'name' is missing in list[0], expected a name of at most 7 characters a-z 0-9 . _ -\n"
	    "error f:8: list[1].n is '99', expected a number from 1 to 10\n"
	    "error f:8: unknown key 'm' in list[1], expected one of name, n\n"
	    "error f:9: list[2] is a single value, expected a mapping of keys\n"
	    "error f:10: list has more than 3 elements, expected at most 3\n"
	    "error f:11: duplicate key 'port' (first in line 4)\n"
	    "error f:12: hosts[1] is 'b c', expected a host or realm name such as iwf.operator.example\n"
	    "error f:12: hosts has more than 2 elements, expected at most 2\n"
	    "error f:13: a list or mapping as a key, expected a word\n";
	struct cfg_lines *l = NULL;

	(void)state;
	report = (struct report){ .len = 0 };
	assert_int_equal(cfg_read_all(&o, sizeof o, rows, "f", text, strlen(text), &l, &report), ERR_INVAL);
	assert_string_equal(report.text, expected);
	assert_int_equal(o.u32, 13);
	assert_int_equal(o.port, 3868); /* what is wrong has its default */
	assert_int_equal(o.wait_ms, 5000);
	assert_int_equal(o.list_n, 3);
	assert_true(cfg_sound(l, "u32"));
	assert_false(cfg_sound(l, "port"));
	assert_false(cfg_sound(l, "section.n"));
	assert_false(cfg_sound(l, "list"));
	assert_false(cfg_sound(l, "list[%d].name", 0));
	assert_true(cfg_sound(l, "lis"));
	cfg_lines_free(l);
}

static void test_more_errors_than_there_is_room_for_end_the_reading(void **state)
{
	size_t len = 0;
	char *text = malloc(CFG_TEXT_MAX);

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; len < CFG_TEXT_MAX - 32; i++) {
		len += (size_t)snprintf(text + len, 32, "k%u: 1\n", i);
	}
	assert_int_equal(read_octets("f", text, len), ERR_INVAL);
	assert_int_equal(report.left_out, 1);
	assert_in_range(report.len, REPORT_OCTETS_MAX - 1024, REPORT_OCTETS_MAX);
	free(text);
}

static void test_a_text_that_is_no_yaml_leaves_the_struct_alone(void **state)
{
	(void)state;
	assert_read("u32: 12\n");
	assert_int_equal(read_text("u32: 13\nport: [\n"), ERR_INVAL);
	assert_int_equal(o.u32, 12);
}

static void test_a_byte_order_mark_is_passed_over(void **state)
{
	(void)state;
	assert_read("\xef\xbb\xbftext: a\n");
	assert_string_equal(o.text, "a");
	assert_wrong("\xef\xbb\xbf", "/etc/x/c.yaml:1: the file is empty, expected keys such as 'text'");
	assert_wrong("\xff\xfet\0e\0", "/etc/x/c.yaml:1: bytes that are not UTF-8, expected UTF-8 text");
}

static void test_lines_are_remembered_for_later_checks(void **state)
{
	static const char text[] = "text: a\nlist:\n  - name: a\n  - n: 2\n    name: b\n";
	struct cfg_lines *l = NULL;

	(void)state;
	report = (struct report){ .len = 0 };
	assert_int_equal(cfg_read_all(&o, sizeof o, rows, "f", text, strlen(text), &l, &report), 0);
	assert_int_equal(cfg_line(l, "text"), 1);
	assert_int_equal(cfg_line(l, "list"), 2);
	assert_int_equal(cfg_line(l, "list[%d].name", 1), 5);
	assert_int_equal(cfg_line(l, "list[%d].n", 0), 3); /* not written: the element */
	assert_int_equal(cfg_line(l, "section.n"), 1);
	assert_true(cfg_sound(l, "list[1]"));
	assert_int_equal(cfg_wrong(&report, l, 7, "%s", "words"), ERR_INVAL);
	cfg_warn(&report, l, 8, "%s", "more words");
	assert_string_equal(report.text, "error f:7: words\nwarning f:8: more words\n");
	cfg_lines_free(l);
}

static void test_a_file_that_cannot_be_read_is_named(void **state)
{
	struct cfg_lines *l = NULL;

	(void)state;
	report = (struct report){ .len = 0 };
	assert_int_equal(cfg_read_file(&o, sizeof o, rows, "/nonexistent/c.yaml", &l, &report), ERR_IO);
	assert_int_equal(cfg_read_file(&o, sizeof o, rows, "/", &l, &report), ERR_IO);
	assert_string_equal(report.text,
			    "error /nonexistent/c.yaml: No such file or directory\nerror /: a directory, expected a file\n");
	assert_null(l);
}

/* Every beginning of a good file and every single changed octet ends in an answer, never in a crash. */
static void test_no_torn_or_changed_text_hurts(void **state)
{
	static const char good[] =
	    "text: 'a b'\nsection: { name: s, n: 10 }\nlist:\n  - name: a\n  - { name: b, n: 2 }\nhosts: [ a ]\n";
	char text[sizeof good];

	(void)state;
	for (size_t n = 0; n < sizeof good; n++) {
		assert_true(read_octets("f", good, n) <= 0);
	}
	for (size_t i = 0; i < sizeof good - 1; i++) {
		for (int c = 0; c < 256; c += 3) {
			memcpy(text, good, sizeof good);
			text[i] = (char)c;
			assert_true(read_octets("f", text, sizeof good - 1) <= 0);
		}
	}
}

static void test_a_key_of_before_is_read_and_its_new_name_is_told(void **state)
{
	(void)state;
	assert_read("text: a\nnumber: 17\n");
	assert_int_equal(o.u32, 17);
	assert_string_equal(report.text, "warning /etc/x/c.yaml:2: key 'number' is renamed to 'u32'\n");
	assert_wrong("number: 17\nu32: 18\n", "/etc/x/c.yaml:2: duplicate key 'u32' (first in line 1)");
	assert_wrong("number: 99\n", "/etc/x/c.yaml:1: u32 is '99', expected a number from 10 to 20");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_fill_what_is_not_written),
		cmocka_unit_test(test_every_type_is_read),
		cmocka_unit_test(test_an_absolute_path_stays_and_each_unit_counts),
		cmocka_unit_test(test_an_unknown_key_names_the_near_one),
		cmocka_unit_test(test_a_key_stands_once),
		cmocka_unit_test(test_a_key_of_before_is_read_and_its_new_name_is_told),
		cmocka_unit_test(test_a_required_key_is_missed_where_its_section_begins),
		cmocka_unit_test(test_out_of_range_tells_the_range),
		cmocka_unit_test(test_a_wrong_type_tells_the_right_one),
		cmocka_unit_test(test_a_word_that_this_build_does_not_serve),
		cmocka_unit_test(test_what_only_hides_meaning_is_refused),
		cmocka_unit_test(test_broken_yaml_names_its_line),
		cmocka_unit_test(test_octets_that_are_no_text_are_refused),
		cmocka_unit_test(test_size_and_depth_are_bounded),
		cmocka_unit_test(test_all_errors_are_told_and_the_rest_is_sound),
		cmocka_unit_test(test_more_errors_than_there_is_room_for_end_the_reading),
		cmocka_unit_test(test_a_text_that_is_no_yaml_leaves_the_struct_alone),
		cmocka_unit_test(test_a_byte_order_mark_is_passed_over),
		cmocka_unit_test(test_lines_are_remembered_for_later_checks),
		cmocka_unit_test(test_a_file_that_cannot_be_read_is_named),
		cmocka_unit_test(test_no_torn_or_changed_text_hurts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
