/* adm_control_page.c - makes the page from rows: each command, its arguments, its lines. Commands
 * with the same arguments and replies share one entry. */
#include "admin/adm_control_page.h"

#include <inttypes.h>
#include <string.h>

#include "admin/adm_int.h"
#include "ctl/ctl_replies.h"

static const char head[] =
    "# The control protocol\n"
    "\n"
    "Made from the rows of `src/admin`, `src/ctl/ctl_commands.c` and "
    "`src/ctl/ctl_replies_*.c` by `ninja -C build manuals`; a test compares it with them.\n"
    "\n"
    "`mtc-iwfd` listens on a UNIX stream socket (`control.path` of the "
    "configuration). A request is one line of JSON, a reply one or more:\n"
    "\n"
    "```\n"
    "{\"cmd\": \"scs.show\", \"args\": {\"name\": \"acme\"}}\n"
    "```\n"
    "\n"
    "The last line of a reply has `\"done\": true` and `\"ok\": true` with the members below, or `\"ok\": false` and "
    "`error`, which says what is wrong and what to do. Lines before it have no `done`; each has one of the forms "
    "below. Requests of one client are worked on one after the other. The command `help` lists the commands with "
    "their arguments. A descriptor of a file is sent along with the request (`SCM_RIGHTS`). Times are RFC 3339, UTC.\n"
    "\n"
    "A client passes over members that it does not know: a later version may add some.\n";

static void arg_type(FILE *f, const struct ctl_arg *a)
{
	switch (a->type) {
	case CTL_A_TEXT:
		if (a->words) {
			fprintf(f, "one of: %s", a->words);
		} else {
			fprintf(f, "text of %" PRIu64 " to %" PRIu64 " octets", a->min, a->max ? a->max : CTL_TEXT_MAX);
		}
		break;
	case CTL_A_NUM:
		fprintf(f, "number from %" PRIu64 " to %" PRIu64, a->min, a->max ? a->max : INT64_MAX);
		break;
	case CTL_A_BOOL:
		fputs("boolean", f);
		break;
	case CTL_A_WORDS:
		fprintf(f, "list, some of: %s", a->words);
		break;
	case CTL_A_TEXTS:
		fprintf(f, "list of at most %u texts", a->texts_max ? a->texts_max : (unsigned)CTL_TEXTS_MAX);
		break;
	case CTL_A_FD:
		fputs("descriptor", f);
		break;
	}
}

static void arguments(FILE *f, const struct ctl_arg *a)
{
	if (!a) {
		fputs("\nNo arguments.\n", f);
		return;
	}
	fputs("\n| argument | type | | meaning |\n|---|---|---|---|\n", f);
	for (; a->name; a++) {
		fprintf(f, "| `%s` | ", a->name);
		arg_type(f, a);
		fprintf(f, " | %s | %s |\n", a->required ? "needed" : "", a->meaning);
	}
}

static void members(FILE *f, const struct ctl_member *m, const char *before)
{
	char name[128];

	for (; m->name; m++) {
		fprintf(f, "| `%s%s` | %s | %s | %s |\n", before, m->name, ctl_member_type_str(m->type),
			m->optional ? "may be absent" : "", m->meaning);
		if (m->members) {
			snprintf(name, sizeof name, "%s%s%s", before, m->name, m->type == CTL_M_LIST ? "[]." : ".");
			members(f, m->members, name);
		}
	}
}

static void line(FILE *f, const char *title, const struct ctl_member *m)
{
	fprintf(f, "\n%s:\n\n| member | type | | meaning |\n|---|---|---|---|\n", title);
	members(f, m, "");
}

static void reply(FILE *f, const struct ctl_reply *r)
{
	char title[256];

	for (const struct ctl_form *form = r->forms; form && form->name; form++) {
		snprintf(title, sizeof title, "Lines, %s", form->name);
		line(f, title, form->members);
	}
	line(f, "The last line", r->last);
}

/* Calls `fn` for every command of the same arguments and reply as `like`, in order. */
static void each_like(FILE *f, const struct ctl_command *like, void (*fn)(FILE *f, const struct ctl_command *c, bool first))
{
	bool first = true;

	for (const struct ctl_command *const *t = adm_tables; *t; t++) {
		for (const struct ctl_command *c = *t; c->name; c++) {
			if (c->args == like->args && ctl_reply_find(c->name) == ctl_reply_find(like->name)) {
				fn(f, c, first);
				first = false;
			}
		}
	}
}

static void in_heading(FILE *f, const struct ctl_command *c, bool first)
{
	fprintf(f, "%s%s", first ? "\n## " : ", ", c->name);
}

static void in_list(FILE *f, const struct ctl_command *c, bool first)
{
	fprintf(f, "%s* `%s`: %s%s\n", first ? "\n\n" : "", c->name, c->help, c->changes ? " (logged, with the caller)" : "");
}

static bool is_first(const struct ctl_command *of)
{
	for (const struct ctl_command *const *t = adm_tables; *t; t++) {
		for (const struct ctl_command *c = *t; c->name; c++) {
			if (c->args == of->args && ctl_reply_find(c->name) == ctl_reply_find(of->name)) {
				return c == of;
			}
		}
	}
	return false;
}

void adm_control_page(FILE *f)
{
	fputs(head, f);
	for (const struct ctl_command *const *t = adm_tables; *t; t++) {
		for (const struct ctl_command *c = *t; c->name; c++) {
			if (!is_first(c)) {
				continue;
			}
			each_like(f, c, in_heading);
			each_like(f, c, in_list);
			arguments(f, c->args);
			reply(f, ctl_reply_find(c->name));
		}
	}
}
