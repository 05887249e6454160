/* kh_serve.c - one channel for each edge. A request is answered once, in the turn in which it is
 * read; an answer that the edge does not take is lost and counted, and the edge's own time runs
 * out. */
#include "keyholder/kh_serve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/obj.h"
#include "keyholder/kh_judge.h"

#define A_TURN 32u     /* requests of one edge, so that none keeps the others waiting */
#define A_TURN_MS 100u /* nor does a slow token keep the parent waiting */
#define LOGGED_A_SECOND 5u

#define KH_CHANNEL_MAGIC 0x51c3e08bu
struct channel {
	struct obj obj;
	struct kh_serve *serve;
	int fd;
	struct net_watch *watch;
	uint32_t edge;
	uint64_t keys;
	struct kh_rate rate;
	TAILQ_ENTRY(channel) entry;
};
OBJ_FIRST(struct channel);

struct kh_serve {
	struct kh_serve_conf conf;
	TAILQ_HEAD(, channel) channels;
	unsigned channels_n;
	struct kh_counts counts;
	struct { /* channels that closed last, in a ring */
		uint32_t edge;
		struct kh_rate rate;
	} closed[KH_EDGES_MAX];
	unsigned closed_next;
	uint64_t logged_since_ms;
	uint32_t logged_n, not_logged_n;
};

int kh_serve_new(struct kh_serve **out, const struct kh_serve_conf *conf)
{
	struct kh_serve *s = calloc(1, sizeof *s);

	if (!s) {
		return ERR_NOMEM;
	}
	s->conf = *conf;
	TAILQ_INIT(&s->channels);
	*out = s;
	return 0;
}

static void channel_free(struct channel *c)
{
	struct kh_serve *s = c->serve;

	s->closed[s->closed_next].edge = c->edge;
	s->closed[s->closed_next].rate = c->rate;
	s->closed_next = (s->closed_next + 1) % KH_EDGES_MAX;
	TAILQ_REMOVE(&s->channels, c, entry);
	s->channels_n--;
	net_watch_free(c->watch);
	close(c->fd);
	OBJ_END(c, KH_CHANNEL_MAGIC);
	free(c);
}

void kh_serve_free(struct kh_serve *s)
{
	struct channel *c;

	while (s && (c = TAILQ_FIRST(&s->channels))) {
		channel_free(c);
	}
	free(s);
}

const struct kh_counts *kh_serve_counts(const struct kh_serve *s)
{
	return &s->counts;
}

/* -- one request */

/* A compromised edge must not fill a disk: all refusals are counted, a few a second are logged. */
static void say(struct kh_serve *s, const struct channel *c, const struct kh_request *r, const char *words)
{
	uint64_t now_ms = net_loop_now_ms(s->conf.loop);

	if (now_ms - s->logged_since_ms >= 1000) {
		if (s->not_logged_n) {
			log_warn(s->conf.log, "keyholder", "refused %u more requests for signatures", s->not_logged_n);
		}
		s->logged_since_ms = now_ms;
		s->logged_n = s->not_logged_n = 0;
	}
	if (s->logged_n >= LOGGED_A_SECOND) {
		s->not_logged_n++;
		return;
	}
	s->logged_n++;
	log_warn(s->conf.log, "keyholder",
		 "refused a signature to the edge of generation %" PRIu32 " (key of listener %u, set %" PRIu32
		 ", scheme 0x%04x, %u octets): %s",
		 c->edge, r->key, r->set, r->scheme, r->content_len, words);
}

static enum kh_status status_of(int err)
{
	switch (err) {
	case 0:
		return KH_SIGNED;
	case ERR_NOTFOUND:
		return KH_NO_KEY;
	case ERR_INVAL:
		return KH_BAD_SCHEME;
	default:
		return KH_FAILED;
	}
}

static enum kh_status judge(struct channel *c, const struct kh_request *r, struct kh_answer *a)
{
	struct kh_serve *s = c->serve;
	enum kh_status status;
	size_t len = 0;

	if (r->key >= 64 || !(c->keys & UINT64_C(1) << r->key)) {
		return KH_NO_KEY;
	}
	if (!kh_judge_content(r->content, r->content_len)) {
		return KH_BAD_CONTENT;
	}
	if (!kh_rate_take(&c->rate, net_loop_now_ms(s->conf.loop))) {
		return KH_TOO_MANY;
	}
	status = status_of(s->conf.sign(s->conf.arg, r, a->signature, &len));
	if (status == KH_SIGNED && (!len || len > KH_SIGNATURE_MAX)) {
		status = KH_FAILED; /* a module of others said so; the answer could not be encoded */
	}
	a->signature_len = (uint16_t)(status == KH_SIGNED ? len : 0);
	return status;
}

