/* fuzz_southbound.c - the promises of what reads receipts of an SMS-SC over SMPP: texts end in their size, and only a final state is an
 * outcome. */
#include <string.h>

#include "apps/tsp.h"
#include "core/core_smpp.h"
#include "smpp/smpp_receipt.h"
#include "tests/fuzz/fuzz.h"

static void fuzz_receipt(const char *target, const uint8_t *data, size_t size)
{
	static struct smpp_pdu p;
	struct core_smpp_receipt r;
	uint32_t outcome;

	(void)target;
	if (smpp_decode(&p, data, size) != SMPP_ROK || !core_smpp_read(&r, &p)) {
		return;
	}
	promise(strlen(r.id) <= SMPP_MESSAGE_ID_MAX && strlen(r.device) <= SMPP_ADDRESS_LONG_MAX, "texts end");
	promise(r.has_reference || !r.reference, "a reference was said");
	outcome = core_smpp_outcome(r.state);
	promise((outcome == TSP_OUTCOME_SUCCESS) == (r.state == SMPP_STATE_DELIVERED), "only what was delivered is a success");
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "smpp-receipt") ? fuzz_receipt : NULL;
}
