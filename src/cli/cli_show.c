/* cli_show.c - last lines of replies as a person reads them. */
#include <string.h>

#include "cli/cli_command.h"

#define TEXT_MAX 512

static const char *text_of(char out[TEXT_MAX], const json_t *o, const char *member)
{
	const json_t *v = json_object_get(o, member);

	*out = 0;
	if (v)
		cli_text(out, TEXT_MAX, v);
	return out;
}

static long long number_of(const json_t *o, const char *member)
{
	return (long long)json_integer_value(json_object_get(o, member));
}

static void line(FILE *out, const char *name, const json_t *o, const char *member)
{
	char text[TEXT_MAX];

	if (json_object_get(o, member))
		fprintf(out, "%-16s%s\n", name, text_of(text, o, member));
}

static void uptime(FILE *out, const json_t *o)
{
	long long s = number_of(o, "uptime_s");
	char text[TEXT_MAX];

	if (json_object_get(o, "started"))
		fprintf(out, "%-16s%s (%lldd %02lld:%02lld:%02lld ago)\n", "started", text_of(text, o, "started"), s / 86400,
			s / 3600 % 24, s / 60 % 60, s % 60);
}

static void journal(FILE *out, const json_t *o)
{
	char state[TEXT_MAX], since[TEXT_MAX];

	if (o)
		fprintf(out, "%-16s%s since %s, %lld records, %lld octets, %lld waiting\n", "journal", text_of(state, o, "state"),
			text_of(since, o, "since"), number_of(o, "records"), number_of(o, "octets"), number_of(o, "waiting"));
}

int cli_show_status(FILE *out, const json_t *last)
{
	static const struct cli_column columns[] = {
		{ "EDGE", "name" },         { "ZONE", "zone" },   { "PID", "pid" }, { "GENERATION", "generation" },
		{ "SESSIONS", "sessions" }, { "STATE", "state" }, { NULL, NULL }
	};
	struct cli_table *edges;
	const json_t *edge;
	size_t i;

	line(out, "version", last, "version");
	uptime(out, last);
	line(out, "identity", last, "identity");
	line(out, "realm", last, "realm");
	line(out, "core identity", last, "core_identity");
	line(out, "core realm", last, "core_realm");
	line(out, "core pid", last, "pid");
	line(out, "sessions", last, "sessions");
	line(out, "pending", last, "pending");
	line(out, "triggers", last, "triggers");
	journal(out, json_object_get(last, "journal"));
	line(out, "SCSs", last, "scs");
	line(out, "rules", last, "rules");
	edges = cli_table_new(out, columns);
	if (!edges)
		return CLI_NO;
	fputs("\n", out);
	json_array_foreach(json_object_get(last, "edges"), i, edge) cli_table_row(edges, edge);
	cli_table_end(edges);
	return CLI_OK;
}

int cli_show_check(FILE *out, const json_t *last)
{
	bool allowed = json_is_true(json_object_get(last, "allowed"));
	char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX];
	const json_t *beaten;
	size_t i;

	fputs(allowed ? "yes" : "no", out);
	if (!allowed && *text_of(a, last, "reason"))
		fprintf(out, ": %s", a);
	fprintf(out, "\n  asked   %s %s %s\n", text_of(a, last, "scs"), text_of(b, last, "action"), text_of(c, last, "device"));
	if (json_array_size(json_object_get(last, "groups")))
		fprintf(out, "  groups  %s\n", text_of(a, last, "groups"));
	if (json_array_size(json_object_get(last, "unproven")))
		fprintf(out, "  not in  %s: no such group, or its trust anchor is not the one of this SCS\n",
			text_of(a, last, "unproven"));
	fprintf(out, "  rule    %s\n", *text_of(a, last, "rule") ? a : "none: what no rule allows is denied");
	json_array_foreach(json_object_get(last, "beaten"), i, beaten)
	{
		cli_text(a, sizeof a, beaten);
		fprintf(out, "  %s%s\n", i ? "        " : "beaten  ", a);
	}
	return allowed ? CLI_OK : CLI_NO;
}

