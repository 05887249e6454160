/* vici.c - packets and messages of VICI, read. */
#include "ipsec/vici.h"

#include <string.h>

#include "base/buf.h"

int vici_frame(size_t *octets, const void *p, size_t len)
{
	uint32_t n;

	if (len < VICI_LENGTH_LEN) {
		return ERR_AGAIN;
	}
	n = be32_get(p);
	if (n == 0) {
		return ERR_PROTO;
	}
	if (n > VICI_PACKET_MAX) {
		return ERR_LIMIT;
	}
	if (n > len - VICI_LENGTH_LEN) {
		return ERR_AGAIN;
	}
	*octets = VICI_LENGTH_LEN + n;
	return 0;
}

/* A length of `octets` octets, and as many octets as it says. */
static struct vici_text read_text(struct rd *r, unsigned octets)
{
	size_t len = octets == 1 ? rd_u8(r) : rd_be16(r);
	const uint8_t *p = rd_take(r, len);

	return (struct vici_text){ (const char *)p, p ? len : 0 };
}

/* Keys get into logs, so they are printable. */
static bool is_key(const struct vici_text *t)
{
	for (size_t i = 0; i < t->len; i++) {
		if (t->p[i] < 0x20 || t->p[i] > 0x7e) {
			return false;
		}
	}
	return t->len > 0;
}

struct place {
	unsigned depth; /* sections around */
	bool in_list;
};

/* One element. 0, ERR_PROTO, ERR_LIMIT. */
static int check_element(struct rd *r, struct place *at)
{
	uint8_t type = rd_u8(r);
	struct vici_text text = { NULL, 0 };

	if (at->in_list != (type == VICI_LIST_ITEM || type == VICI_LIST_END)) {
		return ERR_PROTO;
	}
	if (type == VICI_SECTION_START || type == VICI_KEY_VALUE || type == VICI_LIST_START) {
		text = read_text(r, 1);
		if (!is_key(&text)) {
			return ERR_PROTO;
		}
	}
	switch (type) {
	case VICI_SECTION_START:
		return ++at->depth > VICI_DEPTH_MAX ? ERR_LIMIT : 0;
	case VICI_SECTION_END:
		return at->depth-- == 0 ? ERR_PROTO : 0;
	case VICI_KEY_VALUE:
	case VICI_LIST_ITEM:
		read_text(r, 2);
		break;
	case VICI_LIST_START:
		at->in_list = true;
		break;
	case VICI_LIST_END:
		at->in_list = false;
		break;
	default:
		return ERR_PROTO;
	}
	return r->bad ? ERR_PROTO : 0;
}

int vici_message_check(struct vici_section *out, const void *p, size_t len)
{
	struct rd r = rd_over(p, len);
	struct place at = { 0, false };

	if (len > VICI_PACKET_MAX) {
		return ERR_LIMIT;
	}
	for (unsigned n = 0; rd_left(&r); n++) {
		int err = n < VICI_ELEMENTS_MAX ? check_element(&r, &at) : ERR_LIMIT;

		if (err) {
			return err;
		}
	}
	if (at.depth || at.in_list) {
		return ERR_PROTO;
	}
	*out = (struct vici_section){ p, (const uint8_t *)p + len };
	return 0;
}

static bool is_named(unsigned type)
{
	return type == VICI_COMMAND || type == VICI_REGISTER || type == VICI_UNREGISTER || type == VICI_EVENT;
}

int vici_packet_read(struct vici_packet *out, const void *p, size_t len)
{
	struct rd r = rd_over(p, len);
	struct vici_packet packet = { .name = { NULL, 0 } };
	unsigned type;
	int err;

	if (len > VICI_PACKET_MAX) {
		return ERR_LIMIT;
	}
	type = rd_u8(&r);
	if (r.bad || type > VICI_EVENT) {
		return ERR_PROTO;
	}
	packet.type = (enum vici_type)type;
	if (is_named(type)) {
		packet.name = read_text(&r, 1);
		if (!is_key(&packet.name)) {
			return ERR_PROTO;
		}
	}
	err = vici_message_check(&packet.message, r.p, rd_left(&r));
	if (!err) {
		*out = packet;
	}
	return err;
}

/* Moves r behind the end of the section or list that has just begun. Returns where its content
 * ends; NULL: it has no end. */
static const uint8_t *skip_inside(struct rd *r)
{
	struct place at = { 1, false };
	const uint8_t *end = r->p;
	unsigned open = 1; /* sections and lists */

	while (open && rd_left(r)) {
		uint8_t type = *r->p;

		end = r->p;
		at.depth = 1;
		at.in_list = type == VICI_LIST_ITEM || type == VICI_LIST_END;
		if (check_element(r, &at)) {
			return NULL;
		}
		open += type == VICI_SECTION_START || type == VICI_LIST_START;
		open -= type == VICI_SECTION_END || type == VICI_LIST_END;
	}
	return open ? NULL : end;
}

bool vici_next(struct vici_section *s, struct vici_element *out)
{
	struct rd r = { .p = s->p, .end = s->end };
	uint8_t type = rd_u8(&r);
	struct vici_element e = { .value = { NULL, 0 } };

	if (r.bad || (type != VICI_SECTION_START && type != VICI_LIST_START && type != VICI_KEY_VALUE)) {
		return false;
	}
	e.kind = type == VICI_SECTION_START ? VICI_SECTION : type == VICI_LIST_START ? VICI_LIST : VICI_VALUE;
	e.key = read_text(&r, 1);
	if (e.kind == VICI_VALUE) {
		e.value = read_text(&r, 2);
	} else if (!r.bad) {
		e.inside.p = r.p;
		e.inside.end = skip_inside(&r);
		r.bad |= !e.inside.end;
	}
	if (r.bad) {
		return false;
	}
	s->p = r.p;
	*out = e;
	return true;
}

bool vici_item(struct vici_section *list, struct vici_text *out)
{
	struct rd r = { .p = list->p, .end = list->end };
	struct vici_text t;

	if (rd_u8(&r) != VICI_LIST_ITEM) {
		return false;
	}
	t = read_text(&r, 2);
	if (r.bad) {
		return false;
	}
	list->p = r.p;
	*out = t;
	return true;
}

bool vici_text_is(const struct vici_text *t, const char *text)
{
	return strlen(text) == t->len && (!t->len || !memcmp(text, t->p, t->len));
}
