/* jrn_later.h - the records that a start finds, for an owner that does not enter all of them at
 * once: all in the order of their numbers, as jrn_replay() does, and single ones again until the
 * end. Their content is that of the beginning, whatever is put or deleted meanwhile. No segment is
 * used again before the end, so it should come within seconds: a journal without room gets none. */
#pragma once
#include "journal/jrn.h"

struct jrn_later; /* 16 octets for each record, and 5 MiB */

ERR_MUST_USE int jrn_later_begin(struct jrn_later **out, struct jrn *j); /* ERR_NOMEM */
size_t jrn_later_count(const struct jrn_later *l);
/* As jrn_replay(). */
ERR_MUST_USE int jrn_later_all(struct jrn_later *l, jrn_record_fn *fn, void *arg);
/* The record at place i of that order, below the count. Returns what fn returned, or ERR_IO. */
ERR_MUST_USE int jrn_later_one(struct jrn_later *l, size_t i, jrn_record_fn *fn, void *arg);
void jrn_later_end(struct jrn_later *l); /* takes; before the journal is closed; NULL allowed */
