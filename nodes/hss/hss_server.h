/* hss_server.h - S6m at work: requests in, answers out. */
#pragma once
#include "nodes/common/node_server.h"
#include "nodes/hss/hss_answer.h"

struct hss_server {
	struct hss_self self;
	const struct log *log; /* borrowed */
};

/* For struct node_server_cb: answers `m` exactly once, whatever is in it. `arg` is the struct hss_server. */
void hss_server_on_request(void *arg, struct link *l, const struct dia_msg *m);
