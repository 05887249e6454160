/* ctl_client.c - ask and read until "done"; blocking, with a limit on every wait and every line. */
#include "ctl/ctl_client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/obj.h"
#include "base/str.h"

#define LINE_MAX_OCTETS (128u * 1024u) /* twice what a server sends */

#define CTL_CLIENT_MAGIC 0x809f0018u
struct ctl_client {
	struct obj obj;
	int fd;
	/* when connecting began, until the first request; 0: later, or the caller connected */
	uint64_t opened_ms;
	struct ctl_patience patience;          /* `silent` NULL: nothing is reported */
	uint64_t told_from_ms;                 /* when silence is reported; UINT64_MAX: it was, or a line came */
	char behalf[64], role[16], ticket[64]; /* "": for ourselves */
	size_t have;
	char in[LINE_MAX_OCTETS];
};

static int say(char why[CTL_CLIENT_WHY_MAX], int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int say(char why[CTL_CLIENT_WHY_MAX], int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, CTL_CLIENT_WHY_MAX, fmt, ap);
	va_end(ap);
	return err;
}

static int connect_error(const char *path, int code, char why[CTL_CLIENT_WHY_MAX])
{
	struct stat st;

	switch (code) {
	case ENOENT:
	case ENOTDIR:
		return say(why, ERR_NOTFOUND,
			   "%s: no control socket there; is mtc-iwfd running? Its configuration names the path (control.path); "
			   "say it with --socket or MTC_CTL",
			   path);
	case ECONNREFUSED:
		if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
			return say(why, ERR_REFUSED,
				   "%s: not a socket; the configuration of mtc-iwfd names its own (control.path)", path);
		}
		return say(why, ERR_REFUSED, "%s: nobody listens; mtc-iwfd is not running or its core is starting again", path);
	case EAGAIN: /* an AF_UNIX socket whose backlog is full */
		return say(why, ERR_TIMEOUT,
			   "%s: mtc-iwfd does not answer: it takes no connection, and as many as the socket holds are waiting",
			   path);
	case EACCES:
	case EPERM:
		return say(why, ERR_AUTH, "%s: not allowed; the socket is for its owner and group only (mode 0660)", path);
	default:
		return say(why, ERR_IO, "%s: %s", path, strerror(code));
	}
}

int ctl_client_over(struct ctl_client **out, int fd)
{
	struct ctl_client *c = calloc(1, sizeof *c);

	if (!c) {
		return ERR_NOMEM;
	}
	obj_begin(&c->obj, CTL_CLIENT_MAGIC);
	c->fd = fd;
	c->told_from_ms = UINT64_MAX;
	*out = c;
	return 0;
}

/* Reports the silence of the server, once it is time. Returns when the next wait has to end: for
 * the report, or at `until_ms`. */
static uint64_t tell(struct ctl_client *c, uint64_t until_ms)
{
	uint64_t now = clock_mono_ms();

	if (c->told_from_ms < until_ms && now >= c->told_from_ms) {
		c->told_from_ms = UINT64_MAX;
		c->patience.silent(c->patience.arg, until_ms > now ? until_ms - now : 0);
	}
	return c->told_from_ms < until_ms ? c->told_from_ms : until_ms;
}

/* If the backlog is full, connect() waits for the time of SO_SNDTIMEO and then fails with EAGAIN.
 * Returns 0 or errno. */
static int connect_until(struct ctl_client *c, const struct sockaddr_un *a, uint64_t until_ms)
{
	for (;;) {
		uint64_t next = tell(c, until_ms), now = clock_mono_ms(), left = next > now ? next - now : 1; /* 0: for ever */
		struct timeval limit = { (time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000) };

		if (setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit)) {
			return errno;
		}
		if (connect(c->fd, (const struct sockaddr *)a, sizeof *a) == 0) {
			return 0;
		}
		if (errno != EINTR && errno != EAGAIN) {
			return errno;
		}
		if (clock_mono_ms() >= until_ms) {
			return EAGAIN;
		}
	}
}

int ctl_client_open(struct ctl_client **out, const char *path, uint32_t wait_ms, char why[CTL_CLIENT_WHY_MAX])
{
	return ctl_client_open_patiently(out, path, wait_ms, &(struct ctl_patience){ .silent = NULL }, why);
}

