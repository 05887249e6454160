/* ipc_caps.h - limits of connections over all edges of a zone: one shared page in which each edge
 * counts its own connections (CONTRACTS section 1, "listening"). Edges of the other zone have a
 * page of their own, so that an edge in other hands that writes what it likes refuses connections
 * in its own zone only. An edge writes only its slot; a check adds all slots up. When an edge dies
 * the parent clears its slot, and gives the page its keys again. An address counts by its prefix:
 * one IPv6 host has a whole /64. Prefixes are counted in two buckets each, chosen by a hash with a
 * key made by the parent. Two prefixes with the same two buckets share a limit; a peer cannot
 * choose such a pair. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define IPC_CAPS_SLOTS_MAX 128

struct ipc_caps;

struct ipc_caps_prefix { /* length of the counted prefix, in bits */
	uint8_t v4, v6;  /* 1 to 32, 1 to 128; an IPv4-mapped IPv6 address is an IPv4 address */
};

/* Creates the shared memory for `slots` edges, with a random key. ERR_RANGE, ERR_IO with errno. */
ERR_MUST_USE int ipc_caps_make(int *fd, uint32_t slots);
/* Maps it. Borrows fd until return. `slot` is the caller's own (the parent: 0, it only clears).
 * ERR_INVAL, ERR_IO, ERR_NOMEM. */
ERR_MUST_USE int ipc_caps_open(struct ipc_caps **out, int fd, uint32_t slot);
void ipc_caps_close(struct ipc_caps *c); /* NULL allowed */
/* The edge of this slot has ended: it counts nothing any more, and the keys are those of
 * ipc_caps_make() again, for the next edge. */
void ipc_caps_clear(struct ipc_caps *c, uint32_t slot);

/* Sets the prefix lengths; 32 and 64 before the first call. All edges use the same. */
void ipc_caps_prefixes(struct ipc_caps *c, struct ipc_caps_prefix prefix);

enum ipc_caps_verdict { IPC_CAPS_OK, IPC_CAPS_TOTAL, IPC_CAPS_ADDRESS };
/* Checks the limits for one more connection from `address` ("192.0.2.7:40000"; the port does not
 * count).
 * OK: it is counted until ipc_caps_leave(). */
enum ipc_caps_verdict ipc_caps_enter(struct ipc_caps *c, const char *address, uint32_t total_max, uint32_t per_address_max);
void ipc_caps_leave(struct ipc_caps *c, const char *address);
/* The same for a connection of which nobody knows yet whose it is. When both limits are reached,
 * ADDRESS is said: nobody else has to make room then. It is counted until ipc_caps_known(): then it
 * is known, or it has ended. */
enum ipc_caps_verdict ipc_caps_stranger(struct ipc_caps *c, const char *address, uint32_t total_max, uint32_t per_address_max);
void ipc_caps_known(struct ipc_caps *c, const char *address);
/* The same for connections that begin, whose they may be, in the second with this number; each edge
 * counts seconds by the same clock. 0: no limit. OK: it is counted. */
enum ipc_caps_verdict ipc_caps_begin(struct ipc_caps *c, const char *address, uint64_t second, uint32_t total_max,
				     uint32_t per_address_max);
/* How many of its own strangers an edge gives up for one more when ipc_caps_stranger() says TOTAL.
 * 0: it has less than its part, which is the same for each edge: one that has just started in the
 * middle of a flood would have none to give up, and refuse everybody. The others give up 2 until
 * the total is what it may be. */
unsigned ipc_caps_room(const struct ipc_caps *c, uint32_t total_max);
