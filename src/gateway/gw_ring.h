/* gw_ring.h - the ring between an edge and the core: two one-way byte rings in shared memory, each with one producer and one
 * consumer (CONTRACTS section 4). What crosses is one record of gw_rec.h at a time, at most GW_REC_MAX octets.
 *
 * One memfd a direction, its size sealed. The producer maps it read-write, the consumer read-only; so a consumer's own index lives in
 * the memfd of the opposite direction, which it writes. Everything read from the other side's memory is hostile: an index that
 * lies is ERR_PROTO, a record is copied out first and its length is taken once. A lying peer can garble its own records and no more.
 *
 * One eventfd an end wakes it: records came, or there is room again. It is written only when the other end may be asleep. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define GW_REC_MAX 8192u        /* octets of one record, header included */
#define GW_RING_MIN (16u << 10) /* octets of one direction, a power of two */
#define GW_RING_MAX (256u << 20)
#define GW_RING_OVERFLOW_MAX (4u << 20) /* octets that wait locally while the ring is full */

struct gw_ring; /* one end */

struct gw_ring_fds {
	int out_mem; /* read-write */
	int in_mem;  /* read-only */
	int out_bell, in_bell;
};

/* Makes the descriptors of both ends; `size` octets a direction, a power of two from GW_RING_MIN to GW_RING_MAX, else ERR_RANGE. The
 * caller closes all eight. ERR_IO with errno; nothing stays open then. */
ERR_MUST_USE int gw_ring_make(struct gw_ring_fds *a, struct gw_ring_fds *b, uint32_t size);
void gw_ring_fds_close(struct gw_ring_fds *fds);

/* Maps one end. Takes the descriptors on success only (they are set to -1). ERR_IO, ERR_NOMEM, ERR_INVAL (not sealed, wrong size). */
ERR_MUST_USE int gw_ring_open(struct gw_ring **out, struct gw_ring_fds *fds);
void gw_ring_close(struct gw_ring *r); /* takes; NULL allowed */

/* Copies one record out. It leaves with the next gw_ring_flush() at the latest. A full ring makes it wait in a local queue.
 * ERR_INVAL (len is not that of its header), ERR_BUSY (the queue is full: nothing is kept), ERR_NOMEM, ERR_PROTO (the other end lies). */
ERR_MUST_USE int gw_ring_send(struct gw_ring *r, const void *record, size_t len);

/* Publishes what was sent and wakes the other end if it may sleep: once a turn of the loop. ERR_PROTO. */
ERR_MUST_USE int gw_ring_flush(struct gw_ring *r);

/* The next record, copied; `*len` is 16 to GW_REC_MAX and is what the copied header says. ERR_AGAIN: nothing there, and the bell will
 * ring for the next. ERR_PROTO: indexes or length lie; the ring is of no use any more. */
ERR_MUST_USE int gw_ring_recv(struct gw_ring *r, uint8_t out[GW_REC_MAX], size_t *len);

int gw_ring_bell(const struct gw_ring *r);       /* to be watched for reading */
void gw_ring_bell_clear(struct gw_ring *r);      /* before reading records */
size_t gw_ring_waiting(const struct gw_ring *r); /* octets in the local queue */
