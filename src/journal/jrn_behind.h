/* jrn_behind.h - what stands behind the last commit of the log, at the start: the mark that another
 * segment follows, a torn write, or damage (room-private). Also the words with which a start is
 * refused. */
#pragma once
#include "journal/jrn_log.h"

#define JRN_TORN_MAX 8u /* files with octets kept aside */

struct jrn_torn { /* the files kept aside at earlier starts */
	char name[JRN_TORN_MAX + 1][JRN_NAME_MAX];
	size_t n;
};

/* `s` is the last segment, read up to s->end, and open in l->reader. Keeps a torn write aside, with
 * words in `say` (else unchanged), and makes durable what was read.
 * ERR_PROTO: a segment is missing, or the log is damaged; ERR_IO, ERR_NOMEM. */
ERR_MUST_USE int jrn_look_behind(struct jrn_log *l, const struct jrn_seg *s, const struct jrn_torn *torn, char *say,
				 size_t say_cap);

/* Put the words into *l->why, and return the error. */
__attribute__((format(printf, 3, 4))) int jrn_refuse(struct jrn_log *l, int err, const char *fmt, ...);
int jrn_refuse_rc(struct jrn_log *l, int rc, const char *doing, const char *name);          /* rc: a negative errno */
int jrn_refuse_damaged(struct jrn_log *l, const char *name, uint64_t at, const char *what); /* ERR_PROTO */
/* The last whole commit needs the segment `missing`, and there is no such file. The words say where
 * that commit ends: a later one may have allowed to remove the file, and be damaged. ERR_PROTO, or
 * the error of reading there. */
int jrn_refuse_missing(struct jrn_log *l, const char *missing);
