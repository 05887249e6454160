/* smssc_store.h - the disk of the SMS-SC: LMDB in state_dir. Changes gather in one transaction
 * until smssc_store_commit(), which is called once in each turn of the loop. Keys are sequential,
 * so that a commit writes few pages. One process at a time owns a state_dir. */
#pragma once
#include "base/sip.h"
#include "nodes/smssc/dlv_msg.h"

#define SMSSC_STORE_WHY_MAX 1400

struct smssc_store;

/* Opens the store; creates it and its directory (not the parents) if missing. `lock_wait_ms`: as in
 * struct kv_conf. Errors with a reason. */
ERR_MUST_USE int smssc_store_open(struct smssc_store **out, const char *dir, uint64_t size_max, uint64_t lock_wait_ms,
				  uint32_t random, char why[SMSSC_STORE_WHY_MAX]);
/* takes; NULL allowed; uncommitted changes are dropped */
void smssc_store_close(struct smssc_store *s);

/* The first delivery id that was never given. The number is high enough not to meet ids of a store
 * that was deleted. */
uint64_t smssc_store_id_first(const struct smssc_store *s);

/* A Reference-Number that no trigger of an SME had before, also before a crash. ERR_BUSY: the disk
 * does not take the next block of them. */
ERR_MUST_USE int smssc_store_reference(struct smssc_store *s, uint32_t *out);

/* Key of the message ids that SMEs get (sme_number.h); made with the store. */
struct sip_key smssc_store_number_key(const struct smssc_store *s);

/* Called for each record with its number; the bytes are borrowed until return. A result other than
 * 0 ends the walk with that error. */
typedef int smssc_record_fn(void *arg, uint64_t number, const void *record, size_t len);
ERR_MUST_USE int smssc_store_each_msg(struct smssc_store *s, smssc_record_fn *fn, void *arg);
ERR_MUST_USE int smssc_store_each_dup(struct smssc_store *s, smssc_record_fn *fn, void *arg);

/* The commit reports their failures. */
void smssc_store_put_msg(struct smssc_store *s, uint64_t id, const void *record, size_t len);
void smssc_store_del_msg(struct smssc_store *s, uint64_t id);
void smssc_store_put_dup(struct smssc_store *s, uint64_t sequence, const void *record, size_t len);
void smssc_store_del_dup(struct smssc_store *s, uint64_t sequence);

/* How long the file of events is with the changes of this commit. */
void smssc_store_put_events_end(struct smssc_store *s, uint64_t end);
/* Value when the store was opened; UINT64_MAX: none was stored. */
uint64_t smssc_store_events_end(const struct smssc_store *s);

bool smssc_store_dirty(const struct smssc_store *s);
/* All changes since the last commit, or none: 0; ERR_NOSPC, ERR_IO. */
ERR_MUST_USE int smssc_store_commit(struct smssc_store *s, uint64_t id_next);
/* The store is open and had no room for what its start writes; smssc_store_words() says why. */
bool smssc_store_began_full(const struct smssc_store *s);
/* Reason of the last failed commit, and what to do; borrowed until the next one. */
const char *smssc_store_words(const struct smssc_store *s);
void smssc_store_abort(struct smssc_store *s); /* none of them */
