/* vici_write.c - packets and messages of VICI, written. */
#include "ipsec/vici_write.h"

static void wrong(struct vici_out *o, int err)
{
	if (!o->err) {
		o->err = err;
	}
}

struct vici_out vici_out_over(void *p, size_t cap)
{
	return (struct vici_out){ .b = buf_over(p, cap) };
}

static void put_name(struct vici_out *o, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > VICI_NAME_MAX) {
		wrong(o, ERR_LIMIT);
		return;
	}
	buf_u8(&o->b, (uint8_t)len);
	buf_bytes(&o->b, name, len);
}

static void begin(struct vici_out *o, enum vici_type type, const char *name)
{
	if (o->b.len) {
		wrong(o, ERR_STATE);
	}
	buf_be32(&o->b, 0); /* the length: vici_out_end() */
	buf_u8(&o->b, (uint8_t)type);
	put_name(o, name);
}

void vici_put_command(struct vici_out *o, const char *name)
{
	begin(o, VICI_COMMAND, name);
}

void vici_put_register(struct vici_out *o, const char *event)
{
	begin(o, VICI_REGISTER, event);
}

static void element(struct vici_out *o, uint8_t type, bool in_list)
{
	if ((!o->b.len && !o->b.full) || o->in_list != in_list) {
		wrong(o, ERR_STATE);
	}
	if (++o->elements > VICI_ELEMENTS_MAX) {
		wrong(o, ERR_LIMIT);
	}
	buf_u8(&o->b, type);
}

static void put_octets(struct vici_out *o, const void *p, size_t len)
{
	if (len > VICI_VALUE_MAX) {
		wrong(o, ERR_LIMIT);
		return;
	}
	buf_be16(&o->b, (uint16_t)len);
	buf_bytes(&o->b, p, len);
}

void vici_put_section(struct vici_out *o, const char *key)
{
	element(o, VICI_SECTION_START, false);
	put_name(o, key);
	if (++o->depth > VICI_DEPTH_MAX) {
		wrong(o, ERR_LIMIT);
	}
}

void vici_put_section_end(struct vici_out *o)
{
	element(o, VICI_SECTION_END, false);
	if (!o->depth) {
		wrong(o, ERR_STATE);
		return;
	}
	o->depth--;
}

void vici_put_octets(struct vici_out *o, const char *key, const void *p, size_t len)
{
	element(o, VICI_KEY_VALUE, false);
	put_name(o, key);
	put_octets(o, p, len);
}

void vici_put_value(struct vici_out *o, const char *key, const char *text)
{
	vici_put_octets(o, key, text, strlen(text));
}

void vici_put_list(struct vici_out *o, const char *key)
{
	element(o, VICI_LIST_START, false);
	put_name(o, key);
	o->in_list = true;
}

void vici_put_item(struct vici_out *o, const void *p, size_t len)
{
	element(o, VICI_LIST_ITEM, true);
	put_octets(o, p, len);
}

void vici_put_list_end(struct vici_out *o)
{
	element(o, VICI_LIST_END, true);
	o->in_list = false;
}

void vici_put_list_of(struct vici_out *o, const char *key, const char *text)
{
	vici_put_list(o, key);
	vici_put_item(o, text, strlen(text));
	vici_put_list_end(o);
}

int vici_out_end(struct vici_out *o, size_t *len)
{
	if ((!o->b.len && !o->b.full) || o->depth || o->in_list) {
		wrong(o, ERR_STATE);
	}
	if (o->b.len > VICI_LENGTH_LEN + VICI_PACKET_MAX) {
		wrong(o, ERR_LIMIT);
	}
	if (o->err) {
		return o->err;
	}
	if (o->b.full) {
		return ERR_NOSPC;
	}
	be32_set(o->b.p, (uint32_t)(o->b.len - VICI_LENGTH_LEN));
	*len = o->b.len;
	return 0;
}
