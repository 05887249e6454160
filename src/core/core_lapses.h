/* core_lapses.h - grammar lapses of accepted answers (APP_LAPSE_TABLE): counted, and logged once
 * an hour for each sender. */
#pragma once
#include <stdint.h>

struct core;

struct core_lapses {          /* lapses of one sender; all zero at first */
	uint64_t n;           /* answers with a lapse */
	uint64_t log_next_ms; /* earliest time of the next log line */
	uint8_t seen;         /* bits of all lapses seen */
};

/* Notes the lapses of one answer of `who` ("peer smssc", "SCS acme"); `what` is its command
 * ("DTA").
 * Does nothing if there are none. */
void core_lapses_note(struct core *c, struct core_lapses *l, uint8_t lapses, const char *what, const char *kind, const char *who);
