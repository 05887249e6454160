/* tls_stream.h - mutual TLS on connect (RFC 6733 13.1: before any Diameter octet), profile of TS
 * 33.210 6.2: 1.3, 1.2 allowed, AEAD with ephemeral exchange only, no tickets, no early data, no
 * renegotiation. The result is an ordinary net_stream. */
#pragma once
#include <stdint.h>

#include "base/agreement.h"
#include "base/machine.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "tls/tls_identity.h"
#include "tls/tls_keyholder.h"
#include "tls/tls_pem.h"

struct tls_anchor_conf {
	char name[TLS_ANCHOR_NAME_MAX + 1]; /* as in the configuration */
	const char *file;                   /* PEM: one or more CA certificates that are this one anchor */
	struct tls_pem pem; /* its bytes, or {NULL}: the file is read; `file` is its name in messages in either case */
	const struct tls_crl_file *crls; /* tls_crl.h; of the anchor and the CAs below it */
	size_t crls_n;                   /* 0: certificates of this anchor are not looked up in CRLs */
	struct tls_pem crl_table;        /* tls_crl_read() of them, in place of their octets; {NULL}: they are read */
	struct tls_ocsp *ocsp;           /* tls_ocsp.h, borrowed as long as the context is used; NULL: no responder is asked */
	uint32_t responder;              /* number of the anchor's responder in it; TLS_OCSP_NOBODY: it has none */
	bool ocsp_chain;                 /* the responder is also asked about the CAs between a certificate and the anchor */
};

/* How our own certificate is checked, besides its form and key. */
enum tls_own {
	TLS_OWN_VALID,  /* it has begun and has not ended */
	TLS_OWN_USABLE, /* and so has its chain; it is no CA's, its extended key usage fits the role, it bears our name */
	TLS_OWN_ANY,    /* a daemon keeps running with a certificate that expires */
};

struct tls_conf {
	bool server;
	const char *certificate;        /* PEM chain, leaf first */
	struct tls_pem certificate_pem; /* its bytes, or {NULL}: the file is read */
	enum tls_own own;
	const char *own_name; /* TLS_OWN_USABLE: our host name, which must be a dNSName of it; a client's only warns; NULL: any */
	struct tls_keyholder key;
	const struct tls_anchor_conf *anchors; /* CAs of the other end; */
	size_t anchors_n;
	bool tls12_allowed;
	/* Our own certificate: its responder is asked, and what it says is stapled (RFC 6066 8,
	 * RFC 8446 4.4.2.1) to clients that want it. The PEM chain has to have the CA that
	 * issued the certificate. */
	bool staple;
	struct tls_ocsp *ocsp; /* as above; NULL: only the chain is checked */
	uint32_t responder;
	const char *keylog; /* file to append NSS key log lines to; only mtc-scs sets it; NULL: none */
};

struct tls_ctx;

/* Loads and checks certificate, key and anchors. Errors with a reason in `why` (file and mistake).
 * Borrows nothing. ERR_INVAL, ERR_IO, ERR_LIMIT, ERR_NOMEM. On success `why` is "" or a warning for
 * the log. */
ERR_MUST_USE int tls_ctx_new(struct tls_ctx **out, const struct tls_conf *conf, char *why, size_t why_size);
void tls_ctx_free(struct tls_ctx *c); /* streams that use it stay valid */

/* False: the key is in another process, and nobody is there to sign with it now. A handshake would
 * fail, so a listener refuses the connection at once. */
bool tls_ctx_ready(const struct tls_ctx *c);

/* Looks after what is stapled: asks when that is due. Returns when to call it again, in seconds
 * since 1970; UINT64_MAX: nothing is stapled. */
struct tls_stapled {
	uint64_t this_s, until_s; /* thisUpdate and end of what is stapled now; 0: nothing is */
};
uint64_t tls_ctx_staple(struct tls_ctx *c, uint64_t now_s, struct tls_stapled *out);

/* Checks one anchor, with the errors of tls_ctx_new(). */
ERR_MUST_USE int tls_anchor_check(const struct tls_anchor_conf *conf, char *why, size_t why_size);

/* Server side of an accepted descriptor: takes fd on success only. on_open comes after the
 * handshake, on_close if it fails: ERR_AUTH (its certificate), ERR_REFUSED (it refused us),
 * ERR_PROTO, ERR_TIMEOUT, ERR_CLOSED, ERR_IO. ERR_STATE when `c` is a client's. */
ERR_MUST_USE int tls_accept(struct net_stream **out, struct tls_ctx *c, struct net_loop *l, int fd, const char *peer,
			    const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg);
/* Client side. `expected_name` must be a SAN dNSName of the server; ERR_INVAL when it is no host
 * name. In TLS 1.3 on_open comes before the server has judged our certificate: a refusal follows by
 * on_close with ERR_REFUSED. A peer is up when its CEA has come. */
ERR_MUST_USE int tls_connect(struct net_stream **out, struct tls_ctx *c, struct net_loop *l, const char *address, uint16_t port,
			     const char *expected_name, const struct net_stream_conf *conf, const struct net_stream_cb *cb,
			     void *arg);

/* States of a TLS stream; drawn in tls_stream.c. */
enum tls_stream_state { TLS_BEGINNING, TLS_HANDSHAKE, TLS_OPEN, TLS_DEAD, TLS_STATES };
extern const struct machine tls_stream_machine;
/* Number of TLS streams of the loop in each of TLS_STATES states. Valid as long as the loop. */
const uint32_t *tls_streams(struct net_loop *l);

/* Judges the certificates of the other end by the CRLs and the responders of `c`, which may be a
 * newer context than that of the handshake, along the chain that the handshake built to this
 * anchor of its identity. REVOCATION_UNCHECKED: `c` has no such anchor, or the anchor has
 * neither, or it is not one of the identity. Asks responders for what is due. No signature is
 * verified: a microsecond or two for each certificate. */
struct tls_revocation;
void tls_stream_revocation(struct tls_revocation *out, const struct net_stream *s, const struct tls_ctx *c, const char *anchor,
			   uint64_t now_s);

/* False: it is of a server, and no whole ClientHello has come yet. */
bool tls_stream_greeted(const struct net_stream *s);

/* Identity of the other end. NULL if `s` is not a TLS stream or the handshake did not succeed.
 * Valid as long as the stream. */
const struct tls_identity *tls_stream_identity(const struct net_stream *s);
/* Version and cipher suite of the handshake, by the numbers of base/agreement.h. ERR_STATE: `s` is
 * not a TLS stream or has not authenticated; ERR_PROTO: it has a suite outside the profile, which
 * the context does not offer. Both are 0 then. */
ERR_MUST_USE int tls_stream_negotiated(const struct net_stream *s, uint8_t *version, uint8_t *suite);
