/* smpp_session_rules.c - states of a session, and who may send which command in which of them (SMPP
 * 3.4 table 2-1). */
#include "smpp/smpp_session_int.h"

static const char *const state_words[] = {
	"open",    "binding", "bound as transmitter", "bound as receiver", "bound as transceiver", "leaving", "unbinding",
	"unbound", "closed",
};

/* From the drawing in the header. */
#define TO(name) MACHINE_TO(SMPP_##name)
#define FROM_BOUND (TO(LEAVING) | TO(UNBINDING) | TO(CLOSED))
static const uint32_t next_states[] = {
	[SMPP_OPEN] = TO(BINDING) | TO(CLOSED),
	[SMPP_BINDING] = TO(BOUND_TX) | TO(BOUND_RX) | TO(BOUND_TRX) | TO(UNBOUND) | TO(CLOSED),
	[SMPP_BOUND_TX] = FROM_BOUND,
	[SMPP_BOUND_RX] = FROM_BOUND,
	[SMPP_BOUND_TRX] = FROM_BOUND,
	[SMPP_LEAVING] = TO(UNBOUND) | TO(CLOSED),
	[SMPP_UNBINDING] = TO(UNBOUND) | TO(CLOSED),
	[SMPP_UNBOUND] = TO(CLOSED),
	[SMPP_CLOSED] = 0,
};

const struct machine smpp_session_machine = { "smpp", "session", state_words, next_states, SMPP_SESSION_STATE_N };

enum { BY_ESME = 1, BY_SMSC = 2, BY_BOTH = 3 };
#define BOUND_ANY (TO(BOUND_TX) | TO(BOUND_RX) | TO(BOUND_TRX))
#define SENDING (TO(BOUND_TX) | TO(BOUND_TRX))
#define RECEIVING (TO(BOUND_RX) | TO(BOUND_TRX))

struct rule {
	uint32_t command;
	uint8_t by;      /* which end may send it */
	uint32_t states; /* MACHINE_TO() of the states; TX and RX are those of the ESME */
};

static const struct rule rules[] = {
	{ SMPP_SUBMIT_SM, BY_ESME, SENDING },
	{ SMPP_DELIVER_SM, BY_SMSC, RECEIVING },
	{ SMPP_ENQUIRE_LINK, BY_BOTH, TO(OPEN) | TO(BINDING) | BOUND_ANY }, /* OPEN: SMPP 5.0 */
	{ SMPP_DATA_SM, BY_ESME, SENDING },
	{ SMPP_DATA_SM, BY_SMSC, RECEIVING },
	{ SMPP_SUBMIT_MULTI, BY_ESME, SENDING },
	{ SMPP_QUERY_SM, BY_ESME, SENDING },
	{ SMPP_CANCEL_SM, BY_ESME, SENDING },
	{ SMPP_REPLACE_SM, BY_ESME, SENDING },
	{ SMPP_UNBIND, BY_BOTH, BOUND_ANY | TO(UNBINDING) },
	{ SMPP_BIND_TRANSCEIVER, BY_ESME, TO(OPEN) },
	{ SMPP_BIND_TRANSMITTER, BY_ESME, TO(OPEN) },
	{ SMPP_BIND_RECEIVER, BY_ESME, TO(OPEN) },
	{ SMPP_ALERT_NOTIFICATION, BY_SMSC, RECEIVING },
	{ SMPP_OUTBIND, BY_BOTH, 0 }, /* known, and refused: a session begins with the ESME's bind */
};
#undef TO

enum smpp_session_state smpp_bind_of(uint32_t command)
{
	switch (command) {
	case SMPP_BIND_TRANSMITTER:
		return SMPP_BOUND_TX;
	case SMPP_BIND_RECEIVER:
		return SMPP_BOUND_RX;
	case SMPP_BIND_TRANSCEIVER:
		return SMPP_BOUND_TRX;
	default:
		return SMPP_OPEN;
	}
}

bool smpp_is_bound(enum smpp_session_state state)
{
	return state >= SMPP_BOUND_TX && state <= SMPP_BOUND_TRX;
}

/* While we unbind, the peer's requests are taken as before: it learns of the unbind later. */
bool smpp_rule_allows(const struct smpp_session *s, uint32_t command, bool ours)
{
	uint8_t by = (s->conf.role == SMPP_ROLE_ESME) == ours ? BY_ESME : BY_SMSC;
	uint32_t state = MACHINE_TO(s->state);

	if (!ours && s->state == SMPP_UNBINDING) {
		state |= MACHINE_TO(s->bound);
	}
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		if (rules[i].command == command && (rules[i].by & by) && (rules[i].states & state)) {
			return true;
		}
	}
	return false;
}

void smpp_set_state(struct smpp_session *s, enum smpp_session_state next)
{
	if (next != s->state) {
		s->state = (enum smpp_session_state)machine_go(&smpp_session_machine, s->in_state, s->state, next);
	}
}
