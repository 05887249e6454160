/* peer_reopen.c - the table.
 *
 *                open, unclean           time             time, message
 *      (CLEAR) ---------------> QUIET ----------> LISTENING ------------> (CLEAR)
 *                                 | DWR              | DWR
 *                                 +--------+---------+
 *                       first time |       | after the reconnect
 *                                  v       v
 *            LEFT <--closed-- LEAVING     HOLD --message, third DWR, 3 Tw--> (CLEAR)
 *              | open
 *              +---> QUIET
 *
 * Closed leads to CLEAR from everywhere but LEAVING and LEFT. */
#include "peer/peer_reopen.h"

enum { ANY = -1 };

struct reopen_rule {
	enum peer_reopen_state state;
	enum peer_reopen_event event;
	int if_reconnected; /* ANY, 0, 1 */
	int if_last_dwr;    /* the DWR that makes PEER_REOPEN_DWAS: ANY, 0, 1 */
	enum peer_reopen_action action;
	enum peer_reopen_state next;
};

/* clang-format off */
#define S(name) PEER_REOPEN_##name
#define EV(name) PEER_REOPEN_EV_##name
static const struct reopen_rule rules[] = {
	/* state         event             if reconnected, last DWR   action           next */
	{ S(CLEAR),      EV(OPEN_CLEAN),   ANY, ANY,                  S(NOTHING),      S(CLEAR) },
	{ S(CLEAR),      EV(OPEN_UNCLEAN), ANY, ANY,                  S(NOTHING),      S(QUIET) },
	{ S(CLEAR),      EV(DWR),          ANY, ANY,                  S(NOTHING),      S(CLEAR) },
	{ S(CLEAR),      EV(MESSAGE),      ANY, ANY,                  S(NOTHING),      S(CLEAR) },
	{ S(CLEAR),      EV(CLOSED),       ANY, ANY,                  S(NOTHING),      S(CLEAR) },

	{ S(QUIET),      EV(DWR),          0,   ANY,                  S(RECONNECT),    S(LEAVING) },
	{ S(QUIET),      EV(DWR),          1,   ANY,                  S(START_HOLD),   S(HOLD) },
	{ S(QUIET),      EV(MESSAGE),      ANY, ANY,                  S(USE),          S(CLEAR) },
	{ S(QUIET),      EV(TIME),         ANY, ANY,                  S(USE),          S(LISTENING) },
	{ S(QUIET),      EV(CLOSED),       ANY, ANY,                  S(NOTHING),      S(CLEAR) },

	{ S(LISTENING),  EV(DWR),          0,   ANY,                  S(RECONNECT),    S(LEAVING) },
	{ S(LISTENING),  EV(DWR),          1,   ANY,                  S(START_HOLD),   S(HOLD) },
	{ S(LISTENING),  EV(MESSAGE),      ANY, ANY,                  S(NOTHING),      S(CLEAR) },
	{ S(LISTENING),  EV(TIME),         ANY, ANY,                  S(NOTHING),      S(CLEAR) },
	{ S(LISTENING),  EV(CLOSED),       ANY, ANY,                  S(NOTHING),      S(CLEAR) },

	{ S(LEAVING),    EV(DWR),          ANY, ANY,                  S(NOTHING),      S(LEAVING) },
	{ S(LEAVING),    EV(MESSAGE),      ANY, ANY,                  S(NOTHING),      S(LEAVING) },
	{ S(LEAVING),    EV(CLOSED),       ANY, ANY,                  S(NOTHING),      S(LEFT) },

	{ S(LEFT),       EV(OPEN_CLEAN),   ANY, ANY,                  S(NOTHING),      S(QUIET) },
	{ S(LEFT),       EV(OPEN_UNCLEAN), ANY, ANY,                  S(NOTHING),      S(QUIET) },
	{ S(LEFT),       EV(CLOSED),       ANY, ANY,                  S(NOTHING),      S(LEFT) },

	{ S(HOLD),       EV(DWR),          ANY, 0,                    S(NOTHING),      S(HOLD) },
	{ S(HOLD),       EV(DWR),          ANY, 1,                    S(USE),          S(CLEAR) },
	{ S(HOLD),       EV(PROBE),        ANY, ANY,                  S(NOTHING),      S(HOLD) },
	{ S(HOLD),       EV(MESSAGE),      ANY, ANY,                  S(USE),          S(CLEAR) },
	{ S(HOLD),       EV(TIME),         ANY, ANY,                  S(USE),          S(CLEAR) },
	{ S(HOLD),       EV(CLOSED),       ANY, ANY,                  S(NOTHING),      S(CLEAR) },
};
#undef S
#undef EV
/* clang-format on */

static const char *const event_words[] = {
	"open after an end in order", "open after a loss", "DWR", "message", "time", "probe", "closed"
};

static const char *const state_words[] = { "CLEAR", "QUIET", "LISTENING", "LEAVING", "LEFT", "HOLD" };

