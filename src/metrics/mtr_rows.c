/* mtr_rows.c - see mtr_rows.h. */
#include "metrics/mtr_rows.h"

#include <stddef.h>

const struct mtr_family_row mtr_families[MTR_FAMILIES] = {
#define MTR_ROW(id, name, type, divisor, label, second, help)                                                                    \
	[MTR_##id] = { (name), (help), MTR_##type, (divisor), { (label), (second) } },
	MTR_FAMILY_TABLE(MTR_ROW)
#undef MTR_ROW
};
