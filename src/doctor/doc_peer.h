/* doc_peer.h - what is wrong with a peer of the operator's own domain (HSS, SMS-SC): by its row of
 * `peers`, and, when it is not connected, by an attempt to reach it. PURE. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "doctor/doc_report.h"

enum doc_reach {
	DOC_REACH_UNTRIED,     /* not tried: `why` */
	DOC_REACH_CLOSED,      /* the port is closed */
	DOC_REACH_SILENT,      /* no answer in time */
	DOC_REACH_NO_WAY,      /* no route, no such address: `why` */
	DOC_REACH_NO_SCTP,     /* this machine has no SCTP: `why` */
	DOC_REACH_NO_LOCAL,    /* it does not have our address: `why` */
	DOC_REACH_OTHER,       /* SCTP: the peer has an address that is not configured: `why` */
	DOC_REACH_CONNECTS,    /* TCP or SCTP connects; there is no TLS, or it was not tried: `why`, "" for the first */
	DOC_REACH_TLS,         /* and the TLS handshake succeeds from both sides */
	DOC_REACH_TLS_FAILS,   /* it fails: `why` */
	DOC_REACH_TLS_REFUSED, /* the peer refuses our certificate: `why` */
	DOC_REACH_TLS_REFUSES, /* we refuse its certificate: `why` */
};

struct doc_peer {
	const json_t *row; /* of peers; borrowed */
	enum doc_reach reach;
	const char *why;         /* borrowed */
	const char *certificate; /* our file of that connection, "" when not known */
	uint32_t wait_ms;        /* how long an attempt was waited for */
	const char *transport;   /* its word; NULL: not known, as for TCP */
	const char *local;       /* our addresses, as the configuration has them; NULL: any */
};

/* Whether an attempt disturbs nothing: the daemon has no connection to the peer, and no operator
 * stopped it. */
bool doc_peer_may_be_tried(const json_t *row);

void doc_look_at_peer(struct doc_report *r, const struct doc_peer *p);
