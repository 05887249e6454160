/* cli_completion_main.c - prints the completion of mtcctl for bash or zsh, made from the rows of
 * its commands. Runs when the project is built; the result is installed.
 *
 * Both shells get the same three tables: which word may follow the words so far, which options and
 * keys a command has, and which values an option or a key takes. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_command.h"

#define FILES "<file>" /* in the table of values: a path */

/* The first verb of each group stands for it: the rows of a group are together. */
static bool first_of_group(const struct cli_command *c)
{
	return c == cli_commands || strcmp(c[-1].group, c->group) != 0;
}

/* Has an earlier row of the group a verb that begins with the same word? */
static bool word_was_shown(const struct cli_command *c, size_t len)
{
	for (const struct cli_command *e = c; e > cli_commands && !strcmp(e[-1].group, c->group);) {
		e--;
		if (e->verb && strcspn(e->verb, " ") == len && !strncmp(e->verb, c->verb, len)) {
			return true;
		}
	}
	return false;
}

static void second_words(const struct cli_command *first)
{
	for (const struct cli_command *c = first; c->group && !strcmp(c->group, first->group); c++) {
		size_t len = c->verb ? strcspn(c->verb, " ") : 0;

		if (len && !word_was_shown(c, len)) {
			printf("%.*s ", (int)len, c->verb);
		}
	}
}

/* The words behind "group member". */
static void third_words(const struct cli_command *c)
{
	size_t len = strcspn(c->verb, " ");

	printf("\t['mtcctl %s %.*s']='", c->group, (int)len, c->verb);
	for (const struct cli_command *e = c; e->group && !strcmp(e->group, c->group); e++) {
		if (e->verb && strcspn(e->verb, " ") == len && !strncmp(e->verb, c->verb, len) && e->verb[len]) {
			printf("%s ", e->verb + len + 1);
		}
	}
	puts("'");
}

static void print_next(void)
{
	fputs("\t['mtcctl']='help ", stdout);
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		if (first_of_group(c)) {
			printf("%s ", c->group);
		}
	}
	puts("'");
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		if (first_of_group(c)) {
			printf("\t['mtcctl %s']='", c->group);
			second_words(c);
			puts("'");
		}
		if (c->verb && strchr(c->verb, ' ') && !word_was_shown(c, strcspn(c->verb, " "))) {
			third_words(c);
		}
	}
}

static void path(const struct cli_command *c)
{
	printf("\t['mtcctl %s%s%s", c->group, c->verb ? " " : "", c->verb ? c->verb : "");
}

static void print_options(void)
{
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		path(c);
		fputs("']='", stdout);
		for (const struct cli_param *p = c->params; p && p->arg; p++) {
			if (p->option) {
				printf("%s%s ", p->pair ? "" : "--", p->option);
			}
		}
		puts("'");
	}
}

static bool takes_file(enum cli_kind kind)
{
	return kind == CLI_IN || kind == CLI_OUT || kind == CLI_PEM || kind == CLI_DIR || kind == CLI_PATH;
}

static const char *values_of(const struct cli_param *p)
{
	return takes_file(p->kind)                           ? FILES
	       : p->kind == CLI_YESNO                        ? "yes no"
	       : p->kind == CLI_WORD || p->kind == CLI_WORDS ? p->words
							     : NULL;
}

static bool has_value(enum cli_kind kind)
{
	return kind != CLI_TRUE && kind != CLI_FALSE && kind != CLI_FIXED;
}

/* A value of which nothing is known is an empty text: nothing is offered for it. An operand that is
 * a file stands under "COMMAND ". */
static void print_values(void)
{
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		bool file = false;

		for (const struct cli_param *p = c->params; p && p->arg; p++) {
			const char *values = values_of(p);

			if (p->option && has_value(p->kind)) {
				path(c);
				printf(" %s%s']='%s'\n", p->pair ? "" : "--", p->option, values ? values : "");
			} else if (!p->option && takes_file(p->kind) && !file) {
				file = true;
				path(c);
				puts(" ']='" FILES "'");
			}
		}
	}
}

static void print_table(const char *declare, const char *name, void (*rows)(void))
{
	printf("%s%s=(\n", declare, name);
	rows();
	puts(")\n");
}

