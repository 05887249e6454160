/* asc_manual.h - manual changes during an import (room-private). The import is as of its beginning;
 * changes that operators commit until its switch win over the file. So each is remembered when it
 * is committed, and the switch asks which keys were changed. All of it runs on the store's
 * thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assoc/asc_change.h"
#include "assoc/asc_row.h"
#include "base/sip.h"

#define ASC_MANUAL_MAX 100000u /* manual changes during one import; one more refuses the import */

struct asc_job;

struct asc_manual_change {
	enum asc_op op;
	uint32_t number; /* of the SCS, group or set that the change names */
	int verdict;     /* -1: of every verdict */
	bool exact;      /* changes the row of one device: `entry` is added or deleted there */
	struct asc_entry entry;
	char text[ASSOC_DEVICE_TEXT_MAX + 1]; /* the device, or the name of the SCS, group or set */
	char member[IDENT_SCS_MAX + 1];       /* the SCS of a group's membership */
};

struct asc_manual { /* the changes in their order; all zero: none yet */
	struct asc_manual_change *all;
	uint32_t n, cap;
	bool too_many; /* one was not remembered: more than ASC_MANUAL_MAX, or out of memory */
};

/* Remembers a committed change. Borrows the job during the call. A failure sets `too_many`. */
void asc_manual_note(struct asc_manual *m, const struct asc_job *job);
void asc_manual_fini(struct asc_manual *m); /* releases */

enum asc_touched_kind { ASC_TOUCHED_SCS, ASC_TOUCHED_GROUP, ASC_TOUCHED_SET, ASC_TOUCHED_MEMBER, ASC_TOUCHED_RULE };

/* The keys that were changed, as sorted hashes. Two keys of one hash count as both changed: then a
 * row of the file is left out. */
struct asc_touched {
	uint64_t *keys; /* owned */
	size_t n;
	struct sip_key hash_key;
};

/* Fills `out`; its user frees `keys`, also after an error. 0 or ENOMEM. */
ERR_MUST_USE int asc_manual_gather(struct asc_touched *out, const struct asc_manual *m);
/* Was this key changed? SCS, GROUP, SET: `text` is the name. MEMBER: `text` is the group, `more`
 * the SCS. RULE on a set of devices: `number` of its who, verdict, and `text` is the device. What a
 * kind does not use is 0 or "". */
bool asc_manual_has(const struct asc_touched *t, enum asc_touched_kind kind, uint32_t number, int verdict, const char *text,
		    const char *more);
