/* csl_import.c - the thread waits for a file, hands it to mtc-iwfd, and notes what that says. */
#include "console/csl_import.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/obj.h"
#include "console/csl_progress.h"

#define WAIT_MS 600000u

#define CSL_IMPORT_MAGIC 0x4f20bd61u
struct csl_import {
	struct obj obj;
	struct csl_ask_conf conf;
	pthread_t thread;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t wake;
	bool stop, waiting; /* waiting: a file is there that the thread has not taken */
	struct csl_person person;
	char cmd[32];
	json_t *args; /* owned while waiting or running */
	int fd;       /* the same; -1: none */
	struct csl_progress progress;
};

/* Returning other than 0 ends the conversation. */
static int on_row(void *arg, const json_t *row)
{
	struct csl_import *i = OBJ_OF(arg, struct csl_import, CSL_IMPORT_MAGIC);
	int stop;

	pthread_mutex_lock(&i->lock);
	csl_progress_row(&i->progress, row);
	stop = i->stop;
	pthread_mutex_unlock(&i->lock);
	return stop ? ERR_CLOSED : 0;
}

static void import_one(struct csl_import *i)
{
	char why[CTL_CLIENT_WHY_MAX] = "";
	int err;

	pthread_mutex_unlock(&i->lock);
	err = csl_ask(&i->conf, &i->person, i->cmd, i->args, i->fd, on_row, i, why);
	pthread_mutex_lock(&i->lock);
	close(i->fd);
	i->fd = -1;
	json_decref(i->args);
	i->args = NULL;
	csl_progress_end(&i->progress, err, why);
}

static void *work(void *arg)
{
	struct csl_import *i = OBJ_OF(arg, struct csl_import, CSL_IMPORT_MAGIC);

	pthread_mutex_lock(&i->lock);
	while (!i->stop) {
		if (i->waiting) {
			i->waiting = false;
			import_one(i);
		} else {
			pthread_cond_wait(&i->wake, &i->lock);
		}
	}
	pthread_mutex_unlock(&i->lock);
	return NULL;
}

int csl_import_new(struct csl_import **out, const struct csl_ask_conf *conf)
{
	struct csl_import *i = calloc(1, sizeof *i);

	if (!i) {
		return ERR_NOMEM;
	}
	obj_begin(&i->obj, CSL_IMPORT_MAGIC);
	i->conf = *conf;
	i->conf.wait_ms = WAIT_MS; /* a row comes from time to time, but the disk may be slow */
	i->fd = -1;
	pthread_mutex_init(&i->lock, NULL);
	pthread_cond_init(&i->wake, NULL);
	if (pthread_create(&i->thread, NULL, work, i)) {
		free(i);
		return ERR_NOMEM;
	}
	*out = i;
	return 0;
}

void csl_import_free(struct csl_import *i)
{
	if (!i) {
		return;
	}
	OBJ_CHECK(i, CSL_IMPORT_MAGIC);
	pthread_mutex_lock(&i->lock);
	i->stop = true;
	pthread_cond_signal(&i->wake);
	pthread_mutex_unlock(&i->lock);
	pthread_join(i->thread, NULL);
	if (i->fd >= 0) {
		close(i->fd);
	}
	json_decref(i->args);
	csl_progress_forget(&i->progress);
	pthread_cond_destroy(&i->wake);
	pthread_mutex_destroy(&i->lock);
	OBJ_END(i, CSL_IMPORT_MAGIC);
	free(i);
}

int csl_import_start(struct csl_import *i, const struct csl_person *person, const char *kind, json_t *args, int fd)
{
	bool busy;

	OBJ_CHECK(i, CSL_IMPORT_MAGIC);
	pthread_mutex_lock(&i->lock);
	busy = i->progress.running;
	if (!busy) {
		csl_progress_begin(&i->progress, kind, person->name);
		i->waiting = true;
		i->person = *person;
		i->args = args;
		i->fd = fd;
		snprintf(i->cmd, sizeof i->cmd, "%.15s.import", kind);
		pthread_cond_signal(&i->wake);
	}
	pthread_mutex_unlock(&i->lock);
	if (busy) {
		json_decref(args);
		close(fd);
		return ERR_BUSY;
	}
	return 0;
}

json_t *csl_import_state(struct csl_import *i)
{
	json_t *state;

	OBJ_CHECK(i, CSL_IMPORT_MAGIC);
	pthread_mutex_lock(&i->lock);
	state = csl_progress_state(&i->progress);
	pthread_mutex_unlock(&i->lock);
	return state;
}
