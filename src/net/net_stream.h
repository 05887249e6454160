/* net_stream.h - an ordered stream of bytes to one other end, with one interface for TCP, UNIX, TLS
 * over TCP and SCTP. The creator owns the stream and ends it by net_stream_close(), also after
 * on_close.
 * SCTP carries messages, not bytes: each net_stream_write() is one message of the transport, and
 * each on_data is one. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/net_ip.h"
#include "net/net_loop.h"

struct net_stream; /* opaque; the first member of each implementation */

struct net_stream_cb {
	/* Connected (and, for TLS, authenticated). Never called before the function that made the
	 * stream returned. */
	void (*on_open)(void *arg);
	/* Octets, borrowed until return. The stream may be closed inside. SCTP: one whole message;
	 * of one above message_len_max the first bytes, and then the stream ends with ERR_LIMIT. */
	void (*on_data)(void *arg, const uint8_t *p, size_t n);
	/* The stream has ended because of `why` (for the log; may contain text of the other side).
	 * At most once; not after net_stream_close(). The owner still has to call
	 * net_stream_close(). */
	void (*on_close)(void *arg, int err, const char *why);
	/* SCTP: something an operator should know while the stream goes on (a path is down). `text`
	 * is borrowed. Must not close the stream. NULL allowed. */
	void (*on_note)(void *arg, const char *text);
};

struct net_stream_conf {
	size_t write_queue_max;     /* bytes queued for the other side; */
	uint32_t connect_wait_ms;   /* TCP connect; 0: 5000 */
	uint32_t handshake_wait_ms; /* TLS; 0: 5000 */
	uint32_t handshake_len_max; /* TLS: bytes received until the handshake is done; 0: no bound */
	uint32_t message_len_max;   /* SCTP: bytes of a received message; 0: 65536 */
	/* TCP, connecting: our own numeric address; NULL: the system chooses it. Borrowed until
	 * return. */
	const char *local;
};

/* Replaces the callbacks: a new owner takes over. Borrows cb. */
void net_stream_set_cb(struct net_stream *s, const struct net_stream_cb *cb, void *arg);

/* UNIX sockets only: `fn` gets the descriptors that came with the bytes of the next on_data, with
 * the arg of the callbacks. It takes all `n`, at least one and at most NET_FDS_MAX. `cut`: there
 * were more; they are closed. Without `fn` the kernel closes received descriptors. */
#define NET_FDS_MAX 4
typedef void net_fds_fn(void *arg, const int *fds, size_t n, bool cut);
void net_stream_set_fds(struct net_stream *s, net_fds_fn *fn);

/* Queues and sends a copy. ERR_LIMIT: the queue would exceed its limit (nothing is queued);
 * ERR_CLOSED: the stream has ended. Writes of one turn of the loop leave together. Send errors
 * arrive later by on_close. On a half-closed stream the data is only queued; net_stream_close()
 * sends it. */
ERR_MUST_USE int net_stream_write(struct net_stream *s, const void *p, size_t n);

/* After on_close: the other side has ended its own direction in order and may still read. */
bool net_stream_half_closed(const struct net_stream *s);

size_t net_stream_queued(const struct net_stream *s);

/* Sends now what the turn has queued so far, before the turn ends. Failures of sending are reported
 * by on_close later. */
void net_stream_push(struct net_stream *s);

/* Stops and continues reading (back-pressure). */
void net_stream_pause(struct net_stream *s);
void net_stream_resume(struct net_stream *s);

/* While frozen, a stream neither reads nor sends, whatever is paused, resumed or queued; thawed, it
 * goes on. A close of a frozen stream is an abort: what is queued is not sent. For a connection
 * whose protection below us has ended. */
void net_stream_freeze(struct net_stream *s, bool frozen);

/* Takes; NULL allowed. Sends the queued data in the background, for at most one second (TLS sends
 * close_notify); no callback runs after it. */
void net_stream_close(struct net_stream *s);
/* Takes; drops the queued data; the other side sees a reset (RFC 6733 2.1: the bytes are not
 * Diameter). */
void net_stream_abort(struct net_stream *s);

/* True for SCTP. */
bool net_stream_is_messages(const struct net_stream *s);
/* SCTP: from now on our messages may overtake each other, which spares those behind a lost packet
 * the wait for it (RFC 6733 2.1.1). Before, they arrive in order. No effect on other streams. */
void net_stream_unordered(struct net_stream *s);

/* An end of an SCTP association has several addresses; the other side may have listed any. */
#define NET_IPS_MAX 16
/* The addresses of the other end, or of our own, of an open or accepted stream. *n is 0 for UNIX
 * sockets. The stream of an accepted association ends when the other end has others than those
 * that are said here. ERR_LIMIT: more than NET_IPS_MAX. ERR_IO with errno. */
ERR_MUST_USE int net_stream_peer_ips(const struct net_stream *s, struct net_ip out[NET_IPS_MAX], size_t *n);
ERR_MUST_USE int net_stream_local_ips(const struct net_stream *s, struct net_ip out[NET_IPS_MAX], size_t *n);

/* "192.0.2.7:40000", "unix". SCTP: the first address of the other end. Valid as long as the
 * stream. */
const char *net_stream_peer(const struct net_stream *s);
/* Our own end in the same form; "" while it is not known (not connected yet). */
const char *net_stream_local(const struct net_stream *s);
/* The port of our own end; 0: it is not known, or there is none. */
uint16_t net_stream_local_port(const struct net_stream *s);