/* From the drawing above. */
#define TO(name) MACHINE_TO(PEER_REOPEN_##name)
static const uint32_t next_states[] = {
	[PEER_REOPEN_CLEAR] = TO(QUIET),
	[PEER_REOPEN_QUIET] = TO(LISTENING) | TO(LEAVING) | TO(HOLD) | TO(CLEAR),
	[PEER_REOPEN_LISTENING] = TO(LEAVING) | TO(HOLD) | TO(CLEAR),
	[PEER_REOPEN_LEAVING] = TO(LEFT),
	[PEER_REOPEN_LEFT] = TO(QUIET),
	[PEER_REOPEN_HOLD] = TO(CLEAR),
};
#undef TO

const struct machine peer_reopen_machine = { "peer", "detection of REOPEN", state_words, next_states, PEER_REOPEN_STATE_N };

const char *peer_reopen_str(enum peer_reopen_state state)
{
	return machine_word(&peer_reopen_machine, state);
}

void peer_reopen_init(struct peer_reopen *r, uint32_t tw_ms, uint32_t *in_state, const struct log *log, const char *name)
{
	*r = (struct peer_reopen){
		.state = PEER_REOPEN_CLEAR, .tw_ms = tw_ms, .in_state = in_state, .log = log, .name = name ? name : ""
	};
	machine_begin(&peer_reopen_machine, in_state, r->state);
}

void peer_reopen_end(struct peer_reopen *r)
{
	machine_end(&peer_reopen_machine, r->in_state, r->state);
}

/* What a state begins with. */
static void enter(struct peer_reopen *r, enum peer_reopen_state next, uint64_t now_ms)
{
	switch (next) {
	case PEER_REOPEN_CLEAR:
		r->reconnected = false;
		r->deadline_ms = 0;
		break;
	case PEER_REOPEN_QUIET:
		r->deadline_ms = now_ms + PEER_REOPEN_QUIET_MS;
		break;
	case PEER_REOPEN_LISTENING:
		r->deadline_ms = now_ms + PEER_REOPEN_SIGN_MS - PEER_REOPEN_QUIET_MS;
		break;
	case PEER_REOPEN_LEAVING:
		r->reconnected = true;
		r->deadline_ms = 0;
		break;
	case PEER_REOPEN_HOLD:
		r->dwas = 0;
		r->deadline_ms = now_ms + (uint64_t)PEER_REOPEN_HOLD_TW * r->tw_ms;
		break;
	default:
		r->deadline_ms = 0;
	}
}

/* The one door to the state; the line of trace names the event, too. */
static void set_state(struct peer_reopen *r, enum peer_reopen_state next, enum peer_reopen_event event, uint64_t now_ms)
{
	if (next == r->state) {
		return;
	}
	log_debug(r->log, "peer", "%s: REOPEN of the peer: %s -> %s: %s", r->name, peer_reopen_str(r->state),
		  peer_reopen_str(next), event_words[event]);
	r->state = (enum peer_reopen_state)machine_go(&peer_reopen_machine, r->in_state, r->state, next);
	enter(r, next, now_ms);
}

static void apply(struct peer_reopen *r, const struct reopen_rule *rule, uint64_t now_ms)
{
	set_state(r, rule->next, rule->event, now_ms);
	if (r->state == PEER_REOPEN_HOLD && rule->event == PEER_REOPEN_EV_DWR) {
		r->dwas++;
	}
	r->probe = r->state == PEER_REOPEN_HOLD && rule->event != PEER_REOPEN_EV_PROBE;
}

enum peer_reopen_action peer_reopen_step(struct peer_reopen *r, enum peer_reopen_event event, uint64_t now_ms)
{
	bool last_dwr = r->dwas + 1 >= PEER_REOPEN_DWAS;

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct reopen_rule *rule = &rules[i];

		if (rule->state != r->state || rule->event != event ||
		    (rule->if_reconnected != ANY && (rule->if_reconnected == 1) != r->reconnected) ||
		    (rule->if_last_dwr != ANY && (rule->if_last_dwr == 1) != last_dwr)) {
			continue;
		}
		apply(r, rule, now_ms);
		return rule->action;
	}
	r->refused++;
	log_debug(r->log, "peer", "%s: REOPEN of the peer: %s is not welcome in %s", r->name,
		  (unsigned)event < PEER_REOPEN_EVENT_N ? event_words[event] : "unknown", peer_reopen_str(r->state));
	return PEER_REOPEN_NOTHING;
}

bool peer_reopen_due(const struct peer_reopen *r, uint64_t now_ms)
{
	return r->deadline_ms && now_ms >= r->deadline_ms;
}

bool peer_reopen_may_send(const struct peer_reopen *r)
{
	if (r->state == PEER_REOPEN_HOLD) {
		return r->probe;
	}
	return r->state == PEER_REOPEN_CLEAR || r->state == PEER_REOPEN_LISTENING;
}
