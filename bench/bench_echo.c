/* bench_echo.c - a bare echo, TCP or TLS, of epoll and OpenSSL without our code: the yardstick of
 * the gateway. The client keeps a number of messages outstanding. The server writes back the octets
 * of each read, and a read of TLS returns one record. How both write:
 *
 *   each     every message is a TLS record and a system call of its own, the short way
 *   records  every message is a TLS record; those of one turn leave by one system call, and one
 *            read takes them
 *   batch    all messages of one turn are one TLS record, or one piece of TCP: the fastest way */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "bench/bench_hist.h"

#define CHUNK 16384u /* octets of the largest TLS record */
#define READ_AHEAD 65536u
#define WINDOW_MAX 4096u
/* octets: less than the buffers of both sockets, so that no write waits for a read */
#define OUTSTANDING_MAX (512u * 1024u)
#define CONNS_MAX 1024u

struct options {
	const char *certificate, *key, *ca; /* NULL: TCP */
	const char *address;                /* numeric IPv4; served there, or where to connect */
	uint16_t port;
	size_t window, size, conns;
	uint32_t seconds, rate; /* rate: messages a second that are offered; 0: as many as the window takes */
	enum { EACH, RECORDS, BATCH } how;
};

struct conn {
	int fd;
	SSL *ssl;     /* NULL: TCP */
	BIO *gather;  /* records that leave together; NULL: each leaves at once */
	bool shaking; /* server: the handshake is not done */
	/* client */
	size_t got, out;              /* octets of an incomplete message; messages outstanding */
	uint64_t sent_us[WINDOW_MAX]; /* ring: answers come in the order of the requests */
	size_t first;
};

static uint64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void die(const char *what)
{
	fprintf(stderr, "bench_echo: %s: %s\n", what, errno ? strerror(errno) : "refused");
	exit(1);
}

/* -- TCP and TLS look the same from here */

