/* link_conn.h - the inside of one connection, shared by the files of link/.
 *
 * Phases of a link:
 *   accepted:    WAIT_CER --CER--> VERDICT --admit--> MACHINE --> ENDED
 *   of a peer:   IDLE --Start--> MACHINE --> ENDED --> IDLE ...
 * In MACHINE the peer machine decides; before it, an accepted connection is held outside (RFC
 * 6733 5.6).
 * Only link_finish() enters ENDED: it closes the stream at once and notifies pending requests
 * and the owner in the next turn of the loop.
 *
 * Callbacks may free the link: each function on the stack holds it with link_enter() and
 * releases it with link_leave(). */
#pragma once
#include "base/err.h"
#include "base/obj.h"
#include "diameter/dia_failed.h"
#include "diameter/dia_frame.h"
#include "link/link.h"
#include "link/link_ids.h"
#include "net/net_tcp.h"
#include "peer/peer_fsm.h"
#include "peer/peer_pending.h"
#include "peer/peer_reopen.h"
#include "peer/peer_watchdog.h"

#include "base/ident.h"

struct link_peer;

struct link_outstanding { /* an outstanding request of ours in the base protocol */
	bool out;
	uint32_t hop_by_hop, end_to_end;
};

#define LINK_MAGIC 0x9c8052e3u
struct link {
	struct obj obj;
	const struct link_conf *conf;
	const struct link_cb *cb;
	void *arg;
	struct link_peer *peer; /* NULL: accepted */
	struct net_loop *loop;
	struct net_stream *stream; /* NULL: no connection */
	struct net_timer *timer;
	uint64_t timer_at_ms; /* 0: not running */
	struct dia_frame *frame;
	struct peer_pending *pending;
	struct peer_fsm fsm;
	struct peer_watchdog watchdog;
	struct peer_reopen reopen; /* CLEAR unless link_peer_conf.reopen_detect */
	enum link_phase phase;
	uint64_t held_deadline_ms;                 /* WAIT_CER, VERDICT */
	uint32_t held_hop_by_hop, held_end_to_end; /* identifiers of the CER */
	struct link_outstanding cer, dwr, dpr;
	uint64_t probe_deadline_ms; /* 0: no probe */
	struct link_ids ids;
	uint32_t hop_by_hop_next, random;
	const struct dia_msg *current; /* message of the event being handled */
	link_tap_fn *tap;              /* NULL: nobody */
	void *tap_arg;

	unsigned busy;       /* our functions on the stack */
	bool freed;          /* freed by its owner; released when `busy` is 0 */
	bool notified;       /* ENDED: pending requests and owner were notified */
	bool opened;         /* CER/CEA were done on this connection */
	bool heard;          /* accepted: a message has come since our CEA */
	uint64_t watched_ms; /* the watchdog and the detection of REOPEN know of a message that came then */
	bool stopped_by_us;  /* link_part() was called */
	bool dpr_received;
	uint32_t dpr_cause;          /* cause of our DPR */
	uint32_t dpr_cause_received; /* valid with dpr_received */
	enum link_end end;
	int end_err;
	uint32_t end_result_code; /* Result-Code of the refusing CEA */
	char why[LINK_WHY_MAX];

	/* The other side leaves while we owe it answers: the end waits for them. */
	uint32_t owed;        /* application requests passed to the owner and not answered */
	uint64_t leave_by_ms; /* 0: the other side is not leaving */
	/* left behind: by a DPR that awaits its DPA; by the end of the peer's direction of the
	 * stream */
	bool leave_dpr, leave_eof;
	struct dia_hdr leave_hdr; /* of that DPR */
	uint32_t leave_cause;

	char address[NET_ADDRESS_MAX];
	/* names of the other side; "" before CER/CEA */
	char host[IDENT_HOST_MAX + 1], realm[IDENT_HOST_MAX + 1];
};

#define LINK_COUNT(l, what)                                                                                                      \
	do {                                                                                                                     \
		if ((l)->conf->counters)                                                                                         \
			(l)->conf->counters->what++;                                                                             \
	} while (0)

