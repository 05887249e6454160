/* peer_watchdog.c - RFC 3539 3.4, row by row.
 *
 *                 up                    Tw, Pending             Tw, down
 *   (INITIAL) ----------> OKAY -------------------> SUSPECT ----------> DOWN <---------+
 *                         ^  ^ \       DWA, message   |                 ^ | up         | Tw with
 *                         |  +--\---------------------+            down | v            | Pending
 *                         |      +--------------------------------------+ REOPEN ------+ twice,
 *                         +-----------------------------------------------+              down
 *                                        third DWA
 *
 * DOWN leads to INITIAL without an event: peer_watchdog_renew(). */
#include "peer/peer_watchdog.h"

enum { ANY = -1 };
enum guard_dwa { DWA_ANY, DWA_2, DWA_BELOW_2, DWA_0_OR_MORE, DWA_BELOW_0 };
enum num_dwa_change { KEEP, ZERO, PLUS_1, MINUS_1 };
enum tw { TW_KEEP, TW_SET };

struct wd_rule {
	enum peer_wd_state state;
	enum peer_wd_event event;
	int if_pending; /* ANY, 0, 1 */
	enum guard_dwa if_num_dwa;
	unsigned actions;
	enum tw tw;
	int pending; /* what it becomes: ANY keeps it */
	enum num_dwa_change num_dwa;
	enum peer_wd_state next;
};

