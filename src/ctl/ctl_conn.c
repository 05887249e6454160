/* ctl_conn.c - one client of the control socket: lines in, lines out, one request at a time.
 *
 *           a whole line                 last line
 * (IDLE) ----------------> (ANSWERING) ------------> (IDLE)
 *   | nothing for request_wait   | queue above queue_max: ctl_each() pauses until the client
 *   |                            | has read
 *   v                            v nothing read for request_wait, or the queue is full
 * (closed) <---------------------+ */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl_internal.h"
#include "net/net_tcp.h"

/* one line and octets that were sent along with it; more is not a dialogue */
#define IN_MAX (2u * CTL_REQUEST_MAX)
#define QUEUE_OVER (4u * 1024u * 1024u) /* room above queue_max for handlers that answer at once */
#define PUMP_MS 2
#define PUMP_CALLS 256 /* of a list, before others have their turn */

#define CTL_CONN_MAGIC 0x80289e32u
struct ctl_conn {
	struct obj obj;
	struct ctl_server *server;
	struct ctl_conn *prev, *next;
	struct net_stream *stream;
	/* IDLE: time until the close; ANSWERING with a full queue: time until the client must have
	 * read */
	struct net_timer *idle;
	struct net_timer *pump; /* of a list, or of lines that wait for the next turn */
	struct ctl_caller caller;
	char *about;            /* owned; NULL: nothing */
	struct ctl_request *rq; /* ANSWERING */
	char *in;
	size_t in_at, in_len, in_cap; /* lines before in_at are worked off */
	/* An owned descriptor; -1: none. It came with some of the octets in[fd_from] to in[fd_until
	 * - 1]. The kernel joins these octets with those that were sent before, so the descriptor
	 * belongs to a line that has an octet there. */
	int fd;
	size_t fd_from, fd_until;
	bool fds_wrong;       /* more descriptors than any request takes */
	size_t queued_before; /* when the pump last looked */
	bool working;         /* work() is running: answers come back to it */
	bool broken;          /* a write failed; dropped as soon as no function of it is running */
	/* functions of this file that still use the object; the last one that leaves frees it */
	unsigned inside;
	bool dropped;
};

struct ctl_server *ctl_conn_server(const struct ctl_conn *c)
{
	OBJ_CHECK(c, CTL_CONN_MAGIC);
	return c->server;
}

const char *ctl_conn_about(const struct ctl_conn *c)
{
	OBJ_CHECK(c, CTL_CONN_MAGIC);
	return c->about ? c->about : "";
}

uint32_t ctl_conn_of_user(const struct ctl_server *s, uid_t uid)
{
	uint32_t n = 0;

	for (const struct ctl_conn *c = s->conns; c; c = c->next) {
		n += c->caller.uid == uid;
	}
	return n;
}

static void unlink_conn(struct ctl_conn *c)
{
	if (c->prev) {
		c->prev->next = c->next;
	} else {
		c->server->conns = c->next;
	}
	if (c->next) {
		c->next->prev = c->prev;
	}
	c->server->conns_n--;
}

static void leave(struct ctl_conn *c)
{
	if (--c->inside || !c->dropped) {
		return;
	}
	if (c->fd >= 0) {
		close(c->fd);
	}
	free(c->in);
	free(c->about);
	OBJ_END(c, CTL_CONN_MAGIC);
	free(c);
}

void ctl_conn_drop(struct ctl_conn *c, const char *why)
{
	OBJ_CHECK(c, CTL_CONN_MAGIC);
	log_debug(c->server->conf.log, "ctl", "client pid %d ends: %s", (int)c->caller.pid, why);
	unlink_conn(c);
	net_timer_free(c->idle);
	net_timer_free(c->pump);
	net_stream_close(c->stream);
	c->dropped = true;
	c->inside++;
	if (c->rq) {
		ctl_request_orphan(c->rq);
	}
	leave(c);
}

/* Sets how long the client may do nothing from now on. A client that cannot be written to is closed
 * at the next turn. */
static void allow(struct ctl_conn *c, uint64_t ms)
{
	net_timer_start(c->idle, c->broken ? 0 : ms);
}

bool ctl_conn_line(struct ctl_conn *c, json_t *row)
{
	char *text = row ? json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	size_t n = text ? strlen(text) : 0;
	bool fits = text && n < CTL_REPLY_LINE_MAX;

	OBJ_CHECK(c, CTL_CONN_MAGIC);
	json_decref(row);
	if (fits && !c->broken) {
		text[n] = '\n';
		if (net_stream_write(c->stream, text, n + 1)) {
			c->broken = true; /* reads nothing, or is gone */
			allow(c, 0);
		}
	}
	free(text);
	return fits;
}

void ctl_conn_nomem(struct ctl_conn *c)
{
	static const char line[] = "{\"done\":true,\"ok\":false,\"error\":\"out of memory\"}\n";

	OBJ_CHECK(c, CTL_CONN_MAGIC);
	if (!c->broken && net_stream_write(c->stream, line, sizeof line - 1)) {
		c->broken = true;
		allow(c, 0);
	}
}

