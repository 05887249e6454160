/* smpp_session.h - one SMPP session on one connection, either end of it: bind state, sequence
 * numbers, windows in both directions, response timers, enquire_link, unbind (SMPP 3.4 section 2,
 * 7.2). PURE: time is an argument, the owner sends, receives and closes.
 *
 *            bind received or sent        bind refused
 *   OPEN ------------------------> BINDING ---------------> UNBOUND
 *    | no bind in time                | bind accepted          ^  ^
 *    v                                v                        |  | unbind_resp
 *  CLOSED                     BOUND_TX, _RX, _TRX              |  |
 *                               |            | we unbind        |  |
 *                unbind received|            +---> UNBINDING ---+  |
 *                               v                                 |
 *                            LEAVING -- every answer is out ------+
 *
 * From every state to CLOSED. In LEAVING our answers are owed first, then unbind_resp follows. In
 * UNBOUND and CLOSED nothing is taken any more, and the owner closes the connection.
 *
 * The owner gives each whole PDU (smpp_frame.h) to smpp_session_receive() by its header, before it
 * decodes the body. It calls smpp_session_tick() at smpp_session_next_ms() and after each other
 * call, until there is nothing to do. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/machine.h"
#include "smpp/smpp_pdu.h"

enum smpp_role { SMPP_ROLE_ESME, SMPP_ROLE_SMSC }; /* ours */

enum smpp_session_state {
	SMPP_OPEN,
	SMPP_BINDING,
	SMPP_BOUND_TX,
	SMPP_BOUND_RX,
	SMPP_BOUND_TRX,
	SMPP_LEAVING,
	SMPP_UNBINDING,
	SMPP_UNBOUND,
	SMPP_CLOSED,
	SMPP_SESSION_STATE_N
};

extern const struct machine smpp_session_machine; /* legal changes; only this file makes them */

struct smpp_session_conf {
	enum smpp_role role;
	uint32_t bind_wait_ms;   /* from the start to an accepted bind */
	uint32_t answer_wait_ms; /* from a request of ours to its response */
	uint32_t enquire_ms;     /* silence of the peer after which enquire_link is sent; 0: never */
	uint32_t inactive_ms;    /* without a request but enquire_link: we unbind; 0: never */
	uint32_t window_in;      /* requests of the peer that have no answer yet; at least 1 */
	uint32_t window_out;     /* requests of ours that have none; at least 1 */
};

struct smpp_session_counts {
	uint64_t throttled;   /* requests above window_in */
	uint64_t wrong_state; /* requests that the bind state or the direction does not allow */
	uint64_t unknown;     /* unknown commands */
	uint64_t sequence;    /* requests with a sequence number out of range */
	uint64_t stray;       /* responses to nothing that waits */
	uint64_t expired;     /* requests of ours without a response in time */
	uint64_t dropped;     /* PDUs in UNBOUND and CLOSED */
};

struct smpp_session; /* opaque */

enum smpp_do {
	SMPP_DO_NOTHING,
	/* Decode the body and act. Exactly one smpp_session_answered() follows, for a bind
	 * smpp_session_bind_answered(); also when the body cannot be read. */
	SMPP_DO_REQUEST,
	SMPP_DO_NOTE,    /* alert_notification: decode and act, no answer */
	SMPP_DO_ANSWER,  /* the response to the request with `token`: decode and act */
	SMPP_DO_SEND,    /* send smpp_encode_refusal(command, status, sequence) */
	SMPP_DO_EXPIRED, /* the request with `token` has no response in time: its outcome is unknown */
	SMPP_DO_CLOSE,   /* close the connection, because of `reason` */
};

struct smpp_todo {
	enum smpp_do what;
	uint32_t command; /* ANSWER, EXPIRED: of the request; SEND: what is sent */
	uint32_t status;  /* ANSWER: of the response, never 0 in a generic_nack; SEND: what is sent */
	uint32_t sequence;
	uint64_t token;     /* ANSWER and EXPIRED: what smpp_session_request() was given */
	bool close;         /* SEND, ANSWER: then close the connection */
	const char *reason; /* of CLOSE and of a refusal, for the log; static; else NULL */
};

