/* bench_server.h - the frame of a responder of the bench: listens on a free port of 127.0.0.1,
 * prints it in one line ({"event":"ready",...}), passes on every request until SIGTERM, and counts
 * in its last line ({"event":"ended",...}). It stores nothing. */
#pragma once
#include <stdint.h>

#include "base/log.h"
#include "link/link.h"
#include "net/net_loop.h"
#include "tls/tls_stream.h"

#define BENCH_LINKS_MAX 64
#define BENCH_ANSWER_MAX 2048

struct bench_server {
	const char *name, *host, *realm; /* borrowed; name: of the program */
	uint32_t application;
	struct tls_ctx *tls;               /* NULL: plain TCP */
	struct link_cb cb;                 /* on_request only; `arg` is the server */
	void (*on_user_signal)(void *arg); /* of SIGUSR1; NULL: none; `arg` is the server */
	/* the frame's own */
	struct net_loop *loop;
	struct link_conf conf;
	struct log log;
	struct link *links[BENCH_LINKS_MAX];
	/* failed: could not be answered; reports: sent and acknowledged; refused: without
	 * success */
	uint64_t requests, failed, reports, refused;
};

/* Returns the exit code of the program. */
int bench_server_run(struct bench_server *s);
/* Sends what was encoded, or counts a failure. */
void bench_server_answer(struct bench_server *s, struct link *l, const struct buf *out);
