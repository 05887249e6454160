/* edge_play.h - an edge with one plain listener of the internal zone; the test is the SCS on one side and the core on the other. */
#pragma once
#include "edge/edge_int.h"
#include "tests/unit/turn.h"

struct edge_play {
	struct net_loop *loop;
	struct turn turn;
	struct cfg_iwf *cfg;
	struct log log;
	struct ipc_caps *caps;
	struct edge_conf conf;
	struct edge *edge;
	struct ipc_ring *core; /* the far end */
	int listen_fd, scs;    /* scs: the SCS's socket */
	uint16_t port;
	int broken;
	bool ndsip, keep;  /* before the start: the listener has NDS/IP; ndsip.on_loss is keep */
	uint32_t grace_ms; /* before the start: ndsip.grace; 0: longer than any test */
	int helper;        /* our end of the channel, with ndsip */
	uint32_t lost;     /* number of the channel that was lost last */
	uint8_t record[IPC_REC_MAX];
	uint8_t in[65536];
	size_t in_len, taken;
};

void edge_play_start(struct edge_play *p);
void edge_play_end(struct edge_play *p);
void edge_play_connect(struct edge_play *p); /* another SCS in the place of the first */
void edge_play_helper(struct edge_play *p);  /* another helper, or the first */
void edge_play_turns(struct edge_play *p, int n);
void edge_play_new_core(struct edge_play *p);

/* The SCS. */
void edge_play_cer(struct edge_play *p, const char *host);
void edge_play_dar(struct edge_play *p, const char *host, const char *device, uint32_t reference); /* End-to-End-Id = reference */
void edge_play_dna(struct edge_play *p, const struct dia_msg *dnr, uint32_t result_code);
struct edge_play_dna {
	uint32_t result_code;          /* 0: 2001 */
	const char *session_id, *host; /* NULL: right */
	bool bare;                     /* without Auth-Application-Id, Auth-Session-State and Origin-Realm */
};
void edge_play_dna_as(struct edge_play *p, const struct dia_msg *dnr, const struct edge_play_dna *as);
bool edge_play_received(struct edge_play *p, struct dia_msg *m); /* the next whole message, after some turns */
bool edge_play_closed(struct edge_play *p);
uint32_t edge_play_result(const struct dia_msg *m);
int64_t edge_play_status(const struct dia_msg *m); /* Request-Status of a DAA; -1: it is none */

/* The core. */
size_t edge_play_take(struct edge_play *p, uint16_t type, struct ipc_rec_head *head);
void edge_play_core_says(struct edge_play *p, size_t len); /* what is in p->record */
uint64_t edge_play_asked(struct edge_play *p, struct ipc_session_open *open);
uint64_t edge_play_offered(struct edge_play *p, struct ipc_device_action *a);
void edge_play_verdict(struct edge_play *p, uint64_t session, bool admitted);

/* CER, verdict, CEA; returns the session. */
uint64_t edge_play_open(struct edge_play *p, const char *host);
