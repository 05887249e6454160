/* ipc_ring.c - single producer, single consumer, each possibly hostile to the other.
 *
 * Positions count octets since the start and never wrap in practice (2^64). An offset is
 * position & (size - 1). Records start at multiples of 8.
 * No wake-up is lost: the producer publishes its head and then reads the consumer's tail; the
 * consumer publishes its tail and then reads the head. Both are sequentially consistent, so one
 * of them sees the other. */
#include "ipc/ipc_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fd_stat.h"
#include "ipc/ipc_rec.h"

#define LINE 64
#define DATA_AT 4096u
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Written by one end, only read by the other. */
struct shared {
	uint64_t head; /* published octets of this direction */
	uint8_t pad1[LINE - 8];
	uint64_t tail; /* consumed octets of the opposite direction */
	uint8_t pad2[LINE - 8];
	uint32_t blocked; /* the producer waits for room: ring its bell after consuming */
};

struct ipc_ring {
	struct ipc_ring_fds fds;
	struct shared *mine;
	const struct shared *theirs;
	uint32_t out_size, in_size;
	uint8_t *out;      /* data of our direction */
	const uint8_t *in; /* data of the other direction */
	uint64_t head;     /* written position, may be unpublished */
	uint64_t published;
	uint64_t tail;  /* consumed position of the other direction */
	uint8_t *queue; /* records waiting for room, in order */
	size_t queue_len, queue_at, queue_cap;
	bool broken;
};

static uint64_t load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static void store(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, v, __ATOMIC_SEQ_CST);
}

static uint64_t padded(uint64_t n)
{
	return (n + 7) & ~(uint64_t)7;
}

static void fd_close(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
	*fd = -1;
}

void ipc_ring_fds_close(struct ipc_ring_fds *fds)
{
	fd_close(&fds->out_mem);
	fd_close(&fds->in_mem);
	fd_close(&fds->out_bell);
	fd_close(&fds->in_bell);
}

