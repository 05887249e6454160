/* adm_import_int.h - shared by adm_import.c (on the loop) and adm_import_rows.c (on the thread). */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "admin/adm_exchange.h"
#include "base/obj.h"
#include "exchange/exc_read.h"
#include "net/net_feed.h"
#include "net/net_worker.h"

struct mistake {
	uint64_t line;
	char why[EXC_WHY_MAX];
};

#define ADM_IMPORT_MAGIC 0xa93f32acu
struct adm_import {
	struct obj obj;
	struct adm *adm;           /* used on the loop only */
	const struct cfg_iwf *cfg; /* read by the thread too */
	struct ctl_request *rq;
	struct asc_import *im;
	struct asc_import_conf conf;
	enum exc_format format;
	char name[ADM_FILE_NAME_MAX];
	struct net_feed feed;
	struct net_worker *work;
	struct net_timer *tick;
	/* the thread works; the thread has finished; the store switches; rq is answered */
	bool running, built, finishing, ended;
	uint64_t seen_octets, seen_at_ms;
	atomic_uint_fast64_t taken; /* rows accepted so far; read by any thread */
	int64_t now_s;              /* seconds since 1970, at the beginning */
	bool ended_well;            /* its last line must be ended */
	pthread_mutex_t in_store;   /* held by the thread during each call of the store */
	/* the thread must not call the store any longer; under in_store */
	bool left;
	/* used by the thread while `running` */
	int err;
	uint64_t rows;
	/* columns that some row lacks, and columns that every row lacks; see exc_row.h */
	uint32_t keep_some, keep_all;
	uint64_t kept_of; /* rows that were looked at for that */
	unsigned mistakes_n;
	struct mistake mistakes[EXC_ERRORS_MAX + 1];
	uint64_t over, over_line; /* rows that have already expired; line of the first */
	struct asc_why why;       /* for an error that does not belong to one row */
};

/* On the thread: reads the file, checks its rows and builds the new generation. arg: struct
 * adm_import *. */
void adm_import_run(void *arg);

/* On the loop's thread, if the thread does not return from a read: waits until no call of the store
 * is under way. Afterwards the thread makes none, so `im` may be freed. Waits no longer than the
 * store's own disk takes; asc_close() would wait for that too. */
void adm_import_leave(struct adm_import *g);
