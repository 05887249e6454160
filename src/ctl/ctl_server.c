/* ctl_server.c - the control socket: who may be a client, and which rows there are. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/ctl_internal.h"
#include "net/net_tcp.h"

#define CLIENTS_MAX 16
#define REQUEST_WAIT_MS 30000
#define QUEUE_MAX ((size_t)256 * 1024)

/* Says why before closing; what does not fit into the socket's buffer is not worth waiting for. */
static void turn_away(int fd, int err)
{
	static const char many[] = "{\"done\":true,\"ok\":false,\"error\":\"too many clients on "
				   "the control socket (limits.control_clients); try again\"}\n";
	static const char none[] = "{\"done\":true,\"ok\":false,\"error\":\"out of memory; try again\"}\n";
	static const char user[] = "{\"done\":true,\"ok\":false,\"error\":\"too many clients of this user; try again\"}\n";
	const char *words = err == ERR_NOMEM ? none : err == ERR_LIMIT ? user : many;

	err_ignore(send(fd, words, strlen(words), MSG_DONTWAIT | MSG_NOSIGNAL), "it is gone, and turned away either way");
	close(fd);
}

static void on_accept(void *arg, int fd, const char *peer)
{
	struct ctl_server *s = OBJ_OF(arg, struct ctl_server, CTL_SERVER_MAGIC);
	int err = ctl_server_client(s, fd, NULL);

	(void)peer;
	if (!err) {
		return;
	}
	if (err == ERR_LIMIT) { /* anybody could fill the log */
		log_debug(s->conf.log, "ctl", "a client was turned away: too many of its user");
	} else {
		log_warn(s->conf.log, "ctl", "a client was turned away: %s", err_str(err));
	}
	turn_away(fd, err);
}

int ctl_server_new(struct ctl_server **out, struct net_loop *loop, int listen_fd, const struct ctl_server_conf *conf)
{
	struct ctl_server *s = calloc(1, sizeof *s);
	int err;

	if (!s) {
		return ERR_NOMEM;
	}
	json_object_seed(0); /* reads /dev/urandom: now, before the process is sealed */
	obj_begin(&s->obj, CTL_SERVER_MAGIC);
	s->loop = loop;
	s->conf = *conf;
	s->conf.clients_max = conf->clients_max ? conf->clients_max : CLIENTS_MAX;
	s->conf.request_wait_ms = conf->request_wait_ms ? conf->request_wait_ms : REQUEST_WAIT_MS;
	s->conf.queue_max = conf->queue_max ? conf->queue_max : QUEUE_MAX;
	if (listen_fd >= 0) {
		err = net_listener_new(&s->listener, loop, listen_fd, on_accept, s);
		if (err) {
			free(s);
			return err;
		}
	}
	*out = s;
	return 0;
}

void ctl_server_console(struct ctl_server *s, bool has_console, bool console_only, uid_t console_uid)
{
	OBJ_CHECK(s, CTL_SERVER_MAGIC);
	s->conf.has_console = has_console;
	s->conf.console_only = console_only;
	s->conf.console_uid = console_uid;
}

void ctl_server_free(struct ctl_server *s)
{
	if (!s) {
		return;
	}
	OBJ_CHECK(s, CTL_SERVER_MAGIC);
	net_listener_free(s->listener);
	while (s->conns) {
		ctl_conn_drop(s->conns, "the server ends");
	}
	OBJ_END(s, CTL_SERVER_MAGIC);
	free(s);
}

static bool known(const struct ctl_server *s, const char *name)
{
	for (size_t i = 0; i < s->rows_n; i++) {
		if (!strcmp(s->rows[i].command->name, name)) {
			return true;
		}
	}
	return !strcmp(name, "help");
}

int ctl_server_add(struct ctl_server *s, const struct ctl_command *rows, void *arg)
{
	OBJ_CHECK(s, CTL_SERVER_MAGIC);
	for (; rows->name; rows++) {
		if (known(s, rows->name)) {
			return ERR_EXISTS;
		}
		if (s->rows_n == CTL_ROWS_MAX) {
			return ERR_LIMIT;
		}
		s->rows[s->rows_n++] = (struct ctl_row){ .command = rows, .arg = arg, .reply = ctl_reply_find(rows->name) };
	}
	return 0;
}

/* A client with more groups than fit has none: the kernel hands over all or nothing. */
static void groups_of(struct ctl_caller *caller, int fd)
{
	socklen_t len = sizeof caller->groups;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, caller->groups, &len) == 0) {
		caller->groups_n = (unsigned)(len / sizeof *caller->groups);
	}
}

/* A console in other hands keeps nobody from mtcctl: a quarter of the places is not for it. */
static uint32_t places_of(const struct ctl_server *s, uid_t uid)
{
	if (s->conf.has_console && s->conf.console_only && uid == s->conf.console_uid) {
		return s->conf.clients_max - s->conf.clients_max / 4;
	}
	return s->conf.user_clients_max ? s->conf.user_clients_max : s->conf.clients_max;
}

int ctl_server_client(struct ctl_server *s, int fd, const char *about)
{
	struct ctl_caller caller = { 0 };
	struct ucred cred;
	socklen_t len = sizeof cred;
	struct ctl_conn *c;

	OBJ_CHECK(s, CTL_SERVER_MAGIC);
	if (s->conns_n >= s->conf.clients_max) {
		st_count(s->conf.counters, ST_CTL_REFUSED);
		return ERR_BUSY;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		return ERR_AUTH; /* a change needs a caller with a known identity */
	}
	if (ctl_conn_of_user(s, cred.uid) >= places_of(s, cred.uid)) {
		st_count(s->conf.counters, ST_CTL_REFUSED);
		return ERR_LIMIT;
	}
	caller = (struct ctl_caller){ .uid = cred.uid, .gid = cred.gid, .pid = cred.pid };
	groups_of(&caller, fd);
	return ctl_conn_new(&c, s, fd, &caller, about);
}
