/* ctl_replies_provisioning.c - replies about SCSs, groups, sets and rules: a table, one row
 * for each member. */
#include "ctl/ctl_reply_rows.h"

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

const struct ctl_reply ctl_replies_provisioning[] = {
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
	{ NULL, NULL, NULL },
};
