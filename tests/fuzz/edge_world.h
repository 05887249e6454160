/* edge_world.h - an edge between SCSs and a core that the fuzzer plays, with the books of what was
 * asked and answered. */
#pragma once
#include "edge/edge_int.h"
#include "tests/fuzz/steps.h"

#define SCSS 3u          /* connections at once */
#define ASKED_MAX 128u   /* requests of one connection that are held against their answers */
#define PENDING_MAX 128u /* questions of the edge to the core that the core may still answer */
#define GENERATION 7u

struct asked {
	uint32_t hop_by_hop;
	uint8_t answers;
};

struct scs {
	int fd;     /* -1: not connected */
	bool wild;  /* octets were sent that are no messages of ours: what is answered to them is not counted */
	bool mute;  /* does not answer watchdogs */
	bool ended; /* the edge has closed */
	uint8_t in[1u << 17];
	size_t in_len;
	struct asked asked[ASKED_MAX];
	size_t asked_n;
	struct { /* the last DNR, for its answer */
		uint8_t octets[4096];
		size_t len;
	} dnr;
};

struct question { /* of the edge to the core */
	uint16_t type;
	uint64_t transaction, session;
};

struct edge_world {
	struct net_loop *loop;
	struct cfg_iwf *cfg;
	struct log log;
	struct ipc_caps *caps;
	struct edge_conf conf;
	struct edge *edge;
	struct ipc_ring *core; /* the far end; NULL: no core */
	int listener;
	bool hostile; /* this core has said what no core says: the edge may close the ring */
	bool broken;  /* the edge has closed it */
	struct scs scs[SCSS];
	struct question pending[PENDING_MAX];
	size_t pending_n;
	uint64_t notified, notified_answers; /* on this ring */
	uint64_t notified_first;             /* number of the first one on this ring */
	uint32_t next;                       /* for identifiers */
	uint8_t record[IPC_REC_MAX];
};

void edge_world_begin(struct edge_world *w);
void edge_world_end(struct edge_world *w);
/* The edge works; then both neighbours read all that came. */
void edge_world_settle(struct edge_world *w);
void edge_world_new_core(struct edge_world *w);
void edge_world_core_dies(struct edge_world *w);
/* Sends the record in w->record. */
void edge_world_core_says(struct edge_world *w, size_t len);
/* Writes to the edge what is a message of ours (`hop_by_hop` not 0: a request that must be
 * answered once), or any octets (0, wild). */
void edge_world_scs_says(struct edge_world *w, struct scs *s, const uint8_t *p, size_t n, uint32_t hop_by_hop, bool wild);
void edge_world_scs_closes(struct scs *s);
