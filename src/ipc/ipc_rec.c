/* ipc_rec.c - the header of ring records: their types, directions and lengths. */
#include "ipc/ipc_rec.h"

#include "base/buf.h"
#include "ipc/ipc_ring.h"

static const struct {
	const char *name;
	bool to_core;
} types[] = {
	[IPC_REC_SESSION_OPEN] = { "session_open", true },
	[IPC_REC_SESSION_VERDICT] = { "session_verdict", false },
	[IPC_REC_SESSION_CUT] = { "session_cut", false },
	[IPC_REC_SESSION_CLOSED] = { "session_closed", true },
	[IPC_REC_DEVICE_ACTION] = { "device_action", true },
	[IPC_REC_DEVICE_ACTION_ANSWER] = { "device_action_answer", false },
	[IPC_REC_DEVICE_NOTIFICATION] = { "device_notification", false },
	[IPC_REC_DEVICE_NOTIFICATION_ANSWER] = { "device_notification_answer", true },
	[IPC_REC_STATS] = { "stats", true },
	[IPC_REC_DEVICE_ACTION_GIVEN_UP] = { "device_action_given_up", true },
};

static bool known(uint16_t type)
{
	return type >= IPC_REC_SESSION_OPEN && type <= IPC_REC_LAST;
}

const char *ipc_rec_str(uint16_t type)
{
	return known(type) ? types[type].name : "unknown";
}

bool ipc_rec_to_core(uint16_t type)
{
	return known(type) && types[type].to_core;
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
