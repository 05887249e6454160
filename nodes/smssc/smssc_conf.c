/* smssc_conf.c - its rows. */
#include "nodes/smssc/smssc_conf.h"

#include <string.h>
#include <sys/un.h>

static const struct cfg_word not_pendings[] = { { "stored", SMSSC_NOT_PENDING_STORED },
						{ "refused", SMSSC_NOT_PENDING_REFUSED },
						{ NULL, 0 } };

static const struct cfg_row delivery_rows[] = {
	CFG_DURATION("answer_wait", struct smssc_delivery_conf, answer_wait_ms, 10, 600000, "10s",
		     "how long a mobile may take to answer one part"),
	CFG_DURATION("retry_min", struct smssc_delivery_conf, retry_min_ms, 10, 3600000, "5s",
		     "rest after the first failure of a mobile that is registered; doubled each time"),
	CFG_DURATION("retry_max", struct smssc_delivery_conf, retry_max_ms, 10, 86400000, "5m", "longest rest"),
	CFG_DURATION("restart_wait", struct smssc_delivery_conf, restart_wait_ms, 0, 600000, "5s",
		     "after a restart, how long triggers without validity time wait for their mobile to register"),
	CFG_END,
};

static const struct cfg_row report_rows[] = {
	CFG_DURATION("answer_wait", struct smssc_report_conf, answer_wait_ms, 10, 600000, "5s",
		     "how long the MTC-IWF may take to acknowledge a delivery report"),
	CFG_DURATION("retry_min", struct smssc_report_conf, retry_min_ms, 10, 3600000, "1s",
		     "wait before the first repetition; doubled each time"),
	CFG_DURATION("retry_max", struct smssc_report_conf, retry_max_ms, 10, 86400000, "1m", "longest wait"),
	CFG_DURATION("retention", struct smssc_report_conf, retention_ms, 1000, 31536000000, "7d",
		     "how long a report that nobody acknowledges is kept"),
	CFG_END,
};

static const struct cfg_row limits_rows[] = {
	CFG_U32("messages", struct smssc_limits_conf, messages, 1, 10000000, "200000",
		"triggers and reports kept, and as many messages of SMEs; above it 5531 or ESME_RMSGQFUL"),
	CFG_U32("messages_per_ue", struct smssc_limits_conf, messages_per_ue, 1, 100000, "1000",
		"triggers that wait for one mobile, and as many messages of SMEs"),
	CFG_U32("ues", struct smssc_limits_conf, ues, 1, 10000000, "200000",
		"mobiles that are registered or have a trigger, at one time"),
	CFG_U32("ues_per_connection", struct smssc_limits_conf, ues_per_connection, 1, 10000000, "100000",
		"mobiles registered by one connection of the lab link"),
	CFG_U32("ue_connections", struct smssc_limits_conf, ue_connections, 1, 4096, "64", "connections of the lab link"),
	CFG_U32("duplicates", struct smssc_limits_conf, duplicates, 1, 100000000, "1000000",
		"answered requests remembered to recognise repetitions"),
	CFG_DURATION("duplicates_window", struct smssc_limits_conf, duplicates_window_ms, 240000, 31536000000, "1d",
		     "and for how long"),
	CFG_U32("store", struct smssc_limits_conf, store_mib, 1, 1048576, "4096",
		"largest size of the store on disk, MiB; messages of SMEs take at most half of it"),
	CFG_END,
};

static const struct cfg_row rows[] = {
	NODE_CONF_ROWS(struct smssc_conf),
	CFG_FILE("state_dir", struct smssc_conf, state_dir, NULL, "directory of the store; made when it is not there"),
	CFG_FILE("ue_socket", struct smssc_conf, ue_socket, NULL, "UNIX socket of the lab link, where mtc-ue connects"),
	CFG_FILE("events", struct smssc_conf, events, "",
		 "file that gets a JSON line for each trigger taken, outcome, removal and report that is over; empty: none"),
	CFG_DIGITS("sc_address", struct smssc_conf, sc_address, 5, 15, NULL, "E.164 number of this SMS-SC, without +"),
	CFG_TEXTS("allowed_hosts", CFG_T_HOST, struct smssc_conf, allowed_hosts, allowed_hosts_n, 0, "",
		  "Origin-Hosts that may connect; without the list every one may. With smes it is required"),
	CFG_WORD("replace_not_pending", struct smssc_conf, replace_not_pending, not_pendings, "stored",
		 "a replace whose original is no longer pending is answered 5535. stored: the replacement "
		 "is delivered as a new trigger, as TS 23.682 5.2.3.2 has it; refused: it is not"),
	CFG_DURATION("watchdog", struct smssc_conf, watchdog_ms, 6000, 600000, "30s", "Tw of the Diameter watchdog"),
	CFG_SECTION("delivery", struct smssc_conf, delivery, delivery_rows, "", "how mobiles are tried"),
	CFG_SECTION("report", struct smssc_conf, report, report_rows, "", "how outcomes are told"),
	CFG_SECTION("limits", struct smssc_conf, limits, limits_rows, "", "bounds"),
	CFG_SECTION("smes", struct smssc_conf, smes, smssc_sme_rows, "", "applications that submit messages over SMPP"),
	CFG_END,
};

static int check_socket(const struct smssc_conf *c, const struct cfg_lines *lines, struct report *why)
{
	size_t path_max = sizeof((struct sockaddr_un *)0)->sun_path - 1;

	if (strlen(c->ue_socket) <= path_max) {
		return 0;
	}
	return cfg_wrong(why, lines, cfg_line(lines, "ue_socket"),
			 "the path '%s' is longer than a socket may have: expected at most %zu bytes", c->ue_socket, path_max);
}

static int check_retry(const char *section, uint64_t min_ms, uint64_t max_ms, const struct cfg_lines *lines, struct report *why)
{
	if (max_ms >= min_ms || !cfg_sound(lines, "%s", section)) {
		return 0;
	}
	return cfg_wrong(why, lines, cfg_line(lines, "%s.retry_max", section), "%s.retry_max is below retry_min", section);
}

/* The filter of SMEs and mobiles is worth nothing beside an entrance for everybody. */
static int check_hosts(const struct smssc_conf *c, const struct cfg_lines *lines, struct report *why)
{
	if (!smssc_sme_on(&c->smes) || c->allowed_hosts_n || !cfg_sound(lines, "allowed_hosts") || !cfg_sound(lines, "smes")) {
		return 0;
	}
	return cfg_wrong(
	    why, lines, cfg_line(lines, "smes"),
	    "smes needs allowed_hosts: without that list every host that connects to listen can send triggers, which "
	    "SMEs and mobiles may not. Write allowed_hosts: [HOST], with identity.internal.host of mtc-iwfd");
}

static bool check(const struct smssc_conf *c, const struct cfg_lines *lines, struct report *why)
{
	bool well = node_listen_check(&c->listen, lines, why) == 0;

	well = check_socket(c, lines, why) == 0 && well;
	well = smssc_sme_check(&c->smes, lines, why) && well;
	well = check_hosts(c, lines, why) == 0 && well;
	well = check_retry("delivery", c->delivery.retry_min_ms, c->delivery.retry_max_ms, lines, why) == 0 && well;
	return check_retry("report", c->report.retry_min_ms, c->report.retry_max_ms, lines, why) == 0 && well;
}

int smssc_conf_load(struct smssc_conf *out, const char *path, struct cfg_lines **lines, struct report *why)
{
	int err = cfg_read_file(out, sizeof *out, rows, path, lines, why);

	if (*lines && !check(out, *lines, why) && !err) {
		err = ERR_INVAL;
	}
	return err;
}
