/* ctl_replies.c - the members of the replies, one row each. */
#include "ctl/ctl_replies.h"

#include "base/scs_limits.h"

#define ROW(name_, type_, optional_, members_, meaning_)                                                                         \
	{                                                                                                                        \
		.name = name_, .type = type_, .optional = optional_, .members = members_, .meaning = meaning_                    \
	}
#define TEXT(name_, meaning_) ROW(name_, CTL_M_TEXT, false, NULL, meaning_)
#define NUM(name_, meaning_) ROW(name_, CTL_M_NUM, false, NULL, meaning_)
#define BOOLEAN(name_, meaning_) ROW(name_, CTL_M_BOOL, false, NULL, meaning_)
#define TIME(name_, meaning_) ROW(name_, CTL_M_TIME, false, NULL, meaning_)
#define TEXTS(name_, meaning_) ROW(name_, CTL_M_TEXTS, false, NULL, meaning_)
#define OBJECT(name_, members_, meaning_) ROW(name_, CTL_M_OBJECT, false, members_, meaning_)
#define LIST(name_, members_, meaning_) ROW(name_, CTL_M_LIST, false, members_, meaning_)
#define ANY(name_, meaning_) ROW(name_, CTL_M_ANY, false, NULL, meaning_)
#define MAY(type_, name_, meaning_) ROW(name_, CTL_M_##type_, true, NULL, meaning_)
#define END                                                                                                                      \
	{                                                                                                                        \
		.name = NULL                                                                                                     \
	}
#define FORM(name_, members_)                                                                                                    \
	{                                                                                                                        \
		name_, members_                                                                                                  \
	}
#define NO_MORE_FORMS                                                                                                            \
	{                                                                                                                        \
		NULL, NULL                                                                                                       \
	}

/* -- shared */

static const struct ctl_member count_only[] = { NUM("count", "lines before this one"), END };

static const struct ctl_member counted[] = {
	NUM("count", "lines before this one"),
	BOOLEAN("more", "there are more, which the limit cut off"),
	END,
};

static const struct ctl_member needs_yes[] = {
	BOOLEAN("needs_yes", "true: nothing was done"),
	TEXT("text", "what would go, in words"),
	NUM("deletes", "rows that would go, for deletes_max"),
	END,
};

static const struct ctl_form needs_yes_forms[] = {
	FORM("when it deletes much, and neither yes nor deletes_max lets it", needs_yes), NO_MORE_FORMS
};

static const struct ctl_member reason[] = {
	TEXT("reason", "a word for programs"),
	TEXT("text", "what is wrong"),
	TEXT("advice", "what to do next"),
	END,
};

static const struct ctl_member changed[] = {
	TEXT("key", "name of the argument"),
	ANY("before", "its value until now"),
	ANY("now", "its value"),
	BOOLEAN("named", "the request named it; false: it has its default again"),
	END,
};

#define HEALTHY                                                                                                                  \
	BOOLEAN("healthy", "no reason is there"), LIST("reasons", reason, "each thing that stops triggers or loses records")
#define FORGIVEN                                                                                                                 \
	NUM("forgiven", "answers that lacked something and were taken all the same"),                                            \
	    MAY(TEXT, "lapses", "what they lacked, in words")
#define WARNINGS MAY(TEXTS, "warnings", "what is done and likely not meant, in words")

/* -- the gateway */

static const struct ctl_member journal[] = {
	TEXT("state", "ok, full or failing"),
	TIME("since", "when it last changed"),
	NUM("records", "stored"),
	NUM("octets", "stored"),
	NUM("waiting", "for a commit"),
	END,
};

static const struct ctl_member memory[] = {
	TEXT("state", "ok or short"),
	TIME("since", "when it last changed"),
	NUM("octets", "private, writable; 0: not known"),
	NUM("limit", "limits.memory"),
	NUM("reserve", "kept for what was accepted"),
	END,
};

static const struct ctl_member edge[] = {
	TEXT("name", "of the process"),
	TEXT("zone", "external or internal"),
	NUM("pid", "of the process"),
	NUM("generation", "how often it was started"),
	NUM("sessions", "connections of SCSs"),
	TEXT("state", "up or down"),
	NUM("files", "generation of the files that it uses"),
	END,
};

