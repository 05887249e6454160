/* thread.c - see thread.h. */
#include "base/thread.h"

#include <signal.h>

int thread_start(pthread_t *out, void *(*fn)(void *arg), void *arg)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	sigdelset(&all, SIGSYS);
	if (pthread_sigmask(SIG_SETMASK, &all, &before)) {
		return ERR_NOMEM;
	}
	rc = pthread_create(out, NULL, fn, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* which cannot fail: it was the mask before */
	return rc ? ERR_NOMEM : 0;
}
