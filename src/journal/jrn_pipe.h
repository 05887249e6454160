/* jrn_pipe.h - a row of pieces that one side fills and the other takes, at the same time: the start
 * reads and checks the log on a second thread while the owner enters what was read before.
 * Pieces are taken in the order in which they were given. JRN_PIECES of them exist at most, so the
 * filling side waits when the other one is slower. */
#pragma once
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/obj.h"

#define JRN_PIECES 4u
#define JRN_PIPE_MAGIC 0x5d1e07c3u

struct jrn_pipe;
/* Fills pieces: starts with jrn_pipe_first(), ends each with jrn_pipe_give(). Returns 0 or an
 * error. On a thread of its own, if the pipe has one. */
typedef int jrn_fill_fn(void *arg, struct jrn_pipe *p);
/* Takes one piece, on the thread of the caller of jrn_pipe_run(). Non-zero stops the pipe. */
typedef int jrn_take_fn(void *arg, const void *piece);

struct jrn_pipe {
	struct obj obj;
	jrn_fill_fn *fill;
	jrn_take_fn *take;
	void *arg;
	void *piece[JRN_PIECES];
	bool end[JRN_PIECES]; /* in place of the piece comes the end */
	sem_t full, empty;
	bool threaded;
	size_t given;     /* pieces; of the filling side */
	int filled;       /* what fill returned */
	atomic_bool stop; /* the taking side takes no more */
	int taken;        /* what take returned last */
};

/* Lets `fill` and `take` run until fill returns and all pieces are taken, or take returns non-zero.
 * `size`: octets of a piece. With `threaded` a second thread fills; where the system gives none,
 * and without, each piece is taken before the next is filled. Both get `arg`.
 * Returns what take returned if that is not 0, else what fill returned; ERR_NOMEM. */
ERR_MUST_USE int jrn_pipe_run(size_t size, bool threaded, jrn_fill_fn *fill, jrn_take_fn *take, void *arg);

/* For fill: the first piece, empty. */
void *jrn_pipe_first(struct jrn_pipe *p);
/* For fill: the piece is full. Returns the next one, whose content is left over from an earlier
 * use; NULL: the other side has stopped, and fill has to return. */
void *jrn_pipe_give(struct jrn_pipe *p);
