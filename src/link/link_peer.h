/* link_peer.h - a configured peer we connect to and stay connected to: exactly one connection, reconnect with back-off
 * (Tc; not after a DPR with cause 1 or 2 until link_peer_kick()), RFC 6733 peer machine and RFC 3539 watchdog per peer. */
#pragma once
#include "link/link.h"
#include "tls/tls_stream.h"

struct link_peer_conf {
	const char *host, *realm; /* expected Origin-Host and Origin-Realm of the peer: a CEA from another one is refused */
	const char *address;
	uint16_t port;
	struct tls_ctx *tls; /* NULL: plain TCP (protection: none) */
};

struct link_peer;

/* Borrows everything. Starts connecting on the next turn. on_cer is not used. */
ERR_MUST_USE int link_peer_new(struct link_peer **out, struct net_loop *loop, const struct link_peer_conf *peer,
			       const struct link_conf *conf, const struct link_cb *cb, void *arg);
/* Takes; sends DPR (REBOOTING) first when open and `polite`, and then ends in the background: the loop has to go on, and conf, peer
 * and log have to stay, until DPA or dpa_wait_ms. Pending requests are given ERR_CLOSED before it returns; no other callback runs. */
void link_peer_free(struct link_peer *p, bool polite);

/* The link while it is open and may carry new requests (watchdog OKAY), else NULL. */
struct link *link_peer_link(struct link_peer *p);
/* Try to connect now. */
void link_peer_kick(struct link_peer *p);
/* State words for operators: "open", "connecting", "suspect", "down", ... */
const char *link_peer_state(const struct link_peer *p);
/* Watchdog words: why it is down, or "". */
const char *link_peer_why(const struct link_peer *p);
