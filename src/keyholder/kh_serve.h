/* kh_serve.h - the loop of the process with the keys: takes requests of edges, judges them, signs.
 * The keys themselves are behind a function, because they may be in this process or in a token. */
#pragma once
#include <stdint.h>

#include "base/log.h"
#include "keyholder/kh_msg.h"
#include "net/net_loop.h"

struct kh_serve;

struct kh_serve_conf { /* its pointers are borrowed until kh_serve_free() */
	struct net_loop *loop;
	const struct log *log;
	uint32_t per_second; /* signatures for one edge */
	uint64_t (*clock_ms)(void);
	/* 0: *len octets are at `out`. ERR_NOTFOUND: there is no such key; ERR_INVAL: the scheme
	 * does not fit the key; others: it could not sign, and the log says why. */
	int (*sign)(void *arg, const struct kh_request *r, uint8_t out[KH_SIGNATURE_MAX], size_t *len);
	/* An edge sent octets that are no request: its pair is closed. */
	void (*on_bad)(void *arg, uint32_t edge);
	void *arg;
};

struct kh_counts {          /* since kh_serve_new(), over all edges */
	uint64_t signed_n;  /* requests that were signed */
	uint64_t refused;   /* not for this edge, or no content that may be signed */
	uint64_t limited;   /* more in a second than per_second */
	uint64_t failed;    /* the key or the token could not sign */
	uint64_t malformed; /* octets that are no request */
	uint64_t lost;      /* answers that the edge did not take */
};

/* Serves nobody yet. The caller owns *out. ERR_NOMEM. */
ERR_MUST_USE int kh_serve_new(struct kh_serve **out, const struct kh_serve_conf *conf);
void kh_serve_free(struct kh_serve *s); /* NULL allowed */

/* Serves an edge on this end of its pair. Takes fd in every case. `edge`: its generation.
 * `keys`: a bit for the index of each listener whose key the edge may use. An older channel of
 * this edge is closed, and its rate goes on. ERR_LIMIT: too many edges; ERR_NOMEM, ERR_IO. */
#define KH_EDGES_MAX 256u
ERR_MUST_USE int kh_serve_add(struct kh_serve *s, int fd, uint32_t edge, uint64_t keys);

/* Borrowed until kh_serve_free(); they go on. */
const struct kh_counts *kh_serve_counts(const struct kh_serve *s);
