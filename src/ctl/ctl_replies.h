/* ctl_replies.h - what the commands of mtc-iwfd answer, as rows: each member of each line, its type, whether it may be absent, and what
 * it means. Three use them: the server, which compares every line that a handler sends with them; the page docs/dev/control.md, which is
 * made from them; and people who write a handler or a client. A member more or less is a change here and in the handler, and nowhere else.
 *
 * The lines that the server makes itself are not here: "done" and "ok" of the last line, "error" of a refusal, and the reply of `help`. */
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

struct
    ctl_form { /* of lines before the last one; the first member tells it from the other forms of the command and is never absent */
	const char *name; /* NULL ends the list */
	const struct ctl_member *members;
};

struct ctl_reply {
	const char *commands;         /* their names, with blanks between; NULL ends the table */
	const struct ctl_form *forms; /* NULL: no line before the last one */
	const struct ctl_member *last;
};

extern const struct ctl_reply ctl_replies[];

/* NULL: there is no such command. */
const struct ctl_reply *ctl_reply_find(const char *command);
/* Compares a line before the last one, or the members of the last line of a reply that is ok, with the rows. NULL, or what is wrong in
 * `why`: the member, what it is and what was expected. `line` NULL is wrong only where a member has to be there. */
#define CTL_REPLY_WHY_MAX 256
const char *ctl_reply_check_line(const struct ctl_reply *r, const json_t *line, char why[CTL_REPLY_WHY_MAX]);
const char *ctl_reply_check_last(const struct ctl_reply *r, const json_t *last, char why[CTL_REPLY_WHY_MAX]);
/* "text", "list of texts" ... */
const char *ctl_member_type_str(enum ctl_member_type type);
