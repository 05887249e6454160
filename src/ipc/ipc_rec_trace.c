/* ipc_rec_trace.c - the ring records of traces. Writing and reading side by side. */
#include "ipc/ipc_rec_io.h"

_Static_assert(IPC_TRACE_COPY_MAX + IPC_REC_HEAD_LEN + 64u <= IPC_REC_MAX, "a copy and what is said of it fit into a record");

size_t ipc_trace_put(uint8_t *out, uint32_t generation, const struct ipc_trace *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_TRACE, generation, 0);

	buf_le32(&b, in->number);
	if (!in->number) {
		return ipc_io_end(&b);
	}
	buf_u8(&b, in->unredacted);
	buf_le64(&b, in->key[0]);
	buf_le64(&b, in->key[1]);
	ipc_io_put_text(&b, in->scs);
	buf_u8(&b, in->device);
	if (in->device == IPC_DEVICE_EXTERNAL) {
		ipc_io_put_text(&b, in->external_id);
	} else if (in->device == IPC_DEVICE_MSISDN) {
		ipc_io_put_text(&b, in->msisdn);
	}
	ipc_io_put_opt(&b, &in->reference);
	return ipc_io_end(&b);
}

int ipc_trace_get(struct ipc_trace *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_TRACE);
	struct ipc_trace t = { .number = rd_le32(&r) };

	if (t.number) {
		t.unredacted = ipc_io_bool(&r);
		t.key[0] = rd_le64(&r);
		t.key[1] = rd_le64(&r);
		ipc_io_text(&r, t.scs, sizeof t.scs, ipc_io_is_name_or_none);
		t.device = ipc_io_u8(&r, IPC_DEVICE_NONE, IPC_DEVICE_MSISDN);
		if (t.device == IPC_DEVICE_EXTERNAL) {
			ipc_io_text(&r, t.external_id, sizeof t.external_id, ipc_io_is_external);
		} else if (t.device == IPC_DEVICE_MSISDN) {
			ipc_io_text(&r, t.msisdn, sizeof t.msisdn, ipc_io_is_msisdn);
		}
		t.reference = ipc_io_opt(&r, UINT32_MAX);
	}
	if (ipc_io_done(&r) || (t.number && !t.scs[0] && (t.device == IPC_DEVICE_NONE || t.reference.present))) {
		return ERR_PROTO;
	}
	*out = t;
	return 0;
}

size_t ipc_trace_copy_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_trace_copy *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_TRACE_COPY, generation, session);

	assert(in->len <= IPC_TRACE_COPY_MAX && in->len <= in->len_before);
	buf_le32(&b, in->number);
	buf_u8(&b, in->out);
	buf_le64(&b, in->time_ms);
	buf_le32(&b, in->lost);
	buf_le32(&b, in->len_before);
	buf_le32(&b, in->len);
	buf_bytes(&b, in->message, in->len);
	return ipc_io_end(&b);
}

/* A message of Diameter has 20 octets or more, and its length is a field of 24 bits. */
#define MESSAGE_MIN 20u
#define MESSAGE_MAX 0xffffffu

int ipc_trace_copy_get(struct ipc_trace_copy *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_TRACE_COPY);
	struct ipc_trace_copy c = { .number = ipc_io_u32(&r, 1, UINT32_MAX) };

	c.out = ipc_io_bool(&r);
	c.time_ms = rd_le64(&r);
	c.lost = rd_le32(&r);
	c.len_before = ipc_io_u32(&r, 0, MESSAGE_MAX);
	c.len = ipc_io_u32(&r, 0, IPC_TRACE_COPY_MAX);
	c.message = rd_take(&r, c.len);
	if (ipc_io_done(&r) || c.len > c.len_before || c.time_ms > UINT64_MAX / 1000 ||
	    (c.len_before ? c.len < MESSAGE_MIN : !c.lost)) {
		return ERR_PROTO;
	}
	*out = c;
	return 0;
}
