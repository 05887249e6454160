/* fuzz.h - what is done with one input; libFuzzer and the replay of the corpus call the same.
 * A target's name is also the name of its folder in corpus/ ("frame", "dar"). Each source file
 * fuzz_X.c has the targets of one subject and defines fuzz_find() for them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef void fuzz_fn(const char *target, const uint8_t *data, size_t size);

/* NULL: no such target. A broken promise ends the program (abort), as the sanitizers do. */
fuzz_fn *fuzz_find(const char *target);

static inline void promise(bool kept, const char *what)
{
	if (kept) {
		return;
	}
	fprintf(stderr, "broken promise: %s\n", what);
	abort();
}
