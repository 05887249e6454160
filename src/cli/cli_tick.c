/* cli_tick.c - a thread that writes "mtcctl audit verify: 3 s" until it is stopped. */
#include "cli/cli_tick.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/str.h"

#define TICK_MAGIC 0x91d4c07bu

static void *tick(void *arg)
{
	struct cli_tick *t = OBJ_OF(arg, struct cli_tick, TICK_MAGIC);
	struct timespec next;
	bool shown = false;

	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&t->lock);
	for (unsigned seconds = 1; !t->ends; seconds++) {
		int err = 0;

		next.tv_sec++;
		while (!t->ends && err != ETIMEDOUT) {
			err = pthread_cond_timedwait(&t->wake, &t->lock, &next);
		}
		if (!t->ends) {
			fprintf(stderr, "\rmtcctl %s: %u s%s%s\033[K", t->what, seconds, *t->note ? ", " : "", t->note);
			fflush(stderr);
			shown = true;
		}
	}
	pthread_mutex_unlock(&t->lock);
	if (shown) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	return NULL;
}

static bool overwrites(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

void cli_tick_start(struct cli_tick *t, const char *what)
{
	pthread_condattr_t monotonic;

	obj_begin(&t->obj, TICK_MAGIC);
	t->running = t->ends = false;
	str_cut(t->what, sizeof t->what, what);
	t->note[0] = 0;
	if (!overwrites() || pthread_mutex_init(&t->lock, NULL)) {
		return;
	}
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	t->running = !pthread_cond_init(&t->wake, &monotonic) && !pthread_create(&t->thread, NULL, tick, t);
	pthread_condattr_destroy(&monotonic);
}

bool cli_tick_note(struct cli_tick *t, const char *words)
{
	if (!t || !t->running) {
		return false;
	}
	pthread_mutex_lock(&t->lock);
	str_cut(t->note, sizeof t->note, words);
	pthread_mutex_unlock(&t->lock);
	return true;
}

void cli_tick_stop(struct cli_tick *t)
{
	if (!t || !t->running) {
		return;
	}
	pthread_mutex_lock(&t->lock);
	t->ends = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	t->running = false;
}
