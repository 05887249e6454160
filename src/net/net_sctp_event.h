/* net_sctp_event.h - what the kernel tells of an SCTP association (RFC 6458 6.1), for
 * net_sctp.c. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum net_sctp_news {
	NET_SCTP_NOTHING,   /* of no interest, or not understood */
	NET_SCTP_NOTE,      /* for the operator; the association goes on */
	NET_SCTP_ADDRESSES, /* the other side may have changed its addresses: look at them again */
	NET_SCTP_ENDED,     /* the association is over */
};

#define NET_SCTP_NEWS_MAX 128

/* Reads one notification of `n` bytes. `text` says what happened, "" for NET_SCTP_NOTHING. */
enum net_sctp_news net_sctp_read_news(const void *notification, size_t n, char text[NET_SCTP_NEWS_MAX]);
