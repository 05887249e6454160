/* core_lapses.c - counts and logs lapses of answers, see core_lapses.h. */
#include "core/core_lapses.h"

#include "core/core_int.h"

#define LOG_PAUSE_MS UINT64_C(3600000)

void core_lapses_note(struct core *c, struct core_lapses *l, uint8_t lapses, const char *what, const char *kind, const char *who)
{
	char words[APP_LAPSES_TEXT_MAX];
	uint64_t now_ms = core_now_ms(c);

	if (!lapses) {
		return;
	}
	l->n++;
	l->seen |= lapses;
	st_count(&c->st, ST_ANSWERS_FORGIVEN);
	if (now_ms < l->log_next_ms) {
		return;
	}
	l->log_next_ms = now_ms + LOG_PAUSE_MS;
	app_lapses_text(words, lapses);
	log_warn(c->log, "core", "%s %s: a %s breaks its grammar and is taken all the same: %s (strict_answers refuses it)", kind,
		 who, what, words);
}
