/* net_stream_impl.h - the inside of a stream, for its implementations (net_tcp.c, tls_stream.c). A
 * stream is reference-counted: the owner holds one reference until net_stream_close(), and code of
 * the stream holds another one around a callback. So an owner may close the stream in any
 * callback. */
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
	void (*push)(struct net_stream *s); /* sends now what is queued; tells failures later */
	void (*pause)(struct net_stream *s);
	void (*resume)(struct net_stream *s);
	/* called once; the owner's reference is dropped after its return */
	void (*close)(struct net_stream *s, bool abort);
	/* the last reference is gone: free everything */
	void (*destroy)(struct net_stream *s);
	/* neither reads nor sends until it is called with false */
	void (*freeze)(struct net_stream *s, bool frozen);
};

/* What streams of messages have in addition. */
struct net_message_ops {
	void (*unordered)(struct net_stream *s);
	/* as net_stream_peer_ips() and net_stream_local_ips() */
	int (*ips)(const struct net_stream *s, bool peer, struct net_ip out[NET_IPS_MAX], size_t *n);
};

struct net_stream {
	struct obj obj; /* of the implementation's type: its own casts check it */
	const struct net_stream_ops *ops;
	const struct net_message_ops *messages; /* NULL: a stream of bytes */
	struct net_stream_cb cb;
	net_fds_fn *on_fds; /* NULL: none are taken */
	void *arg;
	unsigned refs;
	bool closed; /* closed by its owner: no further callbacks */
	bool dead;   /* on_close was called, or would have been */
	bool frozen; /* net_stream_freeze() */
	/* set before net_stream_emit_close(): later writes are sent by ops->close() */
	bool half_closed;
	char peer[NET_ADDRESS_MAX];
	/* the implementation fills it in before net_stream_emit_open() */
	char local[NET_ADDRESS_MAX];
};

/* With one reference, that of the owner. `cb` and `peer` are copied, `ops` and `arg` borrowed until
 * destroy(). */
void net_stream_init(struct net_stream *s, uint32_t magic, const struct net_stream_ops *ops, const char *peer,
		     const struct net_stream_cb *cb, void *arg);
/* One reference more, and one less: the last one calls destroy(), after which `s` is gone. */
void net_stream_hold(struct net_stream *s);
void net_stream_drop(struct net_stream *s);

/* Call the owner, if the stream is not closed. The caller holds a reference and checks s->closed
 * afterwards. */
void net_stream_emit_open(struct net_stream *s);
void net_stream_emit_data(struct net_stream *s, const uint8_t *p, size_t n);
/* Takes the descriptors; closes them if the stream is closed. */
void net_stream_emit_fds(struct net_stream *s, const int *fds, size_t n, bool cut);
void net_stream_emit_note(struct net_stream *s, const char *text);
/* sets dead; the second call does nothing */
void net_stream_emit_close(struct net_stream *s, int err, const char *why);
