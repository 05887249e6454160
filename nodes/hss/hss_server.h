/* hss_server.h - the S6m server: requests in, answers out. */
#pragma once
#include "base/obj.h"
#include "nodes/common/node_server.h"
#include "nodes/hss/hss_answer.h"

#define HSS_SERVER_MAGIC 0x704e7fd6u
struct hss_server {
	struct obj obj; /* begun by its owner */
	struct hss_self self;
	const struct log *log; /* borrowed */
};
OBJ_FIRST(struct hss_server);

/* Callback for struct node_server_cb: answers `m` exactly once, whatever it contains. `arg` is the
 * struct hss_server. */
void hss_server_on_request(void *arg, struct link *l, const struct dia_msg *m);
