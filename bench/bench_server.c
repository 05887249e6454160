/* bench_server.c - the frame of the responders of the bench. */
#include "bench/bench_server.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/net_tcp.h"

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct bench_server *s = arg;

	(void)err;
	(void)why;
	for (size_t i = 0; i < BENCH_LINKS_MAX; i++) {
		if (s->links[i] == l) {
			s->links[i] = NULL;
			link_free(l);
		}
	}
}

static void on_accept(void *arg, int fd, const char *address)
{
	static const struct net_stream_cb none = { 0 };
	struct bench_server *s = arg;
	const struct net_stream_conf conf = { 0 };
	struct net_stream *stream;
	size_t i = 0;
	int err = ERR_LIMIT;

	while (i < BENCH_LINKS_MAX && s->links[i]) {
		i++;
	}
	if (i < BENCH_LINKS_MAX) {
		err = s->tls ? tls_accept(&stream, s->tls, s->loop, fd, address, &conf, &none, NULL)
			     : net_tcp_accept(&stream, s->loop, fd, address, &conf, &none, NULL);
	}
	if (err) {
		close(fd);
		return;
	}
	if (link_accept(&s->links[i], s->loop, stream, &s->conf, &s->cb, s)) {
		net_stream_close(stream);
	}
}

static void on_signal(void *arg, int signum)
{
	struct bench_server *s = arg;

	(void)signum;
	net_loop_stop(s->loop);
}

static void on_usr1(void *arg, int signum)
{
	struct bench_server *s = arg;

	(void)signum;
	if (s->on_user_signal) {
		s->on_user_signal(s);
	}
}

void bench_server_answer(struct bench_server *s, struct link *l, const struct buf *out)
{
	s->requests++;
	if (out->full || link_answer(l, out->p, out->len)) {
		s->failed++;
	}
}

int bench_server_run(struct bench_server *s)
{
	struct net_signal *signals[3] = { NULL, NULL, NULL };
	struct net_listener *listener;
	uint16_t port;
	int fd;

	log_init(&s->log, 2, LOG_LEVEL_WARN, s->name);
	s->cb.on_down = on_down;
	s->conf = (struct link_conf){ .host = s->host,
				      .realm = s->realm,
				      .product = s->name,
				      .vendor_id = DIA_VENDOR_3GPP,
				      .origin_state_id = (uint32_t)(clock_real_ms() / 1000),
				      .applications = { s->application },
				      .applications_n = 1,
				      .limits = DIA_LIMITS_CORE,
				      .pending_max = 65536,
				      .log = &s->log };
	if (net_loop_new(&s->loop) || net_signal_new(&signals[0], s->loop, SIGTERM, on_signal, s) ||
	    net_signal_new(&signals[1], s->loop, SIGINT, on_signal, s) ||
	    net_signal_new(&signals[2], s->loop, SIGUSR1, on_usr1, s) || net_tcp_bind(&fd, &port, "127.0.0.1", 0, 16) ||
	    net_listener_new(&listener, s->loop, fd, on_accept, s)) {
		fprintf(stderr, "%s: cannot listen on 127.0.0.1\n", s->name);
		return 1;
	}
	printf("{\"event\":\"ready\",\"address\":\"127.0.0.1\",\"port\":%u}\n", (unsigned)port);
	fflush(stdout);
	if (net_loop_run(s->loop)) {
		return 1;
	}
	printf("{\"event\":\"ended\",\"requests\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"reports\":%" PRIu64 ",\"refused\":%" PRIu64
	       "}\n",
	       s->requests, s->failed, s->reports, s->refused);
	return s->failed ? 1 : 0;
}
