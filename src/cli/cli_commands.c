/* cli_commands.c - the rows: every command of mtcctl, its parameters, its table, its examples. */
#include "cli/cli_command.h"
#include "cli/cli_overview.h"

#include "base/scs_limits.h"
#include "base/scs_ndsip.h"

#define RIGHTS "trigger recall replace"
#define MODES "enforce detect-only"
#define EFFECTS "allow deny block"
#define U32 UINT32_MAX
#define OPERAND(arg_, kind_, shown_, meaning_)                                                                                   \
	{                                                                                                                        \
		.arg = arg_, .kind = kind_, .required = true, .shown = shown_, .meaning = meaning_                               \
	}
#define NEEDED(option_, arg_, kind_, shown_, meaning_)                                                                           \
	{                                                                                                                        \
		.option = option_, .arg = arg_, .kind = kind_, .required = true, .shown = shown_, .meaning = meaning_            \
	}
#define OPTION(option_, arg_, kind_, shown_, meaning_)                                                                           \
	{                                                                                                                        \
		.option = option_, .arg = arg_, .kind = kind_, .shown = shown_, .meaning = meaning_                              \
	}
#define NUMBER(option_, arg_, min_, max_, meaning_)                                                                              \
	{                                                                                                                        \
		.option = option_, .arg = arg_, .kind = CLI_NUM, .min = min_, .max = max_, .shown = "N", .meaning = meaning_     \
	}
#define CHOICE(option_, arg_, kind_, words_, shown_, meaning_)                                                                   \
	{                                                                                                                        \
		.option = option_, .arg = arg_, .kind = kind_, .words = words_, .shown = shown_, .meaning = meaning_             \
	}
#define END                                                                                                                      \
	{                                                                                                                        \
		.arg = NULL                                                                                                      \
	}
#define END_COLUMN                                                                                                               \
	{                                                                                                                        \
		NULL, NULL                                                                                                       \
	}

#define YES                                                                                                                      \
	OPTION("yes", "yes", CLI_TRUE, NULL,                                                                                     \
	       "do it even if it deletes at least 10 rows and more than a tenth; without it, a person at a terminal is asked"),  \
	    NUMBER("deletes-max", "deletes_max", 0, INT64_MAX, "the same, if at most this many rows are deleted")

#define ADD_U32(member_, min_, max_, option_, meaning_) NUMBER(option_, #member_, min_, max_, meaning_)
#define ADD_U16 ADD_U32
#define ADD_ON(member_, min_, max_, option_, meaning_) OPTION("no-" option_, #member_, CLI_FALSE, NULL, "unless given, " meaning_)
#define ADD_OFF(member_, min_, max_, option_, meaning_) OPTION(option_, #member_, CLI_TRUE, NULL, meaning_)
#define ADD_RIGHTS(member_, min_, max_, option_, meaning_) CHOICE(option_, #member_, CLI_WORDS, RIGHTS, "LIST", meaning_)
#define ADD_SET(member_, min_, max_, option_, meaning_) CHOICE(option_, #member_, CLI_WORDS, min_, "LIST", meaning_)
#define ADD_LIMIT(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                           \
	ADD_##kind_(member_, min_, max_, option_, meaning_),

