/* ipc_ring.h - the ring between an edge and the core: two one-way byte rings in shared memory,
 * each with one producer and one consumer (CONTRACTS section 4).
 * It carries whole records of ipc_rec.h, at most IPC_REC_MAX octets each.
 *
 * Each direction is one memfd of sealed size. The producer maps it read-write, the consumer
 * read-only. A consumer's own index is in the memfd of the opposite direction, which it writes.
 * All data in the other side's memory are hostile: a false index is ERR_PROTO; a record is
 * copied out first, and its length is read once.
 * A false peer can damage only its own records.
 *
 * Each end has one eventfd that wakes it: records have arrived, or there is room again. It is
 * written only when the other end may be asleep. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define IPC_REC_MAX 8192u        /* octets of one record, header included */
#define IPC_RING_MIN (16u << 10) /* octets of one direction, a power of two */
#define IPC_RING_MAX (256u << 20)
#define IPC_RING_OVERFLOW_MAX (4u << 20) /* octets in the local queue while the ring is full */

struct ipc_ring; /* one end */

struct ipc_ring_fds {
	int out_mem; /* read-write */
	int in_mem;  /* read-only */
	int out_bell, in_bell;
};

/* Creates the descriptors of both ends. `size`: octets of each direction, a power of two from
 * IPC_RING_MIN to IPC_RING_MAX, else ERR_RANGE.
 * The caller closes all eight. ERR_IO with errno: none stays open. */
ERR_MUST_USE int ipc_ring_make(struct ipc_ring_fds *a, struct ipc_ring_fds *b, uint32_t size);
void ipc_ring_fds_close(struct ipc_ring_fds *fds);

/* Maps one end. Takes the descriptors on success only (they are set to -1). ERR_IO, ERR_NOMEM,
 * ERR_INVAL (not sealed, wrong size). */
ERR_MUST_USE int ipc_ring_open(struct ipc_ring **out, struct ipc_ring_fds *fds);
void ipc_ring_close(struct ipc_ring *r); /* takes; NULL allowed */

/* Copies one record into the ring, or into a local queue if the ring is full. It leaves with the
 * next ipc_ring_flush() at the latest.
 * ERR_INVAL (len differs from its header), ERR_BUSY (the queue is full: nothing is kept),
 * ERR_NOMEM, ERR_PROTO (the other end's index is false). */
ERR_MUST_USE int ipc_ring_send(struct ipc_ring *r, const void *record, size_t len);

/* Publishes the sent records and wakes the other end if it may sleep; once in each turn of the
 * loop. ERR_PROTO. */
ERR_MUST_USE int ipc_ring_flush(struct ipc_ring *r);

/* True if the other end has read all published records: it sleeps, or is about to. */
bool ipc_ring_idle(const struct ipc_ring *r);

/* Copies the next record out. `*len` is 16 to IPC_REC_MAX, the length in the copied header.
 * ERR_AGAIN: none; the bell rings for the next. ERR_PROTO: false indexes or length; the ring is
 * unusable. */
ERR_MUST_USE int ipc_ring_recv(struct ipc_ring *r, uint8_t out[IPC_REC_MAX], size_t *len);

int ipc_ring_bell(const struct ipc_ring *r);       /* to watch for reading */
void ipc_ring_bell_clear(struct ipc_ring *r);      /* before reading records */
size_t ipc_ring_waiting(const struct ipc_ring *r); /* octets in the local queue */
