/* fuzz_place.c - one folder a process. */
#include "tests/fuzz/fuzz_place.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static char folder[256];

static int remove_one(const char *name, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	return ftw->level ? remove(name) : 0;
}

void fuzz_place_empty(void)
{
	nftw(fuzz_place(), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_folder(void)
{
	fuzz_place_empty();
	rmdir(folder);
}

const char *fuzz_place(void)
{
	const char *root = getenv("TMPDIR");

	if (!*folder) {
		snprintf(folder, sizeof folder, "%s/mtc-fuzz-XXXXXX", root ? root : "/tmp");
		promise(mkdtemp(folder) != NULL, "a folder");
		atexit(remove_folder);
	}
	return folder;
}
