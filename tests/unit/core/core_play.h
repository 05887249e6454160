/* core_play.h - a core with stores in a directory of its own, and the far end of an edge's ring in the test's hands. */
#pragma once
#include "core/core_int.h"
#include "tests/unit/turn.h"

struct core_play {
	char dir[64];
	struct net_loop *loop;
	struct cfg_iwf *cfg;
	struct log log;
	struct core_conf conf;
	int lines_fd;             /* decision log of the next core; -1: none */
	const uint8_t *audit_key; /* of the audit of the next core; NULL: none. With cfg->audit.on */
	struct core *core;
	struct ipc_ring *edge; /* the far end: the test is the edge */
	uint32_t generation, bad_edge;
	struct turn turn;
	uint8_t record[IPC_REC_MAX];
};

/* No turn of the loop has been: peers can still be changed. */
void core_play_start(struct core_play *p);
void core_play_end(struct core_play *p);

/* For cmocka: *state is a started core with the SCSs of core_play_provision(), whose first turns are over. */
int core_play_setup(void **state);
int core_play_teardown(void **state);
/* The core ends and another one opens the same stores; a fresh ring, the same edge. */
void core_play_restart(struct core_play *p);

/* Lets the core work for some turns of the loop. */
void core_play_turns(struct core_play *p, int n);

/* Waits until it is known of each peer whether somebody is there. Before, requests wait for it, and are not answered. */
void core_play_settle(struct core_play *p);

/* Sends the record in p->record and lets the core work. */
void core_play_send(struct core_play *p, size_t len);
/* The next record of the core of this type, 0 when there is none. */
size_t core_play_take(struct core_play *p, uint16_t type, struct ipc_rec_head *head);

/* Provisions SCS `acme` (anchor-a, E.164 491720000001) that may trigger *@a.example. */
void core_play_provision(struct core_play *p);
/* A trigger of `acme` for CORE_PLAY_DEVICE that was sent to this SMS-SC over SMPP. id NULL: its message has none yet. */
#define CORE_PLAY_DEVICE "491700000001"
struct core_trigger *core_play_sent(struct core_play *p, uint32_t number, uint32_t end_to_end, const char *host, const char *id);
/* Adds group "fleet" under anchor-a, which may trigger *@b.example. */
void core_play_add_fleet(struct core_play *p);
struct ipc_session_open core_play_session(const char *host, const char *anchor);
/* Opens a session; returns the verdict. */
struct ipc_session_verdict core_play_open(struct core_play *p, uint64_t number, const struct ipc_session_open *open);
struct ipc_device_action core_play_action(uint64_t session, const char *device, uint32_t reference);
/* Offers a request once the peers are settled; returns the answer's Request-Status, or 1000000 + Result-Code of an error answer, or -1 when none came. */
int64_t core_play_ask(struct core_play *p, uint64_t transaction, const struct ipc_device_action *a);
