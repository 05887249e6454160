/* hss_conf.c - its rows. */
#include "nodes/hss/hss_conf.h"

static const struct cfg_row rows[] = {
	NODE_CONF_ROWS(struct hss_conf),
	CFG_FILE("subscribers", struct hss_conf, subscribers, NULL, "file of the subscribers, one JSON object a line"),
	CFG_U32("subscribers_min", struct hss_conf, subscribers_min, 0, UINT32_MAX, "1",
		"a file with fewer subscribers is refused, at the start and when it is read again; 0: it may be empty"),
	CFG_TEXTS("allowed_hosts", CFG_T_HOST, struct hss_conf, allowed_hosts, allowed_hosts_n, 0, "",
		  "Origin-Hosts that may connect; without the list every one may"),
	CFG_U32("connections_max", struct hss_conf, connections_max, 1, 4096, "256", "connections at one time"),
	CFG_DURATION("watchdog", struct hss_conf, watchdog_ms, 6000, 600000, "30s", "Tw of the Diameter watchdog"),
	CFG_END,
};

int hss_conf_load(struct hss_conf *out, const char *path, struct cfg_lines **lines, struct report *why)
{
	int err = cfg_read_file(out, sizeof *out, rows, path, lines, why), checked;

	if (!*lines) {
		return err;
	}
	checked = node_listen_check(&out->listen, *lines, why);
	return err ? err : checked;
}
