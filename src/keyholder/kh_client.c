/* kh_client.c - see kh_client.h. Requests wait in the order in which they were sent, all for the
 * same time, so that the first one is the next whose time is over. */
#include "keyholder/kh_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/obj.h"
#include "keyholder/kh_msg.h"

#define A_TURN 64u

#define KH_LANE_MAGIC 0x3b7f4d19u
struct lane { /* to one keyholder */
	struct obj obj;
	struct kh_client *client;
	unsigned kind;
	int fd; /* -1: nobody is there */
	struct net_watch *watch;
	uint64_t keys;
	TAILQ_HEAD(, tls_signing) waiting;
	unsigned waiting_n;
	struct net_timer *timer;
};
OBJ_FIRST(struct lane);

#define KH_CLIENT_MAGIC 0x91c3f50bu
struct kh_client {
	struct obj obj;
	struct kh_client_conf conf;
	struct lane lanes[KH_KINDS];
	uint32_t id_next;
};

const char *kh_kind_name(unsigned kind)
{
	return kind == KH_PKCS11 ? "keyholder-p11" : "keyholder";
}

/* -- the end of a wait */

static void on_late(void *arg);

static void forget(struct lane *l, struct tls_signing *s)
{
	TAILQ_REMOVE(&l->waiting, s, entry);
	l->waiting_n--;
}

static void finish(struct lane *l, struct tls_signing *s, int err, const char *why)
{
	forget(l, s);
	if (err) {
		st_count(l->client->conf.st, err == ERR_TIMEOUT ? ST_EDGE_SIGN_TIMEOUTS : ST_EDGE_SIGN_FAILED);
	}
	s->done(s, err, why);
}

static void wake_at_first(struct lane *l)
{
	const struct tls_signing *first = TAILQ_FIRST(&l->waiting);
	uint64_t now_ms = net_loop_now_ms(l->client->conf.loop);

	if (first) {
		net_timer_start(l->timer, first->until_ms > now_ms ? first->until_ms - now_ms : 0);
	}
}

static void on_late(void *arg)
{
	struct lane *l = OBJ_OF(arg, struct lane, KH_LANE_MAGIC);
	uint64_t now_ms = net_loop_now_ms(l->client->conf.loop);
	struct tls_signing *s;

	while ((s = TAILQ_FIRST(&l->waiting)) && s->until_ms <= now_ms) {
		finish(l, s, ERR_TIMEOUT, "the keyholder does not answer within keyholder.sign_wait");
	}
	wake_at_first(l);
}

/* Nobody is at the other end any more. */
static void lane_close(struct lane *l, const char *why)
{
	struct tls_signing *s;

	net_watch_free(l->watch);
	l->watch = NULL;
	if (l->fd >= 0) {
		close(l->fd);
	}
	l->fd = -1;
	net_timer_stop(l->timer);
	while ((s = TAILQ_FIRST(&l->waiting))) {
		finish(l, s, ERR_CLOSED, why);
	}
}

/* -- answers */

static void take_answer(struct lane *l, const struct kh_answer *a)
{
	struct tls_signing *s;

	TAILQ_FOREACH (s, &l->waiting, entry) {
		if (s->id == a->id) {
			break;
		}
	}
	if (!s) {
		return; /* its handshake has ended meanwhile */
	}
	if (a->status != KH_SIGNED) {
		finish(l, s, ERR_REFUSED, kh_status_words(a->status));
		return;
	}
	memcpy(s->signature, a->signature, a->signature_len);
	s->signature_len = a->signature_len;
	st_count(l->client->conf.st, ST_EDGE_SIGNED);
	finish(l, s, 0, NULL);
}

/* False: nothing more is there. */
static bool take(struct lane *l)
{
	uint8_t octets[KH_ANSWER_OCTETS_MAX + 1];
	const struct log *log = l->client->conf.log;
	const char *name = kh_kind_name(l->kind);
	struct kh_answer a;
	ssize_t n = recv(l->fd, octets, sizeof octets, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		return false;
	}
	if (n > 0 && kh_answer_decode(&a, octets, (size_t)n) == 0) {
		take_answer(l, &a);
		return l->fd >= 0 && l->waiting_n; /* else nothing more is expected */
	}
	if (n > 0) {
		log_error(log, "keyholder", "the %s sent %zd bytes that are no answer; this channel to it is closed", name, n);
	} else {
		log_error(log, "keyholder", "the %s is gone: new connections are refused until it is back, sessions go on", name);
	}
	lane_close(l, "the keyholder has ended");
	st_count(l->client->conf.st, ST_EDGE_KEYHOLDER_LOST);
	if (l->client->conf.lost) {
		l->client->conf.lost(l->client->conf.arg, l->kind);
	}
	return false;
}

static void on_lane(void *arg, int events)
{
	struct lane *l = OBJ_OF(arg, struct lane, KH_LANE_MAGIC);

	(void)events;
	for (unsigned i = 0; i < A_TURN && take(l); i++) {
		/* more may be there */
	}
}

