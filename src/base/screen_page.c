/* screen_page.c - rows to a page: the fixed ones, then those that an operator may set. */
#include "base/screen_page.h"

#include "base/screen_rule.h"

static const char head[] =
    "# Screening\n"
    "\n"
    "Made from the rows of `src/base/screen_rule.h` by `ninja -C build manuals`; a test compares it with them.\n"
    "\n"
    "Every request of an SCS is checked at the edge, between its frame and the ring to the core. Each "
    "check is a row. A row has a rule: a mode, the Result-Code of its refusals, and SCSs that are exempt.\n"
    "\n"
    "| mode | what becomes of a request that the row catches |\n"
    "|---|---|\n"
    "| `enforce` | it is answered with the Result-Code of the rule |\n"
    "| `drop` | it gets no answer; an SCS may send it again on another connection |\n"
    "| `detect` | it goes on, and the decision log has a line with the verdict `detected` and the name of the row |\n"
    "\n"
    "A request of an SCS that is exempt goes on without a line; `edge_screen_exempted` counts it.\n"
    "\n"
    "```\n"
    "mtcctl screen list\n"
    "mtcctl screen set destination_realm detect\n"
    "mtcctl screen set agents enforce --except acme\n"
    "mtcctl screen set destination_realm default\n"
    "```\n"
    "\n"
    "A rule comes from the section `screening` of the configuration, else it is the preset below. What `mtcctl "
    "screen set` says wins over the configuration, holds at once, also for open sessions, and after every restart, "
    "until `default` takes it back; it is kept in the file `screening` in `state_dir`, which a backup does not "
    "hold. A file that is damaged, or that a newer mtc-iwf wrote, stops the start, and the message says what to do.\n"
    "\n"
    "A row is relaxed when it only detects what its preset refuses, or when an SCS is exempt. "
    "`mtcctl status all` lists these rows and those that were set at run time. The decision log "
    "has a line with the action `screening` for each change and, at a start, for each relaxed row.\n"
    "\n"
    "The decision log has at most 30 lines a minute about what rows in mode detect caught of one SCS, "
    "and a line with the reason `screening-rows-more` that gives the number of the others. How often "
    "a row caught a message is counted in `edge_screen_ROW` (`mtcctl stats`, `mtcctl screen list`).\n"
    "\n"
    "In `mtcctl screen list`, ANSWER `-` stands for a row without a Result-Code of its own. EXCEPT is a list "
    "of names of SCSs. When an SCS is removed (`scs del`, an import, an undo), its exemptions that were set "
    "at run time end, with a line in the decision log; an SCS that is added later under that name is not "
    "exempt. Exemptions in the configuration stay; `scs del` warns about them. An exemption belongs to the name: "
    "an SCS that keeps its name keeps its exemptions, also when `scs set`, `scs add --replace` or an import "
    "gives it another E.164 number, Origin-Host or trust anchor. Look at EXCEPT when the name changes hands.\n"
    "\n"
    "A backup does not have these rules: after `mtc-iwfd --restore` on another machine set "
    "them again, or copy the file `screening` of `state_dir` while mtc-iwfd is stopped.\n";

static void answers(FILE *f, enum screen_row row)
{
	uint16_t answer;

	for (size_t n = 0; (answer = screen_row_answer(row, n)); n++) {
		fprintf(f, "%s%u", n ? ", " : "", answer);
	}
}

static void rows(FILE *f, enum screen_class class)
{
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		enum screen_row row = (enum screen_row)i;
		struct screen_rule preset = screen_rule_preset(row);

		if (screen_row_class(row) != class) {
			continue;
		}
		fprintf(f, "| `%s` | %s | ", screen_row_name(row), screen_row_meaning(row));
		if (class != SCREEN_FIXED) {
			fprintf(f, "%s | ", screen_mode_word(preset.mode));
		}
		answers(f, row);
		fputs(" |\n", f);
	}
}

void screen_page(FILE *f)
{
	fputs(head, f);
	fputs("\n"
	      "## Fixed rows\n"
	      "\n"
	      "Nobody can change them. Without a Result-Code the answer is the one that RFC 6733 gives for the breach.\n"
	      "\n"
	      "| row | what holds | answer |\n"
	      "|---|---|---|\n",
	      f);
	rows(f, SCREEN_FIXED);
	fputs("\n## Closed rows\n\nThe gateway could not carry out what such a row would let pass: modes `enforce` and `drop`, "
	      "no exceptions. The first "
	      "Result-Code is the preset.\n"
	      "\n| row | what holds | preset | answers |\n|---|---|---|---|\n",
	      f);
	rows(f, SCREEN_CLOSED);
	fprintf(f,
		"\n## Open rows\n\nModes `enforce`, `drop` and `detect`; at most %u SCSs are exempt from a row. The first "
		"Result-Code is the preset.\n"
		"\n| row | what holds | preset | answers |\n|---|---|---|---|\n",
		SCREEN_EXCEPT_MAX);
	rows(f, SCREEN_OPEN);
}
