/* smssc_dup.h - answered requests, by Origin-Host and End-to-End-Id: a repeated request gets the
 * same answer and has no other effect (RFC 6733 5.5.4; CONTRACTS section 3). In memory; accepted
 * ones are also on disk and return by smssc_dup_load(). Limited by number and age; the oldest are
 * forgotten first. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "nodes/smssc/smssc_result.h"

struct smssc_dup;

struct smssc_dup_entry {
	uint8_t digest[HASH_LEN]; /* of the request */
	uint64_t fnv;             /* in its place, of an entry that a store of version 1 held */
	bool old;                 /* it is such an entry */
	struct smssc_result result;
};

struct smssc_dup_ports {
	void *arg;
	void (*put)(void *arg, uint64_t sequence, const void *record, size_t len);
	void (*del)(void *arg, uint64_t sequence);
};

#define SMSSC_DUP_RECORD_MAX 320u

ERR_MUST_USE int smssc_dup_new(struct smssc_dup **out, uint32_t entries_max, uint64_t window_ms,
			       const struct smssc_dup_ports *ports);
void smssc_dup_free(struct smssc_dup *d); /* takes; NULL allowed */

/* One record of the disk, in the order of their numbers. Damaged ones are refused with
 * ERR_PROTO. */
ERR_MUST_USE int smssc_dup_load(struct smssc_dup *d, uint64_t sequence, const void *record, size_t len);

/* `host` is canonical. NULL when it is new. Valid until the next call. */
const struct smssc_dup_entry *smssc_dup_find(struct smssc_dup *d, const char *host, uint32_t end_to_end);

/* Remembers a new one; `durable`: on disk too, with the next commit. ERR_NOMEM. */
ERR_MUST_USE int smssc_dup_add(struct smssc_dup *d, const char *host, uint32_t end_to_end, const struct smssc_dup_entry *entry,
			       bool durable, uint64_t real_ms);
/* Forgets the entries since the last call that did not become durable. */
void smssc_dup_committed(struct smssc_dup *d, bool durable);

uint32_t smssc_dup_count(const struct smssc_dup *d);
uint64_t smssc_dup_evicted(const struct smssc_dup *d); /* went for the bound before their time */