static const struct ctl_member store[] = {
	TEXT("name", "of the store"),
	NUM("octets", "of its file"),
	NUM("size_max", "octets that the file may have"),
	NUM("left", "octets that are free, in the file or on the disk, whichever is less"),
	NUM("disk", "octets that are free on the disk"),
	TEXT("state", "of the last write: ok, full or failing"),
	TEXT("key", "of the configuration, for size_max"),
	MAY(NUM, "reader", "process that reads an old state, when there is one"),
	MAY(TEXT, "reader_name", "who that is, for people: process PID, or what of the core"),
	MAY(NUM, "reader_s", "seconds since it began"),
	MAY(NUM, "reader_behind", "commits since then"),
	MAY(NUM, "held", "octets that are not used again because of it"),
	END,
};

static const struct ctl_member written[] = {
	TEXT("name", "decision log or log"),
	TEXT("path", "of the file"),
	TEXT("state", "ok, full or failing"),
	TEXT("error", "of the last write; empty: none"),
	NUM("lost", "lines"),
	END,
};

static const struct ctl_member file[] = {
	TEXT("path", "of the file"),
	TEXT("of", "listener, peer or anchor"),
	TEXT("name", "of the listener, peer or anchor"),
	TIME("not_after", "end of the certificate"),
	NUM("days_left", "until then"),
	END,
};

static const struct ctl_member status[] = {
	TEXT("version", "of mtc-iwfd"),
	TEXT("identity", "Diameter host towards SCSs"),
	TEXT("realm", "Diameter realm towards SCSs"),
	TEXT("core_identity", "Diameter host towards HSS and SMS-SC"),
	TEXT("core_realm", "Diameter realm towards HSS and SMS-SC"),
	TIME("started", "when the core started"),
	NUM("uptime_s", "seconds since then"),
	NUM("pid", "of the core"),
	NUM("sessions", "connections of SCSs"),
	NUM("pending", "DARs without DAA"),
	NUM("triggers", "accepted, not yet reported and acknowledged"),
	NUM("scs", "provisioned"),
	NUM("rules", "provisioned"),
	OBJECT("journal", journal, "what was accepted"),
	OBJECT("memory", memory, "of the core"),
	LIST("edges", edge, "the processes that speak with SCSs"),
	LIST("stores", store, "the files of the state"),
	LIST("written", written, "files of lines that grow"),
	NUM("files_generation", "of the certificates, keys and anchors in use"),
	LIST("files", file, "certificates and anchors in use"),
	HEALTHY,
	END,
};

static const struct ctl_member health[] = { HEALTHY, END };

static const struct ctl_member reload_line[] = {
	TEXT("kind", "error, warning or renewed"),
	TEXT("text", "the file, and what is wrong with it"),
	END,
};
static const struct ctl_form reload_forms[] = { FORM("each file that is renewed or wrong", reload_line), NO_MORE_FORMS };
static const struct ctl_member reload[] = {
	NUM("files_generation", "of the files now in use"),
	NUM("renewed", "number of files"),
	END,
};

static const struct ctl_member peer[] = {
	TEXT("name", "in the configuration"),
	TEXT("host", "Diameter host"),
	TEXT("realm", "Diameter realm"),
	TEXT("address", "ADDRESS:PORT"),
	TEXT("protection", "of the connection"),
	TEXT("state", "open, or what it is instead (mtcctl(1) lists the words)"),
	TEXT("reason", "why; empty: the state says it all"),
	TIME("since", "when the state began"),
	NUM("pending", "requests without an answer"),
	NUM("requests", "sent"),
	NUM("answers", "received"),
	NUM("timeouts", "requests that were not answered in time"),
	FORGIVEN,
	MAY(NUM, "next_attempt_s", "seconds until the next attempt to connect"),
	END,
};
static const struct ctl_form peer_forms[] = { FORM("each peer", peer), NO_MORE_FORMS };
static const struct ctl_member peer_changed[] = {
	TEXT("name", "in the configuration"),
	TEXT("state", "as of peers"),
	END,
};

