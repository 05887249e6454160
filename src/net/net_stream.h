/* net_stream.h - an ordered stream of octets to one other end: TCP, UNIX or TLS over TCP look the same from here.
 * A stream is owned by whoever created it and is ended by net_stream_close(), also after on_close. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/net_loop.h"

struct net_stream; /* opaque; the first member of each implementation */

struct net_stream_cb {
	/* Connected (and, for TLS, authenticated). Never called before the function that made the stream returned. */
	void (*on_open)(void *arg);
	/* Octets, borrowed until return. The stream may be closed inside. */
	void (*on_data)(void *arg, const uint8_t *p, size_t n);
	/* The stream is dead, for `why` (words for the log, may hold the other side's text). At most once; not after
	 * net_stream_close(). The owner still has to call net_stream_close(). */
	void (*on_close)(void *arg, int err, const char *why);
};

struct net_stream_conf {
	size_t write_queue_max;     /* octets that wait for the other side; 0: 4 MiB */
	uint32_t connect_wait_ms;   /* TCP connect; 0: 5000 */
	uint32_t handshake_wait_ms; /* TLS; 0: 5000 */
};

/* Replaces callbacks (hand-over from an accepting function to a connection). Borrows cb. */
void net_stream_set_cb(struct net_stream *s, const struct net_stream_cb *cb, void *arg);

/* UNIX sockets only: `fn` gets, with the arg of the callbacks, descriptors that came along with octets of the on_data that follows. It takes
 * all `n`, at least one and at most NET_FDS_MAX; `cut`: there were more, which are closed. Without it the kernel closes what is sent. */
#define NET_FDS_MAX 4
typedef void net_fds_fn(void *arg, const int *fds, size_t n, bool cut);
void net_stream_set_fds(struct net_stream *s, net_fds_fn *fn);

/* Queues and sends a copy. ERR_LIMIT when the queue would pass its bound (nothing is queued), ERR_CLOSED when dead. Writes of one
 * turn of the loop leave together. Failures of sending arrive by on_close later. On a half-closed stream it only queues:
 * net_stream_close() sends it. */
ERR_MUST_USE int net_stream_write(struct net_stream *s, const void *p, size_t n);

/* After on_close: the other side has ended its own direction in order and may still read. */
bool net_stream_half_closed(const struct net_stream *s);

size_t net_stream_queued(const struct net_stream *s);

/* Stops and continues reading (back-pressure). */
void net_stream_pause(struct net_stream *s);
void net_stream_resume(struct net_stream *s);

/* Takes; NULL allowed. What is queued is sent first for at most one second, in the background (TLS sends close_notify); no
 * callback runs any more. */
void net_stream_close(struct net_stream *s);
/* Takes; drops what is queued; the other side sees a reset (RFC 6733 2.1: octets that are no Diameter). */
void net_stream_abort(struct net_stream *s);

/* "192.0.2.7:40000", "unix". Valid as long as the stream. */
const char *net_stream_peer(const struct net_stream *s);
/* Our own end in the same form; "" while it is not known (not connected yet). */
const char *net_stream_local(const struct net_stream *s);
