/* trg_party.h - the requester: the names of an SCS and the groups that its certificate proves, kept
 * once for all its triggers. A party stays until the end, so their number is bounded. PURE. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "trigger/trg_request.h"

struct trg_party {
	struct map_node node;
	const char *scs, *scs_e164, *origin_host, *origin_realm; /* as in struct trg_request */
	const char *groups;
	uint64_t groups_not_after_s;
	/* scs, scs_e164, origin_host and origin_realm as they stand in each journal record of the
	 * party: u8 length + octets */
	const uint8_t *packed;
	size_t packed_len;
	char key[]; /* the time, then the texts, each with its NUL; behind them `packed` */
};

#define TRG_PARTIES_RECENT 256u

struct trg_parties {    /* starts zeroed, with `key` and `max` set */
	struct map map; /* made with the first party */
	size_t max;     /* parties */
	struct sip_key key;
	const struct trg_party *recent[TRG_PARTIES_RECENT]; /* looked at first; NULL: none */
};

/* The party of a request, valid until trg_parties_fini(). Reads its five texts (NULL counts as "")
 * and the end of the proof; the caller has checked their lengths. NULL: there are too many, or no
 * memory. */
const struct trg_party *trg_party_keep(struct trg_parties *parties, const struct trg_request *req);
void trg_parties_fini(struct trg_parties *parties);
