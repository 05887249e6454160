/* bench_flood.c - connections of strangers in number, from many addresses of 127/8, and sessions that are
 * only held. For the bench and the plays; each connection is one of these kinds, in turn:
 *
 *   close        connects and closes
 *   silent       connects and says nothing
 *   hello        a whole ClientHello, then nothing
 *   half         the same, and ends its direction
 *   slow         the same ClientHello, an octet every 100 ms
 *   shake        a whole handshake, without a certificate unless --as gives one
 *   session      the same, and the octets of --as behind it: a CER
 *   updates      a session that sends KeyUpdate without end
 *   renegotiate  TLS 1.2: asks for another handshake without end
 *
 * One line of JSON when all that shall be open is, and one at the end. Times are of the monotonic clock. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#define AS_MAX 64
#define FIRST_MAX 1024
#define HELLO_MAX 4096
#define SLOW_MS 100
#define SOURCES_MAX 60000u
#define STEP 64u /* messages of a flood in one turn */

enum kind { CLOSE, SILENT, HELLO, HALF, SLOW, SHAKE, SESSION, UPDATES, RENEGOTIATE, KINDS };
static const char *const kind_words[KINDS] = { "close", "silent",  "hello",   "half",       "slow",
					       "shake", "session", "updates", "renegotiate" };

struct as { /* who a session is */
	SSL_CTX *ctx;
	uint8_t first[FIRST_MAX];
	size_t first_len;
};

struct options {
	const char *address;
	unsigned port, sources, rate, hold_ms, seconds, open_max, beside;
	uint64_t count;
	enum kind kinds[16];
	size_t kinds_n;
	bool wait; /* until standard input ends */
	struct as as[AS_MAX];
	size_t as_n;
};

struct conn {
	int fd;
	enum kind kind;
	const struct as *as;
	SSL *ssl;
	bool connected, shaken, said;
	size_t sent; /* of the ClientHello */
	uint64_t until_ms, next_ms;
	TAILQ_ENTRY(conn) entry; /* in the order of their begin, and so of their end */
};

struct flood {
	struct options o;
	SSL_CTX *plain, *tls12;
	uint8_t hello[HELLO_MAX];
	size_t hello_len;
	int loop;
	TAILQ_HEAD(, conn) conns;
	uint64_t began, open, failed, refused, lost, shaken, early, answered, updates;
	uint64_t begun_ms, lost_first_ms, lost_last_ms;
	bool told;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static void die(const char *what)
{
	fprintf(stderr, "bench_flood: %s: %s\n", what, errno ? strerror(errno) : "refused");
	exit(1);
}

/* -- one connection */

static void end(struct flood *f, struct conn *c, bool lost)
{
	if (lost) {
		f->lost++;
		f->lost_last_ms = now_ms();
		f->lost_first_ms = f->lost_first_ms ? f->lost_first_ms : f->lost_last_ms;
	}
	f->early += !c->said;
	TAILQ_REMOVE(&f->conns, c, entry);
	f->open--;
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

static bool has_tls(enum kind k)
{
	return k >= SHAKE;
}

/* The source address of the next one: 127.64.0.1 and those behind it. */
static int from(const struct flood *f, int fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int on = 1;

	if (!f->o.sources) {
		return 0;
	}
	a.sin_addr.s_addr = htonl(0x7f400001u + (uint32_t)(f->began % f->o.sources));
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	return bind(fd, (struct sockaddr *)&a, sizeof a);
}

static void begin_tls(struct flood *f, struct conn *c)
{
	SSL_CTX *ctx = c->as ? c->as->ctx : f->plain;

	c->ssl = SSL_new(ctx);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1) {
		die("TLS");
	}
	if (c->kind == RENEGOTIATE) {
		SSL_set_max_proto_version(c->ssl, TLS1_2_VERSION);
	}
	SSL_set_connect_state(c->ssl);
}

static void begin(struct flood *f)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)f->o.port) };
	struct conn *c = calloc(1, sizeof *c);
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c };
	struct linger reset = { 1, 0 };

	if (!c || inet_pton(AF_INET, f->o.address, &to.sin_addr) != 1) {
		die("--address");
	}
	c->kind = f->o.kinds[f->began % f->o.kinds_n];
	c->as = f->o.as_n && has_tls(c->kind) ? &f->o.as[f->began % f->o.as_n] : NULL;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0 || from(f, c->fd)) {
		die("socket");
	}
	(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset); /* no port stays in TIME_WAIT */
	f->began++;
	if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
		f->failed++;
		close(c->fd);
		free(c);
		return;
	}
	if (has_tls(c->kind)) {
		begin_tls(f, c);
	}
	c->until_ms = f->o.hold_ms ? now_ms() + f->o.hold_ms : UINT64_MAX;
	TAILQ_INSERT_TAIL(&f->conns, c, entry);
	f->open++;
	if (epoll_ctl(f->loop, EPOLL_CTL_ADD, c->fd, &e)) {
		die("epoll");
	}
}

