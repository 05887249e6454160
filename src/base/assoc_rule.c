/* assoc_rule.c - a rule as one line of text. */
#include "base/assoc_rule.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"

static const struct {
	uint8_t bit;
	const char *word;
} rights_words[] = {
	{ ASSOC_RIGHT_TRIGGER, "trigger" },
	{ ASSOC_RIGHT_RECALL, "recall" },
	{ ASSOC_RIGHT_REPLACE, "replace" },
};

#define RIGHTS_N (sizeof rights_words / sizeof rights_words[0])

static void put_rights(struct text *t, uint8_t rights)
{
	const char *comma = "";

	for (size_t i = 0; i < RIGHTS_N; i++) {
		if (rights & rights_words[i].bit) {
			text_add(t, comma);
			text_add(t, rights_words[i].word);
			comma = ",";
		}
	}
}

const char *assoc_rights_text(char out[ASSOC_RIGHTS_TEXT_MAX], uint8_t rights)
{
	struct text t = text_over(out, ASSOC_RIGHTS_TEXT_MAX);

	put_rights(&t, rights);
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
	struct text t = text_over(out, ASSOC_RULE_TEXT_MAX);

	text_add(&t, verdict);
	text_char(&t, ' ');
	text_add(&t, r->who);
	text_char(&t, ' ');
	text_add(&t, r->device);
	if (r->verdict != ASSOC_BLOCK) {
		text_char(&t, ' ');
		put_rights(&t, r->rights);
	}
	if (r->mode == ASSOC_DETECT) {
		text_add(&t, " " ASSOC_DETECT_WORD);
	}
	return out;
}
