/* ns_channel.h - one end of a SOCK_SEQPACKET pair with messages of ns_msg.h, on the loop. It never
 * blocks and queues nothing: a sender that is refused keeps what it has to say, and is called when
 * there is room again. */
#pragma once
#include "base/log.h"
#include "ndsip/ns_msg.h"
#include "net/net_loop.h"

struct ns_channel;

struct ns_channel_conf {
	struct net_loop *loop;
	enum ns_side from; /* who is at the other end */
	/* A message; may free the channel. */
	void (*on_message)(void *arg, const struct ns_msg *m);
	/* There is room again after ERR_BUSY. NULL allowed. */
	void (*on_room)(void *arg);
	/* The other end has closed (ERR_CLOSED) or sent what is no message (ERR_PROTO). Called at
	 * most once, and last; the owner frees the channel, now or later. */
	void (*on_lost)(void *arg, int err);
	void *arg;
};

/* Takes fd in every case. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int ns_channel_new(struct ns_channel **out, int fd, const struct ns_channel_conf *conf);
void ns_channel_free(struct ns_channel *c); /* NULL allowed, also in its callbacks */

/* ERR_BUSY: the other end does not read; on_room follows. ERR_CLOSED: it has ended, on_lost
 * follows. ERR_INVAL: a field is out of range, nothing is sent. */
ERR_MUST_USE int ns_channel_send(struct ns_channel *c, const struct ns_msg *m);
