/* link.h - ONE Diameter connection: stream + framer + peer machine, with one drop function (RFC
 * 6733 5, RFC 3539).
 * All programs and both sides use it. A link is either accepted (waits for the CER) or belongs
 * to a link_peer (link_peer.h: connects, and reconnects after a loss).
 * The link answers CER, DWR, DPR and protocol errors itself. It passes application requests to
 * its owner and answers to the requester. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/machine.h"
#include "diameter/dia_base.h"
#include "diameter/dia_msg.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "peer/peer_fsm.h"
#include "peer/peer_reopen.h"
#include "peer/peer_watchdog.h"

#define LINK_APPLICATIONS_MAX 8
#define LINK_WHY_MAX 256 /* a reason in words, with NUL */

/* Reasons for the end of a connection: name, text of the log. */
#define LINK_END_TABLE(X)                                                                                                        \
	X(LOST, "transport connection lost")                                                                                     \
	X(NOT_AUTHENTICATED, "not authenticated")                                                                                \
	X(NOT_CONNECTED, "could not connect")                                                                                    \
	X(NO_CER, "no Capabilities-Exchange-Request in time")                                                                    \
	X(NOT_CER, "the first message is no Capabilities-Exchange-Request")                                                      \
	X(EARLY, "message before the Capabilities-Exchange-Answer")                                                              \
	X(REFUSED, "refused by us")                                                                                              \
	X(REFUSED_BY_PEER, "refused by the peer")                                                                                \
	X(NO_CEA, "no Capabilities-Exchange-Answer in time")                                                                     \
	X(WRONG_CEA, "the Capabilities-Exchange-Answer does not fit")                                                            \
	X(NOT_DIAMETER, "bytes that are not Diameter")                                                                           \
	X(TOO_LONG, "message longer than the limit")                                                                             \
	X(STREAM_MISUSED, "its transport or TLS is not used as it may be")                                                       \
	X(REPEATED_CER, "second Capabilities-Exchange-Request on an open connection")                                            \
	X(FOREIGN_ORIGIN, "origin of another peer in a message of the base protocol")                                            \
	X(WATCHDOG, "no answer to the watchdog")                                                                                 \
	X(SLOW_READER, "does not take what we send")                                                                             \
	X(DISCONNECTED, "disconnected by Disconnect-Peer")                                                                       \
	X(NO_DPA, "no Disconnect-Peer-Answer in time")                                                                           \
	X(DROPPED, "dropped by its owner")                                                                                       \
	X(INTERNAL, "out of memory or another failure of ours")

enum link_end {
#define LINK_END_ROW(name, words) LINK_END_##name,
	LINK_END_TABLE(LINK_END_ROW)
#undef LINK_END_ROW
	    LINK_END_N
};

const char *link_end_str(enum link_end end); /* the text; static */

/* Phases of a link; drawn in link_conn.h. */
enum link_phase { LINK_IDLE, LINK_WAIT_CER, LINK_VERDICT, LINK_MACHINE, LINK_ENDED, LINK_PHASES };
extern const struct machine link_phase_machine;

/* Counters of all links of one link_conf since the owner zeroed them. The owner may read them at
 * any time. */
struct link_counters {
	uint64_t accepted, connects; /* accepted connections; attempts to connect */
	uint64_t opened;             /* CER/CEA done */
	uint64_t refused;            /* refused by our CEA */
	uint64_t ended[LINK_END_N];
	uint64_t requests_in, requests_out, answers_in, answers_out; /* of applications */
	/* discarded: Hop-by-Hop, End-to-End-Id or command fits no pending request */
	uint64_t answers_unknown;
	uint64_t answers_malformed; /* discarded */
	uint64_t errors_sent;       /* answers with a protocol error of the link's own */
	uint64_t timeouts;          /* requests without an answer in time */
	uint64_t pending_full;      /* requests refused with ERR_BUSY */
	uint64_t unwelcome;         /* events that the peer machine does not accept in its state */
	uint64_t suspects;          /* watchdog: OKAY -> SUSPECT */
	uint64_t reopen_seen;       /* connections started by a peer in REOPEN, see peer_reopen.h */
	uint64_t reopen_held;       /* of these, held after the reconnect */
	uint64_t dwr_sent, dwa_received, dwr_answered;
	/* gauges: number of links in each phase, and in each state of their machines; zero them
	 * only while there is no link */
	uint32_t in_phase[LINK_PHASES];
	uint32_t in_fsm[PEER_STATE_N];
	uint32_t in_watchdog[PEER_WD_STATE_N];
	uint32_t in_reopen[PEER_REOPEN_STATE_N];
};

