/* ipc_rec_ocsp.c - the ring records of OCSP. Writing and reading side by side. */
#include "ipc/ipc_rec_io.h"

_Static_assert(IPC_OCSP_MAX + IPC_OCSP_KEY_LEN + 8 + 4 + IPC_REC_HEAD_LEN <= IPC_REC_MAX, "it fits into one record");

size_t ipc_ocsp_put(uint8_t *out, uint16_t type, uint32_t generation, const struct ipc_ocsp *in)
{
	struct buf b = ipc_io_begin(out, type, generation, 0);

	assert(in->len && in->len <= IPC_OCSP_MAX && in->this_s);
	buf_bytes(&b, in->key, sizeof in->key);
	buf_le64(&b, in->this_s);
	buf_le32(&b, in->len);
	buf_bytes(&b, in->response, in->len);
	return ipc_io_end(&b);
}

int ipc_ocsp_get(struct ipc_ocsp *out, uint16_t type, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, type);
	const uint8_t *key = rd_take(&r, IPC_OCSP_KEY_LEN);
	struct ipc_ocsp o = { .this_s = rd_le64(&r) };

	o.len = ipc_io_u32(&r, 1, IPC_OCSP_MAX);
	o.response = rd_take(&r, o.len);
	if (ipc_io_done(&r) || !key || !o.this_s) {
		return ERR_PROTO;
	}
	memcpy(o.key, key, sizeof o.key);
	*out = o;
	return 0;
}

size_t ipc_ocsp_state_put(uint8_t *out, uint32_t generation, const struct ipc_ocsp_state *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_OCSP_STATE, generation, 0);

	buf_u8(&b, in->responder);
	buf_le32(&b, in->open);
	buf_le64(&b, in->answers);
	buf_le64(&b, in->failures);
	buf_le64(&b, in->answered_s);
	buf_le64(&b, in->failed_s);
	buf_le64(&b, in->staple_this_s);
	buf_le64(&b, in->staple_until_s);
	ipc_io_put_text(&b, in->why);
	buf_le64(&b, in->revoked);
	buf_le64(&b, in->unknown);
	buf_u8(&b, in->denied_n);
	for (uint8_t i = 0; i < in->denied_n; i++) {
		ipc_io_put_text(&b, in->denied[i].name);
		buf_u8(&b, in->denied[i].unknown);
		buf_le64(&b, in->denied[i].at_s);
	}
	return ipc_io_end(&b);
}

static bool is_words_or_none(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] < ' ' || p[i] > '~') {
			return false;
		}
	}
	return true;
}

/* A time that clock_text_s() can write. */
static uint64_t time_of(struct rd *r)
{
	uint64_t s = rd_le64(r);

	r->bad = r->bad || s > UINT32_MAX * UINT64_C(16);
	return s;
}

int ipc_ocsp_state_get(struct ipc_ocsp_state *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_OCSP_STATE);
	struct ipc_ocsp_state s = { .responder = rd_u8(&r) };

	s.open = rd_le32(&r);
	s.answers = rd_le64(&r);
	s.failures = rd_le64(&r);
	s.answered_s = time_of(&r);
	s.failed_s = time_of(&r);
	s.staple_this_s = time_of(&r);
	s.staple_until_s = time_of(&r);
	ipc_io_text(&r, s.why, sizeof s.why, is_words_or_none);
	s.revoked = rd_le64(&r);
	s.unknown = rd_le64(&r);
	s.denied_n = ipc_io_u8(&r, 0, IPC_OCSP_DENIED_MAX);
	for (uint8_t i = 0; i < s.denied_n && !r.bad; i++) {
		ipc_io_text(&r, s.denied[i].name, sizeof s.denied[i].name, ipc_io_is_host);
		s.denied[i].unknown = ipc_io_bool(&r);
		s.denied[i].at_s = time_of(&r);
	}
	/* JSON has no larger integers */
	if (ipc_io_done(&r) || s.answers > INT64_MAX / 1024 || s.failures > INT64_MAX / 1024 || s.revoked > s.answers ||
	    s.unknown > s.answers) {
		return ERR_PROTO;
	}
	*out = s;
	return 0;
}
