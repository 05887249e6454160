/* trg_parts.c - see trg_parts.h. */
#include "trigger/trg_parts.h"

#include <string.h>

#include "base/str.h"
#include "trigger/trg_int.h"

static bool is_id(const char *id)
{
	size_t len = strlen(id);

	return len > 0 && len <= TRG_MESSAGE_ID_MAX;
}

static size_t octets_of(uint32_t n)
{
	return sizeof(struct trg_parts) + n * sizeof(struct trg_part);
}

static struct trg_parts *parts_new(struct trg *t, uint32_t n, uint8_t form)
{
	struct trg_parts *p = trg_room_take(t, octets_of(n));

	if (p) {
		memset(p, 0, octets_of(n));
		p->n = (uint8_t)n;
		p->form = form;
		trg_room_give(t, t->parts);
		t->parts = p;
	}
	return p;
}

int trg_parts_begin(struct trg *t, uint32_t n, uint8_t form)
{
	if (n < 2 || n > TRG_PARTS_MAX) {
		return ERR_INVAL;
	}
	return parts_new(t, n, form) ? 0 : ERR_NOMEM;
}

int trg_part_taken(struct trg *t, uint32_t i, const char *id)
{
	struct trg_parts *p = t->parts;

	if (!p || i >= p->n || !is_id(id)) {
		return ERR_INVAL;
	}
	p->part[i].delivered = p->part[i].delivered && strcmp(p->part[i].id, id) == 0;
	return str_copy(p->part[i].id, sizeof p->part[i].id, id, strlen(id));
}

uint8_t trg_parts_find(const struct trg_parts *p, const char *id)
{
	for (uint8_t i = 0; p && id[0] && i < p->n; i++) {
		if (strcmp(p->part[i].id, id) == 0) {
			return i;
		}
	}
	return TRG_NO_PART;
}

uint8_t trg_part_of(struct trg *t, const char *id)
{
	struct trg_parts *p = t->parts;
	uint8_t found = trg_parts_find(p, id);

	for (uint8_t i = 0; p && found == TRG_NO_PART && is_id(id) && i < p->n; i++) {
		if (!p->part[i].id[0]) {
			str_cut(p->part[i].id, sizeof p->part[i].id, id);
			found = i;
		}
	}
	return found;
}

bool trg_part_delivered(struct trg *t, uint8_t i)
{
	struct trg_parts *p = t->parts;
	bool all = true;

	p->part[i].delivered = true;
	for (uint8_t k = 0; k < p->n; k++) {
		all = all && p->part[k].delivered;
	}
	return all;
}

bool trg_parts_known(const struct trg_parts *p)
{
	for (uint8_t i = 0; i < p->n; i++) {
		if (!p->part[i].id[0]) {
			return false;
		}
	}
	return true;
}

/* -- as octets */

void trg_parts_put(struct buf *b, const struct trg_parts *p)
{
	buf_u8(b, p->n);
	buf_u8(b, p->form);
	for (uint8_t i = 0; i < p->n; i++) {
		size_t len = strlen(p->part[i].id);

		buf_u8(b, p->part[i].delivered);
		buf_u8(b, (uint8_t)len);
		buf_bytes(b, p->part[i].id, len);
	}
}

const uint8_t *trg_parts_pass(struct rd *r, size_t *len)
{
	struct rd begin = *r;
	uint8_t n = rd_u8(r);
	size_t left = rd_left(&begin);

	(void)rd_u8(r);
	r->bad |= n < 2 || n > TRG_PARTS_MAX;
	for (uint8_t i = 0; i < n && !r->bad; i++) {
		uint8_t delivered = rd_u8(r), id_len = rd_u8(r);
		const uint8_t *id = rd_take(r, id_len);

		r->bad |= delivered > 1 || id_len > TRG_MESSAGE_ID_MAX || (id && memchr(id, 0, id_len));
	}
	*len = r->bad ? 0 : left - rd_left(r);
	return r->bad ? NULL : rd_take(&begin, *len);
}

void trg_parts_read(struct trg_parts *room, const uint8_t *octets, size_t len)
{
	struct rd r = rd_over(octets, len);

	room->n = rd_u8(&r);
	room->form = rd_u8(&r);
	for (uint8_t i = 0; i < room->n && i < TRG_PARTS_MAX; i++) {
		struct trg_part *part = &room->part[i];
		size_t id_len;
		const uint8_t *id;

		part->delivered = rd_u8(&r);
		id_len = rd_u8(&r);
		id = rd_take(&r, id_len);
		if (!id || str_copy(part->id, sizeof part->id, id, id_len)) {
			part->id[0] = 0;
		}
	}
}

int trg_parts_take(struct trg *t, const uint8_t *octets, size_t len)
{
	struct trg_parts *p = len ? parts_new(t, octets[0], 0) : NULL;

	if (!p) {
		return ERR_NOMEM;
	}
	trg_parts_read(p, octets, len);
	return 0;
}

bool trg_parts_have(const uint8_t *octets, size_t len, const char *id)
{
	struct rd r = rd_over(octets, len);
	uint8_t n = rd_u8(&r);
	size_t wanted = strlen(id);

	(void)rd_u8(&r);
	for (uint8_t i = 0; i < n && !r.bad; i++) {
		const uint8_t *its;
		size_t id_len;

		(void)rd_u8(&r);
		id_len = rd_u8(&r);
		its = rd_take(&r, id_len);
		if (its && wanted && id_len == wanted && memcmp(its, id, wanted) == 0) {
			return true;
		}
	}
	return false;
}
