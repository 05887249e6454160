/* ipc_caps.h - how many connections there are over all edges: one shared page in which each edge counts its own (CONTRACTS section 1,
 * "listening"). An edge writes its slot only; whoever asks adds all slots up. When an edge dies the parent clears its slot, so that its
 * connections do not count for ever. An address counts as its prefix: of IPv6 one host has a whole /64. Prefixes are counted in buckets, chosen by a
 * hash with a key that the parent makes: two that share both buckets of theirs share a cap, and nobody can choose such a pair. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define IPC_CAPS_SLOTS_MAX 128

struct ipc_caps;

struct ipc_caps_prefix { /* bits of an address that count */
	uint8_t v4, v6;  /* 1 to 32, 1 to 128; an IPv4-mapped IPv6 address is an IPv4 address */
};

/* Makes the shared memory for `slots` edges, with a random key. ERR_RANGE, ERR_IO with errno. */
ERR_MUST_USE int ipc_caps_make(int *fd, uint32_t slots);
/* Maps it. Borrows fd until return. `slot` is the caller's own (the parent: 0, it only clears). ERR_INVAL, ERR_IO, ERR_NOMEM. */
ERR_MUST_USE int ipc_caps_open(struct ipc_caps **out, int fd, uint32_t slot);
void ipc_caps_close(struct ipc_caps *c); /* NULL allowed */
void ipc_caps_clear(struct ipc_caps *c, uint32_t slot);

/* Until it is called: 32 and 64. All edges say the same. */
void ipc_caps_prefixes(struct ipc_caps *c, struct ipc_caps_prefix prefix);

enum ipc_caps_verdict { IPC_CAPS_OK, IPC_CAPS_TOTAL, IPC_CAPS_ADDRESS };
/* One more connection from `address` ("192.0.2.7:40000"; the port does not count)? OK: counted until ipc_caps_leave(). */
enum ipc_caps_verdict ipc_caps_enter(struct ipc_caps *c, const char *address, uint32_t total_max, uint32_t per_address_max);
void ipc_caps_leave(struct ipc_caps *c, const char *address);
