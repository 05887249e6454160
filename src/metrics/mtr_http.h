/* mtr_http.h - answers GET /metrics on a listening descriptor: HTTP by libmicrohttpd, on our
 * loop.
 *
 * Whoever reaches the listener may be hostile. Connections, the time of each and the memory for
 * each are bounded; one that asks nothing, or does not take its answer, cannot keep another one
 * out. */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "metrics/mtr_host.h"
#include "metrics/mtr_page.h"

struct net_loop;
struct mtr_http;

struct mtr_http_conf { /* all pointers are borrowed until mtr_http_free() */
	struct net_loop *loop;
	const struct log *log;
	struct mtr_page *page;  /* of mtr_page_reader() */
	int fd;                 /* listening, not blocking; borrowed */
	uint32_t connections;   /* at the same time */
	uint64_t wait_ms;       /* for the request and its answer */
	uint64_t every_ms;      /* between snapshots */
	struct mtr_hosts hosts; /* names that mean us, besides addresses and localhost */
};

/* A snapshot that is older than this is not told any more. */
#define MTR_STALE_MS(every_ms) (3 * (every_ms) + 5000)

/* ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int mtr_http_new(struct mtr_http **out, const struct mtr_http_conf *conf);
void mtr_http_free(struct mtr_http *h); /* NULL allowed */

const char *mtr_http_version(void); /* of libmicrohttpd, linked at run time. Static. */