int ctl_conn_take_fd(struct ctl_conn *c)
{
	int fd;

	OBJ_CHECK(c, CTL_CONN_MAGIC);
	fd = c->in_at > c->fd_from ? c->fd : -1;
	c->fd = fd >= 0 ? -1 : c->fd;
	return fd;
}

bool ctl_conn_fd_is_lost(const struct ctl_conn *c)
{
	OBJ_CHECK(c, CTL_CONN_MAGIC);
	return c->fd >= 0 && c->in_at >= c->fd_until;
}

/* The next line, -1 when there is none yet. */
static ssize_t next_line(struct ctl_conn *c, const char **line)
{
	const char *end = memchr(c->in + c->in_at, '\n', c->in_len - c->in_at);

	*line = c->in + c->in_at;
	return end ? end - *line : -1;
}

static void say(struct ctl_conn *c, const char *error)
{
	if (!ctl_conn_line(c, json_pack("{s:b,s:b,s:s}", "done", 1, "ok", 0, "error", error))) {
		ctl_conn_nomem(c);
	}
}

/* True if the start of a line is already too long for a request. */
static bool overlong(const struct ctl_conn *c)
{
	return c->in_len - c->in_at > CTL_REQUEST_MAX && !memchr(c->in + c->in_at, '\n', CTL_REQUEST_MAX + 1);
}

/* One request in each turn of the loop: who sends thousands at once keeps nobody waiting. */
static void work_off(struct ctl_conn *c)
{
	const char *line;
	ssize_t n = 0;

	c->working = true;
	while (!c->dropped && !n && !overlong(c) && (n = next_line(c, &line)) >= 0) {
		c->in_at += (size_t)n + 1;
		if (n) {
			ctl_request_run(c, &c->rq, &c->caller, line, (size_t)n);
		}
		if (!c->dropped && ctl_conn_fd_is_lost(c)) {
			close(c->fd);
			c->fd = -1;
		}
	}
	c->working = false;
	memmove(c->in, c->in + c->in_at, c->in_len - c->in_at);
	c->in_len -= c->in_at;
	if (c->fd >= 0) {
		c->fd_from -= c->fd_from < c->in_at ? c->fd_from : c->in_at;
		c->fd_until -= c->in_at;
	}
	c->in_at = 0;
}

/* The rest of the lines comes in the next turn. */
static bool more_waits(struct ctl_conn *c)
{
	const char *line;

	return !c->broken && next_line(c, &line) >= 0;
}

/* Works off a line, if there is a whole one. The connection may be gone afterwards. */
static void work(struct ctl_conn *c)
{
	c->inside++;
	net_timer_stop(c->pump);
	work_off(c);
	if (c->dropped) {
		/* by a handler that ended the server */
	} else if (c->rq) {
		net_stream_pause(c->stream);
		if (!c->rq->next && !c->broken) {
			net_timer_stop(c->idle); /* we are the slow ones */
		}
	} else if (overlong(c)) {
		say(c, "the request is larger than 64 KiB");
		ctl_conn_drop(c, "request too large");
	} else if (more_waits(c)) {
		net_stream_pause(c->stream);
		net_timer_start(c->pump, 0);
		allow(c, c->server->conf.request_wait_ms);
	} else {
		net_stream_resume(c->stream);
		allow(c, c->server->conf.request_wait_ms);
	}
	leave(c);
}

void ctl_conn_answered(struct ctl_conn *c)
{
	OBJ_CHECK(c, CTL_CONN_MAGIC);
	c->rq = NULL;
	net_timer_stop(c->pump);
	if (!c->working) {
		work(c);
	}
}

/* The list is at its end, for good or bad. */
static void pumped(struct ctl_request *rq, int more)
{
	json_t *last = rq->last;

	rq->last = NULL;
	rq->next = NULL;
	if (rq->end) {
		rq->end(rq->each_arg);
	}
	if (more < 0) {
		json_decref(last);
		ctl_fail(rq, "the list ends early: %s", err_str(more));
	} else {
		ctl_done(rq, last);
	}
}

/* Some rows, as long as the client reads them. Ends the request, or comes again. */
static void pump(struct ctl_conn *c)
{
	struct ctl_request *rq = c->rq;
	int more = 1, calls = 0;
	bool room = true;

	c->inside++;
	while (more > 0 && calls < PUMP_CALLS && room && !c->dropped && !rq->failed && !c->broken) {
		more = rq->next(rq->each_arg, rq);
		calls++;
		room = c->dropped || net_stream_queued(c->stream) < c->server->conf.queue_max;
	}
	if (!c->dropped && (more <= 0 || rq->failed)) {
		pumped(rq, more);
	} else if (!c->dropped) {
		net_timer_start(c->pump, room ? 1 : PUMP_MS);
	}
	leave(c);
}

