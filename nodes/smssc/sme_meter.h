/* sme_meter.h - how many messages an SME may submit: a bucket of tokens that fills with its rate. A
 * long message counts once, whichever of its parts come and whether or not they are complete. PURE:
 * the time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define SME_METER_LONG_MAX 64u    /* long messages under way that are remembered */
#define SME_METER_LONG_MS 300000u /* and for how long after their first part */

struct sme_meter_long {
	uint64_t key, since_ms; /* key 0: free */
	uint32_t left;          /* parts that may still come without a token */
};

struct sme_meter {
	uint32_t rate, burst; /* messages a second; tokens at most */
	uint64_t thousandths; /* of tokens */
	uint64_t at_ms;
	struct sme_meter_long longs[SME_METER_LONG_MAX];
};

/* A full bucket. A rate of 0 has no bound. */
void sme_meter_init(struct sme_meter *m, uint32_t rate, uint32_t burst, uint64_t now_ms);
/* Whether one more message, or part, may come; takes its token. `key` names the long message that it
 * is part of: a hash of source, destination, reference and number of parts; 0: it is whole. */
bool sme_meter_take(struct sme_meter *m, uint64_t key, uint32_t parts, uint64_t now_ms);
