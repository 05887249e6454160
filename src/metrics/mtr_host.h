/* mtr_host.h - whether a request means us, by its Host header. A page of another site whose name
 * was made to resolve to our address (DNS rebinding) has that name there. An address is no such
 * name: a browser lets a page read what another address says only if that one allows it. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define MTR_HOST_MAX 254 /* of a name, with NUL */

struct mtr_hosts { /* borrowed */
	char (*names)[MTR_HOST_MAX];
	size_t n;
};

/* `host`: the header, with or without a port; NULL: there is none. True for an IPv4 address, an
 * IPv6 address in brackets, localhost, and each of the names. */
bool mtr_host_ok(const struct mtr_hosts *hosts, const char *host);