/* True: it is over, and freed. */
static bool say_hello(struct flood *f, struct conn *c, size_t upto)
{
	while (c->sent < upto) {
		ssize_t n = send(c->fd, f->hello + c->sent, upto - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			return false;
		}
		if (n <= 0) {
			end(f, c, true);
			return true;
		}
		c->sent += (size_t)n;
	}
	if (c->kind == HALF && c->sent == f->hello_len) {
		(void)shutdown(c->fd, SHUT_WR);
	}
	return false;
}

static bool drained(struct flood *f, struct conn *c)
{
	uint8_t room[4096];
	ssize_t n;

	while ((n = recv(c->fd, room, sizeof room, 0)) > 0) {
		;
	}
	if (n < 0 && errno == EAGAIN) {
		return false;
	}
	end(f, c, true);
	return true;
}

/* What floods over an open connection. */
static bool more(struct flood *f, struct conn *c)
{
	for (unsigned i = 0; i < STEP && (c->kind == UPDATES || c->kind == RENEGOTIATE); i++) {
		int r = c->kind == UPDATES ? SSL_key_update(c->ssl, SSL_KEY_UPDATE_REQUESTED) : SSL_renegotiate(c->ssl);

		r = r == 1 ? SSL_do_handshake(c->ssl) : -1;
		f->updates++;
		if (r != 1) {
			int e = SSL_get_error(c->ssl, r);

			return e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE;
		}
	}
	return false;
}

/* Over: the other side has closed. */
static bool step_tls(struct flood *f, struct conn *c)
{
	uint8_t room[4096];
	int n;

	ERR_clear_error();
	if (!c->shaken) {
		n = SSL_do_handshake(c->ssl);
		if (n != 1) {
			n = SSL_get_error(c->ssl, n);
			return n != SSL_ERROR_WANT_READ && n != SSL_ERROR_WANT_WRITE;
		}
		c->shaken = true;
		f->shaken++;
		if (c->kind != SHAKE && c->as && SSL_write(c->ssl, c->as->first, (int)c->as->first_len) <= 0) {
			return true;
		}
	}
	while ((n = SSL_read(c->ssl, room, sizeof room)) > 0) {
		f->answered += !c->said;
		c->said = true;
	}
	n = SSL_get_error(c->ssl, n);
	if (n != SSL_ERROR_WANT_READ && n != SSL_ERROR_WANT_WRITE) {
		return true;
	}
	return (c->said || c->kind == RENEGOTIATE) && more(f, c);
}

static void step(struct flood *f, struct conn *c, uint32_t events)
{
	if (!c->connected) {
		int e = 0;
		socklen_t len = sizeof e;

		if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
			return;
		}
		c->connected = true;
		if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &len) || e) {
			f->refused++;
			end(f, c, false);
			return;
		}
	}
	if (c->kind == CLOSE) {
		end(f, c, false);
	} else if (c->ssl) {
		if (step_tls(f, c)) {
			end(f, c, true);
		}
	} else if ((c->kind == HELLO || c->kind == HALF) && say_hello(f, c, f->hello_len)) {
		return;
	} else {
		(void)drained(f, c);
	}
}

/* -- all of them */

