#include "base/wake.h"

#include <stdint.h>
#include <unistd.h>

#include "base/err.h"

void wake_set(int eventfd)
{
	uint64_t one = 1;

	err_ignore(write(eventfd, &one, sizeof one), "EAGAIN: it is readable as it is");
}

void wake_clear(int eventfd)
{
	uint64_t times;

	err_ignore(read(eventfd, &times, sizeof times), "EAGAIN: it was not readable");
}
