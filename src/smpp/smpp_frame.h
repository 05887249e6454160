/* smpp_frame.h - cuts a stream of octets into whole PDUs by their command_length (SMPP 3.4 3.2).
 * PURE. A stream whose next length cannot be that of a PDU is beyond repair: answer generic_nack
 * with ESME_RINVCMDLEN and close. */
#pragma once
#include "base/err.h"
#include "smpp/smpp_pdu.h"

/* All zero but the bound: empty. An idle one holds no memory. Members are not for callers. */
struct smpp_frame {
	uint32_t pdu_max; /* octets of a PDU, from SMPP_HEADER_LEN to SMPP_PDU_MAX */
	uint8_t *held;    /* owned: a PDU that is not whole yet */
	size_t held_len, held_cap;
	int dead; /* the error after which nothing more is taken */
	struct smpp_header refused;
};

void smpp_frame_init(struct smpp_frame *f, uint32_t pdu_max); /* allocates nothing */
void smpp_frame_fini(struct smpp_frame *f);                   /* frees what is held; `f` is empty then */
/* From now on PDUs may have so many octets: more once the peer is known. */
void smpp_frame_limit(struct smpp_frame *f, uint32_t pdu_max);

/* Called for each whole PDU; the octets are borrowed until return. It must neither end nor feed the
 * framer. Returns 0 to continue, any other value to stop (the rest is dropped). */
typedef int smpp_frame_fn(void *arg, const uint8_t *pdu, size_t len);

/* Feeds octets. Calls `fn` zero or more times before it returns.
 * 0; the result of `fn`; ERR_PROTO: command_length below 16; ERR_LIMIT: above pdu_max; ERR_NOMEM.
 * After an error the framer accepts nothing more. After ERR_PROTO and ERR_LIMIT `refused` has what
 * is known of the header: length, and the rest if it was there (else 0). */
ERR_MUST_USE int smpp_frame_feed(struct smpp_frame *f, const uint8_t *p, size_t n, smpp_frame_fn *fn, void *arg);

/* Octets held of a PDU that is not whole yet. */
static inline size_t smpp_frame_pending(const struct smpp_frame *f)
{
	return f->held_len;
}