int ctl_client_open_patiently(struct ctl_client **out, const char *path, uint32_t wait_ms, const struct ctl_patience *patience,
			      char why[CTL_CLIENT_WHY_MAX])
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	uint64_t began_ms = clock_mono_ms();
	struct ctl_client *c;
	int fd, err;

	if (!*path || strlen(path) >= sizeof a.sun_path) {
		return say(why, ERR_INVAL, "'%.128s' cannot be a socket path, expected 1 to %zu bytes", path,
			   sizeof a.sun_path - 1);
	}
	str_set(a.sun_path, sizeof a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return say(why, ERR_IO, "no socket: %s", strerror(errno));
	}
	err = ctl_client_over(&c, fd);
	if (err) {
		close(fd);
		return say(why, err, "%s", err_str(err));
	}
	c->patience = *patience;
	c->told_from_ms = patience->silent ? began_ms + patience->after_ms : UINT64_MAX;
	err = connect_until(c, &a, began_ms + wait_ms);
	if (err) {
		err = connect_error(path, err, why);
		ctl_client_close(c);
		return err;
	}
	c->opened_ms = began_ms;
	*out = c;
	return 0;
}

void ctl_client_behalf(struct ctl_client *c, const char *name, const char *role, const char *ticket)
{
	OBJ_CHECK(c, CTL_CLIENT_MAGIC);
	str_cut(c->behalf, sizeof c->behalf, name);
	str_cut(c->role, sizeof c->role, role);
	str_cut(c->ticket, sizeof c->ticket, ticket);
}

void ctl_client_close(struct ctl_client *c)
{
	if (!c) {
		return;
	}
	OBJ_END(c, CTL_CLIENT_MAGIC);
	close(c->fd);
	free(c);
}

/* As send(); the descriptor goes with the first octet. */
static ssize_t send_with(int to, const char *p, size_t n, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof fd)];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec io = { (void *)(uintptr_t)p, n };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };

	memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
	return sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Waits for `events`, at most until a time of clock_mono_ms(). */
static int wait_until(int fd, short events, uint64_t until_ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		uint64_t now = clock_mono_ms(), left = now < until_ms ? until_ms - now : 0;
		int k = left ? poll(&p, 1, left < INT_MAX ? (int)left : INT_MAX) : 0;

		if (k == 0) {
			return ERR_TIMEOUT;
		}
		if (k < 0 && errno != EINTR) {
			return ERR_IO;
		}
		if (k > 0) {
			return 0;
		}
	}
}

/* The same for the connection to the server, and reports its silence. */
static int wait_for(struct ctl_client *c, short events, uint64_t until_ms)
{
	int err;

	do {
		err = wait_until(c->fd, events, tell(c, until_ms));
	} while (err == ERR_TIMEOUT && clock_mono_ms() < until_ms);
	return err;
}

static int send_text(struct ctl_client *c, const char *text, size_t n, int fd, uint64_t until_ms)
{
	size_t sent = 0;
	int err = 0;

	while (!err && sent < n) {
		ssize_t k = sent || fd < 0 ? send(c->fd, text + sent, n - sent, MSG_NOSIGNAL | MSG_DONTWAIT)
					   : send_with(c->fd, text, n, fd);

		if (k >= 0) {
			sent += (size_t)k;
		} else if (errno == EAGAIN) {
			err = wait_for(c, POLLOUT, until_ms);
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return 0; /* the server may have left words before it closed */
		} else if (errno != EINTR) {
			err = ERR_IO;
		}
	}
	return err;
}

static int send_request(struct ctl_client *c, const char *cmd, const json_t *args, int fd, uint64_t until_ms)
{
	json_t *rq = args ? json_pack("{s:s,s:O}", "cmd", cmd, "args", args) : json_pack("{s:s}", "cmd", cmd);
	const char *proof = c->ticket[0] ? "ticket" : "role";
	bool whole = rq && (!c->behalf[0] || (!json_object_set_new(rq, "on_behalf_of", json_string(c->behalf)) &&
					      !json_object_set_new(rq, proof, json_string(c->ticket[0] ? c->ticket : c->role))));
	char *text = whole ? json_dumps(rq, JSON_COMPACT) : NULL;
	size_t n = text ? strlen(text) : 0;
	int err = ERR_NOMEM;

	json_decref(rq);
	if (text) {
		text[n++] = '\n'; /* in place of the NUL */
		err = send_text(c, text, n, fd, until_ms);
	}
	free(text);
	return err;
}

