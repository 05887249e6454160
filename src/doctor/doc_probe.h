/* doc_probe.h - tries to reach a peer: TCP, and TLS where it has TLS, or SCTP. Nothing of Diameter
 * is sent. Blocks for at most about twice the wait. */
#pragma once
#include <stdint.h>

#include "doctor/doc_peer.h"
#include "net/net_sctp.h"
#include "tls/tls_stream.h"

#define DOC_PROBE_WHY_MAX 640

struct doc_probe { /* borrowed */
	const char *address;
	uint16_t port;
	const char *host;           /* the name that its certificate has to bear */
	const struct tls_conf *tls; /* NULL: no TLS is tried */
	/* Over SCTP, with our addresses; in user space inside UDP when in_udp is set, and then
	 * `udp` is not looked at. NULL: TCP */
	const struct net_sctp_ends *sctp;
	uint32_t wait_ms; /* for the connection, and for the handshake */
};

enum doc_reach doc_probe(const struct doc_probe *p, char why[DOC_PROBE_WHY_MAX]);
