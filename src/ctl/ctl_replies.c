/* ctl_replies.c - the members of the replies, one row each. */
#include "ctl/ctl_replies.h"

#include "base/scs_limits.h"
#include "base/scs_ndsip.h"

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
#define MAY_OBJECT(name_, members_, meaning_) ROW(name_, CTL_M_OBJECT, true, members_, meaning_)
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
	BOOLEAN("more", "the limit cut the list off"),
	END,
};

static const struct ctl_member needs_yes[] = {
	BOOLEAN("needs_yes", "true: nothing was done"),
	TEXT("text", "what would be deleted, in words"),
	NUM("deletes", "rows that would be deleted; a value for deletes_max"),
	END,
};

static const struct ctl_form needs_yes_forms[] = {
	FORM("when many rows would be deleted and neither yes nor deletes_max allows it", needs_yes), NO_MORE_FORMS
};

static const struct ctl_member reason[] = {
	TEXT("reason", "a fixed word, for programs"),
	TEXT("text", "what is wrong"),
	TEXT("advice", "what to do next"),
	END,
};

static const struct ctl_member changed[] = {
	TEXT("key", "name of the argument"),
	ANY("before", "the value before"),
	ANY("now", "its value"),
	BOOLEAN("named", "the request gave it; false: it was reset to the default"),
	END,
};

#define HEALTHY                                                                                                                  \
	BOOLEAN("healthy", "there is no reason"), LIST("reasons", reason, "everything that stops triggers or loses records")
#define FORGIVEN NUM("forgiven", "incomplete answers that were accepted"), MAY(TEXT, "lapses", "what was missing, in words")
#define WARNINGS MAY(TEXTS, "warnings", "effects that were probably not intended, in words")

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
	NUM("octets", "private writable memory in bytes; 0: not known"),
	NUM("limit", "limits.memory"),
	NUM("reserve", "bytes reserved for accepted triggers"),
	END,
};

static const struct ctl_member edge[] = {
	TEXT("name", "of the process"),
	TEXT("zone", "external or internal"),
	NUM("pid", "of the process"),
	NUM("generation", "how many times it was started"),
	NUM("sessions", "connections of SCSs"),
	TEXT("state", "up or down"),
	NUM("files", "generation of the files that it uses"),
	END,
};

static const struct ctl_member loop[] = {
	TEXT("process", "core, edge-N"),
	NUM("below_1ms", "turns that took less than 1 ms"),
	NUM("below_2ms", "turns that took 1 to 2 ms"),
	NUM("below_5ms", "turns that took 2 to 5 ms"),
	NUM("below_10ms", "turns that took 5 to 10 ms"),
	NUM("below_20ms", "turns that took 10 to 20 ms"),
	NUM("below_50ms", "turns that took 20 to 50 ms"),
	NUM("below_100ms", "turns that took 50 to 100 ms"),
	NUM("below_1s", "turns that took 100 ms to 1 s"),
	NUM("longer", "turns that took 1 s or longer"),
	NUM("late", "turns that took 10 ms or longer"),
	END,
};

static const struct ctl_member listener[] = {
	TEXT("name", "in the configuration"),
	TEXT("zone", "external or internal"),
	TEXT("protection", "tls or none"),
	TEXT("transport", "tcp, sctp (of the kernel) or sctp-udp (in user space, inside UDP)"),
	TEXT("address", "in the configuration"),
	NUM("port", "that SCSs connect to, also when the configuration has 0"),
	END,
};

static const struct ctl_member sandbox[] = {
	TEXT("process", "parent, core, edge-N, keyholder, keyholder-p11"),
	NUM("pid", "of the process"),
	TEXT("mode", "sandbox of the configuration: require, prefer or off"),
	TEXT("seccomp", "filter: only the system calls of its role; none"),
	NUM("landlock", "version that is in force; 0: none"),
	TEXT("capabilities", "that the process has, as a hexadecimal mask"),
	BOOLEAN("no_new_privs", "no program that it runs gets more rights"),
	BOOLEAN("dumpable", "its memory may get into core files and debuggers"),
	NUM("uid", "of its user"),
	TEXT("lacks", "what is missing and what to do; empty: nothing"),
	END,
};

