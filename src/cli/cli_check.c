/* cli_check.c - prints the result of `assoc check` for a person: the answer, the reason, and what
 * would change it. */
#include <string.h>

#include "cli/cli_command.h"

static void heading(FILE *out, const char *name, size_t line)
{
	fprintf(out, "  %-9s%s", line ? "" : name, strlen(name) > 8 ? " " : "");
}

/* A list of texts, one a line, behind one name. */
static void list(FILE *out, const char *name, const json_t *texts)
{
	char text[CLI_SHOWN_MAX];
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)texts, i, one)
	{
		cli_text(text, sizeof text, one);
		heading(out, name, i);
		fprintf(out, "%s\n", text);
	}
}

/* What to do or to wait for; %1 stands for the time or the name, the rule follows. */
static const struct {
	const char *change, *before, *after;
} words[] = {
	{ "add", "add the rule: ", NULL },
	{ "delete", "delete the rule: ", NULL },
	{ "detect-only", "make it detect-only: ", NULL },
	{ "enforce", "enforce the rule: ", NULL },
	{ "right", "give this right to the rule: ", NULL },
	{ "begin", "time: from ", " on there is " },
	{ "end", "time: from ", " on there is no more " },
	{ "join-group", "put the SCS into group ", ", because of " },
	{ "join-set", "put the device into set ", ", because of " },
	{ "leave-group", "take the SCS out of group ", ", because of " },
	{ "leave-set", "take the device out of set ", ", because of " },
};

static void change_line(FILE *out, const json_t *change)
{
	char kind[CLI_SHOWN_MAX], rule[CLI_SHOWN_MAX], what[CLI_SHOWN_MAX];
	size_t i = 0;

	cli_member(kind, change, "change");
	cli_member(rule, change, "rule");
	cli_member(what, change, json_object_get(change, "at") ? "at" : "name");
	while (i < sizeof words / sizeof *words && strcmp(words[i].change, kind) != 0) {
		i++;
	}
	if (i == sizeof words / sizeof *words) { /* of a newer server */
		fprintf(out, "%s %s: %s\n", kind, what, rule);
	} else {
		fprintf(out, "%s%s%s%s\n", words[i].before, words[i].after ? what : "", words[i].after ? words[i].after : "",
			rule);
	}
}

/* Refusals that no rule can change. */
static const struct {
	const char *who, *text;
} beyond[] = {
	{ "certificate", "the certificate is refused" },
	{ "session", "the session is cut when its certificate ends" },
	{ "hss", "the HSS has to know the device, and to allow it this SCS" },
	{ "other-name", "the rules on another name of the device, which the HSS knows, do not let it pass" },
};

static void no_change(FILE *out, const json_t *last)
{
	char who[CLI_SHOWN_MAX];
	const char *text = NULL;

	cli_member(who, last, "beyond_rules");
	for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
		text = strcmp(beyond[i].who, who) == 0 ? beyond[i].text : text;
	}
	heading(out, "changes", 0);
	if (text) {
		fprintf(out, "no single change of the rules would do: %s\n", text);
	} else {
		fputs("no single change would do\n", out);
	}
}

static void changes(FILE *out, const json_t *last)
{
	const json_t *list_of = json_object_get(last, "changes"), *needs = json_object_get(last, "needs"), *one;
	size_t i;

	if (!list_of) {
		return; /* an older server */
	}
	json_array_foreach((json_t *)(uintptr_t)list_of, i, one)
	{
		heading(out, "changes", i);
		change_line(out, one);
	}
	if (json_is_true(json_object_get(last, "needs_suffice"))) {
		list(out, "changes", needs);
	} else if (json_array_size(list_of) == 0) {
		no_change(out, last);
		if (json_object_get(last, "beyond_rules")) {
			list(out, "and also", needs);
		}
	} else {
		list(out, "and also", needs);
	}
	if (json_is_true(json_object_get(last, "more"))) {
		fputs("           there is more, which was not looked at\n", out);
	}
}

static void asked(FILE *out, const json_t *last)
{
	char a[CLI_SHOWN_MAX], b[CLI_SHOWN_MAX], c[CLI_SHOWN_MAX], d[CLI_SHOWN_MAX];

	cli_member(d, last, "msisdn");
	fprintf(out, "  asked    %s %s %s%s%s\n", cli_member(a, last, "scs"), cli_member(b, last, "action"),
		cli_member(c, last, "device"), *d ? " + msisdn:" : "", d);
	if (json_array_size(json_object_get(last, "groups"))) {
		fprintf(out, "  groups   %s\n", cli_member(a, last, "groups"));
	}
	if (json_array_size(json_object_get(last, "unproven_why"))) {
		list(out, "not in", json_object_get(last, "unproven_why"));
	} else if (json_array_size(json_object_get(last, "unproven"))) { /* an older server */
		fprintf(out, "  not in   %s: no such group, or its trust anchor is not the one of this SCS\n",
			cli_member(a, last, "unproven"));
	}
}

static void proof(FILE *out, const json_t *o)
{
	char by[CLI_SHOWN_MAX], what[CLI_SHOWN_MAX], groups[CLI_SHOWN_MAX], until[CLI_SHOWN_MAX];

	if (!o || !strcmp(cli_member(by, o, "by"), "nothing")) {
		return;
	}
	cli_member(what, o, json_object_get(o, "session") ? "session" : "subject");
	cli_member(groups, o, "groups");
	cli_member(until, o, "until");
	fprintf(out, "  proven   %s%s%s: %s%s%s\n", by, *what ? " " : "", what, *groups ? groups : "no group",
		*until ? ", until " : "", until);
}

static void hss(FILE *out, const json_t *o)
{
	char a[CLI_SHOWN_MAX], b[CLI_SHOWN_MAX], names[CLI_SHOWN_MAX];

	if (!o) {
		return;
	}
	if (!json_is_true(json_object_get(o, "answered"))) {
		fprintf(out, "  HSS      %s\n", cli_member(a, o, "error"));
	} else if (!json_is_true(json_object_get(o, "allowed"))) {
		fprintf(out, "  HSS      no: %s, %s\n", cli_member(a, o, "reason"), cli_member(b, o, "meaning"));
	} else {
		fprintf(out, "  HSS      yes%s%s%s\n",
			json_is_true(json_object_get(o, "absent")) ? ", the device is not registered now" : "",
			*cli_member(names, o, "names") ? "; it knows the device as " : "", names);
	}
}

int cli_show_check(FILE *out, const json_t *last)
{
	bool allowed = json_is_true(json_object_get(last, "allowed"));
	char a[CLI_SHOWN_MAX], b[CLI_SHOWN_MAX];

	fputs(allowed ? "yes" : "no", out);
	if (!allowed && *cli_member(a, last, "reason")) {
		fprintf(out, ": %s, %s", a, cli_member(b, last, "meaning"));
	}
	fputs("\n", out);
	asked(out, last);
	proof(out, json_object_get(last, "proof"));
	hss(out, json_object_get(last, "hss"));
	list(out, "path", json_object_get(last, "path"));
	fprintf(out, "  rule     %s\n", *cli_member(a, last, "rule") ? a : "none: what no rule allows is denied");
	list(out, "beaten", json_object_get(last, "beaten"));
	list(out, "detected", json_object_get(last, "detected"));
	changes(out, last);
	list(out, "not asked", json_object_get(last, "not_asked"));
	return allowed ? CLI_OK : CLI_NO;
}
