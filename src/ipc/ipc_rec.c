/* ipc_rec.c - the header of ring records: their types, directions and lengths. */
#include "ipc/ipc_rec.h"

#include "base/buf.h"
#include "ipc/ipc_ring.h"

static const bool to_core[] = {
	[IPC_REC_SESSION_OPEN] = true,
	[IPC_REC_SESSION_VERDICT] = false,
	[IPC_REC_SESSION_CUT] = false,
	[IPC_REC_SESSION_CLOSED] = true,
	[IPC_REC_DEVICE_ACTION] = true,
	[IPC_REC_DEVICE_ACTION_ANSWER] = false,
	[IPC_REC_DEVICE_NOTIFICATION] = false,
	[IPC_REC_DEVICE_NOTIFICATION_ANSWER] = true,
	[IPC_REC_STATS] = true,
	[IPC_REC_DEVICE_ACTION_GIVEN_UP] = true,
	[IPC_REC_SCREEN_RULE] = false,
	[IPC_REC_SCREEN_SEEN] = true,
	[IPC_REC_OCSP_FOUND] = true,
	[IPC_REC_OCSP_KNOWN] = false,
	[IPC_REC_OCSP_STATE] = true,
	[IPC_REC_TRACE] = false,
	[IPC_REC_TRACE_COPY] = true,
};
_Static_assert(sizeof to_core / sizeof *to_core == IPC_REC_LAST + 1, "every type has a direction");

static bool known(uint16_t type)
{
	return type >= IPC_REC_SESSION_OPEN && type <= IPC_REC_LAST;
}

bool ipc_rec_to_core(uint16_t type)
{
	return known(type) && to_core[type];
}

size_t ipc_rec_length(const void *header)
{
	const uint8_t *p = header;

	return (size_t)(p[2] | p[3] << 8);
}

int ipc_rec_head_get(struct ipc_rec_head *out, const uint8_t *record, size_t len)
{
	struct rd r = rd_over(record, len);
	struct ipc_rec_head h;

	h.type = rd_le16(&r);
	h.length = rd_le16(&r);
	h.edge_generation = rd_le32(&r);
	h.transaction = rd_le64(&r);
	if (r.bad || !known(h.type) || h.length != len || len > IPC_REC_MAX) {
		return ERR_PROTO;
	}
	*out = h;
	return 0;
}
