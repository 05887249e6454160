/* cfg_place.c - numeric addresses as family and bytes. */
#include "conf/cfg_place.h"

#include <arpa/inet.h>
#include <string.h>

struct cfg_place cfg_place_of(const char *address)
{
	struct cfg_place p = { 0 };

	if (inet_pton(AF_INET, address, p.octets) == 1) {
		p.family = AF_INET;
	} else if (inet_pton(AF_INET6, address, p.octets) == 1) {
		p.family = AF_INET6;
	}
	return p;
}

bool cfg_place_mapped(const struct cfg_place *p)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return p->family == AF_INET6 && memcmp(p->octets, mapped, sizeof mapped) == 0;
}

struct cfg_place cfg_place_one(const char *address)
{
	struct cfg_place p = cfg_place_of(address);

	if (cfg_place_mapped(&p)) {
		memmove(p.octets, p.octets + 12, 4);
		memset(p.octets + 4, 0, 12);
		p.family = AF_INET;
	}
	return p;
}

bool cfg_place_same(const struct cfg_place *a, const struct cfg_place *b)
{
	return a->family == b->family && memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

bool cfg_place_every(const struct cfg_place *p)
{
	static const uint8_t zero[16];

	return memcmp(p->octets, zero, sizeof zero) == 0;
}
