/* asc_sort_order.c - the order of records. Names of one fleet share long beginnings, which an
 * ordinary sort would read again for each comparison. */
#include "assoc/asc_sort_order.h"

#include <endian.h>
#include <string.h>

#define SMALL 12u

static uint64_t look_at(const struct asc_sort_item *item, uint32_t depth)
{
	uint8_t octets[8] = { 0 };
	uint64_t v;

	if (depth < item->len) {
		memcpy(octets, item->key + depth, item->len - depth < 8 ? item->len - depth : 8);
	}
	memcpy(&v, octets, sizeof v);
	return be64toh(v);
}

static void swap(struct asc_sort_item *a, struct asc_sort_item *b)
{
	struct asc_sort_item t = *a;

	*a = *b;
	*b = t;
}

/* Keys that agree up to depth. */
static int compare(const struct asc_sort_item *a, const struct asc_sort_item *b, uint32_t depth)
{
	uint32_t len = a->len < b->len ? a->len : b->len;

	if (a->look != b->look) {
		return a->look < b->look ? -1 : 1;
	}
	return depth < len ? memcmp(a->key + depth, b->key + depth, len - depth) : 0;
}

static void sort_small(struct asc_sort_item *items, size_t n, uint32_t depth)
{
	for (size_t i = 1; i < n; i++) {
		struct asc_sort_item item = items[i];
		size_t at = i;

		for (; at > 0 && compare(&item, &items[at - 1], depth) < 0; at--) {
			items[at] = items[at - 1];
		}
		items[at] = item;
	}
}

static uint64_t middle_of(const struct asc_sort_item *items, size_t n)
{
	uint64_t a = items[n / 4].look, b = items[n / 2].look, c = items[n - 1 - n / 4].look;

	if (a > b) {
		uint64_t t = a;

		a = b;
		b = t;
	}
	return c < a ? a : c < b ? c : b;
}

/* `look` of all records has this depth. Recursion goes into the smaller parts only, so its depth is
 * the logarithm plus the length of a key. */
static void sort_from(struct asc_sort_item *items, size_t n, uint32_t depth)
{
	while (n > SMALL) {
		uint64_t pivot = middle_of(items, n);
		size_t low = 0, i = 0, high = n;

		while (i < high) {
			if (items[i].look < pivot) {
				swap(&items[low++], &items[i++]);
			} else if (items[i].look > pivot) {
				swap(&items[i], &items[--high]);
			} else {
				i++;
			}
		}
		if (depth + 8 < items[low].len || (high - low > 1 && depth + 8 < items[high - 1].len)) {
			for (size_t k = low; k < high; k++) {
				items[k].look = look_at(&items[k], depth + 8);
			}
			sort_from(items + low, high - low, depth + 8);
		}
		if (low < n - high) {
			sort_from(items, low, depth);
			items += high;
			n -= high;
		} else {
			sort_from(items + high, n - high, depth);
			n = low;
		}
	}
	sort_small(items, n, depth);
}

void asc_sort_items(struct asc_sort_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		items[i].look = look_at(&items[i], 0);
	}
	sort_from(items, n, 0);
}
