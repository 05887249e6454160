/* mtr_http.c - see mtr_http.h.
 *
 * libmicrohttpd has its own epoll descriptor, which our loop watches. It accepts, reads
 * requests and closes; who has to go is decided here: connections stand in a queue by the time
 * since which each has asked nothing or has not taken its answer. One that goes is shut down, and
 * the library sees the end of it. */
#include "metrics/mtr_http.h"

#include <limits.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/obj.h"
#include "metrics/mtr_body.h"
#include "net/net_loop.h"

#define SLACK 16u            /* connections above the limit, until those that were shut down are closed */
#define REQUEST_OCTETS 4096u /* of one request with all its headers */

#define CONNECTION_MAGIC 0x8c35d0e9u
struct connection {
	struct obj obj;
	struct mtr_http *http;
	int fd;
	uint64_t since_ms;
	bool answering, cut;
	TAILQ_ENTRY(connection) entry;
};

#define MTR_HTTP_MAGIC 0xd21a70cbu
struct mtr_http {
	struct obj obj;
	struct mtr_http_conf conf;
	struct MHD_Daemon *daemon;
	struct net_watch *watch;
	struct net_timer *again, *late;       /* the library has more to do; the oldest connection is due */
	TAILQ_HEAD(, connection) connections; /* oldest first */
	uint32_t n;
	struct mtr_own own;
	struct mtr_body *body; /* the last one that was made; NULL: none */
	uint64_t body_ms;      /* when */
	struct MHD_Response *missing, *refused, *elsewhere;
};

/* -- answers */

/* Fills `snap` when there is one that may be told. */
static bool look(struct mtr_http *h, struct mtr_snap *snap)
{
	uint64_t number, now_ms = clock_boot_ms();
	const void *octets;
	size_t len;
	int err = mtr_page_read(h->conf.page, &octets, &len, &number);

	h->own.age_ms = UINT64_MAX;
	h->own.up = false;
	if (!err) {
		err = mtr_snap_read(snap, octets, len);
	}
	if (err) {
		h->own.damaged += err == ERR_PROTO;
		return false;
	}
	h->own.age_ms = now_ms > snap->made_ms ? now_ms - snap->made_ms : 0;
	h->own.up = h->own.age_ms <= MTR_STALE_MS(h->conf.every_ms);
	return true;
}

static int make_body(struct mtr_http *h)
{
	struct mtr_snap snap = { .samples = NULL };
	bool told = look(h, &snap) && h->own.up;
	struct mtr_body *b;
	int err = mtr_body_new(&b, told ? &snap : NULL, &h->own);

	mtr_snap_fini(&snap);
	if (err) {
		return err;
	}
	mtr_body_drop(h->body);
	h->body = b;
	h->body_ms = net_loop_now_ms(h->conf.loop);
	return 0;
}

static enum MHD_Result answer(struct MHD_Connection *c, struct MHD_Response *r, unsigned status)
{
	enum MHD_Result result = r ? MHD_queue_response(c, status, r) : MHD_NO;

	return result;
}

static enum MHD_Result answer_metrics(struct mtr_http *h, struct MHD_Connection *c)
{
	struct MHD_Response *r;
	enum MHD_Result result;

	h->own.scrapes++;
	if ((!h->body || net_loop_now_ms(h->conf.loop) - h->body_ms >= h->conf.every_ms) && make_body(h)) {
		log_error(h->conf.log, "metrics", "an answer could not be made: no memory, or longer than it may be");
		return MHD_NO; /* closes the connection */
	}
	r = mtr_body_response(h->body);
	if (!r) {
		return MHD_NO;
	}
	result = answer(c, r, MHD_HTTP_OK);
	MHD_destroy_response(r);
	return result;
}

static struct connection *connection_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info && info->socket_context ? OBJ_OF(info->socket_context, struct connection, CONNECTION_MAGIC) : NULL;
}

