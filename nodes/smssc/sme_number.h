/* sme_number.h - the message_id that an SME gets. Deliveries count up over triggers and messages of
 * all SMEs: the gaps between ids of one SME would tell it how many others there were. PURE. */
#pragma once
#include "base/permute.h"

/* Another number for each delivery id from 1 to 2^63 - 1, in the same range: a reader with signed
 * integers can hold it. The key belongs to the store. */
uint64_t sme_number(const struct sip_key *key, uint64_t delivery_id);