static const struct ctl_member keyholder[] = {
	TEXT("name", "keyholder (keys in files) or keyholder-p11 (keys in a token)"),
	NUM("pid", "of the process; 0: none runs"),
	NUM("generation", "how many processes were started before it"),
	TEXT("state", "up, starting, killed or down"),
	NUM("signatures", "made since the core started"),
	NUM("refused", "requests that it refused or could not sign"),
	NUM("timeouts", "handshakes of all edges that no keyholder signed in time"),
	MAY(TEXT, "token", "label of the token"),
	MAY(TEXTS, "paths", "that the process is confined to: the PKCS#11 module, and keyholder.pkcs11.paths"),
	END,
};

static const struct ctl_member store[] = {
	TEXT("name", "of the store"),
	NUM("octets", "of its file"),
	NUM("size_max", "largest size of the file in bytes"),
	NUM("left", "free bytes, in the file or on the disk, whichever is less"),
	NUM("disk", "free bytes on the disk"),
	TEXT("state", "of the last write: ok, full or failing"),
	TEXT("key", "configuration key of size_max"),
	MAY(NUM, "reader", "process that reads an old state, if any"),
	MAY(TEXT, "reader_name", "the same for people: process PID, or the part of the core"),
	MAY(NUM, "reader_s", "seconds since the reading began"),
	MAY(NUM, "reader_behind", "commits since then"),
	MAY(NUM, "held", "bytes that cannot be reused because of it"),
	END,
};

static const struct ctl_member audit[] = {
	TEXT("state", "ok, unsigned (no checkpoint), failing (cannot be written) or broken (not continued)"),
	NUM("records", "written"),
	NUM("unsealed", "of them, behind the last seal"),
	NUM("checkpoint", "records that the last checkpoint covers; 0: none yet"),
	MAY(NUM, "checkpoint_age_s", "since it was made, in this run"),
	NUM("octets", "of all files of records"),
	NUM("size_max", "audit.size_max"),
	NUM("waiting", "bytes of records that wait for the disk"),
	NUM("lost", "records, since the start"),
	NUM("recovered", "records made again after a crash, at the start"),
	TEXT("trouble", "why it is not ok; empty: it is"),
	MAY(NUM, "posted", "records of the last checkpoint that audit.publish_url took; 0: none yet"),
	MAY(NUM, "posted_age_s", "since then"),
	MAY(TEXT, "post_trouble", "why the last attempt to send one failed; empty: it did not"),
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
	TEXT("of", "listener, peer, anchor or crl"),
	TEXT("name", "of the listener, peer or anchor"),
	TIME("not_after", "end of the certificate; nextUpdate of the CRL"),
	NUM("days_left", "until then"),
	MAY(TEXT, "issuer", "of a CRL: the CA; a row for each"),
	MAY(TEXT, "number", "of a CRL: its number"),
	END,
};

#define SCREEN_RULE                                                                                                              \
	TEXT("row", "name"), TEXT("mode", "enforce, drop or detect"),                                                            \
	    NUM("answer", "Result-Code of enforce; 0: as the grammar says"), TEXTS("except", "SCSs that are exempt"),            \
	    TEXT("from", "preset, configuration or run time"),                                                                   \
	    BOOLEAN("relaxed", "the row lets pass what it refuses without a configuration")
static const struct ctl_member screen_relaxed[] = { SCREEN_RULE, END };
static const struct ctl_member screen_row[] = {
	SCREEN_RULE,
	TEXT("class", "fixed, closed or open"),
	TEXT("configured", "the rule of the configuration, in words"),
	NUM("caught", "messages that the row caught since the start"),
	TEXT("meaning", "what the row checks"),
	END,
};
static const struct ctl_form screen_forms[] = { FORM("each row", screen_row), NO_MORE_FORMS };
static const struct ctl_member screen_set[] = {
	SCREEN_RULE,
	TEXT("was", "the rule before, in words"),
	TEXT("now", "the rule in force, in words"),
	END,
};

#define NDSIP                                                                                                                    \
	BOOLEAN("serves", "a listener has protection ndsip or tls+ndsip"),                                                       \
	    BOOLEAN("helper", "the process that asks strongSwan runs, and has reported"),                                        \
	    BOOLEAN("charon", "strongSwan answers, and its list of security associations is complete"),                          \
	    TEXT("version", "of strongSwan; empty: not known"),                                                                  \
	    TEXT("rules", "of the packet filter: in force, not checked, missing, changed, not readable, not known"),             \
	    TEXT("trouble", "why NDS/IP protects nobody now; empty: nothing is wrong"),                                          \
	    NUM("scs", "SCSs with NDS/IP that strongSwan is told"),                                                              \
	    NUM("loaded", "connections that strongSwan has, those of core peers included"),                                      \
	    NUM("left_out", "SCSs that do not go with the configuration"),                                                       \
	    NUM("connections", "with NDS/IP, of listeners and to core peers"), NUM("proven", "of these, protected now"),         \
	    MAY(TIME, "last_loss", "when strongSwan was lost last, since the helper's start")