static const struct ctl_member session[] = {
	TEXT("session", "its name, for assoc.check"),
	TEXT("scs", "name"),
	TEXT("origin_host", "Diameter host"),
	TEXT("address", "ADDRESS:PORT"),
	TEXT("listener", "in the configuration"),
	TEXT("zone", "external or internal"),
	TEXT("protection", "of the connection"),
	TEXT("edge", "the process that has it"),
	TIME("since", "when it was admitted"),
	NUM("pending", "requests without an answer"),
	TEXTS("groups", "stored ones, and those that its certificate proves"),
	FORGIVEN,
	END,
};
static const struct ctl_form session_forms[] = { FORM("each session", session), NO_MORE_FORMS };

static const struct ctl_member stat[] = {
	TEXT("name", "of the counter"),
	NUM("value", "since the core started"),
	TEXT("help", "what it counts"),
	END,
};
static const struct ctl_form stat_forms[] = { FORM("each counter", stat), NO_MORE_FORMS };

static const struct ctl_member log_level[] = {
	TEXT("level", "the new one"),
	TEXT("was", "the one before"),
	END,
};

/* -- SCSs */

static const struct ctl_member scs_put[] = {
	TEXT("scs", "name"),
	BOOLEAN("replaced", "there was one of this name"),
	LIST("changed", changed, "what is different; empty for a new one"),
	NUM("sessions_cut", "connections that would now be refused and were ended"),
	END,
};

static const struct ctl_member scs_deleted[] = {
	TEXT("scs", "name"),
	NUM("rules_deleted", "that went along"),
	NUM("sessions_cut", "connections that were ended"),
	END,
};

#define SCS_NAMES                                                                                                                \
	TEXT("name", "of the SCS"), TEXT("e164", "SCS-Identity"), TEXT("origin_host", "Diameter host"),                          \
	    TEXT("realm", "Diameter realm"), TEXT("anchor", "name of its trust anchor")

static const struct ctl_member scs_brief[] = { SCS_NAMES, NUM("sessions", "open connections"), END };
static const struct ctl_form scs_forms[] = { FORM("each SCS", scs_brief), NO_MORE_FORMS };

