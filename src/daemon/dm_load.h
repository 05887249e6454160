/* dm_load.h - the configuration and everything it names, read and checked: one code for -t and for the start. */
#pragma once
#include <limits.h>
#include <stddef.h>

#include "daemon/dm_set.h"

struct dm_loaded {
	char path
	    [PATH_MAX]; /* of the configuration, absolute. Symbolic links stay in it: who renews files by turning a link to another
			      * directory has to be followed there */
	char *text;     /* as it was read: a pipe has it only once */
	size_t text_len;
	struct cfg_iwf *cfg;
	struct dm_set *set; /* generation 1 */
};

/* All errors and warnings are in `why`: of the text, of what spans several keys, of directories, rights and addresses, of certificates, keys
 * and anchors. Nothing is made, bound or changed. 0; else ERR_INVAL or another code, and `out` holds nothing. */
ERR_MUST_USE int dm_load(struct dm_loaded *out, const char *path, struct report *why);
void dm_loaded_fini(struct dm_loaded *l);

/* The same of a text that is not going to be used now: would a start with it come this far? */
ERR_MUST_USE int dm_load_check(const char *path, const char *text, size_t len, struct report *why);
