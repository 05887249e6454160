/* jrn_loading.h - the reading of the log at the start (room-private): jrn_load.c reads the
 * segments, jrn_behind.c looks behind the last commit. */
#pragma once
#include "base/obj.h"
#include "journal/jrn_log.h"

#define JRN_TORN_MAX 8u /* files with octets kept aside */

#define JRN_LOADING_MAGIC 0xefd8d973u
struct jrn_loading {
	struct obj obj;
	struct jrn_log *l;
	uint64_t *numbers; /* of segments, ascending */
	size_t numbers_n, numbers_cap;
	struct { /* files kept aside */
		char name[JRN_NAME_MAX];
	} torn[JRN_TORN_MAX + 1];
	size_t torn_n;
	char foreign[JRN_NAME_MAX], gone[JRN_NAME_MAX];
	bool nomem;
	uint64_t highest; /* number of a record */
};

/* -- jrn_load.c: the words of a refusal go to l->why. Each returns its error. */
int jrn_refuse(struct jrn_log *l, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* `rc` is a negative errno: "cannot `doing` `name`". */
int jrn_refuse_rc(struct jrn_log *l, int rc, const char *doing, const char *name);
int jrn_refuse_damaged(struct jrn_log *l, const char *name, uint64_t at, const char *what); /* ERR_PROTO */

/* -- jrn_behind.c: of the last segment, which the reader has open. Errors with words. */
/* Refuses if the mark behind the last commit names a segment that is not there. */
ERR_MUST_USE int jrn_look_at_mark(struct jrn_log *l, const struct jrn_seg *s);
/* Keeps a torn write aside and says so; refuses if whole commits follow it. */
ERR_MUST_USE int jrn_look_behind(struct jrn_loading *g, const struct jrn_seg *s, char *say, size_t say_cap);
/* A killed program may have left octets in pages that no flush has brought to the disk. Those that
 * were read count from now on, also in the header of the next segment. So they are made durable
 * first. */
ERR_MUST_USE int jrn_settle(struct jrn_log *l);
