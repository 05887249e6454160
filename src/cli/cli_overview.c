/* cli_overview.c - the first page: what needs attention stands first, then a line for each part. */
#include "cli/cli_overview.h"

#include <string.h>

#include "base/shown.h"
#include "base/str.h"
#include "cli/cli_term.h"

#define LABEL 14        /* columns of a label */
#define REASONS_SHOWN 3 /* with their advice: two lines and more each */
#define PEERS_SHOWN 6
#define DAYS_SOON 30 /* of a certificate: less needs attention */

#define TEXT_MAX CLI_SHOWN_MAX

/* -- values */

static const char *size_text(char out[SHOWN_SIZE_MAX], long long octets)
{
	return shown_size(out, octets > 0 ? (uint64_t)octets : 0);
}

static void label(FILE *out, const char *name)
{
	fprintf(out, "%-*s", LABEL, name);
}

/* Label and text, wrapped behind the label. */
static void line(FILE *out, const char *name, const char *text)
{
	label(out, name);
	cli_wrapped(out, LABEL, LABEL, text);
}

/* -- what needs attention */

struct attention {
	FILE *out;
	unsigned shown;
};

static void note(struct attention *a, enum cli_tone tone, const char *text)
{
	if (!a->shown++) {
		cli_term_begin(a->out, CLI_STRONG);
		fputs("needs attention", a->out);
		cli_term_end(a->out, CLI_STRONG);
		fputc('\n', a->out);
	}
	fputs("  ", a->out);
	cli_term_begin(a->out, tone);
	cli_wrapped(a->out, 2, 4, text);
	cli_term_end(a->out, tone);
}

static void show_reasons(struct attention *a, const json_t *status)
{
	const json_t *reasons = json_object_get(status, "reasons"), *reason;
	char text[TEXT_MAX];
	size_t i;

	json_array_foreach(reasons, i, reason)
	{
		if (i == REASONS_SHOWN) {
			snprintf(text, sizeof text, "and %zu more: mtcctl health", json_array_size(reasons) - i);
			note(a, CLI_PLAIN, text);
			break;
		}
		note(a, CLI_BAD, cli_member(text, reason, "text"));
		if (*cli_member(text, reason, "advice")) {
			fputs("    next: ", a->out);
			cli_wrapped(a->out, sizeof "    next:", 6, text);
		}
	}
}

/* The certificate that ends first, of those in use; NULL: none has an end. */
static const json_t *first_to_end(const json_t *status)
{
	const json_t *file, *first = NULL;
	size_t i;

	json_array_foreach(json_object_get(status, "files"), i, file)
	{
		bool crl = json_object_get(file, "number") != NULL;

		if (!crl && json_object_get(file, "days_left") &&
		    (!first || cli_number(file, "days_left") < cli_number(first, "days_left"))) {
			first = file;
		}
	}
	return first;
}

/* One note for all kinds of process. */
static void show_hung(struct attention *a, const json_t *rows)
{
	char text[TEXT_MAX] = "ended because it did nothing for timers.hang: ", name[TEXT_MAX], one[64];
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		snprintf(one, sizeof one, "%s%.20s %lld", i ? ", " : "", cli_member(name, row, "process"),
			 cli_number(row, "times"));
		str_add(text, sizeof text, one);
	}
	if (json_array_size(rows)) {
		note(a, CLI_DOUBTFUL, text);
	}
}

static void show_notes(struct attention *a, const json_t *status)
{
	const json_t *file = first_to_end(status), *row, *names;
	char text[TEXT_MAX * 2], name[TEXT_MAX], n[SHOWN_COUNT_MAX];
	size_t i;

	if (file && cli_number(file, "days_left") < DAYS_SOON) {
		snprintf(text, sizeof text, "%s ends in %s: renew it, then mtcctl reload", cli_member(name, file, "path"),
			 cli_count(n, file, "days_left", "day"));
		note(a, CLI_DOUBTFUL, text);
	}
	if (json_is_true(json_object_get(json_object_get(status, "configuration"), "other_on_disk"))) {
		note(a, CLI_DOUBTFUL, "the configuration file is another one than the one in force: mtcctl reload --dry-run");
	}
	names = json_object_get(json_object_get(status, "configuration"), "restart_needed");
	if (json_array_size(names)) {
		snprintf(text, sizeof text, "%s of the configuration %s for a restart of mtc-iwfd: mtcctl status all",
			 shown_count(n, json_array_size(names), "change"), json_array_size(names) == 1 ? "waits" : "wait");
		note(a, CLI_DOUBTFUL, text);
	}
	show_hung(a, json_object_get(status, "hung"));
	names = json_object_get(status, "crls_refused");
	if (json_array_size(names)) {
		snprintf(text, sizeof text, "new CRLs refused, see the log: %s", cli_member(name, status, "crls_refused"));
		note(a, CLI_DOUBTFUL, text);
	}
	json_array_foreach(json_object_get(status, "written"), i, row)
	{
		if (cli_number(row, "lost")) {
			snprintf(text, sizeof text, "%s: %s lost", cli_member(name, row, "name"),
				 cli_count(n, row, "lost", "line"));
			note(a, CLI_DOUBTFUL, text);
		}
	}
	if (json_array_size(json_object_get(status, "screening"))) {
		snprintf(text, sizeof text, "%s changed from the preset: mtcctl screen list",
			 shown_count(n, json_array_size(json_object_get(status, "screening")), "screening row"));
		note(a, CLI_PLAIN, text);
	}
}

