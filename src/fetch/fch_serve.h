/* fch_serve.h - the fetcher: asks OCSP responders for the edges, and hands in checkpoints of the
 * audit for the core. It cannot connect: its parent does, to the responders of the configuration
 * and no other, and hands it the connection. It understands no OCSP and no checkpoint: the edges
 * judge what comes back, and trust it with nothing. */
#pragma once
#include "base/http_url.h"
#include "base/log.h"
#include "fetch/fch_msg.h"
#include "net/net_loop.h"

#define FCH_EDGES_MAX 128u
#define FCH_RESPONDERS_MAX 128u

struct fch_serve;

struct fch_serve_conf { /* pointers borrowed as long as it lives */
	struct net_loop *loop;
	const struct log *log;
	const struct http_url *const *responders; /* by number; NULL: there is none of this number */
	size_t responders_n;
	uint32_t receiver;   /* number of the one that takes checkpoints, of the core and no edge */
	uint64_t timeout_ms; /* from the question to its answer */
	uint32_t size_max;   /* octets of a response */
	uint32_t open_max;   /* connections at one time */
	uint32_t queue_max;  /* questions at one time, those with a connection included */
	/* The same of one edge, so that one which asks and does not read leaves room for the
	 * others; an answer that it has not read counts. */
	uint32_t each_max;
	/* Wants a connection to this responder; fch_serve_connected() answers with the same job.
	 * ERR_*: it cannot be asked for. */
	int (*want)(void *arg, uint32_t responder, uint32_t job);
	/* The edge of this generation sent what is no question; its channel is closed. */
	void (*bad_edge)(void *arg, uint32_t generation);
	void *arg;
};

ERR_MUST_USE int fch_serve_new(struct fch_serve **out, const struct fch_serve_conf *conf);
void fch_serve_free(struct fch_serve *s); /* NULL allowed */

/* A channel to an edge, or to the core, in place of the one before with this generation. Takes fd
 * in every case. An edge asks responders only, the core the receiver only. ERR_LIMIT:
 * FCH_EDGES_MAX; ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int fch_serve_edge(struct fch_serve *s, int fd, uint32_t generation, bool core);
/* A connection that may still be on its way; takes fd. -1: there is none. */
void fch_serve_connected(struct fch_serve *s, uint32_t job, int fd);