static void tell(struct flood *f, const char *event)
{
	printf("{\"event\":\"%s\",\"began\":%" PRIu64 ",\"open\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"refused\":%" PRIu64
	       ",\"lost\":%" PRIu64 ",\"shaken\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"updates\":%" PRIu64
	       ",\"seconds\":%.3f,\"lost_first_s\":%.3f,\"lost_last_s\":%.3f}\n",
	       event, f->began, f->open, f->failed, f->refused, f->lost, f->shaken, f->answered, f->updates,
	       (double)(now_ms() - f->begun_ms) / 1e3, (double)f->lost_first_ms / 1e3, (double)f->lost_last_ms / 1e3);
	fflush(stdout);
}

static bool begins(const struct flood *f, uint64_t now)
{
	uint64_t due = f->o.rate ? (now - f->begun_ms + 1) * f->o.rate / 1000 : UINT64_MAX;

	return f->began < f->o.count && f->began < due && (!f->o.open_max || f->open < f->o.open_max) &&
	       (!f->o.beside || f->began - f->failed - f->early - f->answered < f->o.beside) &&
	       (!f->o.seconds || now < f->begun_ms + f->o.seconds * 1000u);
}

static void keep(struct flood *f, uint64_t now)
{
	struct conn *c, *next;

	while ((c = TAILQ_FIRST(&f->conns)) && now >= c->until_ms) {
		end(f, c, false);
	}
	for (c = TAILQ_FIRST(&f->conns); c; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->kind == SLOW && c->connected && now >= c->next_ms && c->sent < f->hello_len) {
			c->next_ms = now + SLOW_MS;
			(void)say_hello(f, c, c->sent + 1);
		} else if ((c->kind == UPDATES || c->kind == RENEGOTIATE) && c->shaken && step_tls(f, c)) {
			end(f, c, true);
		}
	}
}

static bool has_kind(const struct flood *f, enum kind a)
{
	for (size_t i = 0; i < f->o.kinds_n; i++) {
		if (f->o.kinds[i] == a) {
			return true;
		}
	}
	return false;
}

static bool over(const struct flood *f, uint64_t now)
{
	if (f->o.wait) {
		return false;
	}
	return (f->o.seconds && now >= f->begun_ms + f->o.seconds * 1000u) || (f->began >= f->o.count && !f->open);
}

static void run(struct flood *f)
{
	bool sessions = has_kind(f, SESSION), flooding = has_kind(f, SLOW) || has_kind(f, UPDATES) || has_kind(f, RENEGOTIATE);
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
	uint64_t now = f->begun_ms = now_ms();

	f->loop = epoll_create1(EPOLL_CLOEXEC);
	if (f->loop < 0 || (f->o.wait && epoll_ctl(f->loop, EPOLL_CTL_ADD, 0, &e))) {
		die("epoll");
	}
	while (!over(f, now)) {
		struct epoll_event found[256];
		uint64_t first = f->began;
		int n;

		while (begins(f, now) && f->began - first < 256) {
			begin(f);
		}
		n = epoll_wait(f->loop, found, 256, f->began - first == 256 ? 0 : 1);
		for (int i = 0; i < n; i++) {
			if (!found[i].data.ptr) {
				return; /* standard input has ended */
			}
			step(f, found[i].data.ptr, found[i].events);
		}
		now = now_ms();
		if (flooding || f->o.hold_ms) {
			keep(f, now);
		}
		if (!f->told && f->began >= f->o.count && (!sessions || f->answered + f->lost >= f->o.count)) {
			f->told = true;
			tell(f, "begun");
		}
	}
}

/* -- the start */

static SSL_CTX *new_ctx(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	if (!c) {
		die("TLS");
	}
	SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set1_groups_list(c, "P-256");
	return c;
}

/* As OpenSSL says it, once for all. */
static void make_hello(struct flood *f)
{
	SSL *ssl = SSL_new(f->plain);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	int n;

	if (!ssl || !in || !out) {
		die("TLS");
	}
	SSL_set_bio(ssl, in, out);
	SSL_set_connect_state(ssl);
	(void)SSL_do_handshake(ssl);
	n = BIO_read(out, f->hello, sizeof f->hello);
	f->hello_len = n > 0 ? (size_t)n : 0;
	SSL_free(ssl);
}

