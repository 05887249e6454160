/* csl_file.h - the files that browsers get. They are compiled in: the console opens none. */
#pragma once
#include <stddef.h>

struct csl_file {
	const char *name; /* "index.html"; NULL ends the table */
	const char *type; /* Content-Type */
	const unsigned char *octets;
	size_t len;
};
extern const struct csl_file csl_files[]; /* made by files.py from files/ */