#define TYPE_U32 CTL_M_NUM
#define TYPE_U16 CTL_M_NUM
#define TYPE_ON CTL_M_BOOL
#define TYPE_OFF CTL_M_BOOL
#define TYPE_RIGHTS CTL_M_TEXTS
#define LIMIT(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                               \
	ROW(#member_, TYPE_##kind_, false, NULL, meaning_),
#define IN_FORCE_OWN(member_, kind_)
#define IN_FORCE_CONF(member_, kind_) ROW(#member_, TYPE_##kind_, false, NULL, "the smaller of its own and the configuration's"),
#define IN_FORCE(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) IN_FORCE_##where_(member_, kind_)

static const struct ctl_member in_force[] = { SCS_LIMITS(IN_FORCE) END };

static const struct ctl_member scs[] = {
	SCS_NAMES,
	SCS_LIMITS(LIMIT) OBJECT("in_force", in_force, "limits that the configuration has, too"),
	NUM("rules", "on it"),
	NUM("sessions", "open connections"),
	TEXTS("groups", "that it is stored to be in"),
	END,
};
static const struct ctl_form scs_show_forms[] = { FORM("the SCS", scs), NO_MORE_FORMS };

/* -- groups and sets */

static const struct ctl_member group_put[] = {
	TEXT("group", "name"),
	TEXT("anchor", "whose certificates may prove it; empty: none"),
	BOOLEAN("replaced", "there was one of this name"),
	LIST("changed", changed, "what is different; empty for a new one"),
	END,
};

static const struct ctl_member group_deleted[] = {
	TEXT("group", "name"),
	NUM("rules_deleted", "that went along"),
	END,
};

static const struct ctl_member group_brief[] = {
	TEXT("name", "of the group"),
	TEXT("anchor", "whose certificates may prove it; empty: none"),
	NUM("members", "stored"),
	NUM("rules", "on it"),
	END,
};
static const struct ctl_form group_forms[] = { FORM("each group", group_brief), NO_MORE_FORMS };

static const struct ctl_member proven[] = {
	TEXT("scs", "name"),
	TEXT("session", "its name"),
	TEXT("address", "ADDRESS:PORT"),
	MAY(TIME, "until", "end of the certificate"),
	END,
};
static const struct ctl_member group[] = {
	TEXT("name", "of the group"),
	TEXT("anchor", "whose certificates may prove it; empty: none"),
	TEXT("uri", "in a certificate that proves it; empty: none does"),
	TEXTS("members", "names of SCSs, stored"),
	NUM("rules", "on it"),
	LIST("proven", proven, "open sessions whose certificates prove it, the first 100"),
	NUM("proven_sessions", "number of all of these"),
	END,
};
static const struct ctl_form group_show_forms[] = { FORM("the group", group), NO_MORE_FORMS };

static const struct ctl_member group_member[] = {
	TEXT("group", "name"), TEXT("scs", "name"), BOOLEAN("member", "it is one now"), WARNINGS, END,
};

static const struct ctl_member set_put[] = { TEXT("set", "name"), END };
static const struct ctl_member set_renamed[] = {
	TEXT("set", "its new name"),
	LIST("changed", changed, "the name"),
	END,
};
static const struct ctl_member set_deleted[] = {
	TEXT("set", "name"),
	NUM("members", "that went along"),
	NUM("rules_deleted", "that went along"),
	END,
};
static const struct ctl_member set_brief[] = {
	TEXT("name", "of the set"),
	NUM("members", "devices in it"),
	NUM("rules", "on it"),
	END,
};
static const struct ctl_form set_forms[] = { FORM("each set", set_brief), NO_MORE_FORMS };
static const struct ctl_member set_line[] = { TEXT("device", "in it"), END };
static const struct ctl_form set_show_forms[] = { FORM("each device", set_line), NO_MORE_FORMS };
static const struct ctl_member set[] = {
	NUM("count", "lines before this one"),
	BOOLEAN("more", "there are more, which the limit cut off"),
	NUM("members", "devices in it"),
	NUM("rules", "on it"),
	END,
};
static const struct ctl_member set_member[] = {
	TEXT("set", "name"), TEXT("device", "in its canonical form"), BOOLEAN("member", "it is one now"), WARNINGS, END,
};

/* -- rules */

#define RULE_VALUES                                                                                                              \
	TEXTS("rights", "actions that the rule speaks about"), TEXT("mode", "enforce or detect-only"),                           \
	    MAY(TIME, "not_before", "from which it holds"), MAY(TIME, "not_after", "until which it holds")
#define RULE                                                                                                                     \
	TEXT("scs", "name, group:NAME or *"), TEXT("device", "canonical, or a set of devices"),                                  \
	    TEXT("effect", "allow, deny or block")

static const struct ctl_member rule_values[] = { RULE_VALUES, END };
static const struct ctl_member rule_added[] = {
	RULE,        BOOLEAN("replaced", "there was one that said this"),
	RULE_VALUES, ROW("before", CTL_M_OBJECT, true, rule_values, "of the rule that was replaced"),
	WARNINGS,    END,
};
static const struct ctl_member rule_deleted[] = {
	TEXT("scs", "as in the request"),
	TEXT("device", "as in the request"),
	NUM("count", "rules deleted"),
	END,
};
static const struct ctl_member rule_line[] = { RULE, RULE_VALUES, END };
static const struct ctl_form rule_forms[] = { FORM("each rule", rule_line), NO_MORE_FORMS };
static const struct ctl_member rule_shown[] = { RULE, RULE_VALUES, TEXT("state", "in force, not yet or over"), END };
static const struct ctl_form rule_show_forms[] = { FORM("each rule", rule_shown), NO_MORE_FORMS };

static const struct ctl_member check_proof[] = {
	TEXT("by", "nothing, names, session or certificate"),
	MAY(TEXT, "session", "its name"),
	MAY(TEXT, "subject", "of the certificate"),
	MAY(TIME, "until", "end of the certificate"),
	TEXTS("groups", "that it proves"),
	END,
};
static const struct ctl_member check_hss[] = {
	BOOLEAN("answered", "the HSS did"),
	BOOLEAN("allowed", "it lets the trigger go on"),
	TEXT("reason", "code; empty: allowed or not answered"),
	TEXT("meaning", "of the reason"),
	TEXTS("names", "that it knows of the device"),
	MAY(BOOL, "absent", "registered nowhere now; when it answered"),
	MAY(NUM, "took_ms", "until the answer"),
	MAY(TEXT, "error", "why there is no answer"),
	END,
};
static const struct ctl_member check_change[] = {
	TEXT("change", "add, delete, detect-only, enforce, right (the rule gets it), begin, end (the rule does, at `at`), "
		       "join-group, join-set, "
		       "leave-group or leave-set (of `name`, because of the rule)"),
	TEXT("rule", "its text"),
	MAY(TIME, "at", "from or until which it has to hold"),
	MAY(TEXT, "name", "of the group or set"),
	END,
};
static const struct ctl_member check[] = {
	BOOLEAN("allowed", "the answer"),
	TEXT("reason", "code; empty: allowed"),
	TEXT("meaning", "of the reason"),
	TEXT("rule", "text of the rule that decides; empty: none"),
	TEXTS("beaten", "text of each rule that matched and lost"),
	TEXTS("detected", "text of each detect-only rule that would have refused"),
	TEXT("device", "canonical"),
	TEXT("scs", "name"),
	TEXT("action", "that was asked about"),
	TIME("at", "time that was asked about"),
	MAY(TEXT, "msisdn", "when both names were given"),
	TEXTS("groups", "of the SCS"),
	TEXTS("unproven", "groups that were asked about and are not its own"),
	TEXTS("unproven_why", "for each of them the reason, in words"),
	MAY(TEXT, "beyond_rules", "who refuses whatever the rules say: certificate, session, hss or other-name"),
	OBJECT("proof", check_proof, "where the groups come from"),
	ROW("hss", CTL_M_OBJECT, true, check_hss, "its answer, when it was asked"),
	TEXTS("not_asked", "who decides, too, and was not asked, in words"),
	TEXTS("path", "what else on the path refuses, in words"),
	LIST("changes", check_change, "each alone makes the other answer, together with `needs`"),
	TEXTS("needs", "what has to be done beside, in words"),
	BOOLEAN("needs_suffice", "`needs` alone makes the other answer"),
	BOOLEAN("more", "there are changes that were not looked at"),
	END,
};

/* -- files */

static const struct ctl_member import_progress[] = {
	BOOLEAN("progress", "true"),
	TEXT("phase", "read, merge, sync or switch"),
	NUM("rows", "done"),
	NUM("rows_total", "0: not known"),
	NUM("octets", "read"),
	NUM("octets_total", "0: not known"),
	END,
};
static const struct ctl_member import_mistake[] = {
	NUM("line", "of the file"),
	TEXT("error", "what is wrong there"),
	END,
};
static const struct ctl_member import_goes[] = { TEXT("goes", "text of a row that is deleted"), END };
static const struct ctl_form import_forms[] = {
	FORM("now and then", import_progress),
	FORM("each mistake, the first 20", import_mistake),
	FORM("the first ten rows that go, of a dry run and of one that wants a yes", import_goes),
	FORM("when it deletes much, and neither yes nor deletes_max lets it", needs_yes),
	NO_MORE_FORMS,
};
static const struct ctl_member import[] = {
	NUM("rows", "of the file"),
	NUM("added", "rows"),
	NUM("replaced", "rows"),
	NUM("unchanged", "rows"),
	NUM("deleted", "rows"),
	NUM("along", "rules that went with an SCS, group or set"),
	BOOLEAN("dry_run", "nothing was changed"),
	BOOLEAN("needs_yes", "of a dry run: for real it wants a yes"),
	BOOLEAN("undo", "the state before is kept"),
	TEXTS("left_alone", "columns that no row of the file has"),
	TEXTS("left_alone_in_some", "columns that some rows of the file lack"),
	TEXTS("warnings", "what is done and likely not meant, in words"),
	END,
};

static const struct ctl_member export_progress[] = {
	BOOLEAN("progress", "true"),    TEXT("phase", "write"),   NUM("rows", "written"),
	NUM("rows_total", "there are"), NUM("octets", "written"), END,
};
static const struct ctl_member export_unwritten[] = { BOOLEAN("unwritten", "true: the target is full or closed"), END };
static const struct ctl_form export_forms[] = {
	FORM("now and then", export_progress),
	FORM("when the target could not be written, before the error", export_unwritten),
	NO_MORE_FORMS,
};
static const struct ctl_member export[] = {
	NUM("rows", "written"),
	NUM("octets", "written"),
	END,
};

#define KEPT_STATE                                                                                                               \
	TIME("at", "when the import was made"), TEXT("kind", "scs, group, set, assoc or block"), TEXT("file", "its name"),       \
	    BOOLEAN("replace", "the file became all there was of its kind"), NUM("rows", "of the file"), NUM("added", "rows"),   \
	    NUM("replaced", "rows"), NUM("deleted", "rows"), NUM("along", "rules that went with an SCS, group or set"),          \
	    NUM("since", "changes by hand after this import and before the next one")

static const struct ctl_member undo[] = {
	KEPT_STATE,
	NUM("goes", "rows that it takes away, at most"),
	NUM("left", "states that are still kept"),
	BOOLEAN("needs_yes", "of a dry run: for real it wants a yes"),
	BOOLEAN("dry_run", "nothing was changed"),
	END,
};
static const struct ctl_member kept[] = { KEPT_STATE, NUM("octets", "that it takes"), END };
static const struct ctl_form kept_forms[] = { FORM("each state, the newest first", kept), NO_MORE_FORMS };

static const struct ctl_member backup_progress[] = {
	BOOLEAN("progress", "true"), TEXT("phase", "copy"), NUM("octets", "copied"), NUM("octets_total", "at most"), END,
};
static const struct ctl_form backup_forms[] = { FORM("now and then", backup_progress), NO_MORE_FORMS };
static const struct ctl_member timeline[] = {
	TEXT("boot", "of the system on which the journal's times count"),
	NUM("base_ms", "of the journal's times"),
	NUM("wall_ms", "real time at the base, milliseconds since 1970"),
	NUM("last_ms", "the last time that was used"),
	END,
};
static const struct ctl_member backup[] = {
	TEXT("store", "which file of the state"),
	NUM("octets", "of the copy"),
	TEXT("sha256", "of the copy, hexadecimal"),
	TEXT("version", "of mtc-iwfd"),
	TEXT("identity", "Diameter host towards SCSs"),
	MAY(NUM, "generation", "of the two files of the associations: a backup has both of one generation"),
	ROW("timeline", CTL_M_OBJECT, true, timeline, "of the journal"),
	END,
};

/* -- triggers */

static const struct ctl_member trigger_brief[] = {
	TEXT("scs", "name"),
	NUM("reference", "Reference-Number"),
	TEXT("device", "as the SCS named it"),
	TEXT("action", "trigger, recall or replace"),
	TEXT("state", "of the trigger"),
	TIME("received", "when the DAR came"),
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
	MAY(TIME, "received", "when the DAR came"),
	MAY(TEXT, "answer", "Request-Status"),
	MAY(TIME, "accepted", "when it was stored"),
	MAY(TIME, "expires", "end of its validity"),
	MAY(TEXT, "outcome", "of the delivery"),
	MAY(TIME, "reported", "when the SCS was told the outcome"),
	MAY(TIME, "ended", "when nothing was left to do"),
	MAY(BOOL, "untold", "true: the SCS was never told the outcome"),
	MAY(TIME, "cancelled", "when an operator took it back"),
	MAY(NUM, "cancelled_by_uid", "user id of the operator"),
	MAY(TEXT, "transaction", "in the decision log"),
	MAY(TEXT, "address", "of the SCS's connection"),
	MAY(TEXT, "rule", "text of the rule that allowed it"),
	MAY(TEXT, "taker", "Origin-Host of the SMS-SC that has it"),
	MAY(TEXT, "end_to_end", "End-to-End-Id of the DAR, 0x and 8 hexadecimal digits"),
	MAY(TEXT, "dtr_end_to_end", "of the DTR"),
	MAY(TEXT, "recall_end_to_end", "of the DTR that recalls it"),
	MAY(TEXT, "dnr_end_to_end", "of the DNR"),
	NUM("dtrs_sent", "copies included"),
	NUM("recalls_sent", "copies included"),
	NUM("dnrs_sent", "copies included"),
	TEXT("request_digest", "of the DAR, hexadecimal"),
	MAY(TEXT, "waits_for", "while it is under way"),
	MAY(TIME, "next", "attempt"),
	MAY(TIME, "until", "when it gives up"),
	MAY(NUM, "scs_sessions", "open connections of the SCS that it waits for"),
	MAY(TEXT, "peer", "that it waits for: NAME (STATE)"),
	END,
};
static const struct ctl_form trigger_show_forms[] = { FORM("the trigger", trigger), NO_MORE_FORMS };
static const struct ctl_member trigger_last[] = {
	NUM("count", "1"),
	LIST("history", history, "each change of its state, the oldest first"),
	NUM("history_missing", "changes in the middle that are not kept"),
	END,
};

static const struct ctl_member cancelled[] = {
	TEXT("scs", "name"),
	NUM("reference", "Reference-Number"),
	TEXT("state", "of the trigger"),
	END,
};

/* -- quotas */

static const struct ctl_member quota[] = {
	TEXT("scs", "name"),
	TEXT("day", "UTC, YYYY-MM-DD"),
	NUM("used", "triggers of the day"),
	NUM("asking", "requests that are not decided"),
	MAY(NUM, "quota", "absent: no limit"),
	MAY(NUM, "left", "absent: no limit"),
	END,
};
static const struct ctl_form quota_forms[] = { FORM("each SCS, or the one", quota), NO_MORE_FORMS };
static const struct ctl_member quota_reset[] = {
	TEXT("scs", "name"),
	NUM("was", "used until now"),
	END,
};

const struct ctl_reply ctl_replies[] = {
	{ "status", NULL, status },
	{ "health", NULL, health },
	{ "reload", reload_forms, reload },
	{ "peers", peer_forms, count_only },
	{ "peers.start peers.stop", NULL, peer_changed },
	{ "sessions", session_forms, count_only },
	{ "stats", stat_forms, count_only },
	{ "log.level", NULL, log_level },
	{ "scs.add scs.set", NULL, scs_put },
	{ "scs.del", needs_yes_forms, scs_deleted },
	{ "scs.list", scs_forms, count_only },
	{ "scs.show", scs_show_forms, count_only },
	{ "group.add group.set", NULL, group_put },
	{ "group.del", needs_yes_forms, group_deleted },
	{ "group.list", group_forms, count_only },
	{ "group.show", group_show_forms, count_only },
	{ "group.member.add group.member.del", NULL, group_member },
	{ "set.add", NULL, set_put },
	{ "set.set", NULL, set_renamed },
	{ "set.del", needs_yes_forms, set_deleted },
	{ "set.list", set_forms, count_only },
	{ "set.show", set_show_forms, set },
	{ "set.member.add set.member.del", NULL, set_member },
	{ "assoc.add", NULL, rule_added },
	{ "assoc.del", NULL, rule_deleted },
	{ "assoc.list", rule_forms, counted },
	{ "assoc.show", rule_show_forms, count_only },
	{ "assoc.check", NULL, check },
	{ "scs.import group.import set.import assoc.import block.import", import_forms, import },
	{ "scs.export group.export set.export assoc.export block.export", export_forms, export },
	{ "assoc.undo", needs_yes_forms, undo },
	{ "assoc.undo.list", kept_forms, count_only },
	{ "backup.copy", backup_forms, backup },
	{ "triggers.list", trigger_forms, counted },
	{ "triggers.show", trigger_show_forms, trigger_last },
	{ "triggers.cancel", NULL, cancelled },
	{ "quota.show", quota_forms, count_only },
	{ "quota.reset", NULL, quota_reset },
	{ NULL, NULL, NULL },
};
