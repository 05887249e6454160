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