static const struct ctl_member ndsip[] = { NDSIP, END };
static const struct ctl_member ndsip_scs[] = {
	TEXT("scs", "name"),
	BOOLEAN("protected", "a security association of its identity is installed, and nothing else is wrong"),
	TEXT("state", "unknown, waits, refused, blocked, down, childless or up"),
	TEXTS("hosts", "addresses that it connects from"),
	TEXTS("ike", "its addresses for IKE; empty: it initiates"),
	NUM("children", "installed security associations"),
	NUM("connections", "that are proven"),
	TEXT("why", "it is not protected, in a sentence; empty: it is"),
	END,
};
static const struct ctl_form ndsip_forms[] = { FORM("each SCS with NDS/IP, or the given one", ndsip_scs), NO_MORE_FORMS };
static const struct ctl_member ndsip_peer[] = {
	TEXT("peer", "name of the core peer"),
	BOOLEAN("protected", "a security association of its identity is installed, and nothing else is wrong"),
	TEXT("state", "unknown, waits, refused, down, childless or up"),
	TEXT("identity", "of IKE, which it has to prove"),
	NUM("children", "installed security associations"),
	BOOLEAN("connected", "there is a connection, and it is proven"),
	TEXT("why", "it is not protected, in a sentence; empty: it is"),
	END,
};
static const struct ctl_member ndsip_status[] = {
	NDSIP,
	NUM("count", "lines before this one"),
	NUM("protected", "of these, protected"),
	LIST("peers", ndsip_peer, "core peers with protection ndsip"),
	TIME("since", "when the helper or strongSwan came or went"),
	NUM("ike_sas", "that strongSwan has, those of others included"),
	NUM("children", "the same, security associations for ESP"),
	NUM("proofs", "connections that were proven, since the helper's start"),
	NUM("refused", "connections that were never proven"),
	NUM("cut", "connections that lost their protection"),
	NUM("charon_losses", "of strongSwan, since the helper's start"),
	NUM("helper_losses", "of helpers, since the core's start"),
	TEXT("on_loss", "ndsip.on_loss of the configuration"),
	NUM("reauth_s", "ndsip.reauth of the configuration"),
	END,
};

static const struct ctl_member configuration[] = {
	TEXT("digest", "SHA-256 of the file that is in force"),
	TIME("read", "when it was read"),
	BOOLEAN("other_on_disk", "the file is another one by now"),
	END,
};

static const struct ctl_member ocsp_denied[] = {
	TEXT("host", "its first host name"),
	TEXT("status", "revoked or unknown: what the responder says about it, or about a CA above it"),
	TEXT("shown", "when an edge looked at it last"),
	END,
};

static const struct ctl_member responder[] = {
	TEXT("of", "anchor or listener"),
	TEXT("name", "of it"),
	TEXT("url", "of the responder"),
	TEXT("state", "answering, failing (its last answer did not come or was refused) or not-asked"),
	TEXT("answered", "time of the last answer that was taken; empty: none"),
	NUM("age_s", "seconds since then"),
	TEXT("failed", "time of the last failure; empty: none"),
	NUM("answers", "taken since the edges started"),
	NUM("failures", "likewise: answers that did not come or were refused"),
	NUM("open", "questions that wait for an answer"),
	TEXT("why", "the reason of the last failure"),
	NUM("revoked", "answers since the edges started that revoke a certificate"),
	NUM("unknown", "likewise: about a certificate that the responder does not know"),
	LIST("denied", ocsp_denied, "certificates that were shown to an edge and are revoked or unknown; at most 8"),
	ROW("stapled", CTL_M_TEXT, true, NULL,
	    "of a listener: thisUpdate of what its edges staple; empty: an edge staples nothing"),
	ROW("next_update", CTL_M_TEXT, true, NULL, "of a listener: when that ends"),
	END,
};

