/* asc_sort_order.h - sorts pointers to octet strings in memory (room-private): a multikey quicksort
 * that keeps the eight octets under comparison beside each pointer, so that comparing reads no
 * string. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct asc_sort_item {
	uint64_t look; /* octets of the key at the present depth, big-endian; set by the sort */
	const uint8_t *key;
	uint32_t len;
};

/* No key may be a beginning of another one; equal keys may be. */
void asc_sort_items(struct asc_sort_item *items, size_t n);
