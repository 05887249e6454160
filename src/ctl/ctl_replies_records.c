/* ctl_replies_records.c - replies about triggers, decisions, quotas, the audit and traces: a
 * table, one row for each member. */
#include "ctl/ctl_reply_rows.h"

/* -- triggers */

static const struct ctl_member trigger_brief[] = {
	TEXT("scs", "name"),
	NUM("reference", "Reference-Number"),
	TEXT("device", "as the SCS named it"),
	TEXT("action", "trigger, recall or replace"),
	TEXT("state", "of the trigger"),
	TIME("received", "when the DAR was received"),
	MAY(TIME, "accepted", "when it was stored"),
	MAY(TIME, "expires", "end of its validity"),
	MAY(TEXT, "outcome", "of the delivery"),
	END,
};
static const struct ctl_form trigger_forms[] = { FORM("each trigger, the oldest first", trigger_brief), NO_MORE_FORMS };

static const struct ctl_member history[] = {
	TIME("at", "when"),
	NUM("after_ms", "since it was received"),
	TEXT("from", "state"),
	TEXT("to", "state"),
	TEXT("event", "that changed it"),
	MAY(TEXT, "reason", "of a refusal"),
	END,
};

static const struct ctl_member trigger[] = {
	TEXT("scs", "name"),
	NUM("reference", "Reference-Number"),
	TEXT("device", "as the SCS named it"),
	TEXT("action", "trigger, recall or replace"),
	TEXT("state", "of the trigger"),
	MAY(NUM, "old_reference", "of a recall or replace"),
	MAY(TIME, "received", "when the DAR was received"),
	MAY(TEXT, "answer", "Request-Status"),
	MAY(TIME, "accepted", "when it was stored"),
	MAY(TIME, "expires", "end of its validity"),
	MAY(TEXT, "outcome", "of the delivery"),
	MAY(TIME, "reported", "when the outcome was reported to the SCS"),
	MAY(TIME, "ended", "when the procedure ended"),
	MAY(BOOL, "untold", "true: the outcome was never reported to the SCS"),
	MAY(TIME, "cancelled", "when an operator cancelled it"),
	MAY(NUM, "cancelled_by_uid", "user id of the operator"),
	MAY(TEXT, "transaction", "in the decision log"),
	MAY(TEXT, "address", "of the SCS's connection"),
	MAY(TEXT, "rule", "text of the rule that allowed it"),
	MAY(TEXT, "taker", "Origin-Host of the SMS-SC that accepted it"),
	MAY(TEXT, "end_to_end", "End-to-End-Id of the DAR, 0x and 8 hexadecimal digits"),
	MAY(TEXT, "dtr_end_to_end", "of the DTR"),
	MAY(TEXT, "recall_end_to_end", "of the DTR that recalls it"),
	MAY(TEXT, "dnr_end_to_end", "of the DNR"),
	NUM("dtrs_sent", "retransmissions included"),
	NUM("recalls_sent", "retransmissions included"),
	NUM("dnrs_sent", "retransmissions included"),
	TEXT("request_digest", "of the DAR, hexadecimal"),
	MAY(TEXT, "waits_for", "while it is not finished"),
	MAY(TIME, "next", "attempt"),
	MAY(TIME, "until", "when it gives up"),
	MAY(NUM, "scs_sessions", "open connections of that SCS"),
	MAY(TEXT, "peer", "awaited peer: NAME (STATE)"),
	END,
};
static const struct ctl_form trigger_show_forms[] = { FORM("the trigger", trigger), NO_MORE_FORMS };
static const struct ctl_member trigger_last[] = {
	NUM("count", "1"),
	LIST("history", history, "each change of its state, the oldest first"),
	NUM("history_missing", "changes in the middle that were not kept"),
	END,
};

static const struct ctl_member cancelled[] = {
	TEXT("scs", "name"),
	NUM("reference", "Reference-Number"),
	TEXT("state", "of the trigger"),
	END,
};

/* -- decisions */

static const struct ctl_member decision[] = {
	NUM("number", "of the line, in the order of their coming since the core started; a value for before"),
	TEXT("time", "when it was made"),
	TEXT("transaction", "the same for all lines of a request; empty: of none"),
	TEXT("scs", "name; empty: not known"),
	TEXT("origin_host", "Diameter host"),
	TEXT("address", "of the connection; of a change: who made it"),
	TEXT("protection", "of the connection"),
	TEXT("device", "as the SCS named it"),
	TEXT("action",
	     "session, trigger, recall, replace, revoke, revoke-outcome, screening, configuration, provisioning or log"),
	ANY("reference", "Reference-Number; null: none"),
	TEXT("verdict", "accepted, refused or detected"),
	TEXT("reason", "code; empty: accepted"),
	TEXT("rule", "the rule that decided; of a change: the change"),
	TEXT("request_status", "sent to the SCS; empty: none"),
	END,
};
static const struct ctl_form decision_forms[] = { FORM("each decision, the newest first", decision), NO_MORE_FORMS };
static const struct ctl_member searched[] = {
	NUM("count", "lines before this one"),
	BOOLEAN("more", "older decisions are kept that were not looked at"),
	NUM("oldest", "number of the oldest decision that is kept"),
	END,
};

