/* asc_sort.h - external sort (room-private): more records than memory holds, in order of their
 * keys. Records that do not fit are written as sorted runs into one unnamed file, so a crash leaves
 * nothing behind. A thread of its own sorts and writes a full buffer while the next one fills. Keys
 * are compared as octets, and no key may be the beginning of another. One thread uses a sort at a
 * time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ASC_SORT_KEY_MAX 512u
#define ASC_SORT_VALUE_MAX 255u
#define ASC_SORT_RUNS_MAX 4096u

struct asc_sort;

/* `dir`: directory of the runs; borrowed. `memory_max`: octets for records, in two halves; at least
 * 64 KiB are used. ERR_NOMEM. */
ERR_MUST_USE int asc_sort_new(struct asc_sort **out, const char *dir, size_t memory_max);
/* Copies the record. ERR_LIMIT (a key or value too long, more runs than fit), ERR_NOSPC, ERR_IO,
 * ERR_NOMEM; all of them end the sort. */
ERR_MUST_USE int asc_sort_add(struct asc_sort *s, const void *key, size_t key_len, const void *value, size_t value_len);
uint64_t asc_sort_count(const struct asc_sort *s);
/* No more records: the rest of the work. Then asc_sort_next(). Errors as above. */
ERR_MUST_USE int asc_sort_end(struct asc_sort *s);

struct asc_sort_row {
	const uint8_t *key, *value; /* borrowed until the next call */
	size_t key_len, value_len;
};
/* ERR_NOTFOUND after the last; ERR_IO. */
ERR_MUST_USE int asc_sort_next(struct asc_sort *s, struct asc_sort_row *out);
void asc_sort_free(struct asc_sort *s); /* takes; NULL allowed; at any time */
