/* doc_dns.h - what DNS says about a name of the configuration, beside the numeric address that the
 * gateway connects to: names are not resolved by the gateway, so that a wrong entry harms nothing
 * by itself, but it tells where something has moved to. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "doctor/doc_report.h"

#define DOC_DNS_ADDRESSES_MAX 8
#define DOC_DNS_ADDRESS_MAX 46 /* bytes of a numeric address, with the NUL */

struct doc_dns {                /* borrowed */
	const char *about;      /* "hss" */
	const char *what;       /* "peer hss" */
	const char *key;        /* of the configuration that has the address: "peers[].address" */
	const char *host;       /* the name */
	const char *address;    /* numeric, as configured */
	const char *unresolved; /* why DNS has none; NULL: it has these */
	char found[DOC_DNS_ADDRESSES_MAX][DOC_DNS_ADDRESS_MAX];
	size_t found_n;
	bool tried;         /* nobody answers at `address`, and the addresses found were tried: */
	const char *answer; /* one of `found` at which somebody accepts; NULL: none */
	const char *why;    /* else why the last one does not */
};

void doc_look_at_dns(struct doc_report *r, const struct doc_dns *d);
/* The address is one of those found, in whatever form it is written. */
bool doc_dns_has(const struct doc_dns *d);
