/* cli_help.c - help on every level, made from the rows. */
#include <string.h>

#include "cli/cli_command.h"
#include "cli/cli_term.h"

#define LEFT 31    /* columns of a parameter and its blanks */
#define SUMMARY 24 /* and of a command */

/* Octets of the command at the beginning of the text, which a person copies as a whole: in quotes,
 * or from mtcctl to the next sign or the end. 0: there is none. */
static size_t command_len(const char *text)
{
	static const char name[] = "mtcctl ";
	size_t n;

	if (strncmp(text, name, sizeof name - 1) == 0) {
		return strcspn(text, ",;:()");
	}
	if (text[0] != '\'' || strncmp(text + 1, name, sizeof name - 1) != 0) {
		return 0;
	}
	n = 1 + strcspn(text + 1, "'");
	return text[n] ? n + 1 : 0;
}

/* Octets of a number and the space behind it: the unit is no line of its own. 0: no number. */
static size_t number_len(const char *text)
{
	size_t n = strspn(text, "0123456789.");

	return n && text[n] == ' ' && text[n + 1] ? n + 1 : 0;
}

/* Octets that stay on one line of `room` columns: a command or a number with its unit that fits,
 * else a word. */
static size_t piece_len(const char *text, size_t room)
{
	size_t n = command_len(text);

	n += n ? 0 : number_len(text);
	n += strcspn(text + n, " ");
	return n <= room ? n : strcspn(text, " ");
}

void cli_wrapped(FILE *out, size_t column, size_t indent, const char *text)
{
	bool first = true;
	size_t width = cli_lines(out);

	for (size_t n; *(text += strspn(text, " ")); text += n) {
		size_t from = first ? column : indent;

		n = piece_len(text, width > from ? width - from : 0);
		if (!first && column + 1 + n > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, n, out);
		column += n;
		first = false;
	}
	fputc('\n', out);
}

static void usage_line(FILE *out, const struct cli_command *c)
{
	fprintf(out, "mtcctl %s%s%s", c->group, c->verb ? " " : "", c->verb ? c->verb : "");
	for (const struct cli_param *p = c->params; p && p->arg; p++) {
		if (!p->option && p->kind != CLI_PRESET) {
			fprintf(out, p->required ? " %s" : " [%s]", p->shown);
		}
	}
	for (const struct cli_param *p = c->params; p && p->arg; p++) {
		if (p->option && p->required) {
			fprintf(out, " --%s %s", p->option, p->shown);
		}
	}
	for (const struct cli_param *p = c->params; p && p->arg; p++) {
		if (p->option && !p->required) {
			fputs(p->pair ? " KEY VALUE..." : " [OPTION]...", out);
			break;
		}
	}
}

static void summaries(FILE *out, const char *group)
{
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		if (!group || !strcmp(c->group, group)) {
			int n = fprintf(out, "  %-10s%-10s  ", c->group, c->verb ? c->verb : "");

			cli_wrapped(out, n > 0 ? (size_t)n : 0, SUMMARY, c->summary);
		}
	}
}

void cli_help_all(FILE *out)
{
	fputs("mtcctl - operate a running mtc-iwfd over its control socket\n"
	      "\n"
	      "Usage: mtcctl [--socket PATH] [--json] COMMAND [VERB] [ARGUMENTS]\n"
	      "\n"
	      "Commands:\n",
	      out);
	summaries(out, NULL);
	fputs("\n"
	      "Options, anywhere on the command line:\n"
	      "  --socket PATH  control socket (else $MTC_CTL, else /run/mtc-iwf/ctl.sock)\n"
	      "  --json         for programs: the JSON lines of the server\n"
	      "  --color WHEN   auto (a terminal; not with NO_COLOR), always or never\n"
	      "  --wait S       seconds to wait for each line of an answer (30; for reload 90)\n"
	      "  --help         help, also for one command: mtcctl scs add --help\n"
	      "  --version      version\n"
	      "\n"
	      "A first session - an SCS is provisioned, may wake a fleet, and may not wake one\n"
	      "meter of it:\n"
	      "  mtcctl scs add acme --e164 49170123456 --origin-host scs.acme.example \\\n"
	      "      --realm acme.example --anchor anchor-a\n"
	      "  mtcctl assoc add acme '*@fleet.example'\n"
	      "  mtcctl assoc add acme meter-7@fleet.example --deny\n"
	      "  mtcctl assoc check acme meter-7@fleet.example\n"
	      "\n",
	      out);
	exit_codes_help(out, EXIT_OF_CTL);
}

void cli_help_group(FILE *out, const char *group)
{
	fprintf(out, "Commands of '%s':\n", group);
	summaries(out, group);
	fprintf(out, "\nmtcctl %s VERB --help explains one of them. Examples:\n", group);
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		if (!strcmp(c->group, group)) {
			const char *rest = strstr(c->examples, "\n\n"); /* the explanation, which its own help has */

			fwrite(c->examples, 1, rest ? (size_t)(rest - c->examples) + 1 : strlen(c->examples), out);
		}
	}
}

static void param_line(FILE *out, const struct cli_param *p)
{
	char left[64], text[1024], values[512] = "";
	int n;

	snprintf(left, sizeof left, "%s%s%s%s", p->option && !p->pair ? "--" : "", p->option ? p->option : p->shown,
		 p->option && p->shown ? " " : "", p->option && p->shown ? p->shown : "");
	if (p->kind == CLI_NUM) {
		snprintf(values, sizeof values, " (%llu to %llu)", (unsigned long long)p->min, (unsigned long long)p->max);
	} else if (p->kind == CLI_WORD || p->kind == CLI_WORDS) {
		snprintf(values, sizeof values, " (%s)", p->words);
	}
	snprintf(text, sizeof text, "%s%s", p->meaning, values);
	n = fprintf(out, "  %-28s ", left);
	cli_wrapped(out, n > 0 ? (size_t)n : 0, LEFT, text);
}

void cli_help_command(FILE *out, const struct cli_command *c)
{
	fputs("Usage: ", out);
	usage_line(out, c);
	fprintf(out, "\n\n%s.\n", c->summary);
	if (c->params) {
		fputs("\n", out);
		for (const struct cli_param *p = c->params; p->arg; p++) {
			if (p->kind != CLI_PRESET) {
				param_line(out, p);
			}
		}
	}
	fprintf(out, "\nExamples:\n%s", c->examples);
}
