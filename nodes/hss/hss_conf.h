/* hss_conf.h - the configuration file of mtc-hss (docs/man/mtc-hss.1, examples/mtc-hss.yaml). */
#pragma once
#include "nodes/common/node_conf.h"
#include "nodes/common/node_server.h"

struct hss_conf {
	struct node_identity identity;
	struct node_listen listen;
	struct node_log_conf log;
	char subscribers[CFG_PATH_MAX];
	uint32_t subscribers_min;
	char allowed_hosts[NODE_ALLOWED_MAX][CFG_HOST_MAX];
	size_t allowed_hosts_n;
	uint32_t connections_max;
	uint64_t watchdog_ms;
};

/* Reads and checks the file. All errors are in `why`, as `FILE:LINE: ...`. *lines as from
 * cfg_read_all(): if it is not NULL, further checks may add errors. Set it to NULL before. */
ERR_MUST_USE int hss_conf_load(struct hss_conf *out, const char *path, struct cfg_lines **lines, struct report *why);
