/* cfg_iwf_audit.c - the section `audit`. */
#include "conf/cfg_iwf_audit.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "conf/cfg_iwf.h"
#include "conf/cfg_iwf_check.h"

#define HOUR_MS UINT64_C(3600000)
#define ORIGIN_END "/mtc-iwf-audit"

static const struct cfg_word failures[] = { { "refuse", CFG_AUDIT_REFUSE }, { "continue", CFG_AUDIT_CONTINUE }, { NULL, 0 } };

const struct cfg_row cfg_audit_rows[] = {
	CFG_BOOL("enabled", struct cfg_audit, on, "no",
		 "yes: every decision and every change becomes a record of the audit, in the directory audit below state_dir"),
	CFG_STRING("origin", struct cfg_audit, origin, 1, "",
		   "name of this audit in its checkpoints, worldwide unique, without blanks; empty: identity.internal.host and "
		   "/mtc-iwf-audit"),
	CFG_FILE("key", struct cfg_audit, key, "audit.key",
		 "PEM file of the Ed25519 key that signs checkpoints; the first start makes it (mode 0600), and its public half "
		 "beside it in a file with .pub at the end. Only the keyholder has it. Keep it outside state_dir"),
	CFG_DURATION("interval", struct cfg_audit, interval_ms, 100, HOUR_MS, "10s",
		     "how often the records are sealed, synced to the disk and covered by a checkpoint"),
	CFG_WORD("on_failure", struct cfg_audit, on_failure, failures, "refuse",
		 "what happens to requests while records cannot be written. refuse: 201; continue: they are decided, and their "
		 "records may be lost"),
	CFG_U32("queue", struct cfg_audit, queue_max, 1048576, 1073741824, "8388608",
		"bytes of records that may wait for the disk, twice in memory; when half of it is full, records count as not "
		"writable"),
	CFG_U64("segment_size", struct cfg_audit, segment_size, UINT64_C(1) << 16, UINT64_C(1) << 40, "67108864",
		"bytes of one file of records, before the next one begins"),
	CFG_U64("size_max", struct cfg_audit, size_max, UINT64_C(1) << 20, UINT64_C(1) << 50, "68719476736",
		"bytes that all files of records together may take; then records cannot be written. Tiles take a tenth more"),
	CFG_U32("refusals_per_second", struct cfg_audit, refusals_per_second, 0, 1000000, "100",
		"refusals of one SCS in a second that become records; further ones are counted in one record a second; 0: all"),
	CFG_FILE(
	    "archive", struct cfg_audit, archive, "",
	    "directory that 'mtcctl audit prune' moves old records to; the search over the control socket and on the console "
	    "reads them there, as the user of the core; the start makes it where it can, and one that comes later needs a "
	    "restart; "
	    "empty: none"),
	CFG_FILE("publish_file", struct cfg_audit, publish_file, "",
		 "file that each checkpoint is appended to as a line of JSON, for a program that carries it to another host; "
		 "opened again with SIGHUP; empty: none"),
	CFG_BOOL("publish_log", struct cfg_audit, publish_log, "no",
		 "yes: each checkpoint is written to the log, too, so that syslog or the journal carries it to another host"),
	CFG_STRING(
	    "publish_url", struct cfg_audit, publish_url, 1, "",
	    "URL (http) that each checkpoint is sent to by POST, as a line of JSON; the fetcher does it, and timers.ocsp is "
	    "its time; empty: none"),
	CFG_STRING("publish_address", struct cfg_audit, publish_address, 1, "",
		   "numeric address of the host that publish_url names: names are not resolved"),
	CFG_END,
};

static int check_url(const struct cfg_iwf *c, struct report *why)
{
	const struct cfg_audit *a = &c->audit;
	struct http_url url;
	const char *words;

	if (!*a->publish_url) {
		return !*a->publish_address ? 0
					    : cfg_wrong(why, c->lines, cfg_line(c->lines, "audit.publish_address"),
							"audit has a publish_address and no publish_url, expected the URL, too");
	}
	if (http_url_parse(&url, a->publish_url, &words)) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "audit.publish_url"),
				 "audit.publish_url is '%s', expected a URL such as http://192.0.2.1:8080/checkpoints: %s",
				 a->publish_url, words);
	}
	if (url.is_address != !*a->publish_address) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "audit.publish_url"),
				 url.is_address
				     ? "audit.publish_url has the address '%s' already, expected no publish_address"
				     : "audit.publish_url names the host '%s', and names are not resolved; expected its "
				       "numeric address in publish_address",
				 url.host);
	}
	return 0;
}

int cfg_audit_check(struct cfg_iwf *c, struct report *why)
{
	char *origin = c->audit.origin;
	size_t n = strlen(origin);

	if (!cfg_sound(c->lines, "audit")) {
		return 0;
	}
	if (check_url(c, why)) {
		return ERR_INVAL;
	}
	if (!n) {
		str_cut(origin, sizeof c->audit.origin, c->internal.host);
		if (strlen(origin) + sizeof ORIGIN_END <= sizeof c->audit.origin) {
			str_add(origin, sizeof c->audit.origin, ORIGIN_END);
		}
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (origin[i] <= ' ' || origin[i] > '~' || origin[i] == '+') {
			return cfg_wrong(
			    why, c->lines, cfg_line(c->lines, "audit.origin"),
			    "audit.origin '%s' has a blank, a '+' or a character that is not ASCII, expected a name such as "
			    "iwf.operator.example/audit",
			    origin);
		}
	}
	return 0;
}
