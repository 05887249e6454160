/* doc_probe.c - one connection for TCP, whose failure the kernel names, and another one for TLS. */
#include "doctor/doc_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/obj.h"
#include "base/str.h"
#include "net/net_loop.h"
#include "net/net_transport.h"
#include "net/net_usr.h"
#include "tls/tls_warm_up.h"

/* In TLS 1.3 our side is open before the peer has judged our certificate: its refusal comes so much
 * later, if it comes. */
#define REFUSAL_WAIT_MS 500u

/* -- TCP */

static int connect_to(int fd, const char *address, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
		return connect(fd, (const struct sockaddr *)&v4, sizeof v4);
	}
	if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1) {
		return connect(fd, (const struct sockaddr *)&v6, sizeof v6);
	}
	errno = EAFNOSUPPORT;
	return -1;
}

/* Returns 0, or errno of the attempt; ETIMEDOUT also when the wait is over. */
static int wait_connected(int fd, uint32_t wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	uint64_t until = clock_mono_ms() + wait_ms, now;
	socklen_t len = sizeof(int);
	int err = 0, n;

	do {
		now = clock_mono_ms();
		n = poll(&p, 1, now < until ? (int)(until - now) : 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		return n ? errno : ETIMEDOUT;
	}
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) ? errno : err;
}

static int try_tcp(const struct doc_probe *p)
{
	int fd = socket(strchr(p->address, ':') ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0) {
		return errno;
	}
	err = connect_to(fd, p->address, p->port) ? errno : 0;
	if (err == EINPROGRESS) {
		err = wait_connected(fd, p->wait_ms);
	}
	close(fd);
	return err;
}

/* -- TLS */

#define TRYING_MAGIC 0x47c1d9e3u
struct trying {
	struct obj obj;
	struct net_loop *loop;
	struct net_timer *timer;
	struct net_stream *stream;
	enum doc_reach reach;
	char *why;
};

static void on_open(void *arg)
{
	struct trying *t = OBJ_OF(arg, struct trying, TRYING_MAGIC);

	t->reach = DOC_REACH_TLS;
	net_timer_start(t->timer, REFUSAL_WAIT_MS);
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	(void)p; /* the peer speaks first: it has not refused us */
	(void)n;
	net_loop_stop(OBJ_OF(arg, struct trying, TRYING_MAGIC)->loop);
}

static void on_close(void *arg, int err, const char *why)
{
	struct trying *t = OBJ_OF(arg, struct trying, TRYING_MAGIC);

	if (err == ERR_AUTH) {
		t->reach = DOC_REACH_TLS_REFUSES;
	} else if (err == ERR_REFUSED) {
		t->reach = DOC_REACH_TLS_REFUSED;
	} else if (t->reach != DOC_REACH_TLS) {
		t->reach = DOC_REACH_TLS_FAILS;
	}
	str_cut(t->why, DOC_PROBE_WHY_MAX, why);
	net_loop_stop(t->loop);
}

static void on_late(void *arg)
{
	net_loop_stop(OBJ_OF(arg, struct trying, TRYING_MAGIC)->loop);
}

static const struct net_stream_cb callbacks = { .on_open = on_open, .on_data = on_data, .on_close = on_close };

static int run(struct trying *t, struct tls_ctx *ctx, const struct doc_probe *p)
{
	struct net_stream_conf conf = { .write_queue_max = 65536,
					.connect_wait_ms = p->wait_ms,
					.handshake_wait_ms = p->wait_ms };
	int err = net_timer_new(&t->timer, t->loop, on_late, t);

	if (!err) {
		err = tls_connect(&t->stream, ctx, t->loop, p->address, p->port, p->host, &conf, &callbacks, t);
	}
	if (!err) {
		err = net_loop_run(t->loop);
		net_stream_abort(t->stream);
	}
	net_timer_free(t->timer);
	return err;
}

static enum doc_reach try_tls(const struct doc_probe *p, char why[DOC_PROBE_WHY_MAX])
{
	struct trying t = { .obj = OBJ(TRYING_MAGIC), .reach = DOC_REACH_TLS_FAILS, .why = why };
	struct tls_ctx *ctx;
	int err;

	tls_warm_up();
	if (tls_ctx_new(&ctx, p->tls, why, DOC_PROBE_WHY_MAX)) {
		return DOC_REACH_CONNECTS; /* our own files cannot be used here: `why` */
	}
	why[0] = 0;
	err = net_loop_new(&t.loop);
	if (!err) {
		err = run(&t, ctx, p);
		net_loop_free(t.loop);
	}
	tls_ctx_free(ctx);
	if (err) {
		str_cut(why, DOC_PROBE_WHY_MAX, err_str(err));
		return DOC_REACH_CONNECTS;
	}
	return t.reach;
}

