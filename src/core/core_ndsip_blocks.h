/* core_ndsip_blocks.h - SCSs that are blocked on every device, by an enforced rule in its time:
 * NDS/IP ends for them, too. A block counts for an SCS by its name, or by a group with it as a
 * stored member; a certificate's group does not, because there is no certificate yet. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assoc_rule.h"
#include "base/err.h"

struct asc;

struct core_ndsip_blocks {
	char (*who)[ASSOC_WHO_TEXT_MAX + 1]; /* owned; SCSs and groups, in the order of the store */
	size_t n, cap;
	int64_t next_s; /* when a block begins or ends next, seconds since 1970; INT64_MAX: never */
};

/* The blocks of the store at this time, in place of those before. ERR_NOMEM, ERR_IO: `b` is then
 * empty. */
ERR_MUST_USE int core_ndsip_blocks_read(struct core_ndsip_blocks *b, const struct asc *a, int64_t now_s);
void core_ndsip_blocks_free(struct core_ndsip_blocks *b); /* a zeroed one is allowed */
bool core_ndsip_blocks_equal(const struct core_ndsip_blocks *a, const struct core_ndsip_blocks *b);
bool core_ndsip_blocked(const struct core_ndsip_blocks *b, const struct asc *a, const char *scs);