struct link_conf {                /* borrowed by every link made with it; must outlive them */
	const char *host, *realm; /* our DiameterIdentity and realm, NUL-terminated, canonical */
	const char *product;
	uint32_t vendor_id; /* of the manufacturer, top level Vendor-Id of CER/CEA */
	uint32_t origin_state_id;
	/* advertised in Vendor-Specific-Application-Id {10415, Auth} */
	uint32_t applications[LINK_APPLICATIONS_MAX];
	uint8_t applications_n;
	bool relay; /* advertise 0xffffffff instead */
	struct dia_limits limits;
	uint32_t cer_wait_ms; /* accepted connection: time to CER; 0: 5000 */
	uint32_t cer_len_max; /* accepted connection: octets of the CER; 0, or more than limits has: as limits */
	uint32_t cea_wait_ms; /* connecting: time to CEA; 0: 10000 */
	uint32_t dpa_wait_ms; /* 0: 5000 */
	uint32_t watchdog_ms; /* Twinit; 0: 30000; not below 6000 unless watchdog_unchecked */
	/* operator's explicit choice of a shorter watchdog (laboratories) */
	bool watchdog_unchecked;
	/* after a loss: pause between a DWA and the next of the three DWRs; 0: Tw */
	uint32_t reopen_ms;
	uint32_t reconnect_ms; /* Tc; 0: 30000 */
	/* Pause after a DPR of the peer with BUSY or DO_NOT_WANT_TO_TALK_TO_YOU; 0: 60000. */
	uint32_t reconnect_refused_ms;
	uint32_t pending_max; /* requests without answer; 0: 4096 */
	const struct log *log;
	struct link_counters *counters; /* NULL: not counted */
};

struct link;

enum link_verdict_kind { LINK_ADMIT, LINK_REFUSE };

struct link_cb {
	/* Accepted link: a correct CER with a common application arrived. The owner calls
	 * link_admit() or link_refuse(), now or later.
	 * Until then no CEA is sent and nothing else is read. NULL: admitted at once. */
	void (*on_cer)(void *arg, struct link *l, const struct dia_capabilities *cer);
	/* Link of a peer: whether to connect now. False: the attempt has failed, for the reason
	 * that is in `why`; the next one follows. NULL: always. */
	bool (*may_connect)(void *arg, char why[LINK_WHY_MAX]);
	/* Link of a peer: its transport is connected, and the CER is about to be sent. An owner
	 * that calls link_freeze() here keeps it back. Must not free the link. NULL allowed. */
	void (*on_connected)(void *arg, struct link *l);
	/* CER/CEA are done (after each connect of a peer). */
	void (*on_open)(void *arg, struct link *l);
	/* The link carries requests again: after a suspicion of the watchdog, or after the three
	 * watchdog answers that RFC 3539 requires after a loss.
	 * Not called together with on_open. Must not free the link. NULL allowed. */
	void (*on_usable)(void *arg, struct link *l);
	/* Link of a peer: the other side is in REOPEN (RFC 3539) and discards requests.
	 * `held` false: the link disconnects and reconnects. True: it waits; on_usable reports
	 * the end.
	 * Must not free the link. NULL allowed. */
	void (*on_reopen)(void *arg, struct link *l, bool held);
	/* A request of an advertised application; header and AVP structure are checked. `m` is
	 * borrowed until return.
	 * The owner answers it exactly once with link_answer() and keeps its hop_by_hop and
	 * end_to_end for that. */
	void (*on_request)(void *arg, struct link *l, const struct dia_msg *m);
	/* A request of an application that is not advertised; only its header is checked. The owner
	 * answers it exactly once, or says that it does not (link_no_answer()). NULL: the link
	 * answers 3007. */
	void (*on_foreign)(void *arg, struct link *l, const struct dia_msg *m);
	/* The link has ended; pending requests have completed with ERR_CLOSED.
	 * Accepted link: the owner calls link_free(), now or later. Link of a peer: the peer
	 * keeps it.
	 * At most once for each on_open/accept. */
	void (*on_down)(void *arg, struct link *l, int err, const char *why);
	/* Link of a peer: an attempt to connect ended before on_open; the next one follows.
	 * `err` as for on_down. With ERR_REFUSED `result_code` is that of the peer's CEA, else
	 * 0. NULL allowed. */
	void (*on_failed)(void *arg, int err, uint32_t result_code, const char *why);
	/* Links of a peer: link_peer_state() has changed. "waiting" and "connecting" count as one
	 * state, because they alternate while the peer cannot be reached. The callback must not
	 * change the link. NULL allowed. */
	void (*on_state)(void *arg);
};

