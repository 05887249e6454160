/* dm_scrape.h - the program of the process that answers scrapes, for the start and for `-t`. */
#pragma once
#include <stddef.h>

#include "base/err.h"

#define DM_SCRAPE_PROGRAM "mtc-iwf-metrics"

/* The path of that program, which is beside this one. ERR_NOTFOUND: it cannot be executed; ERR_IO,
 * ERR_LIMIT. `out` is a text in any case that may be shown. */
ERR_MUST_USE int dm_scrape_program(char *out, size_t size);
