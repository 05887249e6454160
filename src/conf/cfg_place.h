/* cfg_place.h - a numeric address independent of its spelling. Inside conf/ only. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct cfg_place {
	int family; /* 0: it is none */
	uint8_t octets[16];
};

struct cfg_place cfg_place_of(const char *address);
/* The same, with one form for an IPv4 address. */
struct cfg_place cfg_place_one(const char *address);
/* ::ffff:a.b.c.d is the IPv4 address a.b.c.d in the form of IPv6 (RFC 4291 2.5.5.2). */
bool cfg_place_mapped(const struct cfg_place *p);
bool cfg_place_same(const struct cfg_place *a, const struct cfg_place *b);
/* 0.0.0.0 and :: stand for all addresses of their family. */
bool cfg_place_every(const struct cfg_place *p);