static void arm(struct mtr_http *h)
{
	const struct connection *first = TAILQ_FIRST(&h->connections);
	uint64_t now_ms = net_loop_now_ms(h->conf.loop), due_ms;

	while (first && first->cut) {
		first = TAILQ_NEXT(first, entry);
	}
	if (!first) {
		net_timer_stop(h->late);
		return;
	}
	due_ms = first->since_ms + h->conf.wait_ms;
	net_timer_start(h->late, due_ms > now_ms ? due_ms - now_ms : 0);
}

/* It begins to wait anew: it asks, or has its answer. */
static void renew(struct connection *c)
{
	struct mtr_http *h = c->http;

	c->since_ms = net_loop_now_ms(h->conf.loop);
	TAILQ_REMOVE(&h->connections, c, entry);
	TAILQ_INSERT_TAIL(&h->connections, c, entry);
	arm(h);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url, const char *method, const char *version,
				  const char *upload, size_t *upload_len, void **context)
{
	struct mtr_http *h = OBJ_OF(arg, struct mtr_http, MTR_HTTP_MAGIC);
	struct connection *who = connection_of(c);

	(void)version;
	(void)upload;
	(void)upload_len;
	(void)context;
	if (!who || who->cut) {
		return MHD_NO;
	}
	who->answering = true;
	renew(who);
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		h->own.refused++;
		return answer(c, h->refused, MHD_HTTP_METHOD_NOT_ALLOWED);
	}
	if (!mtr_host_ok(&h->conf.hosts, MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST))) {
		h->own.refused++;
		return answer(c, h->elsewhere, MHD_HTTP_MISDIRECTED_REQUEST);
	}
	if (strcmp(url, "/metrics") != 0) {
		h->own.refused++;
		return answer(c, h->missing, MHD_HTTP_NOT_FOUND);
	}
	return answer_metrics(h, c);
}

/* -- connections */

static void cut(struct connection *c)
{
	c->cut = true;
	c->http->own.cut++;
	(void)shutdown(c->fd, SHUT_RDWR); /* its end is an event for the library */
}

/* The one that goes when there is one too many. */
static struct connection *goes(struct mtr_http *h)
{
	struct connection *c, *oldest = NULL;

	TAILQ_FOREACH (c, &h->connections, entry) {
		if (!c->cut && !c->answering) {
			return c;
		}
		oldest = oldest || c->cut ? oldest : c;
	}
	return oldest;
}

static void connected(struct mtr_http *h, struct MHD_Connection *with, void **context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(with, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *c = info ? calloc(1, sizeof *c) : NULL, *first;

	if (!c) {
		if (info) {
			(void)shutdown(info->connect_fd, SHUT_RDWR);
		}
		return;
	}
	if (h->n >= h->conf.connections && (first = goes(h))) {
		cut(first);
	}
	obj_begin(&c->obj, CONNECTION_MAGIC);
	c->http = h;
	c->fd = info->connect_fd;
	c->since_ms = net_loop_now_ms(h->conf.loop);
	TAILQ_INSERT_TAIL(&h->connections, c, entry);
	h->n++;
	*context = c;
	arm(h);
}

static void closed(struct mtr_http *h, void **context)
{
	struct connection *c = *context ? OBJ_OF(*context, struct connection, CONNECTION_MAGIC) : NULL;

	if (!c) {
		return;
	}
	*context = NULL;
	TAILQ_REMOVE(&h->connections, c, entry);
	h->n--;
	OBJ_END(c, CONNECTION_MAGIC);
	free(c);
	arm(h);
}

static void on_connection(void *arg, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct mtr_http *h = OBJ_OF(arg, struct mtr_http, MTR_HTTP_MAGIC);

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		connected(h, c, context);
	} else {
		closed(h, context);
	}
}

/* The connection may ask again. */
static void on_completed(void *arg, struct MHD_Connection *with, void **context, enum MHD_RequestTerminationCode how)
{
	struct connection *c = connection_of(with);

	(void)arg;
	(void)context;
	(void)how;
	if (c) {
		c->answering = false;
		renew(c);
	}
}

