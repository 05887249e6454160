/* screen_rule.c - facts of the screening rows, and what a rule of a row may be. */
#include "base/screen_rule.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/str.h"
#include "base/text.h"

#define UNABLE_TO_COMPLY 5012u /* RFC 6733 7.1.5: fits every refusal */
#define ANSWERS_MAX 3

struct fact {
	const char *name, *meaning;
	enum screen_class class;
	enum screen_mode preset;
	uint16_t answers[ANSWERS_MAX]; /* the first one is the preset; 0 ends the list */
};

/* `any`: the answer that every row takes beside its own. */
#define FACT(x, id_, name_, class_, preset_, answer_, other_, meaning_)                                                          \
	[SCREEN_##id_] = { .name = name_,                                                                                        \
			   .meaning = meaning_,                                                                                  \
			   .class = SCREEN_##class_,                                                                             \
			   .preset = SCREEN_##preset_,                                                                           \
			   .answers = { answer_, (other_) ? (other_) : ANY_##class_, (other_) ? ANY_##class_ : 0 } },
#define ANY_FIXED 0
#define ANY_CLOSED UNABLE_TO_COMPLY
#define ANY_OPEN UNABLE_TO_COMPLY
static const struct fact facts[] = { SCREEN_ROWS(FACT, ) };

static const char *const modes[] = { [SCREEN_ENFORCE] = "enforce", [SCREEN_DROP] = "drop", [SCREEN_DETECT] = "detect" };
#define MODES_N (sizeof modes / sizeof *modes)

const char *screen_row_name(enum screen_row row)
{
	return facts[row].name;
}

const char *screen_row_meaning(enum screen_row row)
{
	return facts[row].meaning;
}

enum screen_class screen_row_class(enum screen_row row)
{
	return facts[row].class;
}

uint16_t screen_row_answer(enum screen_row row, size_t n)
{
	return n < ANSWERS_MAX ? facts[row].answers[n] : 0;
}

int screen_row_find(enum screen_row *out, const char *name, const char **near)
{
	struct nearest n;

	nearest_init(&n, name);
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		if (!strcmp(facts[i].name, name)) {
			*out = (enum screen_row)i;
			return 0;
		}
		nearest_offer(&n, facts[i].name);
	}
	if (near) {
		*near = n.best;
	}
	return ERR_NOTFOUND;
}

const char *screen_mode_word(uint8_t mode)
{
	return mode < MODES_N ? modes[mode] : "unknown";
}

int screen_mode_parse(uint8_t *out, const char *word)
{
	for (unsigned i = 0; i < MODES_N; i++) {
		if (!strcmp(modes[i], word)) {
			*out = (uint8_t)i;
			return 0;
		}
	}
	return ERR_INVAL;
}

struct screen_rule screen_rule_preset(enum screen_row row)
{
	return (struct screen_rule){ .mode = (uint8_t)facts[row].preset, .answer = facts[row].answers[0] };
}

void screen_rules_preset(struct screen_rules *out)
{
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		out->row[i] = screen_rule_preset((enum screen_row)i);
	}
}

int screen_rule_except(struct screen_rule *rule, const char *scs)
{
	unsigned at = 0;

	if (!ident_name_ok(scs)) {
		return ERR_INVAL;
	}
	if (screen_rule_exempts(rule, scs)) {
		return ERR_EXISTS;
	}
	if (rule->except_n >= SCREEN_EXCEPT_MAX) {
		return ERR_LIMIT;
	}
	while (at < rule->except_n && strcmp(rule->except[at], scs) < 0) {
		at++;
	}
	memmove(rule->except[at + 1], rule->except[at], (rule->except_n - at) * sizeof rule->except[0]);
	str_set(rule->except[at], sizeof rule->except[at], scs);
	rule->except_n++;
	return 0;
}

