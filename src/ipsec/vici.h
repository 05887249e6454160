/* vici.h - reads what charon (strongSwan) sends on its VICI socket: packets of a stream, and the
 * message in a packet as a typed view. Nothing is copied: texts and sections point into the octets
 * of the packet.
 *
 * Packet: u32 length (big-endian, of what follows), u8 type, for some types u8 length and name; the
 * rest is the message. Message: elements, each a type octet with its parts. A key has a length of
 * one octet, a value and an item one of two.
 *
 * charon is another process with a parser of the internet in it, so its octets are as hostile as
 * those of a peer: lengths first, depth and number of elements bounded. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define VICI_LENGTH_LEN 4u              /* octets of the length in front of a packet */
#define VICI_PACKET_MAX (512u * 1024u)  /* octets without the length; as in charon */
#define VICI_NAME_MAX 255u              /* octets of a name or key */
#define VICI_VALUE_MAX 65535u           /* octets of a value or item */
#define VICI_DEPTH_MAX 8u               /* sections in each other; list-sas needs 3 */
#define VICI_ELEMENTS_MAX (64u * 1024u) /* of one message, ends of sections and lists included */

enum vici_type {
	VICI_COMMAND = 0,         /* we > charon; named */
	VICI_RESPONSE = 1,        /* charon > we */
	VICI_UNKNOWN_COMMAND = 2, /* charon > we */
	VICI_REGISTER = 3,        /* we > charon, for an event; named */
	VICI_UNREGISTER = 4,      /* we > charon; named */
	VICI_CONFIRM = 5,         /* charon > we: registered or unregistered */
	VICI_UNKNOWN_EVENT = 6,   /* charon > we */
	VICI_EVENT = 7,           /* charon > we; named */
};

/* The type octets of elements. */
enum vici_octet {
	VICI_SECTION_START = 1, /* key */
	VICI_SECTION_END = 2,
	VICI_KEY_VALUE = 3,  /* key, value */
	VICI_LIST_START = 4, /* key */
	VICI_LIST_ITEM = 5,  /* value */
	VICI_LIST_END = 6,
};

struct vici_text { /* borrowed; no NUL ends it, and a value may hold any octet */
	const char *p;
	size_t len;
};

struct vici_section { /* the elements of a section, or the items of a list; borrowed */
	const uint8_t *p, *end;
};

struct vici_packet {
	enum vici_type type;
	struct vici_text name;       /* of a command or event; empty: the type has none */
	struct vici_section message; /* checked */
};

enum vici_kind { VICI_SECTION, VICI_VALUE, VICI_LIST };

struct vici_element {
	enum vici_kind kind;
	struct vici_text key;
	struct vici_text value;     /* of a value */
	struct vici_section inside; /* of a section or list */
};

/* How many octets the packet at the begin of a stream has, its length included. ERR_AGAIN: more
 * octets are needed to know, or the packet is not whole. ERR_LIMIT: larger than VICI_PACKET_MAX.
 * ERR_PROTO: it has no octet. */
ERR_MUST_USE int vici_frame(size_t *octets, const void *p, size_t len);

/* Reads a whole packet without its length, and checks its message to the end. `out` borrows from
 * p, and is untouched on failure. ERR_PROTO: unknown type, wrong lengths, elements in a wrong
 * place, an end too many or too few, a key that is empty or not printable ASCII. ERR_LIMIT: too
 * large, too deep, too many elements. */
ERR_MUST_USE int vici_packet_read(struct vici_packet *out, const void *p, size_t len);
/* The same for a message alone. */
ERR_MUST_USE int vici_message_check(struct vici_section *out, const void *p, size_t len);

/* The next element; false at the end. Moves s behind it. s is (a copy of) a section of a checked
 * message; with any other octets the calls end, too, and read nothing outside. */
bool vici_next(struct vici_section *s, struct vici_element *out);
/* The next item of a list; false at the end. */
bool vici_item(struct vici_section *list, struct vici_text *out);

bool vici_text_is(const struct vici_text *t, const char *text);
