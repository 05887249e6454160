/* bench_form.h - messages that differ in a few octets only: our codec encodes them once, then they
 * are changed in place. So the programs around the gateway take little of the two processor cores
 * that the bench shares out. */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "diameter/dia_dict.h"
#include "diameter/dia_msg.h"

#define BENCH_FORM_MAX 1024

struct bench_form {
	uint8_t octets[BENCH_FORM_MAX];
	size_t len;
};

/* Keeps the octets after the header and the Session-Id of an answer. False: it has no Session-Id,
 * or is too long. */
bool bench_form_of_answer(struct bench_form *f, const uint8_t *message, size_t len);
/* Writes an answer: the header of one to `m`, its Session-Id, the form. */
void bench_form_answer(struct buf *out, const struct bench_form *f, const struct dia_msg *m);

/* Finds the mark that the caller has encoded. Ends the program unless the mark occurs exactly
 * once. */
size_t bench_form_place(const struct bench_form *f, const void *mark, size_t mark_len);

void bench_put_be32(uint8_t *at, uint32_t v);
uint32_t bench_get_be32(const uint8_t *at);
/* Decimal, exactly `width` digits, higher ones cut off. */
void bench_put_digits(uint8_t *at, size_t width, uint64_t v);

/* The first AVP of its kind inside the first group of that kind at the top level; false: not
 * there. */
bool bench_find_inside(const struct dia_msg *m, const struct dia_avp_def *group, const struct dia_avp_def *member,
		       struct dia_avp *out);
/* The same for an Unsigned32 or an Enumerated. */
bool bench_find_u32(const struct dia_msg *m, const struct dia_avp_def *group, const struct dia_avp_def *member, uint32_t *out);
