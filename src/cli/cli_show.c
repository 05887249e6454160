/* cli_show.c - last lines of replies as a person reads them. */
#include <string.h>

#include "base/shown.h"
#include "cli/cli_command.h"

#define TEXT_MAX CLI_SHOWN_MAX

const char *cli_member(char out[TEXT_MAX], const json_t *o, const char *member)
{
	const json_t *v = json_object_get(o, member);

	*out = 0;
	if (v) {
		cli_text(out, TEXT_MAX, v);
	}
	return out;
}

long long cli_number(const json_t *o, const char *member)
{
	return (long long)json_integer_value(json_object_get(o, member));
}

const char *cli_count(char out[SHOWN_COUNT_MAX], const json_t *o, const char *member, const char *noun)
{
	long long n = cli_number(o, member);

	return shown_count(out, n > 0 ? (uint64_t)n : 0, noun);
}

static void line(FILE *out, const char *name, const json_t *o, const char *member)
{
	char text[TEXT_MAX];

	if (json_object_get(o, member)) {
		fprintf(out, "%-16s%s\n", name, cli_member(text, o, member));
	}
}

static void uptime(FILE *out, const json_t *o)
{
	long long s = cli_number(o, "uptime_s");
	char text[TEXT_MAX];

	if (json_object_get(o, "started")) {
		fprintf(out, "%-16s%s (%lldd %02lld:%02lld:%02lld ago)\n", "core started", cli_member(text, o, "started"),
			s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
	}
}

static void journal(FILE *out, const json_t *o)
{
	char state[TEXT_MAX], since[TEXT_MAX], records[SHOWN_COUNT_MAX], octets[SHOWN_COUNT_MAX];

	if (o) {
		fprintf(out, "%-16s%s since %s, %s, %s, %lld waiting\n", "journal", cli_member(state, o, "state"),
			cli_member(since, o, "since"), cli_count(records, o, "records", "record"),
			cli_count(octets, o, "octets", "byte"), cli_number(o, "waiting"));
	}
}

static void memory(FILE *out, const json_t *o)
{
	char state[TEXT_MAX], since[TEXT_MAX];

	if (!o) {
		return;
	}
	fprintf(out, "%-16s%s since %s, %lld bytes, ", "memory", cli_member(state, o, "state"), cli_member(since, o, "since"),
		cli_number(o, "octets"));
	if (cli_number(o, "limit")) {
		fprintf(out, "limit %lld, ", cli_number(o, "limit"));
	}
	fprintf(out, "reserve %lld\n", cli_number(o, "reserve"));
}

static bool table(FILE *out, const json_t *rows, const struct cli_column *columns)
{
	struct cli_table *t;
	const json_t *row;
	size_t i;

	if (!json_array_size(rows)) {
		return true;
	}
	t = cli_table_new(out, columns);
	if (!t) {
		return false;
	}
	fputs("\n", out);
	json_array_foreach(rows, i, row) cli_table_row(t, row);
	cli_table_end(t);
	return true;
}

int cli_show_health(FILE *out, const json_t *last)
{
	char text[TEXT_MAX], advice[TEXT_MAX];
	const json_t *reason;
	size_t i;

	if (json_is_true(json_object_get(last, "healthy"))) {
		fputs("healthy\n", out);
		return CLI_OK;
	}
	fputs("not healthy\n", out);
	json_array_foreach(json_object_get(last, "reasons"), i, reason)
	    fprintf(out, "%s\n  next: %s\n", cli_member(text, reason, "text"), cli_member(advice, reason, "advice"));
	return CLI_NO;
}

#define STARTING_S 10

bool cli_is_starting(const json_t *last)
{
	return json_object_get(last, "uptime_s") && cli_number(last, "uptime_s") < STARTING_S;
}

static void health(FILE *out, const json_t *last)
{
	const json_t *healthy = json_object_get(last, "healthy");
	size_t n = json_array_size(json_object_get(last, "reasons"));
	char reasons[SHOWN_COUNT_MAX];

	if (json_is_true(healthy)) {
		fprintf(out, "%-16s%s\n", "health", "healthy");
	} else if (healthy && cli_is_starting(last)) {
		fprintf(out, "%-16sstarting, not healthy yet, %s: mtcctl health\n", "health", shown_count(reasons, n, "reason"));
	} else if (healthy) {
		fprintf(out, "%-16snot healthy, %s: mtcctl health\n", "health", shown_count(reasons, n, "reason"));
	}
}

/* Rows of files: CRLs, or all others. The caller owns the array. */
static json_t *files_of(const json_t *last, bool crls)
{
	json_t *rows = json_array(), *row;
	size_t i;

	json_array_foreach(json_object_get(last, "files"), i, row)
	{
		if ((json_object_get(row, "number") != NULL) == crls) {
			json_array_append(rows, row);
		}
	}
	return rows;
}

static bool files_table(FILE *out, const json_t *last, bool crls, const struct cli_column *columns)
{
	json_t *rows = files_of(last, crls);
	bool ok = !json_array_size(rows) || table(out, rows, columns);

	json_decref(rows);
	return ok;
}

/* "TEXT: NAME, NAME" below the table; nothing when there are none. */
static void note_anchors(FILE *out, const json_t *last, const char *member, const char *text)
{
	const json_t *names = json_object_get(last, member), *name;
	size_t i;

	json_array_foreach(names, i, name) fprintf(out, "%s%s", i ? ", " : text, json_string_value(name));
	if (json_array_size(names)) {
		fputs("\n", out);
	}
}

static bool show_files(FILE *out, const json_t *last)
{
	static const struct cli_column files[] = {
		{ "CERTIFICATE", "path" }, { "OF", "of" }, { "NAME", "name" }, { "DAYS LEFT", "days_left" }, { NULL, NULL }
	};
	static const struct cli_column crls[] = {
		{ "CRL", "number" },          { "ANCHOR", "name" }, { "NEXT UPDATE", "not_after" },
		{ "DAYS LEFT", "days_left" }, { "CA", "issuer" },   { NULL, NULL }
	};

	static const struct cli_column responders[] = { { "OCSP RESPONDER", "url" },
							{ "OF", "name" },
							{ "STATE", "state" },
							{ "ANSWERED", "answered" },
							{ "FAILURES", "failures" },
							{ "REVOKED", "revoked" },
							{ "UNKNOWN", "unknown" },
							{ "WAITING", "open" },
							{ "STAPLE ENDS", "next_update" },
							{ NULL, NULL } };

	if (!files_table(out, last, false, files) || !files_table(out, last, true, crls)) {
		return false;
	}
	if (json_array_size(json_object_get(last, "ocsp")) && !table(out, json_object_get(last, "ocsp"), responders)) {
		return false;
	}
	note_anchors(out, last, "crls_refused", "new CRLs refused, see the log; those before are in use: ");
	note_anchors(out, last, "revocation_unchecked",
		     "trust anchors without crl and ocsp, revoked certificates are not recognised: ");
	return true;
}

static void configuration(FILE *out, const json_t *c)
{
	char digest[TEXT_MAX], read[TEXT_MAX];

	if (!c) {
		return; /* of an older mtc-iwfd */
	}
	fprintf(out, "%-16s%.16s, read %s%s\n", "configuration", cli_member(digest, c, "digest"), cli_member(read, c, "read"),
		json_is_true(json_object_get(c, "other_on_disk")) ? "; the file is another one by now ('mtcctl reload')" : "");
}

/* Nothing when no limit was reached. */
static void refused(FILE *out, const json_t *r)
{
	static const struct {
		const char *member, *words;
	} rows[] = { { "total", "in total" },
		     { "address", "of one address" },
		     { "rate", "too many in a second" },
		     { "strangers", "not authenticated" },
		     { "dropped", "made room for newer ones" },
		     { "scs_connections", "of an SCS with as many as it may have" },
		     { "scs_rate", "of an SCS that connects too often" } };
	const char *before = "";

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (cli_number(r, rows[i].member)) {
			fprintf(out, *before ? "%s%lld %s" : "%-16s%lld %s", *before ? before : "refused",
				cli_number(r, rows[i].member), rows[i].words);
			before = ", ";
		}
	}
	if (*before) {
		fputs(" (connections, floods.md)\n", out);
	}
}

