/* cfg_internal.h - shared by the files of conf/ only. */
#pragma once
#include "conf/cfg_schema.h"

/* Refuses NUL, control characters and bytes that are not UTF-8. Returns NULL, or a reason and the
 * line. */
const char *cfg_text_problem(const unsigned char *p, size_t len, unsigned *line);

/* Where each key stands in the file `path`, which is copied. The caller owns *out. ERR_NOMEM. */
ERR_MUST_USE int cfg_lines_new(struct cfg_lines **out, const char *path);
/* The key `where`, such as "listen[0].port", stands in this line. ERR_NOMEM. */
ERR_MUST_USE int cfg_lines_add(struct cfg_lines *l, const char *where, unsigned line);
/* For cfg_sound(). */
ERR_MUST_USE int cfg_lines_wrong(struct cfg_lines *l, const char *where);

/* The units of durations, the largest first; name NULL ends the table. */
struct cfg_unit {
	const char *name;
	uint64_t ms;
};
extern const struct cfg_unit cfg_units[];

/* Sets the member of `row` in the struct at `base` from one scalar of `len` octets. `path` is the
 * configuration file. ERR_INVAL, ERR_RANGE or ERR_LIMIT leave the member untouched. */
ERR_MUST_USE int cfg_value_set(const struct cfg_row *row, enum cfg_type type, void *member, const char *path, const char *text,
			       size_t len);

/* The key of `rows` that was probably meant, NULL when none is near. */
const char *cfg_nearest(const struct cfg_row *rows, const char *key);
