/* edge_trace.h - copies messages of SCSs for a trace that the core runs, as records on the ring. A
 * copy never waits: when the ring has no room it is lost, and counted. Redacted here, so that what
 * is to be hidden does not leave this process. */
#pragma once
#include "apps/tsp_dar.h"
#include "edge/edge_env.h"
#include "edge/edge_ring.h"
#include "ipc/ipc_rec.h"
#include "trace/trc_filter.h"

struct edge_session;

#define EDGE_TRACE_MAGIC 0x5e01d7a9u
struct edge_trace {
	struct obj obj;
	struct edge_env *env;
	struct edge_ring *ring;
	struct ipc_trace what; /* number 0: no trace runs */
	struct trc_filter filter;
	struct trc_watch watch; /* requests whose answers are copied, too */
	bool about;             /* the request that is being sent matches */
	uint32_t lost;          /* copies without room, that the core does not know of */
	uint8_t *room;          /* for one message while it is redacted; NULL while no trace runs */
	size_t room_size;
};

/* Borrows env and ring. */
void edge_trace_init(struct edge_trace *t, struct edge_env *env, struct edge_ring *ring);
void edge_trace_fini(struct edge_trace *t); /* also when all is zero */

/* What the core wants copied. The caller goes over its sessions with edge_trace_session() then. */
void edge_trace_on_record(struct edge_trace *t, const struct ipc_trace *what);
/* The session is open, or the trace another one: copies its messages or not. */
void edge_trace_session(struct edge_trace *t, struct edge_session *s);
/* A request of the session was read. */
void edge_trace_request(struct edge_trace *t, const struct edge_session *s, const struct dia_msg *m, const struct tsp_dar *dar);
/* The next request that is sent on the session is about this device and trigger. */
void edge_trace_about(struct edge_trace *t, const struct edge_session *s, const struct ipc_device_notification *n);
/* At the end of a turn: tells the core of lost copies that no later copy has told of. */
void edge_trace_turn_end(struct edge_trace *t);
/* The ring is a new one, to another core, which knows of no trace. */
void edge_trace_end(struct edge_trace *t);