/* Nothing when nobody tried. */
static void denied(FILE *out, const json_t *last)
{
	char n[SHOWN_COUNT_MAX];

	if (cli_number(last, "denied")) {
		fprintf(out, "%-16s%s on the control socket, for who asked; the log names caller and command\n", "denied",
			cli_count(n, last, "denied", "request"));
	}
}

int cli_show_status(FILE *out, const json_t *last)
{
	static const struct cli_column listeners[] = { { "LISTENER", "name" },
						       { "ZONE", "zone" },
						       { "PROTECTION", "protection" },
						       { "TRANSPORT", "transport" },
						       { "ADDRESS", "address" },
						       { "PORT", "port" },
						       { NULL, NULL } };
	static const struct cli_column columns[] = { { "EDGE", "name" },         { "ZONE", "zone" },
						     { "PID", "pid" },           { "GENERATION", "generation" },
						     { "SESSIONS", "sessions" }, { "STATE", "state" },
						     { "FILES", "files" },       { NULL, NULL } };
	static const struct cli_column loops[] = { { "LOOP", "process" },
						   { "< 1 ms", "below_1ms" },
						   { "< 2", "below_2ms" },
						   { "< 5", "below_5ms" },
						   { "< 10", "below_10ms" },
						   { "< 20", "below_20ms" },
						   { "< 50", "below_50ms" },
						   { "< 100", "below_100ms" },
						   { "< 1000", "below_1s" },
						   { "LONGER", "longer" },
						   { NULL, NULL } };
	static const struct cli_column store_columns[] = { { "STORE", "name" },  { "SIZE", "octets" },
							   { "LEFT", "left" },   { "SIZE MAX", "size_max" },
							   { "STATE", "state" }, { "DISK FREE", "disk" },
							   { NULL, NULL } };
	static const struct cli_column sandboxes[] = { { "PROCESS", "process" },   { "PID", "pid" },
						       { "SANDBOX", "mode" },      { "SECCOMP", "seccomp" },
						       { "LANDLOCK", "landlock" }, { "CAPABILITIES", "capabilities" },
						       { "UID", "uid" },           { NULL, NULL } };
	static const struct cli_column screening[] = { { "SCREENING ROW", "row" },
						       { "MODE", "mode" },
						       { "ANSWER", CLI_DASH_FOR_0 "answer" },
						       { "EXCEPT", "except" },
						       { "FROM", "from" },
						       { "RELAXED", "relaxed" },
						       { NULL, NULL } };
	static const struct cli_column written[] = { { "WRITTEN", "name" }, { "STATE", "state" }, { "LOST", "lost" },
						     { "FILE", "path" },    { "ERROR", "error" }, { NULL, NULL } };

	static const struct cli_column keyholders[] = { { "KEYHOLDER", "name" },        { "PID", "pid" },
							{ "GENERATION", "generation" }, { "STATE", "state" },
							{ "SIGNATURES", "signatures" }, { "REFUSED", "refused" },
							{ "TIMEOUTS", "timeouts" },     { NULL, NULL } };

	health(out, last);
	line(out, "version", last, "version");
	uptime(out, last);
	line(out, "identity", last, "identity");
	line(out, "realm", last, "realm");
	line(out, "core identity", last, "core_identity");
	line(out, "core realm", last, "core_realm");
	line(out, "core pid", last, "pid");
	line(out, "sessions", last, "sessions");
	refused(out, json_object_get(last, "refused"));
	denied(out, last);
	line(out, "pending", last, "pending");
	line(out, "triggers", last, "triggers");
	journal(out, json_object_get(last, "journal"));
	memory(out, json_object_get(last, "memory"));
	cli_show_ndsip(out, json_object_get(last, "ndsip"));
	cli_note_audit(out, json_object_get(last, "audit"));
	line(out, "SCSs", last, "scs");
	line(out, "rules", last, "rules");
	if (cli_number(last, "files_generation")) {
		fprintf(out, "%-16sset %lld of certificates, keys and CRLs\n", "files", cli_number(last, "files_generation"));
	}
	configuration(out, json_object_get(last, "configuration"));
	cli_note_waits(out, json_object_get(last, "configuration"));
	cli_note_hung(out, json_object_get(last, "hung"));
	if (json_object_get(last, "edges") && !json_array_size(json_object_get(last, "edges"))) {
		fprintf(out, "%-16snone is up%s\n", "edges", cli_is_starting(last) ? " yet" : "");
	}
	if (!table(out, json_object_get(last, "listeners"), listeners) || !table(out, json_object_get(last, "edges"), columns) ||
	    !table(out, json_object_get(last, "loops"), loops) || !table(out, json_object_get(last, "sandbox"), sandboxes)) {
		return CLI_NO;
	}
	cli_note_lacks(out, json_object_get(last, "sandbox"));
	if (json_array_size(json_object_get(last, "keyholders"))) {
		if (!table(out, json_object_get(last, "keyholders"), keyholders)) {
			return CLI_NO;
		}
		cli_note_tokens(out, json_object_get(last, "keyholders"));
	}
	if (!table(out, json_object_get(last, "stores"), store_columns)) {
		return CLI_NO;
	}
	cli_note_readers(out, json_object_get(last, "stores"));
	if (!table(out, json_object_get(last, "written"), written)) {
		return CLI_NO;
	}
	if (json_array_size(json_object_get(last, "screening")) && !table(out, json_object_get(last, "screening"), screening)) {
		return CLI_NO;
	}
	return show_files(out, last) ? CLI_OK : CLI_NO;
}

