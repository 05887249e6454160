/* ctl_replies.h - the replies of the commands of mtc-iwfd, as rows: each member of each line, its
 * type, whether it may be absent, and its meaning.
 * The server compares every line that a handler sends with these rows, and docs/dev/control.md is
 * made from them. A new member is a row here and a change of the handler.
 *
 * Members that the server adds itself have no row: "done" and "ok" of the last line, "error" of a
 * refusal, and the reply of `help`. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum ctl_member_type {
	CTL_M_TEXT,
	CTL_M_NUM, /* an integer */
	CTL_M_BOOL,
	CTL_M_TIME,   /* a text, RFC 3339, UTC */
	CTL_M_TEXTS,  /* a list of texts */
	CTL_M_OBJECT, /* with `members` */
	CTL_M_LIST,   /* of objects with `members` */
	CTL_M_ANY     /* a value of any type */
};

struct ctl_member {
	const char *name; /* NULL ends the list */
	enum ctl_member_type type;
	bool optional; /* may be absent */
	const struct ctl_member *members;
	const char *meaning;
};

/* A form of the lines before the last one. Its first member is never absent and occurs first in no
 * other form of the command. */
struct ctl_form {
	const char *name; /* NULL ends the list */
	const struct ctl_member *members;
};

struct ctl_reply {
	const char *commands;         /* their names, with blanks between; NULL ends the table */
	const struct ctl_form *forms; /* NULL: no line before the last one */
	const struct ctl_member *last;
};

extern const struct ctl_reply *const ctl_reply_tables[]; /* NULL ends it */

/* NULL: there is no such command. */
const struct ctl_reply *ctl_reply_find(const char *command);
/* Compares a line before the last one, or the members of the last line of a reply that is ok, with
 * the rows. NULL, or what is wrong in `why`: the member, what it is and what was expected. `line`
 * NULL is wrong only if a member is required. */
#define CTL_REPLY_WHY_MAX 256
const char *ctl_reply_check_line(const struct ctl_reply *r, const json_t *line, char why[CTL_REPLY_WHY_MAX]);
const char *ctl_reply_check_last(const struct ctl_reply *r, const json_t *last, char why[CTL_REPLY_WHY_MAX]);
/* "text", "list of texts" ... */
const char *ctl_member_type_str(enum ctl_member_type type);
