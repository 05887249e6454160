/* peer_fsm.h - the Diameter peer state machine (RFC 6733 5.6): a table with one entry point.
 * PURE. I- is the connection that we opened, R- the one that the peer opened. The owner of the
 * machine turns what happens on its connections into events, and carries out the returned actions
 * in their order. An incoming connection stays outside the machine until its CER is known and
 * accepted; then it is R-Conn-CER. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/machine.h"

#define PEER_STATE_TABLE(X)                                                                                                      \
	X(CLOSED, "Closed")                                                                                                      \
	X(WAIT_CONN_ACK, "Wait-Conn-Ack")                                                                                        \
	X(WAIT_I_CEA, "Wait-I-CEA")                                                                                              \
	X(WAIT_CONN_ACK_ELECT, "Wait-Conn-Ack/Elect")                                                                            \
	X(WAIT_RETURNS, "Wait-Returns")                                                                                          \
	X(R_OPEN, "R-Open")                                                                                                      \
	X(I_OPEN, "I-Open")                                                                                                      \
	X(CLOSING, "Closing")

#define PEER_EVENT_TABLE(X)                                                                                                      \
	X(START, "Start")                                                                                                        \
	X(STOP, "Stop")                                                                                                          \
	X(TIMEOUT, "Timeout")                                                                                                    \
	X(WIN_ELECTION, "Win-Election")                                                                                          \
	X(SEND_MESSAGE, "Send-Message")                                                                                          \
	X(R_CONN_CER, "R-Conn-CER")                                                                                              \
	X(I_RCV_CONN_ACK, "I-Rcv-Conn-Ack")                                                                                      \
	X(I_RCV_CONN_NACK, "I-Rcv-Conn-Nack")                                                                                    \
	X(I_RCV_CEA, "I-Rcv-CEA")                                                                                                \
	X(I_RCV_NON_CEA, "I-Rcv-Non-CEA")                                                                                        \
	X(I_PEER_DISC, "I-Peer-Disc")                                                                                            \
	X(R_PEER_DISC, "R-Peer-Disc")                                                                                            \
	X(I_RCV_MESSAGE, "I-Rcv-Message")                                                                                        \
	X(R_RCV_MESSAGE, "R-Rcv-Message")                                                                                        \
	X(I_RCV_DWR, "I-Rcv-DWR")                                                                                                \
	X(R_RCV_DWR, "R-Rcv-DWR")                                                                                                \
	X(I_RCV_DWA, "I-Rcv-DWA")                                                                                                \
	X(R_RCV_DWA, "R-Rcv-DWA")                                                                                                \
	X(I_RCV_DPR, "I-Rcv-DPR")                                                                                                \
	X(R_RCV_DPR, "R-Rcv-DPR")                                                                                                \
	X(I_RCV_DPA, "I-Rcv-DPA")                                                                                                \
	X(R_RCV_DPA, "R-Rcv-DPA")                                                                                                \
	X(I_RCV_CER, "I-Rcv-CER") /* on a connection that is open already */                                                     \
	X(R_RCV_CER, "R-Rcv-CER") /* on a connection that is open already */

