/* net_ip.h - a numeric address without a port. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct net_ip {
	int family;         /* AF_INET, AF_INET6 */
	uint8_t octets[16]; /* AF_INET: the first 4, the others are 0 */
};

bool net_ip_equal(const struct net_ip *a, const struct net_ip *b);
/* "192.0.2.7", "2001:db8::1". */
#define NET_IP_TEXT_MAX 46
void net_ip_text(char out[NET_IP_TEXT_MAX], const struct net_ip *ip);