/* -- quotas */

static const struct ctl_member quota[] = {
	TEXT("scs", "name"),
	TEXT("day", "UTC, YYYY-MM-DD"),
	NUM("used", "triggers of that day"),
	NUM("asking", "undecided requests"),
	MAY(NUM, "quota", "absent: no limit"),
	MAY(NUM, "left", "absent: no limit"),
	END,
};
static const struct ctl_form quota_forms[] = { FORM("each SCS, or the given one", quota), NO_MORE_FORMS };
static const struct ctl_member quota_reset[] = {
	TEXT("scs", "name"),
	NUM("was", "used before"),
	END,
};

/* -- the audit */

static const struct ctl_member audit_record[] = {
	NUM("seq", "number of the record"),
	BOOLEAN("sealed", "a seal follows it: nobody can change it unseen"),
	ANY("record", "the record, an object as the file has it"),
	END,
};
static const struct ctl_form audit_record_forms[] = { FORM("each record, the newest first", audit_record), NO_MORE_FORMS };
static const struct ctl_member audit_searched[] = {
	NUM("count", "lines before this one"),
	BOOLEAN("more", "there are older records that were not looked at"),
	NUM("next", "number of the oldest record that was looked at; a value for before"),
	NUM("looked", "records that were looked at"),
	NUM("first", "number of the first record that is here or in audit.archive; those before were moved away"),
	MAY(TEXT, "archive_trouble", "why audit.archive cannot be read"),
	NUM("unreadable", "records that are none: run 'mtcctl audit verify'"),
	NUM("records", "in the audit"),
	NUM("sealed", "of them: the first so many are sealed"),
	NUM("checkpoint", "of them: the first so many are in the last checkpoint"),
	END,
};

/* -- traces and decisions */

#define TRACE                                                                                                                    \
	NUM("number", "of the trace since the start of the core"), BOOLEAN("running", "false: it has ended"),                    \
	    TEXT("filter", "what it copies"), BOOLEAN("unredacted", "true: identities and payloads are in its file"),            \
	    TEXT("file", "as mtcctl named it"), NUM("uid", "of the operator who started it"), TIME("since", "when it began"),    \
	    TIME("until", "when it ends at the latest"), NUM("octets_max", "bytes that its file may have"),                      \
	    NUM("octets", "bytes of its file"), NUM("messages", "written"), NUM("lost", "messages that had no room"),            \
	    TEXT("end", "why it ended; empty: it runs")
static const struct ctl_member trace_last[] = { TRACE, END };
static const struct ctl_form trace_forms[] = { FORM("the trace that runs, or the last one", trace_last), NO_MORE_FORMS };

static const struct ctl_member followed[] = {
	TIME("time", "of the decision"),
	TEXT("transaction", "its name"),
	TEXT("scs", "name; may be empty"),
	TEXT("origin_host", "Diameter host; may be empty"),
	TEXT("address", "of the connection, or who changed something"),
	TEXT("protection", "of the connection; may be empty"),
	TEXT("device", "as the SCS named it; may be empty"),
	TEXT("action", "trigger, recall, replace, session, provisioning, ..."),
	MAY(NUM, "reference", "Reference-Number"),
	TEXT("verdict", "accepted, refused or detected"),
	TEXT("reason", "may be empty"),
	TEXT("rule", "that decided; may be empty"),
	MAY(TEXT, "request_status", "Request-Status of the answer"),
	END,
};
static const struct ctl_member judged[] = {
	BOOLEAN("accepted", "the policy lets it pass; the HSS and the SMS-SC were not asked"),
	NUM("request_status", "Request-Status of the answer"),
	TEXT("status", "its name"),
	TEXT("reason", "code; empty: accepted"),
	TEXT("meaning", "of the reason"),
	TEXT("rule", "text of the deciding rule; empty: none"),
	TEXT("detected", "text of a detect-only rule that would refuse; empty: none"),
	TEXT("device", "as the request names it"),
	TEXT("action", "trigger, recall, replace, ..."),
	END,
};
static const struct ctl_member decisions_dropped[] = {
	NUM("dropped", "decisions left out here, because this reader was too slow"), END
};
static const struct ctl_member decisions_idle[] = { BOOLEAN("idle", "true: the subscription stands, nothing matched for a while"),
						    END };
static const struct ctl_form follow_forms[] = {
	FORM("each decision that matches, as it is made", followed),
	FORM("after decisions were left out", decisions_dropped),
	FORM("every few seconds", decisions_idle),
	NO_MORE_FORMS,
};

const struct ctl_reply ctl_replies_records[] = {
	{ "audit.search", audit_record_forms, audit_searched },
	{ "decisions.search", decision_forms, searched },
	{ "triggers.list", trigger_forms, counted },
	{ "triggers.show", trigger_show_forms, trigger_last },
	{ "triggers.cancel", NULL, cancelled },
	{ "trace.start trace.stop", NULL, trace_last },
	{ "trace.status", trace_forms, count_only },
	{ "decisions.follow", follow_forms, count_only },
	{ "requests.judge", NULL, judged },
	{ "quota.show", quota_forms, count_only },
	{ "quota.reset", NULL, quota_reset },
	{ NULL, NULL, NULL },
};
