/* mrk_ask.c - see mrk_ask.h. */
#include "merkle/mrk_ask.h"

#include <string.h>

static void put(uint8_t *p, uint64_t v, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++) {
		p[i] = (uint8_t)(v >> (8 * i));
	}
}

static uint64_t get(const uint8_t *p, unsigned octets)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < octets; i++) {
		v |= (uint64_t)p[i] << (8 * i);
	}
	return v;
}

const char *mrk_status_words(unsigned status)
{
	static const char *const words[MRK_STATUSES] = {
#define MRK_WORDS_ROW(name, value, words) [name] = (words),
		MRK_STATUS_TABLE(MRK_WORDS_ROW)
#undef MRK_WORDS_ROW
	};

	return status < MRK_STATUSES ? words[status] : "unknown status";
}

void mrk_ask_encode(uint8_t out[MRK_ASK_OCTETS], const struct mrk_ask *a)
{
	put(out, MRK_ASK_MAGIC, 4);
	put(out + 4, a->size, 8);
	memcpy(out + 12, a->root.v, HASH_LEN);
}

int mrk_ask_decode(struct mrk_ask *out, const void *octets, size_t n)
{
	const uint8_t *p = octets;

	if (n != MRK_ASK_OCTETS || get(p, 4) != MRK_ASK_MAGIC) {
		return ERR_PROTO;
	}
	out->size = get(p + 4, 8);
	memcpy(out->root.v, p + 12, HASH_LEN);
	return 0;
}

void mrk_answer_encode(uint8_t out[MRK_ANSWER_OCTETS], const struct mrk_answer *a)
{
	put(out, MRK_ANSWER_MAGIC, 4);
	put(out + 4, a->status, 4);
	put(out + 8, a->last.size, 8);
	memcpy(out + 16, a->last.root.v, HASH_LEN);
	memcpy(out + 16 + HASH_LEN, a->signature, MRK_SIGNATURE);
}

int mrk_answer_decode(struct mrk_answer *out, const void *octets, size_t n)
{
	const uint8_t *p = octets;

	if (n != MRK_ANSWER_OCTETS || get(p, 4) != MRK_ANSWER_MAGIC || get(p + 4, 4) >= MRK_STATUSES) {
		return ERR_PROTO;
	}
	out->status = (uint32_t)get(p + 4, 4);
	out->last.size = get(p + 8, 8);
	memcpy(out->last.root.v, p + 16, HASH_LEN);
	memcpy(out->signature, p + 16 + HASH_LEN, MRK_SIGNATURE);
	return 0;
}

enum mrk_status mrk_ask_judge(const struct mrk_ask *last, const struct mrk_ask *next)
{
	if (next->size < last->size) {
		return MRK_SMALLER;
	}
	return last->size && next->size == last->size && !mrk_equal(&last->root, &next->root) ? MRK_OTHER_ROOT : MRK_SIGNED;
}
