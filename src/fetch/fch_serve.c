/* fch_serve.c - see fch_serve.h.
 *
 *   question --> QUEUED --want()--> CONNECTING --(connection)--> SENDING --> READING --> DONE
 *                   |                   |                           |           |         ^
 *                   +---- timeout, no connection, no HTTP, too long, an edge that is gone -+
 *
 * One connection a question, at most open_max of them; all questions are in one list by age, so
 * that one timer serves all. */
#include "fetch/fch_serve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/obj.h"
#include "fetch/fch_http.h"

#define A_TURN 32u /* questions of one edge, so that none keeps the others waiting */

enum job_state { QUEUED, CONNECTING, SENDING, READING, DONE };

struct fch_edge;

#define FCH_JOB_MAGIC 0x5b1e90d3u
struct job {
	struct obj obj;
	struct fch_serve *serve;
	uint32_t id, number, responder, generation;
	enum job_state state;
	uint64_t by_ms;
	int fd; /* -1: none */
	struct net_watch *watch;
	uint8_t *out; /* head and request */
	size_t out_len, out_done;
	uint8_t *in;
	size_t in_len;
	enum fch_result result;
	const uint8_t *body; /* in `in` */
	size_t body_len;
	TAILQ_ENTRY(job) entry;
};
OBJ_FIRST(struct job);

#define FCH_EDGE_MAGIC 0x1f7a3c86u
struct fch_edge {
	struct obj obj;
	struct fch_serve *serve;
	int fd; /* -1: the place is free */
	struct net_watch *watch;
	uint32_t generation;
	uint32_t jobs_n; /* also those of a channel before with this generation */
	bool full;       /* waits for NET_WRITE */
	bool core;
};
OBJ_FIRST(struct fch_edge);

#define FCH_SERVE_MAGIC 0xd06b42e9u
struct fch_serve {
	struct obj obj;
	struct fch_serve_conf conf;
	struct fch_edge edges[FCH_EDGES_MAX];
	TAILQ_HEAD(jobs, job) jobs;
	uint32_t jobs_n, open_n, id_next;
	struct net_timer *timer;
	uint8_t datagram[FCH_OCTETS_MAX + 1]; /* one more: a longer one is seen */
};
OBJ_FIRST(struct fch_serve);

static void start_next(struct fch_serve *s);

/* -- jobs */

static bool is_open(const struct job *j)
{
	return j->state == CONNECTING || j->state == SENDING || j->state == READING;
}

static void close_job(struct job *j)
{
	net_watch_free(j->watch);
	j->watch = NULL;
	if (j->fd >= 0) {
		close(j->fd);
	}
	j->fd = -1;
}

static void set_state(struct job *j, enum job_state state)
{
	j->serve->open_n -= is_open(j);
	j->state = state;
	j->serve->open_n += is_open(j);
}

static struct fch_edge *edge_of(struct fch_serve *s, uint32_t generation)
{
	for (unsigned i = 0; i < FCH_EDGES_MAX; i++) {
		if (s->edges[i].fd >= 0 && s->edges[i].generation == generation) {
			return &s->edges[i];
		}
	}
	return NULL;
}

/* Questions of an edge whose channel closed stay until they are done. */
static uint32_t jobs_of(const struct fch_serve *s, uint32_t generation)
{
	const struct job *j;
	uint32_t n = 0;

	TAILQ_FOREACH (j, &s->jobs, entry) {
		n += j->generation == generation;
	}
	return n;
}

static void job_free(struct job *j)
{
	struct fch_serve *s = j->serve;
	struct fch_edge *e = edge_of(s, j->generation);

	if (e) {
		e->jobs_n--;
	}
	set_state(j, DONE);
	close_job(j);
	TAILQ_REMOVE(&s->jobs, j, entry);
	s->jobs_n--;
	free(j->out);
	free(j->in);
	OBJ_END(j, FCH_JOB_MAGIC);
	free(j);
}