/* Waits for more octets. */
static int fill(struct ctl_client *c, uint64_t until_ms)
{
	ssize_t n;
	int err;

	if (c->have == sizeof c->in) {
		return ERR_LIMIT;
	}
	err = wait_for(c, POLLIN, until_ms);
	if (err) {
		return err;
	}
	n = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
	if (n < 0) {
		return errno == EINTR ? 0 : errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
	}
	if (n == 0) {
		return ERR_CLOSED;
	}
	c->have += (size_t)n;
	return 0;
}

static int read_row(struct ctl_client *c, uint64_t until_ms, json_t **row)
{
	char *end;
	int err;

	while (!(end = memchr(c->in, '\n', c->have))) {
		err = fill(c, until_ms);
		if (err) {
			return err;
		}
	}
	*row = json_loadb(c->in, (size_t)(end - c->in), JSON_REJECT_DUPLICATES, NULL);
	c->have -= (size_t)(end + 1 - c->in);
	memmove(c->in, end + 1, c->have);
	if (!json_is_object(*row)) {
		json_decref(*row);
		return ERR_PROTO;
	}
	return 0;
}

/* What a server answers that has no such command (ctl_request.c). */
static const char unknown[] = "unknown command '";
static const char other_server[] = ". Is this the right socket? That of mtc-iwfd is control.path of its configuration, that of "
				   "the console is login; a program of an earlier version knows fewer commands";

static int last_row(const json_t *row, char why[CTL_CLIENT_WHY_MAX])
{
	const char *error = json_string_value(json_object_get(row, "error"));

	if (json_is_true(json_object_get(row, "ok"))) {
		return 0;
	}
	say(why, ERR_REFUSED, "%s%s", error && *error ? error : "the server refused without a reason",
	    error && strncmp(error, unknown, sizeof unknown - 1) == 0 ? other_server : "");
	for (unsigned char *p = (unsigned char *)why; *p; p++) {
		if (*p < 0x20 || *p > 0x7e) { /* it goes to a terminal, and not every server is ours */
			*p = '?';
		}
	}
	return ERR_REFUSED;
}

static int no_row(int err, const char *cmd, uint32_t wait_ms, char why[CTL_CLIENT_WHY_MAX])
{
	switch (err) {
	case ERR_TIMEOUT:
		return say(why, err,
			   "mtc-iwfd does not answer: no answer to %s within %u ms; a core that hangs is ended and started again "
			   "(timers.hang), and the log of mtc-iwfd says so: try again",
			   cmd, wait_ms);
	case ERR_CLOSED:
		return say(why, err, "mtc-iwfd closed the control socket before its answer to %s was complete", cmd);
	case ERR_PROTO:
	case ERR_LIMIT:
		return say(why, err, "the answer to %s is not what a control socket sends; is this the right socket?", cmd);
	default:
		return say(why, err, "%s: %s", cmd, err_str(err));
	}
}

int ctl_client_ask(struct ctl_client *c, const char *cmd, const json_t *args, int fd, uint32_t wait_ms, ctl_row_fn *fn, void *arg,
		   char why[CTL_CLIENT_WHY_MAX])
{
	uint64_t until_ms;
	bool done = false;
	json_t *row;
	int err;

	OBJ_CHECK(c, CTL_CLIENT_MAGIC);
	until_ms = (c->opened_ms ? c->opened_ms : clock_mono_ms()) + wait_ms;
	if (c->patience.silent && !c->opened_ms) {
		c->told_from_ms = clock_mono_ms() + c->patience.after_ms;
	}
	err = send_request(c, cmd, args, fd, until_ms);
	c->opened_ms = 0;
	*why = 0;
	if (err) {
		return no_row(err, cmd, wait_ms, why);
	}
	while (!done) {
		err = read_row(c, until_ms, &row);
		if (err) {
			return no_row(err, cmd, wait_ms, why);
		}
		until_ms = clock_mono_ms() + wait_ms;
		c->told_from_ms = UINT64_MAX;
		done = json_is_true(json_object_get(row, "done"));
		err = fn ? fn(arg, row) : 0;
		if (!err && done) {
			err = last_row(row, why);
		}
		json_decref(row);
		if (err) {
			return err;
		}
	}
	return 0;
}
