/* power_load.h - a load on a journal over a power_disk, and what may be found after a cut.
 *
 * Operations are numbered in the order in which they were made. The journal keeps that order, so
 * what a start finds is what the operations up to one of them left, none of the told ones missing
 * and no group in two. After failures only less holds: deletes are tried again later. Then each
 * record by itself is the newest that was told, or one made since. */
#pragma once
#include "tests/unit/journal/power_cut.h"

#include "journal/jrn.h"

#define PL_OPS_MAX 20000u
#define PL_IDS_MAX 32768u

struct pl_op {
	uint64_t number;
	uint32_t id; /* of the number, from 0 on without gaps: each start leaves many numbers out */
	uint32_t len;
	bool del, lazy, glued;                   /* lazy: nobody waits; glued: durable only together with the next one */
	enum { PL_MADE, PL_TOLD, PL_FAILED } is; /* in the load at its end */
};

struct pl_load {
	struct power_disk disk;
	struct pd_trace trace;
	struct jrn *j;
	struct jrn_why why;
	struct jrn_conf conf;
	struct pl_op *ops;
	uint32_t n, first_untold;
	uint64_t seed;
	bool no_new; /* only records that are there are written again and deleted */
	uint32_t ids;
	uint64_t *number_of; /* by id */
	uint32_t *live;      /* ids */
	uint32_t live_n;
	bool *is_live; /* by id */
};

void pl_init(struct pl_load *l, uint64_t seed);
void pl_open(struct pl_load *l); /* asserts */
void pl_fini(struct pl_load *l);
/* One commit of `n` operations at random, records of up to len_max octets; keeps about live_max records. Returns what
 * jrn_flush() did. */
int pl_commit(struct pl_load *l, unsigned n, uint32_t len_max, uint32_t live_max);
/* As kill -9: what is in the pages stays, nothing of the journal in memory does. Opens it again. */
void pl_kill(struct pl_load *l);

/* -- what a start finds */

struct pl_expected { /* at one moment of the trace */
	const struct pl_load *load;
	bool in_order;     /* no failures: the strict rule */
	uint32_t issued;   /* operations made before */
	uint32_t told;     /* in_order: all before this one are durable, but those that failed */
	uint8_t *is;       /* of each operation, now */
	int32_t *newest;   /* by id: its newest told operation; -1: none; in_order also: a delete */
	uint32_t live;     /* numbers with newest >= 0 */
	uint64_t next_min; /* jrn_next() gives no number below */
	char wrong[256];
	/* the records found in the image */
	int32_t *found;  /* by id; -1: none */
	bool *later_del; /* by id: a delete that was not told */
	uint32_t *found_ids, found_n;
	int32_t found_max;
	uint32_t matched;           /* in_order: the image is what so many operations left */
	uint64_t opened, with_torn; /* counted */
};

void pl_expected_init(struct pl_expected *e, const struct pl_load *l, bool in_order);
void pl_expected_fini(struct pl_expected *e);
void pl_told(void *arg, const struct pd_event *event);    /* pc_told_fn */
const char *pl_look(void *arg, struct power_disk *image); /* pc_look_fn: opens, compares, closes */
/* From here on only what the last pl_compare() found is right, until pl_unpin(). in_order. */
struct pl_pin {
	uint32_t told, issued;
	int32_t *before;
};
void pl_pin(struct pl_expected *e, struct pl_pin *pin);
void pl_unpin(struct pl_expected *e, struct pl_pin *pin);
const char *pl_compare(struct pl_expected *e, struct jrn *j); /* an open one */