/* Sends an answer. False: the edge does not read now. */
static bool send_answer(struct fch_serve *s, struct fch_edge *e, const struct fch_answer *a)
{
	size_t n = fch_answer_put(s->datagram, a);
	ssize_t sent = send(e->fd, s->datagram, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent == (ssize_t)n || (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS && errno != EINTR)) {
		return true; /* a channel that is closed is noticed by reading */
	}
	e->full = true;
	if (net_watch_set(e->watch, NET_READ | NET_WRITE)) {
		log_error(s->conf.log, "fetch", "the edge of generation %" PRIu32 " cannot be watched", e->generation);
	}
	return false;
}

/* Gives the answers of done jobs to their edges, and forgets those of edges that are gone. */
static void deliver(struct fch_serve *s)
{
	struct job *j, *next;

	for (j = TAILQ_FIRST(&s->jobs); j; j = next) {
		struct fch_edge *e = j->state == DONE ? edge_of(s, j->generation) : NULL;
		struct fch_answer a = { j->number, j->result, j->body_len, j->body };

		next = TAILQ_NEXT(j, entry);
		if (j->state == DONE && (!e || (!e->full && send_answer(s, e, &a)))) {
			job_free(j);
		}
	}
}

static void finish(struct job *j, enum fch_result result)
{
	struct fch_serve *s = j->serve;

	close_job(j);
	set_state(j, DONE);
	j->result = result;
	if (result != FCH_OK) {
		j->body = NULL;
		j->body_len = 0;
	}
	deliver(s);
	start_next(s);
}

/* -- one connection */

static void on_readable(struct job *j)
{
	struct fch_serve *s = j->serve;
	size_t room = FCH_HTTP_HEAD_MAX + s->conf.size_max + 1;
	ssize_t n = recv(j->fd, j->in + j->in_len, room - j->in_len, MSG_DONTWAIT);
	int err;

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		return;
	}
	j->in_len += n > 0 ? (size_t)n : 0;
	if (j->responder == s->conf.receiver) {
		j->body = j->in; /* of the response the status line is what counts */
		err = fch_http_taken(&j->body_len, j->in, j->in_len, n <= 0);
	} else {
		err = fch_http_response(&j->body, &j->body_len, j->in, j->in_len, n <= 0, s->conf.size_max);
	}
	if (err == ERR_AGAIN && j->in_len < room) {
		return;
	}
	finish(j, !err ? FCH_OK : err == ERR_LIMIT || err == ERR_AGAIN ? FCH_LIMIT : j->in_len ? FCH_HTTP : FCH_UNREACHABLE);
}

static void on_writable(struct job *j)
{
	ssize_t n = send(j->fd, j->out + j->out_done, j->out_len - j->out_done, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		return;
	}
	if (n < 0) { /* the connection could not be made, or has broken */
		finish(j, FCH_UNREACHABLE);
		return;
	}
	j->out_done += (size_t)n;
	if (j->out_done < j->out_len) {
		return;
	}
	set_state(j, READING);
	if (net_watch_set(j->watch, NET_READ)) {
		finish(j, FCH_UNREACHABLE);
	}
}

static void on_connection(void *arg, int events)
{
	struct job *j = OBJ_OF(arg, struct job, FCH_JOB_MAGIC);

	(void)events;
	if (j->state == SENDING) {
		on_writable(j);
	} else {
		on_readable(j);
	}
}

/* The head and the request are sent as one. */
static int make_request(struct job *j)
{
	const struct http_url *url = j->serve->conf.responders[j->responder];
	uint8_t request[FCH_REQUEST_MAX];
	char head[FCH_HTTP_REQUEST_HEAD_MAX];
	const char *type = j->responder == j->serve->conf.receiver ? FCH_HTTP_CHECKPOINT : FCH_HTTP_OCSP;
	size_t len = j->out_len, head_len = fch_http_request(head, url, type, len);

	memcpy(request, j->out, len);
	free(j->out);
	j->out = malloc(head_len + len);
	j->in = malloc(FCH_HTTP_HEAD_MAX + j->serve->conf.size_max + 1);
	if (!j->out || !j->in) {
		return ERR_NOMEM;
	}
	memcpy(j->out, head, head_len);
	memcpy(j->out + head_len, request, len);
	j->out_len = head_len + len;
	return 0;
}

