/* sme_hosts.h - how many connections of SMEs each address has, and how many of them have no bind
 * yet. What counts is an IPv4 address, also one that is written as IPv6, and the first 64 bits of
 * an IPv6 address, for one host has all of them. PURE. */
#pragma once
#include "base/err.h"
#include "base/map.h"

struct sme_host; /* opaque: one address, as long as it has connections */

struct sme_hosts {
	struct map by_address;
};

ERR_MUST_USE int sme_hosts_init(struct sme_hosts *h); /* ERR_NOMEM, ERR_IO */
/* Every connection was given back before. A zeroed one is allowed. */
void sme_hosts_fini(struct sme_hosts *h);

/* One more connection of `peer`, "192.0.2.7:40000" or "[2001:db8::1]:40000", without a bind.
 * ERR_LIMIT: it has `max` already; ERR_BUSY: it has `unbound_max` without a bind; ERR_INVAL: no
 * such address; ERR_NOMEM. Nothing is counted then. */
ERR_MUST_USE int sme_hosts_take(struct sme_host **out, struct sme_hosts *h, const char *peer, uint32_t max, uint32_t unbound_max);
/* One of its connections is bound now, until it is given back. */
void sme_hosts_bound(struct sme_host *host);
/* One connection less, which was bound or was not. The host is gone with its last one. NULL
 * allowed. */
void sme_hosts_give(struct sme_hosts *h, struct sme_host *host, bool bound);
