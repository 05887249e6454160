/* peer_fsm.c - RFC 6733 5.6, row by row.
 *
 *                    Start                 I-Rcv-Conn-Ack               I-Rcv-CEA
 *      (CLOSED) ---------------> WAIT-CONN-ACK ----------> WAIT-I-CEA ------------------> I-OPEN
 *       |   ^ ^                    |      ^                  |   ^                          ^ |
 *       |   | |         R-Conn-CER |      | R-Peer-Disc      |   | R-Peer-Disc              | |
 *       |   | |                    v      |       R-Conn-CER |   |                          | |
 *       |   | |             WAIT-CONN-ACK/ELECT              |   |                I-Rcv-CEA | |
 *       |   | |                    |      |   I-Rcv-Conn-Ack v   |                          | |
 *       |   | |                    |      +-----------> WAIT-RETURNS -----------------------+ |
 *       |   | |    I-Rcv-Conn-Nack |                         | Win-Election,  Stop, I-Rcv-DPR |
 *       |   | |                    v                         v I-Peer-Disc                    v
 *       |   | |                  R-OPEN <--------------------+                             CLOSING
 *       |   | |                  ^ |  Stop, R-Rcv-DPR                                       ^  |
 *       +---|-|------------------+ +--------------------------------------------------------+  |
 *  R-Conn-  | +- Timeout, Nack, Non-CEA, Peer-Disc: from every state that waits or is open     |
 *  CER      +----------------------------------------------------------------------------------+
 *                                        Rcv-DPA, Peer-Disc, Timeout
 *
 * Rows marked "gap" are ours: the RFC's table leaves the pair out. */
#include "peer/peer_fsm.h"

#include <assert.h>

struct peer_rule {
	enum peer_state state;
	enum peer_event event;
	enum peer_action actions[PEER_ACTIONS_MAX];
	enum peer_state next;
};

