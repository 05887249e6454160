/* net_message.h - gathers the pieces of a message that the kernel hands over until the last one
 * (MSG_EOR). For net_sctp.c and net_usr.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct net_message {
	uint8_t *held; /* owned; grows with the bytes that came */
	size_t len, cap, max;
	bool over; /* it is above max: nothing more is taken */
};

/* `max`: bytes of a message, at least 1. */
void net_message_init(struct net_message *m, size_t max);
void net_message_fini(struct net_message *m);

/* The next piece; `last`: the message ends with it. 0: *out are the *out_len bytes of the whole
 * message, valid until the next call; a message in one piece is not copied. ERR_AGAIN: more pieces
 * follow. ERR_LIMIT: it is longer than max; *out are its first bytes, at most max, and every
 * further call is refused with *out_len 0. ERR_NOMEM. */
ERR_MUST_USE int net_message_add(struct net_message *m, const uint8_t *p, size_t n, bool last, const uint8_t **out,
				 size_t *out_len);
