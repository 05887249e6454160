/* aud_store.h - the audit on disk: records, tiles, checkpoints. A thread of its own writes, hashes,
 * seals and asks for checkpoints, so that the owner waits for none of this.
 *
 *   owner --lines--> queue --> records file --> tree, tiles
 *                                every interval: seal record, fdatasync, checkpoint of the
 *                                keyholder
 *
 * A record counts as written when its octets are in the file; what a power cut takes of them is not
 * sealed. An interval is sealed with a key pair whose public half stands in the seal before (or in
 * the start record) and whose private half is erased after its one signature: who takes over the
 * process later cannot write the past again. Formats: aud_files.h, aud_record.h. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/aud_files.h"
#include "merkle/mrk_ask.h"

struct aud_store;

#define AUD_ANSWER_WAIT_MS 2000u

struct aud_store_conf { /* borrowed until aud_store_open() returns */
	const char *dir;
	const char *origin;
	const uint8_t *key; /* public, MRK_KEY octets: of the keyholder */
	/* the last checkpoint that was signed, by what its parent remembers; size 0: not known. An
	 * audit that is shorter, or has another root at that size, was rolled back and is not
	 * continued. */
	struct mrk_ask signed_last;
	uint64_t interval_ms, lock_wait_ms;
	uint64_t answer_wait_ms; /* for the keyholder; 0: AUD_ANSWER_WAIT_MS */
	uint64_t segment_size;   /* octets of a file of records before the next one begins */
	uint64_t size_max;       /* octets of all files of records */
	size_t queue_max;        /* octets of lines that wait */
	int publish_fd;          /* taken: each checkpoint is appended as a line of JSON; -1: none */
	bool threaded;           /* false: aud_store_work() does the work, for tests */
};

/* Opens or makes the audit, takes up its tree and begins an interval. Makes again what a crash took
 * of the tiles, and cuts an incomplete last line. ERR_NOMEM: nothing was made. In every other case
 * *out is a store. One that cannot be continued says so in aud_store_view(), and takes nothing. One
 * whose disk has no room takes lines into its queue, and begins when there is room. */
ERR_MUST_USE int aud_store_open(struct aud_store **out, const struct aud_store_conf *conf);
/* Seals what there is, asks for a last checkpoint, waits for both. NULL allowed. */
void aud_store_close(struct aud_store *s);

/* Hands over complete lines of decisions, each with its newline, `n` of them. When the queue has no
 * room they are lost and counted, and a record says so later. */
void aud_store_give(struct aud_store *s, const char *text, size_t len, uint64_t n);
/* True: what is decided now may not reach the disk: the last write failed, the queue is more than
 * half full, or the audit could not be opened. Cheap. */
bool aud_store_failing(const struct aud_store *s);

/* The pair of sockets to the keyholder; in place of the one before. Takes fd. */
void aud_store_channel(struct aud_store *s, int fd);
/* The file for published checkpoints, after a rotation. Takes fd. */
void aud_store_publish(struct aud_store *s, int fd);

struct aud_view {
	bool recovering;     /* until aud_store_recovered() */
	uint64_t records;    /* in the file */
	uint64_t sealed;     /* of them, the first so many are sealed */
	uint64_t checkpoint; /* size of the last checkpoint; 0: none yet */
	uint64_t interval;   /* number of the one under way */
	uint64_t checkpoints, checkpoints_failed;
	uint64_t lost;               /* records, since the opening */
	uint64_t octets, waiting;    /* of all files of records; of lines in the queue */
	int error;                   /* errno of the write that failed last, while it fails */
	int refused;                 /* enum mrk_status of the last answer of the keyholder; MRK_SIGNED: none was refused */
	bool connected;              /* to a keyholder that answers */
	bool broken;                 /* the audit cannot be continued: `why` */
	char why[AUD_WHY_MAX];       /* of `broken`; else what was found at the opening, or "" */
	char last[MRK_NOTE_MAX / 4]; /* the last checkpoint as a line of JSON; "": none yet */
};
void aud_store_view(struct aud_store *s, struct aud_view *out);
/* Becomes readable when the view has changed. */
int aud_store_wake_fd(const struct aud_store *s);

/* -- what was accepted lately, to find what a crash took */

/* Whether the records that were read at the opening hold the acceptance of this action. They are
 * those from aud_store_since_ms() (real time) on; UINT64_MAX: the audit is new. `h` is of the
 * caller's thread. */
bool aud_store_has(const struct aud_store *s, struct hash *h, const char *scs, uint32_t reference, const char *action);
/* Everything that may have lost its record was looked for, and what was missing is given. No
 * checkpoint is made before: the next opening begins to read in the file of the last one, so what
 * was not looked for when a process ended is still looked for by the next. */
void aud_store_recovered(struct aud_store *s);
uint64_t aud_store_since_ms(const struct aud_store *s);

/* For a store without a thread: writes what was given; with `seal`, ends the interval too. */
void aud_store_work(struct aud_store *s, bool seal);