static void on_late(void *arg)
{
	struct mtr_http *h = OBJ_OF(arg, struct mtr_http, MTR_HTTP_MAGIC);
	uint64_t now_ms = net_loop_now_ms(h->conf.loop);
	struct connection *c;

	TAILQ_FOREACH (c, &h->connections, entry) {
		if (!c->cut && now_ms >= c->since_ms + h->conf.wait_ms) {
			cut(c);
		}
	}
	arm(h);
}

/* -- the library on our loop */

static void turn(struct mtr_http *h)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	if (MHD_run(h->daemon) != MHD_YES) {
		log_error(h->conf.log, "metrics", "connections are not served for now");
	}
	if (MHD_get_timeout(h->daemon, &wait_ms) == MHD_YES) {
		net_timer_start(h->again, wait_ms);
	}
}

static void on_events(void *arg, int events)
{
	(void)events;
	turn(OBJ_OF(arg, struct mtr_http, MTR_HTTP_MAGIC));
}

static void on_again(void *arg)
{
	turn(OBJ_OF(arg, struct mtr_http, MTR_HTTP_MAGIC));
}

__attribute__((format(printf, 2, 0))) static void on_log(void *arg, const char *format, va_list words)
{
	const struct mtr_http *h = OBJ_OF(arg, struct mtr_http, MTR_HTTP_MAGIC);
	char line[256];
	int n = vsnprintf(line, sizeof line, format, words);

	if (n > 0) {
		line[strcspn(line, "\n")] = 0;
		log_debug(h->conf.log, "metrics", "libmicrohttpd: %s", line);
	}
}

static int start(struct mtr_http *h)
{
	const union MHD_DaemonInfo *info;
	int err;

	h->missing = mtr_body_words("metrics are at /metrics\n");
	h->refused = mtr_body_words("only GET and HEAD\n");
	h->elsewhere = mtr_body_words("this host name does not mean us: ask by address, or name it in metrics.hosts\n");
	if (!h->missing || !h->refused || !h->elsewhere) {
		return ERR_NOMEM;
	}
	h->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, h,
	    MHD_OPTION_LISTEN_SOCKET, h->conf.fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)(h->conf.connections + SLACK),
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_OCTETS, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	info = h->daemon ? MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info || info->epoll_fd < 0) {
		return ERR_IO;
	}
	err = net_watch_new(&h->watch, h->conf.loop, info->epoll_fd, on_events, h);
	return err ? err : net_watch_set(h->watch, NET_READ);
}

int mtr_http_new(struct mtr_http **out, const struct mtr_http_conf *conf)
{
	struct mtr_http *h = calloc(1, sizeof *h);
	int err;

	if (!h) {
		return ERR_NOMEM;
	}
	obj_begin(&h->obj, MTR_HTTP_MAGIC);
	h->conf = *conf;
	TAILQ_INIT(&h->connections);
	err = net_timer_new(&h->again, conf->loop, on_again, h);
	if (!err) {
		err = net_timer_new(&h->late, conf->loop, on_late, h);
	}
	if (!err) {
		err = start(h);
	}
	if (err) {
		mtr_http_free(h);
		return err;
	}
	*out = h;
	return 0;
}

/* The library closes the listening descriptor, which the caller keeps. */
static void stop(struct mtr_http *h)
{
	net_watch_free(h->watch);
	h->watch = NULL;
	if (h->daemon) {
		(void)MHD_quiesce_daemon(h->daemon);
		MHD_stop_daemon(h->daemon);
	}
}

void mtr_http_free(struct mtr_http *h)
{
	if (!h) {
		return;
	}
	stop(h);
	net_timer_free(h->again);
	net_timer_free(h->late);
	if (h->missing) {
		MHD_destroy_response(h->missing);
	}
	if (h->refused) {
		MHD_destroy_response(h->refused);
	}
	if (h->elsewhere) {
		MHD_destroy_response(h->elsewhere);
	}
	mtr_body_drop(h->body);
	OBJ_END(h, MTR_HTTP_MAGIC);
	free(h);
}

const char *mtr_http_version(void)
{
	return MHD_get_version();
}