int cli_show_scs(FILE *out, const json_t *last)
{
	char a[TEXT_MAX];
	bool replaced = json_is_true(json_object_get(last, "replaced"));

	fprintf(out, "%s SCS %s\n", replaced ? "replaced" : "added", text_of(a, last, "scs"));
	if (!replaced)
		fprintf(out, "It may trigger nothing yet: mtcctl assoc add %s DEVICE\n", a);
	return CLI_OK;
}

int cli_show_assoc(FILE *out, const json_t *last)
{
	char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX];

	fprintf(out, "%s %s %s %s\n", json_is_true(json_object_get(last, "replaced")) ? "replaced" : "added",
		text_of(a, last, "effect"), text_of(b, last, "scs"), text_of(c, last, "device"));
	return CLI_OK;
}

int cli_show_deleted(FILE *out, const json_t *last)
{
	char a[TEXT_MAX], b[TEXT_MAX];

	if (json_object_get(last, "device"))
		fprintf(out, "deleted %lld rule%s of %s for %s\n", number_of(last, "count"),
			number_of(last, "count") == 1 ? "" : "s", text_of(a, last, "scs"), text_of(b, last, "device"));
	else
		fprintf(out, "deleted SCS %s, %lld rule%s, %lld session%s ended\n", text_of(a, last, "scs"),
			number_of(last, "rules_deleted"), number_of(last, "rules_deleted") == 1 ? "" : "s",
			number_of(last, "sessions_cut"), number_of(last, "sessions_cut") == 1 ? "" : "s");
	return CLI_OK;
}

int cli_show_group(FILE *out, const json_t *last)
{
	char a[TEXT_MAX];
	bool replaced = json_is_true(json_object_get(last, "replaced"));

	fprintf(out, "%s group %s\n", replaced ? "replaced" : "added", text_of(a, last, "group"));
	if (!replaced)
		fprintf(out, "It speaks about nobody yet: mtcctl group member add %s SCS; mtcctl assoc add group:%s DEVICE\n", a,
			a);
	return CLI_OK;
}

int cli_show_group_deleted(FILE *out, const json_t *last)
{
	char a[TEXT_MAX];

	fprintf(out, "deleted group %s, %lld rule%s\n", text_of(a, last, "group"), number_of(last, "rules_deleted"),
		number_of(last, "rules_deleted") == 1 ? "" : "s");
	return CLI_OK;
}

int cli_show_member(FILE *out, const json_t *last)
{
	bool member = json_is_true(json_object_get(last, "member"));
	char a[TEXT_MAX], b[TEXT_MAX];

	fprintf(out, "%s is %s group %s\n", text_of(a, last, "scs"), member ? "now in" : "no stored member any more of",
		text_of(b, last, "group"));
	return CLI_OK;
}

int cli_show_set(FILE *out, const json_t *last)
{
	char a[TEXT_MAX];

	fprintf(out, "added set %s\nIt holds nothing yet: mtcctl set member add %s DEVICE\n", text_of(a, last, "set"), a);
	return CLI_OK;
}

int cli_show_set_deleted(FILE *out, const json_t *last)
{
	char a[TEXT_MAX];

	fprintf(out, "deleted set %s of %lld device%s, %lld rule%s\n", text_of(a, last, "set"), number_of(last, "members"),
		number_of(last, "members") == 1 ? "" : "s", number_of(last, "rules_deleted"),
		number_of(last, "rules_deleted") == 1 ? "" : "s");
	return CLI_OK;
}

int cli_show_set_member(FILE *out, const json_t *last)
{
	bool member = json_is_true(json_object_get(last, "member"));
	char a[TEXT_MAX], b[TEXT_MAX];

	fprintf(out, "%s is %s set %s\n", text_of(a, last, "device"), member ? "now in" : "no longer in",
		text_of(b, last, "set"));
	return CLI_OK;
}

int cli_show_level(FILE *out, const json_t *last)
{
	char a[TEXT_MAX], b[TEXT_MAX];

	fprintf(out, "log level is %s (was %s)\n", text_of(a, last, "level"), text_of(b, last, "was"));
	return CLI_OK;
}

int cli_show_count(FILE *out, const json_t *last)
{
	if (json_object_get(last, "count") && !number_of(last, "count"))
		fputs("none\n", out);
	if (json_is_true(json_object_get(last, "more")))
		fputs("There is more; --limit N shows it.\n", out);
	return CLI_OK;
}
