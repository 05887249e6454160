/* docs/user/associations.md as data: each row of its decisions is provisioned in an empty store and asked through asc_find_rules() and
 * pol_assoc_judge(), as the wire path and `mtcctl assoc check` do. */
#include "tests/unit/test.h"

#include <ftw.h>
#include <time.h>

#include "assoc/asc.h"
#include "policy/pol_assoc.h"
#include "tests/support/asc_wait.h"

#define CELLS 10
#define ROWS_AT_LEAST 90

enum { NAME, RULES, WHO, DEVICE, RIGHT, AT, ANSWER, REASON, RULE, DETECTED };

struct table_row {
	char line[4096]; /* owns what the cells point to */
	char *cell[CELLS];
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static char *trimmed(char *text)
{
	char *end;

	text += strspn(text, " ");
	end = text + strlen(text);
	while (end > text && strchr(" \n", end[-1])) {
		*--end = 0;
	}
	return text;
}

/* "| a | b |" into cells; false when it is no row of as many cells. */
static bool split(struct table_row *row)
{
	char *at = row->line;
	int n = 0;

	for (char *cell = strsep(&at, "|"); cell; cell = strsep(&at, "|")) {
		if (n > 0 && n <= CELLS) {
			row->cell[n - 1] = trimmed(cell);
		}
		n++;
	}
	return n == CELLS + 2;
}

static int64_t seconds(const char *date)
{
	struct tm tm = { 0 };
	const char *end = strptime(date, "%Y-%m-%d", &tm);

	if (!end || *end) {
		fail_msg("'%s' is no date", date);
	}
	return (int64_t)timegm(&tm);
}

static uint8_t verdict_of(const char *word)
{
	if (strcmp(word, "allow") == 0) {
		return ASSOC_ALLOW;
	}
	return strcmp(word, "deny") == 0 ? ASSOC_DENY : ASSOC_BLOCK;
}

/* EFFECT WHO DEVICE [RIGHTS] [from DATE] [until DATE] [detect-only] */
static void provision_rule(struct asc *a, const char *name, char *text)
{
	char *verdict = strsep(&text, " "), *who = strsep(&text, " "), *device = strsep(&text, " "), *word;
	struct asc_rule_new rule = { who, device, verdict_of(verdict), ASSOC_RIGHT_ALL, 0, 0, ASSOC_ENFORCE };
	struct asc_why why;

	while ((word = strsep(&text, " "))) {
		if (strcmp(word, "from") == 0) {
			rule.not_before_s = seconds(strsep(&text, " "));
		} else if (strcmp(word, "until") == 0) {
			rule.not_after_s = seconds(strsep(&text, " ")) + 86399; /* until the end of the day */
		} else if (strcmp(word, ASSOC_DETECT_WORD) == 0) {
			rule.mode = ASSOC_DETECT;
		} else if (assoc_rights_parse(&rule.rights, word)) {
			fail_msg("%s: '%s' is no list of rights", name, word);
		}
	}
	if (asc_rule_add(a, &rule, &why)) {
		fail_msg("%s: %s", name, why.text);
	}
}

static void provision_scs(struct asc *a, const char *name, const char *e164, const char *anchor)
{
	struct asc_why why;
	struct asc_scs s;

	asc_scs_init(&s);
	snprintf(s.name, sizeof s.name, "%s", name);
	snprintf(s.e164, sizeof s.e164, "%s", e164);
	snprintf(s.origin_host, sizeof s.origin_host, "scs.%s.example", name);
	snprintf(s.realm, sizeof s.realm, "%s.example", name);
	snprintf(s.anchor, sizeof s.anchor, "%s", anchor);
	assert_int_equal(asc_scs_put(a, &s, &why), 0);
}

static void provision_group(struct asc *a, const char *name, const char *anchor)
{
	struct asc_group g = { .name = "" };
	struct asc_why why;

	snprintf(g.name, sizeof g.name, "%s", name);
	snprintf(g.anchor, sizeof g.anchor, "%s", anchor);
	assert_int_equal(asc_group_put(a, &g, &why), 0);
}

static void provision_set(struct asc *a, const char *name, const char *member)
{
	struct asc_why why;

	assert_int_equal(asc_dset_add(a, name, &why), 0);
	assert_int_equal(asc_dset_member_add(a, name, member, &why), 0);
}

/* "acme, stored: fleet, proven: locals" */
#define PROVEN_MAX 4
static void asker_of(struct asc *a, struct asc_asker *who, const char *proven[PROVEN_MAX], char *cell)
{
	struct asc_why why;
	char *part;

	*who = (struct asc_asker){ .scs = trimmed(strsep(&cell, ",")), .proven = proven };
	while ((part = strsep(&cell, ","))) {
		part = trimmed(part);
		if (strncmp(part, "proven: ", 8) == 0 && who->proven_n < PROVEN_MAX) {
			proven[who->proven_n++] = part + 8;
		} else if (strncmp(part, "stored: ", 8) != 0 || asc_group_member_add(a, part + 8, who->scs, &why)) {
			fail_msg("'%s' is neither stored nor proven", part);
		}
	}
}

/* Provisions the rules of a cell and keeps the texts of them as the cell has them: "allow acme m1@a.example". */
#define RULES_MAX 8
static int provision(struct asc *a, const struct table_row *row, char kept[RULES_MAX][ASSOC_RULE_TEXT_MAX])
{
	char *rest = row->cell[RULES], *text;
	int n = 0;

	provision_scs(a, "acme", "49170123456", "anchor-a");
	provision_scs(a, "beta", "49170123457", "anchor-b");
	provision_group(a, "fleet", "anchor-a");
	provision_group(a, "locals", "");
	provision_set(a, "trial", "m1@a.example");
	provision_set(a, "alarm", "msisdn:491700000001");
	while ((text = strchr(rest, '`'))) {
		char *end = strchr(++text, '`');

		assert_non_null(end);
		assert_true(n < RULES_MAX);
		*end = 0;
		rest = end + 1;
		snprintf(kept[n++], ASSOC_RULE_TEXT_MAX, "%s", text);
		provision_rule(a, row->cell[NAME], text);
	}
	return n;
}

static void device_of(struct asc_device *out, char *cell)
{
	char *second = strstr(cell, " + ");

	if (second) {
		*second = 0;
		device_of(out, second + 3);
	}
	if (strncmp(cell, "msisdn:", 7) == 0) {
		out->msisdn = cell + 7;
	} else {
		out->external = cell;
	}
}

/* Is `rule` the one that the cell's text names? Its first three words say so: a key of the store. */
static bool is_rule(const struct assoc_rule *rule, const char *kept)
{
	static const char *const verdicts[] = { "deny", "allow", "block" };
	char text[ASSOC_RULE_TEXT_MAX];
	size_t n = (size_t)snprintf(text, sizeof text, "%s %s %s", verdicts[rule->verdict], rule->who, rule->device);

	return strncmp(kept, text, n) == 0 && (kept[n] == 0 || kept[n] == ' ');
}

static void check_answer(const struct table_row *row, const struct pol_assoc *got, const struct assoc_found *found,
			 char kept[RULES_MAX][ASSOC_RULE_TEXT_MAX], int kept_n)
{
	bool yes = strcmp(row->cell[ANSWER], "yes") == 0;
	int rule = atoi(row->cell[RULE]);

	if (!yes && strcmp(row->cell[ANSWER], "no") != 0) {
		fail_msg("%s: the answer is yes or no", row->cell[NAME]);
	}
	if (got->allow != yes) {
		fail_msg("%s: the page says %s, the code %s", row->cell[NAME], row->cell[ANSWER], got->allow ? "yes" : "no");
	}
	if (!yes && strcmp(pol_reason_str(got->reason), row->cell[REASON]) != 0) {
		fail_msg("%s: the page says %s, the code %s", row->cell[NAME], row->cell[REASON], pol_reason_str(got->reason));
	}
	if (rule < 0 || rule > kept_n || (rule == 0) != (got->winner < 0)) {
		fail_msg("%s: the page says rule '%s', the code found %s", row->cell[NAME], row->cell[RULE],
			 got->winner < 0 ? "none" : "one");
	}
	if (rule && !is_rule(&found->rules[got->winner], kept[rule - 1])) {
		fail_msg("%s: the page says rule %d, the code %s %s", row->cell[NAME], rule, found->rules[got->winner].who,
			 found->rules[got->winner].device);
	}
}

/* "3, 2": each by its number, strongest first. */
static void check_detected(const struct table_row *row, const struct pol_assoc *got, const struct assoc_found *found,
			   char kept[RULES_MAX][ASSOC_RULE_TEXT_MAX], int kept_n)
{
	char *rest = row->cell[DETECTED], *word;
	uint8_t n = 0;

	while (*rest && (word = strsep(&rest, ","))) {
		int rule = atoi(trimmed(word));

		if (rule < 1 || rule > kept_n || n == got->detected_n ||
		    !is_rule(&found->rules[got->detected[n]], kept[rule - 1])) {
			fail_msg("%s: the page says that rule %d would refuse, the code does not", row->cell[NAME], rule);
		}
		n++;
		if (!rest) {
			break;
		}
	}
	if (n != got->detected_n) {
		fail_msg("%s: the code says that more rules would refuse than the page", row->cell[NAME]);
	}
}

static void check_row(struct table_row *row)
{
	char dir[] = "/tmp/test-asc-table-XXXXXX";
	struct asc_conf conf = { .dir = dir, .map_max = 4u << 20 };
	static char kept[RULES_MAX][ASSOC_RULE_TEXT_MAX];
	static struct assoc_found found;
	struct asc_device device = { NULL, NULL };
	const char *proven[PROVEN_MAX];
	struct asc_asker who;
	struct pol_assoc got;
	struct asc_why why;
	struct asc *a;
	uint8_t right;
	int n;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(asc_open(&a, &conf, &why), 0);
	n = provision(a, row, kept);
	device_of(&device, row->cell[DEVICE]);
	asker_of(a, &who, proven, row->cell[WHO]);
	assert_int_equal(assoc_rights_parse(&right, row->cell[RIGHT]), 0);
	assert_int_equal(asc_find_rules(a, &who, &device, &found), 0);
	pol_assoc_judge(&got, &found, right, seconds(row->cell[AT]));
	check_answer(row, &got, &found, kept, n);
	check_detected(row, &got, &found, kept, n);
	asc_close(a);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_the_page_and_the_code_decide_alike(void **state)
{
	FILE *f = fopen(getenv("ASSOCIATIONS_PAGE"), "r");
	static struct table_row row;
	bool inside = false;
	int rows = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(row.line, sizeof row.line, f)) {
		if (strncmp(row.line, "| row |", 7) == 0) {
			inside = true;
		}
		if (!inside || strncmp(row.line, "| ", 2) != 0 || strncmp(row.line, "| row |", 7) == 0) {
			inside = inside && row.line[0] == '|';
			continue;
		}
		if (!split(&row)) {
			fail_msg("a row without %d cells: %s", CELLS, row.line);
		}
		check_row(&row);
		rows++;
	}
	fclose(f);
	assert_true(rows >= ROWS_AT_LEAST);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_page_and_the_code_decide_alike) };

	return cmocka_run_group_tests_name("asc table", tests, NULL, NULL);
}
