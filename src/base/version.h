/* version.h - what --version prints: the program, the commit that it was built from, and the
 * versions of the libraries that it runs with, which a report of a fault needs. PURE. */
#pragma once
#include <stddef.h>

#define VERSION_TEXT_MAX 512

struct version_library {
	const char *name;    /* borrowed */
	const char *version; /* as the library says it at run time, "1.44.2"; borrowed */
};

/* "mtc-iwfd 0.1.0 (commit 0123456789ab)\n", then one line for each library. Cut to fit, always
 * with its NUL. The commit is "unknown" when the build was made outside of a git checkout and none
 * was given. */
void version_text(char out[VERSION_TEXT_MAX], const char *program, const struct version_library *libraries, size_t n);
