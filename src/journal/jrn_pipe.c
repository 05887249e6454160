/* jrn_pipe.c - two semaphores: one counts full pieces, the other one empty ones. */
#include "journal/jrn_pipe.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/thread.h"

static void wait_for(sem_t *s)
{
	while (sem_wait(s) && errno == EINTR) {
		;
	}
}

void *jrn_pipe_first(struct jrn_pipe *p)
{
	OBJ_CHECK(p, JRN_PIPE_MAGIC);
	return p->piece[0];
}

void *jrn_pipe_give(struct jrn_pipe *p)
{
	if (!p->threaded) {
		p->taken = p->take(p->arg, p->piece[0]);
		return p->taken ? NULL : p->piece[0];
	}
	p->given++;
	sem_post(&p->full);
	wait_for(&p->empty);
	return atomic_load(&p->stop) ? NULL : p->piece[p->given % JRN_PIECES];
}

static void *thread_main(void *arg)
{
	struct jrn_pipe *p = OBJ_OF(arg, struct jrn_pipe, JRN_PIPE_MAGIC);

	p->filled = p->fill(p->arg, p);
	p->end[p->given % JRN_PIECES] = true;
	sem_post(&p->full);
	return NULL;
}

/* After a stop the filling side finds it at the latest with the last sem_post(empty). */
static void take_all(struct jrn_pipe *p)
{
	for (size_t n = 0; !p->taken; n++) {
		wait_for(&p->full);
		if (p->end[n % JRN_PIECES]) {
			return;
		}
		p->taken = p->take(p->arg, p->piece[n % JRN_PIECES]);
		atomic_store(&p->stop, p->taken != 0);
		sem_post(&p->empty);
	}
}

static int pieces_new(struct jrn_pipe *p, size_t size)
{
	for (size_t i = 0; i < (p->threaded ? JRN_PIECES : 1); i++) {
		p->piece[i] = malloc(size);
		if (!p->piece[i]) {
			return ERR_NOMEM;
		}
	}
	return 0;
}

static void run(struct jrn_pipe *p)
{
	pthread_t thread;

	sem_init(&p->full, 0, 0); /* these two cannot fail */
	sem_init(&p->empty, 0, JRN_PIECES - 1);
	if (p->threaded && !thread_start(&thread, thread_main, p)) {
		take_all(p);
		pthread_join(thread, NULL);
	} else {
		p->threaded = false;
		p->filled = p->fill(p->arg, p);
	}
	sem_destroy(&p->full);
	sem_destroy(&p->empty);
}

int jrn_pipe_run(size_t size, bool threaded, jrn_fill_fn *fill, jrn_take_fn *take, void *arg)
{
	struct jrn_pipe p = { .obj = OBJ(JRN_PIPE_MAGIC), .fill = fill, .take = take, .arg = arg, .threaded = threaded };
	int err = pieces_new(&p, size);

	if (!err) {
		run(&p);
		err = p.taken ? p.taken : p.filled;
	}
	for (size_t i = 0; i < JRN_PIECES; i++) {
		free(p.piece[i]);
	}
	return err;
}
