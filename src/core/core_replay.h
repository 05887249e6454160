/* core_replay.h - recognises the Session-Id of a finished request that comes again.
 * A Session-Id is never used twice (RFC 6733 8.8), and a request of Tsp has one of its own. A copy
 * of a request, with or without the T flag and on any connection of its SCS, belongs to core_dup.h
 * and never comes here. What comes here is a request that the table of duplicates does not know:
 * with the Session-Id of a finished request of the same SCS it is a replay.
 * An entry lives for the window. When the table is full, an SCS that has its share of it drops its
 * own oldest entry, so that one SCS with many requests does not make the gateway forget those of
 * the others.
 * In memory only: after a restart of the core nothing is remembered. PURE: the time is an
 * argument. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

struct core_replay;

ERR_MUST_USE int core_replay_new(struct core_replay **out, uint32_t entries_max, uint64_t window_ms); /* ERR_NOMEM, ERR_IO */
void core_replay_free(struct core_replay *r);                                                         /* NULL allowed */

struct core_replay_request { /* borrows */
	const char *host;    /* Origin-Host of the SCS */
	size_t host_len;
	uint64_t session_id; /* ipc_session_id_hash(); 0: not known, and never remembered */
	uint32_t end_to_end;
	const uint8_t *digest; /* HASH_LEN octets */
};

enum core_replay_kind {
	CORE_REPLAY_NONE,
	CORE_REPLAY_OTHER_ID,      /* the finished request had another End-to-End-Id */
	CORE_REPLAY_OTHER_CONTENT, /* the same End-to-End-Id, another content */
	CORE_REPLAY_LATE,          /* the same request, after the window of duplicates */
};
const char *core_replay_words(enum core_replay_kind kind); /* static */

/* Compares a request with the finished one that had its Session-Id. */
enum core_replay_kind core_replay_look(struct core_replay *r, const struct core_replay_request *q, uint64_t now_ms);

/* The request is answered: remembers its Session-Id from now on. Without memory nothing is
 * remembered, and the entry counts as forgotten. */
void core_replay_finish(struct core_replay *r, const struct core_replay_request *q, uint64_t now_ms);

uint32_t core_replay_count(const struct core_replay *r);
uint64_t core_replay_forgotten(const struct core_replay *r); /* entries dropped before their window was over */
