/* mtr_page.c - see mtr_page.h. */
#include "metrics/mtr_page.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_OF_SCS 1024u /* octets: 17 samples, with names as long as they usually are */
#define SLOT_OF_ALL 65536u
#define ROOM_MAX (UINT64_C(1) << 30)
#define TRIES 4

struct slot {
	uint64_t number; /* of the snapshot in it; 0: none, or it is being written */
	uint64_t len;
	uint8_t octets[];
};

struct shared {
	uint64_t number; /* of the current snapshot, in slot number % 2; 0: none yet */
	uint64_t unused[7];
	uint8_t slots[];
};

struct mtr_page {
	struct shared *shared;
	size_t len, room;
	uint8_t *copy; /* of a reader */
	size_t copy_len;
	uint64_t number; /* of the copy, or written last */
};

size_t mtr_page_room(uint32_t scs_max)
{
	return SLOT_OF_ALL + (size_t)scs_max * SLOT_OF_SCS;
}

static size_t slot_len(size_t room)
{
	return sizeof(struct slot) + room;
}

static size_t page_len(size_t room)
{
	return sizeof(struct shared) + 2 * slot_len(room);
}

static struct slot *slot_of(const struct mtr_page *p, uint64_t number)
{
	return (struct slot *)(void *)(p->shared->slots + (number % 2) * slot_len(p->room));
}

/* A seal that forbids to write would forbid it to the core, too: the other descriptor is opened
 * anew, for reading. */
int mtr_page_make(int *writes, int *reads, size_t room)
{
	char path[32];

	room &= ~(size_t)7; /* the second slot is aligned */
	*reads = -1;
	*writes = memfd_create("mtc-iwf-metrics", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*writes < 0) {
		return ERR_IO;
	}
	if (ftruncate(*writes, (off_t)page_len(room)) == 0 &&
	    fcntl(*writes, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", *writes);
		*reads = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (*reads < 0) {
		close(*writes);
		*writes = -1;
		return ERR_IO;
	}
	return 0;
}

/* The size that the kernel tells, and never what is in the memory, is what both sides go by. */
static int map(struct mtr_page **out, int fd, int protection)
{
	struct mtr_page *p;
	struct stat st;
	void *at;

	if (fstat(fd, &st) < 0 || st.st_size < (off_t)page_len(8) || st.st_size > (off_t)page_len(ROOM_MAX)) {
		return ERR_INVAL;
	}
	p = calloc(1, sizeof *p);
	if (!p) {
		return ERR_NOMEM;
	}
	p->len = (size_t)st.st_size;
	p->room = (p->len - sizeof(struct shared)) / 2 - sizeof(struct slot);
	at = mmap(NULL, p->len, protection, MAP_SHARED, fd, 0);
	if (page_len(p->room) != p->len || p->room % 8 || at == MAP_FAILED) {
		if (at != MAP_FAILED) {
			munmap(at, p->len);
		}
		free(p);
		return ERR_INVAL;
	}
	p->shared = at;
	*out = p;
	return 0;
}

/* A writer goes on with the numbers of the one before it. */
int mtr_page_writer(struct mtr_page **out, int fd)
{
	int err = map(out, fd, PROT_READ | PROT_WRITE);

	if (!err) {
		(*out)->number = __atomic_load_n(&(*out)->shared->number, __ATOMIC_RELAXED);
	}
	return err;
}

int mtr_page_reader(struct mtr_page **out, int fd)
{
	struct mtr_page *p;
	int err = map(&p, fd, PROT_READ);

	if (err) {
		return err;
	}
	p->copy = malloc(p->room);
	if (!p->copy) {
		mtr_page_close(p);
		return ERR_NOMEM;
	}
	*out = p;
	return 0;
}

void mtr_page_close(struct mtr_page *p)
{
	if (!p) {
		return;
	}
	munmap(p->shared, p->len);
	free(p->copy);
	free(p);
}

void *mtr_page_begin(struct mtr_page *p, size_t *cap)
{
	struct slot *s = slot_of(p, p->number + 1);

	__atomic_store_n(&s->number, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE); /* no octet is written before that is seen */
	*cap = p->room;
	return s->octets;
}

void mtr_page_publish(struct mtr_page *p, size_t len)
{
	struct slot *s = slot_of(p, ++p->number);

	s->len = len;
	__atomic_store_n(&s->number, p->number, __ATOMIC_RELEASE);
	__atomic_store_n(&p->shared->number, p->number, __ATOMIC_RELEASE);
}

/* ERR_AGAIN: the slot was written meanwhile. */
static int copy(struct mtr_page *p, uint64_t number)
{
	const struct slot *s = slot_of(p, number);
	uint64_t len;

	if (__atomic_load_n(&s->number, __ATOMIC_ACQUIRE) != number) {
		return ERR_AGAIN;
	}
	len = __atomic_load_n(&s->len, __ATOMIC_RELAXED);
	if (len > p->room) {
		return ERR_PROTO;
	}
	memcpy(p->copy, s->octets, len);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&s->number, __ATOMIC_RELAXED) != number) {
		return ERR_AGAIN;
	}
	p->copy_len = len;
	p->number = number;
	return 0;
}

int mtr_page_read(struct mtr_page *p, const void **octets, size_t *len, uint64_t *number)
{
	int err = ERR_AGAIN;

	for (int i = 0; i < TRIES && err == ERR_AGAIN; i++) {
		uint64_t now = __atomic_load_n(&p->shared->number, __ATOMIC_ACQUIRE);

		if (!now) {
			return ERR_AGAIN;
		}
		err = now == p->number ? 0 : copy(p, now);
	}
	if (err) {
		p->number = 0; /* the copy may be half of it */
		return err;
	}
	*octets = p->copy;
	*len = p->copy_len;
	*number = p->number;
	return 0;
}