/* -- the signer of the TLS room */

static struct lane *lane_of(struct kh_client *c, uint16_t key)
{
	for (unsigned i = 0; i < KH_KINDS && key < 64; i++) {
		if (c->lanes[i].fd >= 0 && (c->lanes[i].keys & UINT64_C(1) << key)) {
			return &c->lanes[i];
		}
	}
	return NULL;
}

static bool ready(void *arg, uint16_t key)
{
	return lane_of(arg, key) != NULL;
}

static int ask(struct lane *l, struct tls_signing *s, const char **why)
{
	struct kh_request r = { .id = s->id, .set = s->set, .key = s->key, .scheme = s->scheme };
	uint8_t octets[KH_REQUEST_OCTETS_MAX];
	size_t n;

	if (s->content_len > KH_CONTENT_MAX) {
		*why = "the content is longer than any that a TLS server signs";
		return ERR_LIMIT;
	}
	if (l->waiting_n >= l->client->conf.waiting_max) {
		*why = "too many handshakes wait for the keyholder (keyholder.waiting)";
		return ERR_BUSY;
	}
	r.content_len = (uint16_t)s->content_len;
	memcpy(r.content, s->content, s->content_len);
	n = kh_request_encode(octets, &r);
	if (send(l->fd, octets, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n) {
		return 0;
	}
	*why = "the keyholder takes no more requests";
	return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_BUSY;
}

static int begin(void *arg, struct tls_signing *s, const char **why)
{
	struct kh_client *c = OBJ_OF(arg, struct kh_client, KH_CLIENT_MAGIC);
	struct lane *l = lane_of(c, s->key);
	int err = ERR_CLOSED;

	*why = "the keyholder is not there";
	s->id = c->id_next++;
	if (l) {
		err = ask(l, s, why);
	}
	if (err) {
		st_count(c->conf.st, ST_EDGE_SIGN_FAILED);
		return err;
	}
	s->until_ms = net_loop_now_ms(c->conf.loop) + c->conf.wait_ms;
	TAILQ_INSERT_TAIL(&l->waiting, s, entry);
	l->waiting_n++;
	if (l->waiting_n == 1) {
		wake_at_first(l);
	}
	return 0;
}

static void cancel(void *arg, struct tls_signing *s)
{
	struct kh_client *c = OBJ_OF(arg, struct kh_client, KH_CLIENT_MAGIC);

	for (unsigned i = 0; i < KH_KINDS; i++) {
		struct tls_signing *at;

		TAILQ_FOREACH (at, &c->lanes[i].waiting, entry) {
			if (at == s) {
				forget(&c->lanes[i], s);
				return;
			}
		}
	}
}

struct tls_signer kh_client_signer(struct kh_client *c)
{
	return (struct tls_signer){ begin, cancel, ready, c };
}

/* -- */

int kh_client_new(struct kh_client **out, const struct kh_client_conf *conf)
{
	struct kh_client *c = calloc(1, sizeof *c);
	int err = 0;

	if (!c) {
		return ERR_NOMEM;
	}
	obj_begin(&c->obj, KH_CLIENT_MAGIC);
	c->conf = *conf;
	for (unsigned i = 0; i < KH_KINDS; i++) {
		struct lane *l = &c->lanes[i];

		*l = (struct lane){ .client = c, .kind = i, .fd = -1 };
		obj_begin(&l->obj, KH_LANE_MAGIC);
		TAILQ_INIT(&l->waiting);
		if (!err) {
			err = net_timer_new(&l->timer, conf->loop, on_late, l);
		}
	}
	if (err) {
		kh_client_free(c);
	} else {
		*out = c;
	}
	return err;
}

void kh_client_free(struct kh_client *c)
{
	if (!c) {
		return;
	}
	for (unsigned i = 0; i < KH_KINDS; i++) {
		if (c->lanes[i].timer) {
			lane_close(&c->lanes[i], "the edge ends");
		}
		net_timer_free(c->lanes[i].timer);
		OBJ_END(&c->lanes[i], KH_LANE_MAGIC);
	}
	OBJ_END(c, KH_CLIENT_MAGIC);
	free(c);
}

int kh_client_channel(struct kh_client *c, unsigned kind, int fd, uint64_t keys)
{
	struct lane *l = kind < KH_KINDS ? &c->lanes[kind] : NULL;
	int err;

	if (!l) {
		close(fd);
		return ERR_INVAL;
	}
	lane_close(l, "the keyholder has ended");
	l->fd = fd;
	l->keys = keys;
	err = net_watch_new(&l->watch, c->conf.loop, fd, on_lane, l);
	if (!err) {
		err = net_watch_set(l->watch, NET_READ);
	}
	if (err) {
		lane_close(l, "its channel cannot be read");
		return err;
	}
	log_info(c->conf.log, "keyholder", "the %s signs for this edge", kh_kind_name(kind));
	return 0;
}