/* link.c: life of the object */
void link_set_phase(struct link *l, enum link_phase phase); /* the one door to it */
int link_make(struct link **out, struct net_loop *loop, const struct link_conf *conf, const struct link_cb *cb, void *arg);
void link_enter(struct link *l);
void link_leave(struct link *l); /* may free: only a caller that still holds l may use it */
void link_dispose(struct link *l);
/* Sends a DPR with this cause if the link is open; else ends it at once. Does nothing if it is
 * ending. */
void link_part(struct link *l, enum dia_disconnect_cause cause);
uint32_t link_random(struct link *l);

/* link_conn.c: stream, timer, events */
extern const struct net_stream_cb link_stream_cb;
int link_attach(struct link *l); /* a new framer for a new connection */
void link_opened(struct link *l);
/* Steps the peer machine and performs its actions; `m` is the message of the event or NULL.
 * ERR_STATE: not accepted, counted. */
ERR_MUST_USE int link_event(struct link *l, enum peer_event event, const struct dia_msg *m);
/* The same for an event from this side. An event that is not accepted is only counted. */
void link_tell(struct link *l, enum peer_event event, const struct dia_msg *m);
/* Steps the watchdog, performs its actions and returns them. */
unsigned link_watch(struct link *l, enum peer_wd_event event);
/* Steps the detection of a peer in REOPEN and performs its action. */
void link_reopen(struct link *l, enum peer_reopen_event event);
/* True if requests may be sent: open, watchdog OKAY, the other side not in REOPEN (there: as a
 * probe). */
bool link_may_request(const struct link *l);
void link_arm(struct link *l);
void link_on_timer(void *arg);

/* link_tap.c: every message that is sent passes here; results as of net_stream_write(). */
ERR_MUST_USE int link_write(struct link *l, const uint8_t *message, size_t len);

/* link_end.c: the end */
/* The one drop function. `event` goes to the machine. `hard`: reset, queued octets are not sent. */
void link_finish(struct link *l, enum peer_event event, bool hard, enum link_end end, int err, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* Event of the machine when a connection is lost without an orderly end. */
enum peer_event link_lost_event(const struct link *l);
/* The machine has waited long enough in its state (peer_fsm_due()). */
void link_machine_timeout(struct link *l);
/* The turn after link_finish(): completes the pending requests, then notifies the owner. */
void link_notify_end(struct link *l);
/* The other side answers none of our requests: completes all with ERR_CLOSED. */
void link_complete_all_closed(struct link *l);
/* The other side leaves. True: answers are owed; link_leaving_ends() continues when they are
 * sent or the time is up. */
bool link_leaving(struct link *l);
void link_leaving_ends(struct link *l);

/* link_recv.c: what arrives */
int link_on_message(void *arg, const uint8_t *bytes, size_t len);
void link_unframable(struct link *l, int err);
/* Whether the message of a transport that has messages is one whole Diameter message, or one that
 * the framer refuses by its header. */
bool link_is_whole(const struct link *l, const uint8_t *p, size_t n);
/* Answers the DPR; reads only its header. */
void link_leave_by_dpr(struct link *l, const struct dia_msg *dpr, uint32_t cause);

/* link_base.c: the messages of the base protocol that we send */
void link_send_cer(struct link *l);
void link_send_cea(struct link *l, uint32_t result_code);
void link_send_dwr(struct link *l);
void link_send_dwa(struct link *l, const struct dia_msg *dwr);
void link_send_dpr(struct link *l);
void link_send_dpa(struct link *l, const struct dia_msg *dpr);
/* Answers a refused request: a CEA to a CER (classes other than 3xxx), else the answer of
 * dia_error_answer(). */
void link_send_error(struct link *l, const struct dia_msg *request, const struct dia_failed *why);
static inline bool link_is_cer(const struct dia_hdr *h)
{
	return (h->flags & DIA_FLAG_R) && h->app_id == DIA_APP_COMMON && h->code == DIA_CMD_CAPABILITIES_EXCHANGE;
}

/* link_peer.c */
void link_peer_connect(struct link_peer *p);
void link_peer_ended(struct link_peer *p);
void link_peer_opened(struct link_peer *p);
/* The connection is about to end: reconnects at once. */
void link_peer_reconnect(struct link_peer *p);
void link_peer_destroy(struct link_peer *p);
void link_peer_look(struct link_peer *p); /* tells the owner when the state is a new one */
void link_peer_expectation(const struct link_peer *p, const char **host, const char **realm);
