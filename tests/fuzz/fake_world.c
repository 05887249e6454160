/* fake_world.c - what a program asks the kernel for, beside a loop: the clocks, random numbers, and connections. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/net_tcp.h"
#include "tests/fuzz/fake_loop.h"
#include "tests/fuzz/fuzz.h"

#define START_MS UINT64_C(1000000)

/* --- the clocks and random numbers */

static uint64_t random_state;

void fake_begin(void)
{
	fake_set_ms(START_MS);
	random_state = 1;
}

uint64_t __wrap_clock_mono_ms(void);
uint64_t __wrap_clock_mono_ns(void);
uint64_t __wrap_clock_boot_ms(void);
uint64_t __wrap_clock_real_ms(void);
ssize_t __wrap_getrandom(void *out, size_t n, unsigned flags);

uint64_t __wrap_clock_mono_ms(void)
{
	return fake_now_ms();
}

uint64_t __wrap_clock_mono_ns(void)
{
	return fake_now_ms() * 1000000 + 1;
}

uint64_t __wrap_clock_boot_ms(void)
{
	return fake_now_ms() + FAKE_BOOT_MS;
}

uint64_t __wrap_clock_real_ms(void)
{
	return fake_now_ms() + FAKE_REAL_MS;
}

ssize_t __wrap_getrandom(void *out, size_t n, unsigned flags)
{
	uint8_t *p = out;

	(void)flags;
	for (size_t i = 0; i < n; i++) {
		random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		p[i] = (uint8_t)(random_state >> 56);
	}
	return (ssize_t)n;
}

/* --- connections: both ends are ours */

static int waiting[FAKE_WAITING_MAX];
static unsigned waiting_n;
static fake_connected_fn *connected;
static void *connected_arg;

int fake_listener(void)
{
	waiting_n = 0;
	return eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
}

void fake_listener_end(void)
{
	while (waiting_n) {
		close(waiting[--waiting_n]);
	}
}

int fake_connect(int listener)
{
	uint64_t one = 1;
	int ends[2];

	if (waiting_n == FAKE_WAITING_MAX) {
		return -1;
	}
	promise(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), "a socket pair");
	promise(write(listener, &one, sizeof one) == sizeof one, "the listener is told");
	waiting[waiting_n++] = ends[0];
	return ends[1];
}

int __wrap_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags);

int __wrap_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons(40000), .sin_addr.s_addr = htonl(0xc0000207) };
	uint64_t one;
	int got;

	(void)flags;
	if (!waiting_n || read(fd, &one, sizeof one) != sizeof one) {
		errno = EAGAIN;
		return -1;
	}
	got = waiting[0];
	waiting_n--;
	memmove(waiting, waiting + 1, waiting_n * sizeof waiting[0]);
	memcpy(a, &from, sizeof from);
	*len = sizeof from;
	return got;
}

void fake_on_connect(fake_connected_fn *fn, void *arg)
{
	connected = fn;
	connected_arg = arg;
}

int __wrap_net_tcp_connect(struct net_stream **out, struct net_loop *l, const char *address, uint16_t port,
			   const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg);

int __wrap_net_tcp_connect(struct net_stream **out, struct net_loop *l, const char *address, uint16_t port,
			   const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	int ends[2], err;

	(void)address;
	if (!connected) {
		return ERR_IO;
	}
	promise(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), "a socket pair");
	err = net_tcp_accept(out, l, ends[0], "192.0.2.9:3868", conf, cb, arg);
	if (err) {
		close(ends[0]);
		close(ends[1]);
		return err;
	}
	connected(connected_arg, port, ends[1]);
	return 0;
}
