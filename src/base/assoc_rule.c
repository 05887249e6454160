/* assoc_rule.c - a rule as one line of text. */
#include "base/assoc_rule.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const struct {
	uint8_t bit;
	const char *word;
} rights_words[] = {
	{ ASSOC_RIGHT_TRIGGER, "trigger" },
	{ ASSOC_RIGHT_RECALL, "recall" },
	{ ASSOC_RIGHT_REPLACE, "replace" },
};

#define RIGHTS_N (sizeof rights_words / sizeof rights_words[0])

const char *assoc_rights_text(char out[ASSOC_RIGHTS_TEXT_MAX], uint8_t rights)
{
	out[0] = 0;
	for (size_t i = 0; i < RIGHTS_N; i++) {
		if (!(rights & rights_words[i].bit)) {
			continue;
		}
		if (out[0]) {
			str_add(out, ASSOC_RIGHTS_TEXT_MAX, ",");
		}
		str_add(out, ASSOC_RIGHTS_TEXT_MAX, rights_words[i].word);
	}
	return out;
}

static uint8_t right_of(const char *word, size_t len)
{
	for (size_t i = 0; i < RIGHTS_N; i++) {
		if (strlen(rights_words[i].word) == len && memcmp(rights_words[i].word, word, len) == 0) {
			return rights_words[i].bit;
		}
	}
	return 0;
}

int assoc_rights_parse(uint8_t *out, const char *words)
{
	uint8_t rights = 0;

	for (;;) {
		size_t len = strcspn(words, ",");
		uint8_t bit = right_of(words, len);

		if (!bit) {
			return ERR_INVAL;
		}
		rights |= bit;
		if (!words[len]) {
			break;
		}
		words += len + 1;
	}
	*out = rights;
	return 0;
}

const char *assoc_rule_text(char out[ASSOC_RULE_TEXT_MAX], const struct assoc_rule *r)
{
	static const char *const verdicts[] = { "deny", "allow", "block" };
	const char *verdict = r->verdict < 3 ? verdicts[r->verdict] : "unknown";
	const char *mode = r->mode == ASSOC_DETECT ? " " ASSOC_DETECT_WORD : "";
	char rights[ASSOC_RIGHTS_TEXT_MAX];

	if (r->verdict == ASSOC_BLOCK) {
		snprintf(out, ASSOC_RULE_TEXT_MAX, "%s %s %s%s", verdict, r->who, r->device, mode);
	} else {
		snprintf(out, ASSOC_RULE_TEXT_MAX, "%s %s %s %s%s", verdict, r->who, r->device,
			 assoc_rights_text(rights, r->rights), mode);
	}
	return out;
}
