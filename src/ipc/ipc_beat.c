/* ipc_beat.c - the heartbeat page, see ipc_beat.h. */
#include "ipc/ipc_beat.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct ipc_beat {
	uint64_t n;
	uint64_t refused; /* number of the call and one more; 0: none */
};

int ipc_beat_make(int *fd)
{
	*fd = memfd_create("mtc-iwf-beat", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0) {
		return ERR_IO;
	}
	if (ftruncate(*fd, (off_t)sizeof(struct ipc_beat)) < 0 ||
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		close(*fd);
		*fd = -1;
		return ERR_IO;
	}
	return 0;
}

static int map(struct ipc_beat **out, int fd, int protection)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0 || st.st_size != (off_t)sizeof(struct ipc_beat)) {
		return ERR_INVAL;
	}
	p = mmap(NULL, sizeof(struct ipc_beat), protection, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		return ERR_IO;
	}
	*out = p;
	return 0;
}

int ipc_beat_watch(struct ipc_beat **out, int fd)
{
	return map(out, fd, PROT_READ);
}

int ipc_beat_open(struct ipc_beat **out, int fd)
{
	return map(out, fd, PROT_READ | PROT_WRITE);
}

void ipc_beat_close(struct ipc_beat *b)
{
	if (b) {
		munmap(b, sizeof *b);
	}
}

void ipc_beat(struct ipc_beat *b)
{
	__atomic_fetch_add(&b->n, 1, __ATOMIC_RELAXED);
}

uint64_t ipc_beat_read(const struct ipc_beat *b)
{
	return __atomic_load_n(&b->n, __ATOMIC_RELAXED);
}

void ipc_beat_refused_set(struct ipc_beat *b, int64_t number)
{
	__atomic_store_n(&b->refused, (uint64_t)(number + 1), __ATOMIC_RELAXED);
}

int64_t ipc_beat_refused(const struct ipc_beat *b)
{
	return (int64_t)__atomic_load_n(&b->refused, __ATOMIC_RELAXED) - 1;
}