/* The words before the cursor lead to a command; then its options, keys and values are offered. */
static const char walk[] = "	for word in \"${words[@]}\"; do\n"
			   "		if [[ $skip ]]; then\n"
			   "			skip=\n"
			   "		elif [[ $word == --socket || $word == --wait ]]; then\n"
			   "			skip=1\n"
			   "		elif [[ $path == mtcctl && $word == help ]]; then\n"
			   "			continue\n"
			   "		elif [[ $word != -* && ( -n ${_mtcctl_next[$path $word]+x} || "
			   "-n ${_mtcctl_options[$path $word]+x} ) ]]; then\n"
			   "			path=\"$path $word\"\n"
			   "		fi\n"
			   "	done\n";

static const char bash_end[] =
    "_mtcctl()\n"
    "{\n"
    "	local word path=mtcctl skip= cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} offered files=\n"
    "	local -a words=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
    "\n"
    "%s	offered=\"${_mtcctl_next[$path]-} ${_mtcctl_options[$path]-}\"\n"
    "	[[ -n ${_mtcctl_values[$path ]+x} && $cur != -* ]] && files=1\n"
    "	if [[ -n ${_mtcctl_values[$path $prev]+x} ]]; then\n"
    "		files= offered=${_mtcctl_values[$path $prev]}\n"
    "	elif [[ $prev == --wait ]]; then\n"
    "		files= offered=\n"
    "	elif [[ $cur == -* || $path == mtcctl ]]; then\n"
    "		offered+=' --socket --json --wait --help --version'\n"
    "	fi\n"
    "	[[ $prev == --socket ]] && offered='" FILES "'\n"
    "	[[ $offered == '" FILES "' ]] && files=1 offered=\n"
    "	COMPREPLY=($(compgen -W \"$offered\" -- \"$cur\"))\n"
    "	if [[ $files ]]; then\n"
    "		compopt -o filenames 2>/dev/null\n"
    "		COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
    "	fi\n"
    "}\n"
    "complete -F _mtcctl mtcctl\n";

static const char zsh_end[] = "_mtcctl()\n"
			      "{\n"
			      "	local word path_=mtcctl skip= cur=${words[CURRENT]} prev=${words[CURRENT-1]} offered\n"
			      "	local -a before=(\"${(@)words[2,CURRENT-1]}\") list\n"
			      "\n"
			      "	for word in \"${before[@]}\"; do\n"
			      "		if [[ -n $skip ]]; then\n"
			      "			skip=\n"
			      "		elif [[ $word == --socket || $word == --wait ]]; then\n"
			      "			skip=1\n"
			      "		elif [[ $path_ == mtcctl && $word == help ]]; then\n"
			      "			continue\n"
			      "		elif [[ $word != -* ]] && (( ${+_mtcctl_next[$path_ $word]} || "
			      "${+_mtcctl_options[$path_ $word]} )); then\n"
			      "			path_=\"$path_ $word\"\n"
			      "		fi\n"
			      "	done\n"
			      "	offered=\"${_mtcctl_next[$path_]-} ${_mtcctl_options[$path_]-}\"\n"
			      "	if (( ${+_mtcctl_values[$path_ $prev]} )); then\n"
			      "		offered=${_mtcctl_values[$path_ $prev]}\n"
			      "	elif [[ $prev == --wait ]]; then\n"
			      "		offered=\n"
			      "	elif [[ $prev == --socket ]]; then\n"
			      "		offered='" FILES "'\n"
			      "	elif [[ $cur == -* || $path_ == mtcctl ]]; then\n"
			      "		offered+=' --socket --json --wait --help --version'\n"
			      "	elif (( ${+_mtcctl_values[$path_ ]} )); then\n"
			      "		_files\n"
			      "	fi\n"
			      "	if [[ $offered == '" FILES "' ]]; then\n"
			      "		_files\n"
			      "		return\n"
			      "	fi\n"
			      "	list=(${=offered})\n"
			      "	(( ${#list} )) && compadd -a list\n"
			      "}\n"
			      "_mtcctl \"$@\"\n";

int main(int argc, char **argv)
{
	bool bash = argc == 2 && !strcmp(argv[1], "bash");

	if (argc != 2 || (!bash && strcmp(argv[1], "zsh") != 0)) {
		fputs("usage: mtcctl-completion bash|zsh\n", stderr);
		return 2;
	}
	puts(bash ? "# bash completion for mtcctl\n" : "#compdef mtcctl\n");
	print_table(bash ? "declare -A " : "typeset -gA ", "_mtcctl_next", print_next);
	print_table(bash ? "declare -A " : "typeset -gA ", "_mtcctl_options", print_options);
	print_table(bash ? "declare -A " : "typeset -gA ", "_mtcctl_values", print_values);
	if (bash) {
		printf(bash_end, walk);
	} else {
		fputs(zsh_end, stdout);
	}
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
