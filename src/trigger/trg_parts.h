/* trg_parts.h - a trigger that the SMS-SC has as several messages (SMPP): the id of each part, and
 * whether it was delivered. The device acts when it has all of them. PURE. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "trigger/trg.h"

#define TRG_PARTS_MAX 33u /* the longest payload in pieces of 127 octets: two elements in each header */
#define TRG_PARTS_OCTETS_MAX (2u + TRG_PARTS_MAX * (2u + TRG_MESSAGE_ID_MAX)) /* written by trg_parts_put() */
#define TRG_NO_PART UINT8_MAX

struct trg_part {
	bool delivered;
	char id[TRG_MESSAGE_ID_MAX + 1]; /* "": not known */
};

struct trg_parts {
	uint8_t n;    /* from 2 to TRG_PARTS_MAX */
	uint8_t form; /* the caller's number of how parts are marked */
	struct trg_part part[];
};

/* It will be sent in `n` parts; the next record says so. ERR_INVAL: fewer than 2, more than
 * TRG_PARTS_MAX. ERR_NOMEM. */
ERR_MUST_USE int trg_parts_begin(struct trg *t, uint32_t n, uint8_t form);
/* The SMS-SC has taken part `i` under this id, in place of an earlier one; the next record says so.
 * ERR_INVAL: no such part, or an id that is empty or too long. */
ERR_MUST_USE int trg_part_taken(struct trg *t, uint32_t i, const char *id);
/* The part with this id; else one without an id, which has it from now on. TRG_NO_PART: neither, or
 * the id is empty or too long. */
uint8_t trg_part_of(struct trg *t, const char *id);
/* That part was delivered; the next record says so. True: all are. */
bool trg_part_delivered(struct trg *t, uint8_t i);
/* The part with this id. TRG_NO_PART: none; also when `p` is NULL. */
uint8_t trg_parts_find(const struct trg_parts *p, const char *id);
bool trg_parts_known(const struct trg_parts *p); /* each has its id */

/* For records and parked triggers: number and form, then for each part a flag and its id, with its
 * length before it. */
void trg_parts_put(struct buf *b, const struct trg_parts *p);
/* Passes over what trg_parts_put() wrote; what cannot be such marks the reader bad. Returns where
 * it begins, with its length; NULL: bad. */
const uint8_t *trg_parts_pass(struct rd *r, size_t *len);
/* Has the parts that stand there, already passed over. ERR_NOMEM. */
ERR_MUST_USE int trg_parts_take(struct trg *t, const uint8_t *octets, size_t len);
/* Fills `room` from them, which has place for TRG_PARTS_MAX. */
void trg_parts_read(struct trg_parts *room, const uint8_t *octets, size_t len);
bool trg_parts_have(const uint8_t *octets, size_t len, const char *id); /* one of them has this id */
