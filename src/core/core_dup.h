/* core_dup.h - requests that come twice (RFC 6733 3, End-to-End-Id; CONTRACTS section 3, "duplicates"): the same Origin-Host and
 * End-to-End-Id with the same digest gets the same answer; while the first is being worked on, the copy waits with it; another digest is
 * refused. Entries live for a window or until there are too many, then the oldest answered ones go. PURE: the time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "ipc/ipc_rec.h"

#define CORE_DIGEST_LEN 32
#define CORE_DUP_WAITERS_MAX 16 /* copies that wait with one request; more are the oldest's end */

struct core_dup;
struct core_dup_entry; /* of a request that is not answered yet; valid until core_dup_settle() */

struct core_dup_waiter {     /* where an answer is to go */
	uint32_t generation; /* of the edge */
	uint64_t transaction, session;
};

ERR_MUST_USE int core_dup_new(struct core_dup **out, uint32_t entries_max, uint64_t window_ms);
void core_dup_free(struct core_dup *d); /* NULL allowed */

enum core_dup_verdict {
	CORE_DUP_NEW,       /* *entry is new and has the waiter */
	CORE_DUP_NOMEM,     /* no memory for an entry: copies would not be recognised. *entry is NULL */
	CORE_DUP_IN_FLIGHT, /* the waiter waits with the first, whose entry is *entry */
	CORE_DUP_ANSWERED,  /* *answer is what the first got */
	CORE_DUP_DIFFERS,
};
enum core_dup_verdict core_dup_look(struct core_dup *d, const char *origin_host, uint32_t end_to_end,
				    const uint8_t digest[CORE_DIGEST_LEN], const struct core_dup_waiter *waiter, uint64_t now_ms,
				    struct core_dup_entry **entry, struct ipc_device_action_answer *answer);

/* The answer: kept for copies; `fn` is called for everyone who waits. `entry` is no longer the caller's; NULL allowed. */
typedef void core_dup_tell_fn(void *arg, const struct core_dup_waiter *w, const struct ipc_device_action_answer *a);
void core_dup_settle(struct core_dup *d, struct core_dup_entry *entry, const struct ipc_device_action_answer *a,
		     core_dup_tell_fn *fn, void *arg);

/* As if the request had never come: its answer was told and is not kept, a copy is looked at anew. Takes `entry`, which nobody but the
 * request itself waits with; NULL allowed. */
void core_dup_forget(struct core_dup *d, struct core_dup_entry *entry);

/* What is known of a request that is not answered; the pointer is the caller's. NULL when none was set. */
void core_dup_set_owner(struct core_dup_entry *entry, void *owner);
void *core_dup_owner(const struct core_dup_entry *entry);

/* The SCS was told `a` by someone else. When the request was answered, its copies get `a` from now on. When it was not, the result is
 * its entry. NULL: answered, or not known. */
struct core_dup_entry *core_dup_told(struct core_dup *d, const char *origin_host, uint32_t end_to_end,
				     const struct ipc_device_action_answer *a, uint64_t now_ms);

/* From the journal after a restart: nobody waits yet. answer NULL: in flight, *entry is set (else it may be NULL). ERR_NOMEM,
 * ERR_EXISTS. */
ERR_MUST_USE int core_dup_restore(struct core_dup *d, const char *origin_host, uint32_t end_to_end,
				  const uint8_t digest[CORE_DIGEST_LEN], const struct ipc_device_action_answer *answer,
				  uint64_t now_ms, struct core_dup_entry **entry);

/* *answer is what that request got. False: it is not known, not answered, or past its window. */
bool core_dup_answer_of(const struct core_dup *d, const char *origin_host, uint32_t end_to_end, uint64_t now_ms,
			struct ipc_device_action_answer *answer);

uint32_t core_dup_count(const struct core_dup *d);
uint64_t core_dup_looked_at(const struct core_dup *d); /* entries, to make room, since the start: tests hold it against all */
uint64_t core_dup_dropped(const struct core_dup *d);   /* entries that went before their window was over */
