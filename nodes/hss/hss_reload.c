/* hss_reload.c - a thread for each reading, joined by the loop. They share only `result` and `why`,
 * which the thread writes before it signals the eventfd and the loop reads after it. */
#include "nodes/hss/hss_reload.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/obj.h"

#define HSS_RELOAD_MAGIC 0x705f87a4u
struct hss_reload {
	struct obj obj;
	struct hss_reload_conf conf;
	const struct hss_store *now; /* the set in use; read by the thread */
	hss_reload_fn *fn;
	void *arg;
	struct net_watch *watch;
	int bell;
	bool running, again;
	bool sure, again_sure;
	pthread_t thread;
	struct hss_store *result;
	char why[HSS_STORE_WHY_MAX];
};
OBJ_FIRST(struct hss_reload);

static void *reader(void *arg)
{
	struct hss_reload *r = OBJ_OF(arg, struct hss_reload, HSS_RELOAD_MAGIC);
	uint64_t one = 1;

	if (hss_store_load(&r->result, r->conf.path, r->why)) {
		r->result = NULL;
	} else if (hss_store_enough(r->result, r->conf.min, r->conf.path, r->why) ||
		   (!r->sure && r->now && hss_store_keeps(r->now, r->result, r->conf.path, r->why))) {
		hss_store_free(r->result);
		r->result = NULL;
	}
	while (write(r->bell, &one, sizeof one) != (ssize_t)sizeof one) {
		; /* a write to an eventfd is whole or interrupted */
	}
	return NULL;
}

static void begin(struct hss_reload *r, bool sure)
{
	r->again = r->again_sure = false;
	r->sure = sure;
	r->now = *r->conf.store;
	r->result = NULL;
	r->why[0] = 0;
	if (pthread_create(&r->thread, NULL, reader, r) == 0) {
		r->running = true;
	} else {
		r->fn(r->arg, NULL, "no thread to read it with");
	}
}

static void on_bell(void *arg, int events)
{
	struct hss_reload *r = OBJ_OF(arg, struct hss_reload, HSS_RELOAD_MAGIC);
	uint64_t n;

	(void)events;
	if (read(r->bell, &n, sizeof n) != (ssize_t)sizeof n || !r->running) {
		return;
	}
	pthread_join(r->thread, NULL);
	r->running = false;
	r->fn(r->arg, r->result, r->why);
	if (r->again) {
		begin(r, r->again_sure);
	}
}

int hss_reload_new(struct hss_reload **out, struct net_loop *loop, const struct hss_reload_conf *conf, hss_reload_fn *fn,
		   void *arg)
{
	struct hss_reload *r = calloc(1, sizeof *r);
	int err;

	if (!r) {
		return ERR_NOMEM;
	}
	obj_begin(&r->obj, HSS_RELOAD_MAGIC);
	r->conf = *conf;
	r->fn = fn;
	r->arg = arg;
	r->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = r->bell < 0 ? ERR_IO : net_watch_new(&r->watch, loop, r->bell, on_bell, r);
	if (!err) {
		err = net_watch_set(r->watch, NET_READ);
	}
	if (err) {
		hss_reload_free(r);
		return err;
	}
	*out = r;
	return 0;
}

void hss_reload_start(struct hss_reload *r, bool sure)
{
	OBJ_CHECK(r, HSS_RELOAD_MAGIC);
	if (!r->running) {
		begin(r, sure);
		return;
	}
	r->again = true;
	r->again_sure = sure; /* the last request counts */
}

void hss_reload_free(struct hss_reload *r)
{
	if (!r) {
		return;
	}
	OBJ_CHECK(r, HSS_RELOAD_MAGIC);
	if (r->running) {
		pthread_join(r->thread, NULL);
		hss_store_free(r->result);
	}
	net_watch_free(r->watch);
	if (r->bell >= 0) {
		close(r->bell);
	}
	OBJ_END(r, HSS_RELOAD_MAGIC);
	free(r);
}
