/* bench_self.c - preloaded into a program that starts itself again by execv("/proc/self/exe") and
 * runs under valgrind (scripts/instructions). Under valgrind the kernel's /proc/self/exe is
 * valgrind; only readlink() of it names the program. This execv() follows the link first. Every
 * other path is passed on unchanged. */
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* In place of the C library's. Async-signal-safe like it: called between fork and exec. */
int execv(const char *path, char *const argv[])
{
	static const char self[] = "/proc/self/exe";
	char program[PATH_MAX];
	ssize_t len;

	if (strcmp(path, self) == 0) {
		len = readlink(self, program, sizeof program - 1);
		if (len < 0) {
			return -1;
		}
		program[len] = '\0';
		path = program;
	}
	return execve(path, argv, environ);
}
