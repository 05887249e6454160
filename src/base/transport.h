/* transport.h - what carries the connections of Diameter. The configurations and net/ share these
 * numbers. */
#pragma once

enum transport {
	TRANSPORT_TCP = 1,
	TRANSPORT_SCTP = 2, /* RFC 6733 2.1.1 */
};

/* Addresses of a multi-homed end besides its first one. */
#define TRANSPORT_MORE_MAX 7

/* "tcp" or "sctp". */
const char *transport_word(int transport);
