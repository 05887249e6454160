/* cli_value.c - checks typed values before any request is sent, with words that name what was
 * expected. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/anchor_list.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/ident.h"
#include "base/nearest.h"
#include "base/str.h"
#include "cli/cli_command.h"
#include "ctl/ctl_commands.h"

static json_t *wrong(char why[CLI_WHY_MAX], const struct cli_param *p, const char *text, const char *expected)
{
	snprintf(why, CLI_WHY_MAX, "%s%s is '%.100s', expected %s", p->option && !p->pair ? "--" : "",
		 p->option ? p->option : p->shown, text, expected);
	return NULL;
}

static json_t *host(const struct cli_param *p, const char *text, char why[CLI_WHY_MAX])
{
	char canonical[IDENT_HOST_MAX + 1];

	if (ident_host(canonical, text, strlen(text))) {
		return wrong(why, p, text, "a host or realm name such as scs.acme.example");
	}
	return json_string(canonical);
}

static json_t *digits(const struct cli_param *p, const char *text, char why[CLI_WHY_MAX])
{
	char canonical[IDENT_MSISDN_MAX + 1];

	if (ident_msisdn(canonical, text, strlen(text))) {
		return wrong(why, p, text, "5 to 15 digits, without + and without a leading 0");
	}
	return json_string(canonical);
}

/* "msisdn:" D or F-L */
static bool numbers_ok(const char *text)
{
	char first[IDENT_MSISDN_MAX + 1], last[IDENT_MSISDN_MAX + 1];
	const char *dash = strchr(text, '-');

	if (!dash) {
		return !ident_msisdn(first, text, strlen(text));
	}
	return !ident_msisdn(first, text, (size_t)(dash - text)) && !ident_msisdn(last, dash + 1, strlen(dash + 1)) &&
	       strlen(first) == strlen(last) && strcmp(first, last) <= 0;
}

static json_t *device(const struct cli_param *p, const char *text, char why[CLI_WHY_MAX])
{
	char canonical[IDENT_EXTERNAL_MAX + 1], expected[128];
	const char *number = text + (*text == '+');

	if (!strcmp(text, "*")) {
		return json_string(text);
	}
	if (!strncmp(text, "set:", 4) && !strchr(text, '@')) {
		return ident_name_ok(text + 4) ? json_string(text)
					       : wrong(why, p, text, "set: and the name of one device set: a-z 0-9 . _ -");
	}
	if (!strncmp(text, "msisdn:", 7)) {
		return numbers_ok(text + 7) ? json_string(text)
					    : wrong(why, p, text,
						    "msisdn:DIGITS or msisdn:FIRST-LAST, 5 to 15 digits each, both of one "
						    "length; no other pattern is one");
	}
	if (numbers_ok(number)) { /* as people write one */
		snprintf(expected, sizeof expected, "a number with msisdn: and without +; did you mean 'msisdn:%.40s'?", number);
		return wrong(why, p, text, expected);
	}
	if (ident_external(canonical, text, strlen(text))) {
		return wrong(why, p, text,
			     ident_looks_like_pattern(text)
				 ? strncmp(text, "*@", 2) ? "another form: " IDENT_PATTERN_WORDS : ident_pattern_words(text)
				 : "local@domain, *@domain, msisdn:DIGITS, msisdn:FIRST-LAST or set:NAME");
	}
	return json_string(canonical);
}

static json_t *number(const struct cli_param *p, const char *text, char why[CLI_WHY_MAX])
{
	char expected[80];
	uint64_t n;

	if (!str_parse_u64(&n, text, p->min, p->max)) {
		return json_integer((json_int_t)n);
	}
	snprintf(expected, sizeof expected, "a number from %llu to %llu", (unsigned long long)p->min, (unsigned long long)p->max);
	return wrong(why, p, text, expected);
}

static bool one_of(const char *words, const char *text, size_t n)
{
	for (; *words; words += strcspn(words, " "), words += strspn(words, " ")) {
		if (strcspn(words, " ") == n && !strncmp(words, text, n)) {
			return true;
		}
	}
	return false;
}

#define MEANT_MAX 72

/* "; did you mean 'trigger'?" or "". */
static const char *near_word(char out[MEANT_MAX], const char *words, const char *text)
{
	char word[40];
	struct nearest near;
	size_t best, n;

	nearest_init(&near, text);
	*out = 0;
	for (const char *at = words; *at; at += n, at += strspn(at, " ")) {
		n = strcspn(at, " ");
		if (str_copy(word, sizeof word, at, n)) {
			continue;
		}
		best = near.best_distance;
		nearest_offer(&near, word);
		if (near.best_distance < best) { /* `word` is another one in the next turn */
			snprintf(out, MEANT_MAX, "; did you mean '%s'?", word);
		}
	}
	return out;
}

static json_t *word(const struct cli_param *p, const char *text, char why[CLI_WHY_MAX])
{
	char expected[200], meant[MEANT_MAX];

	if (one_of(p->words, text, strlen(text))) {
		return json_string(text);
	}
	snprintf(expected, sizeof expected, "one of: %s%s", p->words, near_word(meant, p->words, text));
	return wrong(why, p, text, expected);
}

