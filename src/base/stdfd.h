/* stdfd.h - descriptors 0 to 2 are never free: the next file, socket or shared memory would get one
 * of these numbers, and log lines would be written into it. If standard output was lost, the exit
 * status tells so. */
#pragma once
#include <stdbool.h>

#include "base/err.h"

/* The first statement of every main(). Opens /dev/null on each of 0, 1 and 2 that is closed, in the
 * direction that the program does not use. So reading a closed standard input and writing to a
 * closed standard output still fail, and an import from nothing or an export to nowhere is not
 * taken for a success. ERR_IO with errno. */
ERR_MUST_USE int stdfd_open(void);

/* False: fd was closed when the program started, or is not open for writing. Output to it is
 * dropped. */
bool stdfd_written(int fd);

/* Reason of a failed write to standard output; `error` is its errno, 0: unknown. Static or
 * strerror()'s. */
const char *stdfd_why(int error);

/* The last statement of every main(): `return stdfd_end(program, status, failure)`. Flushes the
 * stdio buffer of standard output. If that fails, or an earlier piece was lost, prints the reason
 * on standard error and returns `failure`. A `status` other than 0 is kept. Returns the exit
 * status. */
int stdfd_end(const char *program, int status, int failure);
