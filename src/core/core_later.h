/* core_later.h - takes requests before all triggers of the journal are entered in the tables.
 *
 * A start reads every record once. Whatever is not an accepted trigger that waits for its report is
 * entered then. Of those that wait, nearly all, only the names are noted by which anybody may ask:
 * hashes of (SCS, Reference-Number) and, inside the window of duplicates, of (Origin-Host,
 * End-to-End-Id). Then requests are taken, and the triggers are entered in slices between them, in
 * the order of their numbers.
 * A look-up by such a name enters the trigger first. A name that was not noted is not
 * in the journal, so a new request is judged as exactly as with all of them entered. Two names with
 * one hash only enter one trigger more. What looks at all triggers, or for one by its device, has
 * all of them entered first.
 * Nothing is written for this: a core that dies meanwhile leaves what it found, and what it did
 * since.
 * docs/dev/start.md says what each part relies on. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core_restore.h"
#include "trigger/trg_waits.h"

struct asc_scs;
struct core;
struct ipc_device_action;
struct jrn_later;
struct net_timer;

struct core_later_name { /* at: place of the record, from 1 on; 0: a free one */
	uint32_t tag, at;
};

#define CORE_LATER_AHEAD 8u

struct core_later {                /* zeroed: nothing is left */
	struct jrn_later *records; /* NULL: all are entered */
	size_t n, next;            /* records; all before `next` are entered, or could not be read */
	size_t left;               /* triggers to be entered */
	uint64_t old_ms;           /* requests that came until then are past the window of duplicates */
	uint64_t *waits;           /* a bit for each record: it has to be entered */
	uint64_t *told;            /* a bit for each record: see core_later_tells() */
	/* names that were noted: open addressing, at most half full */
	struct core_later_name *names;
	size_t mask;
	/* names whose place the processor was asked for */
	struct {
		uint64_t hash;
		uint32_t at;
	} coming[CORE_LATER_AHEAD];
	size_t noted, placed;
	struct core_restoring restoring;
	const struct core_restoring_by *by;
	struct net_timer *timer;
	bool troubled; /* it was logged that there is no memory, or that the journal cannot be read */
};

/* Before the records are read; takes `records`, borrows `by`. Its `restoring` is begun. Notes
 * nothing, and core_later_notes() is false, if the journal has no more than limits.enter_first of
 * them, or there is no memory for the names. */
void core_later_begin(struct core *c, struct jrn_later *records, const struct core_restoring_by *by);
static inline bool core_later_notes(const struct core_later *l)
{
	return l->names != NULL;
}
/* The record at place i waits. */
void core_later_note(struct core *c, size_t i, const struct trg_waits *w);
/* All records were read. Enters what waits in the turns of the loop from now on, or `at_once`.
 * ERR_NOMEM, ERR_IO */
ERR_MUST_USE int core_later_go(struct core *c, bool at_once);
void core_later_fini(struct core *c); /* a zeroed part is allowed; before the journal is closed */

/* For core_restore.c: the record at place i could not be entered, and has to be. */
void core_later_again(struct core *c, size_t i);
/* For core_restore.c: the audit is asked about the record at place i for the first time. One that
 * could not be entered is read again. */
bool core_later_tells(struct core *c, size_t i);

/* All that follows has no effect once nothing is left. ERR_NOMEM, ERR_IO: something that was asked
 * for could not be entered. */

/* Enters the trigger of this SCS and Reference-Number, if there is one. */
ERR_MUST_USE int core_later_reference(struct core *c, const char *e164, uint32_t reference);
/* Enters the trigger whose request this was. */
ERR_MUST_USE int core_later_request(struct core *c, const char *origin_host, uint32_t end_to_end);
/* Enters what a request may be about: the one whose copy it may be, the one of its
 * Reference-Number, its original. */
ERR_MUST_USE int core_later_asked(struct core *c, const struct asc_scs *scs, const struct ipc_device_action *a);
/* Enters all of them. */
ERR_MUST_USE int core_later_all(struct core *c);