/* Takes `s`, an accepted stream, on success only; replaces its callbacks. A TLS handshake may
 * still be running.
 * Borrows conf and cb. */
ERR_MUST_USE int link_accept(struct link **out, struct net_loop *loop, struct net_stream *s, const struct link_conf *conf,
			     const struct link_cb *cb, void *arg);
/* Takes; NULL allowed. Drops an open connection without DPR. Pending requests complete with
 * ERR_CLOSED. No on_down. */
void link_free(struct link *l);

void link_admit(struct link *l);
/* Sends a CEA with Origin-Host, Origin-Realm and Result-Code (3010, ...), with the E bit if its
 * class requires it, and closes. on_down follows. */
void link_refuse(struct link *l, uint32_t result_code);

/* Accepted links (a peer's: link_peer_stop()): DPR, then close after DPA or dpa_wait_ms. on_down
 * follows. */
void link_disconnect(struct link *l, enum dia_disconnect_cause cause);
/* Sends a DWR. Unless a whole message arrives within wait_ms, the link ends as after a watchdog
 * failure. */
void link_probe(struct link *l, uint32_t wait_ms);
/* While frozen, nothing is read from its connection and nothing is sent (net_stream_freeze()); its
 * timers go on. */
void link_freeze(struct link *l, bool frozen);
/* Closes at once and logs `why`. on_down follows in the next turn. Frozen: what is queued is not
 * sent. */
void link_drop(struct link *l, const char *why);

/* Sends one whole answer, built with the request's identifiers.
 * ERR_CLOSED: the link is not open. ERR_LIMIT: the peer does not read; the link ends, on_down
 * follows. */
ERR_MUST_USE int link_answer(struct link *l, const uint8_t *message, size_t len);

/* A request that was passed to the owner gets no answer. */
void link_no_answer(struct link *l);

/* err 0: `m` is the answer, borrowed until return; else m is NULL: ERR_TIMEOUT, ERR_CLOSED. */
typedef void link_answer_fn(void *arg, int err, const struct dia_msg *m);

/* Sends one whole request. The link sets its hop_by_hop in a copy; end_to_end is the caller's.
 * `fn` is called exactly once, never before this call has returned 0.
 * ERR_CLOSED (not open), ERR_LIMIT (write queue), ERR_BUSY (pending_max). */
ERR_MUST_USE int link_request(struct link *l, const uint8_t *message, size_t len, uint32_t wait_ms, link_answer_fn *fn,
			      void *arg);
/* Copies of messages, for a trace: each whole message that was received, before anything is done
 * with it, and each that is about to be written. `bytes` is borrowed until return. The function
 * calls nothing of the link but link_peer_host(), link_address() and link_stream(). */
typedef void link_tap_fn(void *arg, const struct link *l, bool out, const uint8_t *bytes, size_t len);
/* fn NULL: nobody. A link of a peer keeps it over its connections. */
void link_tap(struct link *l, link_tap_fn *fn, void *arg);

/* Sends now the messages of this turn. Without it they leave at the end of the turn. */
void link_push(struct link *l);

bool link_is_open(const struct link *l);
/* Origin-Host of the other side, canonical, "" before CER/CEA */
const char *link_peer_host(const struct link *l);
const char *link_address(const struct link *l); /* net_stream_peer() */
/* for tls_stream_identity(); NULL when down */
const struct net_stream *link_stream(const struct link *l);
