/* aud_store_int.h - inside the store: aud_store.c has the thread and the queue, aud_open.c the
 * opening, aud_seal.c seals and checkpoints. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "audit/aud_record.h"
#include "audit/aud_store.h"
#include "audit/aud_tiles.h"
#include "merkle/mrk_ask.h"

struct aud_recent {   /* hashes of what was accepted lately */
	uint64_t *at; /* a ring of `room`; sorted after the opening */
	size_t n, room;
	uint64_t since_ms;
};

#define AUD_STORE_MAGIC 0x9a41e6c7u
struct aud_store {
	struct obj obj;
	char origin[MRK_ORIGIN_MAX], dir[512];
	uint8_t key[MRK_KEY], key_id[MRK_KEY_ID];
	uint64_t interval_ms, answer_wait_ms, segment_size, size_max;
	size_t queue_max;

	/* of the thread */
	int dir_fd, lock_fd, file; /* file: of the records */
	uint64_t segment;          /* its first record */
	uint64_t file_octets, all_octets;
	struct hash *hash;
	struct mrk_edge edge;
	struct aud_tiles tiles;
	uint64_t interval, interval_first; /* number, first record */
	uint8_t seed[MRK_KEY];             /* seals the interval under way */
	bool has_seed;
	struct mrk_ask last;        /* checkpoint */
	struct mrk_ask signed_last; /* of the configuration; for the opening */
	uint64_t due_ms;            /* end of the interval, monotonic */
	bool checkpoint_due;
	char *out; /* records of one write; owned */
	int channel, publish;
	bool publish_torn; /* the file ends in a part of a line */
	bool owed;         /* the last request to the channel has no answer yet */
	struct aud_opening opening;
	struct aud_recent recent;
	struct { /* what the opening has still to write */
		bool cut, tiles, mark;
		uint64_t segment, at, seq; /* cut: the file, its octets that stay, the next record */
	} due;

	/* shared, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t work, tried; /* tried: `begun`, an error or `broken` has come */
	pthread_t thread;
	bool begun; /* the start record is written */
	bool threaded, asleep, gathering, stopping;
	char *fill, *drain; /* queue_max octets each: gathers; is written */
	size_t fill_len;
	uint64_t lost_untold;
	int new_channel, new_publish; /* -1: none */
	bool drop_channel;
	struct aud_view view;
	int wake;
	atomic_bool failing;
};

#define AUD_OUT_OCTETS (256u * 1024u)

/* aud_open.c: reads what there is, and writes nothing but missing tiles. ERR_*: the view says
 * why. */
ERR_MUST_USE int aud_take_up(struct aud_store *s, uint64_t lock_wait_ms);
/* Writes what an opening writes, the start record last. A disk without room is tried again until
 * it has some. ERR_CLOSED: the store stops. */
ERR_MUST_USE int aud_begin(struct aud_store *s);
/* What all files of records take. ERR_IO, ERR_NOMEM. */
ERR_MUST_USE int aud_count_octets(struct aud_store *s);
void aud_broken(struct aud_store *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* aud_append.c: appends `n` records of `len` octets, tries until it works or the store stops.
 * ERR_CLOSED: it stops. */
ERR_MUST_USE int aud_append(struct aud_store *s, const char *records, size_t len, uint64_t n);
/* Tries `again` until it returns 0. ERR_CLOSED: the store stops. */
ERR_MUST_USE int aud_insist(struct aud_store *s, int (*again)(struct aud_store *s, const void *p, size_t n), const void *p,
			    size_t n);
/* Waits for a signal of the owner; called with the lock. False: the time was over. */
bool aud_wait_ms(struct aud_store *s, uint64_t ms);
/* Appends the records of these lines, each with its newline. As aud_append(). */
ERR_MUST_USE int aud_drain(struct aud_store *s, const char *lines, size_t len);
struct aud_place aud_next_place(const struct aud_store *s);

/* aud_recent.c */
void aud_remember(struct aud_store *s, const char *record, size_t len);
void aud_recent_sort(struct aud_recent *r);

/* aud_seal.c */
ERR_MUST_USE int aud_begin_interval(struct aud_store *s); /* the start record */
ERR_MUST_USE int aud_seal(struct aud_store *s, bool last);
void aud_checkpoint(struct aud_store *s);
