/* jrn_anew.h - a log that is written in one go, from another journal (room-private). Its segments
 * have names that do not count until jrn_anew_name(). */
#pragma once
#include "journal/jrn_log.h"

struct jrn_anew {
	struct jrn_log l;
};

/* The directory has no spares. `dir`, `disk` and `why` are borrowed. ERR_NOSPC, ERR_IO, ERR_NOMEM,
 * with words. On an error jrn_anew_end() still has to be called. */
ERR_MUST_USE int jrn_anew_begin(struct jrn_anew *a, const struct jrn_disk *disk, const char *dir, uint64_t segment_size,
				uint64_t reserved, struct jrn_why *why);
/* Errors likewise. Numbers in any order, each once. */
ERR_MUST_USE int jrn_anew_add(struct jrn_anew *a, const struct jrn_record *r);
/* All of it is on the disk. */
ERR_MUST_USE int jrn_anew_flush(struct jrn_anew *a);
void jrn_anew_end(struct jrn_anew *a); /* releases */

/* Gives all such segments of the directory their names, durably. Again after a crash in the middle.
 * 0 or a negative errno. */
ERR_MUST_USE int jrn_anew_name(const struct jrn_disk *disk);
/* Removes all such segments. *segments says whether there are others. A negative errno. */
ERR_MUST_USE int jrn_anew_clean(const struct jrn_disk *disk, bool *segments);

/* True if data.mdb only says that there is a log (jrn_take_over.c). */
bool jrn_is_mark(const struct jrn_disk *disk);