static const struct ctl_member refused[] = {
	NUM("total", "closed at once: limits.connections_total"),
	NUM("address", "closed at once: limits.connections_per_address"),
	NUM("rate", "closed at once: limits.connection_rate, limits.connection_rate_per_address"),
	NUM("strangers", "closed at once: limits.unauthenticated, limits.unauthenticated_per_address"),
	NUM("dropped", "made room for newer ones before they were authenticated"),
	NUM("scs_connections", "refused after the CER: as many connections as the SCS may have"),
	NUM("scs_rate", "refused after the CER: limits.connection_rate_per_scs"),
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
	NUM("pending", "unanswered requests of SCSs (DAR)"),
	NUM("triggers", "accepted triggers whose report is not acknowledged yet"),
	NUM("entering", "of them not taken up from the journal yet, after a start"),
	NUM("scs", "provisioned"),
	NUM("rules", "provisioned"),
	OBJECT("journal", journal, "the journal of accepted triggers"),
	OBJECT("memory", memory, "of the core"),
	LIST("listeners", listener, "where SCSs connect"),
	LIST("edges", edge, "the processes that serve SCSs"),
	LIST("loops", loop, "how long the turns of the event loops took; in a turn nobody else is served"),
	LIST("sandbox", sandbox, "what each process is confined by, as the kernel tells the process"),
	LIST("keyholders", keyholder, "the processes with the private keys of listeners"),
	LIST("stores", store, "the files of the state"),
	LIST("written", written, "log files"),
	NUM("files_generation", "of the configuration, certificates, keys and anchors in use"),
	OBJECT("configuration", configuration, "which configuration is in force"),
	LIST("files", file, "certificates, anchors and CRLs in use"),
	TEXTS("revocation_unchecked", "trust anchors without CRLs and OCSP: revoked certificates are not recognised"),
	TEXTS("crls_refused", "trust anchors whose new CRLs cannot be used; those before stay in use"),
	LIST("ocsp", responder, "OCSP responders of trust anchors and listeners, as all edges together know them"),
	MAY_OBJECT("audit", audit, "the audit, when audit.enabled is yes"),
	MAY_OBJECT("ndsip", ndsip, "NDS/IP, when a listener or a core peer has it"),
	OBJECT("refused", refused, "connections of SCSs and of strangers that found a limit reached, since the start"),
	NUM("denied", "requests on the control socket refused for who asked (counter ctl_denied), since the start"),
	LIST("screening", screen_relaxed, "screening rows that are relaxed, or whose rule was set at run time"),
	HEALTHY,
	END,
};

static const struct ctl_member health[] = { HEALTHY, END };

static const struct ctl_member reload_line[] = {
	TEXT("kind",
	     "error, warning, renewed (a file), change (of the configuration), or restart (one that waits for the next start)"),
	TEXT("text", "the file or the item, and what is new or wrong"),
	END,
};
static const struct ctl_form reload_forms[] = { FORM("each change, each file that is renewed, and each error", reload_line),
						NO_MORE_FORMS };
static const struct ctl_member reload[] = {
	NUM("files_generation", "of the configuration and the files now in use"),
	NUM("renewed", "number of files"),
	NUM("changed", "number of changes of the configuration"),
	NUM("restart", "number of those that wait for the next start of mtc-iwfd"),
	BOOLEAN("dry_run", "nothing was changed"),
	END,
};

static const struct ctl_member peer[] = {
	TEXT("name", "in the configuration"),
	TEXT("host", "Diameter host"),
	TEXT("realm", "Diameter realm"),
	TEXT("address", "ADDRESS:PORT"),
	TEXT("protocol", "diameter or smpp"),
	TEXT("protection", "of the connection"),
	TEXT("state", "open, or another state (listed in mtcctl(1))"),
	TEXT("reason", "reason of the state; empty: none"),
	TIME("since", "when the state began"),
	NUM("pending", "unanswered requests"),
	NUM("requests", "sent"),
	NUM("answers", "received"),
	NUM("timeouts", "requests whose answer came too late or not at all"),
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
	TEXT("transport", "tcp or sctp"),
	TEXT("protection", "of the connection"),
	TEXT("tls_version", "1.2 or 1.3; empty: no TLS"),
	TEXT("tls_suite", "its TLS cipher suite; empty: no TLS"),
	TEXT("edge", "the process that serves it"),
	TIME("since", "when it was admitted"),
	NUM("pending", "unanswered requests"),
	TEXTS("groups", "stored memberships, and groups that the certificate proves"),
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
	TEXT("was", "the previous level"),
	END,
};

