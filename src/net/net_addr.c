/* net_addr.c - addresses as text and as the kernel needs them. */
#include "net/net_addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/shown.h"

int net_addr_parse(union net_addr *out, socklen_t *len, const char *address, uint16_t port)
{
	union net_addr a = { 0 };

	if (inet_pton(AF_INET, address, &a.v4.sin_addr) == 1) {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = htons(port);
		*len = sizeof a.v4;
	} else if (memset(&a, 0, sizeof a), inet_pton(AF_INET6, address, &a.v6.sin6_addr) == 1) {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_port = htons(port);
		*len = sizeof a.v6;
	} else {
		return ERR_INVAL;
	}
	*out = a;
	return 0;
}

int net_addr_unix(union net_addr *out, socklen_t *len, const char *path)
{
	size_t n = strlen(path);

	if (n == 0) {
		return ERR_INVAL;
	}
	if (n >= sizeof out->un.sun_path) {
		return ERR_LIMIT;
	}
	*out = (union net_addr){ 0 };
	out->un.sun_family = AF_UNIX;
	memcpy(out->un.sun_path, path, n + 1);
	*len = sizeof out->un;
	return 0;
}

uint16_t net_addr_port(const union net_addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}

void net_addr_text(char out[NET_ADDRESS_MAX], const union net_addr *a)
{
	char host[INET6_ADDRSTRLEN] = "?";

	_Static_assert(SHOWN_ADDRESS_MAX <= NET_ADDRESS_MAX, "room");
	switch (a->sa.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof host);
		(void)shown_address(out, host, net_addr_port(a));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof host);
		(void)shown_address(out, host, net_addr_port(a));
		break;
	default:
		snprintf(out, NET_ADDRESS_MAX, "unix");
	}
}
