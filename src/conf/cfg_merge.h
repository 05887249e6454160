/* cfg_merge.h - from the configuration in force and a newly read file to what is in force after a
 * reload: each item by its row in cfg_change.h.
 *
 * Trust anchors, listeners and peers keep their places, because processes and records name them by
 * number. One that the file lacks now is `gone` and stays in its place; one of the same name at
 * another address, or with another protection, is a new one in a place of its own. The place of
 * one that is gone is used again by the same one, or CFG_PLACE_REST_MS later by another. */
#pragma once
#include "base/report.h"
#include "conf/cfg_change.h"
#include "conf/cfg_iwf.h"

#define CFG_PLACE_REST_MS 120000u /* longer than any session outlives its listener */

/* What the running daemon can do; all else waits for the next start. */
struct cfg_merge_can {
	bool zone[2];   /* by enum zone: there are edges for it */
	bool keyholder; /* for keys in files */
	bool fetcher;
	uint32_t connections_max; /* descriptors were raised for so many */
	uint64_t now_ms;          /* of clock_mono_ms() */
};

struct cfg_merged {
	unsigned changes;  /* that are taken */
	unsigned at_start; /* that wait for the next start */
	unsigned anew;     /* CFG_BY_*: processes to start anew */
};

/* Writes into `out` what is in force after the reload. `out` borrows nothing; its `lines` are NULL.
 * A line for each change (REPORT_CHANGE) and for each that waits (REPORT_RESTART) is added.
 * ERR_LIMIT or ERR_INVAL: there is no place for a new one, or a route would have no peer, or a peer
 * that waits no anchor; an error is in the report. */
ERR_MUST_USE int cfg_merge(struct cfg_iwf *out, const struct cfg_iwf *force, const struct cfg_iwf *fresh,
			   const struct cfg_merge_can *can, struct cfg_merged *what, struct report *why);
