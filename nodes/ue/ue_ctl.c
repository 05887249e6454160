/* ue_ctl.c - orders for the devices over a UNIX socket: a line in, a line of JSON out. Both ends of
 * it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

#include "base/obj.h"
#include "base/str.h"
#include "net/net_tcp.h"
#include "nodes/common/node.h"
#include "nodes/ue/ue.h"

enum { LINE_MAX_LEN = 512, CONNECTIONS_MAX = 16, SLOW_MAX_MS = 3600000, CLIENT_WAIT_S = 10, SOCKET_MODE = 0660 };

#define UE_CTL_CONN_MAGIC 0xb0ba700cu
struct ctl_conn {
	struct obj obj;
	struct ue *u;
	struct net_stream *stream;
	char line[LINE_MAX_LEN];
	size_t len;
	struct ctl_conn *prev, *next;
};
OBJ_FIRST(struct ctl_conn);

struct ue_ctl {
	int fd;
	struct net_listener *listener;
	struct ctl_conn *conns;
	unsigned conns_n;
};

#define ORDER_MAGIC 0xa29584cfu
struct order { /* carried through ue_devices_each() */
	struct obj obj;
	struct ue *u;
	uint32_t slow_ms;
};

static void be_absent(void *arg, const char *imsi, struct ue_device *device)
{
	struct order *o = OBJ_OF(arg, struct order, ORDER_MAGIC);

	device->absent = true;
	ue_link_imsi(o->u, SMS_FRAME_GONE, imsi);
}

static void be_present(void *arg, const char *imsi, struct ue_device *device)
{
	struct order *o = OBJ_OF(arg, struct order, ORDER_MAGIC);

	device->absent = device->replaced = false;
	ue_link_imsi(o->u, SMS_FRAME_REGISTER, imsi);
}

static void be_full(void *arg, const char *imsi, struct ue_device *device)
{
	(void)arg;
	(void)imsi;
	device->full = true;
}

static void be_empty(void *arg, const char *imsi, struct ue_device *device)
{
	struct order *o = OBJ_OF(arg, struct order, ORDER_MAGIC);

	device->full = false;
	if (!device->absent && !device->replaced) {
		/* for the SMS-SC this means "memory available" */
		ue_link_imsi(o->u, SMS_FRAME_REGISTER, imsi);
	}
}

static void be_slow(void *arg, const char *imsi, struct ue_device *device)
{
	(void)imsi;
	device->slow_ms = OBJ_OF(arg, struct order, ORDER_MAGIC)->slow_ms;
}

static const struct {
	const char *word;
	bool takes_ms;
	ue_device_fn *fn;
} orders[] = {
	{ "absent", false, be_absent }, { "present", false, be_present }, { "full", false, be_full },
	{ "empty", false, be_empty },   { "slow", true, be_slow },
};

static json_t *wrong(const char *words)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", words);
}

static json_t *status(const struct ue *u)
{
	const struct ue_counts *c = &u->counts;

	return json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "ok", 1, "connected", u->connected,
			 "devices", (json_int_t)u->devices.devices_n, "triggers", (json_int_t)c->triggers, "duplicates",
			 (json_int_t)c->duplicates, "ignored", (json_int_t)c->ignored, "refused", (json_int_t)c->refused,
			 "replaced", (json_int_t)c->replaced, "commands", (json_int_t)c->commands, "messages",
			 (json_int_t)c->messages, "joining", (json_int_t)u->joins.n, "log_lost", (json_int_t)log_lost(&u->log),
			 "events_lost", (json_int_t)node_out_lost(&u->out));
}

static json_t *carry_out(struct ue *u, char *line)
{
	char *words[4] = { NULL }, *save = NULL;
	unsigned n = 0, at = 1;
	struct order o = { .obj = OBJ(ORDER_MAGIC), .u = u };
	int count;

	if (strncmp(line, "submit ", strlen("submit ")) == 0) {
		return ue_send(u, line + strlen("submit "));
	}
	for (char *w = strtok_r(line, " ", &save); w && n < 4; w = strtok_r(NULL, " ", &save)) {
		words[n++] = w;
	}
	if (n == 1 && strcmp(words[0], "status") == 0) {
		return status(u);
	}
	for (size_t i = 0; n && i < sizeof orders / sizeof *orders; i++) {
		if (strcmp(words[0], orders[i].word) != 0) {
			continue;
		}
		if (orders[i].takes_ms && (n < 2 || str_parse_u32(&o.slow_ms, words[at++], 0, SLOW_MAX_MS))) {
			return wrong("slow: expected milliseconds, 0 to 3600000");
		}
		if (n > at + 1) {
			return wrong("too many words: expected at most one IMSI or FIRST-LAST");
		}
		count = ue_devices_each(&u->devices, words[at], orders[i].fn, &o);
		if (count < 0) {
			return wrong(count == ERR_NOTFOUND ? "no device of mine has this IMSI"
							   : "expected an IMSI or FIRST-LAST, 6 to 15 digits");
		}
		return json_pack("{s:b, s:i}", "ok", 1, "devices", count);
	}
	return wrong("expected absent, present, full, empty or slow MS, then an IMSI, FIRST-LAST or nothing; submit IMSI NUMBER "
		     "HEX; or status alone");
}

