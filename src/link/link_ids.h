/* link_ids.h - identifiers created by a Diameter node: End-to-End-Ids (RFC 6733 3, unique for 4
 * minutes across restarts) and Session-Ids (RFC 6733 8.8).
 * One object for each process and identity, passed down. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct link_ids {
	const char *host; /* borrowed */
	uint32_t end_to_end_next;
	uint64_t session_next;
};

/* `random` is 32 fresh random bits, real_ms the time of day. */
void link_ids_init(struct link_ids *ids, const char *host, uint64_t real_ms, uint32_t random);
uint32_t link_ids_end_to_end(struct link_ids *ids);
#define LINK_SESSION_ID_MAX 300
/* "host;high;low"; returns its length. */
size_t link_ids_session(struct link_ids *ids, char out[LINK_SESSION_ID_MAX]);
/* "host;seconds;end-to-end;again": Session-Id of a request that may be repeated, also by the
 * next process.
 * Its repetitions have the same one: a peer that recognises them repeats the answer to the
 * first, with the Session-Id of the first (RFC 6733 3, 5.5.4). */
size_t link_ids_session_of(const struct link_ids *ids, char out[LINK_SESSION_ID_MAX], uint64_t began_ms, uint32_t end_to_end);
