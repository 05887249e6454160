/* core_restore.h - restores the triggers of the journal after a restart (CONTRACTS section 3,
 * "recovery"). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/obj.h"
#include "core/core_park.h"
#include "journal/jrn.h"

struct core;

ERR_MUST_USE int core_triggers_restore(struct core *c); /* ERR_NOMEM, ERR_IO */

/* -- between this part and core_later.c */

struct core_restoring_request { /* a request in the table of duplicates; names and digest are borrowed */
	uint64_t number, received_ms;
	const char *origin_host;
	const uint8_t *digest;
	uint32_t end_to_end, status;
	bool answered;
};

struct core_restoring_trigger {    /* waits for its report; read, and not yet entered */
	struct core_park_new park; /* seat NULL: it was given up */
	uint64_t armed_ms, dup;    /* dup: hash in the table of duplicates */
	struct core_restoring_request request;
	uint8_t digest[HASH_LEN];
	size_t place; /* of its record */
	bool counts;  /* against the quota of the day */
};

/* In large tables each look comes from memory. So a trigger is entered some triggers after it was
 * read: the processor has what its entry looks at by then. */
#define CORE_RESTORING_AHEAD 8u

#define CORE_RESTORING_MAGIC 0x4f27be19u
struct core_restoring {
	struct obj obj;
	struct core *c;
	struct core_restoring_trigger coming[CORE_RESTORING_AHEAD];
	size_t read, entered; /* so many until now */
	size_t place;         /* of the record that is read now */
	bool loop_turns;      /* the start is over: what has something under way goes on at once */
};

/* How core_later.c has records entered (a circle of calls otherwise). */
struct core_restoring_by {
	/* Enters a record, some records later if it is of a trigger that waits for its report.
	 * `restoring`: struct core_restoring. ERR_NOMEM. */
	jrn_record_fn *record;
	int (*enter_all)(struct core_restoring *r); /* those that wait for it; ERR_NOMEM: the rest stays */
	/* Forgets what was read and not entered; core_later_again() is called for each. */
	void (*drop_all)(struct core_restoring *r);
	void (*done)(struct core *c); /* after the last trigger of the journal was entered */
};