void screen_rule_unexcept(struct screen_rule *rule, unsigned at)
{
	rule->except_n--;
	memmove(rule->except[at], rule->except[at + 1], (rule->except_n - at) * sizeof rule->except[0]);
}

bool screen_rule_exempts(const struct screen_rule *rule, const char *scs)
{
	for (unsigned i = 0; i < rule->except_n; i++) {
		if (!strcmp(rule->except[i], scs)) {
			return true;
		}
	}
	return false;
}

bool screen_rule_equal(const struct screen_rule *a, const struct screen_rule *b)
{
	if (a->mode != b->mode || a->answer != b->answer || a->except_n != b->except_n) {
		return false;
	}
	for (unsigned i = 0; i < a->except_n; i++) {
		if (strcmp(a->except[i], b->except[i]) != 0) {
			return false;
		}
	}
	return true;
}

static bool takes_answer(const struct fact *f, uint16_t answer)
{
	for (unsigned i = 0; i < ANSWERS_MAX; i++) {
		if (f->answers[i] == answer && (answer || f->class == SCREEN_FIXED)) {
			return true;
		}
	}
	return false;
}

static void wrong_answer(const struct fact *f, uint16_t answer, char why[SCREEN_WHY_MAX])
{
	struct text t = text_over(why, SCREEN_WHY_MAX);

	text_add(&t, "answer ");
	text_u32(&t, answer);
	text_add(&t, " is none of row '");
	text_add(&t, f->name);
	text_add(&t, "'; it takes ");
	for (unsigned i = 0; i < ANSWERS_MAX && f->answers[i]; i++) {
		text_add(&t, i ? ", " : "");
		text_u32(&t, f->answers[i]);
	}
}

int screen_rule_check(enum screen_row row, const struct screen_rule *rule, char why[SCREEN_WHY_MAX])
{
	const struct fact *f = &facts[row];
	struct screen_rule preset = screen_rule_preset(row);

	why[0] = 0;
	if (f->class == SCREEN_FIXED && !screen_rule_equal(rule, &preset)) {
		snprintf(why, SCREEN_WHY_MAX, "row '%s' is fixed: it is always enforced, for every SCS", f->name);
	} else if (rule->mode >= MODES_N) {
		snprintf(why, SCREEN_WHY_MAX, "mode %u is none; modes are " SCREEN_MODE_WORDS, rule->mode);
	} else if (f->class == SCREEN_CLOSED && (rule->mode == SCREEN_DETECT || rule->except_n)) {
		snprintf(
		    why, SCREEN_WHY_MAX,
		    "row '%s' only takes the modes enforce and drop, and no exceptions: the gateway could not carry out what "
		    "it would let pass",
		    f->name);
	} else if (!takes_answer(f, rule->answer)) {
		wrong_answer(f, rule->answer, why);
	} else if (rule->except_n > SCREEN_EXCEPT_MAX) {
		snprintf(why, SCREEN_WHY_MAX, "row '%s' has %u exceptions, at most %u are possible", f->name, rule->except_n,
			 SCREEN_EXCEPT_MAX);
	}
	return why[0] ? ERR_INVAL : 0;
}

bool screen_rule_relaxed(enum screen_row row, const struct screen_rule *rule)
{
	return (rule->mode == SCREEN_DETECT && facts[row].preset != SCREEN_DETECT) || rule->except_n > 0;
}

const char *screen_rule_text(char out[SCREEN_RULE_TEXT_MAX], const struct screen_rule *rule)
{
	struct text t = text_over(out, SCREEN_RULE_TEXT_MAX);

	text_add(&t, screen_mode_word(rule->mode));
	if (rule->mode == SCREEN_ENFORCE && rule->answer) {
		text_char(&t, ' ');
		text_u32(&t, rule->answer);
	}
	for (unsigned i = 0; i < rule->except_n; i++) {
		text_add(&t, i ? "," : ", except ");
		text_add(&t, rule->except[i]);
	}
	return out;
}
