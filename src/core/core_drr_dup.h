/* core_drr_dup.h - detection of repeated delivery reports (RFC 6733 3; CONTRACTS section 3,
 * "repeated DRR").
 * The key of a DRR is its digest, which covers Origin-Host, End-to-End-Id and the content.
 * The same digest gets the same answer; a copy of an unanswered DRR waits with the first.
 * A DRR with the same End-to-End-Id and other content has another digest and is a new DRR: a
 * restarted SMS-SC may reuse an End-to-End-Id.
 * An entry lives for the window. When the table is full, the entry answered first is dropped.
 * PURE: the time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/map.h"
#include "diameter/dia_msg.h"

/* SHA-256 over the header without hop-by-hop id, length and T flag, and over the AVPs without
 * Route-Record and Proxy-Info.
 * A copy on another path may differ only in what is left out.
 * Borrows h. ERR_NOMEM; ERR_PROTO: an AVP is malformed. */
ERR_MUST_USE int core_drr_digest(struct hash *h, uint8_t out[HASH_LEN], const struct dia_msg *m);

struct core_drr_answer {
	uint32_t result_code;  /* 0: experimental is set */
	uint32_t experimental; /* Experimental-Result-Code of 3GPP */
};

struct core_drr; /* the owner's object: one message that waits for the answer */
TAILQ_HEAD(core_drr_waiting, core_drr);

struct core_drr_entry { /* one DRR and its copies */
	struct map_node by_digest, by_token, by_number;
	TAILQ_ENTRY(core_drr_entry) entry;
	uint64_t token; /* its name at the trigger machine; never 0 */
	uint64_t at_ms;
	uint64_t number; /* key of its own journal record; 0: none */
	bool answered;
	struct core_drr_answer answer;
	/* Messages of the owner. The owner empties the list before it drops or answers the
	 * entry. */
	struct core_drr_waiting waiting;
	/* Other reports of the same trigger, which get the answer of this one: the latest, and from
	 * it the one before. Only while none of them is answered. NULL: no more. */
	struct core_drr_entry *follower;
	uint8_t digest[HASH_LEN];
};

struct core_drr_dup {
	struct map by_digest, by_token, by_number;
	TAILQ_HEAD(core_drr_entries, core_drr_entry) open, answered;
	uint32_t entries_max;
	uint64_t window_ms, token_next;
	/* Entries visited to make room, since the start. Tests compare it with the total. */
	uint64_t looked_at;
	/* Entries dropped before their window was over. */
	uint64_t dropped;
	/* Called with the journal number of a dropped entry; not called by core_drr_dup_fini(). */
	void (*on_drop)(void *arg, uint64_t number);
	void *arg;
};

/* ERR_NOMEM */
ERR_MUST_USE int core_drr_dup_init(struct core_drr_dup *d, uint32_t entries_max, uint64_t window_ms,
				   void (*on_drop)(void *arg, uint64_t number), void *arg);
/* a zeroed one is allowed */
void core_drr_dup_fini(struct core_drr_dup *d);

/* The entry of this digest within its window; NULL: none. */
struct core_drr_entry *core_drr_dup_find(const struct core_drr_dup *d, const uint8_t digest[HASH_LEN], uint64_t now_ms);
/* NULL: none */
struct core_drr_entry *core_drr_dup_of_token(const struct core_drr_dup *d, uint64_t token);
/* the same */
struct core_drr_entry *core_drr_dup_of_number(const struct core_drr_dup *d, uint64_t number);
/* Adds an unanswered entry. The caller made sure with core_drr_dup_find() that there is none.
 * NULL: no memory, or every entry is unanswered. */
struct core_drr_entry *core_drr_dup_add(struct core_drr_dup *d, const uint8_t digest[HASH_LEN], uint64_t now_ms);
/* Notes the key of the entry's own journal record. */
void core_drr_dup_number(struct core_drr_dup *d, struct core_drr_entry *e, uint64_t number);
/* Sets the answer that copies get. */
void core_drr_dup_answer(struct core_drr_dup *d, struct core_drr_entry *e, const struct core_drr_answer *a);
/* `e` gets the answer of `first`. Both are unanswered. */
void core_drr_dup_follow(struct core_drr_entry *first, struct core_drr_entry *e);
/* The first of those that follow, and from it by `follower` the others, in the order in which they
 * came. They follow no more. NULL: none. */
struct core_drr_entry *core_drr_dup_followers(struct core_drr_entry *first);
/* Drops at most `most` entries that are past their window. */
void core_drr_dup_age(struct core_drr_dup *d, uint64_t now_ms, uint32_t most);
/* Drops the entry: the next copy is treated as new. */
void core_drr_dup_drop(struct core_drr_dup *d, struct core_drr_entry *e);
