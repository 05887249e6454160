/* fch_client.h - an edge's end, or the core's, of its channel to the fetcher. */
#pragma once
#include "fetch/fch_msg.h"
#include "net/net_loop.h"

struct fch_client;

struct fch_client_conf { /* no callback may free the client, on_lost excepted */
	struct net_loop *loop;
	void (*on_answer)(void *arg, const struct fch_answer *a);
	void (*on_room)(void *arg); /* after ERR_BUSY: there is room again */
	/* The channel is of no use any more: closed (ERR_CLOSED), or what came is no answer
	 * (ERR_PROTO). The owner frees it. */
	void (*on_lost)(void *arg, int err);
	void *arg;
};

/* Takes fd in every case. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int fch_client_new(struct fch_client **out, int fd, const struct fch_client_conf *conf);
void fch_client_free(struct fch_client *c); /* NULL allowed */

/* ERR_BUSY: no room now. ERR_CLOSED: the channel is closed; on_lost says so. */
ERR_MUST_USE int fch_client_ask(struct fch_client *c, const struct fch_question *q);
