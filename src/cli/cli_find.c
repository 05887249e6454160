/* cli_find.c - the row of a command, by the words of the command line. */
#include <string.h>

#include "base/nearest.h"
#include "cli/cli_command.h"

bool cli_is_group(const char *word)
{
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		if (!strcmp(c->group, word)) {
			return true;
		}
	}
	return false;
}

/* How many of the words are this verb ("member add" is two); 0: another one. */
static int verb_words(const char *verb, char *const *words, int n)
{
	int used = 0;

	for (const char *at = verb; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		if (used == n || strlen(words[used]) != len || strncmp(at, words[used], len) != 0) {
			return 0;
		}
		used++;
		at += len;
	}
	return used;
}

const struct cli_command *cli_find(char *const *words, int n, int *used)
{
	const struct cli_command *plain = NULL;

	*used = 0;
	for (const struct cli_command *c = cli_commands; n && c->group; c++) {
		if (strcmp(c->group, words[0]) != 0) {
			continue;
		}
		if (!c->verb) {
			plain = c;
			continue;
		}
		*used = 1 + verb_words(c->verb, words + 1, n - 1);
		if (*used > 1) {
			return c;
		}
	}
	*used = 1;
	return plain;
}
