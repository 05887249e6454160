/* net_tcp_int.h - the inside of a stream over one socket, for net_tcp.c, net_sctp.c and net_usr.c
 * only. The life of a stream is the same whatever the socket; what differs is a struct net_wire. */
#pragma once
#include "net/net_queue.h"
#include "net/net_stream_impl.h"
#include "net/net_task.h"

struct net_tcp;
struct net_sctp;
struct net_usr;

struct net_wire {
	/* Appends a write to the queue, whose limit was checked. ERR_NOMEM. */
	int (*add)(struct net_tcp *t, const void *p, size_t n);
	/* Sends of the queue, which is not empty, what the kernel takes, and sets `blocked`. 0 or
	 * errno. */
	int (*send)(struct net_tcp *t);
	/* The socket is connected. False: it cannot be used, and net_tcp_die() was called. */
	bool (*opened)(struct net_tcp *t);
	/* Reads once and tells the owner, or dies. Returns whether there may be more. The caller
	 * holds a reference. */
	bool (*read)(struct net_tcp *t);
	/* LINGERING: reads once and drops. As recv(): 0 is the end of the other side. */
	ssize_t (*drop)(struct net_tcp *t);
	/* Whether the error of a socket is that of one path of several, so that the stream goes on;
	 * NULL: never */
	bool (*passing)(int e);
	/* frees what the wire has added; NULL: nothing */
	void (*fini)(struct net_tcp *t);

	/* A socket that is no descriptor has all of these; NULL: it is one. */
	void (*want)(struct net_tcp *t, int events); /* net_tcp_event() is called for them */
	int (*failed)(struct net_tcp *t);            /* SO_ERROR, after connecting */
	int (*finish)(struct net_tcp *t);            /* ends our direction; as shutdown() */
	void (*shut)(struct net_tcp *t);             /* ends it at once; called twice */
};

struct net_tcp {
	struct net_stream base;
	const struct net_wire *wire;
	struct net_sctp *sctp; /* owned; NULL: not SCTP of the kernel */
	struct net_usr *usr;   /* owned; NULL: not SCTP in user space */
	struct net_loop *loop;
	struct net_watch *watch;
	struct net_timer *timer; /* time limit of connecting, then of lingering */
	/* calls on_open of an accepted stream; on_close of one that failed at its creation or in
	 * sending */
	struct net_task later;
	struct net_task flush;
	struct net_linger linger;
	struct net_queue out;
	size_t out_max;
	uint32_t connect_wait_ms;
	int fd;
	int failed_errno; /* error of connect() or send(), to be reported by `later` */
	enum net_tcp_state state;
	bool paused;
	bool blocked;  /* the kernel took a part of the queue: the rest waits for NET_WRITE */
	bool eof;      /* the other side has ended its direction */
	bool finished; /* we have ended ours */
};

#define NET_TCP_MAGIC 0xd9e2ec8du

struct net_tcp *net_tcp_of(const void *p);

/* Takes fd on success only. */
ERR_MUST_USE int net_tcp_new(struct net_tcp **out, const struct net_wire *wire, enum net_tcp_state first, struct net_loop *l,
			     int fd, const char *peer, const struct net_stream_conf *conf, const struct net_stream_cb *cb,
			     void *arg);
/* Ends the making of an accepted stream: on_open follows. */
void net_tcp_accepted(struct net_stream **out, struct net_tcp *t);
/* Ends the making of a connecting stream. `failed_errno` is that of connect(), 0 if it succeeded at
 * once. ERR_NOMEM: the stream is freed. */
ERR_MUST_USE int net_tcp_connecting(struct net_stream **out, struct net_tcp *t, int failed_errno);

/* What the socket is ready for, of what the wire was asked to tell. May end the stream. */
void net_tcp_event(struct net_tcp *t, int events);

/* The stream has ended: tells the owner. */
void net_tcp_die(struct net_tcp *t, int err, const char *why);
void net_tcp_die_errno(struct net_tcp *t, int e, const char *doing);
