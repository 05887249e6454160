/* core_seen.c - see core_seen.h. */
#include "core/core_seen.h"

#include "base/shown.h"
#include "core/core_int.h"

#define SPAN_MS 60000u

void core_seen_init(struct core *c)
{
	TAILQ_INIT(&c->seen.left_out);
}

/* The lines that were left out counted as detected, each when it was; the one that tells of them
 * counts itself. */
static void tell_rows(struct core *c, struct core_scs *scs)
{
	uint32_t rest = few_rest(&scs->screened, SPAN_MS, net_loop_now_ms(c->loop));

	if (!rest) {
		return;
	}
	TAILQ_REMOVE(&c->seen.left_out, scs, screened_entry);
	st_count_n(&c->st, ST_DECISION_DETECTED, rest - 1);
	core_decide_screened_more(c, scs->name, rest);
}

void core_seen_row(struct core *c, const struct core_session *s, enum screen_row row)
{
	struct core_scs *scs = s->scs;

	tell_rows(c, scs);
	if (few_say(&scs->screened, CORE_SEEN_A_MINUTE, SPAN_MS, net_loop_now_ms(c->loop))) {
		core_decide_screened(c, s, row);
	} else if (scs->screened.left_out == 1) {
		TAILQ_INSERT_TAIL(&c->seen.left_out, scs, screened_entry);
	}
}

static void tell_kind(struct core *c, enum core_seen_kind kind)
{
	static const char *const nouns[] = { [CORE_SEEN_COPY] = "more copy", [CORE_SEEN_REPLAY] = "more replay" };
	uint32_t rest = few_rest(&c->seen.said[kind], SPAN_MS, net_loop_now_ms(c->loop));
	char words[SHOWN_COUNT_MAX];

	if (rest) {
		log_info(c->log, "core", "%s within a minute, without a line each", shown_count(words, rest, nouns[kind]));
	}
}

bool core_seen_say(struct core *c, enum core_seen_kind kind)
{
	tell_kind(c, kind);
	return few_say(&c->seen.said[kind], CORE_SEEN_A_MINUTE, SPAN_MS, net_loop_now_ms(c->loop));
}

void core_seen_look(struct core *c)
{
	struct core_scs *scs, *next;

	for (unsigned i = 0; i < CORE_SEEN_KINDS; i++) {
		tell_kind(c, (enum core_seen_kind)i);
	}
	for (scs = TAILQ_FIRST(&c->seen.left_out); scs; scs = next) {
		next = TAILQ_NEXT(scs, screened_entry);
		tell_rows(c, scs);
	}
}
