/* fence_attr.h - attributes of netlink messages: a length, a type, octets, filled up to 4. Nothing
 * is read outside the octets that were given. Inside the room only. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct fence_attrs { /* a list of them; borrowed */
	const uint8_t *p;
	size_t len;
};

struct fence_attr {
	uint16_t type;    /* without the flags of netlink */
	const uint8_t *p; /* never NULL in one that was read */
	size_t len;
};

/* The next one; moves `all`. ERR_NOTFOUND: no more. ERR_PROTO: a length is wrong. */
ERR_MUST_USE int fence_attr_next(struct fence_attrs *all, struct fence_attr *out);
struct fence_attrs fence_attr_inside(const struct fence_attr *a); /* of {0}: an empty list */

/* 4 octets in network byte order, else ERR_PROTO. */
ERR_MUST_USE int fence_attr_u32(uint32_t *out, const struct fence_attr *a);
/* The same with 1, 2 or 4 octets. */
ERR_MUST_USE int fence_attr_number(uint32_t *out, const struct fence_attr *a);
/* Whether it is this text, with or without NUL behind it. */
bool fence_attr_is(const struct fence_attr *a, const char *text);
/* Its text for people: cut, and '?' for what is not printable. */
void fence_attr_cut(char *out, size_t cap, const struct fence_attr *a);
