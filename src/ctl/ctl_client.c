/* ctl_client.c - ask and read until "done"; blocking, with a limit on every wait and every line. */
#include "ctl/ctl_client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_MAX_OCTETS (128u * 1024u) /* twice what a server sends */

struct ctl_client {
	int fd;
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
	switch (code) {
	case ENOENT:
	case ENOTDIR:
		return say(why, ERR_NOTFOUND,
			   "%s: no control socket there; is mtc-iwfd running? Its configuration names the path (control.path); "
			   "say it with --socket or MTC_CTL",
			   path);
	case ECONNREFUSED:
		return say(why, ERR_REFUSED, "%s: nobody listens; mtc-iwfd is not running or its core is starting again", path);
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

	if (!c)
		return ERR_NOMEM;
	c->fd = fd;
	*out = c;
	return 0;
}

int ctl_client_open(struct ctl_client **out, const char *path, char why[CTL_CLIENT_WHY_MAX])
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, err;

	if (!*path || strlen(path) >= sizeof a.sun_path)
		return say(why, ERR_INVAL, "'%.128s' cannot be a socket path, expected 1 to %zu octets", path,
			   sizeof a.sun_path - 1);
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return say(why, ERR_IO, "no socket: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)&a, sizeof a)) {
		err = connect_error(path, errno, why);
		close(fd);
		return err;
	}
	err = ctl_client_over(out, fd);
	if (err) {
		close(fd);
		return say(why, err, "%s", err_str(err));
	}
	return 0;
}

void ctl_client_close(struct ctl_client *c)
{
	if (!c)
		return;
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
	return sendmsg(to, &m, MSG_NOSIGNAL);
}

static int send_request(struct ctl_client *c, const char *cmd, const json_t *args, int fd)
{
	json_t *rq = args ? json_pack("{s:s,s:O}", "cmd", cmd, "args", args) : json_pack("{s:s}", "cmd", cmd);
	char *text = rq ? json_dumps(rq, JSON_COMPACT) : NULL;
	size_t n = text ? strlen(text) : 0, sent = 0;
	int err = text ? 0 : ERR_NOMEM;

	json_decref(rq);
	if (text)
		text[n++] = '\n'; /* in place of the NUL */
	while (!err && sent < n) {
		ssize_t k = sent || fd < 0 ? send(c->fd, text + sent, n - sent, MSG_NOSIGNAL) : send_with(c->fd, text, n, fd);

		if (k > 0)
			sent += (size_t)k;
		else if (errno != EINTR)
			err = errno == EPIPE || errno == ECONNRESET
				  ? 0
				  : ERR_IO; /* the server may have left words before it closed */
		if (k < 0 && errno != EINTR)
			break;
	}
	free(text);
	return err;
}

/* Waits for more octets. */
static int fill(struct ctl_client *c, uint32_t wait_ms)
{
	uint64_t until = clock_mono_ms() + wait_ms;
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	ssize_t n;

	if (c->have == sizeof c->in)
		return ERR_LIMIT;
	for (;;) {
		uint64_t now = clock_mono_ms();
		int k = now < until ? poll(&p, 1, (int)(until - now)) : 0;

		if (k == 0)
			return ERR_TIMEOUT;
		if (k < 0 && errno != EINTR)
			return ERR_IO;
		if (k > 0)
			break;
	}
	n = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
	if (n < 0)
		return errno == EINTR ? 0 : errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
	if (n == 0)
		return ERR_CLOSED;
	c->have += (size_t)n;
	return 0;
}

static int read_row(struct ctl_client *c, uint32_t wait_ms, json_t **row)
{
	char *end;
	int err;

	while (!(end = memchr(c->in, '\n', c->have))) {
		err = fill(c, wait_ms);
		if (err)
			return err;
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

static int last_row(const json_t *row, char why[CTL_CLIENT_WHY_MAX])
{
	const char *error = json_string_value(json_object_get(row, "error"));

	if (json_is_true(json_object_get(row, "ok")))
		return 0;
	return say(why, ERR_REFUSED, "%s", error ? error : "the server said no and not why");
}

static int no_row(int err, const char *cmd, uint32_t wait_ms, char why[CTL_CLIENT_WHY_MAX])
{
	switch (err) {
	case ERR_TIMEOUT:
		return say(why, err, "no answer to %s within %u ms", cmd, wait_ms);
	case ERR_CLOSED:
		return say(why, err, "mtc-iwfd closed the control socket before its answer to %s was complete", cmd);
	case ERR_PROTO:
	case ERR_LIMIT:
		return say(why, err, "the answer to %s is not what a control socket sends; is this the right socket?", cmd);
	default:
		return say(why, err, "%s: %s", cmd, err_str(err));
	}
}

int ctl_client_ask_with(struct ctl_client *c, const char *cmd, const json_t *args, int fd, uint32_t wait_ms, ctl_row_fn *fn,
			void *arg, char why[CTL_CLIENT_WHY_MAX])
{
	int err = send_request(c, cmd, args, fd);
	bool done = false;
	json_t *row;

	*why = 0;
	if (err)
		return no_row(err, cmd, wait_ms, why);
	while (!done) {
		err = read_row(c, wait_ms, &row);
		if (err)
			return no_row(err, cmd, wait_ms, why);
		done = json_is_true(json_object_get(row, "done"));
		err = fn ? fn(arg, row) : 0;
		if (!err && done)
			err = last_row(row, why);
		json_decref(row);
		if (err)
			return err;
	}
	return 0;
}

int ctl_client_ask(struct ctl_client *c, const char *cmd, const json_t *args, uint32_t wait_ms, ctl_row_fn *fn, void *arg,
		   char why[CTL_CLIENT_WHY_MAX])
{
	return ctl_client_ask_with(c, cmd, args, -1, wait_ms, fn, arg, why);
}
