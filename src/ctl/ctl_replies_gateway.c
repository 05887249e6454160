/* ctl_replies_gateway.c - replies about the gateway as a whole, its peers and the console: a
 * table, one row for each member. */
#include "ctl/ctl_reply_rows.h"

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

static const struct ctl_member hung[] = {
	TEXT("process", "core, edge, keyholder, keyholder-p11, ndsip, fetcher or metrics"),
	NUM("times", "that one was ended, since the start of mtc-iwfd"),
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
	MAY(TIME, "not_before", "beginning of the certificate, of the last one to begin in a chain"),
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
	TEXTS("restart_needed", "items that were changed and wait for a restart of mtc-iwfd, each with its old and new value"),
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
	LIST("hung", hung, "kinds of processes of which one was ended because it hung (timers.hang)"),
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

const struct ctl_reply ctl_replies_gateway[] = {
	{ "status", NULL, status },
	{ "health", NULL, health },
	{ "reload", reload_forms, reload },
	{ "peers", peer_forms, count_only },
	{ "peers.start peers.stop", NULL, peer_changed },
	{ "sessions", session_forms, count_only },
	{ "stats", stat_forms, count_only },
	{ "log.level", NULL, log_level },
	{ "console.client", NULL, console_client },
	{ "console.enter", NULL, console_enter },
	{ "console.leave", NULL, nothing },
	{ "screen.list", screen_forms, count_only },
	{ "screen.set", NULL, screen_set },
	{ "ndsip.status", ndsip_forms, ndsip_status },
	{ NULL, NULL, NULL },
};