/* clang-format off */
static const struct wd_rule rules[] = {
	/* state           event                    if Pending  if NumDWA      actions                               Tw       Pending NumDWA  next */
	{ PEER_WD_OKAY,    PEER_WD_DWA,             ANY, DWA_ANY,       0,                                          TW_SET,  0,   KEEP,    PEER_WD_OKAY },
	{ PEER_WD_OKAY,    PEER_WD_MESSAGE,         ANY, DWA_ANY,       0,                                          TW_SET,  ANY, KEEP,    PEER_WD_OKAY },
	{ PEER_WD_OKAY,    PEER_WD_TW_EXPIRES,      0,   DWA_ANY,       PEER_WD_SEND_DWR,                           TW_SET,  1,   KEEP,    PEER_WD_OKAY },
	{ PEER_WD_OKAY,    PEER_WD_TW_EXPIRES,      1,   DWA_ANY,       PEER_WD_FAILOVER,                           TW_SET,  ANY, KEEP,    PEER_WD_SUSPECT },
	{ PEER_WD_OKAY,    PEER_WD_CONNECTION_DOWN, ANY, DWA_ANY,       PEER_WD_CLOSE | PEER_WD_FAILOVER,           TW_SET,  ANY, KEEP,    PEER_WD_DOWN },

	{ PEER_WD_INITIAL, PEER_WD_CONNECTION_UP,   ANY, DWA_ANY,       0,                                          TW_SET,  ANY, KEEP,    PEER_WD_OKAY },
	{ PEER_WD_INITIAL, PEER_WD_TW_EXPIRES,      ANY, DWA_ANY,       PEER_WD_ATTEMPT_OPEN,                       TW_SET,  ANY, KEEP,    PEER_WD_INITIAL },
	{ PEER_WD_INITIAL, PEER_WD_DWA,             ANY, DWA_ANY,       PEER_WD_DROP,                               TW_KEEP, ANY, KEEP,    PEER_WD_INITIAL },
	{ PEER_WD_INITIAL, PEER_WD_MESSAGE,         ANY, DWA_ANY,       PEER_WD_DROP,                               TW_KEEP, ANY, KEEP,    PEER_WD_INITIAL },

	{ PEER_WD_SUSPECT, PEER_WD_DWA,             ANY, DWA_ANY,       PEER_WD_FAILBACK,                           TW_SET,  0,   KEEP,    PEER_WD_OKAY },
	{ PEER_WD_SUSPECT, PEER_WD_MESSAGE,         ANY, DWA_ANY,       PEER_WD_FAILBACK,                           TW_SET,  ANY, KEEP,    PEER_WD_OKAY },
	{ PEER_WD_SUSPECT, PEER_WD_TW_EXPIRES,      ANY, DWA_ANY,       PEER_WD_CLOSE,                              TW_SET,  ANY, KEEP,    PEER_WD_DOWN },
	{ PEER_WD_SUSPECT, PEER_WD_CONNECTION_DOWN, ANY, DWA_ANY,       PEER_WD_CLOSE,                              TW_SET,  ANY, KEEP,    PEER_WD_DOWN },

	{ PEER_WD_DOWN,    PEER_WD_TW_EXPIRES,      ANY, DWA_ANY,       PEER_WD_ATTEMPT_OPEN,                       TW_SET,  ANY, KEEP,    PEER_WD_DOWN },
	{ PEER_WD_DOWN,    PEER_WD_CONNECTION_UP,   ANY, DWA_ANY,       PEER_WD_SEND_DWR,                           TW_SET,  1,   ZERO,    PEER_WD_REOPEN },
	{ PEER_WD_DOWN,    PEER_WD_DWA,             ANY, DWA_ANY,       PEER_WD_DROP,                               TW_KEEP, 0,   KEEP,    PEER_WD_DOWN },
	{ PEER_WD_DOWN,    PEER_WD_MESSAGE,         ANY, DWA_ANY,       PEER_WD_DROP,                               TW_KEEP, ANY, KEEP,    PEER_WD_DOWN },

	{ PEER_WD_REOPEN,  PEER_WD_DWA,             ANY, DWA_2,         PEER_WD_FAILBACK,                           TW_KEEP, 0,   PLUS_1,  PEER_WD_OKAY },
	{ PEER_WD_REOPEN,  PEER_WD_DWA,             ANY, DWA_BELOW_2,   0,                                          TW_KEEP, 0,   PLUS_1,  PEER_WD_REOPEN },
	{ PEER_WD_REOPEN,  PEER_WD_MESSAGE,         ANY, DWA_ANY,       PEER_WD_DROP,                               TW_KEEP, ANY, KEEP,    PEER_WD_REOPEN },
	{ PEER_WD_REOPEN,  PEER_WD_TW_EXPIRES,      0,   DWA_ANY,       PEER_WD_SEND_DWR,                           TW_SET,  1,   KEEP,    PEER_WD_REOPEN },
	{ PEER_WD_REOPEN,  PEER_WD_TW_EXPIRES,      1,   DWA_0_OR_MORE, 0,                                          TW_SET,  ANY, MINUS_1, PEER_WD_REOPEN },
	{ PEER_WD_REOPEN,  PEER_WD_TW_EXPIRES,      1,   DWA_BELOW_0,   PEER_WD_CLOSE,                              TW_SET,  ANY, KEEP,    PEER_WD_DOWN },
	{ PEER_WD_REOPEN,  PEER_WD_CONNECTION_DOWN, ANY, DWA_ANY,       PEER_WD_CLOSE,                              TW_SET,  ANY, KEEP,    PEER_WD_DOWN },
};
/* clang-format on */

static const char *const event_words[] = { "connection up", "connection down", "DWA", "message", "Tw expires" };

static const char *const state_words[] = { "INITIAL", "OKAY", "SUSPECT", "DOWN", "REOPEN" };

/* From the drawing above. */
#define TO(name) MACHINE_TO(PEER_WD_##name)
static const uint32_t next_states[] = {
	[PEER_WD_INITIAL] = TO(OKAY),
	[PEER_WD_OKAY] = TO(SUSPECT) | TO(DOWN),
	[PEER_WD_SUSPECT] = TO(OKAY) | TO(DOWN),
	[PEER_WD_DOWN] = TO(REOPEN) | TO(INITIAL),
	[PEER_WD_REOPEN] = TO(OKAY) | TO(DOWN),
};
#undef TO

const struct machine peer_wd_machine = { "peer", "watchdog", state_words, next_states, PEER_WD_STATE_N };

const char *peer_watchdog_str(enum peer_wd_state state)
{
	return machine_word(&peer_wd_machine, state);
}

