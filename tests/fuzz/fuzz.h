/* fuzz.h - what is done with one input; libFuzzer and the replay of the corpus call the same.
 * A target is "frame" or the name of a message in lower case ("dar"); it is also the name of its folder in corpus/. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef void fuzz_fn(const char *target, const uint8_t *data, size_t size);

/* NULL: no such target. A broken promise ends the program (abort), as the sanitizers do. */
fuzz_fn *fuzz_find(const char *target);
