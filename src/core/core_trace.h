/* core_trace.h - a trace: copies of the messages that match a filter, in a file that mtcctl has
 * made. One at a time. The messages of SCSs come from the edges as copies that nobody here reads;
 * those of the HSS and the SMS-SC are copied here, PDUs of SMPP, too. A copy never waits: what has
 * no room is lost, counted, and said in the file. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/core_view.h"
#include "ipc/ipc_rec.h"
#include "link/link.h"

struct core_edge;
struct core_peer;
struct core_trace_run; /* core_trace.c */
struct core_trigger;

struct core_trace {
	struct core_trace_run *run; /* NULL: none */
	uint32_t number;            /* of the last one */
	struct core_trace_view last;
};

void core_trace_fini(struct core *c); /* a zeroed part is allowed */
/* The core begins to stop: completes the file. */
void core_trace_leave(struct core *c);

/* Every few seconds: tells edges of the begin or end of a trace whose rings had no room for it. */
void core_trace_look(struct core *c);
/* A new edge learns of the trace that runs. */
void core_trace_edge(struct core_edge *e);
/* A new connection to a peer: its messages are looked at. */
void core_trace_peer(struct core_peer *p);
/* A copy from an edge. ERR_PROTO: one that no edge makes that keeps the rules. */
ERR_MUST_USE int core_trace_on_copy(struct core_edge *e, uint64_t session, const struct ipc_trace_copy *copy);
/* The next request that is sent to the peer is about this trigger; NULL: about none. */
void core_trace_about(struct core_peer *p, const struct core_trigger *t);
struct smpp_header;
struct smpp_pdu;
/* A PDU of an SMS-SC over SMPP has left, or came; header.length is SMPP_HEADER_LEN of one without a
 * body. */
void core_trace_smpp(struct core_peer *p, bool out, const struct smpp_pdu *pdu);
/* A receipt is about this trigger. `pdu` NULL: it is not there any more, and counts as lost. */
void core_trace_receipt(struct core_peer *p, const struct core_trigger *t, const struct smpp_header *h,
			const struct smpp_pdu *pdu);
/* A request of the peer is about this trigger. */
void core_trace_request(struct core_peer *p, struct link *l, const struct core_trigger *t, const struct dia_msg *m);