/* clang-format off */
#define ACT(name) PEER_ACT_##name
static const struct peer_rule rules[] = {
	/* state                event                   actions                                                   next */
	/* the rows of messages first: a step looks for its row from here on */
	{ PEER_R_OPEN,          PEER_EV_R_RCV_MESSAGE,  { ACT(PROCESS) },                                         PEER_R_OPEN },
	{ PEER_R_OPEN,          PEER_EV_SEND_MESSAGE,   { ACT(R_SND_MESSAGE) },                                   PEER_R_OPEN },
	{ PEER_I_OPEN,          PEER_EV_I_RCV_MESSAGE,  { ACT(PROCESS) },                                         PEER_I_OPEN },
	{ PEER_I_OPEN,          PEER_EV_SEND_MESSAGE,   { ACT(I_SND_MESSAGE) },                                   PEER_I_OPEN },

	{ PEER_R_OPEN,          PEER_EV_R_RCV_DWR,      { ACT(PROCESS_DWR), ACT(R_SND_DWA) },                     PEER_R_OPEN },
	{ PEER_R_OPEN,          PEER_EV_R_RCV_DWA,      { ACT(PROCESS_DWA) },                                     PEER_R_OPEN },
	{ PEER_R_OPEN,          PEER_EV_R_CONN_CER,     { ACT(R_REJECT) },                                        PEER_R_OPEN },
	{ PEER_R_OPEN,          PEER_EV_STOP,           { ACT(R_SND_DPR) },                                       PEER_CLOSING },
	{ PEER_R_OPEN,          PEER_EV_R_RCV_DPR,      { ACT(R_SND_DPA) },                                       PEER_CLOSING },
	{ PEER_R_OPEN,          PEER_EV_R_PEER_DISC,    { ACT(R_DISC) },                                          PEER_CLOSED },
	{ PEER_R_OPEN,          PEER_EV_R_RCV_CER,      { ACT(REFUSE_CER), ACT(R_DISC) },                         PEER_CLOSED }, /* gap */

	{ PEER_I_OPEN,          PEER_EV_I_RCV_DWR,      { ACT(PROCESS_DWR), ACT(I_SND_DWA) },                     PEER_I_OPEN },
	{ PEER_I_OPEN,          PEER_EV_I_RCV_DWA,      { ACT(PROCESS_DWA) },                                     PEER_I_OPEN },
	{ PEER_I_OPEN,          PEER_EV_R_CONN_CER,     { ACT(R_REJECT) },                                        PEER_I_OPEN },
	{ PEER_I_OPEN,          PEER_EV_STOP,           { ACT(I_SND_DPR) },                                       PEER_CLOSING },
	{ PEER_I_OPEN,          PEER_EV_I_RCV_DPR,      { ACT(I_SND_DPA) },                                       PEER_CLOSING },
	{ PEER_I_OPEN,          PEER_EV_I_PEER_DISC,    { ACT(I_DISC) },                                          PEER_CLOSED },
	{ PEER_I_OPEN,          PEER_EV_I_RCV_CER,      { ACT(REFUSE_CER), ACT(I_DISC) },                         PEER_CLOSED }, /* gap */

	{ PEER_CLOSED,          PEER_EV_START,          { ACT(I_SND_CONN_REQ) },                                  PEER_WAIT_CONN_ACK },
	{ PEER_CLOSED,          PEER_EV_R_CONN_CER,     { ACT(R_ACCEPT), ACT(PROCESS_CER), ACT(R_SND_CEA) },      PEER_R_OPEN },

	{ PEER_WAIT_CONN_ACK,   PEER_EV_I_RCV_CONN_ACK, { ACT(I_SND_CER) },                                       PEER_WAIT_I_CEA },
	{ PEER_WAIT_CONN_ACK,   PEER_EV_I_RCV_CONN_NACK,{ ACT(CLEANUP) },                                         PEER_CLOSED },
	{ PEER_WAIT_CONN_ACK,   PEER_EV_R_CONN_CER,     { ACT(R_ACCEPT), ACT(PROCESS_CER) },                      PEER_WAIT_CONN_ACK_ELECT },
	{ PEER_WAIT_CONN_ACK,   PEER_EV_TIMEOUT,        { ACT(ERROR) },                                           PEER_CLOSED },

	{ PEER_WAIT_I_CEA,      PEER_EV_I_RCV_CEA,      { ACT(PROCESS_CEA) },                                     PEER_I_OPEN },
	{ PEER_WAIT_I_CEA,      PEER_EV_R_CONN_CER,     { ACT(R_ACCEPT), ACT(PROCESS_CER), ACT(ELECT) },          PEER_WAIT_RETURNS },
	{ PEER_WAIT_I_CEA,      PEER_EV_I_PEER_DISC,    { ACT(I_DISC) },                                          PEER_CLOSED },
	{ PEER_WAIT_I_CEA,      PEER_EV_I_RCV_NON_CEA,  { ACT(ERROR) },                                           PEER_CLOSED },
	{ PEER_WAIT_I_CEA,      PEER_EV_TIMEOUT,        { ACT(ERROR) },                                           PEER_CLOSED },

	{ PEER_WAIT_CONN_ACK_ELECT, PEER_EV_I_RCV_CONN_ACK,  { ACT(I_SND_CER), ACT(ELECT) },                      PEER_WAIT_RETURNS },
	{ PEER_WAIT_CONN_ACK_ELECT, PEER_EV_I_RCV_CONN_NACK, { ACT(R_SND_CEA) },                                  PEER_R_OPEN },
	{ PEER_WAIT_CONN_ACK_ELECT, PEER_EV_R_PEER_DISC,     { ACT(R_DISC) },                                     PEER_WAIT_CONN_ACK },
	{ PEER_WAIT_CONN_ACK_ELECT, PEER_EV_R_CONN_CER,      { ACT(R_REJECT) },                                   PEER_WAIT_CONN_ACK_ELECT },
	{ PEER_WAIT_CONN_ACK_ELECT, PEER_EV_TIMEOUT,         { ACT(ERROR) },                                      PEER_CLOSED },

	{ PEER_WAIT_RETURNS,    PEER_EV_WIN_ELECTION,   { ACT(I_DISC), ACT(R_SND_CEA) },                          PEER_R_OPEN },
	{ PEER_WAIT_RETURNS,    PEER_EV_I_PEER_DISC,    { ACT(I_DISC), ACT(R_SND_CEA) },                          PEER_R_OPEN },
	{ PEER_WAIT_RETURNS,    PEER_EV_I_RCV_CEA,      { ACT(R_DISC) },                                          PEER_I_OPEN },
	{ PEER_WAIT_RETURNS,    PEER_EV_R_PEER_DISC,    { ACT(R_DISC) },                                          PEER_WAIT_I_CEA },
	{ PEER_WAIT_RETURNS,    PEER_EV_R_CONN_CER,     { ACT(R_REJECT) },                                        PEER_WAIT_RETURNS },
	{ PEER_WAIT_RETURNS,    PEER_EV_TIMEOUT,        { ACT(ERROR) },                                           PEER_CLOSED },

	{ PEER_CLOSING,         PEER_EV_I_RCV_DPA,      { ACT(I_DISC) },                                          PEER_CLOSED },
	{ PEER_CLOSING,         PEER_EV_R_RCV_DPA,      { ACT(R_DISC) },                                          PEER_CLOSED },
	{ PEER_CLOSING,         PEER_EV_TIMEOUT,        { ACT(ERROR) },                                           PEER_CLOSED },
	{ PEER_CLOSING,         PEER_EV_I_PEER_DISC,    { ACT(I_DISC) },                                          PEER_CLOSED },
	{ PEER_CLOSING,         PEER_EV_R_PEER_DISC,    { ACT(R_DISC) },                                          PEER_CLOSED },
	{ PEER_CLOSING,         PEER_EV_I_RCV_DPR,      { ACT(I_SND_DPA) },                                       PEER_CLOSING }, /* gap */
	{ PEER_CLOSING,         PEER_EV_R_RCV_DPR,      { ACT(R_SND_DPA) },                                       PEER_CLOSING }, /* gap */
};
#undef ACT
/* clang-format on */

