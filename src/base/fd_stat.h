/* fd_stat.h - fstat() by the system call of that name. glibc makes it newfstatat() with an empty
 * path, which a filter of system calls cannot tell from a look at a named file: so it is not among
 * the calls of a process without a file system. For functions that such a process uses
 * (src/sandbox/sbx_calls.c). */
#pragma once
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 0, or -1 with errno. */
static inline int fd_stat(int fd, struct stat *st)
{
#if defined(SYS_fstat) && __SIZEOF_POINTER__ == 8 /* glibc's struct is the kernel's */
	return (int)syscall(SYS_fstat, fd, st);
#else
	return fstat(fd, st);
#endif
}
