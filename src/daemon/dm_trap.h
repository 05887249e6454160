/* dm_trap.h - a system call that the sandbox refuses ends the process; its number is left for the
 * parent. */
#pragma once
#include <signal.h>

#include "base/err.h"

/* Keeps the page of the beat for the handler; `fd` is borrowed until return. ERR_INVAL, ERR_IO. */
ERR_MUST_USE int dm_trap_begin(int fd);
/* The handler of SIGSYS. Does not return. */
void dm_trap(int sig, siginfo_t *info, void *context);
