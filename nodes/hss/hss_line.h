/* hss_line.h - one line of the subscribers file (docs/user/subscribers.md) becomes one
 * subscriber. */
#pragma once
#include "nodes/hss/hss_memory.h"
#include "nodes/hss/hss_subscriber.h"

#define HSS_WHY_MAX 256

/* Parses `len` bytes of JSON. `out` points into `m`. ERR_INVAL with a reason (key, mistake,
 * expectation); ERR_NOMEM. */
ERR_MUST_USE int hss_line_parse(struct hss_subscriber *out, struct hss_memory *m, const char *line, size_t len,
				char why[HSS_WHY_MAX]);