static const char *const state_words[] = {
#define PEER_ROW(name, words) words,
	PEER_STATE_TABLE(PEER_ROW)
#undef PEER_ROW
};

/* From the drawing above. */
#define TO(name) MACHINE_TO(PEER_##name)
static const uint32_t next_states[] = {
	[PEER_CLOSED] = TO(WAIT_CONN_ACK) | TO(R_OPEN),
	[PEER_WAIT_CONN_ACK] = TO(WAIT_I_CEA) | TO(WAIT_CONN_ACK_ELECT) | TO(CLOSED),
	[PEER_WAIT_I_CEA] = TO(I_OPEN) | TO(WAIT_RETURNS) | TO(CLOSED),
	[PEER_WAIT_CONN_ACK_ELECT] = TO(WAIT_RETURNS) | TO(WAIT_CONN_ACK) | TO(R_OPEN) | TO(CLOSED),
	[PEER_WAIT_RETURNS] = TO(R_OPEN) | TO(I_OPEN) | TO(WAIT_I_CEA) | TO(CLOSED),
	[PEER_R_OPEN] = TO(CLOSING) | TO(CLOSED),
	[PEER_I_OPEN] = TO(CLOSING) | TO(CLOSED),
	[PEER_CLOSING] = TO(CLOSED),
};
#undef TO

const struct machine peer_fsm_machine = { "peer", "peer machine", state_words, next_states, PEER_STATE_N };

const char *peer_state_str(enum peer_state state)
{
	return machine_word(&peer_fsm_machine, state);
}

const char *peer_event_str(enum peer_event event)
{
	static const char *const words[] = {
#define PEER_ROW(name, words) words,
		PEER_EVENT_TABLE(PEER_ROW)
#undef PEER_ROW
	};

	return (unsigned)event < PEER_EVENT_N ? words[event] : "unknown";
}

static uint32_t wait_of(const struct peer_fsm *f)
{
	switch (f->state) {
	case PEER_WAIT_CONN_ACK:
	case PEER_WAIT_CONN_ACK_ELECT:
		return f->waits.connect_ms;
	case PEER_WAIT_I_CEA:
	case PEER_WAIT_RETURNS:
		return f->waits.cea_ms;
	case PEER_CLOSING:
		return f->waits.dpa_ms;
	default:
		return 0;
	}
}

/* The one door to the state; the line of trace names the event, too. A state that follows itself
 * leaves the deadline unchanged, because a storm of DPRs must not keep a closing connection
 * alive. */
static void set_state(struct peer_fsm *f, enum peer_state next, enum peer_event event, uint64_t now_ms)
{
	uint32_t wait;

	if (next == f->state) {
		return;
	}
	log_debug(f->log, "peer", "%s: %s -> %s: %s", f->name, peer_state_str(f->state), peer_state_str(next),
		  peer_event_str(event));
	f->state = (enum peer_state)machine_go(&peer_fsm_machine, f->in_state, f->state, next);
	f->since_ms = now_ms;
	wait = wait_of(f);
	f->deadline_ms = wait ? now_ms + wait : 0;
}

void peer_fsm_init(struct peer_fsm *f, const struct peer_waits *waits, uint32_t *in_state, const struct log *log,
		   const char *name, uint64_t now_ms)
{
	*f = (struct peer_fsm){ .state = PEER_CLOSED,
				.since_ms = now_ms,
				.waits = *waits,
				.in_state = in_state,
				.log = log,
				.name = name ? name : "" };
	machine_begin(&peer_fsm_machine, in_state, f->state);
	if (!f->waits.connect_ms) {
		f->waits.connect_ms = 10000;
	}
	if (!f->waits.cea_ms) {
		f->waits.cea_ms = 10000;
	}
	if (!f->waits.dpa_ms) {
		f->waits.dpa_ms = 10000;
	}
}

void peer_fsm_end(struct peer_fsm *f)
{
	machine_end(&peer_fsm_machine, f->in_state, f->state);
}

int peer_fsm_step(struct peer_fsm *f, enum peer_event event, uint64_t now_ms, struct peer_step *out)
{
	*out = (struct peer_step){ .from = f->state, .to = f->state };
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct peer_rule *r = &rules[i];

		if (r->state != f->state || r->event != event) {
			continue;
		}
		while (out->actions_n < PEER_ACTIONS_MAX && r->actions[out->actions_n] != PEER_ACT_NONE) {
			out->actions[out->actions_n] = r->actions[out->actions_n];
			out->actions_n++;
		}
		out->to = r->next;
		set_state(f, r->next, event, now_ms);
		return 0;
	}
	f->refused++;
	log_debug(f->log, "peer", "%s: %s is not welcome in %s", f->name, peer_event_str(event), peer_state_str(f->state));
	return ERR_STATE;
}

bool peer_fsm_due(const struct peer_fsm *f, uint64_t now_ms)
{
	return f->deadline_ms && now_ms >= f->deadline_ms;
}

bool peer_fsm_is_open(const struct peer_fsm *f)
{
	return f->state == PEER_R_OPEN || f->state == PEER_I_OPEN;
}
