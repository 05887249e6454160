/* cfg_manual.h - the manual of a configuration file, made from its rows. */
#pragma once
#include <stdio.h>

#include "conf/cfg_schema.h"

/* Type, range and words of one row in plain words: "duration, 100ms to 60s". */
void cfg_row_range(char *out, size_t cap, const struct cfg_row *row);

/* When a change of the item with this full name takes effect, in words. */
typedef const char *cfg_change_fn(const char *item);

/* All rows as roff (the body of a section 5 page) and as Markdown (tables, one for each
 * section). `changes` NULL, for roff only: nothing is said about changes. */
void cfg_manual_roff(FILE *f, const struct cfg_row *rows, cfg_change_fn *changes);
void cfg_manual_markdown(FILE *f, const struct cfg_row *rows, cfg_change_fn *changes);
