/* lock.c - the lock of a directory. */
#include "base/lock.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

#include "base/clock.h"

#define PAUSE_NS (10 * 1000000L)

int lock_take(int fd, uint64_t wait_ms)
{
	const struct timespec pause = { 0, PAUSE_NS };
	uint64_t begun_ms = clock_mono_ms();

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			return ERR_IO;
		}
		if (clock_mono_ms() - begun_ms >= wait_ms) {
			return ERR_BUSY;
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}
