/* smssc_result.h - the result of a DTR. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct smssc_result {
	uint32_t result_code;  /* of the base protocol; 0 with an experimental one */
	uint32_t experimental; /* 3GPP */
	/* a replacement that became a new trigger: sent once it is on disk, like 2001 */
	bool stored_new;
	bool has_diagnostic;
	uint32_t diagnostic; /* MTC-Error-Diagnostic */
};