/* One direction: a sealed memfd and a second descriptor of it that cannot be mapped for writing. */
static int direction_make(int *rw, int *ro, uint32_t size)
{
	char path[64];

	*rw = memfd_create("mtc-iwf-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*rw < 0 || ftruncate(*rw, (off_t)DATA_AT + size) < 0 || fcntl(*rw, F_ADD_SEALS, SEALS) < 0) {
		return ERR_IO;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", *rw);
	*ro = open(path, O_RDONLY | O_CLOEXEC);
	return *ro < 0 ? ERR_IO : 0;
}

static int bell_make(int *bell, int *copy)
{
	*bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (*bell < 0) {
		return ERR_IO;
	}
	*copy = fcntl(*bell, F_DUPFD_CLOEXEC, 0);
	return *copy < 0 ? ERR_IO : 0;
}

static bool size_ok(off_t size)
{
	return size >= IPC_RING_MIN && size <= IPC_RING_MAX && (size & (size - 1)) == 0;
}

int ipc_ring_make(struct ipc_ring_fds *a, struct ipc_ring_fds *b, uint32_t size)
{
	int saved;

	*a = *b = (struct ipc_ring_fds){ -1, -1, -1, -1 };
	if (!size_ok(size)) {
		return ERR_RANGE;
	}
	if (direction_make(&a->out_mem, &b->in_mem, size) == 0 && direction_make(&b->out_mem, &a->in_mem, size) == 0 &&
	    bell_make(&a->out_bell, &b->in_bell) == 0 && bell_make(&b->out_bell, &a->in_bell) == 0) {
		return 0;
	}
	saved = errno;
	ipc_ring_fds_close(a);
	ipc_ring_fds_close(b);
	errno = saved;
	return ERR_IO;
}

static int map(void **out, uint32_t *size, int fd, int prot)
{
	struct stat st;
	void *p;

	if (fd_stat(fd, &st) < 0 || !size_ok(st.st_size - (off_t)DATA_AT)) {
		return ERR_INVAL;
	}
	if ((fcntl(fd, F_GET_SEALS) & SEALS) != SEALS) {
		return ERR_INVAL; /* the other side could shrink it */
	}
	p = mmap(NULL, (size_t)st.st_size, prot, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		return ERR_IO;
	}
	*out = p;
	*size = (uint32_t)(st.st_size - (off_t)DATA_AT);
	return 0;
}

int ipc_ring_open(struct ipc_ring **out, struct ipc_ring_fds *fds)
{
	struct ipc_ring *r = calloc(1, sizeof *r);
	void *mine = NULL, *theirs = NULL;
	int err;

	if (!r) {
		return ERR_NOMEM;
	}
	err = map(&mine, &r->out_size, fds->out_mem, PROT_READ | PROT_WRITE);
	if (err) {
		goto free_ring;
	}
	err = map(&theirs, &r->in_size, fds->in_mem, PROT_READ);
	if (err) {
		goto unmap_mine;
	}
	r->mine = mine;
	r->theirs = theirs;
	r->out = (uint8_t *)mine + DATA_AT;
	r->in = (const uint8_t *)theirs + DATA_AT;
	r->fds = *fds;
	*fds = (struct ipc_ring_fds){ -1, -1, -1, -1 };
	*out = r;
	return 0;

unmap_mine:
	munmap(mine, DATA_AT + r->out_size);
free_ring:
	free(r);
	return err;
}

void ipc_ring_close(struct ipc_ring *r)
{
	if (!r) {
		return;
	}
	munmap(r->mine, DATA_AT + r->out_size);
	munmap((void *)(uintptr_t)r->theirs, DATA_AT + r->in_size);
	ipc_ring_fds_close(&r->fds);
	free(r->queue);
	free(r);
}

static void ring_bell(const struct ipc_ring *r)
{
	uint64_t one = 1;

	if (write(r->fds.out_bell, &one, sizeof one) < 0) {
		return; /* EAGAIN: already ringing */
	}
}

/* Computes the free octets of our direction. The other end's tail may be behind our head by at
 * most the size of the ring. */
static int room(struct ipc_ring *r, uint64_t *out)
{
	uint64_t used = r->head - load(&r->theirs->tail);

	if (used > r->out_size || used % 8 != 0) {
		r->broken = true;
		return ERR_PROTO;
	}
	*out = r->out_size - used;
	return 0;
}

static void put(struct ipc_ring *r, const uint8_t *record, size_t len)
{
	size_t at = (size_t)(r->head & (r->out_size - 1));
	size_t first = r->out_size - at < len ? r->out_size - at : len;

	memcpy(r->out + at, record, first);
	memcpy(r->out, record + first, len - first);
	r->head += padded(len);
}

static int enqueue(struct ipc_ring *r, const void *record, size_t len)
{
	if (r->queue_len - r->queue_at + len > IPC_RING_OVERFLOW_MAX) {
		return ERR_BUSY;
	}
	/* Moves the queue only when the free part in front is at least as long: a slow consumer
	 * cannot make each send move everything. */
	if (r->queue_len + len > r->queue_cap && r->queue_at > 0 && r->queue_at >= r->queue_len - r->queue_at) {
		memmove(r->queue, r->queue + r->queue_at, r->queue_len - r->queue_at);
		r->queue_len -= r->queue_at;
		r->queue_at = 0;
	}
	if (r->queue_len + len > r->queue_cap) {
		size_t cap = r->queue_cap ? r->queue_cap * 2 : 64 * 1024;
		uint8_t *grown = realloc(r->queue, cap);

		if (!grown) {
			return ERR_NOMEM;
		}
		r->queue = grown;
		r->queue_cap = cap;
	}
	memcpy(r->queue + r->queue_len, record, len);
	r->queue_len += len;
	return 0;
}

int ipc_ring_send(struct ipc_ring *r, const void *record, size_t len)
{
	uint64_t space;

	if (r->broken) {
		return ERR_PROTO;
	}
	if (len < IPC_REC_HEAD_LEN || len > IPC_REC_MAX || ipc_rec_length(record) != len) {
		return ERR_INVAL;
	}
	if (room(r, &space)) {
		return ERR_PROTO;
	}
	if (r->queue_at == r->queue_len && padded(len) <= space) {
		put(r, record, len);
		return 0;
	}
	return enqueue(r, record, len);
}

/* Moves queued records into the ring while there is room. */
static int queue_drain(struct ipc_ring *r)
{
	uint64_t space;

	while (r->queue_at < r->queue_len) {
		size_t len = ipc_rec_length(r->queue + r->queue_at);

		if (room(r, &space)) {
			return ERR_PROTO;
		}
		if (padded(len) > space) {
			return 0;
		}
		put(r, r->queue + r->queue_at, len);
		r->queue_at += len;
	}
	r->queue_at = r->queue_len = 0;
	return 0;
}

static void set_blocked(struct ipc_ring *r, bool blocked)
{
	__atomic_store_n(&r->mine->blocked, blocked ? 1 : 0, __ATOMIC_SEQ_CST);
}

int ipc_ring_flush(struct ipc_ring *r)
{
	uint64_t before = r->published;

	if (r->broken || queue_drain(r)) {
		return ERR_PROTO;
	}
	if (r->queue_at < r->queue_len) {
		set_blocked(r, true);
		if (queue_drain(r)) { /* room may have appeared between the check and the flag */
			return ERR_PROTO;
		}
	}
	if (r->queue_at == r->queue_len && r->mine->blocked) {
		set_blocked(r, false);
	}
	if (r->head == before) {
		return 0;
	}
	r->published = r->head;
	store(&r->mine->head, r->head);
	FAULT_POINT(RING_PUBLISHED);
	if (load(&r->theirs->tail) == before) {
		ring_bell(r); /* the other end had read everything and may be asleep */
	}
	return 0;
}

bool ipc_ring_idle(const struct ipc_ring *r)
{
	return load(&r->theirs->tail) == r->published;
}

static void get(const struct ipc_ring *r, uint64_t from, uint8_t *out, size_t len)
{
	size_t at = (size_t)(from & (r->in_size - 1));
	size_t first = r->in_size - at < len ? r->in_size - at : len;

	memcpy(out, r->in + at, first);
	memcpy(out + first, r->in, len - first);
}

int ipc_ring_recv(struct ipc_ring *r, uint8_t out[IPC_REC_MAX], size_t *len)
{
	uint64_t there;
	size_t n;

	if (r->broken) {
		return ERR_PROTO;
	}
	there = load(&r->theirs->head) - r->tail;
	if (there == 0) {
		if (__atomic_load_n(&r->theirs->blocked, __ATOMIC_SEQ_CST)) {
			ring_bell(r);
		}
		return ERR_AGAIN;
	}
	if (there > r->in_size || there % 8 != 0 || there < IPC_REC_HEAD_LEN) {
		goto lies;
	}
	get(r, r->tail, out, IPC_REC_HEAD_LEN);
	n = ipc_rec_length(out); /* from the copy: the shared header may change at any time */
	if (n < IPC_REC_HEAD_LEN || n > IPC_REC_MAX || padded(n) > there) {
		goto lies;
	}
	get(r, r->tail + IPC_REC_HEAD_LEN, out + IPC_REC_HEAD_LEN, n - IPC_REC_HEAD_LEN);
	r->tail += padded(n);
	store(&r->mine->tail, r->tail);
	FAULT_POINT(RING_RECORD_TAKEN);
	*len = n;
	return 0;

lies:
	r->broken = true;
	return ERR_PROTO;
}

int ipc_ring_bell(const struct ipc_ring *r)
{
	return r->fds.in_bell;
}

void ipc_ring_bell_clear(struct ipc_ring *r)
{
	uint64_t count;

	if (read(r->fds.in_bell, &count, sizeof count) < 0) {
		return; /* EAGAIN: a ring without cause */
	}
}

size_t ipc_ring_waiting(const struct ipc_ring *r)
{
	return r->queue_len - r->queue_at;
}
