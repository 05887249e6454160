/* sms_join.h - joins the parts of one segmented message, in whatever order and however often they
 * arrive. PURE. */
#pragma once
#include "base/err.h"
#include "nodes/sms/sms_deliver.h"

struct sms_join; /* opaque; owns its parts */

/* `first` is any part of the message. Number of parts, reference, port and originator of the others
 * must equal its own. */
ERR_MUST_USE int sms_join_new(struct sms_join **out, const struct sms_deliver *first);
void sms_join_free(struct sms_join *j); /* takes; NULL allowed */

/* Copies one part. 0; ERR_EXISTS: the same part is present (nothing changes); ERR_PROTO: it does
 * not belong to this message, or differs from a part with the same number; ERR_NOMEM. */
ERR_MUST_USE int sms_join_add(struct sms_join *j, const struct sms_deliver *part);
bool sms_join_whole(const struct sms_join *j);

/* The whole payload; borrowed from `j`. ERR_AGAIN while parts are missing; ERR_NOMEM. */
ERR_MUST_USE int sms_join_payload(struct sms_join *j, const uint8_t **p, size_t *len);
