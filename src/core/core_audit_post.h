/* core_audit_post.h - checkpoints of the audit on their way to audit.publish_url. The fetcher sends
 * them. One is out at a time; the newest one that is not there yet is kept, because it covers all
 * before it. After a failure the same one is tried again, AUDIT_POST_TRIES times with growing
 * pauses, and then with the next checkpoint. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "fetch/fch_msg.h"

#define AUDIT_POST_TRIES 8u

struct core;
struct fch_client;
struct net_timer;

struct core_audit_post {
	struct fch_client *client; /* NULL: there is no channel now */
	struct net_timer *again;   /* NULL: no URL is configured */
	uint32_t number;           /* of the last question */
	bool out, waits;           /* a question is; the channel has no room */
	unsigned tries;            /* that failed, of the checkpoint that is kept */
	uint64_t size, size_out;   /* records of the one that is kept, 0: none; of the one that is out */
	size_t len;
	uint8_t line[FCH_REQUEST_MAX];
	uint64_t taken, taken_ms; /* size and time of the last one that the receiver took; 0: none yet */
	enum fch_result failing;  /* of the last attempt; FCH_OK: it took it, or there was none yet */
};

ERR_MUST_USE int core_audit_post_open(struct core *c); /* ERR_NOMEM */
void core_audit_post_close(struct core *c);
/* A checkpoint of `size` records as a line of JSON. */
void core_audit_post(struct core *c, const char *line, uint64_t size);
const char *core_audit_post_words(enum fch_result r);
