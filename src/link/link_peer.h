/* link_peer.h - a configured peer we connect to and stay connected to: exactly one connection, reconnect with back-off
 * (Tc; after a DPR of the peer with BUSY or DO_NOT_WANT_TO_TALK_TO_YOU the longer reconnect_refused_ms; never after
 * link_peer_stop() until link_peer_kick()), RFC 6733 peer machine and RFC 3539 watchdog per peer. */
#pragma once
#include "link/link.h"
#include "tls/tls_stream.h"

struct link_peer_conf {
	const char *host, *realm; /* expected Origin-Host and Origin-Realm of the peer: a CEA from another one is refused */
	const char *address;
	uint16_t port;
	struct tls_ctx *tls; /* NULL: plain TCP (protection: none) */
	bool reopen_detect;  /* look for the other side's REOPEN, peer_reopen.h */
};

struct link_peer;

/* Borrows everything. Starts connecting on the next turn. on_cer is not used. */
ERR_MUST_USE int link_peer_new(struct link_peer **out, struct net_loop *loop, const struct link_peer_conf *peer,
			       const struct link_conf *conf, const struct link_cb *cb, void *arg);
/* Takes; sends DPR (REBOOTING) first when open and `polite`, and then ends in the background: the loop has to go on, and conf, peer
 * and log have to stay, until DPA or dpa_wait_ms. Pending requests are given ERR_CLOSED before it returns; no other callback runs. */
void link_peer_free(struct link_peer *p, bool polite);

/* The link while it is open and may carry a new request (watchdog OKAY, the other side not in REOPEN or due for a probe), else NULL. */
struct link *link_peer_link(struct link_peer *p);
/* Connect now, also after link_peer_stop(). Nothing when it is connected or connecting. */
void link_peer_kick(struct link_peer *p);
/* Ends the connection with a DPR of this cause, an attempt to connect at once; no further attempt until link_peer_kick().
 * `reason`: static words for the log and for link_peer_reason(). */
void link_peer_stop(struct link_peer *p, enum dia_disconnect_cause cause, const char *reason);
/* The owner makes another peer in place of this one: no further attempt of it, and none is told of. A connection stays as it is. */
void link_peer_no_more(struct link_peer *p, const char *reason);

/* For operators: "open", "connecting", "suspect", "closing", "waiting" (for the next attempt), "stopped", "reopening" (we wait
 * for three watchdog answers after a loss, RFC 3539), "peer in reopen" (the other side does). Static. */
const char *link_peer_state(const struct link_peer *p);
#define LINK_PEER_REASON_MAX 512
/* Why it is in that state, "" when the state says it all. */
void link_peer_reason(const struct link_peer *p, char out[LINK_PEER_REASON_MAX]);
#define LINK_PEER_NO_ATTEMPT UINT64_MAX
/* Milliseconds until the next attempt to connect; LINK_PEER_NO_ATTEMPT: none is planned. */
uint64_t link_peer_next_ms(const struct link_peer *p);
