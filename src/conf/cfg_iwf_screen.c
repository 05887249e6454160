/* cfg_iwf_screen.c - the section `screening`: a section for each row, with the keys that the class
 * of the row takes. */
#include "conf/cfg_iwf_screen.h"

#include "conf/cfg_iwf.h"

static const struct cfg_word fixed_modes[] = { { "enforce", SCREEN_ENFORCE }, { NULL, 0 } };
static const struct cfg_word closed_modes[] = { { "enforce", SCREEN_ENFORCE }, { "drop", SCREEN_DROP }, { NULL, 0 } };
static const struct cfg_word open_modes[] = {
	{ "enforce", SCREEN_ENFORCE }, { "drop", SCREEN_DROP }, { "detect", SCREEN_DETECT }, { NULL, 0 }
};

#define PRESET_ENFORCE "enforce"
#define PRESET_DETECT "detect"

#define MODE(words, preset, meaning) CFG_WORD("mode", struct cfg_screen, mode, words, PRESET_##preset, meaning)
#define ANSWER(answer_) CFG_U32("answer", struct cfg_screen, answer, 3000, 5999, #answer_, "Result-Code of enforce")

/* Keys by class. */
#define KEYS_FIXED(preset, answer) MODE(fixed_modes, preset, "this row is always enforced")
#define KEYS_CLOSED(preset, answer)                                                                                              \
	MODE(closed_modes, preset, "enforce: the request is answered with an error; drop: it gets no answer"), ANSWER(answer)
#define KEYS_OPEN(preset, answer)                                                                                                \
	MODE(                                                                                                                    \
	    open_modes, preset,                                                                                                  \
	    "enforce: the request is answered with an error; drop: it gets no answer; detect: it goes on, and the decision log " \
	    "has a line"),                                                                                                       \
	    ANSWER(answer),                                                                                                      \
	    CFG_TEXTS("except", CFG_T_NAME, struct cfg_screen, except, except_n, 0, "", "names of SCSs that are exempt")

#define KEYS(x, id, name, class, preset, answer, other, meaning)                                                                 \
	static const struct cfg_row keys_##id[] = { KEYS_##class(preset, answer), CFG_END };
/* clang-format off */
SCREEN_ROWS(KEYS, )

#define SECTION(x, id, name, class, preset, answer, other, meaning)                                                              \
	CFG_SECTION(name, struct cfg_screening, row[SCREEN_##id], keys_##id, "", meaning),
const struct cfg_row cfg_screening_rows[] = { SCREEN_ROWS(SECTION, ) CFG_END };
/* clang-format on */

int cfg_screen_rule(struct screen_rule *out, const struct cfg_iwf *c, enum screen_row row, char why[SCREEN_WHY_MAX])
{
	const struct cfg_screen *in = &c->screening.row[row];
	struct screen_rule rule = screen_rule_preset(row);

	rule.mode = (uint8_t)in->mode;
	if (screen_row_class(row) != SCREEN_FIXED) {
		rule.answer = (uint16_t)in->answer;
	}
	for (size_t i = 0; i < in->except_n; i++) {
		if (screen_rule_except(&rule, in->except[i])) {
			snprintf(why, SCREEN_WHY_MAX, "'%s' is named twice", in->except[i]);
			return ERR_INVAL;
		}
	}
	*out = rule;
	return screen_rule_check(row, &rule, why);
}

int cfg_screening_check(const struct cfg_iwf *c, struct report *why)
{
	char words[SCREEN_WHY_MAX];
	struct screen_rule rule;
	int err = 0;

	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		const char *name = screen_row_name((enum screen_row)i);

		if (cfg_sound(c->lines, "screening.%s", name) && cfg_screen_rule(&rule, c, (enum screen_row)i, words)) {
			err = cfg_wrong(why, c->lines, cfg_line(c->lines, "screening.%s", name), "screening.%s: %s", name, words);
		}
	}
	return err;
}
