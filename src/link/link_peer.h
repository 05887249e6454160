/* link_peer.h - a configured peer with exactly one connection, which we start: RFC 6733 peer
 * machine, RFC 3539 watchdog, reconnect with back-off.
 * The back-off is Tc; after a DPR of the peer with BUSY or DO_NOT_WANT_TO_TALK_TO_YOU it is
 * reconnect_refused_ms. After link_peer_stop() there is none until link_peer_kick(). */
#pragma once
#include "link/link.h"
#include "net/net_sctp.h"
#include "tls/tls_stream.h"

struct link_peer_conf {
	/* expected Origin-Host and Origin-Realm of the peer: a CEA from another one is refused */
	const char *host, *realm;
	const char *address;
	uint16_t port;
	struct tls_ctx *tls; /* NULL: in clear (protection: none) */
	/* detects the other side's REOPEN. Not over SCTP: there a peer may begin with a DWR in any
	 * state (RFC 6733 2.1.1) */
	bool reopen_detect;
	const struct net_sctp_ends *sctp; /* NULL: TCP; not with tls */
	const char *local;                /* TCP: our own address; NULL: the system chooses; not with tls */
};

struct link_peer;

/* Borrows everything. Starts to connect in the next turn. on_cer is not used. */
ERR_MUST_USE int link_peer_new(struct link_peer **out, struct net_loop *loop, const struct link_peer_conf *peer,
			       const struct link_conf *conf, const struct link_cb *cb, void *arg);
/* Takes. If the link is open and `polite`, sends DPR (REBOOTING) and ends in the background:
 * until DPA or dpa_wait_ms the loop must run, and conf, peer and log must stay valid.
 * Pending requests complete with ERR_CLOSED before it returns; no other callback follows. */
void link_peer_free(struct link_peer *p, bool polite);

/* Returns the link if it is open and may carry a new request (watchdog OKAY, the other side not
 * in REOPEN or due for a probe), else NULL. */
struct link *link_peer_link(struct link_peer *p);
/* link_tap() of its link, also while it is not connected. */
void link_peer_tap(struct link_peer *p, link_tap_fn *fn, void *arg);
/* Connects now, also after link_peer_stop(). Does nothing when it is connected or connecting. */
void link_peer_kick(struct link_peer *p);
/* Ends the connection with a DPR of this cause, or an attempt to connect at once. No further
 * attempt until link_peer_kick().
 * `reason`: static text for the log and for link_peer_reason(). */
void link_peer_stop(struct link_peer *p, enum dia_disconnect_cause cause, const char *reason);
/* The owner replaces this peer by another one. This peer makes no further attempt and reports none.
 * An open connection stays. */
void link_peer_no_more(struct link_peer *p, const char *reason);

/* For operators: "open", "connecting", "suspect", "closing", "waiting" (for the next attempt),
 * "stopped", "reopening" (we wait for three watchdog answers after a loss, RFC 3539), "peer in
 * reopen" (the other side does). Static. */
const char *link_peer_state(const struct link_peer *p);
#define LINK_PEER_REASON_MAX 512
/* Writes the reason of the state; "" when there is none. */
void link_peer_reason(const struct link_peer *p, char out[LINK_PEER_REASON_MAX]);
#define LINK_PEER_NO_ATTEMPT UINT64_MAX
/* Returns the milliseconds until the next attempt to connect; LINK_PEER_NO_ATTEMPT: none is
 * planned. */
uint64_t link_peer_next_ms(const struct link_peer *p);
