/* fence_answer.h - the datagrams with which the kernel answers one request to nf_tables, and what a
 * check does that got no whole answer.
 *
 * A list (dump) that changed while it was read is marked so by the kernel. It is read to its end
 * all the same, because the kernel begins no other one before, and then asked for again. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct fence_answer {
	uint32_t seq;     /* of the request; what has another one is passed over */
	bool dump;        /* a list, which an NLMSG_DONE ends */
	bool interrupted; /* it changed while it was read */
};

/* One message of nf_tables, behind its netlink header; borrowed. An error ends the answer. */
typedef int fence_take_fn(void *arg, unsigned type, const uint8_t *body, size_t len);

/* Takes one datagram. ERR_AGAIN: more are to come; 0: that was all. ERR_NOTFOUND: the kernel has no
 * such object. ERR_BUSY: it changed while it was read, or cannot be read now. ERR_IO, with errno.
 * ERR_PROTO. Else the error of `take`. */
ERR_MUST_USE int fence_answer_take(struct fence_answer *a, const uint8_t *p, size_t len, fence_take_fn *take, void *arg);

/* How long rules that stood are taken to stand although they cannot be read: so many checks, and no
 * longer than FENCE_DOUBT_MS after the first of them. With the waits of those checks this is within
 * the time in which a connection without rules has to be stopped. */
#define FENCE_DOUBTS_MAX 3u
#define FENCE_DOUBT_MS 500u
#define FENCE_AGAIN_MS 100u /* between two such checks */

struct fence_doubt { /* starts zeroed */
	unsigned n;
	uint64_t since_ms;
};

/* A check ended with `err` (0: it was made in full). Whether the verdict of before, which was that
 * the rules stand, holds until the next check in FENCE_AGAIN_MS. False: what `err` says counts.
 * Only a time-out and a busy kernel leave a doubt; any other error says that nobody can know. */
bool fence_doubt_holds(struct fence_doubt *d, int err, uint64_t now_ms);
