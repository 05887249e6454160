/* dm_load.h - reads and checks the configuration and every file that it names: one code for -t and
 * for the start. */
#pragma once
#include <limits.h>
#include <stddef.h>

#include "daemon/dm_set.h"

struct dm_loaded {
	/* absolute path of the configuration. Symbolic links are kept: files may be renewed by
	 * pointing a link to another directory */
	char path[PATH_MAX];
	char *text; /* as it was read: a pipe has it only once */
	size_t text_len;
	bool again;  /* it is a file that can be read again */
	bool unread; /* dm_load() failed because it could not be read at all */
	struct cfg_iwf *cfg;
	struct dm_set *set; /* generation 1 */
};

/* Reads and checks everything: the text, what spans several keys, directories, permissions,
 * addresses, certificates, keys and anchors. All errors and warnings are in `why`. Creates, binds
 * and changes nothing. 0; else ERR_INVAL or another code, and `out` is empty but for `unread`. */
ERR_MUST_USE int dm_load(struct dm_loaded *out, const char *path, struct report *why);
void dm_loaded_fini(struct dm_loaded *l);

/* The same of a text that was read again: would a start with it come this far? On success the
 * caller owns *out. `names`: its users and groups, which are not asked for. */
ERR_MUST_USE int dm_load_again(struct cfg_iwf **out, const char *path, const char *text, size_t len,
			       const struct cfg_names *names, struct report *why);