int cli_show_screen_set(FILE *out, const json_t *last)
{
	char row[TEXT_MAX], now[TEXT_MAX], was[TEXT_MAX], from[TEXT_MAX];

	fprintf(out, "%s: %s (from: %s); was %s\n", cli_member(row, last, "row"), cli_member(now, last, "now"),
		cli_member(from, last, "from"), cli_member(was, last, "was"));
	return CLI_OK;
}

int cli_show_reload(FILE *out, const json_t *last)
{
	bool dry = json_is_true(json_object_get(last, "dry_run"));
	char set[TEXT_MAX], files[SHOWN_COUNT_MAX], changes[SHOWN_COUNT_MAX], waits[SHOWN_COUNT_MAX];

	cli_member(set, last, "files_generation");
	if (!cli_number(last, "renewed") && !cli_number(last, "changed")) {
		fprintf(out, "nothing to change%s; set %s of the files stays in use\n", cli_number(last, "restart") ? " now" : "",
			set);
	} else if (dry) {
		fprintf(out, "a reload would make %s and renew %s; nothing was changed\n",
			cli_count(changes, last, "changed", "change"), cli_count(files, last, "renewed", "file"));
	} else {
		fprintf(out, "%s, %s renewed; new connections use set %s of the files\n",
			cli_count(changes, last, "changed", "change"), cli_count(files, last, "renewed", "file"), set);
	}
	if (cli_number(last, "restart")) {
		fprintf(out, "%s waiting for a restart of mtc-iwfd: the lines 'restart'\n",
			cli_count(waits, last, "restart", "item"));
	}
	return CLI_OK;
}

