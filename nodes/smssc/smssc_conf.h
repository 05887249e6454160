/* smssc_conf.h - the configuration file of mtc-smssc (docs/man/mtc-smssc.1,
 * examples/mtc-smssc.yaml). */
#pragma once
#include "base/str.h"
#include "nodes/common/node_conf.h"
#include "nodes/common/node_server.h"
#include "nodes/smssc/smssc_sme_conf.h"

enum smssc_not_pending { SMSSC_NOT_PENDING_STORED, SMSSC_NOT_PENDING_REFUSED };

struct smssc_delivery_conf {
	uint64_t answer_wait_ms, retry_min_ms, retry_max_ms, restart_wait_ms;
};

struct smssc_report_conf {
	uint64_t answer_wait_ms, retry_min_ms, retry_max_ms, retention_ms;
};

struct smssc_limits_conf {
	uint32_t messages, messages_per_ue, ues, ues_per_connection, ue_connections, duplicates, store_mib;
	uint64_t duplicates_window_ms;
};

struct smssc_conf {
	struct node_identity identity;
	struct node_listen listen;
	struct node_log_conf log;
	/* events: "": none */
	char state_dir[CFG_PATH_MAX], ue_socket[CFG_PATH_MAX], events[CFG_PATH_MAX];
	/* enum smssc_not_pending */
	int replace_not_pending;
	char sc_address[STR_DIGITS_MAX + 1];
	char allowed_hosts[NODE_ALLOWED_MAX][CFG_HOST_MAX];
	size_t allowed_hosts_n;
	uint64_t watchdog_ms;
	struct smssc_delivery_conf delivery;
	struct smssc_report_conf report;
	struct smssc_limits_conf limits;
	struct smssc_sme_conf smes;
};

/* Reads and checks the file. All errors are in `why`, as `FILE:LINE: ...`. *lines as from
 * cfg_read_all(): if it is not NULL, further checks may add errors. Set it to NULL before. */
ERR_MUST_USE int smssc_conf_load(struct smssc_conf *out, const char *path, struct cfg_lines **lines, struct report *why);
