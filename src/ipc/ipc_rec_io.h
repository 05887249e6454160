/* ipc_rec_io.h - reads and writes the fields of a ring record; for ipc_rec*.c only. A reader
 * sets rd->bad on a field that breaks the contract of ipc_rec.h. A decoder reads all fields and
 * checks once, at the end. */
#pragma once
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "ipc/ipc_rec.h"
#include "ipc/ipc_ring.h"

struct buf ipc_io_begin(uint8_t *out, uint16_t type, uint32_t generation, uint64_t transaction);
size_t ipc_io_end(struct buf *b); /* writes the length; returns it */

/* A reader over the body; rd->bad is set if the header has another type or length. */
struct rd ipc_io_body(const uint8_t *record, size_t len, uint16_t type);
/* 0 if every octet was read and every field was valid, else ERR_PROTO. */
int ipc_io_done(const struct rd *r);

/* Room for the next n octets: there always is (ipc_io_end()). A record has some twenty numbers, and
 * one question for all of them is enough. */
static inline uint8_t *ipc_io_room(struct buf *b, size_t n)
{
	uint8_t *p = buf_take(b, n);

	if (!p) {
		abort();
	}
	return p;
}

/* The following write into such room and return where the next octets go. */
static inline uint8_t *ipc_io_to_u8(uint8_t *p, uint8_t v)
{
	*p = v;
	return p + 1;
}

static inline uint8_t *ipc_io_to_le32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof v);
	return p + sizeof v;
}

static inline uint8_t *ipc_io_to_le64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof v);
	return p + sizeof v;
}

#define IPC_IO_OPT 5u /* octets */
static inline uint8_t *ipc_io_to_opt(uint8_t *p, const struct ipc_opt_u32 *v)
{
	return ipc_io_to_le32(ipc_io_to_u8(p, v->present), v->present ? v->v : 0);
}

static inline void ipc_io_put_text(struct buf *b, const char *text)
{
	size_t len = strlen(text);

	buf_le16(b, (uint16_t)len);
	buf_bytes(b, text, len);
}

static inline void ipc_io_put_opt(struct buf *b, const struct ipc_opt_u32 *v)
{
	buf_u8(b, v->present);
	buf_le32(b, v->present ? v->v : 0);
}

static inline uint8_t ipc_io_u8(struct rd *r, uint8_t min, uint8_t max)
{
	uint8_t v = rd_u8(r);

	if (v < min || v > max) {
		r->bad = true;
	}
	return r->bad ? 0 : v;
}

static inline bool ipc_io_bool(struct rd *r)
{
	return ipc_io_u8(r, 0, 1) == 1;
}

static inline uint32_t ipc_io_u32(struct rd *r, uint32_t min, uint32_t max)
{
	uint32_t v = rd_le32(r);

	if (v < min || v > max) {
		r->bad = true;
	}
	return r->bad ? 0 : v;
}

static inline struct ipc_opt_u32 ipc_io_opt(struct rd *r, uint32_t max)
{
	bool present = ipc_io_bool(r);
	uint32_t v = ipc_io_u32(r, 0, present ? max : 0);

	return (struct ipc_opt_u32){ v, present && !r->bad };
}

/* The allowed forms of a text; each decides about "" too. The `len` octets at p contain no NUL. */
typedef bool ipc_io_form_fn(const char *p, size_t len);
bool ipc_io_is_host(const char *p, size_t len);
bool ipc_io_is_external(const char *p, size_t len);
bool ipc_io_is_msisdn(const char *p, size_t len);
bool ipc_io_is_digits(const char *p, size_t len); /* "" too */
bool ipc_io_is_name(const char *p, size_t len);   /* of an SCS or anchor */
bool ipc_io_is_name_or_none(const char *p, size_t len);
bool ipc_io_is_reason(const char *p, size_t len);
bool ipc_io_is_printable(const char *p, size_t len); /* at least one octet, no blank */
void ipc_io_text(struct rd *r, char *out, size_t cap, ipc_io_form_fn *form);