static json_t *words(const struct cli_param *p, const char *text, char why[CLI_WHY_MAX])
{
	json_t *list = json_array();
	char expected[390];

	for (const char *at = text;; at++) {
		size_t n = strcspn(at, ",");

		if (!one_of(p->words, at, n)) {
			break;
		}
		json_array_append_new(list, json_stringn(at, n));
		at += n;
		if (!*at) {
			return list;
		}
	}
	json_decref(list);
	snprintf(expected, sizeof expected, "some of: %s, with commas between them", p->words);
	return wrong(why, p, text, expected);
}

static bool is_address(const char *text)
{
	struct in6_addr any;

	return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

static json_t *addresses(const struct cli_param *p, const char *text, char why[CLI_WHY_MAX])
{
	json_t *list = json_array();
	char one[INET6_ADDRSTRLEN], expected[128];

	if (!strcmp(text, "none")) {
		return list;
	}
	for (const char *at = text;; at++) {
		size_t n = strcspn(at, ",");

		if (str_copy(one, sizeof one, at, n) || !is_address(one)) {
			break;
		}
		json_array_append_new(list, json_string(one));
		at += n;
		if (!*at && json_array_size(list) <= p->max) {
			return list;
		}
		if (!*at) {
			break;
		}
	}
	json_decref(list);
	snprintf(expected, sizeof expected, "at most %llu numeric addresses with commas between them, or none",
		 (unsigned long long)p->max);
	return wrong(why, p, text, expected);
}

static json_t *time_of(const struct cli_param *p, const char *text, char why[CLI_WHY_MAX])
{
	int64_t s;

	if (p->kind == CLI_END ? clock_parse_end(&s, text) : clock_parse(&s, text)) {
		return wrong(why, p, text, "YYYY-MM-DD, YYYY-MM-DDTHH:MM:SSZ or seconds since 1970");
	}
	return json_integer((json_int_t)s);
}

/* Certificates only: a key stays where it is. */
static json_t *certificate(const struct cli_param *p, const char *path, char why[CLI_WHY_MAX])
{
	char words[FILE_WHY_MAX];
	struct file_copy f;
	json_t *v;

	if (file_read(&f, path, CTL_CERTIFICATE_MAX, words)) {
		snprintf(why, CLI_WHY_MAX, "--%s: %.200s: %.200s", p->option, path, words);
		return NULL;
	}
	if (memmem(f.p, f.len, "PRIVATE KEY", 11)) {
		v = wrong(why, p, path, "a file of certificates without a private key: nobody needs the key for this");
	} else if (!memmem(f.p, f.len, "-----BEGIN CERTIFICATE", 22)) {
		v = wrong(why, p, path, "a PEM file of certificates, the SCS's own first");
	} else if (!(v = json_stringn(f.p, f.len))) {
		v = wrong(why, p, path, "a PEM file, which is ASCII");
	}
	file_copy_fini(&f);
	return v;
}

json_t *cli_value(const struct cli_param *p, const char *text, char why[CLI_WHY_MAX])
{
	char anchors[ANCHOR_LIST_LEN];

	switch (p->kind) {
	case CLI_IN:
	case CLI_OUT:
	case CLI_DIR:
		return *text ? json_string(text) : wrong(why, p, text, "the name of a file, or -");
	case CLI_PATH:
		return *text && strlen(text) < 4000 ? json_string(text) : wrong(why, p, text, "the name of a directory");
	case CLI_PEM:
		return certificate(p, text, why);
	case CLI_TEXT:
		return *text ? json_string(text) : wrong(why, p, text, "a text");
	case CLI_WHO:
		if (!strcmp(text, "*") || (!strncmp(text, "group:", 6) && ident_name_ok(text + 6))) {
			return json_string(text);
		}
		__attribute__((fallthrough));
	case CLI_NAMES:
	case CLI_NAME:
		return ident_name_ok(text)
			   ? json_string(text)
			   : wrong(why, p, text, "a name: a-z 0-9 . _ -, at most 63, beginning with a letter or digit");
	case CLI_ANCHORS:
		return anchor_list_read(anchors, text, strlen(text))
			   ? wrong(why, p, text, ANCHOR_LIST_EXPECTED ", with commas between them")
			   : json_string(anchors);
	case CLI_ANCHOR:
		if (!strcmp(text, "none") || !*text) {
			return json_string("");
		}
		return ident_name_ok(text) ? json_string(text) : wrong(why, p, text, "the name of a trust anchor, or none");
	case CLI_YESNO:
		if (!strcmp(text, "yes") || !strcmp(text, "no")) {
			return json_boolean(!strcmp(text, "yes"));
		}
		return wrong(why, p, text, "yes or no");
	case CLI_HOST:
		return host(p, text, why);
	case CLI_DIGITS:
		return digits(p, text, why);
	case CLI_DEVICE:
		return device(p, text, why);
	case CLI_NUM:
		return number(p, text, why);
	case CLI_WORD:
		return word(p, text, why);
	case CLI_WORDS:
		return words(p, text, why);
	case CLI_ADDRESSES:
		return addresses(p, text, why);
	case CLI_TIME:
	case CLI_END:
		return time_of(p, text, why);
	case CLI_TRUE:
		return json_true();
	case CLI_FALSE:
		return json_false();
	case CLI_FIXED:
	case CLI_PRESET:
		return json_string(p->words);
	}
	return NULL;
}
