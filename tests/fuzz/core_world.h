/* core_world.h - a core between an edge, an HSS and an SMS-SC that the fuzzer plays, over a
 * journal of its own, with the books of what was asked and answered. */
#pragma once
#include "core/core_int.h"
#include "tests/fuzz/steps.h"

#define ASKED_MAX 256u  /* requests that are held against their answers */
#define WAITING_MAX 64u /* requests of the core that a peer may still answer */
#define MESSAGE_MAX 4096u
#define NOTICES_MAX 64u

enum peer_kind { HSS, SMSSC, PEERS };

struct asked { /* a request of an SCS */
	uint64_t transaction, session;
	uint8_t answers;
	bool given_up; /* and the edge said so: the record of the core that says yes is one more */
	bool moot;     /* its edge or its core is gone */
};

struct message {
	uint8_t octets[MESSAGE_MAX];
	size_t len;
};

struct peer {
	int fd; /* -1: not connected */
	bool mute;
	uint8_t in[1u << 16];
	size_t in_len;
	struct message waiting[WAITING_MAX];
	size_t waiting_n;
	struct message submitted; /* the last DTR, for its report */
	struct {                  /* reports, and their answers */
		uint32_t hop_by_hop[ASKED_MAX];
		uint8_t answers[ASKED_MAX];
		size_t n;
	} reports;
};

struct core_world {
	struct net_loop *loop;
	struct cfg_iwf *cfg;
	struct log log;
	struct core_conf conf;
	struct core *core;
	struct ipc_ring *edge; /* the far end; NULL: no edge */
	uint32_t generation;
	bool hostile; /* this edge has said what no edge says */
	bool bad;     /* the core has said so */
	struct peer peers[PEERS];
	struct asked asked[ASKED_MAX];
	size_t asked_n;
	uint64_t notices[NOTICES_MAX],
	    notice_sessions[NOTICES_MAX]; /* transactions of notifications that wait for their answer */
	size_t notices_n;
	uint64_t next; /* for identifiers */
	uint8_t record[IPC_REC_MAX];
};

void core_world_begin(struct core_world *w);
void core_world_end(struct core_world *w);
/* The core works, the journal commits; then all neighbours read what came. */
void core_world_settle(struct core_world *w);
void core_world_new_edge(struct core_world *w);
/* The process ends, in order or killed, and another one takes its stores. */
void core_world_restart(struct core_world *w, bool killed);
/* Sends the record in w->record. */
void core_world_edge_says(struct core_world *w, size_t len);
void core_world_peer_says(struct core_world *w, enum peer_kind kind, const uint8_t *p, size_t n);
void core_world_peer_leaves(struct core_world *w, enum peer_kind kind);
