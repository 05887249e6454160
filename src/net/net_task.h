/* net_task.h - functions of the loop for streams, beyond net_loop.h; for src/net and src/tls only.
 * One turn of the loop: events of descriptors and timers, then the `later` tasks that were queued
 * when the phase began, then the checks, then the `flush` tasks until none is left, then the loop
 * waits. A flush task never calls an owner: it reports by a later task, so that no check misses
 * work that an owner creates. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "net/net_loop.h"

struct net_spares;
struct net_task;
TAILQ_HEAD(net_task_list, net_task);

typedef void net_task_fn(void *arg);

struct net_task {
	TAILQ_ENTRY(net_task) entry;
	struct net_task_list *on; /* the list that contains it; NULL: not queued */
	net_task_fn *fn;
	void *arg;
};

/* Runs fn once in the next turn, which comes without waiting. No effect on a queued task. */
void net_task_later(struct net_loop *l, struct net_task *t);
/* Runs fn once at the end of this turn. No effect on a queued task. */
void net_task_flush(struct net_loop *l, struct net_task *t);
void net_task_cancel(struct net_task *t); /* it does not run; allowed when it is not queued */

/* A closed stream that still sends. The loop ends the oldest if there are more than NET_LINGER_MAX,
 * and all of them when it is freed. `end` leaves the list by net_linger_del(). */
#define NET_LINGER_MAX 1024
struct net_linger {
	TAILQ_ENTRY(net_linger) entry;
	void (*end)(void *arg); /* ends the stream at once and frees it */
	void *arg;              /* borrowed */
};
/* `g` is the stream's, and stays in its place until net_linger_del(). */
void net_linger_add(struct net_loop *l, struct net_linger *g);
void net_linger_del(struct net_loop *l, struct net_linger *g);

/* Memory for one read, shared by all streams of the loop: valid until the next read. */
#define NET_READ_MAX (64u * 1024u)
uint8_t *net_loop_read_buf(struct net_loop *l);

/* Spare memory for the queues of the loop's streams. */
struct net_spares *net_loop_spares(struct net_loop *l);

/* The gauge behind net_loop_streams(), for net_tcp.c. */
uint32_t *net_loop_tcp_gauge(struct net_loop *l);

/* The gauge of the loop's streams that stand on another stream (TLS): NET_LAYER_STATES_MAX numbers,
 * zero at first, by a state of the layer's own machine. A loop has one kind of layer. */
#define NET_LAYER_STATES_MAX 8u
uint32_t *net_loop_layer_gauge(struct net_loop *l);
