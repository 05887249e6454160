/* ipc_rec_io.c - the fields of a ring record. */
#include "ipc/ipc_rec_io.h"

struct buf ipc_io_begin(uint8_t *out, uint16_t type, uint32_t generation, uint64_t transaction)
{
	struct buf b = buf_over(out, IPC_REC_MAX);

	buf_le16(&b, type);
	buf_le16(&b, 0); /* ipc_io_end() writes the length */
	buf_le32(&b, generation);
	buf_le64(&b, transaction);
	return b;
}

size_t ipc_io_end(struct buf *b)
{
	assert(!b->full); /* the bounds of ipc_rec.h leave room for every record */
	b->p[2] = (uint8_t)b->len;
	b->p[3] = (uint8_t)(b->len >> 8);
	return b->len;
}

struct rd ipc_io_body(const uint8_t *record, size_t len, uint16_t type)
{
	struct ipc_rec_head head;
	struct rd r = rd_over(record, len);

	if (ipc_rec_head_get(&head, record, len) || head.type != type) {
		r.bad = true;
	} else {
		(void)rd_take(&r, IPC_REC_HEAD_LEN);
	}
	return r;
}

int ipc_io_done(const struct rd *r)
{
	return r->bad || rd_left(r) != 0 ? ERR_PROTO : 0;
}

bool ipc_io_is_host(const char *p, size_t len)
{
	char canonical[IDENT_HOST_MAX + 1];

	return ident_host(canonical, p, len) == 0 && memcmp(canonical, p, len) == 0;
}

bool ipc_io_is_external(const char *p, size_t len)
{
	char canonical[IDENT_EXTERNAL_MAX + 1];

	return ident_external(canonical, p, len) == 0 && memcmp(canonical, p, len) == 0;
}

bool ipc_io_is_msisdn(const char *p, size_t len)
{
	char canonical[IDENT_MSISDN_MAX + 1];

	return ident_msisdn(canonical, p, len) == 0;
}

bool ipc_io_is_digits(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9') {
			return false;
		}
	}
	return true;
}

bool ipc_io_is_name(const char *p, size_t len)
{
	char name[IDENT_SCS_MAX + 1];

	if (len == 0 || len > IDENT_SCS_MAX) {
		return false;
	}
	memcpy(name, p, len);
	name[len] = 0;
	return ident_name_ok(name);
}

bool ipc_io_is_name_or_none(const char *p, size_t len)
{
	return len == 0 || ipc_io_is_name(p, len);
}

bool ipc_io_is_reason(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') || p[i] == '-')) {
			return false;
		}
	}
	return true;
}

bool ipc_io_is_printable(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] < 0x21 || p[i] > 0x7e) {
			return false;
		}
	}
	return len > 0;
}

void ipc_io_text(struct rd *r, char *out, size_t cap, ipc_io_form_fn *form)
{
	size_t len = rd_le16(r);
	const char *p = (const char *)rd_take(r, len);

	out[0] = 0;
	if (!p || len >= cap || memchr(p, 0, len) || !form(p, len)) {
		r->bad = true;
		return;
	}
	memcpy(out, p, len);
	out[len] = 0;
}