static void count(struct kh_counts *n, enum kh_status status)
{
	switch (status) {
	case KH_SIGNED:
		n->signed_n++;
		break;
	case KH_TOO_MANY:
		n->limited++;
		break;
	case KH_FAILED:
		n->failed++;
		break;
	default:
		n->refused++;
		break;
	}
}

static void answer(struct channel *c, const struct kh_request *r)
{
	struct kh_serve *s = c->serve;
	struct kh_answer a = { .id = r->id };
	uint8_t octets[KH_ANSWER_OCTETS_MAX];
	size_t n;

	a.status = (uint16_t)judge(c, r, &a);
	count(&s->counts, (enum kh_status)a.status);
	if (a.status != KH_SIGNED) {
		say(s, c, r, kh_status_words(a.status));
	}
	n = kh_answer_encode(octets, &a);
	if (send(c->fd, octets, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n) {
		s->counts.lost++;
	}
}

/* -- the channel */

/* False: the channel is freed. */
static bool take(struct channel *c)
{
	uint8_t octets[KH_REQUEST_OCTETS_MAX + 1]; /* one more: a longer datagram is seen */
	struct kh_serve *s = c->serve;
	struct kh_request r;
	ssize_t n = recv(c->fd, octets, sizeof octets, MSG_DONTWAIT);
	uint32_t edge = c->edge;

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		return false;
	}
	if (n <= 0) {
		channel_free(c); /* the edge has ended */
		return false;
	}
	if (kh_request_decode(&r, octets, (size_t)n)) {
		s->counts.malformed++;
		log_error(s->conf.log, "keyholder",
			  "the edge of generation %" PRIu32 " sent %zd bytes that are no request; it is cut off", edge, n);
		channel_free(c);
		s->conf.on_bad(s->conf.arg, edge);
		return false;
	}
	answer(c, &r);
	return true;
}

static void on_channel(void *arg, int events)
{
	struct channel *c = OBJ_OF(arg, struct channel, KH_CHANNEL_MAGIC);

	uint64_t (*clock_ms)(void) = c->serve->conf.clock_ms;
	uint64_t begun_ms = clock_ms();

	(void)events;
	for (unsigned i = 0; i < A_TURN && take(c) && clock_ms() - begun_ms < A_TURN_MS; i++) {
		/* more may wait */
	}
}

/* An edge has one channel: an edge that said that it lost its channel, and did not, would have the
 * rate of two. */
static void end_older(struct kh_serve *s, uint32_t edge)
{
	struct channel *c;

	TAILQ_FOREACH (c, &s->channels, entry) {
		if (c->edge == edge) {
			channel_free(c);
			return;
		}
	}
}

/* The rate of the edge goes on, whoever closed the channel before. */
static void begin_rate(struct kh_rate *rate, const struct kh_serve *s, uint32_t edge)
{
	kh_rate_begin(rate, s->conf.per_second, net_loop_now_ms(s->conf.loop));
	for (unsigned i = 1; i <= KH_EDGES_MAX; i++) { /* the newest first */
		unsigned at = (s->closed_next + KH_EDGES_MAX - i) % KH_EDGES_MAX;

		if (s->closed[at].edge == edge && s->closed[at].rate.per_second) {
			*rate = s->closed[at].rate;
			return;
		}
	}
}

int kh_serve_add(struct kh_serve *s, int fd, uint32_t edge, uint64_t keys)
{
	struct channel *c;
	int err;

	end_older(s, edge);
	c = s->channels_n < KH_EDGES_MAX ? calloc(1, sizeof *c) : NULL;
	if (!c) {
		close(fd);
		return s->channels_n < KH_EDGES_MAX ? ERR_NOMEM : ERR_LIMIT;
	}
	obj_begin(&c->obj, KH_CHANNEL_MAGIC);
	c->serve = s;
	c->fd = fd;
	c->edge = edge;
	c->keys = keys;
	begin_rate(&c->rate, s, edge);
	TAILQ_INSERT_TAIL(&s->channels, c, entry);
	s->channels_n++;
	err = net_watch_new(&c->watch, s->conf.loop, fd, on_channel, c);
	if (!err) {
		err = net_watch_set(c->watch, NET_READ);
	}
	if (err) {
		channel_free(c);
	}
	return err;
}
