/* doc_gateway.c - see doc_gateway.h. */
#include "doctor/doc_gateway.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/shown.h"
#include "doctor/doc_int.h"
#include "doctor/doc_ocsp.h"

#define SOON_DAYS 7
#define CLOCK_SLACK_S 5 /* a file may be written between two looks at the clock */

static void look_at_health(struct doc_report *r, const json_t *status)
{
	const json_t *reasons = json_object_get(status, "reasons"), *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)reasons, i, one)
	{
		if (strcmp(doc_text(one, "reason"), "ocsp-failing") == 0) {
			continue; /* doc_look_at_ocsp() says more */
		}
		doc_say(r, DOC_HEALTH, doc_text(one, "reason"),
			DOC_WORDS({ "text", doc_text(one, "text") }, { "advice", doc_text(one, "advice") }));
	}
	if (!json_array_size(reasons)) {
		doc_say(r, DOC_HEALTHY, "health", DOC_NO_WORDS);
	}
}

static size_t in_state_up(const json_t *rows)
{
	const json_t *row;
	size_t i, n = 0;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		n += strcmp(doc_text(row, "state"), "up") == 0;
	}
	return n;
}

/* What does not run is a reason of health. */
static void look_at_processes(struct doc_report *r, const json_t *status)
{
	const json_t *edges = json_object_get(status, "edges"), *holders = json_object_get(status, "keyholders");
	size_t edges_n = in_state_up(edges), holders_n = in_state_up(holders);
	char edge_text[SHOWN_COUNT_MAX], holder_text[SHOWN_COUNT_MAX];

	if (edges_n && edges_n == json_array_size(edges) && holders_n == json_array_size(holders)) {
		doc_say(r, DOC_PROCESSES, "processes",
			DOC_WORDS({ "edges", shown_count(edge_text, edges_n, "edge") },
				  { "keyholders", shown_count(holder_text, holders_n, "keyholder") }));
	}
}

static void look_at_sandbox(struct doc_report *r, const json_t *status)
{
	const json_t *rows = json_object_get(status, "sandbox"), *row;
	char names[256] = "", n[SHOWN_COUNT_MAX];
	const char *lacks = "";
	size_t i, used = 0;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		if (*doc_text(row, "lacks") && used < sizeof names) {
			lacks = *lacks ? lacks : doc_text(row, "lacks");
			used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
						 doc_text(row, "process"));
		}
	}
	if (used) {
		doc_say(r, DOC_UNCONFINED, "sandbox", DOC_WORDS({ "names", names }, { "lacks", lacks }));
	} else if (json_array_size(rows)) {
		doc_say(r, DOC_CONFINED, "sandbox", DOC_WORDS({ "n", shown_count(n, json_array_size(rows), "process") }));
	}
}

/* A revocation list is renewed every few days or hours, and a stale one is a reason of health. */
static void look_at_files(struct doc_report *r, const json_t *status)
{
	const json_t *files = json_object_get(status, "files"), *row;
	char n[SHOWN_COUNT_MAX];
	bool soon = false;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)files, i, row)
	{
		json_int_t left = json_integer_value(json_object_get(row, "days_left"));

		if (strcmp(doc_text(row, "of"), "crl") != 0 && left < SOON_DAYS && left >= 0) {
			soon = true;
			doc_say(r, DOC_ENDS_SOON, doc_text(row, "name"),
				DOC_WORDS({ "path", doc_text(row, "path") }, { "of", doc_text(row, "of") },
					  { "name", doc_text(row, "name") }, { "days", shown_count(n, (uint64_t)left, "day") },
					  { "when", doc_text(row, "not_after") }));
		}
	}
	if (!soon) {
		doc_say(r, DOC_FILES, "files", DOC_WORDS({ "n", shown_count(n, json_array_size(files), "file") }));
	}
}

static void look_at_clock(struct doc_report *r, const struct doc_gateway *g)
{
	char now[CLOCK_TEXT_MAX], when[CLOCK_TEXT_MAX];

	if (!g->newest_s) {
		return;
	}
	doc_say(r, g->newest_s > g->now_s + CLOCK_SLACK_S ? DOC_CLOCK_BEHIND : DOC_CLOCK, "clock",
		DOC_WORDS({ "now", clock_text_s(now, (int64_t)g->now_s) }, { "path", g->newest },
			  { "when", clock_text_s(when, (int64_t)g->newest_s) }));
}

/* A disk that is short is a reason of health. */
static void look_at_disk(struct doc_report *r, const json_t *status)
{
	const json_t *stores = json_object_get(status, "stores"), *row;
	uint64_t left = UINT64_MAX;
	char text[SHOWN_SIZE_MAX];
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)stores, i, row)
	{
		uint64_t disk = doc_number(row, "disk");

		left = disk < left ? disk : left;
	}
	if (left != UINT64_MAX) {
		doc_say(r, DOC_DISK, "disk", DOC_WORDS({ "left", shown_size(text, left) }));
	}
}

void doc_look_at_gateway(struct doc_report *r, const struct doc_gateway *g)
{
	look_at_health(r, g->status);
	look_at_processes(r, g->status);
	look_at_sandbox(r, g->status);
	look_at_files(r, g->status);
	look_at_disk(r, g->status);
	look_at_clock(r, g);
}
