/* net_worker.c - a thread, a semaphore towards it and an eventfd back. */
#include "net/net_worker.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/wake.h"

#define INTERRUPT (SIGRTMIN + 4) /* the handler does nothing: the interruption is the purpose */
#define INTERRUPT_MS 20

#define NET_WORKER_MAGIC 0x31e5a5a0u
struct net_worker {
	struct obj obj;
	net_worker_fn *run, *done;
	void *arg;
	pthread_t thread;
	sem_t more;
	int done_fd;
	struct net_watch *watch;
	atomic_bool end;
};
OBJ_FIRST(struct net_worker);

static void on_interrupt(int signum)
{
	(void)signum;
}

static void *loop(void *arg)
{
	struct net_worker *w = OBJ_OF(arg, struct net_worker, NET_WORKER_MAGIC);

	for (;;) {
		while (sem_wait(&w->more) && errno == EINTR) {
			;
		}
		if (atomic_load(&w->end)) {
			return NULL;
		}
		w->run(w->arg);
		wake_set(w->done_fd);
	}
}

static void on_done(void *arg, int events)
{
	struct net_worker *w = OBJ_OF(arg, struct net_worker, NET_WORKER_MAGIC);
	uint64_t n;

	(void)events;
	if (read(w->done_fd, &n, sizeof n) == sizeof n) {
		w->done(w->arg);
	}
}

/* The loop handles signals; the thread receives the interrupt only. */
static int start_thread(struct net_worker *w)
{
	struct sigaction sa = { .sa_handler = on_interrupt };
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	sigdelset(&all, SIGSYS); /* the sandbox names the call that it refuses */
	sigdelset(&all, INTERRUPT);
	sigemptyset(&sa.sa_mask);
	if (sigaction(INTERRUPT, &sa, NULL) || pthread_sigmask(SIG_SETMASK, &all, &before)) {
		return ERR_IO;
	}
	rc = pthread_create(&w->thread, NULL, loop, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc ? ERR_NOMEM : 0;
}

int net_worker_new(struct net_worker **out, struct net_loop *l, net_worker_fn *run, net_worker_fn *done, void *arg)
{
	struct net_worker *w = calloc(1, sizeof *w);
	int err = ERR_NOMEM;

	if (!w) {
		return ERR_NOMEM;
	}
	obj_begin(&w->obj, NET_WORKER_MAGIC);
	w->run = run;
	w->done = done;
	w->arg = arg;
	atomic_init(&w->end, false);
	w->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->done_fd < 0) {
		goto free_work;
	}
	if (sem_init(&w->more, 0, 0)) {
		goto close_done;
	}
	err = net_watch_new(&w->watch, l, w->done_fd, on_done, w);
	if (!err) {
		err = net_watch_set(w->watch, NET_READ);
	}
	if (!err) {
		err = start_thread(w);
	}
	if (err) {
		goto free_watch;
	}
	*out = w;
	return 0;

free_watch:
	net_watch_free(w->watch);
	sem_destroy(&w->more);
close_done:
	close(w->done_fd);
free_work:
	OBJ_END(w, NET_WORKER_MAGIC);
	free(w);
	return err;
}

void net_worker_start(struct net_worker *w)
{
	OBJ_CHECK(w, NET_WORKER_MAGIC);
	sem_post(&w->more);
}

void net_worker_interrupt(struct net_worker *w)
{
	OBJ_CHECK(w, NET_WORKER_MAGIC);
	(void)pthread_kill(w->thread, INTERRUPT);
}

/* Polls, with pauses on the monotonic clock: pthread_timedjoin_np() uses the wall clock, which may
 * be set back. */
static bool join(struct net_worker *w, uint32_t wait_ms)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (uint32_t waited = 0; pthread_tryjoin_np(w->thread, NULL); waited++) {
		if (waited > wait_ms) {
			return false;
		}
		if (waited % INTERRUPT_MS == INTERRUPT_MS - 1) {
			net_worker_interrupt(w);
		}
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return true;
}

static void end(struct net_worker *w)
{
	OBJ_CHECK(w, NET_WORKER_MAGIC);
	net_watch_free(w->watch);
	atomic_store(&w->end, true);
	sem_post(&w->more);
}

static void release(struct net_worker *w)
{
	sem_destroy(&w->more);
	close(w->done_fd);
	OBJ_END(w, NET_WORKER_MAGIC);
	free(w);
}

bool net_worker_free(struct net_worker *w, uint32_t wait_ms)
{
	if (!w) {
		return true;
	}
	end(w);
	if (!join(w, wait_ms)) {
		(void)pthread_detach(w->thread);
		return false;
	}
	release(w);
	return true;
}

void net_worker_drop(struct net_worker *w)
{
	if (!w) {
		return;
	}
	end(w);
	(void)pthread_join(w->thread, NULL);
	release(w);
}
