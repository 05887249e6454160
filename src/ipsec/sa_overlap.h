/* sa_overlap.h - whether what is provisioned for several SCSs under NDS/IP can be told apart.
 * strongSwan gives one pair of selectors to the newest of two peers, so no packet of one SCS may be
 * in the selectors of another. One host has one child: with two the end of one takes the route of
 * the other (kernel-libipsec). PURE but for the allocator. */
#pragma once
#include "ipsec/sa_conn.h"

enum sa_overlap_kind {
	SA_OVERLAP_SELECTORS, /* a packet can be in selectors of both */
	SA_OVERLAP_HOST,      /* other ports or addresses of ours, but a host that both have */
	SA_OVERLAP_IDENTITY,  /* one remote identity */
};

struct sa_overlap {
	enum sa_overlap_kind kind;
	const struct sa_conn *a, *b; /* of the given ones; a comes first */
	const struct sa_ts *host;    /* of a or b; NULL with IDENTITY */
};

/* The first overlap in the order of hosts, else of identities. ERR_NOTFOUND: there is none.
 * ERR_NOMEM. The connections are checked (sa_conn.h). */
ERR_MUST_USE int sa_overlap_find(struct sa_overlap *out, const struct sa_conn *conns, size_t n);

/* In words for people, what was expected included. */
#define SA_OVERLAP_WHY_MAX 512
void sa_overlap_words(char out[SA_OVERLAP_WHY_MAX], const struct sa_overlap *overlap);
