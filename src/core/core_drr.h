/* core_drr.h - delivery reports of the SMS-SC (T4, stage 14): durable before the DRA. */
#pragma once
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "core/core_peers.h"
#include "trigger/trg.h"

struct core_drr { /* a DRR without its DRA: owns its octets */
	uint64_t token;
	size_t peer;
	struct link *link; /* valid until its peer is down */
	struct map_node node;
	TAILQ_ENTRY(core_drr) entry;
	uint32_t len;
	uint8_t message[];
};

struct core_drrs {
	TAILQ_HEAD(, core_drr) list;
	struct map by_token;
	uint64_t token_next;
};

ERR_MUST_USE int core_drrs_init(struct core *c); /* ERR_NOMEM */
void core_drrs_fini(struct core *c);             /* a zeroed part is allowed */

void core_report_on_request(struct core_peer *p, struct link *l, const struct dia_msg *m);
void core_report_peer_down(struct core_peer *p);
void core_report_acknowledge(void *arg, struct trg *t, uint64_t token, bool ok); /* port of the machine: the DRA */