static SSL_CTX *make_ctx(const struct options *o, bool server)
{
	SSL_CTX *c;

	if (!o->certificate) {
		return NULL;
	}
	c = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (!c || SSL_CTX_use_certificate_chain_file(c, o->certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(c, o->key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_load_verify_file(c, o->ca) != 1) {
		die("certificate, key or CA");
	}
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_num_tickets(c, 0);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
	SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256");
	SSL_CTX_set1_groups_list(c, "P-256");
	if (o->how != EACH) {
		SSL_CTX_set_read_ahead(c, 1);
		SSL_CTX_set_default_read_buffer_len(c, READ_AHEAD);
	}
	return c;
}

static void wait_for(const struct conn *c, short events)
{
	struct pollfd p = { .fd = c->fd, .events = events };

	(void)poll(&p, 1, -1);
}

static void gather(struct conn *c, int how)
{
	if (c->ssl && how != EACH) {
		c->gather = BIO_new(BIO_f_buffer());
		if (!c->gather || BIO_set_write_buffer_size(c->gather, OUTSTANDING_MAX) != 1) {
			die("memory");
		}
		SSL_set0_wbio(c->ssl, BIO_push(c->gather, BIO_new_socket(c->fd, BIO_NOCLOSE)));
	}
}

/* The server's end: it waits for nobody's handshake. */
static void begin_serving(struct conn *c, int fd, SSL_CTX *ctx)
{
	int one = 1;

	c->fd = fd;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (!ctx) {
		return;
	}
	c->ssl = SSL_new(ctx);
	if (!c->ssl || SSL_set_fd(c->ssl, fd) != 1) {
		die("TLS");
	}
	SSL_set_accept_state(c->ssl);
	c->shaking = true;
}

/* The client's end. The handshake blocks; afterwards the descriptor does not. */
static void begin(struct conn *c, int fd, SSL_CTX *ctx, int how)
{
	int one = 1;

	c->fd = fd;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (ctx) {
		c->ssl = SSL_new(ctx);
		if (!c->ssl || SSL_set_fd(c->ssl, fd) != 1 || SSL_connect(c->ssl) != 1) {
			die("handshake");
		}
	}
	gather(c, how);
	if (fcntl(fd, F_SETFL, O_NONBLOCK)) {
		die("fcntl");
	}
}

/* Octets, 0 at the end, -1: nothing there now. */
static ssize_t take(struct conn *c, void *p, size_t n)
{
	int got;

	if (!c->ssl) {
		ssize_t r = read(c->fd, p, n);

		return r < 0 && errno != EAGAIN ? 0 : r;
	}
	got = SSL_read(c->ssl, p, (int)n);
	return got > 0 ? got : SSL_get_error(c->ssl, got) == SSL_ERROR_WANT_READ ? -1 : 0;
}

static void put(struct conn *c, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = c->ssl ? SSL_write(c->ssl, p, (int)n) : write(c->fd, p, n);

		if (done > 0) {
			p += done;
			n -= (size_t)done;
		} else if (c->ssl ? SSL_get_error(c->ssl, (int)done) == SSL_ERROR_WANT_WRITE : errno == EAGAIN) {
			wait_for(c, POLLOUT);
		} else {
			die("write");
		}
	}
}

/* The end of a turn: what was gathered leaves. */
static void flush(struct conn *c)
{
	while (c->gather && BIO_flush(c->gather) != 1) {
		wait_for(c, POLLOUT);
	}
}

/* -- server */

static void part(struct conn *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

/* Whether the handshake is done. Strangers fail, and are forgotten. */
static bool shaken(struct conn *c, const struct options *o)
{
	int r = SSL_accept(c->ssl), e;

	if (r == 1) {
		c->shaking = false;
		gather(c, (int)o->how);
		return true;
	}
	e = SSL_get_error(c->ssl, r);
	if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) {
		ERR_clear_error();
		part(c);
	}
	return false;
}

static void serve_one(struct conn *c, const struct options *o)
{
	static uint8_t room[CHUNK];
	ssize_t n;

	if (c->shaking && !shaken(c, o)) {
		return;
	}
	while ((n = take(c, room, sizeof room)) > 0) {
		/* A TLS record comes by one read each; what TCP has joined is taken apart again. */
		size_t piece = c->ssl || o->how != EACH ? (size_t)n : o->size;

		for (size_t at = 0; at < (size_t)n; at += piece) {
			put(c, room + at, (size_t)n - at < piece ? (size_t)n - at : piece);
		}
	}
	if (n == 0) {
		part(c);
	} else {
		flush(c);
	}
}

static struct sockaddr_in at(const struct options *o)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(o->port) };

	if (inet_pton(AF_INET, o->address, &a.sin_addr) != 1) {
		die("--address");
	}
	return a;
}

static int listen_here(const struct options *o, uint16_t *port)
{
	struct sockaddr_in a = at(o);
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1024) ||
	    getsockname(fd, (struct sockaddr *)&a, &len)) {
		die("listen");
	}
	*port = ntohs(a.sin_port);
	return fd;
}

_Noreturn static void serve(const struct options *o)
{
	SSL_CTX *ctx = make_ctx(o, true);
	int loop = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };
	uint16_t port;
	int fd = listen_here(o, &port);

	if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e)) {
		die("epoll");
	}
	printf("{\"event\":\"ready\",\"address\":\"%s\",\"port\":%u}\n", o->address, (unsigned)port);
	fflush(stdout);
	for (;;) {
		struct epoll_event found[64];
		int n = epoll_wait(loop, found, 64, -1);

		for (int i = 0; i < n; i++) {
			struct conn *c = found[i].data.ptr;
			int one;

			if (c) {
				serve_one(c, o);
				continue;
			}
			one = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
			if (one < 0) {
				continue;
			}
			c = calloc(1, sizeof *c);
			if (!c) {
				die("memory");
			}
			begin_serving(c, one, ctx);
			e = (struct epoll_event){ .events = EPOLLIN, .data.ptr = c };
			if (epoll_ctl(loop, EPOLL_CTL_ADD, c->fd, &e)) {
				die("epoll");
			}
		}
	}
}

