/* bind_conn.h - ONE SMPP connection: a stream, its framer and its session (smpp/smpp_session.h), at
 * either end. It answers enquire_link and unbind itself, refuses what the session refuses and what
 * cannot be read, and gives the owner decoded PDUs.
 * One loop, one thread. The owner may call every function from every callback. The object is freed
 * by itself after on_down, and only then. */
#pragma once
#include "base/err.h"
#include "base/log.h"
#include "net/net_stream.h"
#include "smpp/smpp_session.h"

struct bind_conn; /* opaque */

struct bind_conf { /* copied; log, name and in_state are borrowed as long as the connection */
	struct smpp_session_conf session;
	uint32_t pdu_max;      /* octets of a PDU once bound; before, BIND_PDU_MAX */
	uint32_t *in_state;    /* gauge of sessions by state; NULL: not counted */
	const struct log *log; /* NULL: no lines */
};

#define BIND_PDU_MAX 512u /* octets of a PDU before a bind is accepted: a bind has 153 at most */

struct bind_cb {
	/* The stream is open: an ESME sends its bind now. NULL allowed. */
	void (*on_open)(void *arg, struct bind_conn *c);
	/* A request that was read. Exactly one bind_answer() or bind_refuse() follows, now or
	 * later, unless on_down comes before. The PDU is borrowed until return. */
	void (*on_request)(void *arg, struct bind_conn *c, const struct smpp_pdu *p);
	/* The response to the request of `token`. `p` is NULL for generic_nack and for a response
	 * whose body cannot be read: then a status of 0 becomes SMPP_RUNKNOWNERR, and the outcome
	 * is unknown. */
	void (*on_answer)(void *arg, struct bind_conn *c, uint64_t token, uint32_t status, const struct smpp_pdu *p);
	/* No response to the request of `token` in time (ERR_TIMEOUT) or before the end
	 * (ERR_CLOSED): its outcome is unknown. */
	void (*on_lost)(void *arg, struct bind_conn *c, uint64_t token, int err);
	/* The connection itself has refused a request with this status: it cannot be read, the
	 * state or the window does not allow it, or its length is that of no PDU (then the command
	 * is SMPP_GENERIC_NACK, and the end follows). For who counts; NULL: nobody does. */
	void (*on_refused)(void *arg, struct bind_conn *c, uint32_t command, uint32_t status);
	/* alert_notification; NULL: passed over. */
	void (*on_note)(void *arg, struct bind_conn *c, const struct smpp_pdu *p);
	/* The connection has ended, because of `why`. Freed when this returns. */
	void (*on_down)(void *arg, struct bind_conn *c, int err, const char *why);
};

/* Begins with a stream that is open, or becomes open. Takes the stream on success only. Borrows cb.
 * ERR_NOMEM. */
ERR_MUST_USE int bind_conn_new(struct bind_conn **out, struct net_loop *loop, struct net_stream *stream,
			       const struct bind_conf *conf, const struct bind_cb *cb, void *arg);

/* Sends a request; the sequence number is set here. on_answer or on_lost follows, except after
 * alert_notification. ERR_STATE, ERR_BUSY, ERR_NOMEM: of smpp_session_request(); ERR_INVAL,
 * ERR_LIMIT: it cannot be encoded, or the peer does not read; ERR_CLOSED: it has ended. Nothing was
 * sent then. */
ERR_MUST_USE int bind_request(struct bind_conn *c, const struct smpp_pdu *p, uint64_t token);
/* Answers a request with this response, whose header has command, status and sequence. A response
 * that cannot be sent ends the connection. */
void bind_answer(struct bind_conn *c, const struct smpp_pdu *p);
/* The same without a body: `command` and `sequence` of the request. */
void bind_refuse(struct bind_conn *c, uint32_t command, uint32_t status, uint32_t sequence);

/* From now on the peer may have so many requests without an answer. */
void bind_window_in(struct bind_conn *c, uint32_t window_in);
/* Sends unbind, if it is bound, and ends after the response; else ends now. on_down follows. */
void bind_unbind(struct bind_conn *c);
/* Ends it without on_down and without another callback; frees it. NULL allowed. Not from a callback
 * of the same connection. */
void bind_free(struct bind_conn *c);

/* Its parts, borrowed until the connection is freed. */
const struct smpp_session *bind_session(const struct bind_conn *c);
struct net_stream *bind_stream(const struct bind_conn *c);
const char *bind_peer(const struct bind_conn *c); /* "192.0.2.7:40000" */