/* Starts OPEN. Copies conf. Borrows in_state, a gauge of SMPP_SESSION_STATE_N numbers; NULL: not
 * counted. ERR_NOMEM. */
ERR_MUST_USE int smpp_session_new(struct smpp_session **out, const struct smpp_session_conf *conf, uint32_t *in_state,
				  uint64_t now_ms);
/* Takes the session; NULL allowed. Take what smpp_session_drain() has before. */
void smpp_session_free(struct smpp_session *s);

/* A whole PDU with this header came. Returns the one thing to do; a request is either given to the
 * owner or refused, never both. */
void smpp_session_receive(struct smpp_session *s, const struct smpp_header *h, uint64_t now_ms, struct smpp_todo *out);

/* From now on the peer may have so many requests without an answer: more once it is known. */
void smpp_session_window_in(struct smpp_session *s, uint32_t window_in);
/* From now on the owner may. */
void smpp_session_window_out(struct smpp_session *s, uint32_t window_out);
/* The owner has sent the answer to one request that SMPP_DO_REQUEST gave it. */
void smpp_session_answered(struct smpp_session *s, uint64_t now_ms);
/* SMSC: the owner has sent the answer to the bind with this status. 0: bound. Else UNBOUND: close
 * once the answer is out. */
void smpp_session_bind_answered(struct smpp_session *s, uint32_t status, uint64_t now_ms);

/* A request of ours is about to be sent: *sequence is its number. `token` comes back with its
 * response. A bind in OPEN begins a bind (ESME). alert_notification takes a number and waits for
 * nothing.
 * ERR_STATE: not in this state, or not by this end; ERR_BUSY: window_out are waiting; ERR_NOMEM.
 * Nothing has changed then. */
ERR_MUST_USE int smpp_session_request(struct smpp_session *s, uint32_t command, uint64_t token, uint64_t now_ms,
				      uint32_t *sequence);
/* The request with this number could not be sent: it does not wait for a response. After a bind the
 * session stays BINDING: close it. */
void smpp_session_unsent(struct smpp_session *s, uint32_t sequence);
/* Begins to unbind: send what `out` says. ERR_STATE: not bound. */
ERR_MUST_USE int smpp_session_unbind(struct smpp_session *s, uint64_t now_ms, struct smpp_todo *out);
/* The connection is gone or is being closed. */
void smpp_session_closed(struct smpp_session *s);

/* What is due at now_ms; SMPP_DO_NOTHING: nothing more. */
void smpp_session_tick(struct smpp_session *s, uint64_t now_ms, struct smpp_todo *out);
/* When smpp_session_tick() has something to do; 0: never. */
uint64_t smpp_session_next_ms(const struct smpp_session *s);

/* Requests of ours that have no response, one a call: their outcome is unknown. Only UNBOUND and
 * CLOSED have no further use for them. False: no more. enquire_link, bind and unbind are not
 * told. */
bool smpp_session_drain(struct smpp_session *s, uint32_t *command, uint64_t *token);

enum smpp_session_state smpp_session_state(const struct smpp_session *s);
/* BOUND_TX, _RX or _TRX, once bound to the end; SMPP_OPEN: never bound. */
enum smpp_session_state smpp_session_bound(const struct smpp_session *s);
/* Whether a request of ours may be sent now: state and window_out. */
bool smpp_session_may(const struct smpp_session *s, uint32_t command);
uint32_t smpp_session_waiting(const struct smpp_session *s); /* requests of ours without response */
uint32_t smpp_session_owed(const struct smpp_session *s);    /* answers that we owe */
const struct smpp_session_counts *smpp_session_counts(const struct smpp_session *s);
