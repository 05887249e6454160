/* scs_request.h - options become Device-Action-Requests. PURE. */
#pragma once
#include "apps/tsp_dar.h"
#include "nodes/scs/scs_options.h"

/* Device of the nth request (from 0): External-Identifier, else MSISDN. Borrows `room` or `o`. */
#define SCS_DEVICE_MAX (SCS_EXTERNAL_MAX + 16)
const char *scs_request_device(const struct scs_options *o, uint32_t nth, char room[SCS_DEVICE_MAX]);

/* Writes the nth DAR; its Reference-Number is o->reference + nth. Check out->full. */
void scs_request_build(struct buf *out, const struct scs_options *o, uint32_t nth, const char *session_id, uint32_t end_to_end,
		       bool again); /* again: a retransmission, with T */
