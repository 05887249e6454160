/* cli_term.c - width and colour of a stream. */
#include "cli/cli_term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CHOICE "MTC_COLOR"
#define WIDTH_PRESET 80u
#define WIDTH_MAX 1000u

unsigned cli_term_width(FILE *out)
{
	struct winsize size = { 0 };
	int fd = fileno(out);

	if (fd < 0 || !isatty(fd)) {
		return 0;
	}
	if (ioctl(fd, TIOCGWINSZ, &size) || !size.ws_col) {
		return WIDTH_PRESET;
	}
	return size.ws_col < CLI_TERM_NARROWEST ? CLI_TERM_NARROWEST : size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

unsigned cli_lines(FILE *out)
{
	unsigned width = cli_term_width(out);

	return width && width < WIDTH_PRESET ? width : WIDTH_PRESET;
}

static bool is_word(const char *word)
{
	return !strcmp(word, "auto") || !strcmp(word, "always") || !strcmp(word, "never");
}

bool cli_term_choose(const char *when)
{
	return is_word(when) && !setenv(CHOICE, when, 1);
}

bool cli_term_color(FILE *out)
{
	const char *choice = getenv(CHOICE), *none = getenv("NO_COLOR"), *term = getenv("TERM");
	int fd = fileno(out);

	if (choice && (!strcmp(choice, "always") || !strcmp(choice, "never"))) {
		return !strcmp(choice, "always");
	}
	return fd >= 0 && isatty(fd) && !(none && *none) && term && *term && strcmp(term, "dumb") != 0;
}

static const char *const starts[] = {
	[CLI_PLAIN] = "",         [CLI_STRONG] = "\033[1m", [CLI_GOOD] = "\033[32m", [CLI_DOUBTFUL] = "\033[33m",
	[CLI_BAD] = "\033[1;31m",
};

void cli_term_begin(FILE *out, enum cli_tone tone)
{
	if (tone != CLI_PLAIN && cli_term_color(out)) {
		fputs(starts[tone], out);
	}
}

void cli_term_end(FILE *out, enum cli_tone tone)
{
	if (tone != CLI_PLAIN && cli_term_color(out)) {
		fputs("\033[0m", out);
	}
}

enum cli_tone cli_term_tone(const char *state)
{
	static const char *const good[] = { "open", "up", "ok", "answering", "healthy" };
	static const char *const bad[] = { "full", "failing", "down", "refused", "short" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (!strcmp(state, good[i])) {
			return CLI_GOOD;
		}
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (!strcmp(state, bad[i])) {
			return CLI_BAD;
		}
	}
	return *state && strcmp(state, "-") != 0 ? CLI_DOUBTFUL : CLI_PLAIN;
}
