/* edge_screen.h - the screening rows in an edge: the rules that the core sent, and what rows
 * caught. The checks are policy/pol_screening.h. */
#pragma once
#include "edge/edge_session.h"
#include "policy/pol_screening.h"

#define EDGE_SCREEN_MAGIC 0xa7c1be05u
struct edge_screen {
	struct obj obj;
	struct edge_env *env;
	struct edge_ring *ring;
	struct screen_rules rules; /* the presets until the core sends others */
	uint32_t version;          /* never 0; another one for each change of the rules */
};

/* Borrows env and ring. */
void edge_screen_init(struct edge_screen *x, struct edge_env *env, struct edge_ring *ring);

/* A rule of the core. It holds for the next request, also of sessions that are open. */
void edge_screen_on_rule(struct edge_screen *x, const struct ipc_screen_rule *r);

/* Prepares the screening of one request of the session. */
void edge_screen_begin(struct edge_screen *x, struct edge_session *s, struct pol_screening *out);
/* Counts what the rows caught, and tells the core of rows that only detect. Once for each request,
 * after its last row. */
void edge_screen_end(struct edge_screen *x, const struct edge_session *s, const struct dia_hdr *request,
		     const struct pol_screening *screened);
