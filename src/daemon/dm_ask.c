/* dm_ask.c - see dm_ask.h. */
#include "daemon/dm_ask.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/dm_hang.h"

bool dm_ask_wait(int sock, uint64_t wait_ms)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	uint64_t until_ms = clock_mono_ms() + wait_ms;
	int ready;

	do {
		uint64_t now_ms = clock_mono_ms();

		ready = poll(&p, 1, until_ms > now_ms ? (int)(until_ms - now_ms) : 0);
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

static void begin_time(struct dm_ask *a)
{
	a->since_ms = net_loop_now_ms(a->loop);
	net_timer_start(a->timer, a->wait_ms);
}

int dm_ask_begin(struct dm_ask *a, struct net_loop *loop, pid_t pid, int sock, uint64_t wait_ms,
		 void (*on_answer)(void *arg, int events), void (*on_late)(void *arg), void *arg)
{
	int err;

	dm_ask_end(a);
	*a = (struct dm_ask){ .runs = true, .pid = pid, .sock = sock, .loop = loop, .wait_ms = wait_ms };
	err = net_watch_new(&a->watch, loop, sock, on_answer, arg);
	if (!err) {
		err = net_watch_set(a->watch, NET_READ);
	}
	if (!err) {
		err = net_timer_new(&a->timer, loop, on_late, arg);
	}
	if (err) {
		dm_ask_end(a);
		return err;
	}
	begin_time(a);
	return 0;
}

bool dm_ask_again(struct dm_ask *a)
{
	bool stood = dm_hang_stood(a->since_ms, net_loop_now_ms(a->loop), a->wait_ms);

	if (stood) {
		begin_time(a);
	}
	return stood;
}

void dm_ask_end(struct dm_ask *a)
{
	net_watch_free(a->watch);
	net_timer_free(a->timer);
	if (a->runs) {
		close(a->sock);
	}
	if (a->pid > 0) {
		kill(a->pid, SIGKILL); /* it has answered, or is late; SIGCHLD follows */
	}
	*a = (struct dm_ask){ .sock = -1 };
}

void dm_ask_reaped(struct dm_ask *a, pid_t pid)
{
	if (a->pid == pid) {
		a->pid = 0;
	}
}
