/* csl_door.c - a lock around the gate. */
#include "console/csl_door.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/obj.h"

#define CSL_DOOR_MAGIC 0x2a86de10u
struct csl_door {
	struct obj obj;
	pthread_mutex_t lock;
	struct csl_gate *gate;
};

int csl_door_new(struct csl_door **out, const struct csl_gate_conf *conf)
{
	struct csl_door *d = calloc(1, sizeof *d);
	int err = d ? csl_gate_new(&d->gate, conf) : ERR_NOMEM;

	if (err) {
		free(d);
		return err;
	}
	obj_begin(&d->obj, CSL_DOOR_MAGIC);
	pthread_mutex_init(&d->lock, NULL);
	*out = d;
	return 0;
}

void csl_door_free(struct csl_door *d)
{
	if (!d) {
		return;
	}
	OBJ_END(d, CSL_DOOR_MAGIC);
	csl_gate_free(d->gate);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static int draw(uint8_t *out, size_t n)
{
	return getrandom(out, n, 0) == (ssize_t)n ? 0 : ERR_IO;
}

int csl_door_mark(struct csl_door *d, uid_t uid, char mark[CSL_SECRET_MAX])
{
	uint8_t random[CSL_SECRET_OCTETS];
	int err = draw(random, sizeof random);

	OBJ_CHECK(d, CSL_DOOR_MAGIC);
	if (err) {
		return err;
	}
	pthread_mutex_lock(&d->lock);
	err = csl_gate_mark(d->gate, uid, random, clock_boot_ms(), mark);
	pthread_mutex_unlock(&d->lock);
	return err;
}

int csl_door_use(struct csl_door *d, const char *mark)
{
	int err;

	OBJ_CHECK(d, CSL_DOOR_MAGIC);
	pthread_mutex_lock(&d->lock);
	err = csl_gate_use(d->gate, mark, clock_boot_ms());
	pthread_mutex_unlock(&d->lock);
	return err;
}

int csl_door_open(struct csl_door *d, const struct csl_person *person, const struct csl_way *way, char cookie[CSL_SECRET_MAX],
		  struct csl_session *out)
{
	uint8_t random[2 * CSL_SECRET_OCTETS];
	int err = draw(random, sizeof random);

	OBJ_CHECK(d, CSL_DOOR_MAGIC);
	if (err) {
		return err;
	}
	pthread_mutex_lock(&d->lock);
	err = csl_gate_begin(d->gate, person, way, random, clock_boot_ms(), cookie, out);
	pthread_mutex_unlock(&d->lock);
	return err;
}

int csl_door_find(struct csl_door *d, const char *cookie, const char *token, const struct csl_way *way, bool acts,
		  struct csl_session *out)
{
	int err;

	OBJ_CHECK(d, CSL_DOOR_MAGIC);
	pthread_mutex_lock(&d->lock);
	err = csl_gate_find(d->gate, cookie, token, way, acts, clock_boot_ms(), out);
	pthread_mutex_unlock(&d->lock);
	return err;
}

void csl_door_leave(struct csl_door *d, const char *cookie)
{
	OBJ_CHECK(d, CSL_DOOR_MAGIC);
	pthread_mutex_lock(&d->lock);
	csl_gate_end(d->gate, cookie);
	pthread_mutex_unlock(&d->lock);
}
