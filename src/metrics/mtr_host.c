/* mtr_host.c - a name or an address, then perhaps a port. */
#include "metrics/mtr_host.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"

/* Nothing, or a colon and a port. */
static bool port_ok(const char *p)
{
	size_t n = *p == ':' ? strspn(p + 1, "0123456789") : 0;

	return !*p || (*p == ':' && n >= 1 && n <= 5 && !p[1 + n]);
}

static bool six(const char *host)
{
	const char *end = strchr(host, ']');
	size_t n = end ? (size_t)(end - host) - 1 : 0;
	char address[INET6_ADDRSTRLEN];
	struct in6_addr a;

	if (!end || n >= sizeof address || !port_ok(end + 1)) {
		return false;
	}
	memcpy(address, host + 1, n);
	address[n] = 0;
	return inet_pton(AF_INET6, address, &a) == 1;
}

bool mtr_host_ok(const struct mtr_hosts *hosts, const char *host)
{
	char name[MTR_HOST_MAX];
	struct in_addr a;
	size_t n;

	if (!host) {
		return false;
	}
	if (*host == '[') {
		return six(host);
	}
	n = strcspn(host, ":");
	if (n == 0 || n >= sizeof name || !port_ok(host + n)) {
		return false;
	}
	memcpy(name, host, n);
	name[n] = 0;
	if (inet_pton(AF_INET, name, &a) == 1 || str_equal_nocase(name, n, "localhost", strlen("localhost"))) {
		return true;
	}
	for (size_t i = 0; i < hosts->n; i++) {
		if (str_equal_nocase(name, n, hosts->names[i], strlen(hosts->names[i]))) {
			return true;
		}
	}
	return false;
}
