/* cfg_value_text.h - the value of an item as it would be written in the file. */
#pragma once
#include "conf/cfg_schema.h"

#define CFG_VALUE_TEXT_MAX 160 /* with NUL; longer values are cut, with "..." */

/* `base` is the struct that the row belongs to; no section and no list of mappings. Returns out. */
const char *cfg_value_text(char out[CFG_VALUE_TEXT_MAX], const struct cfg_row *row, const void *base);
/* Whether two structs have one value for the row. */
bool cfg_value_same(const struct cfg_row *row, const void *a, const void *b);
