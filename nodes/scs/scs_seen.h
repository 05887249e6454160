/* scs_seen.h - remembers which reports were taken, also across restarts: at least once on the wire
 * becomes once for the reader. A report is identified by the gateway's host and End-to-End-Id (a
 * retransmission, RFC 6733), or by its reference and device (sent anew). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SCS_SEEN_MAX 1000000u                    /* reports; the oldest are forgotten first */
#define SCS_SEEN_KEPT_MS (8ull * 86400u * 1000u) /* a day longer than a gateway keeps a report */

struct scs_seen;

struct scs_report_key {
	const char *host; /* printable, without blanks */
	uint32_t end_to_end, reference;
	const char *device; /* printable, without blanks; "" allowed */
};

/* Times are of the timeline of that file (base/timeline.h). `path` NULL: in memory only. Reads the
 * file, drops old entries, and rewrites it; used by one process at a time. Errors with a reason:
 * ERR_BUSY (another process), ERR_INVAL (not such a file), ERR_IO, ERR_NOMEM. */
ERR_MUST_USE int scs_seen_open(struct scs_seen **out, const char *path, uint64_t now_ms, char *why, size_t why_size);
void scs_seen_close(struct scs_seen *s); /* NULL allowed */

bool scs_seen_has(const struct scs_seen *s, const struct scs_report_key *key);
/* On disk when it returns 0. */
ERR_MUST_USE int scs_seen_add(struct scs_seen *s, const struct scs_report_key *key, uint64_t now_ms);
size_t scs_seen_count(const struct scs_seen *s);