/* CERTIFICATE,KEY[,OCTETS in hexadecimal] */
static bool add_as(struct options *o, char *text)
{
	struct as *a = &o->as[o->as_n];
	char *save = NULL, *certificate = strtok_r(text, ",", &save), *key = strtok_r(NULL, ",", &save),
	     *hex = strtok_r(NULL, ",", &save);

	if (o->as_n == AS_MAX || !certificate || !key) {
		return false;
	}
	a->ctx = new_ctx();
	if (SSL_CTX_use_certificate_chain_file(a->ctx, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(a->ctx, key, SSL_FILETYPE_PEM) != 1) {
		return false;
	}
	for (; hex && hex[0] && hex[1] && a->first_len < FIRST_MAX; hex += 2) {
		unsigned octet;

		if (sscanf(hex, "%2x", &octet) != 1) {
			return false;
		}
		a->first[a->first_len++] = (uint8_t)octet;
	}
	o->as_n++;
	return true;
}

static bool add_kinds(struct options *o, char *text)
{
	char *save = NULL;

	for (char *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		unsigned k = 0;

		while (k < KINDS && strcmp(word, kind_words[k]) != 0) {
			k++;
		}
		if (k == KINDS || o->kinds_n == sizeof o->kinds / sizeof *o->kinds) {
			return false;
		}
		o->kinds[o->kinds_n++] = (enum kind)k;
	}
	return true;
}

static bool number_of(unsigned *out, const char *text, unsigned long most)
{
	char *rest;
	unsigned long n = strtoul(text, &rest, 10);

	*out = (unsigned)n;
	return *text && !*rest && n <= most;
}

static bool read_one(struct options *o, int c, char *value)
{
	unsigned n = 0;
	bool ok = true;

	switch (c) {
	case 'a':
		o->address = value;
		return true;
	case 'p':
		return number_of(&o->port, value, 65535);
	case 'k':
		return add_kinds(o, value);
	case 's':
		return number_of(&o->sources, value, SOURCES_MAX);
	case 'r':
		return number_of(&o->rate, value, 1000000);
	case 'n':
		ok = number_of(&n, value, 100000000);
		o->count = n;
		return ok;
	case 'o':
		return number_of(&o->open_max, value, 1000000);
	case 'b':
		return number_of(&o->beside, value, 1000000);
	case 'h':
		return number_of(&o->hold_ms, value, 3600000);
	case 't':
		return number_of(&o->seconds, value, 3600);
	case 'w':
		o->wait = true;
		return true;
	case 'x':
		return add_as(o, value);
	default:
		return false;
	}
}

static int usage(void)
{
	fputs("usage: bench_flood --port P [--address A] --kinds KIND,... [--count N] [--rate N/s] [--open MAX] [--hold MS]\n"
	      "                   [--seconds S] [--sources N] [--beside N] [--as CERT,KEY[,HEX]]... [--wait]\n"
	      "Connections of strangers, for the bench and the plays. Kinds: close silent hello half slow shake session updates\n"
	      "renegotiate. --beside: so many sessions begin at a time. --wait: ends when standard input does.\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option rows[] = {
		{ "address", required_argument, NULL, 'a' },
		{ "port", required_argument, NULL, 'p' },
		{ "kinds", required_argument, NULL, 'k' },
		{ "sources", required_argument, NULL, 's' },
		{ "rate", required_argument, NULL, 'r' },
		{ "count", required_argument, NULL, 'n' },
		{ "open", required_argument, NULL, 'o' },
		{ "hold", required_argument, NULL, 'h' },
		{ "seconds", required_argument, NULL, 't' },
		{ "as", required_argument, NULL, 'x' },
		{ "beside", required_argument, NULL, 'b' },
		{ "wait", no_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	static struct flood f = { .o = { .address = "127.0.0.1", .count = UINT64_MAX } };
	struct rlimit files;
	int c;

	while ((c = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		if (!read_one(&f.o, c, optarg)) {
			return usage();
		}
	}
	if (!f.o.port || !f.o.kinds_n || (f.o.count == UINT64_MAX && !f.o.seconds && !f.o.wait)) {
		return usage();
	}
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	TAILQ_INIT(&f.conns);
	f.plain = new_ctx();
	make_hello(&f);
	run(&f);
	tell(&f, "over");
	return 0;
}
