/* dm_set.h - certificates, keys and trust anchors as one set: read once, checked as a whole, kept
 * as sealed memory for every child that is started later (CONTRACTS section 9). */
#pragma once
#include "base/report.h"
#include "daemon/dm_part.h"

struct dm_set {
	uint32_t generation; /* 1 at the start, one more with each set that is taken */
	struct cfg_iwf *cfg; /* the configuration that names them, without lines; owned */
	int fd[DM_PARTS];    /* the parts, sealed; owned; -1: none */
	/* The same, mapped and locked: no key gets into swap space as long as the set is kept. */
	struct dm_part held[DM_PARTS];
	/* The generation since which each anchor has these files, its CRLs included. */
	uint32_t since[CFG_ANCHORS_MAX];
	struct dm_end ends[DM_ENDS_MAX];
	size_t ends_n;
};

/* Reads every file that the configuration names and checks all of them as the processes will use
 * them, but for keys in a token (dm_key_check.h). `before`: the set in use; NULL: none.
 * ERR_INVAL: the report has all errors that were found. Other errors (ERR_NOMEM, ERR_IO) are in it,
 * too. */
ERR_MUST_USE int dm_set_load(struct dm_set **out, const struct cfg_iwf *cfg, const struct dm_set *before, uint32_t generation,
			     struct report *r);
/* Reads the files of CRLs again and takes all else from `from`. An anchor whose files cannot be
 * used as they are now keeps those of `from`: *refused has a bit for each such anchor, and the
 * report warnings. Errors as above; then nothing can be said about the files. */
ERR_MUST_USE int dm_set_refresh(struct dm_set **out, const struct dm_set *from, const struct cfg_iwf *cfg, uint32_t generation,
				uint64_t *refused, struct report *r);
/* dm_set_again.c: the same set once more, only to be handed out or for dm_set_again(); its memory
 * is shared with `s`, which may be freed. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int dm_set_keep(struct dm_set **out, const struct dm_set *s);
/* The same files under another generation, for a configuration with the same listeners, peers and
 * anchors in the same places. ERR_NOMEM (also: the places are others), ERR_IO, ERR_PROTO. */
ERR_MUST_USE int dm_set_again(struct dm_set **out, const struct dm_set *s, const struct cfg_iwf *cfg, uint32_t generation);
void dm_set_free(struct dm_set *s); /* NULL allowed */

/* A line for each file whose content is another one in `to`, which a listener, peer or anchor in
 * another place with a file of before has not. Returns their number. */
unsigned dm_set_changes(const struct dm_set *from, const struct dm_set *to, const struct cfg_iwf *cfg, struct report *r);
