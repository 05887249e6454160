/* ctl_reply_rows.h - how the rows of replies are written, and what several replies share. For the
 * files ctl_replies_*.c, which are tables. */
#pragma once
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

/* -- the tables, one for each file; each ends in an entry without commands */

extern const struct ctl_reply ctl_replies_gateway[], ctl_replies_provisioning[], ctl_replies_files[], ctl_replies_records[];