void fch_serve_connected(struct fch_serve *s, uint32_t id, int fd)
{
	struct job *j;

	OBJ_CHECK(s, FCH_SERVE_MAGIC);
	TAILQ_FOREACH (j, &s->jobs, entry) {
		if (j->id == id) {
			break;
		}
	}
	if (!j || j->state != CONNECTING) { /* its time was over */
		if (fd >= 0) {
			close(fd);
		}
		return;
	}
	j->fd = fd;
	if (fd < 0 || make_request(j) || net_watch_new(&j->watch, s->conf.loop, fd, on_connection, j) ||
	    net_watch_set(j->watch, NET_WRITE)) {
		finish(j, FCH_UNREACHABLE);
		return;
	}
	set_state(j, SENDING);
}

static void start_next(struct fch_serve *s)
{
	struct job *j, *next;

	for (j = TAILQ_FIRST(&s->jobs); j && s->open_n < s->conf.open_max; j = next) {
		next = TAILQ_NEXT(j, entry);
		if (j->state != QUEUED) {
			continue;
		}
		set_state(j, CONNECTING);
		if (s->conf.want(s->conf.arg, j->responder, j->id)) {
			set_state(j, DONE);
			j->result = FCH_UNREACHABLE;
		}
	}
	deliver(s);
}

/* -- time */

static void arm(struct fch_serve *s)
{
	const struct job *j;
	uint64_t now = net_loop_now_ms(s->conf.loop);

	TAILQ_FOREACH (j, &s->jobs, entry) {
		if (j->state != DONE) {
			net_timer_start(s->timer, j->by_ms > now ? j->by_ms - now : 0);
			return;
		}
	}
	net_timer_stop(s->timer);
}

static void on_timer(void *arg)
{
	struct fch_serve *s = OBJ_OF(arg, struct fch_serve, FCH_SERVE_MAGIC);
	uint64_t now = net_loop_now_ms(s->conf.loop);
	struct job *j;

	TAILQ_FOREACH (j, &s->jobs, entry) {
		if (j->by_ms > now) {
			break;
		}
		if (j->state != DONE) {
			close_job(j);
			set_state(j, DONE);
			j->result = FCH_TIMEOUT;
		}
	}
	start_next(s); /* which delivers, too */
	arm(s);
}

/* -- edges */

static void answer_at_once(struct fch_serve *s, struct fch_edge *e, uint32_t number, enum fch_result result)
{
	/* an edge that asks more than it may and does not read loses this answer, and waits for
	 * nothing but its own time */
	(void)send_answer(s, e, &(struct fch_answer){ number, result, 0, NULL });
}

static void take_question(struct fch_serve *s, struct fch_edge *e, const struct fch_question *q)
{
	struct job *j;

	if (q->responder >= s->conf.responders_n || !s->conf.responders[q->responder] ||
	    (q->responder == s->conf.receiver) != e->core) {
		answer_at_once(s, e, q->number, FCH_UNREACHABLE);
		return;
	}
	j = s->jobs_n < s->conf.queue_max && e->jobs_n < s->conf.each_max ? calloc(1, sizeof *j) : NULL;
	if (j) {
		j->out = malloc(q->len);
	}
	if (!j || !j->out) {
		free(j);
		answer_at_once(s, e, q->number, FCH_BUSY);
		return;
	}
	obj_begin(&j->obj, FCH_JOB_MAGIC);
	j->serve = s;
	j->id = s->id_next++;
	j->number = q->number;
	j->responder = q->responder;
	j->generation = e->generation;
	j->state = QUEUED;
	j->fd = -1;
	j->by_ms = net_loop_now_ms(s->conf.loop) + s->conf.timeout_ms;
	memcpy(j->out, q->request, q->len);
	j->out_len = q->len;
	TAILQ_INSERT_TAIL(&s->jobs, j, entry);
	s->jobs_n++;
	e->jobs_n++;
}

