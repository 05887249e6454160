/* cli_file.h - the files of import and export: mtcctl opens them with the rights of its user and
 * hands them to the core. */
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
/* "-": standard input, or standard output (path NULL too). False with words in `why`. An output to
 * a regular file is written beside its place, so that half a file never appears. A signal that ends
 * mtcctl removes that file. */
bool cli_file_in(struct cli_file *f, const char *path, char why[CLI_FILE_WHY_MAX]);
bool cli_file_out(struct cli_file *f, const char *path, char why[CLI_FILE_WHY_MAX]);
/* Closes the file. If `well`, an output is on disk and in its place afterwards; else its place is
 * unchanged. False with words on failure. */
bool cli_file_end(struct cli_file *f, bool well, char why[CLI_FILE_WHY_MAX]);
