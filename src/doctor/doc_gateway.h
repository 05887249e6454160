/* doc_gateway.h - what is wrong with the gateway as a whole: by the reply of `status`, the clock,
 * and the times at which its files were written. PURE. */
#pragma once
#include <stdint.h>

#include "doctor/doc_report.h"

struct doc_gateway {          /* borrowed */
	const json_t *status; /* the reply of `status` */
	uint64_t now_s;       /* seconds since 1970 */
	const char *newest;   /* the file that was written last */
	uint64_t newest_s;    /* when; 0: none could be looked at */
};

void doc_look_at_gateway(struct doc_report *r, const struct doc_gateway *g);
