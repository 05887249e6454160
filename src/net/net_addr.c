/* net_addr.c - addresses as text and as the kernel needs them. */
#include "net/net_addr.h"

#include <arpa/inet.h>
#include <stdbool.h>
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

struct net_ip net_ip_of(const union net_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct net_ip ip = { .family = a->sa.sa_family };

	if (ip.family == AF_INET) {
		memcpy(ip.octets, &a->v4.sin_addr, 4);
	} else if (ip.family == AF_INET6) {
		memcpy(ip.octets, &a->v6.sin6_addr, 16);
		if (memcmp(ip.octets, mapped, sizeof mapped) == 0) {
			ip.family = AF_INET;
			memmove(ip.octets, ip.octets + 12, 4);
			memset(ip.octets + 4, 0, 12);
		}
	}
	return ip;
}

int net_ip_of_text(struct net_ip *out, const char *text)
{
	const char *start = text + (text[0] == '['), *end = text[0] == '[' ? strchr(text, ']') : strrchr(text, ':');
	char host[INET6_ADDRSTRLEN];
	union net_addr a;
	socklen_t len;
	int err;

	if (!end || (size_t)(end - start) >= sizeof host) {
		return ERR_INVAL;
	}
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	err = net_addr_parse(&a, &len, host, 0);
	if (!err) {
		*out = net_ip_of(&a);
	}
	return err;
}

bool net_ip_equal(const struct net_ip *a, const struct net_ip *b)
{
	return a->family == b->family && memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

void net_ip_text(char out[NET_IP_TEXT_MAX], const struct net_ip *ip)
{
	_Static_assert(INET6_ADDRSTRLEN <= NET_IP_TEXT_MAX, "room");
	if (!inet_ntop(ip->family, ip->octets, out, NET_IP_TEXT_MAX)) {
		snprintf(out, NET_IP_TEXT_MAX, "?");
	}
}

void net_addr_text(char out[NET_ADDRESS_MAX], const union net_addr *a)
{
	struct net_ip ip = net_ip_of(a);
	char host[NET_IP_TEXT_MAX];

	_Static_assert(SHOWN_ADDRESS_MAX <= NET_ADDRESS_MAX, "room");
	if (ip.family != AF_INET && ip.family != AF_INET6) {
		snprintf(out, NET_ADDRESS_MAX, "unix");
		return;
	}
	net_ip_text(host, &ip);
	(void)shown_address(out, host, net_addr_port(a));
}
