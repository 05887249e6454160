/* fuzz_place.h - a folder for the files of a fuzzer, below TMPDIR. It is removed when the process
 * exits; what a fault leaves there, scripts/fuzz removes. */
#pragma once

const char *fuzz_place(void); /* made by the first call; static */
void fuzz_place_empty(void);  /* removes all that is in it */
