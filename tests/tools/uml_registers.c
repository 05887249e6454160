/* uml_registers.c - for LD_PRELOAD under user-mode Linux (tests/guest/boot.py) on a processor with AMX. The kernel of Debian 12 has room for
 * the registers up to AVX-512 and writes so much of the XSAVE area of its processes; the machine's kernel takes the whole area only, and the
 * guest ends at its first program. Here what is missing is filled up with what the process has. */
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#define AREA_MAX (64u << 10) /* octets; the whole area with AMX has 11,008 */

static long (*libc_ptrace)(enum __ptrace_request request, ...);

__attribute__((constructor)) static void begin(void)
{
	*(void **)&libc_ptrace = dlsym(RTLD_NEXT, "ptrace");
}

static long write_area(pid_t pid, void *kind, const struct iovec *given)
{
	static char area[AREA_MAX] __attribute__((aligned(64))); /* the stacks of the kernel are small, and it has one thread */
	struct iovec whole = { area, sizeof area };

	if (libc_ptrace(PTRACE_GETREGSET, pid, kind, &whole) < 0) {
		return -1;
	}
	memcpy(area, given->iov_base, given->iov_len < whole.iov_len ? given->iov_len : whole.iov_len);
	return libc_ptrace(PTRACE_SETREGSET, pid, kind, &whole);
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list more;
	void *address, *data;
	pid_t pid;

	va_start(more, request);
	pid = va_arg(more, pid_t);
	address = va_arg(more, void *);
	data = va_arg(more, void *);
	va_end(more);
	return request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE ? write_area(pid, address, data)
									       : libc_ptrace(request, pid, address, data);
}
