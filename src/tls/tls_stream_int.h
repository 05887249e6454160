/* tls_stream_int.h - the inside of a TLS stream, shared by tls_stream.c (the stream),
 * tls_shake.c (its handshake and its end) and tls_bio.c (what OpenSSL calls). */
#pragma once
#include <stddef.h>

#include "net/net_queue.h"
#include "net/net_stream_impl.h"
#include "net/net_task.h"
#include "tls/tls_ctx.h"
#include "tls/tls_provider.h"
#include "tls/tls_verify.h"

#define TLS_WHY_MAX 640
#define TLS_HEAD_LEN 9u /* head of a record and of the handshake message in it */
/* An open stream: a whole record, and a few messages of the handshake (KeyUpdate) before it. Each
 * of those costs more than a record with data, and nobody needs many. */
#define TLS_BARREN_MAX 20480u

struct tls_stream {
	struct net_stream base;
	struct net_stream *below; /* NULL: closed */
	struct net_loop *loop;
	struct tls_ctx *ctx;
	SSL *ssl;
	struct net_timer *timer; /* limit of the handshake */
	struct net_task later;   /* continues after a pause; reports a failed write */
	struct net_task flush;
	struct net_queue out;  /* plain bytes of this turn */
	struct net_queue held; /* received while paused, still encrypted */
	const uint8_t *in;     /* received and not yet read by OpenSSL; borrowed while tls_feed() runs */
	size_t in_len, out_max;
	struct tls_call call; /* handshake with a key in another process */
	struct tls_identity *identity;
	struct tls_chains chains; /* of the certificates of the identity */
	char *refusal;            /* reason of tls_verify(); NULL: none */
	uint32_t handshake_wait_ms;
	uint32_t handshake_len, handshake_len_max; /* octets received in the handshake; 0: no bound */
	uint8_t head[TLS_HEAD_LEN];                /* of the first message, as far as it has come */
	uint32_t barren;                           /* octets that OpenSSL took since it last had any for the owner */
	enum tls_stream_state state;
	bool paused;
	bool signature_awaited;
	bool paused_for_signature; /* the stream below: more came meanwhile */
	bool authenticated;
	bool may_write;                  /* no fatal error: a close_notify may be sent */
	bool failed;                     /* a write failed; not reported yet */
	char expected[TLS_NAME_MAX + 1]; /* client: the server's name */
};

#define TLS_STREAM_MAGIC 0xcadd40e9u
_Static_assert(offsetof(struct tls_stream, base.obj) == 0, "a TLS stream begins with its struct obj");

static inline struct tls_stream *tls_of(const void *p)
{
	return obj_of(p, TLS_STREAM_MAGIC, "struct tls_stream", __func__);
}

/* tls_stream.c: the one place where the state of a stream changes */
void tls_set_state(struct tls_stream *t, enum tls_stream_state state);

/* tls_shake.c */
/* Goes on with the handshake. Returns whether to continue reading at once. */
bool tls_shake(struct tls_stream *t);
void tls_on_handshake_limit(void *arg); /* of the timer */
/* What is wrong with the length of the handshake after these octets; NULL: nothing. */
const char *tls_too_long(struct tls_stream *t, const uint8_t *p, size_t n);
void tls_end_call(struct tls_stream *t); /* no signature is waited for any more */
/* The error code and reason for OpenSSL's fatal error; its alert is queued below already. */
int tls_failure(struct tls_stream *t, char *why, size_t why_size);
/* Ends the stream; its owner learns of it. The caller holds a reference. */
void tls_die(struct tls_stream *t, int err, const char *why);
