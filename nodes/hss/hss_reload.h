/* hss_reload.h - a thread reads a new set of subscribers; the loop replaces the old set when the
 * new one is complete. Until then requests are answered from the old set; a file with a mistake
 * changes nothing. */
#pragma once
#include "net/net_loop.h"
#include "nodes/hss/hss_store.h"

struct hss_reload;

/* `store` is the new set, owned by the callee; NULL if the file was refused, with file, line and
 * reason in `why`. */
typedef void hss_reload_fn(void *arg, struct hss_store *store, const char *why);

struct hss_reload_conf {
	const char *path; /* borrowed */
	uint32_t min;     /* subscribers; a file with fewer is refused */
	/* the set in use; borrowed, and not freed while a reading runs */
	struct hss_store *const *store;
};

/* ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int hss_reload_new(struct hss_reload **out, struct net_loop *loop, const struct hss_reload_conf *conf,
				hss_reload_fn *fn, void *arg);
/* Starts a reading; if one is running, another one follows it. `fn` is called in a later turn. A
 * file in which many of the current subscribers are missing (hss_store_keeps()) is refused unless
 * `sure`. */
void hss_reload_start(struct hss_reload *r, bool sure);
/* Takes; waits for a reading that runs; NULL allowed. */
void hss_reload_free(struct hss_reload *r);