/* -- client */

struct load {
	const struct options *o;
	struct conn *conns[CONNS_MAX];
	struct bench_hist latency;
	uint64_t began_us, last_us, done, offered;
	size_t out;
	uint8_t room[CHUNK];
};

static bool over(const struct load *l)
{
	return clock_us(CLOCK_MONOTONIC) - l->began_us >= 1000000ull * l->o->seconds;
}

static void send_some(struct load *l, struct conn *c, size_t n)
{
	uint64_t now = clock_us(CLOCK_MONOTONIC);
	size_t octets = n * l->o->size;

	for (size_t i = 0; i < n; i++) {
		c->sent_us[(c->first + c->out + i) % WINDOW_MAX] = now;
	}
	c->out += n;
	l->out += n;
	for (size_t at = 0, piece; at < octets; at += piece) {
		piece = l->o->how == BATCH ? (octets - at < CHUNK ? octets - at : CHUNK) : l->o->size;
		put(c, l->room, piece);
	}
}

static void receive(struct load *l, struct conn *c)
{
	ssize_t n;
	size_t done = 0;

	while ((n = take(c, l->room, sizeof l->room)) > 0) {
		uint64_t now = clock_us(CLOCK_MONOTONIC);
		size_t whole;

		c->got += (size_t)n;
		whole = c->got / l->o->size;
		c->got %= l->o->size;
		for (size_t i = 0; i < whole; i++) {
			bench_hist_add(&l->latency, now - c->sent_us[c->first++ % WINDOW_MAX]);
		}
		c->out -= whole;
		l->out -= whole;
		done += whole;
		if (l->o->how != BATCH && whole && !over(l) && !l->o->rate) {
			send_some(l, c, whole);
			l->done += whole;
			done -= whole;
		}
	}
	if (n == 0) {
		errno = 0;
		die("connection lost");
	}
	l->done += done;
	l->last_us = clock_us(CLOCK_MONOTONIC);
	if (done && !over(l) && !l->o->rate) {
		send_some(l, c, done);
	}
	flush(c);
}

/* At a rate: what is due by now, as far as the window goes. */
static void offer(struct load *l)
{
	uint64_t due = (clock_us(CLOCK_MONOTONIC) - l->began_us) * l->o->rate / 1000000u;

	while (l->o->rate && l->offered < due && !over(l) && l->out < l->o->window) {
		struct conn *c = l->conns[l->offered++ % l->o->conns];

		send_some(l, c, 1);
		flush(c);
	}
}

static struct conn *connect_one(const struct options *o, SSL_CTX *ctx)
{
	struct sockaddr_in a = at(o);
	struct conn *c = calloc(1, sizeof *c);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!c || fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a)) {
		die("connect");
	}
	begin(c, fd, ctx, (int)o->how);
	return c;
}

static int load(const struct options *o)
{
	static struct load l;
	SSL_CTX *ctx = make_ctx(o, false);
	int loop = epoll_create1(EPOLL_CLOEXEC);
	uint64_t cpu_us;
	double seconds;

	l.o = o;
	for (size_t i = 0; i < o->conns; i++) {
		struct epoll_event e = { .events = EPOLLIN };

		l.conns[i] = e.data.ptr = connect_one(o, ctx);
		if (epoll_ctl(loop, EPOLL_CTL_ADD, l.conns[i]->fd, &e)) {
			die("epoll");
		}
	}
	cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	l.began_us = clock_us(CLOCK_MONOTONIC);
	for (size_t i = 0; i < o->conns && !o->rate; i++) {
		send_some(&l, l.conns[i], (i + 1) * o->window / o->conns - i * o->window / o->conns);
		flush(l.conns[i]);
	}
	while (l.out || (o->rate && !over(&l))) {
		struct epoll_event found[64];
		int n = epoll_wait(loop, found, 64, o->rate ? 1 : -1);

		for (int i = 0; i < n; i++) {
			receive(&l, found[i].data.ptr);
		}
		offer(&l);
	}
	cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu_us;
	seconds = (double)(l.last_us - l.began_us) / 1e6;
	printf("{\"event\":\"result\",\"done\":%" PRIu64 ",\"seconds\":%.6f,\"per_second\":%.1f,\"cpu_us\":%" PRIu64
	       ",\"latency_us\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%" PRIu64 "}}\n",
	       l.done, seconds, seconds > 0 ? (double)l.done / seconds : 0.0, cpu_us, bench_hist_at(&l.latency, 0.5),
	       bench_hist_at(&l.latency, 0.99), bench_hist_at(&l.latency, 0.999), l.latency.max_us);
	return 0;
}

