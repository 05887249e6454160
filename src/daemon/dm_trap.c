/* dm_trap.c - the handler of SIGSYS. The filter does not execute the refused call; it runs this
 * handler in its place. The handler ends the process by another refused call, one that the filter
 * answers by ending it at once. */
#include "daemon/dm_trap.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "ipc/ipc_beat.h"

static struct ipc_beat *page; /* for the handler, which gets no argument of ours */

int dm_trap_begin(int fd)
{
	int err = ipc_beat_open(&page, fd);

	if (!err) {
		ipc_beat_refused_set(page, -1); /* a process before us may have left one */
	}
	return err;
}

void dm_trap(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (page) {
		ipc_beat_refused_set(page, info->si_syscall);
	}
	(void)syscall(SYS_rt_sigaction, sig, NULL, NULL, sizeof(uint64_t));
	_exit(128 + SIGSYS); /* not reached where the filter is in force */
}
