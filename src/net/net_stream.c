/* net_stream.c - shared by all streams: references, callbacks, calls of the implementation. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "net/net_addr.h"
#include "net/net_stream_impl.h"

void net_stream_init(struct net_stream *s, uint32_t magic, const struct net_stream_ops *ops, const char *peer,
		     const struct net_stream_cb *cb, void *arg)
{
	obj_begin(&s->obj, magic);
	s->ops = ops;
	s->refs = 1;
	str_cut(s->peer, sizeof s->peer, peer);
	net_stream_set_cb(s, cb, arg);
}

void net_stream_hold(struct net_stream *s)
{
	s->refs++;
}

void net_stream_drop(struct net_stream *s)
{
	assert(s->refs > 0);
	if (--s->refs == 0) {
		s->ops->destroy(s);
	}
}

void net_stream_emit_open(struct net_stream *s)
{
	if (!s->closed && s->cb.on_open) {
		s->cb.on_open(s->arg);
	}
}

void net_stream_emit_data(struct net_stream *s, const uint8_t *p, size_t n)
{
	if (!s->closed && s->cb.on_data) {
		s->cb.on_data(s->arg, p, n);
	}
}

void net_stream_emit_fds(struct net_stream *s, const int *fds, size_t n, bool cut)
{
	if (!s->closed && s->on_fds) {
		s->on_fds(s->arg, fds, n, cut);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		close(fds[i]);
	}
}

void net_stream_emit_note(struct net_stream *s, const char *text)
{
	if (!s->closed && s->cb.on_note) {
		s->cb.on_note(s->arg, text);
	}
}

void net_stream_emit_close(struct net_stream *s, int err, const char *why)
{
	if (s->dead) {
		return;
	}
	s->dead = true;
	if (!s->closed && s->cb.on_close) {
		s->cb.on_close(s->arg, err, why);
	}
}

void net_stream_set_cb(struct net_stream *s, const struct net_stream_cb *cb, void *arg)
{
	s->cb = cb ? *cb : (struct net_stream_cb){ 0 };
	s->arg = arg;
}

int net_stream_write(struct net_stream *s, const void *p, size_t n)
{
	assert(!s->closed);
	return s->dead && !s->half_closed ? ERR_CLOSED : s->ops->write(s, p, n);
}

bool net_stream_half_closed(const struct net_stream *s)
{
	return s->dead && s->half_closed;
}

void net_stream_set_fds(struct net_stream *s, net_fds_fn *fn)
{
	s->on_fds = fn;
}

size_t net_stream_queued(const struct net_stream *s)
{
	return s->ops->queued(s);
}

void net_stream_push(struct net_stream *s)
{
	if (!s->closed && !s->dead) {
		s->ops->push(s);
	}
}

void net_stream_pause(struct net_stream *s)
{
	s->ops->pause(s);
}

void net_stream_resume(struct net_stream *s)
{
	s->ops->resume(s);
}

void net_stream_freeze(struct net_stream *s, bool frozen)
{
	if (s->frozen != frozen) {
		s->frozen = frozen;
		s->ops->freeze(s, frozen);
	}
}

static void end(struct net_stream *s, bool abort)
{
	if (!s) {
		return;
	}
	abort = abort || s->frozen;
	assert(!s->closed);
	s->closed = true;
	s->ops->close(s, abort);
	net_stream_drop(s);
}

void net_stream_close(struct net_stream *s)
{
	end(s, false);
}

void net_stream_abort(struct net_stream *s)
{
	end(s, true);
}

bool net_stream_is_messages(const struct net_stream *s)
{
	return s->messages != NULL;
}

void net_stream_unordered(struct net_stream *s)
{
	if (s->messages && !s->closed && !s->dead) {
		s->messages->unordered(s);
	}
}

static int ips(const struct net_stream *s, bool peer, struct net_ip out[NET_IPS_MAX], size_t *n)
{
	if (s->messages) {
		return s->messages->ips(s, peer, out, n);
	}
	*n = net_ip_of_text(&out[0], peer ? s->peer : s->local) ? 0 : 1;
	return 0;
}

int net_stream_peer_ips(const struct net_stream *s, struct net_ip out[NET_IPS_MAX], size_t *n)
{
	return ips(s, true, out, n);
}

int net_stream_local_ips(const struct net_stream *s, struct net_ip out[NET_IPS_MAX], size_t *n)
{
	return ips(s, false, out, n);
}

const char *net_stream_peer(const struct net_stream *s)
{
	return s->peer;
}

const char *net_stream_local(const struct net_stream *s)
{
	return s->local;
}

/* The text is ours: net_addr_text() has made it of what the kernel said. */
uint16_t net_stream_local_port(const struct net_stream *s)
{
	const char *colon = strrchr(s->local, ':');
	uint32_t port = 0;

	return colon && str_parse_u32(&port, colon + 1, 0, UINT16_MAX) == 0 ? (uint16_t)port : 0;
}
