/* say.h - events as charon sends them, built by hand or read from a recording, for the tests of src/ipsec. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipsec/sa_table.h"
#include "ipsec/vici_write.h"

struct say_child {
	uint32_t uniqueid;
	const char *state;
	const char *local, *remote; /* one selector each; NULL: an empty list */
};

struct say {
	uint8_t room[65536];
	struct vici_out o;
	const char *life; /* of the children that follow: their life-time, or NULL */
};

/* Begins an event: `up` at the top, then the IKE_SA. say_end() closes it and gives the packet. */
void say_begin(struct say *s, const char *event, bool up, const char *connection, const char *uniqueid, const char *state,
	       const char *id);
void say_children(struct say *s, const struct say_child *children, size_t n);
struct vici_packet say_end(struct say *s);

/* The whole event at once; returns what the table says to it. */
int say_to(struct sa_table *t, const char *event, bool up, uint32_t ike, const char *id, const struct say_child *children,
	   size_t n);

/* The packets of a recording in FOLDER/NAME.vici, one after the other. Fails the test when it cannot be read. */
struct recording {
	uint8_t octets[65536];
	size_t len, at;
};
void recording_open(struct recording *r, const char *name);
bool recording_next(struct recording *r, struct vici_packet *out);
extern const char *recordings; /* the folder; set by main() */