/* -- the parts */

static void title(FILE *out, const json_t *status)
{
	const json_t *healthy = json_object_get(status, "healthy");
	char version[TEXT_MAX], identity[TEXT_MAX];
	long long s = cli_number(status, "uptime_s");
	bool young = cli_is_starting(status);
	enum cli_tone tone = json_is_true(healthy) ? CLI_GOOD : young ? CLI_DOUBTFUL : CLI_BAD;

	fprintf(out, "mtc-iwfd %s, %s: ", cli_member(version, status, "version"), cli_member(identity, status, "identity"));
	cli_term_begin(out, tone);
	fputs(json_is_true(healthy) ? "healthy" : young ? "starting, not healthy yet" : "not healthy", out);
	cli_term_end(out, tone);
	fprintf(out, ", up for %lldd %02lld:%02lld:%02lld\n\n", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
}

static unsigned in_state(const json_t *rows, const char *state)
{
	const json_t *row;
	char text[TEXT_MAX];
	unsigned n = 0;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row) n += !strcmp(cli_member(text, row, "state"), state);
	return n;
}

/* Processes of this list whose sandbox lacks something. */
static unsigned lacking(const json_t *rows)
{
	const json_t *row;
	char text[TEXT_MAX];
	unsigned n = 0;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row) n += *cli_member(text, row, "lacks") != 0;
	return n;
}

static void processes(FILE *out, const json_t *status)
{
	const json_t *edges = json_object_get(status, "edges"), *keyholders = json_object_get(status, "keyholders");
	const json_t *sandbox = json_object_get(status, "sandbox");
	char text[TEXT_MAX], n[SHOWN_COUNT_MAX];
	size_t used;

	snprintf(text, sizeof text, "core (pid %lld), %u of %s up", cli_number(status, "pid"), in_state(edges, "up"),
		 shown_count(n, json_array_size(edges), "edge"));
	used = strlen(text);
	if (json_array_size(keyholders)) {
		snprintf(text + used, sizeof text - used, ", %u of %s up", in_state(keyholders, "up"),
			 shown_count(n, json_array_size(keyholders), "keyholder"));
	}
	line(out, "processes", text);
	if (json_array_size(sandbox) && !lacking(sandbox)) {
		snprintf(text, sizeof text, "in force for %s", shown_count(n, json_array_size(sandbox), "process"));
		line(out, "sandbox", text);
	} else if (json_array_size(sandbox)) {
		snprintf(text, sizeof text, "%s without all of it: mtcctl status all",
			 shown_count(n, lacking(sandbox), "process"));
		line(out, "sandbox", text);
	}
}

/* The states stand side by side, because most gateways have two peers. */
static void peers(FILE *out, const json_t *rows)
{
	char name[TEXT_MAX], state[TEXT_MAX];
	size_t i, column = LABEL, n;
	const json_t *row;

	if (!json_array_size(rows)) {
		return;
	}
	label(out, "peers");
	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		enum cli_tone tone = cli_term_tone(cli_member(state, row, "state"));

		if (i == PEERS_SHOWN) {
			fprintf(out, ", and %zu more", json_array_size(rows) - i);
			break;
		}
		n = strlen(cli_member(name, row, "name")) + 1 + strlen(state);
		if (i && column + 2 + n > cli_lines(out)) {
			fprintf(out, ",\n%*s", LABEL, "");
			column = LABEL;
		} else if (i) {
			fputs(", ", out);
			column += 2;
		}
		fprintf(out, "%.63s ", name);
		cli_term_begin(out, tone);
		fprintf(out, "%.20s", state);
		cli_term_end(out, tone);
		column += n;
	}
	fputc('\n', out);
}