static void conn_end(struct ctl_conn *c)
{
	DL_DELETE(c->u->ctl->conns, c);
	c->u->ctl->conns_n--;
	net_stream_close(c->stream);
	OBJ_END(c, UE_CTL_CONN_MAGIC);
	free(c);
}

/* False: the connection was freed. */
static bool reply(struct ctl_conn *c, json_t *answer)
{
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	int err = text ? net_stream_write(c->stream, text, strlen(text)) : ERR_NOMEM;

	if (!err) {
		err = net_stream_write(c->stream, "\n", 1);
	}
	free(text);
	json_decref(answer);
	if (err) {
		conn_end(c);
	}
	return !err;
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	struct ctl_conn *c = OBJ_OF(arg, struct ctl_conn, UE_CTL_CONN_MAGIC);

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n') {
			c->line[c->len] = 0;
			c->len = 0;
			if (!reply(c, carry_out(c->u, c->line))) {
				return;
			}
		} else if (p[i] < ' ' || p[i] > '~' || c->len + 1 >= sizeof c->line) {
			if (reply(c, wrong("expected a line of printable text"))) {
				conn_end(c);
			}
			return;
		} else {
			c->line[c->len++] = (char)p[i];
		}
	}
}

static void on_close(void *arg, int err, const char *why)
{
	(void)err;
	(void)why;
	conn_end(OBJ_OF(arg, struct ctl_conn, UE_CTL_CONN_MAGIC));
}

static void on_accept(void *arg, int fd, const char *peer)
{
	static const struct net_stream_cb cb = { .on_data = on_data, .on_close = on_close };
	struct ue *u = OBJ_OF(arg, struct ue, UE_MAGIC);
	struct ctl_conn *c = u->ctl->conns_n < CONNECTIONS_MAX ? calloc(1, sizeof *c) : NULL;

	if (!c || net_tcp_accept(&c->stream, u->loop, fd, peer, NULL, &cb, c)) {
		free(c);
		close(fd);
		return;
	}
	obj_begin(&c->obj, UE_CTL_CONN_MAGIC);
	c->u = u;
	DL_APPEND(u->ctl->conns, c);
	u->ctl->conns_n++;
}

int ue_ctl_start(struct ue *u)
{
	int err;

	u->ctl = calloc(1, sizeof *u->ctl);
	if (!u->ctl) {
		return ERR_NOMEM;
	}
	u->ctl->fd = -1;
	err = net_unix_bind(&u->ctl->fd, u->control_path, SOCKET_MODE, CONNECTIONS_MAX);
	if (err) {
		u->ctl->fd = -1;
		return err;
	}
	return net_listener_new(&u->ctl->listener, u->loop, u->ctl->fd, on_accept, u);
}

void ue_ctl_end(struct ue *u)
{
	if (!u->ctl) {
		return;
	}
	while (u->ctl->conns) {
		conn_end(u->ctl->conns);
	}
	net_listener_free(u->ctl->listener);
	if (u->ctl->fd >= 0) {
		unlink(u->control_path);
		close(u->ctl->fd);
	}
	free(u->ctl);
	u->ctl = NULL;
}

/* -- the other end */

static int client_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = CLIENT_WAIT_S };
	int fd;

	if (str_copy(to.sun_path, sizeof to.sun_path, path, strlen(path))) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	if (connect(fd, (struct sockaddr *)&to, sizeof to)) {
		close(fd);
		return -1;
	}
	return fd;
}

static size_t join_words(char *line, size_t cap, const char *const *words, int words_n)
{
	size_t len = 0;

	for (int i = 0; i < words_n && len < cap; i++) {
		len += (size_t)snprintf(line + len, cap - len, "%s%s", i ? " " : "", words[i]);
	}
	if (len + 1 >= cap) {
		return 0;
	}
	line[len++] = '\n';
	line[len] = 0;
	return len;
}

int ue_ctl_client(const char *program, const char *path, const char *const *words, int words_n)
{
	char line[LINE_MAX_LEN], answer[1024];
	size_t len = join_words(line, sizeof line, words, words_n), have = 0;
	ssize_t n = 1;
	json_t *json;
	int fd, code;

	if (words_n < 1 || !len || memchr(line, '\n', len - 1)) {
		return node_usage(program, "ctl: expected SOCKET absent|present|full|empty|slow MS [IMSI|FIRST-LAST], SOCKET "
					   "submit IMSI NUMBER HEX, or SOCKET status");
	}
	fd = client_connect(path);
	if (fd < 0) {
		return node_fail(program, "%s: %s; expected the --control SOCKET of a running mtc-ue", path, strerror(errno));
	}
	if (write(fd, line, len) != (ssize_t)len) {
		n = -1;
	}
	while (n > 0 && have < sizeof answer - 1 && !memchr(answer, '\n', have)) {
		n = read(fd, answer + have, sizeof answer - 1 - have);
		have += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	answer[have] = 0;
	json = json_loads(answer, 0, NULL);
	if (!json) {
		return node_fail(program, "%s: no answer", path);
	}
	code = json_is_true(json_object_get(json, "ok")) ? NODE_EXIT_OK : NODE_EXIT_FAILURE;
	if (code == NODE_EXIT_OK) {
		printf("%s", answer);
	} else {
		node_fail(program, "%s", json_string_value(json_object_get(json, "error")));
	}
	json_decref(json);
	return code;
}
