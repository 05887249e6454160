/* csl_slow.h - questions whose answer waits for somebody else: `assoc.check` with ask_hss waits for
 * the HSS. Threads of their own ask them, so that a silent HSS holds none of those that serve
 * browsers. The number of questions at the same time is bounded, in all and of one person. Safe
 * from all threads. */
#pragma once
#include <pthread.h>
#include <sys/queue.h>

#include "console/csl_ask.h"
#include "ctl/ctl_server.h"

/* Whether the answer to this waits for somebody else. */
bool csl_slow_is(const char *command, const json_t *args);

struct csl_slow;

/* One question. The caller has the room, and keeps it in place from csl_slow_take() until `done` is
 * called. */
struct csl_slow_job {
	TAILQ_ENTRY(csl_slow_job) entry;
	bool ready; /* to be asked; under the lock of all */
	struct csl_person person;
	const char *command; /* borrowed */
	json_t *args;        /* owned */
	struct csl_pick pick;
	void (*done)(void *arg); /* called once, on another thread; the answer is there */
	void *arg;
	/* the answer, as of csl_ask_text() */
	int err;
	char why[CTL_CLIENT_WHY_MAX];
	char *text; /* owned by the caller */
	size_t len;
};

/* Starts `max` threads. Copies `ask`, and borrows what it borrows. ERR_NOMEM. */
ERR_MUST_USE int csl_slow_new(struct csl_slow **out, const struct csl_ask_conf *ask, uint32_t max, uint32_t per_person_max);
/* Every question that was put has its answer when this returns, and no further one is taken. NULL
 * allowed. */
void csl_slow_stop(struct csl_slow *s);
void csl_slow_free(struct csl_slow *s); /* after csl_slow_stop(); NULL allowed */

/* Takes a place for a question of this person. ERR_LIMIT: the person has as many under way as one
 * may have. ERR_BUSY: all places are taken, or csl_slow_stop() was called. */
ERR_MUST_USE int csl_slow_take(struct csl_slow *s, struct csl_slow_job *j);
/* Asks it, after csl_slow_take(). */
void csl_slow_ask(struct csl_slow *s, struct csl_slow_job *j);
