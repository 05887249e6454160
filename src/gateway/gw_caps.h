/* gw_caps.h - how many connections there are over all edges: one shared page in which each edge counts its own (CONTRACTS section 1,
 * "listening"). An edge writes its slot only; whoever asks adds all slots up. When an edge dies the parent clears its slot, so that its
 * connections do not count for ever. Addresses are counted in buckets: two that share both buckets of theirs share a cap. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define GW_CAPS_SLOTS_MAX 128

struct gw_caps;

/* Makes the shared memory for `slots` edges. ERR_RANGE, ERR_IO with errno. */
ERR_MUST_USE int gw_caps_make(int *fd, uint32_t slots);
/* Maps it. Borrows fd until return. `slot` is the caller's own (the parent: 0, it only clears). ERR_INVAL, ERR_IO, ERR_NOMEM. */
ERR_MUST_USE int gw_caps_open(struct gw_caps **out, int fd, uint32_t slot);
void gw_caps_close(struct gw_caps *c); /* NULL allowed */
void gw_caps_clear(struct gw_caps *c, uint32_t slot);

enum gw_caps_verdict { GW_CAPS_OK, GW_CAPS_TOTAL, GW_CAPS_ADDRESS };
/* One more connection from `address` ("192.0.2.7:40000"; the port does not count)? OK: counted until gw_caps_leave(). */
enum gw_caps_verdict gw_caps_enter(struct gw_caps *c, const char *address, uint32_t total_max, uint32_t per_address_max);
void gw_caps_leave(struct gw_caps *c, const char *address);