/* -- the command line */

static int usage(void)
{
	fputs("usage: bench_echo serve [--address A] [--tls CERT,KEY,CA] [--size OCTETS] [--how each|records|batch]\n"
	      "       bench_echo load [--address A] --port P [--tls CERT,KEY,CA] [--size OCTETS] [--window N] [--connections N] "
	      "[--rate N] "
	      "[--seconds S] [--how each|records|batch]\n"
	      "A bare echo, for the bench.\n",
	      stderr);
	return 2;
}

static bool number_of(size_t *out, const char *text, size_t most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*out = n;
	return *text && !*end && n >= 1 && n <= most;
}

static bool read_one(struct options *o, int c, char *value)
{
	char *save = NULL;
	size_t n = 0;
	bool ok;

	switch (c) {
	case 't':
		o->certificate = strtok_r(value, ",", &save);
		o->key = strtok_r(NULL, ",", &save);
		o->ca = strtok_r(NULL, ",", &save);
		return o->ca != NULL;
	case 'a':
		o->address = value;
		return true;
	case 'p':
		ok = number_of(&n, value, 65535);
		o->port = (uint16_t)n;
		return ok;
	case 'z':
		return number_of(&o->size, value, CHUNK);
	case 'w':
		return number_of(&o->window, value, WINDOW_MAX);
	case 'c':
		return number_of(&o->conns, value, CONNS_MAX);
	case 'r':
		ok = number_of(&n, value, 1000000);
		o->rate = (uint32_t)n;
		return ok;
	case 's':
		ok = number_of(&n, value, 3600);
		o->seconds = (uint32_t)n;
		return ok;
	case 'h':
		o->how = strcmp(value, "each") == 0 ? EACH : strcmp(value, "records") == 0 ? RECORDS : BATCH;
		return o->how != BATCH || strcmp(value, "batch") == 0;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static const struct option rows[] = {
		{ "tls", required_argument, NULL, 't' },         { "port", required_argument, NULL, 'p' },
		{ "size", required_argument, NULL, 'z' },        { "window", required_argument, NULL, 'w' },
		{ "connections", required_argument, NULL, 'c' }, { "seconds", required_argument, NULL, 's' },
		{ "rate", required_argument, NULL, 'r' },        { "how", required_argument, NULL, 'h' },
		{ "address", required_argument, NULL, 'a' },     { NULL, 0, NULL, 0 },
	};
	struct options o = { .address = "127.0.0.1", .window = 64, .size = 400, .conns = 1, .seconds = 3 };
	bool loading = argc > 1 && strcmp(argv[1], "load") == 0;
	int c;

	if (argc < 2 || (!loading && strcmp(argv[1], "serve") != 0)) {
		return usage();
	}
	while ((c = getopt_long(argc - 1, argv + 1, "", rows, NULL)) != -1) {
		if (!read_one(&o, c, optarg)) {
			return usage();
		}
	}
	if (loading && (!o.port || o.window < o.conns || o.window * o.size > OUTSTANDING_MAX)) {
		return usage();
	}
	signal(SIGPIPE, SIG_IGN);
	if (loading) {
		return load(&o);
	}
	serve(&o);
}
