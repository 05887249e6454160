/* vici_write.h - writes a packet for charon into memory of the caller.
 *
 * 	struct vici_out o = vici_out_over(room, sizeof room);
 * 	vici_put_command(&o, "load-conn");
 * 	vici_put_section(&o, "scs-acme");
 * 	vici_put_value(&o, "version", "2");
 * 	vici_put_section_end(&o);
 * 	err = vici_out_end(&o, &len);
 *
 * The first mistake is remembered and reported at the end, so a caller checks once. PURE. */
#pragma once
#include "base/buf.h"
#include "ipsec/vici.h"

struct vici_out {
	struct buf b;
	unsigned depth, elements;
	bool in_list;
	int err; /* the first mistake */
};

/* Over `cap` octets at p, borrowed. */
struct vici_out vici_out_over(void *p, size_t cap);

/* Begins the packet; exactly one of these is called first. `name` has 1 to VICI_NAME_MAX octets. */
void vici_put_command(struct vici_out *o, const char *name);
void vici_put_register(struct vici_out *o, const char *event);

/* The elements. Keys have 1 to VICI_NAME_MAX octets, values and items at most VICI_VALUE_MAX; all
 * are copied. A section has elements, a list has items only, and each is ended. */
void vici_put_section(struct vici_out *o, const char *key);
void vici_put_section_end(struct vici_out *o);
void vici_put_value(struct vici_out *o, const char *key, const char *text);
/* Any octets, such as a certificate. */
void vici_put_octets(struct vici_out *o, const char *key, const void *p, size_t len);
void vici_put_list(struct vici_out *o, const char *key);
void vici_put_item(struct vici_out *o, const void *p, size_t len);
void vici_put_list_end(struct vici_out *o);
/* A list with one text. */
void vici_put_list_of(struct vici_out *o, const char *key, const char *text);

/* Sets the length in front. `len` receives the octets of the whole packet, its length included.
 * ERR_NOSPC: it does not fit. ERR_LIMIT: a key, value or packet is too long, sections too deep, too
 * many elements. ERR_STATE: an element in a wrong place, or an open section or list. */
ERR_MUST_USE int vici_out_end(struct vici_out *o, size_t *len);