/* Shows the values that a change made different. Returns how many of them were not named and went
 * back to their default. */
static unsigned changed(FILE *out, const json_t *last)
{
	char key[TEXT_MAX], before[TEXT_MAX], now[TEXT_MAX];
	const json_t *one;
	unsigned reset = 0;
	size_t i;

	json_array_foreach(json_object_get(last, "changed"), i, one)
	{
		bool named = json_is_true(json_object_get(one, "named"));

		cli_member(before, one, "before");
		cli_member(now, one, "now");
		fprintf(out, "  %-18s%s -> %s%s\n", cli_member(key, one, "key"), *before ? before : "none", *now ? now : "none",
			named ? "" : " (not named: its default)");
		reset += !named;
	}
	if (cli_number(last, "sessions_cut")) {
		fprintf(out, "%s ended\n", cli_count(before, last, "sessions_cut", "session"));
	}
	return reset;
}

int cli_show_set_values(FILE *out, const json_t *last)
{
	static const struct {
		const char *member, *kind;
	} kinds[] = { { "group", "group" }, { "set", "device set" }, { "scs", "SCS" } };
	char name[TEXT_MAX];
	size_t i = 0;

	while (i < 2 && !json_object_get(last, kinds[i].member)) {
		i++;
	}
	fprintf(out, "%s %s %s\n", json_array_size(json_object_get(last, "changed")) ? "changed" : "nothing changes in",
		kinds[i].kind, cli_member(name, last, kinds[i].member));
	(void)changed(out, last);
	return CLI_OK;
}