static void on_pump(void *arg)
{
	struct ctl_conn *c = OBJ_OF(arg, struct ctl_conn, CTL_CONN_MAGIC);
	size_t queued = net_stream_queued(c->stream);

	if (c->broken) {
		return; /* the idle timer is about to drop it */
	}
	if (!c->rq) {
		work(c);
		return;
	}
	if (queued < c->queued_before || queued < c->server->conf.queue_max) {
		allow(c, c->server->conf.request_wait_ms);
	}
	c->queued_before = queued;
	if (queued < c->server->conf.queue_max) {
		pump(c);
	} else {
		net_timer_start(c->pump, PUMP_MS);
	}
}

size_t ctl_conn_waiting(const struct ctl_conn *c)
{
	OBJ_CHECK(c, CTL_CONN_MAGIC);
	return c->stream ? net_stream_queued(c->stream) : 0;
}

void ctl_conn_pump(struct ctl_conn *c)
{
	OBJ_CHECK(c, CTL_CONN_MAGIC);
	c->queued_before = SIZE_MAX;
	allow(c, c->server->conf.request_wait_ms);
	net_timer_start(c->pump, 0); /* never inside the handler */
}

static bool room_for(struct ctl_conn *c, size_t n)
{
	size_t cap = c->in_cap ? c->in_cap : 1024;
	char *in;

	if (n > IN_MAX || c->in_len + n > IN_MAX) {
		return false;
	}
	while (cap < c->in_len + n) {
		cap *= 2;
	}
	if (cap == c->in_cap) {
		return true;
	}
	in = realloc(c->in, cap);
	if (!in) {
		return false;
	}
	c->in = in;
	c->in_cap = cap;
	return true;
}

static void on_fds(void *arg, const int *fds, size_t n, bool cut)
{
	struct ctl_conn *c = OBJ_OF(arg, struct ctl_conn, CTL_CONN_MAGIC);

	if (n == 1 && !cut && c->fd < 0 && !c->fds_wrong) {
		c->fd = fds[0];
		c->fd_from = c->in_len; /* where the octets that come with it will stand */
		c->fd_until = SIZE_MAX;
		return;
	}
	c->fds_wrong = true;
	for (size_t i = 0; i < n; i++) {
		close(fds[i]);
	}
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	struct ctl_conn *c = OBJ_OF(arg, struct ctl_conn, CTL_CONN_MAGIC);

	if (c->fds_wrong) {
		if (!c->rq) {
			say(c, "more than one descriptor came along, expected at most one with each request");
		}
		ctl_conn_drop(c, "sends descriptors that nobody asked for");
		return;
	}
	if (!room_for(c, n)) {
		if (!c->rq) {
			say(c, "the request is larger than 64 KiB");
		}
		ctl_conn_drop(c, "sends more than it may");
		return;
	}
	memcpy(c->in + c->in_len, p, n);
	c->in_len += n;
	if (c->fd >= 0 && c->fd_until == SIZE_MAX) {
		c->fd_until = c->in_len;
	}
	if (!c->rq) {
		work(c);
	}
}

static void on_close(void *arg, int err, const char *why)
{
	(void)err;
	ctl_conn_drop(arg, why);
}

static void on_idle(void *arg)
{
	struct ctl_conn *c = OBJ_OF(arg, struct ctl_conn, CTL_CONN_MAGIC);

	ctl_conn_drop(c, c->broken || c->rq ? "does not read its reply" : "says nothing");
}

int ctl_conn_new(struct ctl_conn **out, struct ctl_server *s, int fd, const struct ctl_caller *caller, const char *about)
{
	static const struct net_stream_cb cb = { .on_data = on_data, .on_close = on_close };
	struct net_stream_conf conf = { .write_queue_max = s->conf.queue_max + QUEUE_OVER };
	struct ctl_conn *c = calloc(1, sizeof *c);
	int err;

	if (!c) {
		return ERR_NOMEM;
	}
	obj_begin(&c->obj, CTL_CONN_MAGIC);
	c->server = s;
	c->caller = *caller;
	c->fd = -1;
	c->about = about ? strdup(about) : NULL;
	err = about && !c->about ? ERR_NOMEM : net_timer_new(&c->idle, s->loop, on_idle, c);
	if (err) {
		goto free_conn;
	}
	err = net_timer_new(&c->pump, s->loop, on_pump, c);
	if (err) {
		goto free_idle;
	}
	err = net_tcp_accept(&c->stream, s->loop, fd, "unix", &conf, &cb, c);
	if (err) {
		goto free_pump;
	}
	net_stream_set_fds(c->stream, on_fds);
	c->next = s->conns;
	if (c->next) {
		c->next->prev = c;
	}
	s->conns = c;
	s->conns_n++;
	net_timer_start(c->idle, s->conf.request_wait_ms);
	*out = c;
	return 0;

free_pump:
	net_timer_free(c->pump);
free_idle:
	net_timer_free(c->idle);
free_conn:
	free(c->about);
	free(c);
	return err;
}
