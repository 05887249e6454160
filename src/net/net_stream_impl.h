/* net_stream_impl.h - what a stream is made of; for those who implement one (net_tcp.c, tls_stream.c).
 * A stream is counted: the owner holds one reference until net_stream_close(), and whoever runs code of the stream around a callback
 * holds another, so an owner may close the stream in any callback. */
#pragma once
#include <stdbool.h>

#include "base/obj.h"
#include "net/net_stream.h"
#include "net/net_tcp.h"

#define NET_WRITE_QUEUE_MAX (4u * 1024u * 1024u)
#define NET_CONNECT_WAIT_MS 5000u
#define NET_HANDSHAKE_WAIT_MS 5000u

struct net_stream_ops {
	int (*write)(struct net_stream *s, const void *p, size_t n);
	size_t (*queued)(const struct net_stream *s);
	void (*pause)(struct net_stream *s);
	void (*resume)(struct net_stream *s);
	void (*close)(struct net_stream *s, bool abort); /* called once; the owner's reference goes after it returned */
	void (*destroy)(struct net_stream *s);           /* the last reference is gone: free everything */
};

struct net_stream {
	struct obj obj; /* of the implementation's type: its own casts check it */
	const struct net_stream_ops *ops;
	struct net_stream_cb cb;
	net_fds_fn *on_fds; /* NULL: none are taken */
	void *arg;
	unsigned refs;
	bool closed;      /* by its owner: no callback any more */
	bool dead;        /* on_close was called, or would have been */
	bool half_closed; /* set before net_stream_emit_close(): what is written after it is sent by ops->close() */
	char peer[NET_ADDRESS_MAX];
	char local[NET_ADDRESS_MAX]; /* the implementation fills it in before net_stream_emit_open() */
};

void net_stream_init(struct net_stream *s, uint32_t magic, const struct net_stream_ops *ops, const char *peer,
		     const struct net_stream_cb *cb, void *arg);
void net_stream_hold(struct net_stream *s);
void net_stream_drop(struct net_stream *s);

/* Call the owner, if there still is one. The caller holds a reference of its own and looks at s->closed afterwards. */
void net_stream_emit_open(struct net_stream *s);
void net_stream_emit_data(struct net_stream *s, const uint8_t *p, size_t n);
/* Takes the descriptors: an owner that has gone does not leave them open. */
void net_stream_emit_fds(struct net_stream *s, const int *fds, size_t n, bool cut);
void net_stream_emit_close(struct net_stream *s, int err, const char *why); /* sets dead; the second call does nothing */