int cli_show_scs(FILE *out, const json_t *last)
{
	char a[TEXT_MAX];
	bool replaced = json_is_true(json_object_get(last, "replaced"));

	fprintf(out, "%s SCS %s\n", replaced ? "replaced" : "added", cli_member(a, last, "scs"));
	if (changed(out, last)) {
		fprintf(out, "'mtcctl scs set %s KEY VALUE' changes one value and leaves the others as they are.\n", a);
	}
	if (!replaced) {
		fprintf(out,
			"It may not trigger any device yet. Next: mtcctl assoc add %s DEVICE\n"
			"The HSS decides, too: it has to allow the E.164 number of this SCS for the device.\n",
			a);
	}
	return CLI_OK;
}

/* ", rights trigger, mode enforce, until ..." of a rule, or of a rule as it was. */
static void rule_values(FILE *out, const json_t *o, const char *before)
{
	char a[TEXT_MAX];

	if (!json_object_get(o, "mode")) {
		return; /* an older server */
	}
	fprintf(out, "%srights %s", before, cli_member(a, o, "rights"));
	fprintf(out, ", mode %s", cli_member(a, o, "mode"));
	if (*cli_member(a, o, "not_before")) {
		fprintf(out, ", from %s", a);
	}
	if (*cli_member(a, o, "not_after")) {
		fprintf(out, ", until %s", a);
	}
}

/* A rule of ours alone wakes no device. */
static void hss_hint(FILE *out, const char *who, const char *device)
{
	bool range = !strncmp(device, "msisdn:", 7) && strchr(device, '-');
	bool one = !strchr(device, '*') && !range && strncmp(device, "set:", 4) != 0;

	fprintf(out, "  The HSS has to allow it, too. 'mtcctl assoc check %s %s --ask-hss' asks it.\n",
		strchr(who, ':') || !strcmp(who, "*") ? "SCS" : who, one ? device : "DEVICE");
}

int cli_show_assoc(FILE *out, const json_t *last)
{
	const json_t *before = json_object_get(last, "before");
	char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX];

	fprintf(out, "%s %s %s %s", json_is_true(json_object_get(last, "replaced")) ? "replaced" : "added",
		cli_member(a, last, "effect"), cli_member(b, last, "scs"), cli_member(c, last, "device"));
	rule_values(out, last, ": ");
	fputs("\n", out);
	if (before && json_object_get(before, "mode")) {
		rule_values(out, before, "  it was: ");
		fputs("\n", out);
	}
	if (!strcmp(cli_member(a, last, "mode"), "detect-only")) {
		fputs("  detect-only: it refuses nothing, it shows what it would refuse\n", out);
	}
	if (!before && !strcmp(cli_member(a, last, "effect"), "allow")) {
		hss_hint(out, cli_member(b, last, "scs"), cli_member(c, last, "device"));
	}
	return CLI_OK;
}

int cli_show_deleted(FILE *out, const json_t *last)
{
	char a[TEXT_MAX], b[TEXT_MAX], n[SHOWN_COUNT_MAX], sessions[SHOWN_COUNT_MAX];

	if (json_object_get(last, "device")) {
		fprintf(out, "deleted %s of %s for %s\n", cli_count(n, last, "count", "rule"), cli_member(a, last, "scs"),
			cli_member(b, last, "device"));
	} else {
		fprintf(out, "deleted SCS %s, %s, %s ended\n", cli_member(a, last, "scs"),
			cli_count(n, last, "rules_deleted", "rule"), cli_count(sessions, last, "sessions_cut", "session"));
	}
	return CLI_OK;
}

int cli_show_group(FILE *out, const json_t *last)
{
	char a[TEXT_MAX];
	bool replaced = json_is_true(json_object_get(last, "replaced"));

	fprintf(out, "%s group %s\n", replaced ? "replaced" : "added", cli_member(a, last, "group"));
	if (changed(out, last)) {
		fprintf(out, "'mtcctl group set %s anchor NAME' changes the anchor.\n", a);
	}
	if (!replaced) {
		fprintf(out,
			"The group is empty and has no rules. Next: mtcctl group "
			"member add %s SCS; mtcctl assoc add group:%s DEVICE\n",
			a, a);
	}
	return CLI_OK;
}

