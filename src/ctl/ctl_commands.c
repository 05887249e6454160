/* ctl_commands.c - the arguments of mtc-iwfd's commands, one row each. */
#include "ctl/ctl_commands.h"

#include "base/scs_limits.h"
#include "base/scs_ndsip.h"

#define TEXT(name_, required_, min_, max_, meaning_)                                                                             \
	{                                                                                                                        \
		.name = name_, .type = CTL_A_TEXT, .required = required_, .min = min_, .max = max_, .meaning = meaning_          \
	}
#define NUM(name_, min_, max_, meaning_)                                                                                         \
	{                                                                                                                        \
		.name = name_, .type = CTL_A_NUM, .min = min_, .max = max_, .meaning = meaning_                                  \
	}
#define BOOLEAN(name_, meaning_)                                                                                                 \
	{                                                                                                                        \
		.name = name_, .type = CTL_A_BOOL, .meaning = meaning_                                                           \
	}
#define WORDS(name_, words_, meaning_)                                                                                           \
	{                                                                                                                        \
		.name = name_, .type = CTL_A_WORDS, .words = words_, .meaning = meaning_                                         \
	}
#define WORD(name_, required_, words_, meaning_)                                                                                 \
	{                                                                                                                        \
		.name = name_, .type = CTL_A_TEXT, .required = required_, .words = words_, .meaning = meaning_                   \
	}
#define END                                                                                                                      \
	{                                                                                                                        \
		.name = NULL                                                                                                     \
	}

#define SCS(required_) TEXT("scs", required_, 1, 63, "name of an SCS")
#define WHO(required_) TEXT("scs", required_, 1, 69, "name of an SCS, group:NAME, or * (block rules only)")
#define DEVICE(required_)                                                                                                        \
	TEXT("device", required_, 1, 300,                                                                                        \
	     "local@domain, *@domain, msisdn:DIGITS, msisdn:FIRST-LAST, set:NAME or * (block rules only)")

/* A command that would delete at least 10 rows and more than a tenth of them needs one of these. */
#define SURE                                                                                                                     \
	BOOLEAN("yes", "proceed even if many rows are deleted"),                                                                 \
	    NUM("deletes_max", 0, INT64_MAX, "proceed if no more than this many rows are deleted")

#define LIMIT_U32(member_, min_, max_, meaning_) NUM(#member_, min_, max_, meaning_)
#define LIMIT_U16 LIMIT_U32
#define LIMIT_ON(member_, min_, max_, meaning_) BOOLEAN(#member_, meaning_)
#define LIMIT_OFF LIMIT_ON
#define LIMIT_RIGHTS(member_, min_, max_, meaning_) WORDS(#member_, CTL_WORDS_RIGHTS, meaning_)
#define LIMIT_SET(member_, min_, max_, meaning_) WORDS(#member_, min_, meaning_)
#define LIMIT(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) LIMIT_##kind_(member_, min_, max_, meaning_),

