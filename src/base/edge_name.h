/* edge_name.h - the name of an edge in every log, list and message. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

#define EDGE_NAME_MAX 24
#define EDGE_WORDS_MAX 72

/* "edge-0": the place among all edges, the same for each process that takes it. Returns `out`. */
const char *edge_name(char out[EDGE_NAME_MAX], uint32_t slot);
/* Writes "edge-0 (pid 4711, generation 3)", the name of a process. The generation is the number
 * before the dash in the transactions and sessions of the decision log. With pid 0 the process is
 * unknown or absent, and the pid is left out. Returns `out`. */
const char *edge_words(char out[EDGE_WORDS_MAX], uint32_t slot, pid_t pid, uint32_t generation);