int cli_show_group_deleted(FILE *out, const json_t *last)
{
	char a[TEXT_MAX], n[SHOWN_COUNT_MAX];

	fprintf(out, "deleted group %s, %s\n", cli_member(a, last, "group"), cli_count(n, last, "rules_deleted", "rule"));
	return CLI_OK;
}

int cli_show_peer(FILE *out, const json_t *last)
{
	char name[TEXT_MAX], state[TEXT_MAX];

	fprintf(out, "peer %s is %s\n", cli_member(name, last, "name"), cli_member(state, last, "state"));
	return CLI_OK;
}

int cli_show_member(FILE *out, const json_t *last)
{
	bool member = json_is_true(json_object_get(last, "member"));
	char a[TEXT_MAX], b[TEXT_MAX];

	fprintf(out, "%s is %s group %s\n", cli_member(a, last, "scs"), member ? "now in" : "no longer a stored member of",
		cli_member(b, last, "group"));
	return CLI_OK;
}

int cli_show_set(FILE *out, const json_t *last)
{
	char a[TEXT_MAX];

	fprintf(out, "added set %s\nThe set is empty. Next: mtcctl set member add %s DEVICE\n", cli_member(a, last, "set"), a);
	return CLI_OK;
}

int cli_show_set_deleted(FILE *out, const json_t *last)
{
	char a[TEXT_MAX], n[SHOWN_COUNT_MAX], rules[SHOWN_COUNT_MAX];

	fprintf(out, "deleted set %s of %s, %s\n", cli_member(a, last, "set"), cli_count(n, last, "members", "device"),
		cli_count(rules, last, "rules_deleted", "rule"));
	return CLI_OK;
}

int cli_show_set_member(FILE *out, const json_t *last)
{
	bool member = json_is_true(json_object_get(last, "member"));
	char a[TEXT_MAX], b[TEXT_MAX];

	fprintf(out, "%s is %s set %s\n", cli_member(a, last, "device"), member ? "now in" : "no longer in",
		cli_member(b, last, "set"));
	return CLI_OK;
}

int cli_show_import(FILE *out, const json_t *last, const char *file)
{
	char columns[TEXT_MAX];
	bool dry = json_is_true(json_object_get(last, "dry_run"));
	char rows[SHOWN_COUNT_MAX];

	fprintf(out, "%s %s: %s, %lld added, %lld replaced, %lld unchanged, %lld deleted%s\n", dry ? "checked" : "imported", file,
		cli_count(rows, last, "rows", "row"), cli_number(last, "added"), cli_number(last, "replaced"),
		cli_number(last, "unchanged"), cli_number(last, "deleted"),
		dry ? " if it were imported; nothing was changed" : "");
	if (cli_number(last, "along")) {
		fprintf(out, "%s %s with them\n", cli_count(rows, last, "along", "rule"), dry ? "would go" : "went");
	}
	if (json_array_size(json_object_get(last, "left_alone")) &&
	    cli_number(last, "replaced") + cli_number(last, "unchanged")) {
		fprintf(out, "columns that the file does not have and that stay as they are stored: %s\n",
			cli_member(columns, last, "left_alone"));
	}
	if (json_array_size(json_object_get(last, "left_alone_in_some")) &&
	    cli_number(last, "replaced") + cli_number(last, "unchanged")) {
		fprintf(out, "columns that some rows do not have and that stay there as they are stored: %s\n",
			cli_member(columns, last, "left_alone_in_some"));
	}
	if (json_is_true(json_object_get(last, "needs_yes"))) {
		fputs("it deletes many rows: the import needs --yes or --deletes-max\n", out);
	}
	if (!dry && cli_number(last, "deleted") + cli_number(last, "replaced")) {
		fputs(json_is_true(json_object_get(last, "undo"))
			  ? "mtcctl assoc undo restores the state before it\n"
			  : "the state before it is not kept (associations.undo_max, undo_size_max)\n",
		      out);
	}
	return CLI_OK;
}