static void close_edge(struct fch_edge *e)
{
	if (e->fd < 0) {
		return;
	}
	net_watch_free(e->watch);
	e->watch = NULL;
	close(e->fd);
	e->fd = -1;
	e->full = false;
}

/* Whether there may be another one. */
static bool take(struct fch_serve *s, struct fch_edge *e)
{
	ssize_t n = recv(e->fd, s->datagram, sizeof s->datagram, MSG_DONTWAIT);
	uint32_t generation = e->generation;
	struct fch_question q;
	uint8_t copy[FCH_HEAD + FCH_REQUEST_MAX]; /* of the datagram, which an answer is written over */

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		return false;
	}
	if (n <= 0) {
		close_edge(e);
		return false;
	}
	if ((size_t)n > sizeof copy || fch_question_get(&q, s->datagram, (size_t)n)) {
		log_error(s->conf.log, "fetch", "the edge of generation %" PRIu32 " sent what is no question; it is cut off",
			  generation);
		close_edge(e);
		s->conf.bad_edge(s->conf.arg, generation);
		return false;
	}
	memcpy(copy, s->datagram, (size_t)n);
	q.request = copy + FCH_HEAD;
	take_question(s, e, &q);
	return true;
}

static void on_edge(void *arg, int events)
{
	struct fch_edge *e = OBJ_OF(arg, struct fch_edge, FCH_EDGE_MAGIC);
	struct fch_serve *s = e->serve;

	if (events & NET_WRITE && e->full) {
		e->full = false;
		if (net_watch_set(e->watch, NET_READ)) {
			close_edge(e);
		}
	}
	for (unsigned i = 0; e->fd >= 0 && events & NET_READ && i < A_TURN && take(s, e); i++) {
		/* more may wait */
	}
	start_next(s);
	arm(s);
}

int fch_serve_edge(struct fch_serve *s, int fd, uint32_t generation, bool core)
{
	struct fch_edge *e;
	int err;

	OBJ_CHECK(s, FCH_SERVE_MAGIC);
	e = edge_of(s, generation);
	if (e) {
		close_edge(e);
	}
	for (unsigned i = 0; i < FCH_EDGES_MAX && !e; i++) {
		e = s->edges[i].fd < 0 ? &s->edges[i] : NULL;
	}
	if (!e) {
		close(fd);
		return ERR_LIMIT;
	}
	e->fd = fd;
	e->generation = generation;
	e->core = core;
	e->jobs_n = jobs_of(s, generation);
	err = net_watch_new(&e->watch, s->conf.loop, fd, on_edge, e);
	if (!err) {
		err = net_watch_set(e->watch, NET_READ);
	}
	if (err) {
		close_edge(e);
	}
	return err;
}

/* -- the whole */

int fch_serve_new(struct fch_serve **out, const struct fch_serve_conf *conf)
{
	struct fch_serve *s = calloc(1, sizeof *s);
	int err;

	if (!s) {
		return ERR_NOMEM;
	}
	obj_begin(&s->obj, FCH_SERVE_MAGIC);
	s->conf = *conf;
	s->id_next = 1;
	TAILQ_INIT(&s->jobs);
	for (unsigned i = 0; i < FCH_EDGES_MAX; i++) {
		s->edges[i] = (struct fch_edge){ .obj = OBJ(FCH_EDGE_MAGIC), .serve = s, .fd = -1 };
	}
	err = net_timer_new(&s->timer, conf->loop, on_timer, s);
	if (err) {
		fch_serve_free(s);
	} else {
		*out = s;
	}
	return err;
}

void fch_serve_free(struct fch_serve *s)
{
	struct job *j;

	if (!s) {
		return;
	}
	OBJ_CHECK(s, FCH_SERVE_MAGIC);
	while ((j = TAILQ_FIRST(&s->jobs))) {
		job_free(j);
	}
	for (unsigned i = 0; i < FCH_EDGES_MAX; i++) {
		close_edge(&s->edges[i]);
	}
	net_timer_free(s->timer);
	OBJ_END(s, FCH_SERVE_MAGIC);
	free(s);
}
