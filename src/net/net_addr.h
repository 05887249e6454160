/* net_addr.h - addresses as text and as the kernel needs them. Numeric only: no name is ever looked
 * up. For src/net only. */
#pragma once
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "net/net_ip.h"
#include "net/net_tcp.h"

union net_addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
	struct sockaddr_storage any;
};

/* ERR_INVAL: not a numeric IPv4 or IPv6 address. */
ERR_MUST_USE int net_addr_parse(union net_addr *out, socklen_t *len, const char *address, uint16_t port);
/* ERR_LIMIT: longer than the kernel takes; ERR_INVAL: empty. */
ERR_MUST_USE int net_addr_unix(union net_addr *out, socklen_t *len, const char *path);
/* "192.0.2.7:40000", "[2001:db8::1]:40000", "unix". */
void net_addr_text(char out[NET_ADDRESS_MAX], const union net_addr *a);
uint16_t net_addr_port(const union net_addr *a);
/* Address alone. An IPv4 address in the form of IPv6 (RFC 4291 2.5.5.2) becomes the IPv4 one. */
struct net_ip net_ip_of(const union net_addr *a);
/* From the form of net_addr_text(). ERR_INVAL: it is none. */
ERR_MUST_USE int net_ip_of_text(struct net_ip *out, const char *text);