int cli_show_undo(FILE *out, const json_t *last)
{
	bool dry = json_is_true(json_object_get(last, "dry_run"));
	char at[TEXT_MAX], kind[TEXT_MAX], file[TEXT_MAX], n[SHOWN_COUNT_MAX];
	long long since = cli_number(last, "since"), left = cli_number(last, "left");

	fprintf(out, "%s the state before the %s import of %s%s at %s\n", dry ? "would restore" : "restored",
		cli_member(kind, last, "kind"), cli_member(file, last, "file"),
		json_is_true(json_object_get(last, "replace")) ? " --replace" : "", cli_member(at, last, "at"));
	fprintf(out, "  what it had added goes    %s\n", cli_count(n, last, "added", "row"));
	fprintf(out, "  what it had replaced      %lld\n", cli_number(last, "replaced"));
	fprintf(out, "  what it had deleted       %lld, and %s with them\n", cli_number(last, "deleted"),
		cli_count(n, last, "along", "rule"));
	fprintf(out, "  other changes since, lost %lld\n", since);
	fprintf(out, "  states still kept         %lld\n", left);
	if (json_is_true(json_object_get(last, "needs_yes"))) {
		fputs("it removes many rows: the undo needs --yes or --deletes-max\n", out);
	}
	return CLI_OK;
}

int cli_show_export(FILE *out, const json_t *last, const char *file)
{
	char rows[SHOWN_COUNT_MAX];

	fprintf(out, "exported %s to %s\n", cli_count(rows, last, "rows", "row"), file);
	return CLI_OK;
}

int cli_show_level(FILE *out, const json_t *last)
{
	char a[TEXT_MAX], b[TEXT_MAX];

	fprintf(out, "log level is %s (was %s)\n", cli_member(a, last, "level"), cli_member(b, last, "was"));
	return CLI_OK;
}

int cli_show_trigger(FILE *out, const json_t *last)
{
	static const struct cli_column columns[] = { { "AT", "at" },    { "AFTER ms", "after_ms" }, { "EVENT", "event" },
						     { "STATE", "to" }, { "REASON", "reason" },     { NULL, NULL } };
	struct cli_table *history = cli_table_new(out, columns);
	const json_t *one;
	size_t i;

	if (!history) {
		return CLI_NO;
	}
	fputs("\n", out);
	json_array_foreach(json_object_get(last, "history"), i, one) cli_table_row(history, one);
	cli_table_end(history);
	if (cli_number(last, "history_missing")) {
		fprintf(out, "%lld in the middle are not kept.\n", cli_number(last, "history_missing"));
	}
	return CLI_OK;
}

int cli_show_cancel(FILE *out, const json_t *last)
{
	char a[TEXT_MAX], b[TEXT_MAX];

	fprintf(out, "cancelling trigger %lld of %s (%s)\n'mtcctl triggers show %s %lld' shows the result\n",
		cli_number(last, "reference"), cli_member(a, last, "scs"), cli_member(b, last, "state"), a,
		cli_number(last, "reference"));
	return CLI_OK;
}

int cli_show_quota(FILE *out, const json_t *last)
{
	char a[TEXT_MAX];

	if (cli_number(last, "was")) {
		fprintf(out, "%s begins its quota again; it had used %lld today\n", cli_member(a, last, "scs"),
			cli_number(last, "was"));
	} else {
		fprintf(out, "%s had used nothing today\n", cli_member(a, last, "scs"));
	}
	return CLI_OK;
}

int cli_show_triggers(FILE *out, const json_t *last)
{
	(void)cli_show_count(out, last);
	if (json_object_get(last, "count") && !cli_number(last, "count")) {
		fputs("Triggers that are over are not listed. One that ended not long ago: mtcctl triggers show SCS REF\n", out);
	}
	return CLI_OK;
}

int cli_show_count(FILE *out, const json_t *last)
{
	if (json_object_get(last, "count") && !cli_number(last, "count")) {
		fputs("none\n", out);
	}
	if (json_is_true(json_object_get(last, "more"))) {
		fputs("There is more; --limit N shows it.\n", out);
	}
	return CLI_OK;
}
