/* hss_store.h - one set of subscribers, found by IMSI, MSISDN and each External-Identifier. A set
 * is read as a whole and never changes: a new file makes a new set. */
#pragma once
#include <stdio.h>

#include "apps/app_common.h"
#include "nodes/hss/hss_subscriber.h"

#define HSS_STORE_WHY_MAX 1400 /* a path, a line number and a reason */
#define HSS_LINE_MAX 65535     /* bytes of one line */

struct hss_store;

/* Reads a whole file (docs/user/subscribers.md); `path` is for error texts. ERR_INVAL with
 * `PATH:LINE: words`, ERR_IO, ERR_NOMEM; nothing is kept on failure. */
ERR_MUST_USE int hss_store_read(struct hss_store **out, FILE *f, const char *path, char why[HSS_STORE_WHY_MAX]);
/* The same from a path. ERR_INVAL also if the file ends within a line, because a part of it may be
 * missing. */
ERR_MUST_USE int hss_store_load(struct hss_store **out, const char *path, char why[HSS_STORE_WHY_MAX]);
/* ERR_LIMIT with a reason: it contains fewer than `min` subscribers. */
ERR_MUST_USE int hss_store_enough(const struct hss_store *s, uint32_t min, const char *path, char why[HSS_STORE_WHY_MAX]);
/* ERR_LIMIT with a reason if at least 10 subscribers, and more than a tenth of those in `old`, are
 * missing in `now`, by IMSI. Any thread: neither set changes. */
ERR_MUST_USE int hss_store_keeps(const struct hss_store *old, const struct hss_store *now, const char *path,
				 char why[HSS_STORE_WHY_MAX]);
void hss_store_free(struct hss_store *s); /* NULL allowed */

/* Subscribers in the set. */
size_t hss_store_count(const struct hss_store *s);

/* External-Identifiers that differ from an earlier one only in the case of the local part: two
 * devices, and usually a mistake. */
struct hss_twins {
	size_t n;
	const char *first, *second; /* of the first pair, as long as the store; NULL: none */
	uint32_t first_line, second_line;
};
/* Borrowed until hss_store_free(). */
const struct hss_twins *hss_store_twins(const struct hss_store *s);

/* The subscriber that all given identities name; NULL if there is none, if they name different
 * ones, or if one is malformed. With `imsi_only` (a request of an MTC-AAA) the others are
 * ignored. */
const struct hss_subscriber *hss_store_find(const struct hss_store *s, const struct app_user_identifier *who, bool imsi_only);
