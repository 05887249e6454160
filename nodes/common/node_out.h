/* node_out.h - standard output of an element that serves: JSON lines whose writing never waits for
 * the reader (base/writer.h). Lines for a slow reader wait in memory up to a limit; further ones
 * are lost, counted and reported in the log. A regular file is written at once; after an incomplete
 * last line it gets {"event":"torn","octets":N}. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/log.h"
#include "base/obj.h"
#include "base/writer.h"

#define NODE_OUT_MAGIC 0xb5a4c0f1u
struct node_out {
	struct obj obj;
	/* NULL: standard output was closed at the start, events go nowhere */
	struct writer *writer;
	const struct log *log; /* borrowed until node_out_fini() */
	bool losing;           /* the last event was lost: logged already */
};

/* Borrows `o`, which must not move, until node_out_fini(). ERR_NOMEM. */
ERR_MUST_USE int node_out_init(struct node_out *o, const struct log *log, size_t octets_max);
/* Waits up to WRITER_END_MS for the reader. */
void node_out_fini(struct node_out *o);
/* Writes one event as one line. Takes `event`; NULL: out of memory while it was made. A lost event
 * is counted; the first of a series is logged. */
void node_out_event(struct node_out *o, json_t *event);
/* {"event":"ready","address":"127.0.0.1","port":3868}: from now on the program answers there. */
void node_out_ready(struct node_out *o, const char *address, uint16_t port);
/* Events lost since node_out_init(). */
uint64_t node_out_lost(const struct node_out *o);
