/* core_dup.h - detection of duplicate requests (RFC 6733 3, End-to-End-Id; CONTRACTS section 3,
 * "duplicates").
 * The same Origin-Host and End-to-End-Id with the same digest gets the same answer.
 * A copy of an unanswered request waits for the answer of the first. Another digest is refused.
 * An entry lives for the window. When the table is full, the entry answered first is dropped.
 * PURE: the time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "core/core_replay.h"
#include "ipc/ipc_rec.h"

#define CORE_DUP_WAITERS_MAX 16 /* duplicates waiting for one answer; one more evicts the oldest */

struct core_dup;
struct core_dup_entry; /* an unanswered request; valid until core_dup_settle() */

struct core_dup_waiter {     /* where an answer goes */
	uint32_t generation; /* of the edge */
	uint64_t transaction, session;
};

/* An empty table, owned by the caller. `window_ms` counts from the answer. ERR_NOMEM, ERR_IO (no
 * random numbers for its hashes). */
ERR_MUST_USE int core_dup_new(struct core_dup **out, uint32_t entries_max, uint64_t window_ms);
/* Room for so many entries at once, or entries_max, for a table that is about to be filled; it must
 * be empty (ERR_STATE). ERR_NOMEM: it still grows entry by entry. */
ERR_MUST_USE int core_dup_reserve(struct core_dup *d, size_t n);
void core_dup_free(struct core_dup *d); /* NULL allowed */

enum core_dup_verdict {
	CORE_DUP_NEW,       /* *entry is new and holds the waiter */
	CORE_DUP_NOMEM,     /* no memory for an entry, copies would not be recognised; *entry is NULL */
	CORE_DUP_IN_FLIGHT, /* the waiter was added to the first request, *entry */
	CORE_DUP_ANSWERED,  /* *answer is the answer of the first request */
	CORE_DUP_DIFFERS,   /* the same id with another digest; nothing was kept */
};
/* Looks a request up, and enters it when it is new. `hash`: core_dup_hash() of the request. Copies
 * the waiter and the texts. `entry` and `answer` are set only as the verdicts say. */
enum core_dup_verdict core_dup_look(struct core_dup *d, const char *origin_host, uint32_t end_to_end, uint64_t hash,
				    const uint8_t digest[HASH_LEN], const struct core_dup_waiter *waiter, uint64_t now_ms,
				    struct core_dup_entry **entry, struct ipc_device_action_answer *answer);

/* The hash of a request in the table. */
uint64_t core_dup_hash(const struct core_dup *d, const char *origin_host, uint32_t end_to_end);
/* Asks the processor for the memory that core_dup_look() will read: first the one, and a little
 * later the other with what the first returned. They change nothing. */
uint64_t core_dup_prefetch(const struct core_dup *d, const char *origin_host, uint32_t end_to_end);
void core_dup_prefetch_first(const struct core_dup *d, uint64_t hash);

/* Keeps the answer for copies and calls `fn` for every waiter. Takes `entry`; NULL allowed. */
typedef void core_dup_answer_fn(void *arg, const struct core_dup_waiter *w, const struct ipc_device_action_answer *a);
void core_dup_settle(struct core_dup *d, struct core_dup_entry *entry, const struct ipc_device_action_answer *a,
		     core_dup_answer_fn *fn, void *arg);

/* Removes the entry without keeping its answer, which was already sent: a copy is a new request.
 * Takes `entry`, which has no waiter but the request itself; NULL allowed. */
void core_dup_forget(struct core_dup *d, struct core_dup_entry *entry);

/* The Session-Id of the request, ipc_session_id_hash(). 0: not known, as of an entry from the
 * journal. */
void core_dup_set_session(struct core_dup_entry *entry, uint64_t session_id);
/* Describes the request of an entry; borrowed from the entry. */
struct core_replay_request core_dup_request(const struct core_dup_entry *entry);

/* The caller's object for an unanswered request, borrowed. NULL when none was set. */
void core_dup_set_owner(struct core_dup_entry *entry, void *owner);
void *core_dup_owner(const struct core_dup_entry *entry);

/* The SCS received the answer `a` from its edge.
 * If the core had answered the request, its copies get `a` from now on, and the result is NULL.
 * If not, returns the entry of the request. NULL: answered, or unknown. */
struct core_dup_entry *core_dup_override(struct core_dup *d, const char *origin_host, uint32_t end_to_end,
					 const struct ipc_device_action_answer *a, uint64_t now_ms);

/* Restores an entry from the journal after a restart, without waiters.
 * answer NULL: unanswered, *entry is set (else it may be NULL). An answered one is dropped when the
 * table is full of later ones. ERR_NOMEM, ERR_EXISTS. */
ERR_MUST_USE int core_dup_restore(struct core_dup *d, const char *origin_host, uint32_t end_to_end,
				  const uint8_t digest[HASH_LEN], const struct ipc_device_action_answer *answer, uint64_t now_ms,
				  struct core_dup_entry **entry);

/* Copies the answer of that request. False: unknown, unanswered, or past its window. */
bool core_dup_answer_of(const struct core_dup *d, const char *origin_host, uint32_t end_to_end, uint64_t now_ms,
			struct ipc_device_action_answer *answer);

/* Entries in the table, answered and unanswered. */
uint32_t core_dup_count(const struct core_dup *d);
/* Entries visited to make room, since the start. Tests compare it with the total. */
uint64_t core_dup_looked_at(const struct core_dup *d);
uint64_t core_dup_dropped(const struct core_dup *d); /* entries dropped before their window was over */
