/* obj.c - see obj.h. */
#include "base/obj.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void obj_wrong(const struct obj *o, uint32_t magic, const char *type, const char *function)
{
	char line[256];
	int n = snprintf(line, sizeof line, "%s: '%s' is no such object: %08x, expected %08x\n", function, type, o ? o->magic : 0,
			 magic);

	/* Not through the log: it may be broken, and its thread would not write it in time. */
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1) < 0) {
		abort();
	}
	abort();
}
