/* asc_scs.c - the default limits of an SCS record, the members that its sessions depend on, and
 * records of which only some members are given, and lists of addresses. */
#include "assoc/asc_scs.h"

#include <string.h>

#include "base/text.h"

_Static_assert(4 + SCS_LIMITS_N + SCS_NDSIP_N < 31, "a mask of ASC_KEEP_* is an int");
#define PRESET_AS_ON(preset_) (preset_)
#define PRESET_AS_OFF(preset_) (!(preset_))
#define PRESET_AS_U32(preset_) true /* the compiler says when a number does not fit */
#define PRESET_AS_U16(preset_) true
#define PRESET_AS_RIGHTS(preset_) true
#define PRESET_AS_SET(preset_) true
#define PRESET_FITS(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                         \
	_Static_assert(PRESET_AS_##kind_(preset_), #member_ ": the default is not of its kind");
SCS_LIMITS(PRESET_FITS)

#define MEMBER(bit_, member_)                                                                                                    \
	{                                                                                                                        \
		bit_, offsetof(struct asc_scs, member_), sizeof((struct asc_scs *)0)->member_                                    \
	}
static const struct {
	uint32_t bit;
	size_t offset, size;
} members[] = { MEMBER(ASC_KEEP_E164, e164), MEMBER(ASC_KEEP_ORIGIN_HOST, origin_host), MEMBER(ASC_KEEP_REALM, realm),
		MEMBER(ASC_KEEP_ANCHOR, anchor),
#define LIMIT(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) MEMBER(ASC_KEEP_##id_, member_),
		SCS_LIMITS(LIMIT)
#undef LIMIT
#define LIST(id_, member_, max_, option_, meaning_) MEMBER(ASC_KEEP_##id_, member_),
		    SCS_NDSIP(LIST)
#undef LIST
};

void asc_scs_keep(struct asc_scs *scs, const struct asc_scs *stored, uint32_t keep)
{
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		if (keep & members[i].bit) {
			memcpy((char *)scs + members[i].offset, (const char *)stored + members[i].offset, members[i].size);
		}
	}
}

void asc_scs_init(struct asc_scs *scs)
{
#define PRESET(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) .member_ = preset_,
	*scs = (struct asc_scs){ SCS_LIMITS(PRESET) };
#undef PRESET
}

bool asc_scs_same_peer(const struct asc_scs *a, const struct asc_scs *b)
{
	return strcmp(a->origin_host, b->origin_host) == 0 && strcmp(a->realm, b->realm) == 0 &&
	       anchor_list_share(a->anchor, b->anchor);
}

int asc_addresses_read(struct asc_addresses *out, const char *text, size_t len)
{
	struct asc_addresses a = { .n = 0 };
	const char *p = text, *end = text + len;

	for (;;) {
		const char *word;

		while (p < end && (*p == ' ' || *p == ',')) {
			p++;
		}
		if (p == end) {
			*out = a;
			return 0;
		}
		word = p;
		while (p < end && *p != ' ' && *p != ',') {
			p++;
		}
		if (a.n == SCS_NDSIP_ADDRESSES_MAX) {
			return ERR_LIMIT;
		}
		if (sa_address_read(&a.at[a.n], word, (size_t)(p - word))) {
			return ERR_INVAL;
		}
		a.n++;
	}
}

void asc_addresses_text(char out[ASC_ADDRESSES_TEXT_MAX], const struct asc_addresses *a)
{
	struct text t = text_over(out, ASC_ADDRESSES_TEXT_MAX);
	char one[SA_ADDRESS_TEXT_MAX];

	for (uint8_t i = 0; i < a->n; i++) {
		sa_address_text(one, &a->at[i]);
		if (i) {
			text_char(&t, ' ');
		}
		text_add(&t, one);
	}
}
