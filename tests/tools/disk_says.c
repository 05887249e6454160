/* disk_says.c - loaded in front of mtc-iwfd: what the disk says to a commit of the journal is what a play says. The play maps the file that
 * DISK_SAYS names: the first number is what happens to a write that has to be on disk, the second counts those that were held, the third
 * those that were refused. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum says { TAKES, HOLDS, IS_FULL };

struct disk {
	_Atomic uint32_t says, held, refused;
};
static struct disk *disk;

__attribute__((constructor)) static void look(void)
{
	const char *path = getenv("DISK_SAYS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *disk, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0) {
		close(fd);
	}
	if (p == MAP_FAILED) {
		abort(); /* a play that holds no disk would say nothing */
	}
	disk = p;
}

ssize_t pwritev2(int fd, const struct iovec *v, int n, off_t at, int flags)
{
	if ((flags & RWF_DSYNC) && atomic_load(&disk->says) == HOLDS) {
		atomic_fetch_add(&disk->held, 1);
		while (atomic_load(&disk->says) == HOLDS) {
			poll(NULL, 0, 2);
		}
	}
	if ((flags & RWF_DSYNC) && atomic_load(&disk->says) == IS_FULL) {
		atomic_fetch_add(&disk->refused, 1);
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwritev2, fd, v, n, (long)at, (long)((uint64_t)at >> 32), flags);
}