/* The one door to the state. `event` is for the trace. */
static void set_state(struct peer_watchdog *w, enum peer_wd_state next, const char *event)
{
	if (next == w->state) {
		return;
	}
	log_debug(w->log, "peer", "%s: watchdog %s -> %s: %s", w->name, peer_watchdog_str(w->state), peer_watchdog_str(next),
		  event);
	w->state = (enum peer_wd_state)machine_go(&peer_wd_machine, w->in_state, w->state, next);
}

void peer_watchdog_init(struct peer_watchdog *w, uint32_t twinit_ms, bool unchecked, uint32_t reopen_ms, uint32_t *in_state,
			const struct log *log, const char *name)
{
	if (!twinit_ms) {
		twinit_ms = 30000;
	}
	if (!unchecked && twinit_ms < PEER_WATCHDOG_TWINIT_MIN_MS) {
		twinit_ms = PEER_WATCHDOG_TWINIT_MIN_MS;
	}
	*w = (struct peer_watchdog){ .state = PEER_WD_INITIAL,
				     .twinit_ms = twinit_ms,
				     .reopen_ms = reopen_ms,
				     .in_state = in_state,
				     .log = log,
				     .name = name ? name : "" };
	machine_begin(&peer_wd_machine, in_state, w->state);
}

void peer_watchdog_renew(struct peer_watchdog *w)
{
	set_state(w, PEER_WD_INITIAL, "the connection ended in order");
	w->pending = false;
	w->num_dwa = 0;
	w->deadline_ms = 0;
}

void peer_watchdog_end(struct peer_watchdog *w)
{
	machine_end(&peer_wd_machine, w->in_state, w->state);
}

static bool num_dwa_fits(int num_dwa, enum guard_dwa guard)
{
	switch (guard) {
	case DWA_2:
		return num_dwa >= 2;
	case DWA_BELOW_2:
		return num_dwa < 2;
	case DWA_0_OR_MORE:
		return num_dwa >= 0;
	case DWA_BELOW_0:
		return num_dwa < 0;
	default:
		return true;
	}
}

/* Twinit with its jitter, evenly spread from -spread to +spread. */
static uint64_t draw_tw(const struct peer_watchdog *w, uint32_t random)
{
	uint32_t spread = w->twinit_ms / 3 < PEER_WATCHDOG_JITTER_MS ? w->twinit_ms / 3 : PEER_WATCHDOG_JITTER_MS;

	return (uint64_t)w->twinit_ms - spread + random % (2 * spread + 1);
}

static void apply(struct peer_watchdog *w, const struct wd_rule *r, uint64_t now_ms, uint32_t random)
{
	set_state(w, r->next, event_words[r->event]);
	if (r->pending != ANY) {
		w->pending = r->pending;
	}
	if (r->num_dwa == ZERO) {
		w->num_dwa = 0;
	} else if (r->num_dwa == PLUS_1) {
		w->num_dwa++;
	} else if (r->num_dwa == MINUS_1) {
		w->num_dwa = -1;
	}
	if (r->tw == TW_SET) {
		w->deadline_ms = now_ms + draw_tw(w, random);
	} else if (r->event == PEER_WD_DWA && w->state == PEER_WD_REOPEN && w->reopen_ms &&
		   w->deadline_ms > now_ms + w->reopen_ms) {
		/* the peer answers; the machine only checks that it continues to */
		w->deadline_ms = now_ms + w->reopen_ms;
	}
}

unsigned peer_watchdog_step(struct peer_watchdog *w, enum peer_wd_event event, uint64_t now_ms, uint32_t random)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct wd_rule *r = &rules[i];

		if (r->state != w->state || r->event != event || (r->if_pending != ANY && (r->if_pending == 1) != w->pending) ||
		    !num_dwa_fits(w->num_dwa, r->if_num_dwa)) {
			continue;
		}
		apply(w, r, now_ms, random);
		return r->actions;
	}
	w->refused++;
	log_debug(w->log, "peer", "%s: watchdog: %s is not welcome in %s", w->name,
		  (unsigned)event < PEER_WD_EVENT_N ? event_words[event] : "unknown", peer_watchdog_str(w->state));
	return 0;
}

bool peer_watchdog_due(const struct peer_watchdog *w, uint64_t now_ms)
{
	return w->deadline_ms && now_ms >= w->deadline_ms;
}
