/* replay.c - every input of a target's corpus once more: the regression of what fuzzing found, with any compiler.
 * usage: replay TARGET FOLDER     ends with 1 when the folder has no input */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (1u << 20)

/* Each input in memory of its own, exactly as long. */
static int replay_one(fuzz_fn *fn, const char *target, const char *path)
{
	static uint8_t room[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	uint8_t *copy;
	size_t n;

	if (!f) {
		perror(path);
		return 1;
	}
	n = fread(room, 1, sizeof room, f);
	fclose(f);
	copy = malloc(n ? n : 1);
	if (!copy) {
		return 1;
	}
	memcpy(copy, room, n);
	fn(target, copy, n);
	free(copy);
	return 0;
}

int main(int argc, char **argv)
{
	fuzz_fn *fn = argc == 3 ? fuzz_find(argv[1]) : NULL;
	DIR *d = fn ? opendir(argv[2]) : NULL;
	struct dirent *e;
	size_t n = 0;
	int bad = 0;

	if (!fn || !d) {
		fprintf(stderr, "usage: replay TARGET FOLDER\n");
		return 2;
	}
	while ((e = readdir(d))) {
		char path[1024];

		if (e->d_name[0] == '.') {
			continue;
		}
		snprintf(path, sizeof path, "%s/%s", argv[2], e->d_name);
		bad |= replay_one(fn, argv[1], path);
		n++;
	}
	closedir(d);
	printf("%s: %zu inputs\n", argv[1], n);
	return bad || !n;
}
