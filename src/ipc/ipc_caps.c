/* ipc_caps.c - a slot of plain counters for each edge. Two edges that accept at the same instant may pass a cap by one each: the caps are
 * there against floods, not for accounting. What an edge counts it keeps for itself and only shows in its slot: whatever another edge
 * writes there is gone with the next connection. */
#include "ipc/ipc_caps.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#define BUCKETS 8192u
#define HASHES 2

struct slot {
	uint32_t total;
	uint32_t addresses[HASHES][BUCKETS];
};

struct ipc_caps {
	struct slot *slots;
	uint32_t slots_n, slot;
	struct slot own; /* what our slot shows */
};

int ipc_caps_make(int *fd, uint32_t slots)
{
	if (slots < 1 || slots > IPC_CAPS_SLOTS_MAX)
		return ERR_RANGE;
	*fd = memfd_create("mtc-iwf-caps", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		return ERR_IO;
	if (ftruncate(*fd, (off_t)(slots * sizeof(struct slot))) < 0 ||
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		close(*fd);
		return ERR_IO;
	}
	return 0;
}

int ipc_caps_open(struct ipc_caps **out, int fd, uint32_t slot)
{
	struct ipc_caps *c;
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size % (off_t)sizeof(struct slot) != 0 ||
	    st.st_size / (off_t)sizeof(struct slot) <= (off_t)slot)
		return ERR_INVAL;
	c = calloc(1, sizeof *c);
	if (!c)
		return ERR_NOMEM;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		free(c);
		return ERR_IO;
	}
	c->slots = p;
	c->slots_n = (uint32_t)((size_t)st.st_size / sizeof(struct slot));
	c->slot = slot;
	*out = c;
	return 0;
}

void ipc_caps_close(struct ipc_caps *c)
{
	if (!c)
		return;
	munmap(c->slots, c->slots_n * sizeof(struct slot));
	free(c);
}

void ipc_caps_clear(struct ipc_caps *c, uint32_t slot)
{
	if (slot < c->slots_n)
		memset(&c->slots[slot], 0, sizeof c->slots[slot]);
}

/* Two independent FNV-1a hashes of the address without its port. */
static void buckets_of(uint32_t out[HASHES], const char *address)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : strlen(address);

	for (uint32_t h = 0; h < HASHES; h++) {
		uint64_t v = 0xcbf29ce484222325ull ^ (h * 0x9e3779b97f4a7c15ull);

		for (size_t i = 0; i < len; i++)
			v = (v ^ (uint8_t)address[i]) * 0x100000001b3ull;
		out[h] = (uint32_t)((v ^ v >> 29) % BUCKETS);
	}
}

static uint64_t total_of(const struct ipc_caps *c)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < c->slots_n; i++)
		n += __atomic_load_n(&c->slots[i].total, __ATOMIC_RELAXED);
	return n;
}

/* The smaller of the two buckets: both count every connection of the address, each may count others too. */
static uint64_t of_address(const struct ipc_caps *c, const uint32_t at[HASHES])
{
	uint64_t least = UINT64_MAX;

	for (uint32_t h = 0; h < HASHES; h++) {
		uint64_t n = 0;

		for (uint32_t i = 0; i < c->slots_n; i++)
			n += __atomic_load_n(&c->slots[i].addresses[h][at[h]], __ATOMIC_RELAXED);
		if (n < least)
			least = n;
	}
	return least;
}

static void add(uint32_t *own, uint32_t *shown, int delta)
{
	if (delta > 0 || *own > 0)
		*own += (uint32_t)delta;
	__atomic_store_n(shown, *own, __ATOMIC_RELAXED);
}

static void count(struct ipc_caps *c, const uint32_t at[HASHES], int delta)
{
	struct slot *shown = &c->slots[c->slot];

	add(&c->own.total, &shown->total, delta);
	for (uint32_t h = 0; h < HASHES; h++)
		add(&c->own.addresses[h][at[h]], &shown->addresses[h][at[h]], delta);
}

enum ipc_caps_verdict ipc_caps_enter(struct ipc_caps *c, const char *address, uint32_t total_max, uint32_t per_address_max)
{
	uint32_t at[HASHES];

	buckets_of(at, address);
	count(c, at, 0);
	if (total_of(c) >= total_max)
		return IPC_CAPS_TOTAL;
	if (of_address(c, at) >= per_address_max)
		return IPC_CAPS_ADDRESS;
	count(c, at, 1);
	return IPC_CAPS_OK;
}

void ipc_caps_leave(struct ipc_caps *c, const char *address)
{
	uint32_t at[HASHES];

	buckets_of(at, address);
	count(c, at, -1);
}
