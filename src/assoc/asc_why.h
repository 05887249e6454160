/* asc_why.h - the words of a refusal (room-private). */
#pragma once
#include "assoc/asc.h"

/* Writes the words, cut at ASC_WHY_MAX, and returns `err`. */
int asc_refuse(struct asc_why *why, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
