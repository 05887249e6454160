/* core_lapses.h - what answers lacked that were taken all the same (APP_LAPSE_TABLE): counted, and logged once an hour for each sender. */
#pragma once
#include <stdint.h>

struct core;

struct core_lapses {          /* of one sender; all zero at first */
	uint64_t n;           /* answers */
	uint64_t log_next_ms; /* not before */
	uint8_t seen;         /* bits of all of them */
};

/* Notes the lapses of one answer of `who` ("peer smssc", "SCS acme"); `what` names it: "DTA". Nothing when there are none. */
void core_lapses_note(struct core *c, struct core_lapses *l, uint8_t lapses, const char *what, const char *kind, const char *who);
