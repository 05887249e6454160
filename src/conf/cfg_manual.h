/* cfg_manual.h - the manual of a configuration file, made from its rows. */
#pragma once
#include <stdio.h>

#include "conf/cfg_schema.h"

/* Type, range and words of one row in plain words: "duration, 100ms to 60s". */
void cfg_row_range(char *out, size_t cap, const struct cfg_row *row);

/* All rows as roff (the body of a section 5 page) and as Markdown (tables, one for each
 * section). */
void cfg_manual_roff(FILE *f, const struct cfg_row *rows);
void cfg_manual_markdown(FILE *f, const struct cfg_row *rows);
