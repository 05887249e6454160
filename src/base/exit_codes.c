/* exit_codes.c - the table as a part of --help. */
#include "base/exit_codes.h"

#include <stddef.h>

static const struct {
	int number;
	unsigned who;
	const char *meaning;
} rows[] = {
#define EXIT_CODE_ROW(name_, number_, who_, meaning_) { number_, who_, meaning_ },
	EXIT_CODES(EXIT_CODE_ROW)
#undef EXIT_CODE_ROW
};

void exit_codes_help(FILE *out, enum exit_program program)
{
	fputs("Exit status:\n", out);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].who & program) {
			fprintf(out, "  %d  %s\n", rows[i].number, rows[i].meaning);
		}
	}
}