static void scss(FILE *out, const json_t *status)
{
	char text[TEXT_MAX], n[SHOWN_COUNT_MAX], m[SHOWN_COUNT_MAX], k[SHOWN_COUNT_MAX];

	snprintf(text, sizeof text, "%s open; %s and %s provisioned", cli_count(n, status, "sessions", "session"),
		 cli_count(m, status, "scs", "SCS"), cli_count(k, status, "rules", "rule"));
	line(out, "SCSs", text);
}

static void triggers(FILE *out, const json_t *status)
{
	char text[TEXT_MAX], m[SHOWN_COUNT_MAX];
	size_t used;

	snprintf(text, sizeof text, "%lld wait for their report; %s without an answer yet", cli_number(status, "triggers"),
		 cli_count(m, status, "pending", "request"));
	used = strlen(text);
	if (cli_number(status, "entering")) {
		snprintf(text + used, sizeof text - used, "; %lld still taken up from the journal",
			 cli_number(status, "entering"));
	}
	line(out, "triggers", text);
}

static void requests(FILE *out, const json_t *counters)
{
	char text[TEXT_MAX];

	if (!json_object_size(counters)) {
		return;
	}
	snprintf(text, sizeof text, "%lld since the start, %lld accepted, %lld refused", cli_number(counters, "requests"),
		 cli_number(counters, "decision_accepted"), cli_number(counters, "decision_refused"));
	line(out, "requests", text);
}

static void storage(FILE *out, const json_t *status)
{
	const json_t *journal = json_object_get(status, "journal"), *memory = json_object_get(status, "memory"), *store;
	char text[TEXT_MAX], state[TEXT_MAX], name[TEXT_MAX], size[SHOWN_SIZE_MAX], other[SHOWN_SIZE_MAX], n[SHOWN_COUNT_MAX];
	size_t i;

	if (journal) {
		snprintf(text, sizeof text, "%.20s, %s, %s", cli_member(state, journal, "state"),
			 cli_count(n, journal, "records", "record"), size_text(size, cli_number(journal, "octets")));
		line(out, "journal", text);
	}
	json_array_foreach(json_object_get(status, "stores"), i, store)
	{
		if (!strcmp(cli_member(state, store, "state"), "ok") && i) {
			continue; /* the first one tells the disk; others only when they are ill */
		}
		snprintf(text, sizeof text, "%.40s %.20s, %s; %s free on the disk", cli_member(name, store, "name"), state,
			 size_text(size, cli_number(store, "octets")), size_text(other, cli_number(store, "disk")));
		line(out, i ? "" : "stores", text);
	}
	if (memory) {
		snprintf(text, sizeof text, "%.20s, %s in the core", cli_member(state, memory, "state"),
			 size_text(size, cli_number(memory, "octets")));
		line(out, "memory", text);
	}
}

static void certificates(FILE *out, const json_t *status)
{
	const json_t *file = first_to_end(status);
	char text[TEXT_MAX * 2], name[TEXT_MAX], n[SHOWN_COUNT_MAX];

	if (file) {
		snprintf(text, sizeof text, "the first to end is %s, in %s", cli_member(name, file, "path"),
			 cli_count(n, file, "days_left", "day"));
		line(out, "certificates", text);
	}
}

void cli_overview_show(FILE *out, const struct cli_overview *o)
{
	struct attention a = { out, 0 };

	title(out, o->status);
	show_reasons(&a, o->status);
	show_notes(&a, o->status);
	if (a.shown) {
		fputc('\n', out);
	}
	processes(out, o->status);
	peers(out, o->peers);
	scss(out, o->status);
	triggers(out, o->status);
	requests(out, o->counters);
	storage(out, o->status);
	certificates(out, o->status);
	cli_show_ndsip(out, json_object_get(o->status, "ndsip"));
	fputs("\nmtcctl status all: everything. mtcctl doctor: what is wrong, and what to do.\n", out);
}

void cli_overview_rates(FILE *out, const json_t *before, const json_t *now, uint64_t between_ms)
{
	static const struct {
		const char *counter, *words;
	} rates[] = { { "requests", "requests" }, { "decision_accepted", "accepted" }, { "decision_refused", "refused" } };
	char text[TEXT_MAX] = "";

	if (!between_ms || !json_object_size(before) || !json_object_size(now)) {
		return;
	}
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		long long n = cli_number(now, rates[i].counter) - cli_number(before, rates[i].counter);
		size_t used = strlen(text);

		snprintf(text + used, sizeof text - used, "%s%.0f %s/s", i ? ", " : "",
			 (double)(n > 0 ? n : 0) * 1000.0 / (double)between_ms, rates[i].words);
	}
	line(out, "now", text);
}

int cli_show_overview(FILE *out, const json_t *last)
{
	cli_overview_show(out, &(struct cli_overview){ .status = last });
	return CLI_OK;
}
