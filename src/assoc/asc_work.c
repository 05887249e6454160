/* asc_work.c - the store's own thread: changes wait in a queue, are made one after the other, and go back to the owner in that order. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "assoc/asc_int.h"

static void perform(struct asc *a, struct asc_job *job)
{
	switch (job->what) {
	case ASC_JOB_CHANGE:
		asc_write(a, job);
		break;
	case ASC_JOB_IMPORT_BEGIN:
		asc_import_on_begin(a, job);
		break;
	case ASC_JOB_IMPORT_SWITCH:
		asc_import_on_switch(a, job);
		break;
	case ASC_JOB_IMPORT_DROP:
		asc_import_on_drop(a, job);
		break;
	}
}

/* Frees what the owner let go. Without the lock: closing a generation takes time. */
static void reap(struct asc_view *v)
{
	while (v) {
		struct asc_view *next = v->next;

		asc_view_free(v);
		v = next;
	}
}

static void finish(struct asc *a, struct asc_job *job)
{
	uint64_t one = 1;

	job->next = NULL;
	pthread_mutex_lock(&a->lock);
	*a->done_tail = job;
	a->done_tail = &job->next;
	pthread_cond_signal(&a->finished);
	pthread_mutex_unlock(&a->lock);
	(void)!write(a->wake_fd, &one, sizeof one); /* never blocks; full means it is readable anyway */
}

static void *work(void *arg)
{
	struct asc *a = arg;

	pthread_mutex_lock(&a->lock);
	for (;;) {
		struct asc_job *job = a->stop ? NULL : a->queue;
		struct asc_view *retired = a->retired;

		a->retired = NULL;
		if (job) {
			a->queue = job->next;
			if (!a->queue)
				a->queue_tail = &a->queue;
		} else if (!retired) {
			if (a->stop)
				break;
			pthread_cond_wait(&a->work, &a->lock);
			continue;
		}
		pthread_mutex_unlock(&a->lock);
		reap(retired);
		if (job) {
			perform(a, job);
			finish(a, job);
		}
		pthread_mutex_lock(&a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

int asc_work_start(struct asc *a)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the owner's */
	rc = pthread_create(&a->thread, NULL, work, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	a->thread_runs = rc == 0;
	return rc ? ERR_NOMEM : 0;
}

void asc_hand_over(struct asc *a)
{
	struct asc_view *v;

	if (a->handing) {
		*a->queue_tail = a->handing;
		a->queue_tail = a->handing_tail;
		a->handing = NULL;
		a->handing_tail = &a->handing;
	}
	while ((v = a->retiring)) {
		a->retiring = v->next;
		v->next = a->retired;
		a->retired = v;
	}
	pthread_cond_signal(&a->work);
}

/* The owner never waits for the lock: the other thread might have been stopped while it holds it. Not had now: the owner is woken to try again. */
static bool try_lock(struct asc *a)
{
	uint64_t one = 1;

	if (pthread_mutex_trylock(&a->lock) == 0)
		return true;
	(void)!write(a->wake_fd, &one, sizeof one);
	return false;
}

static void try_hand_over(struct asc *a)
{
	if ((!a->handing && !a->retiring) || !try_lock(a))
		return;
	asc_hand_over(a);
	pthread_mutex_unlock(&a->lock);
}

void asc_enqueue(struct asc *a, struct asc_job *job)
{
	job->next = NULL;
	*a->handing_tail = job;
	a->handing_tail = &job->next;
	a->waiting++;
	try_hand_over(a);
}

void asc_view_retire(struct asc *a, struct asc_view *v)
{
	if (!v || --v->refs)
		return;
	v->next = a->retiring;
	a->retiring = v;
	try_hand_over(a);
}

int asc_wake_fd(const struct asc *a)
{
	return a->wake_fd;
}

/* All that is finished, in order. */
static struct asc_job *take_done(struct asc *a)
{
	struct asc_job *jobs = NULL;

	if (!try_lock(a))
		return NULL;
	jobs = a->done;
	a->done = NULL;
	a->done_tail = &a->done;
	asc_hand_over(a);
	pthread_mutex_unlock(&a->lock);
	return jobs;
}

static void tell(struct asc *a, struct asc_job *jobs)
{
	struct asc_job *job;

	while ((job = jobs)) {
		jobs = job->next;
		a->waiting--;
		if (job->view) { /* in force from here */
			struct asc_view *before = a->view;

			a->view = job->view;
			asc_view_retire(a, before);
		}
		if (job->what != ASC_JOB_CHANGE)
			asc_import_done(a, job);
		else if (job->done)
			job->done(job->arg, &job->out);
		free(job);
	}
}

void asc_completions(struct asc *a)
{
	uint64_t n;

	if (read(a->wake_fd, &n, sizeof n) == sizeof n)
		tell(a, take_done(a));
}

void asc_work_stop(struct asc *a)
{
	struct asc_job *job;

	if (!a->thread_runs)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->work);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	a->thread_runs = false;
	tell(a, take_done(a));     /* nobody else has the lock any more */
	while ((job = a->queue)) { /* not begun */
		a->queue = job->next;
		job->out.err = asc_refuse(&job->out.why, ERR_CLOSED, "the association store closes");
		job->next = NULL;
		*a->done_tail = job;
		a->done_tail = &job->next;
	}
	tell(a, take_done(a));
	asc_hand_over(a);
	reap(a->retired);
	a->retired = NULL;
}

/* -- handing in */

static int copy_text(char *out, size_t cap, const char *text, struct asc_why *why)
{
	if (text && !str_copy(out, cap, text, strlen(text)))
		return 0;
	return asc_refuse(why, ERR_NOTFOUND, "no such name '%.80s'", text ? text : "");
}

static int fill_set_member(struct asc_job *job, const struct asc_change *c, struct asc_why *why)
{
	int err = asc_member_check(&job->rule.device, c->member, why);

	if (!err)
		strcpy(job->out.device, job->rule.device.text);
	return err ? err : copy_text(job->name, sizeof job->name, c->name, why);
}

static int fill_rule(struct asc_job *job, const struct asc_change *c, struct asc_why *why)
{
	int err;

	if (c->op == ASC_RULE_ADD) {
		err = asc_rule_check(&job->rule, &c->rule, why);
	} else {
		err = asc_devname_parse(&job->rule.device, c->rule.device, why);
		job->verdict = c->verdict;
	}
	if (!err)
		strcpy(job->out.device, job->rule.device.text);
	if (!err && str_copy(job->name, sizeof job->name, c->rule.who, strlen(c->rule.who)))
		err = asc_refuse(why, ERR_NOTFOUND, "no %s '%.80s'",
				 strncmp(c->rule.who, ASSOC_GROUP_PREFIX, 6) ? "SCS" : "group", c->rule.who);
	return err;
}

/* What can be judged without the store. */
static int fill(struct asc_job *job, const struct asc_change *c, struct asc_why *why)
{
	int err;

	job->op = c->op;
	job->only_new = c->only_new;
	switch (c->op) {
	case ASC_SCS_PUT:
		job->scs = c->scs;
		return asc_scs_check(&job->scs, why);
	case ASC_GROUP_PUT:
		job->group = c->group;
		return asc_group_check(&job->group, why);
	case ASC_SET_ADD:
		err = asc_dset_check(c->name, why);
		break;
	case ASC_SET_MEMBER_ADD:
	case ASC_SET_MEMBER_DEL:
		return fill_set_member(job, c, why);
	case ASC_RULE_ADD:
	case ASC_RULE_DEL:
		return fill_rule(job, c, why);
	case ASC_GROUP_MEMBER_ADD:
	case ASC_GROUP_MEMBER_DEL:
		err = copy_text(job->member, sizeof job->member, c->member, why);
		break;
	default:
		err = 0;
	}
	return err ? err : copy_text(job->name, sizeof job->name, c->name, why);
}

int asc_submit(struct asc *a, const struct asc_change *c, asc_done_fn *done, void *arg, struct asc_why *why)
{
	struct asc_job *job;
	int err;

	why->text[0] = 0;
	if (a->waiting >= a->changes_max)
		return asc_refuse(why, ERR_BUSY, "%u changes wait already: try again", a->waiting);
	job = calloc(1, sizeof *job);
	if (!job)
		return asc_refuse(why, ERR_NOMEM, "out of memory");
	err = fill(job, c, why);
	if (err) {
		free(job);
		return err;
	}
	job->done = done;
	job->arg = arg;
	asc_enqueue(a, job);
	return 0;
}

/* -- the same, waited for */

struct waited {
	bool over;
	int err;
	struct asc_why *why;
};

static void on_waited(void *arg, const struct asc_outcome *out)
{
	struct waited *w = arg;

	w->over = true;
	w->err = out->err;
	*w->why = out->why;
}

static void wait_finished(struct asc *a)
{
	pthread_mutex_lock(&a->lock);
	asc_hand_over(a);
	while (!a->done && a->waiting)
		pthread_cond_wait(&a->finished, &a->lock);
	pthread_mutex_unlock(&a->lock);
	tell(a, take_done(a));
}

static int run(struct asc *a, const struct asc_change *c, struct asc_why *why)
{
	struct waited w = { .why = why };
	int err;

	while ((err = asc_submit(a, c, on_waited, &w, why)) == ERR_BUSY)
		wait_finished(a);
	if (err)
		return err;
	while (!w.over)
		wait_finished(a);
	return w.err;
}

int asc_scs_put(struct asc *a, const struct asc_scs *scs, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SCS_PUT, .scs = *scs }, why);
}