#define PEER_ACTION_TABLE(X)                                                                                                     \
	X(NONE, "-")                                                                                                             \
	X(I_SND_CONN_REQ, "I-Snd-Conn-Req")                                                                                      \
	X(R_ACCEPT, "R-Accept")                                                                                                  \
	X(R_REJECT, "R-Reject") /* the newcomer, not the connection that is kept */                                              \
	X(PROCESS_CER, "Process-CER")                                                                                            \
	X(PROCESS_CEA, "Process-CEA")                                                                                            \
	X(I_SND_CER, "I-Snd-CER")                                                                                                \
	X(R_SND_CEA, "R-Snd-CEA")                                                                                                \
	X(ELECT, "Elect") /* RFC 6733 5.6.4; Win-Election follows if our name is the greater */                                  \
	X(CLEANUP, "Cleanup")                                                                                                    \
	X(ERROR, "Error")                                                                                                        \
	X(I_DISC, "I-Disc")                                                                                                      \
	X(R_DISC, "R-Disc")                                                                                                      \
	X(I_SND_MESSAGE, "I-Snd-Message")                                                                                        \
	X(R_SND_MESSAGE, "R-Snd-Message")                                                                                        \
	X(PROCESS, "Process")                                                                                                    \
	X(PROCESS_DWR, "Process-DWR")                                                                                            \
	X(I_SND_DWA, "I-Snd-DWA")                                                                                                \
	X(R_SND_DWA, "R-Snd-DWA")                                                                                                \
	X(PROCESS_DWA, "Process-DWA")                                                                                            \
	X(I_SND_DPR, "I-Snd-DPR")                                                                                                \
	X(R_SND_DPR, "R-Snd-DPR")                                                                                                \
	X(I_SND_DPA, "I-Snd-DPA")                                                                                                \
	X(R_SND_DPA, "R-Snd-DPA")                                                                                                \
	X(REFUSE_CER, "Refuse-CER") /* an answer that says no, on the open connection */

enum peer_state {
#define PEER_ROW(name, words) PEER_##name,
	PEER_STATE_TABLE(PEER_ROW)
#undef PEER_ROW
	    PEER_STATE_N
};

enum peer_event {
#define PEER_ROW(name, words) PEER_EV_##name,
	PEER_EVENT_TABLE(PEER_ROW)
#undef PEER_ROW
	    PEER_EVENT_N
};

enum peer_action {
#define PEER_ROW(name, words) PEER_ACT_##name,
	PEER_ACTION_TABLE(PEER_ROW)
#undef PEER_ROW
	    PEER_ACTION_N
};

extern const struct machine peer_fsm_machine; /* legal changes; only peer_fsm_step() makes them */

struct peer_waits {          /* how long the states that wait may wait; 0: 10000 */
	uint32_t connect_ms; /* Wait-Conn-Ack, Wait-Conn-Ack/Elect */
	uint32_t cea_ms;     /* Wait-I-CEA, Wait-Returns */
	uint32_t dpa_ms;     /* Closing */
};

struct peer_fsm {
	enum peer_state state;
	uint64_t since_ms;    /* when the state was entered */
	uint64_t deadline_ms; /* when PEER_EV_TIMEOUT is due; 0: this state waits for nothing */
	uint64_t refused;     /* events that had no row in their state */
	struct peer_waits waits;
	uint32_t *in_state;    /* borrowed, may be NULL: number of machines in each state */
	const struct log *log; /* borrowed, may be NULL */
	const char *name;      /* borrowed: who the peer is, for the log */
};

#define PEER_ACTIONS_MAX 3

struct peer_step {
	enum peer_state from, to;
	enum peer_action actions[PEER_ACTIONS_MAX];
	uint8_t actions_n;
};

/* Starts in Closed. Borrows log, name and in_state: PEER_STATE_N numbers, a gauge of all machines
 * that are given it. NULL: not counted. */
void peer_fsm_init(struct peer_fsm *f, const struct peer_waits *waits, uint32_t *in_state, const struct log *log,
		   const char *name, uint64_t now_ms);
/* The machine leaves the gauge and is not used any more. */
void peer_fsm_end(struct peer_fsm *f);

/* The only entry point. 0: `out` has the actions, and the machine is in out->to already. ERR_STATE:
 * the event is illegal in this state; it is logged and counted, nothing changed, and out->actions_n
 * is 0. */
ERR_MUST_USE int peer_fsm_step(struct peer_fsm *f, enum peer_event event, uint64_t now_ms, struct peer_step *out);

/* The state has waited long enough: PEER_EV_TIMEOUT is to be fed. */
bool peer_fsm_due(const struct peer_fsm *f, uint64_t now_ms);

bool peer_fsm_is_open(const struct peer_fsm *f);

const char *peer_state_str(enum peer_state state);
const char *peer_event_str(enum peer_event event);
