/* temp_dir.h - a directory for one test, gone afterwards. */
#pragma once
#include <dirent.h>
#include <unistd.h>

#include "tests/unit/test.h"

struct temp_dir {
	char path[64];
};

static inline void temp_dir_make(struct temp_dir *t)
{
	strcpy(t->path, "/tmp/mtc-test-XXXXXX");
	assert_non_null(mkdtemp(t->path));
}

static inline void temp_dir_end(const struct temp_dir *t)
{
	DIR *d = opendir(t->path);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[400];

		snprintf(path, sizeof path, "%s/%s", t->path, e->d_name);
		unlink(path);
	}
	if (d) {
		closedir(d);
	}
	rmdir(t->path);
}
