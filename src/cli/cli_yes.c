/* cli_yes.c - a person at a terminal is asked before much is deleted. */
#include <string.h>
#include <unistd.h>

#include "cli/cli_command.h"

bool cli_yes(const char *question)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		return false;
	}
	fprintf(stderr, "mtcctl: %s. Go on? Type yes: ", question);
	fflush(stderr);
	return fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0;
}
