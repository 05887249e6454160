/* csl_idle.c - a list of connections, each with the time at which it is too late. */
#include "console/csl_idle.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/obj.h"

#define CSL_IDLE_ONE_MAGIC 0x3da8c016u
struct csl_idle_one {
	struct obj obj;
	struct csl_idle *all;
	int fd;
	uint64_t until_ms; /* UINT64_MAX: the library's time alone holds, or it was shut down */
	TAILQ_ENTRY(csl_idle_one) entry;
};

#define CSL_IDLE_MAGIC 0x90b7e32du
struct csl_idle {
	struct obj obj;
	pthread_mutex_t lock; /* over the list and what is in it: no descriptor is closed meanwhile */
	TAILQ_HEAD(, csl_idle_one) list;
	uint64_t wait_ms;
};

int csl_idle_new(struct csl_idle **out, uint64_t wait_ms)
{
	struct csl_idle *i = calloc(1, sizeof *i);

	if (!i) {
		return ERR_NOMEM;
	}
	obj_begin(&i->obj, CSL_IDLE_MAGIC);
	pthread_mutex_init(&i->lock, NULL);
	TAILQ_INIT(&i->list);
	i->wait_ms = wait_ms;
	*out = i;
	return 0;
}

void csl_idle_free(struct csl_idle *i)
{
	if (!i) {
		return;
	}
	OBJ_END(i, CSL_IDLE_MAGIC);
	pthread_mutex_destroy(&i->lock);
	free(i);
}

struct csl_idle_one *csl_idle_begin(struct csl_idle *i, int fd, uint64_t now_ms)
{
	struct csl_idle_one *c = calloc(1, sizeof *c);

	OBJ_CHECK(i, CSL_IDLE_MAGIC);
	if (!c) {
		return NULL;
	}
	obj_begin(&c->obj, CSL_IDLE_ONE_MAGIC);
	c->all = i;
	c->fd = fd;
	c->until_ms = now_ms + i->wait_ms;
	pthread_mutex_lock(&i->lock);
	TAILQ_INSERT_TAIL(&i->list, c, entry);
	pthread_mutex_unlock(&i->lock);
	return c;
}

static void wait_until(struct csl_idle_one *c, uint64_t until_ms)
{
	OBJ_CHECK(c, CSL_IDLE_ONE_MAGIC);
	pthread_mutex_lock(&c->all->lock);
	c->until_ms = until_ms;
	pthread_mutex_unlock(&c->all->lock);
}

void csl_idle_asks(struct csl_idle_one *c, bool session, uint64_t now_ms)
{
	wait_until(c, session ? UINT64_MAX : now_ms + c->all->wait_ms);
}

void csl_idle_rests(struct csl_idle_one *c, uint64_t now_ms)
{
	wait_until(c, now_ms + c->all->wait_ms);
}

void csl_idle_end(struct csl_idle_one *c)
{
	if (!c) {
		return;
	}
	OBJ_CHECK(c, CSL_IDLE_ONE_MAGIC);
	pthread_mutex_lock(&c->all->lock);
	TAILQ_REMOVE(&c->all->list, c, entry);
	pthread_mutex_unlock(&c->all->lock);
	OBJ_END(c, CSL_IDLE_ONE_MAGIC);
	free(c);
}

unsigned csl_idle_cut(struct csl_idle *i, uint64_t now_ms)
{
	struct csl_idle_one *c;
	unsigned n = 0;

	OBJ_CHECK(i, CSL_IDLE_MAGIC);
	pthread_mutex_lock(&i->lock);
	TAILQ_FOREACH (c, &i->list, entry) {
		if (now_ms >= c->until_ms) {
			err_ignore(shutdown(c->fd, SHUT_RDWR), "the other end has gone");
			c->until_ms = UINT64_MAX;
			n++;
		}
	}
	pthread_mutex_unlock(&i->lock);
	return n;
}
