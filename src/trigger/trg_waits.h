/* trg_waits.h - what a start has to know of an accepted trigger before it reads the whole record:
 * the names by which a request or a report may ask for it. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ident.h"
#include "base/str.h"

struct trg_waits {
	char scs_e164[STR_DIGITS_MAX + 1];
	char origin_host[IDENT_HOST_MAX + 1]; /* of the request */
	uint32_t reference, end_to_end;       /* Reference-Number; End-to-End-Id of the request */
	uint64_t received_ms;
};

/* True if the record is of an accepted trigger that only waits for its report, as nearly all are.
 * False for any other, and for records of older versions: they have to be read as a whole. What
 * follows the names is not looked at: trg_read() may still find the record damaged. */
bool trg_waits_read(struct trg_waits *out, const void *record, size_t len);
