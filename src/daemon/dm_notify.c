/* dm_notify.c - see dm_notify.h. A message that the manager does not take at once is dropped: the
 * parent waits for nobody, and the next beat comes. */
#include "daemon/dm_notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BEATS 2u /* in the time of the watchdog */

static void say(struct dm_notify *n, const char *what, const char *status)
{
	char text[DM_NOTIFY_STATUS_MAX + 64];
	int len = snprintf(text, sizeof text, "%s%s%.*s", what, status ? "STATUS=" : "", (int)DM_NOTIFY_STATUS_MAX,
			   status ? status : "");

	OBJ_CHECK(n, DM_NOTIFY_MAGIC);
	if (n->fd >= 0 && len > 0) {
		err_ignore(send(n->fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL), "the next beat comes");
	}
}

static void on_beat(void *arg)
{
	struct dm_notify *n = OBJ_OF(arg, struct dm_notify, DM_NOTIFY_MAGIC);

	say(n, "WATCHDOG=1", NULL);
	net_timer_start(n->beat, n->watchdog_ms / BEATS);
}

/* "/path" or "@name" of the abstract namespace. */
static int reach(int *out, const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	int fd;

	if (len < 2 || len >= sizeof to.sun_path || (*name != '/' && *name != '@')) {
		return ERR_INVAL;
	}
	memcpy(to.sun_path, name, len);
	if (*name == '@') {
		to.sun_path[0] = 0;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return ERR_IO;
	}
	/* an abstract name has no NUL at its end */
	len += offsetof(struct sockaddr_un, sun_path) + (*name == '/');
	if (connect(fd, (const struct sockaddr *)&to, (socklen_t)len)) {
		close(fd);
		return ERR_IO;
	}
	*out = fd;
	return 0;
}

/* The time of the watchdog; 0: there is none, or it is for another process. */
static uint64_t watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	char *end;
	unsigned long long us;

	if (!usec || (pid && strtoll(pid, NULL, 10) != getpid())) {
		return 0;
	}
	errno = 0;
	us = strtoull(usec, &end, 10);
	return errno || *end || end == usec ? 0 : us / 1000;
}

int dm_notify_open(struct dm_notify *n, struct log *log)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int err = 0;

	*n = (struct dm_notify){ .obj = OBJ(DM_NOTIFY_MAGIC), .fd = -1 };
	if (name) {
		err = reach(&n->fd, name);
		n->watchdog_ms = err ? 0 : watchdog_ms();
	}
	if (err) {
		log_error(log, "daemon", "NOTIFY_SOCKET of the environment is '%s': %s; a service manager sets it to its socket",
			  name, err == ERR_INVAL ? "this is no path and no @name" : strerror(errno));
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return err;
}

int dm_notify_begin(struct dm_notify *n, struct net_loop *l)
{
	int err;

	OBJ_CHECK(n, DM_NOTIFY_MAGIC);
	if (n->watchdog_ms < BEATS) {
		return 0;
	}
	err = net_timer_new(&n->beat, l, on_beat, n);
	if (!err) {
		on_beat(n);
	}
	return err;
}

void dm_notify_ready(struct dm_notify *n, const char *status)
{
	say(n, "READY=1\n", status);
}

void dm_notify_stopping(struct dm_notify *n, const char *status)
{
	say(n, "STOPPING=1\n", status);
}

void dm_notify_end(struct dm_notify *n)
{
	if (n->obj.magic != DM_NOTIFY_MAGIC) {
		return; /* the start ended before it was opened */
	}
	net_timer_free(n->beat);
	if (n->fd >= 0) {
		close(n->fd);
	}
	OBJ_END(n, DM_NOTIFY_MAGIC);
}
