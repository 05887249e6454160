/* jrn_maker.c - a thread that prepares spares: writing a whole segment takes long, and no commit
 * waits for it unless it has to. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/machine.h"
#include "base/obj.h"
#include "base/thread.h"
#include "journal/jrn_log.h"

#define JRN_MAKER_MAGIC 0xb555f1f5u
struct jrn_maker {
	struct obj obj;
	const struct jrn_disk *disk;
	uint64_t segment_size;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	bool stop;
	enum jrn_maker_state state; /* under the lock, with its gauge */
	uint32_t in_state[JRN_MAKER_STATES];
	uint64_t number;
	int rc; /* of what was made */
};

static const char *const state_words[] = { "idle", "asked", "made" };

static const uint32_t next_states[] = { [JRN_MAKER_IDLE] = MACHINE_TO(JRN_MAKER_ASKED),
					[JRN_MAKER_ASKED] = MACHINE_TO(JRN_MAKER_MADE),
					[JRN_MAKER_MADE] = MACHINE_TO(JRN_MAKER_IDLE) };

const struct machine jrn_maker_machine = { "journal", "maker of spares", state_words, next_states, JRN_MAKER_STATES };

/* The one door to the state. Without a trace, because there is no log on this side. */
static void set_state(struct jrn_maker *m, enum jrn_maker_state state)
{
	m->state = (enum jrn_maker_state)machine_go(&jrn_maker_machine, m->in_state, m->state, state);
}

static int make(struct jrn_maker *m)
{
	char name[32], new_name[32];
	int rc;

	snprintf(name, sizeof name, "spare-%llu.log", (unsigned long long)m->number);
	snprintf(new_name, sizeof new_name, "spare-%llu.new", (unsigned long long)m->number);
	rc = jrn_zero_fill(m->disk, new_name, m->segment_size);
	return rc ? rc : m->disk->rename(m->disk->arg, new_name, name);
}

static void *thread_main(void *arg)
{
	struct jrn_maker *m = OBJ_OF(arg, struct jrn_maker, JRN_MAKER_MAGIC);
	int rc;

	pthread_mutex_lock(&m->lock);
	while (!m->stop) {
		if (m->state != JRN_MAKER_ASKED) {
			pthread_cond_wait(&m->work, &m->lock);
			continue;
		}
		pthread_mutex_unlock(&m->lock);
		rc = make(m);
		pthread_mutex_lock(&m->lock);
		m->rc = rc;
		set_state(m, JRN_MAKER_MADE);
		pthread_cond_signal(&m->done);
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

int jrn_maker_start(struct jrn_maker **out, const struct jrn_disk *disk, uint64_t segment_size)
{
	struct jrn_maker *m = calloc(1, sizeof *m);

	if (!m) {
		return ERR_NOMEM;
	}
	obj_begin(&m->obj, JRN_MAKER_MAGIC);
	m->disk = disk;
	m->segment_size = segment_size;
	machine_begin(&jrn_maker_machine, m->in_state, m->state);
	pthread_mutex_init(&m->lock, NULL); /* cannot fail with default attributes */
	pthread_cond_init(&m->work, NULL);
	pthread_cond_init(&m->done, NULL);
	if (thread_start(&m->thread, thread_main, m)) {
		free(m);
		return ERR_NOMEM;
	}
	*out = m;
	return 0;
}

void jrn_maker_end(struct jrn_maker *m)
{
	if (!m) {
		return;
	}
	pthread_mutex_lock(&m->lock);
	m->stop = true;
	pthread_cond_signal(&m->work);
	pthread_mutex_unlock(&m->lock);
	pthread_join(m->thread, NULL);
	pthread_cond_destroy(&m->work);
	pthread_cond_destroy(&m->done);
	machine_end(&jrn_maker_machine, m->in_state, m->state);
	OBJ_END(m, JRN_MAKER_MAGIC);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

void jrn_maker_ask(struct jrn_maker *m, uint64_t number)
{
	pthread_mutex_lock(&m->lock);
	if (m->state == JRN_MAKER_IDLE) {
		set_state(m, JRN_MAKER_ASKED);
		m->number = number;
		pthread_cond_signal(&m->work);
	}
	pthread_mutex_unlock(&m->lock);
}

bool jrn_maker_busy(struct jrn_maker *m)
{
	bool busy;

	pthread_mutex_lock(&m->lock);
	busy = m->state != JRN_MAKER_IDLE;
	pthread_mutex_unlock(&m->lock);
	return busy;
}

void jrn_maker_gauge(struct jrn_maker *m, uint32_t in_state[JRN_MAKER_STATES])
{
	OBJ_CHECK(m, JRN_MAKER_MAGIC);
	pthread_mutex_lock(&m->lock);
	memcpy(in_state, m->in_state, sizeof m->in_state);
	pthread_mutex_unlock(&m->lock);
}

int jrn_maker_take(struct jrn_maker *m, uint64_t *number, bool wait)
{
	int result = 0;

	pthread_mutex_lock(&m->lock);
	while (wait && m->state == JRN_MAKER_ASKED) {
		pthread_cond_wait(&m->done, &m->lock);
	}
	*number = m->number;
	if (m->state == JRN_MAKER_MADE) {
		result = m->rc ? m->rc : 1;
		set_state(m, JRN_MAKER_IDLE);
	}
	pthread_mutex_unlock(&m->lock);
	return result;
}
