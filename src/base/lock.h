/* lock.h - the lock of a directory that one process at a time may use. A killed process keeps its
 * lock until the last write that it began has reached the disk. So its successor waits. */
#pragma once
#include <stdint.h>

#include "base/err.h"

/* Takes the lock of the open file `fd` (flock). It ends with the last descriptor of that opening.
 * While another process has the lock: tries again for at most `wait_ms`; 0: tries once.
 * ERR_BUSY: another process kept it all the time. ERR_IO: errno says why. */
ERR_MUST_USE int lock_take(int fd, uint64_t wait_ms);
