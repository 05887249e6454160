/* ipc_caps.c - one slot of plain counters for each edge of a zone.
 * Two edges that accept at the same instant may exceed a limit by one each: the limits protect
 * against floods, they are no accounting.
 * An edge keeps its own counts and only shows them in its slot: a foreign write there is gone
 * with the next connection. */
#include "ipc/ipc_caps.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#include "base/sip.h"

#define BUCKETS 8192u
#define HASHES 2

struct counts {
	uint32_t total;
	uint32_t addresses[HASHES][BUCKETS];
};

enum kind { ALL, STRANGERS, BEGUN, KINDS };

struct slot {
	struct counts of[KINDS];
	uint64_t second; /* of BEGUN */
};

struct page {
	/* written once by ipc_caps_make(); each edge keeps the copy read by ipc_caps_open() */
	struct sip_key keys[HASHES];
	struct slot slots[];
};

struct ipc_caps {
	struct page *page;
	struct slot *slots;
	struct sip_key keys[HASHES];
	struct ipc_caps_prefix prefix;
	uint32_t slots_n, slot;
	struct slot own; /* copy of our slot; its second is the one that is asked about */
};

static size_t page_len(uint32_t slots)
{
	return sizeof(struct page) + slots * sizeof(struct slot);
}

int ipc_caps_make(int *fd, uint32_t slots)
{
	struct sip_key keys[HASHES];

	if (slots < 1 || slots > IPC_CAPS_SLOTS_MAX) {
		return ERR_RANGE;
	}
	for (int h = 0; h < HASHES; h++) {
		if (sip_key_new(&keys[h])) {
			return ERR_IO;
		}
	}
	*fd = memfd_create("mtc-iwf-caps", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0) {
		return ERR_IO;
	}
	if (ftruncate(*fd, (off_t)page_len(slots)) < 0 || pwrite(*fd, keys, sizeof keys, 0) != (ssize_t)sizeof keys ||
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

	if (fstat(fd, &st) < 0 || slot >= IPC_CAPS_SLOTS_MAX || st.st_size < (off_t)page_len(slot + 1) ||
	    ((size_t)st.st_size - sizeof(struct page)) % sizeof(struct slot) != 0) {
		return ERR_INVAL;
	}
	c = calloc(1, sizeof *c);
	if (!c) {
		return ERR_NOMEM;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		free(c);
		return ERR_IO;
	}
	c->page = p;
	c->slots = c->page->slots;
	memcpy(c->keys, c->page->keys, sizeof c->keys);
	c->prefix = (struct ipc_caps_prefix){ 32, 64 };
	c->slots_n = (uint32_t)(((size_t)st.st_size - sizeof(struct page)) / sizeof(struct slot));
	c->slot = slot;
	*out = c;
	return 0;
}

void ipc_caps_close(struct ipc_caps *c)
{
	if (!c) {
		return;
	}
	munmap(c->page, page_len(c->slots_n));
	free(c);
}

void ipc_caps_clear(struct ipc_caps *c, uint32_t slot)
{
	if (slot < c->slots_n) {
		memset(&c->slots[slot], 0, sizeof c->slots[slot]);
		memcpy(c->page->keys, c->keys, sizeof c->page->keys); /* the edge may have written keys that it knows */
	}
}

void ipc_caps_prefixes(struct ipc_caps *c, struct ipc_caps_prefix prefix)
{
	c->prefix = prefix;
}

#define NAME_MAX_LEN 64

/* Clears all bits after the first `bits`. */
static void keep_bits(uint8_t *p, size_t len, unsigned bits)
{
	for (size_t i = 0; i < len; i++) {
		unsigned kept = bits > 8 * i ? bits - 8 * (unsigned)i : 0;

		if (kept < 8) {
			p[i] &= (uint8_t)(0xff00u >> kept);
		}
	}
}

/* Builds the counted prefix of "192.0.2.7:40000" or "[2001:db8::1]:40000": a kind and octets.
 * Any other address (a UNIX socket) counts as a whole. */
static size_t prefix_of(const struct ipc_caps *c, uint8_t out[NAME_MAX_LEN], const char *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const char *end = strrchr(address, ':'), *start = address;
	uint8_t octets[16];
	char text[NAME_MAX_LEN];
	size_t len;

	if (*start == '[' && end > start && end[-1] == ']') {
		start++;
		end--;
	}
	len = end ? (size_t)(end - start) : strlen(start);
	len = len < sizeof text ? len : sizeof text - 1;
	memcpy(text, start, len);
	text[len] = 0;
	if (inet_pton(AF_INET, text, octets + 12) != 1) {
		if (inet_pton(AF_INET6, text, octets) != 1) {
			memcpy(out, text, len);
			return len;
		}
		if (memcmp(octets, mapped, sizeof mapped) != 0) {
			out[0] = 6;
			memcpy(out + 1, octets, 16);
			keep_bits(out + 1, 16, c->prefix.v6);
			return 17;
		}
	}
	out[0] = 4;
	memcpy(out + 1, octets + 12, 4);
	keep_bits(out + 1, 4, c->prefix.v4);
	return 5;
}

/* Fills the buckets of an address by two independent hashes. */
static void buckets_of(const struct ipc_caps *c, uint32_t out[HASHES], const char *address)
{
	uint8_t counted[NAME_MAX_LEN];
	size_t len = prefix_of(c, counted, address);

	for (uint32_t h = 0; h < HASHES; h++) {
		out[h] = (uint32_t)(sip_hash(&c->keys[h], counted, len) % BUCKETS);
	}
}

/* What another edge counted in another second does not count. */
static bool counts(const struct ipc_caps *c, enum kind k, uint32_t slot)
{
	return k != BEGUN || __atomic_load_n(&c->slots[slot].second, __ATOMIC_ACQUIRE) == c->own.second;
}

static uint64_t total_of(const struct ipc_caps *c, enum kind k)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < c->slots_n; i++) {
		n += counts(c, k, i) ? __atomic_load_n(&c->slots[i].of[k].total, __ATOMIC_RELAXED) : 0;
	}
	return n;
}