int asc_scs_del(struct asc *a, const char *name, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SCS_DEL, .name = name }, why);
}

int asc_group_put(struct asc *a, const struct asc_group *group, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_GROUP_PUT, .group = *group }, why);
}

int asc_group_del(struct asc *a, const char *name, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_GROUP_DEL, .name = name }, why);
}

int asc_group_member_add(struct asc *a, const char *group, const char *scs, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_GROUP_MEMBER_ADD, .name = group, .member = scs }, why);
}

int asc_group_member_del(struct asc *a, const char *group, const char *scs, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_GROUP_MEMBER_DEL, .name = group, .member = scs }, why);
}

int asc_dset_add(struct asc *a, const char *name, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SET_ADD, .name = name }, why);
}

int asc_dset_del(struct asc *a, const char *name, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SET_DEL, .name = name }, why);
}

int asc_dset_member_add(struct asc *a, const char *name, const char *device, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SET_MEMBER_ADD, .name = name, .member = device }, why);
}

int asc_dset_member_del(struct asc *a, const char *name, const char *device, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_SET_MEMBER_DEL, .name = name, .member = device }, why);
}

int asc_rule_add(struct asc *a, const struct asc_rule_new *r, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_RULE_ADD, .rule = *r }, why);
}

int asc_rule_del(struct asc *a, const char *who, const char *device, int verdict, struct asc_why *why)
{
	return run(a, &(struct asc_change){ .op = ASC_RULE_DEL, .rule = { .who = who, .device = device }, .verdict = verdict },
		   why);
}
