/* fuzz_ring.c - the promises at the protocol break: whatever the other process writes, a record is taken as exactly what it says or
 * not at all, and a ring whose memory lies never makes us read outside of it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ipc/ipc_rec.h"
#include "ipc/ipc_ring.h"
#include "tests/fuzz/fuzz.h"

/* --- records: there is one octet string for each value --- */

/* `record` is the struct; its decoder and encoder are named after it. */
#define AGAIN(record)                                                                                                            \
	do {                                                                                                                     \
		struct record v;                                                                                                 \
		if (record##_get(&v, data, size) == 0) {                                                                         \
			size_t n = record##_put(again, h.edge_generation, h.transaction, &v);                                    \
			promise(n == size && memcmp(again, data, n) == 0, "the same octets again");                              \
			taken++;                                                                                                 \
		}                                                                                                                \
	} while (0)

static void fuzz_record(const char *target, const uint8_t *data, size_t size)
{
	static uint8_t again[IPC_REC_MAX];
	struct ipc_rec_head h = { 0 };
	struct st_counters counters;
	struct ipc_trace trace;
	unsigned taken = 0;
	bool whole = ipc_rec_head_get(&h, data, size) == 0;

	(void)target;
	AGAIN(ipc_session_open);
	AGAIN(ipc_session_verdict);
	AGAIN(ipc_session_cut);
	AGAIN(ipc_session_closed);
	AGAIN(ipc_device_action);
	AGAIN(ipc_device_action_answer);
	AGAIN(ipc_device_action_given_up);
	AGAIN(ipc_device_notification);
	AGAIN(ipc_device_notification_answer);
	AGAIN(ipc_screen_rule);
	AGAIN(ipc_screen_seen);
	AGAIN(ipc_trace_copy);
	if (ipc_trace_get(&trace, data, size) == 0) {
		size_t n = ipc_trace_put(again, h.edge_generation, &trace);
		/* the transaction is 0, whatever came */
		promise(n == size && memcmp(again + IPC_REC_HEAD_LEN, data + IPC_REC_HEAD_LEN, n - IPC_REC_HEAD_LEN) == 0,
			"the same octets again");
		taken++;
	}
	taken += ipc_stats_get(&counters, data, size) == 0;
	promise(taken <= (whole ? 1u : 0u), "a record is of one type, and only a whole one is taken");
}

/* --- the ring: the input is what the other end has written, from its first octet on --- */

#define DATA_AT 4096u
#define HEAD_OCTETS 160u /* of the input: indexes and flags; the rest is data */

static void read_all(struct ipc_ring *r)
{
	uint8_t out[IPC_REC_MAX];
	size_t len, octets = 0;

	while (ipc_ring_recv(r, out, &len) == 0) {
		promise(len >= IPC_REC_HEAD_LEN && len <= IPC_REC_MAX && ipc_rec_length(out) == len, "a record has its length");
		octets += len;
		promise(octets <= IPC_RING_MIN, "no more than the ring holds");
	}
}

static void fuzz_ring(const char *target, const uint8_t *data, size_t size)
{
	uint8_t record[IPC_REC_HEAD_LEN] = { IPC_REC_STATS, 0, IPC_REC_HEAD_LEN };
	struct ipc_ring_fds ours, theirs;
	struct ipc_ring *r = NULL;
	uint8_t *liar;

	(void)target;
	promise(ipc_ring_make(&ours, &theirs, IPC_RING_MIN) == 0, "a ring can be made");
	liar = mmap(NULL, DATA_AT + IPC_RING_MIN, PROT_READ | PROT_WRITE, MAP_SHARED, theirs.out_mem, 0);
	promise(liar != MAP_FAILED && ipc_ring_open(&r, &ours) == 0, "a ring can be opened");
	memcpy(liar, data, size < HEAD_OCTETS ? size : HEAD_OCTETS);
	if (size > HEAD_OCTETS) {
		memcpy(liar + DATA_AT, data + HEAD_OCTETS, size - HEAD_OCTETS < IPC_RING_MIN ? size - HEAD_OCTETS : IPC_RING_MIN);
	}
	read_all(r);
	for (int i = 0; i < 3; i++) {
		int err = ipc_ring_send(r, record, sizeof record);

		promise(err == 0 || err == ERR_PROTO, "a lying tail is a lie, not room");
	}
	promise(ipc_ring_flush(r) <= 0, "a flush sends, or says that it cannot");
	munmap(liar, DATA_AT + IPC_RING_MIN);
	ipc_ring_close(r);
	ipc_ring_fds_close(&theirs);
}

fuzz_fn *fuzz_find(const char *target)
{
	if (!strcmp(target, "record")) {
		return fuzz_record;
	}
	return strcmp(target, "ring") ? NULL : fuzz_ring;
}
