/* core_trace_int.h - the trace that runs, for the files of traces only. */
#pragma once
#include "core/core_int.h"
#include "core/core_trace_file.h"
#include "trace/trc_pcapng.h"

#define CORE_TRACE_RUN_MAGIC 0x6b7f04c1u
struct core_trace_run {
	struct obj obj;
	struct core *core;
	struct trc_filter filter;
	struct sip_key key;
	bool unredacted;
	bool whole_peer; /* trc_filter_whole_peer() of the filter */
	struct core_trace_view view;
	uint64_t until_ms; /* of the loop's clock */
	struct core_trace_file *file;
	struct trc_watch watch;
	const struct core_trigger *about; /* of the request that is being sent; NULL: none that matches */
	uint8_t *room;                    /* for one message while it is redacted */
	size_t room_size;
	struct net_timer *tick;
	bool ends, written; /* its last block is queued; the file is complete or takes no more */
	core_trace_done_fn *done;
	void *done_arg;
};

/* core_trace.c: writes one message, or counts it as lost; may end the trace. */
void core_trace_put(struct core_trace_run *r, const struct trc_packet *p);
void core_trace_lose(struct core_trace_run *r, uint64_t n);

/* core_trace_copy.c: the trace has begun or ended: looks at the messages of peers or not, and has
 * edges copy theirs or not. */
void core_trace_tap_peers(struct core *c);
/* core_trace_copy.c: the trigger and the peer are those of the filter. */
bool core_trace_matches(const struct core_trace_run *r, const struct core_peer *p, const struct core_trigger *t);
/* Number of a direction of requests of a peer, for the watch. */
uint64_t core_trace_way(const struct core_peer *p, bool out);
void core_trace_tell_edges(struct core *c);