#define LIST(id_, member_, max_, option_, meaning_)                                                                              \
	{ .name = #member_, .type = CTL_A_TEXTS, .min = 1, .max = 45, .texts_max = (max_), .meaning = meaning_ },

const struct ctl_arg ctl_args_scs_add[] = {
	TEXT("name", true, 1, 63, "name of the SCS: a-z 0-9 . _ -"),
	TEXT("e164", true, 5, 15, "the SCS-Identity, 5 to 15 digits"),
	TEXT("origin_host", true, 1, 253, "the Diameter Origin-Host, proven by the certificate"),
	TEXT("realm", true, 1, 253, "the Diameter Origin-Realm"),
	TEXT("anchor", true, 1, 511,
	     "names of trust anchors, at most 8, with commas or blanks between: the certificate must chain to one of them"),
	SCS_LIMITS(LIMIT) SCS_NDSIP(LIST) BOOLEAN("replace", "overwrite an existing SCS of this name"),
	END,
};

const struct ctl_arg ctl_args_scs_set[] = {
	TEXT("name", true, 1, 63, "name of an SCS"),
	TEXT("e164", false, 5, 15, "the SCS-Identity, 5 to 15 digits"),
	TEXT("origin_host", false, 1, 253, "the Diameter Origin-Host, proven by the certificate"),
	TEXT("realm", false, 1, 253, "the Diameter Origin-Realm"),
	TEXT("anchor", false, 1, 511,
	     "names of trust anchors, at most 8, with commas or blanks between: the certificate must chain to one of them"),
	SCS_LIMITS(LIMIT) SCS_NDSIP(LIST) END,
};

const struct ctl_arg ctl_args_scs_name[] = {
	TEXT("name", true, 1, 63, "name of an SCS"),
	END,
};

const struct ctl_arg ctl_args_scs_del[] = {
	TEXT("name", true, 1, 63, "name of an SCS"),
	SURE,
	END,
};

const struct ctl_arg ctl_args_peer_name[] = {
	TEXT("name", true, 1, 63, "name of a peer of the configuration"),
	END,
};

const struct ctl_arg ctl_args_assoc_add[] = {
	WHO(true),
	DEVICE(true),
	WORD("effect", false, CTL_WORDS_EFFECT, "effect of the rule; default allow"),
	WORDS("rights", CTL_WORDS_RIGHTS, "actions that the rule applies to; default all"),
	WORD("mode", false, CTL_WORDS_MODE, "detect-only: a deny or block rule that logs what it would refuse; default enforce"),
	NUM("not_before", 0, INT64_MAX, "start of the rule, seconds since 1970"),
	NUM("not_after", 0, INT64_MAX, "end of the rule, seconds since 1970"),
	END,
};

const struct ctl_arg ctl_args_assoc_del[] = {
	WHO(true),
	DEVICE(true),
	WORD("effect", false, CTL_WORDS_EFFECT, "only the rule with this effect; default: every rule of the pair"),
	END,
};

const struct ctl_arg ctl_args_assoc_list[] = {
	WHO(false),
	DEVICE(false),
	WORD("effect", false, CTL_WORDS_EFFECT, "only rules with this effect"),
	NUM("limit", 0, INT64_MAX, "largest number of rows; 0: all; default 1000"),
	END,
};

const struct ctl_arg ctl_args_assoc_show[] = {
	WHO(true),
	DEVICE(true),
	WORD("effect", false, CTL_WORDS_EFFECT, "only the rule with this effect"),
	END,
};

const struct ctl_arg ctl_args_assoc_check[] = {
	SCS(true),
	DEVICE(true),
	WORD("action", false, CTL_WORDS_RIGHTS, "the action to check; default trigger"),
	TEXT("msisdn", false, 5, 15, "the second identifier of the device, when the request would carry both"),
	NUM("at", 0, CTL_TIME_MAX, "time of the request, seconds since 1970; default now"),
	{ .name = "group", .type = CTL_A_TEXTS, .min = 1, .max = 63, .meaning = "groups whose URI the certificate would carry" },
	TEXT("session", false, 1, 63, "name of an open session; the groups are those that its certificate proves"),
	TEXT("certificate", false, 1, CTL_CERTIFICATE_MAX, "the certificate that the SCS would present, with its chain, PEM"),
	BOOLEAN("ask_hss", "also ask the HSS; nothing is submitted"),
	END,
};

const struct ctl_arg ctl_args_group_add[] = {
	TEXT("name", true, 1, 63, "name of the group: a-z 0-9 . _ -"),
	TEXT("anchor", false, 1, 63,
	     "name of the trust anchor whose certificates may prove membership; absent: stored members only"),
	BOOLEAN("replace", "change the anchor of an existing group of this name"),
	END,
};

const struct ctl_arg ctl_args_group_set[] = {
	TEXT("name", true, 1, 63, "name of a group"),
	TEXT("anchor", false, 0, 63,
	     "name of the trust anchor whose certificates may prove membership; empty: stored members only"),
	END,
};

const struct ctl_arg ctl_args_set_add[] = {
	TEXT("name", true, 1, 63, "name of the set: a-z 0-9 . _ -"),
	END,
};

const struct ctl_arg ctl_args_set_set[] = {
	TEXT("name", true, 1, 63, "name of a set"),
	TEXT("new_name", false, 1, 63, "the new name; members and rules stay"),
	END,
};

const struct ctl_arg ctl_args_set_del[] = {
	TEXT("name", true, 1, 63, "name of a set"),
	SURE,
	END,
};

const struct ctl_arg ctl_args_set_show[] = {
	TEXT("name", true, 1, 63, "name of a set"),
	NUM("limit", 0, INT64_MAX, "largest number of rows; 0: all; default 1000"),
	END,
};

const struct ctl_arg ctl_args_set_member[] = {
	TEXT("set", true, 1, 63, "name of a set"),
	TEXT("device", true, 1, 300, "local@domain or msisdn:DIGITS"),
	END,
};

const struct ctl_arg ctl_args_group_name[] = {
	TEXT("name", true, 1, 63, "name of a group"),
	END,
};

const struct ctl_arg ctl_args_group_del[] = {
	TEXT("name", true, 1, 63, "name of a group"),
	SURE,
	END,
};

const struct ctl_arg ctl_args_group_member[] = {
	TEXT("group", true, 1, 63, "name of a group"),
	SCS(true),
	END,
};

#define FILE_NAME TEXT("name", false, 1, 255, "name of the file, used in messages")
#define DESCRIPTOR(meaning_)                                                                                                     \
	{                                                                                                                        \
		.name = "file", .type = CTL_A_FD, .required = true, .meaning = meaning_                                          \
	}

const struct ctl_arg ctl_args_import[] = {
	DESCRIPTOR("the file, open for reading"),
	FILE_NAME,
	WORD("format", false, CTL_WORDS_FORMAT, "format of the file; default: detected from the first byte"),
	BOOLEAN("replace", "delete every row of this kind that is not in the file"),
	BOOLEAN("dry_run", "report what would change, and change nothing"),
	SURE,
	END,
};

const struct ctl_arg ctl_args_reload[] = {
	BOOLEAN("dry_run", "report what would change, and change nothing"),
	END,
};

const struct ctl_arg ctl_args_assoc_undo[] = {
	BOOLEAN("dry_run", "report what would be restored, and change nothing"),
	SURE,
	END,
};

const struct ctl_arg ctl_args_export[] = {
	DESCRIPTOR("the file, open for writing"),
	FILE_NAME,
	WORD("format", false, CTL_WORDS_FORMAT, "format to write; default csv"),
	END,
};

const struct ctl_arg ctl_args_backup_copy[] = {
	DESCRIPTOR("the file, open for writing"),
	WORD("store", true, CTL_WORDS_STORES, "the file of the state to copy"),
	FILE_NAME,
	END,
};

const struct ctl_arg ctl_args_triggers_list[] = {
	SCS(false),
	TEXT("device", false, 1, 320, "only triggers of this device, as the SCS named it"),
	TEXT("state", false, 1, 32, "only triggers in this state"),
	NUM("older_s", 0, UINT32_MAX, "only triggers received at least this many seconds ago"),
	NUM("limit", 0, INT64_MAX, "largest number of rows; 0: all; default 100"),
	END,
};

#define REFERENCE                                                                                                                \
	{                                                                                                                        \
		.name = "reference", .type = CTL_A_NUM, .required = true, .max = UINT32_MAX,                                     \
		.meaning = "Reference-Number of the trigger"                                                                     \
	}

const struct ctl_arg ctl_args_triggers_show[] = { SCS(false), REFERENCE, END };

const struct ctl_arg ctl_args_triggers_cancel[] = { SCS(true), REFERENCE, END };

const struct ctl_arg ctl_args_quota_show[] = { SCS(false), END };

const struct ctl_arg ctl_args_quota_reset[] = { SCS(true), END };

_Static_assert(SCREEN_EXCEPT_MAX <= CTL_TEXTS_MAX, "all exceptions of a row come in one request");
const struct ctl_arg ctl_args_screen_set[] = {
	TEXT("row", true, 1, 63, "name of a screening row"),
	TEXT("mode", true, 1, 63, "enforce, drop or detect; default: the rule of the configuration again"),
	NUM("answer", 3000, 5999, "Result-Code of mode enforce; not given: it stays"),
	{ .name = "except",
	  .type = CTL_A_TEXTS,
	  .min = 1,
	  .max = 63,
	  .meaning = "names of the SCSs that are exempt, in place of those before; not given: they stay" },
	BOOLEAN("no_except", "no SCS is exempt any more"),
	END,
};

const struct ctl_arg ctl_args_ndsip_status[] = { SCS(false), END };

const struct ctl_arg ctl_args_decisions_search[] = {
	SCS(false),
	TEXT("device", false, 1, 320, "only decisions about this device, as the SCS named it"),
	WORD("verdict", false, "accepted refused detected", "only decisions with this verdict"),
	TEXT("reason", false, 1, 63, "only decisions with this reason"),
	TEXT("action", false, 1, 32, "only decisions about this action"),
	TEXT("transaction", false, 1, 63, "only lines of this transaction"),
	NUM("before", 0, INT64_MAX, "only lines before the one with this number; default: all"),
	NUM("limit", 1, 1000, "largest number of rows; default 100"),
	END,
};

const struct ctl_arg ctl_args_trace_start[] = {
	DESCRIPTOR("the file, open for writing"),
	SCS(false),
	TEXT("device", false, 1, 300, "local@domain or msisdn:DIGITS, as SCSs name it"),
	{ .name = "trigger", .type = CTL_A_NUM, .max = UINT32_MAX, .meaning = "Reference-Number of a trigger of the SCS" },
	TEXT("peer", false, 1, 63, "name of a peer of the configuration"),
	NUM("seconds", 1, 86400, "time of the trace; default and most: trace.time_max"),
	NUM("octets", 65536, INT64_MAX, "size of its file; default and most: trace.size_max"),
	BOOLEAN("unredacted", "identities of devices and payloads as they are; default: digests of them"),
	FILE_NAME,
	END,
};

const struct ctl_arg ctl_args_trace_stop[] = {
	NUM("number", 1, UINT32_MAX, "of the trace; default: the one that runs"),
	END,
};

#define AVP(name_, meaning_) TEXT(name_, false, 0, 2 * CTL_AVP_MAX, meaning_)
#define U32(name_, required_, meaning_)                                                                                          \
	{                                                                                                                        \
		.name = name_, .type = CTL_A_NUM, .required = required_, .max = UINT32_MAX, .meaning = meaning_                  \
	}

const struct ctl_arg ctl_args_requests_judge[] = {
	SCS(true),
	U32("reference", true, "Reference-Number"),
	U32("action_type", true, "Action-Type, as a number"),
	AVP("external", "octets of External-Identifier, hexadecimal"),
	AVP("msisdn", "octets of MSISDN, hexadecimal"),
	AVP("scs_identity", "octets of SCS-Identity, hexadecimal"),
	U32("old_reference", false, "Old-Reference-Number"),
	{ .name = "payload_len",
	  .type = CTL_A_NUM,
	  .max = CTL_PAYLOAD_MAX,
	  .meaning = "bytes of Payload; absent: no Trigger-Data" },
	U32("priority", false, "Priority-Indication"),
	U32("port", false, "Application-Port-Identifier"),
	U32("validity_s", false, "Validity-Time"),
	END,
};

const struct ctl_arg ctl_args_decisions_follow[] = {
	SCS(false),
	TEXT("device", false, 1, 300, "only decisions about this device, as the SCS named it"),
	WORD("verdict", false, CTL_WORDS_VERDICT, "only decisions with this verdict"),
	TEXT("reason", false, 1, 63, "only decisions with this reason"),
	TEXT("action", false, 1, 63, "only decisions about this action"),
	END,
};

const struct ctl_arg ctl_args_audit_search[] = {
	SCS(false),
	TEXT("device", false, 1, 320, "only records about this device, as the SCS named it"),
	WORD("verdict", false, CTL_WORDS_VERDICT, "only records with this verdict"),
	TEXT("reason", false, 1, 63, "only records with this reason"),
	TEXT("action", false, 1, 32, "only records about this action"),
	{ .name = "reference", .type = CTL_A_NUM, .max = UINT32_MAX, .meaning = "only records with this Reference-Number" },
	BOOLEAN("decisions", "without the records of the audit itself, such as seals; default: with them"),
	NUM("since", 0, CTL_TIME_MAX, "only records of this time or later, seconds since 1970"),
	NUM("until", 0, CTL_TIME_MAX, "only records of this time or earlier, seconds since 1970"),
	NUM("before", 0, INT64_MAX, "only records before the one with this number; default: all"),
	NUM("limit", 1, 200, "largest number of rows; default 100"),
	END,
};

const struct ctl_arg ctl_args_console_client[] = {
	DESCRIPTOR("the connection of the person, as accepted at the socket of the console"),
	TEXT("url", true, 1, CTL_URL_MAX, "where browsers find the console, up to the secret of the link"),
	{ .name = "seconds",
	  .type = CTL_A_NUM,
	  .required = true,
	  .min = 1,
	  .max = 3600,
	  .meaning = "time in which a link has to be used" },
	END,
};

const struct ctl_arg ctl_args_console_enter[] = {
	TEXT("link", true, 32, 32, "the secret of the link"),
	END,
};

const struct ctl_arg ctl_args_console_leave[] = {
	TEXT("ticket", true, 32, 32, "of the log-in that ends"),
	END,
};

const struct ctl_arg ctl_args_log_level[] = {
	WORD("level", true, "error warn info debug", "most detailed level that is logged"),
	END,
};