/* -- SCTP */

static void on_associated(void *arg)
{
	struct trying *t = OBJ_OF(arg, struct trying, TRYING_MAGIC);

	t->reach = DOC_REACH_CONNECTS;
	net_loop_stop(t->loop);
}

/* The words are those of strerror(), and of net/net_sctp_socket.c and net/net_usr.c. */
static enum doc_reach reach_of(int err, const char *why)
{
	if (err == ERR_AUTH) {
		return DOC_REACH_OTHER;
	}
	if (err == ERR_TIMEOUT || strstr(why, strerror(ETIMEDOUT)) || strstr(why, "in time")) {
		return DOC_REACH_SILENT;
	}
	return strstr(why, strerror(ECONNREFUSED)) || strstr(why, "refused") ? DOC_REACH_CLOSED : DOC_REACH_NO_WAY;
}

static void on_unassociated(void *arg, int err, const char *why)
{
	struct trying *t = OBJ_OF(arg, struct trying, TRYING_MAGIC);

	t->reach = reach_of(err, why);
	str_cut(t->why, DOC_PROBE_WHY_MAX, why);
	net_loop_stop(t->loop);
}

static void on_no_answer(void *arg)
{
	struct trying *t = OBJ_OF(arg, struct trying, TRYING_MAGIC);

	t->reach = DOC_REACH_SILENT;
	net_loop_stop(t->loop);
}

static const struct net_stream_cb sctp_callbacks = { .on_open = on_associated, .on_data = on_data, .on_close = on_unassociated };

static enum doc_reach not_begun(int err, int number, char why[DOC_PROBE_WHY_MAX])
{
	str_cut(why, DOC_PROBE_WHY_MAX, err == ERR_IO ? strerror(number) : err_str(err));
	if (err == ERR_NOTFOUND) {
		return DOC_REACH_NO_SCTP;
	}
	return err == ERR_IO && number == EADDRNOTAVAIL ? DOC_REACH_NO_LOCAL : DOC_REACH_NO_WAY;
}

static enum doc_reach associate(struct trying *t, const struct doc_probe *p, struct net_sctp_ends *ends)
{
	struct net_stream_conf conf = { .write_queue_max = 65536,
					.connect_wait_ms = p->wait_ms,
					.handshake_wait_ms = p->wait_ms };
	int err = 0;

	errno = 0;
	if (ends->in_udp) {
		err = net_usr_open(&ends->udp, t->loop, ends->local[0], p->address, ends->udp_port);
	}
	if (!err) {
		err = net_connect(&t->stream, t->loop, p->address, p->port, ends, &conf, &sctp_callbacks, t);
	}
	if (err) {
		return not_begun(err, errno, t->why);
	}
	net_timer_start(t->timer, p->wait_ms);
	err_ignore(net_loop_run(t->loop), "then it is as if nobody had answered");
	net_stream_abort(t->stream);
	return t->reach;
}

static enum doc_reach try_sctp(const struct doc_probe *p, char why[DOC_PROBE_WHY_MAX])
{
	struct trying t = { .obj = OBJ(TRYING_MAGIC), .reach = DOC_REACH_SILENT, .why = why };
	struct net_sctp_ends ends = *p->sctp;
	enum doc_reach reach = DOC_REACH_UNTRIED;

	if (!(ends.in_udp ? net_usr_built() : net_sctp_possible())) {
		str_cut(why, DOC_PROBE_WHY_MAX, ends.in_udp ? NET_USR_MISSING : strerror(EPROTONOSUPPORT));
		return DOC_REACH_NO_SCTP;
	}
	ends.udp = NULL;
	if (net_loop_new(&t.loop)) {
		return reach;
	}
	if (!net_timer_new(&t.timer, t.loop, on_no_answer, &t)) {
		reach = associate(&t, p, &ends);
		net_timer_free(t.timer);
		net_usr_close(ends.udp);
	}
	net_loop_free(t.loop);
	return reach;
}

enum doc_reach doc_probe(const struct doc_probe *p, char why[DOC_PROBE_WHY_MAX])
{
	int err;

	if (p->sctp) {
		why[0] = 0;
		return try_sctp(p, why);
	}
	why[0] = 0;
	err = try_tcp(p);
	if (err) {
		str_cut(why, DOC_PROBE_WHY_MAX, strerror(err));
		return err == ECONNREFUSED ? DOC_REACH_CLOSED : err == ETIMEDOUT ? DOC_REACH_SILENT : DOC_REACH_NO_WAY;
	}
	return p->tls ? try_tls(p, why) : DOC_REACH_CONNECTS;
}
