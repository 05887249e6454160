/* sme_number.c - permutes 64 bits until the result is in the range. A start in the range comes back
 * to it at the latest at itself, so this ends, and it is a permutation of the range. */
#include "nodes/smssc/sme_number.h"

uint64_t sme_number(const struct sip_key *key, uint64_t delivery_id)
{
	uint64_t number = delivery_id;

	do {
		number = permute64(key, number);
	} while (number == 0 || number > INT64_MAX);
	return number;
}
