/* transport.h - what carries the connections of Diameter. The configurations and net/ share these
 * numbers. */
#pragma once
#include <stdbool.h>

enum transport {
	TRANSPORT_TCP = 1,
	TRANSPORT_SCTP = 2,     /* RFC 6733 2.1.1 */
	TRANSPORT_SCTP_UDP = 3, /* in user space, inside UDP (RFC 6951): for laboratories */
};

/* Addresses of a multi-homed end besides its first one. */
#define TRANSPORT_MORE_MAX 7

#define TRANSPORT_UDP_PORT "9899" /* of SCTP inside UDP, RFC 6951 5.1 */

/* "tcp", "sctp" or "sctp-udp". */
const char *transport_word(int transport);
bool transport_is_sctp(int transport); /* either kind */
