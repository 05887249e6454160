/* fake_loop.h - a loop for fuzzers in place of src/net/net_loop.c: the same turns, but a clock
 * that only the fuzzer moves, so that an input always does the same. Watches look at real
 * descriptors; they never wait.
 *
 * The program is linked with --wrap for the clocks, getrandom(), accept4() and net_tcp_connect():
 * times and random numbers come from here, and so do connections, which are socket pairs. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "net/net_loop.h"

/* Time and random numbers begin anew: call first for each input. No loop may exist. */
void fake_begin(void);
uint64_t fake_now_ms(void);
void fake_set_ms(uint64_t ms);
/* By which CLOCK_BOOTTIME and the wall clock are ahead of it. */
#define FAKE_BOOT_MS UINT64_C(5000000)
#define FAKE_REAL_MS UINT64_C(1790000000000)

/* Runs turns until one does nothing, at most `turns_max`. False: the loop never came to rest. */
bool fake_settle(struct net_loop *l, unsigned turns_max);
/* Lets time pass, from timer to timer. False as above, with `turns_max` for each timer. */
bool fake_pass(struct net_loop *l, uint64_t ms, unsigned turns_max);

/* A descriptor to listen on; the caller closes it. fake_connect() makes a connection that the next
 * accept4() there gives out, and returns the other end, owned by the caller, or -1 when
 * FAKE_WAITING_MAX wait already. fake_listener_end() closes the connections that nobody took. */
#define FAKE_WAITING_MAX 16u
int fake_listener(void);
int fake_connect(int listener);
void fake_listener_end(void);

/* What net_tcp_connect() gives out: the other end of the connection is handed to `fn`. NULL: every
 * attempt is refused. */
typedef void fake_connected_fn(void *arg, uint16_t port, int fd);
void fake_on_connect(fake_connected_fn *fn, void *arg);
