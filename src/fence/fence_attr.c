/* fence_attr.c - attributes of netlink messages. */
#include "fence/fence_attr.h"

#include <linux/netlink.h>
#include <string.h>

int fence_attr_next(struct fence_attrs *all, struct fence_attr *out)
{
	struct nlattr head;
	size_t step;

	if (!all->len) {
		return ERR_NOTFOUND;
	}
	if (all->len < NLA_HDRLEN) {
		return ERR_PROTO;
	}
	memcpy(&head, all->p, sizeof head);
	if (head.nla_len < NLA_HDRLEN || head.nla_len > all->len) {
		return ERR_PROTO;
	}
	*out = (struct fence_attr){ head.nla_type & NLA_TYPE_MASK, all->p + NLA_HDRLEN, head.nla_len - (size_t)NLA_HDRLEN };
	step = NLA_ALIGN(head.nla_len); /* the last one need not be filled up */
	step = step < all->len ? step : all->len;
	all->p += step;
	all->len -= step;
	return 0;
}

struct fence_attrs fence_attr_inside(const struct fence_attr *a)
{
	return (struct fence_attrs){ a->p, a->len };
}

int fence_attr_number(uint32_t *out, const struct fence_attr *a)
{
	uint32_t value = 0;

	if (a->len != 1 && a->len != 2 && a->len != 4) {
		return ERR_PROTO;
	}
	for (size_t i = 0; i < a->len; i++) {
		value = value << 8 | a->p[i];
	}
	*out = value;
	return 0;
}

int fence_attr_u32(uint32_t *out, const struct fence_attr *a)
{
	return a->len == 4 ? fence_attr_number(out, a) : ERR_PROTO;
}

bool fence_attr_is(const struct fence_attr *a, const char *text)
{
	size_t len = a->p ? strnlen((const char *)a->p, a->len) : 0;

	return a->p && len == strlen(text) && memcmp(a->p, text, len) == 0;
}

void fence_attr_cut(char *out, size_t cap, const struct fence_attr *a)
{
	size_t len = a->p ? strnlen((const char *)a->p, a->len) : 0;

	len = len < cap ? len : cap - 1;
	for (size_t i = 0; i < len; i++) {
		out[i] = a->p[i] > 0x20 && a->p[i] < 0x7f ? (char)a->p[i] : '?';
	}
	out[len] = 0;
}
