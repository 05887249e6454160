/* container.h - from a member to its object. */
#pragma once
#include <stddef.h>
#include <stdint.h>

static inline void *container_at(const void *member, size_t offset)
{
	return (char *)(uintptr_t)member - offset;
}

/* `p` points to the member `member_` of an object of `type`, and is not NULL. A pointer of another
 * type does not compile. */
#define CONTAINER_OF(p, type, member_) ((type *)container_at(1 ? (p) : &((type *)0)->member_, offsetof(type, member_)))
