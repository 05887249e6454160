/* fuzz_main.c - the door for libFuzzer; FUZZ_TARGET says to which target. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_find(FUZZ_TARGET)(FUZZ_TARGET, data, size);
	return 0;
}
