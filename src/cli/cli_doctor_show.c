/* cli_doctor_show.c - the findings of the doctor, for people and for programs. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli_doctor.h"
#include "cli/cli_term.h"
#include "cli/cli_tick.h"

#define LABEL 7 /* columns of "wrong: " and of the words before advice and page */

static void show_json(json_t *row)
{
	char *text = row ? json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	if (text) {
		puts(text);
	}
	free(text);
}

/* Wrapped at a terminal only: a program gets each sentence on one line. */
static void show_line(const char *label, const json_t *text)
{
	char words[CLI_SHOWN_MAX * 2];
	int n = printf("%s: ", label);

	cli_text(words, sizeof words, text);
	if (cli_term_width(stdout)) {
		cli_wrapped(stdout, n > 0 ? (size_t)n : 0, LABEL, words);
	} else {
		puts(words);
	}
}

static void show_one(const json_t *finding)
{
	char level[CLI_SHOWN_MAX];

	show_line(cli_member(level, finding, "level"), json_object_get(finding, "text"));
	if (json_object_get(finding, "advice")) {
		show_line("   do", json_object_get(finding, "advice"));
		show_line("  see", json_object_get(finding, "page"));
	}
}

static void show_level(const struct cli_session *s, const struct doc_report *r, enum doc_level level)
{
	json_t *finding;
	size_t i;

	json_array_foreach(r->findings, i, finding)
	{
		if (strcmp(json_string_value(json_object_get(finding, "level")), doc_level_word(level)) != 0) {
			continue;
		}
		if (s->json) {
			show_json(finding);
		} else {
			show_one(finding);
		}
	}
}

static void show_end(const struct cli_session *s, const struct doc_report *r, bool ok)
{
	unsigned wrong = r->count[DOC_WRONG], notes = r->count[DOC_NOTE], right = r->count[DOC_RIGHT];
	char note_text[SHOWN_COUNT_MAX];

	if (s->json) {
		json_t *last = json_pack("{s:b, s:b, s:I, s:I, s:I}", "done", 1, "ok", ok, "wrong", (json_int_t)wrong, "notes",
					 (json_int_t)notes, "right", (json_int_t)right);

		show_json(last);
		json_decref(last);
		return;
	}
	shown_count(note_text, notes, "note");
	if (wrong) {
		printf("found: %u wrong, %s, %u right\n", wrong, note_text, right);
	} else {
		printf("nothing wrong was found: %u right, %s\n", right, note_text);
	}
}

int cli_doctor_show(const struct cli_session *s, const struct doc_report *r, int code)
{
	cli_tick_stop(s->tick);
	show_level(s, r, DOC_WRONG);
	show_level(s, r, DOC_NOTE);
	show_level(s, r, DOC_RIGHT);
	show_end(s, r, code == CLI_OK);
	return code != CLI_OK ? code : r->count[DOC_WRONG] ? CLI_NO : CLI_OK;
}