#define ADD_LIST(id_, member_, max_, option_, meaning_)                                                                          \
	{ .option = (option_), .arg = #member_, .kind = CLI_ADDRESSES, .max = (max_), .shown = "LIST", .meaning = meaning_ },

static const struct cli_param scs_add[] = {
	OPERAND("name", CLI_NAME, "NAME", "our name for the SCS"),
	NEEDED("e164", "e164", CLI_DIGITS, "DIGITS", "its SCS-Identity"),
	NEEDED("origin-host", "origin_host", CLI_HOST, "HOST",
	       "its Diameter host, which its certificate must prove (SAN dNSName)"),
	NEEDED("realm", "realm", CLI_HOST, "REALM", "its Diameter realm"),
	NEEDED("anchor", "anchor", CLI_NAME, "NAME",
	       "trust anchor of the configuration that its certificate must chain to; the word internal: it has no "
	       "certificate and may connect through internal listeners with protection none, and through no other"),
	OPTION("anchors", "anchor", CLI_ANCHORS, "LIST",
	       "in place of --anchor, several: its certificate must chain to one of them; at most 8"),
	SCS_LIMITS(ADD_LIMIT) SCS_NDSIP(ADD_LIST) OPTION("replace", "replace", CLI_TRUE, NULL, "overwrite an SCS of this name"),
	END,
};

#define KEY(option_, arg_, kind_, shown_, meaning_)                                                                              \
	{                                                                                                                        \
		.option = option_, .arg = arg_, .kind = kind_, .shown = shown_, .meaning = meaning_, .pair = true                \
	}
#define KEY_NUMBER(option_, arg_, min_, max_, meaning_)                                                                          \
	{                                                                                                                        \
		.option = option_, .arg = arg_, .kind = CLI_NUM, .min = min_, .max = max_, .shown = "N", .meaning = meaning_,    \
		.pair = true                                                                                                     \
	}

#define SET_U32(member_, min_, max_, option_, meaning_) KEY_NUMBER(option_, #member_, min_, max_, meaning_)
#define SET_U16 SET_U32
#define SET_ON(member_, min_, max_, option_, meaning_) KEY(option_, #member_, CLI_YESNO, "yes|no", meaning_)
#define SET_OFF SET_ON
#define SET_RIGHTS(member_, min_, max_, option_, meaning_)                                                                       \
	{                                                                                                                        \
		.option = option_, .arg = #member_, .kind = CLI_WORDS, .words = RIGHTS, .shown = "LIST", .meaning = meaning_,    \
		.pair = true                                                                                                     \
	}
#define SET_SET(member_, min_, max_, option_, meaning_)                                                                          \
	{                                                                                                                        \
		.option = option_, .arg = #member_, .kind = CLI_WORDS, .words = min_, .shown = "LIST", .meaning = meaning_,      \
		.pair = true                                                                                                     \
	}
#define SET_LIMIT(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                           \
	SET_##kind_(member_, min_, max_, option_, meaning_),

#define SET_LIST(id_, member_, max_, option_, meaning_)                                                                          \
	{ .option = (option_),                                                                                                   \
	  .arg = #member_,                                                                                                       \
	  .kind = CLI_ADDRESSES,                                                                                                 \
	  .max = (max_),                                                                                                         \
	  .shown = "LIST|none",                                                                                                  \
	  .meaning = meaning_,                                                                                                   \
	  .pair = true },

static const struct cli_param scs_set[] = {
	OPERAND("name", CLI_NAME, "NAME", "name of the SCS"),
	KEY("e164", "e164", CLI_DIGITS, "DIGITS", "its SCS-Identity"),
	KEY("origin-host", "origin_host", CLI_HOST, "HOST", "its Diameter host"),
	KEY("realm", "realm", CLI_HOST, "REALM", "its Diameter realm"),
	KEY("anchor", "anchor", CLI_NAME, "NAME", "its one trust anchor, or the word internal"),
	KEY("anchors", "anchor", CLI_ANCHORS, "LIST", "its trust anchors, at most 8"),
	SCS_LIMITS(SET_LIMIT) SCS_NDSIP(SET_LIST) END,
};

static const struct cli_param scs_name[] = { OPERAND("name", CLI_NAME, "NAME", "name of the SCS"), END };

static const struct cli_param scs_del[] = { OPERAND("name", CLI_NAME, "NAME", "name of the SCS"), YES, END };

static const struct cli_param peer_name[] = { OPERAND("name", CLI_NAME, "NAME", "name of the peer in the configuration"), END };

#define TIMES                                                                                                                    \
	OPTION("not-before", "not_before", CLI_TIME, "TIME",                                                                     \
	       "the rule applies from this time on (UTC); a date: from its first second"),                                       \
	    OPTION("not-after", "not_after", CLI_END, "TIME",                                                                    \
		   "the rule applies until this time (UTC); a date: until the end of that day")

static const struct cli_param assoc_add[] = {
	OPERAND("scs", CLI_WHO, "SCS", "name of the SCS; group:NAME; '*' with --block: every SCS"),
	OPERAND("device", CLI_DEVICE, "DEVICE",
		"local@domain, *@domain, msisdn:DIGITS, msisdn:FIRST-LAST, set:NAME; '*' with --block: every device"),
	{ .option = "deny", .arg = "effect", .kind = CLI_FIXED, .words = "deny", .meaning = "deny instead of allow" },
	{ .option = "block", .arg = "effect", .kind = CLI_FIXED, .words = "block", .meaning = "deny whatever other rules say" },
	CHOICE("rights", "rights", CLI_WORDS, RIGHTS, "LIST", "actions that the rule applies to; default all"),
	CHOICE("mode", "mode", CLI_WORD, MODES, "WORD",
	       "detect-only: with --deny or --block, only show what the rule would refuse; default enforce"),
	TIMES,
	END,
};

static const struct cli_param assoc_del[] = {
	OPERAND("scs", CLI_WHO, "SCS", "name of the SCS, group:NAME, or '*'"),
	OPERAND("device", CLI_DEVICE, "DEVICE", "as it was added"),
	CHOICE("effect", "effect", CLI_WORD, EFFECTS, "WORD", "only the rule with this effect; default all of the pair"),
	END,
};

static const struct cli_param assoc_list[] = {
	OPTION("scs", "scs", CLI_WHO, "NAME", "only rules of this SCS or group:NAME"),
	OPTION("device", "device", CLI_DEVICE, "DEVICE", "only rules on exactly this device or set"),
	CHOICE("effect", "effect", CLI_WORD, EFFECTS, "WORD", "only rules with this effect"),
	NUMBER("limit", "limit", 0, INT64_MAX, "largest number of rows; 0: all; default 1000"),
	END,
};

#define PAIR                                                                                                                     \
	OPERAND("scs", CLI_WHO, "SCS", "name of the SCS, group:NAME, or '*'"),                                                   \
	    OPERAND("device", CLI_DEVICE, "DEVICE", "as it was added")
#define BLOCK                                                                                                                    \
	{                                                                                                                        \
		.arg = "effect", .kind = CLI_PRESET, .words = "block"                                                            \
	}

static const struct cli_param assoc_show[] = {
	PAIR,
	CHOICE("effect", "effect", CLI_WORD, EFFECTS, "WORD", "only the rule with this effect"),
	END,
};

static const struct cli_param block_add[] = {
	OPERAND("scs", CLI_WHO, "SCS", "name of the SCS; group:NAME; '*': every SCS"),
	OPERAND("device", CLI_DEVICE, "DEVICE",
		"local@domain, *@domain, msisdn:DIGITS, msisdn:FIRST-LAST, set:NAME; '*': every device"),
	BLOCK,
	CHOICE("mode", "mode", CLI_WORD, MODES, "WORD", "detect-only: only show what the block would refuse; default enforce"),
	TIMES,
	END,
};

static const struct cli_param block_of[] = { PAIR, BLOCK, END };

static const struct cli_param block_list[] = {
	BLOCK,
	OPTION("scs", "scs", CLI_WHO, "NAME", "only blocks of this SCS, group:NAME or '*'"),
	OPTION("device", "device", CLI_DEVICE, "DEVICE", "only blocks on exactly this device or set"),
	NUMBER("limit", "limit", 0, INT64_MAX, "largest number of rows; 0: all; default 1000"),
	END,
};

static const struct cli_param assoc_check[] = {
	OPERAND("scs", CLI_NAME, "SCS", "name of the requesting SCS"),
	OPERAND("device", CLI_DEVICE, "DEVICE", "requested device: local@domain or msisdn:DIGITS"),
	OPTION("msisdn", "msisdn", CLI_DIGITS, "DIGITS",
	       "MSISDN of the device in addition to local@domain, when the request would carry both"),
	CHOICE("action", "action", CLI_WORD, RIGHTS, "WORD", "requested action; default trigger"),
	OPTION("at", "at", CLI_TIME, "TIME", "when; default now"),
	OPTION("group", "group", CLI_NAMES, "LIST", "the certificate names these groups: a,b, or the option several times"),
	OPTION("session", "session", CLI_TEXT, "SESSION", "use the groups that the certificate of this open session proves"),
	OPTION("cert", "certificate", CLI_PEM, "FILE",
	       "use the groups that this certificate (PEM, followed by its chain) proves, if a connection with it is admitted"),
	OPTION("ask-hss", "ask_hss", CLI_TRUE, NULL, "also ask the HSS, as a trigger would; nothing is submitted"),
	END,
};

static const struct cli_param group_add[] = {
	OPERAND("name", CLI_NAME, "NAME", "our name for the group"),
	OPTION("anchor", "anchor", CLI_NAME, "NAME",
	       "trust anchor whose certificates may prove membership; without it: stored members only"),
	OPTION("replace", "replace", CLI_TRUE, NULL, "change the anchor of an existing group of this name"),
	END,
};

static const struct cli_param group_set[] = {
	OPERAND("name", CLI_NAME, "NAME", "name of the group"),
	KEY("anchor", "anchor", CLI_ANCHOR, "NAME|none",
	    "trust anchor whose certificates may prove membership; none: stored members only"),
	END,
};

static const struct cli_param group_name[] = { OPERAND("name", CLI_NAME, "NAME", "name of the group"), END };

static const struct cli_param group_del[] = { OPERAND("name", CLI_NAME, "NAME", "name of the group"), YES, END };

static const struct cli_param group_member[] = {
	OPERAND("group", CLI_NAME, "GROUP", "name of the group"),
	OPERAND("scs", CLI_NAME, "SCS", "name of the SCS"),
	END,
};

static const struct cli_param set_name[] = { OPERAND("name", CLI_NAME, "NAME", "name of the set"), END };

static const struct cli_param set_del[] = { OPERAND("name", CLI_NAME, "NAME", "name of the set"), YES, END };

static const struct cli_param set_set[] = {
	OPERAND("name", CLI_NAME, "NAME", "name of the set"),
	KEY("name", "new_name", CLI_NAME, "NAME", "its new name; its members and the rules on it stay"),
	END,
};

static const struct cli_param set_show[] = {
	OPERAND("name", CLI_NAME, "NAME", "name of the set"),
	NUMBER("limit", "limit", 0, INT64_MAX, "largest number of rows; 0: all; default 1000"),
	END,
};

static const struct cli_param set_member[] = {
	OPERAND("set", CLI_NAME, "SET", "name of the set"),
	OPERAND("device", CLI_DEVICE, "DEVICE", "one device: local@domain or msisdn:DIGITS"),
	END,
};

static const struct cli_param import_file[] = {
	{ .arg = "file",
	  .kind = CLI_IN,
	  .required = true,
	  .shown = "FILE",
	  .meaning = "CSV or JSON lines; - reads standard input" },
	CHOICE("format", "format", CLI_WORD, "csv jsonl", "WORD",
	       "default by the end of the name (.csv, .jsonl), else by the first byte"),
	OPTION("replace", "replace", CLI_TRUE, NULL, "delete everything of this kind that is not in the file"),
	OPTION("dry-run", "dry_run", CLI_TRUE, NULL, "check the whole file and report what it would change; change nothing"),
	YES,
	END,
};

static const struct cli_param reload[] = {
	OPTION("dry-run", "dry_run", CLI_TRUE, NULL, "report what would change, and what needs a restart; change nothing"),
	END,
};

static const struct cli_param assoc_undo[] = {
	OPTION("dry-run", "dry_run", CLI_TRUE, NULL, "report what would be restored; change nothing"),
	YES,
	END,
};

static const struct cli_param export_file[] = {
	{ .arg = "file", .kind = CLI_OUT, .shown = "FILE", .meaning = "written whole or not at all; - or none: standard output" },
	CHOICE("format", "format", CLI_WORD, "csv jsonl", "WORD", "default by the end of the name (.csv, .jsonl), else csv"),
	END,
};

static const struct cli_param backup_dir[] = {
	{ .arg = "file",
	  .kind = CLI_DIR,
	  .required = true,
	  .shown = "DIR",
	  .meaning = "directory that the backup makes; if it exists, it must be empty" },
	END,
};

#define JOURNAL_DIR OPERAND("dir", CLI_PATH, "DIR", "directory of the journal: journal in the state_dir of the configuration")
static const struct cli_param journal_check[] = { JOURNAL_DIR, END };
static const struct cli_param journal_salvage[] = {
	JOURNAL_DIR,
	OPERAND("out", CLI_PATH, "NEW-DIR", "directory for the new journal; if it exists, it must be empty"),
	END,
};

#define AUDIT_DIR OPERAND("dir", CLI_PATH, "DIR", "directory of the audit: audit in the state_dir of the configuration")
#define AUDIT_KEY                                                                                                                \
	OPTION("key", "key", CLI_PATH, "FILE",                                                                                   \
	       "public key of the checkpoints, kept elsewhere: audit.key with .pub; without it, the directory's own")
#define AUDIT_ARCHIVE                                                                                                            \
	OPTION("archive", "archive", CLI_PATH, "DIR",                                                                            \
	       "records that 'audit prune' moved away are in this directory; they count, too")
static const struct cli_param audit_verify[] = {
	AUDIT_DIR,
	AUDIT_KEY,
	AUDIT_ARCHIVE,
	OPTION("against", "against", CLI_PATH, "FILE",
	       "checkpoints that were kept elsewhere: one, or the lines of audit.publish_file"),
	END,
};
static const struct cli_param audit_search[] = {
	AUDIT_DIR,
	AUDIT_ARCHIVE,
	OPTION("scs", "scs", CLI_NAME, "NAME", "of this SCS"),
	OPTION("device", "device", CLI_TEXT, "DEVICE", "for this device, as the record has it"),
	CHOICE("action", "action", CLI_WORD, CLI_ACTIONS " audit", "WORD", "about this; audit: the audit's own, such as seals"),
	CHOICE("verdict", "verdict", CLI_WORD, "accepted refused detected", "WORD", "accepted, refused or detected"),
	OPTION("reason", "reason", CLI_TEXT, "WORD", "with this reason"),
	NUMBER("reference", "reference", 0, U32, "with this Reference-Number"),
	OPTION("since", "since", CLI_TIME, "TIME", "not older"),
	OPTION("until", "until", CLI_END, "TIME", "not newer"),
	NUMBER("limit", "limit", 1, INT64_MAX, "at most so many"),
	END,
};
static const struct cli_param audit_show[] = {
	AUDIT_DIR,
	{ .arg = "seq", .kind = CLI_NUM, .required = true, .max = INT64_MAX, .shown = "SEQ", .meaning = "number of the record" },
	AUDIT_KEY,
	AUDIT_ARCHIVE,
	END,
};
static const struct cli_param audit_prune[] = {
	AUDIT_DIR,
	OPERAND("to", CLI_PATH, "ARCHIVE", "directory that the files are moved to; made if it is missing"),
	{ .option = "before",
	  .arg = "before",
	  .kind = CLI_TIME,
	  .required = true,
	  .shown = "TIME",
	  .meaning = "files move whose records are all older" },
	AUDIT_KEY,
	OPTION("dry-run", "dry_run", CLI_TRUE, NULL, "say what would be moved; move nothing"),
	END,
};

static const struct cli_param ndsip_rules[] = {
	{ .option = "config",
	  .letter = 'c',
	  .arg = "config",
	  .kind = CLI_PATH,
	  .required = true,
	  .shown = "FILE",
	  .meaning = "configuration of mtc-iwfd; also -c FILE" },
	{ .option = "print",
	  .arg = "action",
	  .kind = CLI_FIXED,
	  .words = "print",
	  .meaning = "print them, for nft -f (the default)" },
	{ .option = "apply",
	  .arg = "action",
	  .kind = CLI_FIXED,
	  .words = "apply",
	  .meaning = "put them in place with nft, and check" },
	{ .option = "check",
	  .arg = "action",
	  .kind = CLI_FIXED,
	  .words = "check",
	  .meaning = "compare what the kernel has with what has to be there; changes nothing" },
	{ .option = "remove", .arg = "action", .kind = CLI_FIXED, .words = "remove", .meaning = "remove their table" },
	END,
};

static const struct cli_param console[] = {
	OPTION("login", "login", CLI_PATH, "PATH",
	       "socket of mtc-iwf-console; default $MTC_CONSOLE, or /run/mtc-iwf-console/login.sock"),
	END,
};

static const struct cli_param doctor[] = {
	{ .arg = "what",
	  .kind = CLI_TEXT,
	  .shown = "SCS|PEER|FILE",
	  .meaning = "name of an SCS or a peer, or a file of certificates, a key or a CRL; default the gateway as a whole" },
	{ .option = "config",
	  .letter = 'c',
	  .arg = "config",
	  .kind = CLI_PATH,
	  .shown = "FILE",
	  .meaning = "configuration of mtc-iwfd; also -c FILE; default /etc/mtc-iwf/mtc-iwfd.yaml" },
	END,
};

static const struct cli_param quickstart[] = {
	OPERAND("dir", CLI_PATH, "DIR", "directory to make; if it exists, it must be empty"),
	NUMBER("port", "port", 1, UINT16_MAX, "port for SCSs; default 5868"),
	NUMBER("hss-port", "hss_port", 1, UINT16_MAX, "port of the HSS; default 3868"),
	NUMBER("smssc-port", "smssc_port", 1, UINT16_MAX, "port of the SMS-SC; default 3869"),
	END,
};

static const struct cli_param triggers_list[] = {
	OPTION("scs", "scs", CLI_NAME, "NAME", "only triggers of this SCS"),
	OPTION("device", "device", CLI_DEVICE, "DEVICE", "only triggers of this device, as the SCS named it"),
	OPTION("state", "state", CLI_TEXT, "WORDS", "only triggers in this state"),
	NUMBER("older", "older_s", 0, UINT32_MAX, "only triggers received at least this many seconds ago"),
	NUMBER("limit", "limit", 0, INT64_MAX, "largest number of rows; 0: all; default 100"),
	END,
};

static const struct cli_param triggers_show[] = {
	{ .arg = "scs",
	  .kind = CLI_NAME,
	  .shown = "SCS",
	  .meaning = "name of the SCS; may be left out when one SCS has this number" },
	{ .arg = "reference",
	  .kind = CLI_NUM,
	  .required = true,
	  .max = U32,
	  .shown = "REF",
	  .meaning = "Reference-Number of the trigger" },
	END,
};

static const struct cli_param triggers_cancel[] = {
	OPERAND("scs", CLI_NAME, "SCS", "name of the SCS"),
	{ .arg = "reference",
	  .kind = CLI_NUM,
	  .required = true,
	  .max = U32,
	  .shown = "REF",
	  .meaning = "Reference-Number of the trigger" },
	END,
};

static const struct cli_param quota_show[] = {
	{ .arg = "scs", .kind = CLI_NAME, .shown = "SCS", .meaning = "name of the SCS; default all" },
	END,
};

static const struct cli_param quota_reset[] = { OPERAND("scs", CLI_NAME, "SCS", "name of the SCS"), END };

static const struct cli_param screen_set[] = {
	OPERAND("row", CLI_TEXT, "ROW", "name of a screening row; 'mtcctl screen list' shows them"),
	OPERAND("mode", CLI_TEXT, "MODE", "enforce, drop, detect; default: the rule of the configuration again"),
	NUMBER("answer", "answer", 3000, 5999, "Result-Code of enforce; not given: it stays"),
	OPTION("except", "except", CLI_NAMES, "LIST",
	       "SCSs that are exempt, in place of those before: acme,beta, or the option several times"),
	{ .option = "no-except", .arg = "no_except", .kind = CLI_TRUE, .meaning = "no SCS is exempt any more" },
	END,
};

static const struct cli_param ndsip_status[] = {
	{ .arg = "scs", .kind = CLI_NAME, .shown = "SCS", .meaning = "name of the SCS; default all with NDS/IP" },
	END,
};

static const struct cli_param log_level[] = {
	{ .arg = "level",
	  .kind = CLI_WORD,
	  .required = true,
	  .words = "error warn info debug",
	  .shown = "LEVEL",
	  .meaning = "most detailed level that is logged" },
	END,
};

static const struct cli_column scs_columns[] = { { "NAME", "name" },
						 { "E164", CLI_DROP(7) "e164" },
						 { "ORIGIN-HOST", "origin_host" },
						 { "REALM", CLI_DROP(9) "realm" },
						 { "ANCHOR", CLI_DROP(8) "anchor" },
						 { "SESSIONS", "sessions" },
						 END_COLUMN };
static const struct cli_column group_columns[] = {
	{ "NAME", "name" }, { "ANCHOR", "anchor" }, { "MEMBERS", "members" }, { "RULES", "rules" }, END_COLUMN
};
static const struct cli_column set_columns[] = { { "NAME", "name" }, { "MEMBERS", "members" }, { "RULES", "rules" }, END_COLUMN };
static const struct cli_column device_columns[] = { { "DEVICE", "device" }, END_COLUMN };
static const struct cli_column assoc_columns[] = { { "SCS", "scs" },
						   { "DEVICE", "device" },
						   { "EFFECT", "effect" },
						   { "RIGHTS", CLI_DROP(6) "rights" },
						   { "MODE", CLI_DROP(7) "mode" },
						   { "NOT-BEFORE", CLI_DROP(9) "not_before" },
						   { "NOT-AFTER", CLI_DROP(8) "not_after" },
						   END_COLUMN };
static const struct cli_column undo_columns[] = { { "AT", "at" },
						  { "KIND", "kind" },
						  { "FILE", "file" },
						  { "REPLACE", CLI_DROP(8) "replace" },
						  { "ADDED", CLI_DROP(7) "added" },
						  { "REPLACED", CLI_DROP(6) "replaced" },
						  { "DELETED", "deleted" },
						  { "BYTES", CLI_DROP(9) "octets" },
						  { "LATER CHANGES", "since" },
						  END_COLUMN };
static const struct cli_column reload_columns[] = { { "FOUND", "kind" }, { "TEXT", "text" }, END_COLUMN };

static const struct cli_column peers_columns[] = { { "NAME", "name" },
						   { "HOST", CLI_DROP(7) "host" },
						   { "ADDRESS", "address" },
						   { "PROTECTION", CLI_DROP(8) "protection" },
						   { "STATE", "state" },
						   { "SINCE", CLI_DROP(5) "since" },
						   { "REQUESTS", CLI_DROP(4) "requests" },
						   { "ANSWERS", CLI_DROP(6) "answers" },
						   { "TIMEOUTS", CLI_DROP(2) "timeouts" },
						   { "PENDING", CLI_DROP(3) "pending" },
						   { "FORGIVEN", CLI_DROP(9) "forgiven" },
						   { "REASON", CLI_NOTE "reason" },
						   END_COLUMN };
static const struct cli_column sessions_columns[] = { { "SESSION", "session" },
						      { "SCS", "scs" },
						      { "ADDRESS", "address" },
						      { "EDGE", CLI_DROP(6) "edge" },
						      { "LISTENER", CLI_DROP(7) "listener" },
						      { "PROTECTION", CLI_DROP(8) "protection" },
						      { "SINCE", CLI_DROP(3) "since" },
						      { "PENDING", CLI_DROP(4) "pending" },
						      { "FORGIVEN", CLI_DROP(9) "forgiven" },
						      { "GROUPS", CLI_DROP(5) "groups" },
						      END_COLUMN };
static const struct cli_column stats_columns[] = {
	{ "COUNTER", "name" }, { "VALUE", "value" }, { "MEANING", "help" }, END_COLUMN
};
static const struct cli_column triggers_columns[] = { { "SCS", "scs" },
						      { "REFERENCE", "reference" },
						      { "DEVICE", "device" },
						      { "ACTION", CLI_DROP(9) "action" },
						      { "STATE", "state" },
						      { "RECEIVED", CLI_DROP(7) "received" },
						      { "EXPIRES", CLI_DROP(8) "expires" },
						      { "OUTCOME", CLI_DROP(6) "outcome" },
						      END_COLUMN };
static const struct cli_column quota_columns[] = {
	{ "SCS", "scs" },     { "DAY", "day" },   { "USED", "used" }, { "ASKING", "asking" },
	{ "QUOTA", "quota" }, { "LEFT", "left" }, END_COLUMN
};
static const struct cli_column ndsip_columns[] = { { "SCS", "scs" },
						   { "PROTECTED", "protected" },
						   { "STATE", "state" },
						   { "HOSTS", CLI_DROP(8) CLI_FIRST "hosts" },
						   { "IKE", CLI_DROP(9) CLI_FIRST "ike" },
						   { "CONNECTIONS", CLI_DROP(7) "connections" },
						   { "WHY NOT", CLI_NOTE "why" },
						   END_COLUMN };
static const struct cli_column screen_columns[] = { { "ROW", "row" },
						    { "MODE", "mode" },
						    { "ANSWER", CLI_DASH_FOR_0 "answer" },
						    { "EXCEPT", CLI_DROP(6) "except" },
						    { "FROM", CLI_DROP(7) "from" },
						    { "RELAXED", CLI_DROP(9) "relaxed" },
						    { "CLASS", CLI_DROP(8) "class" },
						    { "CAUGHT", "caught" },
						    END_COLUMN };
/* A table without columns: each row is shown member by member. */
static const struct cli_column every_member[] = { END_COLUMN };

#define COLUMN_U32
#define COLUMN_U16
#define COLUMN_ON " (yes, no)"
#define COLUMN_OFF COLUMN_ON
#define COLUMN_RIGHTS " (some of " RIGHTS ")"
#define COLUMN_SET " (a list of words)"
#define COLUMN_LIST(id_, member_, max_, option_, meaning_) "  " #member_ ": " meaning_ "\n"
#define COLUMN_LINE(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                         \
	"  " #member_ COLUMN_##kind_ ": " meaning_ "\n"

const struct cli_command cli_commands[] = {
	{ "status", NULL, "status", "The first page: is it well, what needs attention, what runs", NULL, NULL, cli_show_overview,
	  "  mtcctl status\n  mtcctl status all\n  mtcctl --json status\n\n"
	  "At a terminal it takes a second, to measure rates. 'status all' has identities, processes, loops, stores, files\n"
	  "and certificates; --json has all of it, too.\n" },
	{ "status", "all", "status", "Everything the gateway says about itself: identities, processes, stores, files", NULL, NULL,
	  cli_show_status, "  mtcctl status all\n" },
	{ .group = "quickstart",
	  .summary = "Write a configuration and certificates for a trial, and say how to send a first trigger",
	  .params = quickstart,
	  .examples =
	      "  mtcctl quickstart trial\n  mtcctl quickstart trial --port 15868 --hss-port 13868 --smssc-port 13869\n\n"
	      "It needs no running mtc-iwfd. It runs openssl and prints the lines; commands.txt in DIR keeps what to do next.\n"
	      "The trial has an HSS, an SMS-SC and a device of the laboratory, all on this machine.\n" },
	{ "reload", NULL, "reload", "Read the configuration and its files again: all of them are used, or none", reload,
	  reload_columns, cli_show_reload, "  mtcctl reload --dry-run\n  mtcctl reload\n  mtcctl status\n" },
	{ "health", NULL, "health", "Report whether the gateway works; if not, why, and what to do next", NULL, NULL,
	  cli_show_health,
	  "  mtcctl health\n  mtcctl --json health\n\n"
	  "Exit code: 0 healthy, 1 not healthy, 4 the gateway does not answer.\n" },
	{ .group = "console",
	  .summary = "Print a link to the web console that logs you in, once",
	  .params = console,
	  .examples =
	      "  mtcctl console\n  xdg-open \"$(mtcctl console)\"\n\n"
	      "mtc-iwf-console has to run on this machine. What you may do there depends on your UNIX groups\n"
	      "(control.console_groups of mtc-iwfd). The link works for a minute. It is the only line on standard output.\n" },
	{ .group = "doctor",
	  .summary = "Say in a sentence what is wrong, and in another what to do",
	  .params = doctor,
	  .examples =
	      "  mtcctl doctor\n"
	      "  mtcctl doctor acme\n"
	      "  mtcctl doctor hss\n"
	      "  mtcctl doctor new/acme.pem -c /etc/mtc-iwf/mtc-iwfd.yaml\n"
	      "  mtcctl --json doctor\n"
	      "\n"
	      "It disturbs nothing that runs: of a peer that is connected "
	      "it reads the state only. A word with a / is a file, which\n"
	      "needs no running gateway. Exit code: 0 nothing is wrong, 1 something is wrong, 4 the gateway does not answer.\n"
	      "docs/user/doctor.md has every cause.\n" },
	{ "peers", NULL, "peers", "Connections to the HSS, the SMS-SC and other core nodes", NULL, peers_columns, cli_show_count,
	  "  mtcctl peers\n"
	  "  mtcctl --json peers\n"
	  "  mtcctl peers stop hss\n"
	  "  mtcctl peers start hss\n"
	  "\n"
	  "FORGIVEN: answers accepted although they lack an AVP that their "
	  "grammar demands (strict_answers of the peer refuses them).\n" },
	{ "peers", "start", "peers.start",
	  "Connect to a core node now: after a stop, or without the pause before the next attempt", peer_name, NULL,
	  cli_show_peer, "  mtcctl peers start hss\n" },
	{ "peers", "stop", "peers.stop",
	  "Disconnect from a core node (Disconnect-Peer, DO_NOT_WANT_TO_TALK_TO_YOU) until 'peers start' or a "
	  "restart",
	  peer_name, NULL, cli_show_peer, "  mtcctl peers stop smssc\n" },
	{ "sessions", NULL, "sessions", "SCSs that are connected", NULL, sessions_columns, cli_show_count,
	  "  mtcctl sessions\n" },
	{ "stats", NULL, "stats", "Every counter with its meaning", NULL, stats_columns, cli_show_count,
	  "  mtcctl stats\n  mtcctl stats | grep refused\n" },
	{ "scs", "add", "scs.add", "Provision an SCS: who it is, how it proves that, what it may use", scs_add, NULL,
	  cli_show_scs,
	  "  mtcctl scs add acme --e164 49170123456 --origin-host scs.acme.example --realm acme.example --anchor anchor-a\n"
	  "  mtcctl scs add acme --e164 49170123456 --origin-host scs.acme.example --realm acme.example --anchor anchor-a \\\n"
	  "      --actions trigger,recall --rate 100 --burst 200 --replace\n"
	  "  mtcctl scs add acme --e164 49170123456 --origin-host scs.acme.example --realm acme.example --anchor anchor-a \\\n"
	  "      --ndsip-hosts 10.8.0.7,10.8.0.8 --ndsip-ike 192.0.2.7\n"
	  "\n"
	  "--replace overwrites the whole SCS: values that are not given "
	  "get their defaults. 'mtcctl scs set' changes values only.\n" },
	{ "scs", "set", "scs.set", "Change values of an SCS; values that are not given stay", scs_set, NULL, cli_show_set_values,
	  "  mtcctl scs set acme quota 5000\n"
	  "  mtcctl scs set acme rate 100 burst 200 actions trigger,recall\n"
	  "  mtcctl scs set acme priority no\n"
	  "  mtcctl scs set acme tls-versions 1.3 protections tls,tls+ndsip transports any\n"
	  "  mtcctl scs set acme ndsip-hosts 10.8.0.7 ndsip-ike none\n\n"
	  "The keys are those of 'scs add' without --, or the names that 'scs show' has. A new host or realm ends the "
	  "sessions, an anchor that is taken away those under it;\nnew transports, protections, tls-versions or tls-suites end "
	  "those that have others.\n" },
	{ "scs", "del", "scs.del", "Remove an SCS, its rules and its sessions", scs_del, NULL, cli_show_deleted,
	  "  mtcctl scs del acme\n" },
	{ "scs", "list", "scs.list", "All SCSs", NULL, scs_columns, cli_show_count, "  mtcctl scs list\n" },
	{ "scs", "show", "scs.show", "One SCS with its limits in force", scs_name, every_member, NULL,
	  "  mtcctl scs show acme\n" },
	{ "scs", "import", "scs.import", "SCSs from a file: all of it, or nothing when one line is wrong", import_file, NULL,
	  NULL,
	  "  mtcctl scs import scs.csv --dry-run\n  mtcctl scs import scs.csv\n"
	  "  zcat scs.jsonl.gz | mtcctl scs import - --replace\n\n"
	  "The first line of a CSV file names the columns, in any order; in JSON lines they are members of one object a line.\n"
	  "Columns: name, e164, origin_host, realm, anchor; optional:\n" SCS_LIMITS(COLUMN_LINE) SCS_NDSIP(
	      COLUMN_LIST) "What is empty has its default. A column that the file does not have has its default in a new row "
			   "only: an SCS that\n"
			   "exists keeps what is stored.\n" },
	{ "scs", "export", "scs.export", "All SCSs into a file that import reads", export_file, NULL, NULL,
	  "  mtcctl scs export scs.csv\n  mtcctl scs export --format jsonl | gzip >scs.jsonl.gz\n" },
	{ "group", "add", "group.add", "A group of SCSs, for rules on all of them", group_add, NULL, cli_show_group,
	  "  mtcctl group add fleet\n"
	  "  mtcctl group add partners --anchor anchor-a\n" },
	{ "group", "set", "group.set", "Change the anchor of a group", group_set, NULL, cli_show_set_values,
	  "  mtcctl group set partners anchor anchor-b\n  mtcctl group set partners anchor none\n" },
	{ "group", "del", "group.del", "Remove a group, its memberships and its rules", group_del, NULL, cli_show_group_deleted,
	  "  mtcctl group del fleet\n" },
	{ "group", "list", "group.list", "All groups", NULL, group_columns, cli_show_count, "  mtcctl group list\n" },
	{ "group", "show", "group.show", "One group: its stored members, the URI that proves it, and the open sessions that do",
	  group_name, every_member, NULL, "  mtcctl group show fleet\n" },
	{ "group", "member add", "group.member.add", "Store an SCS as a member of a group", group_member, NULL, cli_show_member,
	  "  mtcctl group member add fleet acme\n" },
	{ "group", "member del", "group.member.del", "Remove a stored membership", group_member, NULL, cli_show_member,
	  "  mtcctl group member del fleet acme\n" },
	{ "group", "import", "group.import",
	  "Groups and their stored members from a file: all of it, or nothing when one line is wrong", import_file, NULL, NULL,
	  "  mtcctl group import group.csv --dry-run\n  mtcctl group import group.csv\n"
	  "  zcat group.jsonl.gz | mtcctl group import - --replace\n\n"
	  "The first line of a CSV file names the columns, in any order; in JSON lines they are members of one object a line.\n"
	  "Columns: group; optional: anchor, scs. A row without scs is the group itself with its anchor, one with scs a "
	  "member.\nWithout the column anchor an existing group keeps its anchor.\n" },
	{ "group", "export", "group.export", "All groups and their stored members into a file that import reads", export_file,
	  NULL, NULL, "  mtcctl group export group.csv\n  mtcctl group export --format jsonl | gzip >group.jsonl.gz\n" },
	{ "set", "add", "set.add", "A named set of devices, for rules on all of them", set_name, NULL, cli_show_set,
	  "  mtcctl set add trial\n" },
	{ "set", "set", "set.set", "Change the name of a set; its members and the rules on it stay", set_set, NULL,
	  cli_show_set_values, "  mtcctl set set trial name fleet-2027\n" },
	{ "set", "del", "set.del", "Remove a set, its memberships and the rules on it", set_del, NULL, cli_show_set_deleted,
	  "  mtcctl set del trial\n" },
	{ "set", "list", "set.list", "All sets", NULL, set_columns, cli_show_count, "  mtcctl set list\n" },
	{ "set", "show", "set.show", "The devices of one set", set_show, device_columns, cli_show_count,
	  "  mtcctl set show trial\n  mtcctl set show trial --limit 0\n" },
	{ "set", "member add", "set.member.add", "Add a device to a set", set_member, NULL, cli_show_set_member,
	  "  mtcctl set member add trial meter-7@fleet.example\n" },
	{ "set", "member del", "set.member.del", "Remove a device from a set", set_member, NULL, cli_show_set_member,
	  "  mtcctl set member del trial meter-7@fleet.example\n" },
	{ "set", "import", "set.import", "Named sets and their devices from a file: all of it, or nothing when one line is wrong",
	  import_file, NULL, NULL,
	  "  mtcctl set import set.csv --dry-run\n"
	  "  mtcctl set import set.csv\n"
	  "  zcat set.jsonl.gz | mtcctl set import - --replace\n"
	  "\n"
	  "The first line of a CSV file names the columns, in any order; in JSON lines they are members of one object a line.\n"
	  "Columns: set; optional: device. A row without device is the "
	  "set itself; one with device is a member and makes its set.\n" },
	{ "set", "export", "set.export", "All named sets and their devices into a file that import reads", export_file, NULL,
	  NULL, "  mtcctl set export set.csv\n  mtcctl set export --format jsonl | gzip >set.jsonl.gz\n" },
	{ "assoc", "add", "assoc.add", "Allow, deny or block: this SCS, these devices", assoc_add, NULL, cli_show_assoc,
	  "  mtcctl assoc add acme '*@fleet.example'\n"
	  "  mtcctl assoc add acme msisdn:491700000000-491700009999 --rights trigger\n"
	  "  mtcctl assoc add acme meter-7@fleet.example --deny\n"
	  "  mtcctl assoc add group:fleet '*@fleet.example' --rights trigger\n"
	  "  mtcctl assoc add acme set:trial --rights trigger\n"
	  "  mtcctl assoc add '*' msisdn:491700000001 --block\n"
	  "  mtcctl assoc add acme '*@trial.example' --deny --mode detect-only\n"
	  "  mtcctl assoc add acme '*@trial.example' --not-after 2027-01-01\n" },
	{ "assoc", "del", "assoc.del", "Remove the rules of one SCS on one device or device set", assoc_del, NULL,
	  cli_show_deleted, "  mtcctl assoc del acme meter-7@fleet.example\n" },
	{ "assoc", "list", "assoc.list", "Rules", assoc_list, assoc_columns, cli_show_count,
	  "  mtcctl assoc list\n  mtcctl assoc list --scs acme --limit 0\n" },
	{ "assoc", "show", "assoc.show", "The rules of one SCS on one device or device set, and whether they are in force",
	  assoc_show, every_member, NULL,
	  "  mtcctl assoc show acme meter-7@fleet.example\n  mtcctl assoc show group:fleet set:trial\n" },
	{ "assoc", "check", "assoc.check",
	  "Show whether an SCS may trigger a device, which rule decides, and what would change that", assoc_check, NULL,
	  cli_show_check,
	  "  mtcctl assoc check acme meter-7@fleet.example\n  mtcctl assoc check acme msisdn:491700000001 --action recall\n"
	  "  mtcctl assoc check acme meter-7@fleet.example --msisdn 491700000001 --at 2027-01-01\n"
	  "  mtcctl assoc check acme meter-7@fleet.example --group partners\n"
	  "  mtcctl assoc check acme meter-7@fleet.example --session 3-000017 --ask-hss\n"
	  "  mtcctl assoc check acme meter-7@fleet.example --cert acme.pem\n\n"
	  "The end of the answer lists what was not checked.\n" },
	{ "assoc", "import", "assoc.import", "Allow and deny rules from a file: all of it, or nothing when one line is wrong",
	  import_file, NULL, NULL,
	  "  mtcctl assoc import assoc.csv --dry-run\n  mtcctl assoc import assoc.csv\n"
	  "  zcat assoc.jsonl.gz | mtcctl assoc import - --replace\n\n"
	  "The first line of a CSV file names the columns, in any order; in JSON lines they are members of one object a line.\n"
	  "Columns: who, device; optional: effect (allow, deny), rights (trigger recall replace), not_before, not_after,\n"
	  "mode (enforce, detect-only). What is empty: allow, all rights, always, enforce. A column that the file does not have\n"
	  "has that meaning in a new row only: an existing rule keeps what is stored.\n" },
	{ "assoc", "export", "assoc.export", "All allow and deny rules into a file that import reads", export_file, NULL, NULL,
	  "  mtcctl assoc export assoc.csv\n  mtcctl assoc export --format jsonl | gzip >assoc.jsonl.gz\n" },
	{ "assoc", "undo list", "assoc.undo.list", "The states before the last imports that can be gone back to, newest first",
	  NULL, undo_columns, cli_show_count, "  mtcctl assoc undo list\n" },
	{ "assoc", "undo", "assoc.undo",
	  "Go back to the state before the last import, of whatever kind: SCSs, groups, sets, rules and blocks", assoc_undo, NULL,
	  cli_show_undo,
	  "  mtcctl assoc undo --dry-run\n  mtcctl assoc undo\n\n"
	  "The whole store is as it was then; changes made since are lost; --dry-run counts them before.\n"
	  "A second undo goes back before the import before that. associations.undo_max and undo_size_max of the configuration\n"
	  "bound how far. There is no way forward again: import the file once more.\n" },
	{ "block", "add", "assoc.add", "Stop an SCS, a device or both, whatever other rules say", block_add, NULL, cli_show_assoc,
	  "  mtcctl block add '*' meter-7@fleet.example\n"
	  "  mtcctl block add acme '*'\n"
	  "  mtcctl block add '*' '*@stolen.example' --mode detect-only\n" },
	{ "block", "del", "assoc.del", "Remove a block", block_of, NULL, cli_show_deleted,
	  "  mtcctl block del '*' meter-7@fleet.example\n" },
	{ "block", "list", "assoc.list", "Blocks", block_list, assoc_columns, cli_show_count, "  mtcctl block list\n" },
	{ "block", "show", "assoc.show", "One block, and whether it is in force", block_of, every_member, NULL,
	  "  mtcctl block show '*' meter-7@fleet.example\n" },
	{ "block", "import", "block.import", "Block rules from a file: all of it, or nothing when one line is wrong", import_file,
	  NULL, NULL,
	  "  mtcctl block import block.csv --dry-run\n  mtcctl block import block.csv\n"
	  "  zcat block.jsonl.gz | mtcctl block import - --replace\n\n"
	  "The first line of a CSV file names the columns, in any order; in JSON lines they are members of one object a line.\n"
	  "Columns: who, device; optional: not_before, not_after, mode (enforce, detect-only). An existing block keeps what\n"
	  "is stored in a column that the file does not have.\n" },
	{ "block", "export", "block.export", "All block rules into a file that import reads", export_file, NULL, NULL,
	  "  mtcctl block export block.csv\n  mtcctl block export --format jsonl | gzip >block.jsonl.gz\n" },
	{ "triggers", "list", "triggers.list", "Triggers that are under way or wait for their report", triggers_list,
	  triggers_columns, cli_show_triggers,
	  "  mtcctl triggers list --scs acme\n  mtcctl triggers list --state accepted --older 3600 --limit 0\n" },
	{ "triggers", "show", "triggers.show", "Everything about one trigger, and why it is where it is", triggers_show,
	  every_member, cli_show_trigger, "  mtcctl triggers show acme 41\n  mtcctl triggers show 41\n" },
	{ "triggers", "cancel", "triggers.cancel", "Cancel a trigger: refuse or recall it", triggers_cancel, NULL,
	  cli_show_cancel, "  mtcctl triggers cancel acme 41\n" },
	{ .group = "trace",
	  .verb = "start",
	  .summary = "Copy the Diameter messages that match into a file for Wireshark, for a time",
	  .params = cli_params_trace_start,
	  .examples = cli_examples_trace_start },
	{ "trace", "stop", "trace.stop", "End the trace that runs; its file is complete then", cli_params_trace_stop, NULL,
	  cli_show_trace, "  mtcctl trace stop\n  mtcctl trace stop 1\n" },
	{ "trace", "status", "trace.status", "The trace that runs, or the last one", NULL, every_member, cli_show_count,
	  "  mtcctl trace status\n  mtcctl --json trace status\n" },
	{ .group = "tail",
	  .summary = "Follow decisions as they are made, a line each",
	  .params = cli_params_tail,
	  .examples = cli_examples_tail },
	{ .group = "replay",
	  .summary = "What today's policy would answer to the requests of a trace",
	  .params = cli_params_replay,
	  .examples = cli_examples_replay },
	{ "quota", "show", "quota.show", "What SCSs used of their quotas today (UTC)", quota_show, quota_columns, cli_show_count,
	  "  mtcctl quota show\n"
	  "  mtcctl quota show acme\n"
	  "\n"
	  "USED survives every restart. ASKING: requests that are not decided "
	  "yet; a new one is refused when the quota would not be enough for\n"
	  "them and for it. QUOTA and LEFT are empty for an SCS without a quota.\n" },
	{ "quota", "reset", "quota.reset", "Set what an SCS used of its quota today to zero", quota_reset, NULL, cli_show_quota,
	  "  mtcctl quota reset acme\n" },
	{ "backup", NULL, "backup.copy", "A consistent copy of the associations and the journal while mtc-iwfd runs", backup_dir,
	  NULL, NULL,
	  "  mtcctl backup /var/backups/mtc-iwf-2027-01-01\n"
	  "\n"
	  "mtcctl makes the files, so it needs room and rights there, not "
	  "mtc-iwfd. DIR.part holds them until all of them are on disk.\n"
	  "Restore: stop mtc-iwfd, then mtc-iwfd -c FILE --restore DIR (see mtc-iwfd(1)).\n" },
	{ .group = "journal",
	  .verb = "check",
	  .summary = "Read a journal that no mtc-iwfd uses, and say what is whole and what is damaged",
	  .params = journal_check,
	  .examples = "  mtcctl journal check /var/lib/mtc-iwf/journal\n\n"
		      "It needs no running mtc-iwfd and changes nothing. Exit code 1: mtc-iwfd would not start with it.\n" },
	{ .group = "journal",
	  .verb = "salvage",
	  .summary = "Save the whole records of a damaged journal into a new journal",
	  .params = journal_salvage,
	  .examples =
	      "  mtcctl journal salvage /var/lib/mtc-iwf/journal /var/lib/mtc-iwf/journal.new\n\n"
	      "The damaged journal stays as it is. The answer says what is missing and how to put the new one in place.\n" },
	{ .group = "audit",
	  .verb = "verify",
	  .summary = "Check that no record of the audit was changed, removed or moved",
	  .params = audit_verify,
	  .examples = "  mtcctl audit verify /var/lib/mtc-iwf/audit --key audit.key.pub --against checkpoints.jsonl\n\n"
		      "It needs no running mtc-iwfd and changes nothing. Exit code 1: there are problems, one line each.\n"
		      "docs/user/audit.md says what can be found and what cannot.\n" },
	{ .group = "audit",
	  .verb = "search",
	  .summary = "The records of the audit that fit",
	  .params = audit_search,
	  .examples = "  mtcctl audit search /var/lib/mtc-iwf/audit --scs acme --verdict refused --since 2027-01-01\n"
		      "  mtcctl --json audit search /var/lib/mtc-iwf/audit --reference 4711\n\n"
		      "It proves nothing: 'audit verify' checks all records, 'audit show' one.\n" },
	{ .group = "audit",
	  .verb = "show",
	  .summary = "One record of the audit, with the proof that the last checkpoint covers it",
	  .params = audit_show,
	  .examples = "  mtcctl audit show /var/lib/mtc-iwf/audit 4711\n"
		      "  mtcctl --json audit show /var/lib/mtc-iwf/audit 4711 --key audit.key.pub\n\n"
		      "The proof is that of RFC 6962. Exit code 1: the record is not the one that the checkpoint covers.\n" },
	{ .group = "audit",
	  .verb = "prune",
	  .summary = "Move the oldest records of the audit to an archive; proofs stay whole",
	  .params = audit_prune,
	  .examples = "  mtcctl audit prune /var/lib/mtc-iwf/audit /srv/archive/iwf --before 2027-01-01\n"
		      "  mtcctl audit verify /var/lib/mtc-iwf/audit --archive /srv/archive/iwf\n\n"
		      "It verifies everything first, and moves nothing if anything is wrong. Whole files of records move\n"
		      "(audit.segment_size), never the last one. mtc-iwfd may run. Run it as the user that owns the files.\n" },
	{ "ndsip", "status", "ndsip.status", "Which SCSs are protected by NDS/IP (IPsec), and why others are not", ndsip_status,
	  ndsip_columns, cli_show_ndsip_status,
	  "  mtcctl ndsip status\n"
	  "  mtcctl ndsip status acme\n"
	  "  mtcctl --json ndsip status\n"
	  "\n"
	  "STATE is that of its connection in strongSwan: waits (not loaded "
	  "yet), refused, blocked, down (no IKE_SA), childless (an IKE_SA\n"
	  "without a security association for ESP), up; unknown: nobody asked.\n" },
	{ .group = "ndsip",
	  .verb = "rules",
	  .summary = "The nftables rules that keep traffic of NDS/IP listeners inside their tunnels",
	  .params = ndsip_rules,
	  .examples =
	      "  mtcctl ndsip rules -c /etc/mtc-iwf/mtc-iwfd.yaml\n"
	      "  mtcctl ndsip rules --apply -c /etc/mtc-iwf/mtc-iwfd.yaml\n"
	      "  mtcctl ndsip rules --check -c /etc/mtc-iwf/mtc-iwfd.yaml\n"
	      "\n"
	      "It needs no running mtc-iwfd, and root for all but --print. "
	      "The rules stand whether or not a tunnel does: apply them\n"
	      "before mtc-iwfd starts, at every start of the machine and after each change of a listener. Their table is\n"
	      "inet mtc_iwf_ndsip; other tables are not touched. Through a tunnel nothing but the listeners can be reached.\n"
	      "Exit code 1: the rules do not stand, or could not be changed.\n" },
	{ "screen", "list", "screen.list", "The screening rows: what is checked on requests of SCSs, and what then happens", NULL,
	  screen_columns, cli_show_count,
	  "  mtcctl screen list\n"
	  "  mtcctl --json screen list\n"
	  "\n"
	  "FROM: preset, configuration, or run time ('mtcctl screen set', "
	  "which wins). CLASS: a fixed row cannot be changed; a closed one\n"
	  "refuses or drops; an open one may also only detect, and SCSs "
	  "may be exempt. ANSWER -: the row has no Result-Code of its\n"
	  "own. docs/user/screening.md explains each row.\n" },
	{ "screen", "set", "screen.set", "Set the rule of a screening row, for now and for later starts", screen_set, NULL,
	  cli_show_screen_set,
	  "  mtcctl screen set destination_realm detect\n"
	  "  mtcctl screen set agents enforce --answer 5012 --except acme,beta\n"
	  "  mtcctl screen set agents enforce --no-except\n"
	  "  mtcctl screen set destination_realm default\n"
	  "\n"
	  "What is not given stays. Open sessions get the rule at once. "
	  "The decision log has a line, and 'mtcctl status' lists the row.\n"
	  "The mode default takes no options.\n" },
	{ "log", "level", "log.level", "Change what is logged, until the next start", log_level, NULL, cli_show_level,
	  "  mtcctl log level debug\n" },
	{ .group = NULL },
};