/* Returns the smaller count of the two buckets: both count every connection of the address, and
 * each may count others too. */
static uint64_t of_address(const struct ipc_caps *c, enum kind k, const uint32_t at[HASHES])
{
	uint64_t least = UINT64_MAX;

	for (uint32_t h = 0; h < HASHES; h++) {
		uint64_t n = 0;

		for (uint32_t i = 0; i < c->slots_n; i++) {
			n += counts(c, k, i) ? __atomic_load_n(&c->slots[i].of[k].addresses[h][at[h]], __ATOMIC_RELAXED) : 0;
		}
		if (n < least) {
			least = n;
		}
	}
	return least;
}

static void add(uint32_t *own, uint32_t *shown, int delta)
{
	if (delta > 0 || *own > 0) {
		*own += (uint32_t)delta;
	}
	__atomic_store_n(shown, *own, __ATOMIC_RELAXED);
}

static void count(struct ipc_caps *c, enum kind k, const uint32_t at[HASHES], int delta)
{
	struct counts *shown = &c->slots[c->slot].of[k], *own = &c->own.of[k];

	add(&own->total, &shown->total, delta);
	for (uint32_t h = 0; h < HASHES; h++) {
		add(&own->addresses[h][at[h]], &shown->addresses[h][at[h]], delta);
	}
}

static enum ipc_caps_verdict enter(struct ipc_caps *c, enum kind k, const char *address, uint32_t total_max,
				   uint32_t per_address_max)
{
	uint32_t at[HASHES];
	bool full;

	buckets_of(c, at, address);
	count(c, k, at, 0);
	full = of_address(c, k, at) >= per_address_max;
	if (full && k != ALL) {
		return IPC_CAPS_ADDRESS;
	}
	if (total_of(c, k) >= total_max) {
		return IPC_CAPS_TOTAL;
	}
	if (full) {
		return IPC_CAPS_ADDRESS;
	}
	count(c, k, at, 1);
	return IPC_CAPS_OK;
}

static void leave(struct ipc_caps *c, enum kind k, const char *address)
{
	uint32_t at[HASHES];

	buckets_of(c, at, address);
	count(c, k, at, -1);
}

enum ipc_caps_verdict ipc_caps_enter(struct ipc_caps *c, const char *address, uint32_t total_max, uint32_t per_address_max)
{
	return enter(c, ALL, address, total_max, per_address_max);
}

void ipc_caps_leave(struct ipc_caps *c, const char *address)
{
	leave(c, ALL, address);
}

enum ipc_caps_verdict ipc_caps_stranger(struct ipc_caps *c, const char *address, uint32_t total_max, uint32_t per_address_max)
{
	return enter(c, STRANGERS, address, total_max, per_address_max);
}

/* The slot shows no count of a second with the number of another one. */
static void second_begins(struct ipc_caps *c, uint64_t second)
{
	struct slot *shown = &c->slots[c->slot];

	if (c->own.second == second) {
		return;
	}
	memset(&c->own.of[BEGUN], 0, sizeof c->own.of[BEGUN]);
	memset(&shown->of[BEGUN], 0, sizeof shown->of[BEGUN]);
	c->own.second = second;
	__atomic_store_n(&shown->second, second, __ATOMIC_RELEASE);
}

enum ipc_caps_verdict ipc_caps_begin(struct ipc_caps *c, const char *address, uint64_t second, uint32_t total_max,
				     uint32_t per_address_max)
{
	second_begins(c, second);
	return enter(c, BEGUN, address, total_max ? total_max : UINT32_MAX, per_address_max ? per_address_max : UINT32_MAX);
}

unsigned ipc_caps_room(const struct ipc_caps *c, uint32_t total_max)
{
	if (c->own.of[STRANGERS].total < total_max / c->slots_n) {
		return 0;
	}
	return total_of(c, STRANGERS) > total_max ? 2 : 1;
}

void ipc_caps_known(struct ipc_caps *c, const char *address)
{
	leave(c, STRANGERS, address);
}