/* -- SCSs */

static const struct ctl_member scs_put[] = {
	TEXT("scs", "name"),
	BOOLEAN("replaced", "one of this name existed"),
	LIST("changed", changed, "the differences; empty for a new one"),
	NUM("sessions_cut", "connections ended because they would now be refused"),
	WARNINGS,
	END,
};

static const struct ctl_member scs_deleted[] = {
	TEXT("scs", "name"),
	NUM("rules_deleted", "deleted with it"),
	NUM("sessions_cut", "connections that were ended"),
	WARNINGS,
	END,
};

#define SCS_NAMES                                                                                                                \
	TEXT("name", "of the SCS"), TEXT("e164", "SCS-Identity"), TEXT("origin_host", "Diameter host"),                          \
	    TEXT("realm", "Diameter realm"), TEXT("anchor", "names of its trust anchors, with blanks between")

static const struct ctl_member scs_brief[] = { SCS_NAMES, NUM("sessions", "open connections"), END };
static const struct ctl_form scs_forms[] = { FORM("each SCS", scs_brief), NO_MORE_FORMS };

#define TYPE_U32 CTL_M_NUM
#define TYPE_U16 CTL_M_NUM
#define TYPE_ON CTL_M_BOOL
#define TYPE_OFF CTL_M_BOOL
#define TYPE_RIGHTS CTL_M_TEXTS
#define TYPE_SET CTL_M_TEXTS
#define LIMIT(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                               \
	ROW(#member_, TYPE_##kind_, false, NULL, meaning_),
#define IN_FORCE_OWN(member_, kind_)
#define IN_FORCE_CONF(member_, kind_)                                                                                            \
	ROW(#member_, TYPE_##kind_, false, NULL, "the smaller of the SCS's own and the configuration's"),
#define IN_FORCE(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) IN_FORCE_##where_(member_, kind_)

#define ADDRESSES(id_, member_, max_, option_, meaning_) TEXTS(#member_, meaning_),

static const struct ctl_member in_force[] = { SCS_LIMITS(IN_FORCE) END };

static const struct ctl_member scs[] = {
	SCS_NAMES,
	SCS_LIMITS(LIMIT) SCS_NDSIP(ADDRESSES) OBJECT("in_force", in_force, "limits in force that the configuration also has"),
	NUM("rules", "on it"),
	NUM("sessions", "open connections"),
	TEXTS("groups", "groups with a stored membership"),
	END,
};
static const struct ctl_form scs_show_forms[] = { FORM("the SCS", scs), NO_MORE_FORMS };

/* -- groups and sets */

static const struct ctl_member group_put[] = {
	TEXT("group", "name"),
	TEXT("anchor", "trust anchor whose certificates may prove it; empty: none"),
	BOOLEAN("replaced", "one of this name existed"),
	LIST("changed", changed, "the differences; empty for a new one"),
	END,
};

static const struct ctl_member group_deleted[] = {
	TEXT("group", "name"),
	NUM("rules_deleted", "deleted with it"),
	END,
};

static const struct ctl_member group_brief[] = {
	TEXT("name", "of the group"),
	TEXT("anchor", "trust anchor whose certificates may prove it; empty: none"),
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
	TEXT("anchor", "trust anchor whose certificates may prove it; empty: none"),
	TEXT("uri", "the URI in a certificate that proves it; empty: none"),
	TEXTS("members", "names of SCSs, stored"),
	NUM("rules", "on it"),
	LIST("proven", proven, "open sessions whose certificates prove it, the first 100"),
	NUM("proven_sessions", "number of all such sessions"),
	END,
};
static const struct ctl_form group_show_forms[] = { FORM("the group", group), NO_MORE_FORMS };

static const struct ctl_member group_member[] = {
	TEXT("group", "name"), TEXT("scs", "name"), BOOLEAN("member", "the membership exists now"), WARNINGS, END,
};

static const struct ctl_member set_put[] = { TEXT("set", "name"), END };
static const struct ctl_member set_renamed[] = {
	TEXT("set", "its new name"),
	LIST("changed", changed, "the name"),
	END,
};
static const struct ctl_member set_deleted[] = {
	TEXT("set", "name"),
	NUM("members", "deleted with it"),
	NUM("rules_deleted", "deleted with it"),
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
	BOOLEAN("more", "the limit cut the list off"),
	NUM("members", "devices in it"),
	NUM("rules", "on it"),
	END,
};
static const struct ctl_member set_member[] = {
	TEXT("set", "name"), TEXT("device", "in canonical form"), BOOLEAN("member", "the membership exists now"), WARNINGS, END,
};

/* -- rules */

#define RULE_VALUES                                                                                                              \
	TEXTS("rights", "actions that the rule applies to"), TEXT("mode", "enforce or detect-only"),                             \
	    MAY(TIME, "not_before", "start"), MAY(TIME, "not_after", "end")
#define RULE                                                                                                                     \
	TEXT("scs", "name, group:NAME or *"), TEXT("device", "canonical, or a set of devices"),                                  \
	    TEXT("effect", "allow, deny or block")

static const struct ctl_member rule_values[] = { RULE_VALUES, END };
static const struct ctl_member rule_added[] = {
	RULE,        BOOLEAN("replaced", "a rule of the same key existed"),
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
static const struct ctl_member rule_shown[] = { RULE, RULE_VALUES, TEXT("state", "in force, not yet, or over"), END };
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
	BOOLEAN("allowed", "the HSS allows the trigger"),
	TEXT("reason", "code; empty: allowed or not answered"),
	TEXT("meaning", "of the reason"),
	TEXTS("names", "identifiers of the device that the HSS returned"),
	MAY(BOOL, "absent", "the device is not registered anywhere; only with an answer"),
	MAY(NUM, "took_ms", "milliseconds until the answer"),
	MAY(TEXT, "error", "why there is no answer"),
	END,
};
static const struct ctl_member check_change[] = {
	TEXT("change", "add, delete, detect-only, enforce, right (added to the rule), begin, end (of the rule, at `at`), "
		       "join-group, join-set, "
		       "leave-group or leave-set (of `name`, because of the rule)"),
	TEXT("rule", "its text"),
	MAY(TIME, "at", "required start or end"),
	MAY(TEXT, "name", "of the group or set"),
	END,
};
static const struct ctl_member check[] = {
	BOOLEAN("allowed", "the answer"),
	TEXT("reason", "code; empty: allowed"),
	TEXT("meaning", "of the reason"),
	TEXT("rule", "text of the deciding rule; empty: none"),
	TEXTS("beaten", "text of each matching rule of lower precedence"),
	TEXTS("detected", "text of each detect-only rule that would refuse"),
	TEXT("device", "canonical"),
	TEXT("scs", "name"),
	TEXT("action", "of the question"),
	TIME("at", "time of the question"),
	MAY(TEXT, "msisdn", "when both identifiers were given"),
	TEXTS("groups", "of the SCS"),
	TEXTS("unproven", "groups of the question that the SCS is not in"),
	TEXTS("unproven_why", "for each of them the reason, in words"),
	MAY(TEXT, "beyond_rules", "what refuses whatever the rules say: certificate, session, hss or other-name"),
	OBJECT("proof", check_proof, "origin of the groups"),
	ROW("hss", CTL_M_OBJECT, true, check_hss, "answer of the HSS, if it was asked"),
	TEXTS("not_asked", "further deciders that were not asked, in words"),
	TEXTS("path", "further refusals on the path, in words"),
	LIST("changes", check_change, "changes; each alone, together with `needs`, reverses the answer"),
	TEXTS("needs", "what has to be done in addition, in words"),
	BOOLEAN("needs_suffice", "`needs` alone reverses the answer"),
	BOOLEAN("more", "not all changes were examined"),
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
	FORM("from time to time", import_progress),
	FORM("each error, the first 20", import_mistake),
	FORM("the first ten rows that would be deleted, in a dry run or when yes is needed", import_goes),
	FORM("when many rows would be deleted and neither yes nor deletes_max allows it", needs_yes),
	NO_MORE_FORMS,
};
static const struct ctl_member import[] = {
	NUM("rows", "of the file"),
	NUM("added", "rows"),
	NUM("replaced", "rows"),
	NUM("unchanged", "rows"),
	NUM("deleted", "rows"),
	NUM("along", "rules deleted with an SCS, group or set"),
	BOOLEAN("dry_run", "nothing was changed"),
	BOOLEAN("needs_yes", "dry run only: the real run needs yes"),
	BOOLEAN("undo", "the previous state is kept for assoc.undo"),
	TEXTS("left_alone", "columns that no row of the file has"),
	TEXTS("left_alone_in_some", "columns that some rows of the file lack"),
	TEXTS("warnings", "effects that were probably not intended, in words"),
	END,
};

static const struct ctl_member export_progress[] = {
	BOOLEAN("progress", "true"),    TEXT("phase", "write"),   NUM("rows", "written"),
	NUM("rows_total", "there are"), NUM("octets", "written"), END,
};
static const struct ctl_member export_unwritten[] = { BOOLEAN("unwritten", "true: the target is full or closed"), END };
static const struct ctl_form export_forms[] = {
	FORM("from time to time", export_progress),
	FORM("before the error, when the target could not be written", export_unwritten),
	NO_MORE_FORMS,
};
static const struct ctl_member export[] = {
	NUM("rows", "written"),
	NUM("octets", "written"),
	END,
};

#define KEPT_STATE                                                                                                               \
	TIME("at", "when the import was made"), TEXT("kind", "scs, group, set, assoc or block"), TEXT("file", "its name"),       \
	    BOOLEAN("replace", "rows of this kind that were not in the file were deleted"), NUM("rows", "of the file"),          \
	    NUM("added", "rows"), NUM("replaced", "rows"), NUM("deleted", "rows"),                                               \
	    NUM("along", "rules deleted with an SCS, group or set"),                                                             \
	    NUM("since", "manual changes between this import and the next one")

static const struct ctl_member undo[] = {
	KEPT_STATE,
	NUM("goes", "rows that are deleted, at most"),
	NUM("left", "states that remain kept"),
	BOOLEAN("needs_yes", "dry run only: the real run needs yes"),
	BOOLEAN("dry_run", "nothing was changed"),
	END,
};
static const struct ctl_member kept[] = { KEPT_STATE, NUM("octets", "size in bytes"), END };
static const struct ctl_form kept_forms[] = { FORM("each state, the newest first", kept), NO_MORE_FORMS };

static const struct ctl_member backup_progress[] = {
	BOOLEAN("progress", "true"), TEXT("phase", "copy"), NUM("octets", "copied"), NUM("octets_total", "at most"), END,
};
static const struct ctl_form backup_forms[] = { FORM("from time to time", backup_progress), NO_MORE_FORMS };
static const struct ctl_member timeline[] = {
	TEXT("boot", "boot id that the times of the journal refer to"),
	NUM("base_ms", "base of the times of the journal"),
	NUM("wall_ms", "real time at the base, milliseconds since 1970"),
	NUM("last_ms", "last time used"),
	END,
};
static const struct ctl_member backup[] = {
	TEXT("store", "the file of the state"),
	NUM("octets", "of the copy"),
	TEXT("sha256", "of the copy, hexadecimal"),
	TEXT("version", "of mtc-iwfd"),
	TEXT("identity", "Diameter host towards SCSs"),
	MAY(NUM, "generation", "generation of the association files; both files of a backup must have the same"),
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

/* -- the console */

static const struct ctl_member console_client[] = {
	TEXT("name", "of the person, who is served from now on"),
	TEXT("role", "read, operate or admin"),
	END,
};
static const struct ctl_member console_enter[] = {
	TEXT("ticket", "of the log-in, for the console's requests on behalf of the person"),
	TEXT("name", "of the person"),
	TEXT("role", "read, operate or admin"),
	NUM("seconds", "the log-in ends after them in any case"),
	END,
};
static const struct ctl_member nothing[] = { END };

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

const struct ctl_reply ctl_replies[] = {
	{ "status", NULL, status },
	{ "health", NULL, health },
	{ "reload", reload_forms, reload },
	{ "peers", peer_forms, count_only },
	{ "peers.start peers.stop", NULL, peer_changed },
	{ "sessions", session_forms, count_only },
	{ "stats", stat_forms, count_only },
	{ "log.level", NULL, log_level },
	{ "audit.search", audit_record_forms, audit_searched },
	{ "console.client", NULL, console_client },
	{ "console.enter", NULL, console_enter },
	{ "console.leave", NULL, nothing },
	{ "screen.list", screen_forms, count_only },
	{ "screen.set", NULL, screen_set },
	{ "ndsip.status", ndsip_forms, ndsip_status },
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
