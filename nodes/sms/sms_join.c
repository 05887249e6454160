/* sms_join.c - keeps parts in fixed places of 140 octets. So the number of parts that the first one
 * names bounds the memory. */
#include "nodes/sms/sms_join.h"

#include <stdlib.h>
#include <string.h>

struct piece {
	bool here;
	uint8_t len;
	uint8_t octets[SMS_USER_DATA_MAX];
};

struct sms_join {
	/* the fields in which all parts must agree; its payload is not used */
	struct sms_deliver like;
	unsigned here;
	uint8_t *whole;
	struct piece pieces[];
};

int sms_join_new(struct sms_join **out, const struct sms_deliver *first)
{
	struct sms_join *j;

	if (!first->has_part) {
		return ERR_PROTO;
	}
	j = calloc(1, sizeof *j + first->parts * sizeof j->pieces[0]);
	if (!j) {
		return ERR_NOMEM;
	}
	j->like = *first;
	j->like.payload = NULL;
	*out = j;
	return 0;
}

void sms_join_free(struct sms_join *j)
{
	if (!j) {
		return;
	}
	free(j->whole);
	free(j);
}

static bool belongs(const struct sms_deliver *a, const struct sms_deliver *b)
{
	return b->has_part && a->parts == b->parts && a->part_reference == b->part_reference && a->has_port == b->has_port &&
	       a->port == b->port && a->pid == b->pid && a->originator_len == b->originator_len &&
	       memcmp(a->originator, b->originator, a->originator_len) == 0;
}

int sms_join_add(struct sms_join *j, const struct sms_deliver *part)
{
	struct piece *piece;

	if (!belongs(&j->like, part)) {
		return ERR_PROTO;
	}
	piece = &j->pieces[part->part - 1]; /* 1 <= part <= parts: sms_deliver_parse saw to it */
	if (piece->here) {
		bool same = piece->len == part->payload_len && memcmp(piece->octets, part->payload, piece->len) == 0;

		return same ? ERR_EXISTS : ERR_PROTO;
	}
	memcpy(piece->octets, part->payload, part->payload_len);
	piece->len = part->payload_len;
	piece->here = true;
	j->here++;
	return 0;
}

bool sms_join_whole(const struct sms_join *j)
{
	return j->here == j->like.parts;
}

int sms_join_payload(struct sms_join *j, const uint8_t **p, size_t *len)
{
	size_t n = 0;

	if (!sms_join_whole(j)) {
		return ERR_AGAIN;
	}
	if (!j->whole) {
		j->whole = malloc((size_t)j->like.parts * SMS_USER_DATA_MAX);
	}
	if (!j->whole) {
		return ERR_NOMEM;
	}
	for (unsigned i = 0; i < j->like.parts; i++) {
		memcpy(j->whole + n, j->pieces[i].octets, j->pieces[i].len);
		n += j->pieces[i].len;
	}
	*p = j->whole;
	*len = n;
	return 0;
}
