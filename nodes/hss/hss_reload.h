/* hss_reload.h - a new set of subscribers is read beside the old one: a thread reads, the loop takes over when it is whole.
 * Requests are answered from the old set meanwhile; a file with a mistake leaves it in place. */
#pragma once
#include "net/net_loop.h"
#include "nodes/hss/hss_store.h"

struct hss_reload;

/* `store` is the new set, owned by the callee; NULL when the file was refused: `why` says where and what. */
typedef void hss_reload_fn(void *arg, struct hss_store *store, const char *why);

struct hss_reload_conf {
	const char *path;               /* borrowed */
	uint32_t min;                   /* subscribers; a file with fewer is refused */
	struct hss_store *const *store; /* where the set in use stands; borrowed: it is not freed while a reading runs */
};

/* ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int hss_reload_new(struct hss_reload **out, struct net_loop *loop, const struct hss_reload_conf *conf,
				hss_reload_fn *fn, void *arg);
/* Starts reading; while one reading runs, another one is asked for and runs after it. `fn` comes in a later turn. A file without many of
 * the subscribers there are (hss_store_keeps()) is refused, unless somebody is `sure` of it. */
void hss_reload_start(struct hss_reload *r, bool sure);
/* Takes; waits for a reading that runs; NULL allowed. */
void hss_reload_free(struct hss_reload *r);
