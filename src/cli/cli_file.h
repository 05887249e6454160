/* cli_file.h - the files of import and export: opened by mtcctl, with the rights of the one who typed, and handed to the core. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define CLI_FILE_WHY_MAX 512

struct cli_file {
	int fd;
	const char *path; /* borrowed; as it was typed */
	char *temp;       /* owned; takes `place` when all is well; NULL: fd is the place itself */
	char *place;      /* owned; where path leads */
	bool standard;    /* standard input or output: not ours to close */
};

/* "csv", "jsonl" by the end of the name; NULL: it does not say. */
const char *cli_file_format(const char *path);
/* "-": standard input, or standard output (path NULL too). False with words in `why`. An output that is, or will be, a regular file is written
 * beside its place, so that there is never half of it; a signal that ends mtcctl takes it away. */
bool cli_file_in(struct cli_file *f, const char *path, char why[CLI_FILE_WHY_MAX]);
bool cli_file_out(struct cli_file *f, const char *path, char why[CLI_FILE_WHY_MAX]);
/* Closes; an output is on disk and in its place afterwards (well), or as before. False with words when that failed. */
bool cli_file_end(struct cli_file *f, bool well, char why[CLI_FILE_WHY_MAX]);
