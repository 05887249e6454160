/* core_drr_dup.h - delivery reports that come twice (RFC 6733 3; CONTRACTS section 3, "repeated DRR"). A DRR is known by its digest, which
 * covers Origin-Host, End-to-End-Id and the content. The same digest gets the same answer; a copy of a DRR that is not answered yet waits
 * with it. A DRR with the same End-to-End-Id and another content has another digest and is a new one: an SMS-SC that was restarted may use
 * an End-to-End-Id again. Entries live for a window or until there are too many; then the one that was answered first goes.
 * PURE: the time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/map.h"
#include "diameter/dia_msg.h"

#define CORE_DRR_DIGEST_LEN 32

/* SHA-256 over the header without hop-by-hop id, length and T flag, and over the AVPs without Route-Record and Proxy-Info: what a copy that
 * took another way may have different. ERR_NOMEM; ERR_PROTO: an AVP cannot be read. */
ERR_MUST_USE int core_drr_digest(uint8_t out[CORE_DRR_DIGEST_LEN], const struct dia_msg *m);

struct core_drr_answer {
	uint32_t result_code;  /* 0: experimental is set */
	uint32_t experimental; /* of 3GPP */
};

struct core_drr; /* the owner's: one message that waits for the answer */
TAILQ_HEAD(core_drr_waiting, core_drr);

struct core_drr_entry { /* of one DRR and its copies */
	struct map_node by_digest, by_token, by_number;
	TAILQ_ENTRY(core_drr_entry) entry;
	uint64_t token; /* names it at the trigger machine; not 0 */
	uint64_t at_ms;
	uint64_t number; /* of its own record in the journal; 0: none */
	bool answered;
	struct core_drr_answer answer;
	struct core_drr_waiting waiting; /* the owner's, who takes everything out before the entry is dropped or answered */
	uint8_t digest[CORE_DRR_DIGEST_LEN];
};

struct core_drr_dup {
	struct map by_digest, by_token, by_number;
	TAILQ_HEAD(core_drr_entries, core_drr_entry) open, answered;
	uint32_t entries_max;
	uint64_t window_ms, token_next;
	uint64_t looked_at;                          /* entries, to make room, since the start: tests hold it against all */
	uint64_t dropped;                            /* entries that went before their window was over */
	void (*on_drop)(void *arg, uint64_t number); /* the record of an entry that goes; not called by core_drr_dup_fini() */
	void *arg;
};

ERR_MUST_USE int core_drr_dup_init(struct core_drr_dup *d, uint32_t entries_max, uint64_t window_ms,
				   void (*on_drop)(void *arg, uint64_t number), void *arg); /* ERR_NOMEM */
void core_drr_dup_fini(struct core_drr_dup *d);                                             /* a zeroed one is allowed */

/* The entry of this digest that is not past its window; NULL: none. */
struct core_drr_entry *core_drr_dup_find(const struct core_drr_dup *d, const uint8_t digest[CORE_DRR_DIGEST_LEN],
					 uint64_t now_ms);
struct core_drr_entry *core_drr_dup_of_token(const struct core_drr_dup *d, uint64_t token);   /* NULL: none */
struct core_drr_entry *core_drr_dup_of_number(const struct core_drr_dup *d, uint64_t number); /* the same */
/* A new one, not answered; the caller made sure with core_drr_dup_find() that there is none. NULL: no memory, or every entry is without
 * an answer. */
struct core_drr_entry *core_drr_dup_add(struct core_drr_dup *d, const uint8_t digest[CORE_DRR_DIGEST_LEN], uint64_t now_ms);
void core_drr_dup_number(struct core_drr_dup *d, struct core_drr_entry *e, uint64_t number); /* it has a record of its own */
void core_drr_dup_answer(struct core_drr_dup *d, struct core_drr_entry *e,
			 const struct core_drr_answer *a);                     /* the one that copies get */
void core_drr_dup_age(struct core_drr_dup *d, uint64_t now_ms, uint32_t most); /* up to `most` past their window go */
void core_drr_dup_drop(struct core_drr_dup *d, struct core_drr_entry *e);      /* as if it had never come */
