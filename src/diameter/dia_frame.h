/* dia_frame.h - cuts a stream of octets into whole messages (RFC 6733 3: the length field).
 * PURE. A stream whose next header cannot be a Diameter message is beyond repair: drop the
 * connection. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "diameter/dia_msg.h"

/* opaque; owns one buffer that grows up to message_len_max and shrinks when empty */
struct dia_frame;

/* copies limits */
ERR_MUST_USE int dia_frame_new(struct dia_frame **out, const struct dia_limits *limits);
/* takes; NULL allowed */
void dia_frame_free(struct dia_frame *f);

/* From now on messages may have so many octets. */
void dia_frame_limit(struct dia_frame *f, uint32_t message_len_max);

/* Called for each whole message; the octets are borrowed until return. It must neither free nor
 * feed the framer. Return 0 to continue, any other value to stop (the remaining octets are dropped,
 * because the caller is closing). */
typedef int dia_frame_fn(void *arg, const uint8_t *message, size_t len);

/* Feeds octets. Calls `fn` zero or more times before it returns.
 * 0; the result of `fn`; ERR_PROTO: version is not 1, or length is below 20 or not a multiple of 4;
 * ERR_LIMIT: length above message_len_max; ERR_NOMEM. After an error the framer accepts nothing
 * more. After ERR_PROTO and ERR_LIMIT dia_frame_refused() returns the refused header; before, it
 * returns NULL. */
ERR_MUST_USE int dia_frame_feed(struct dia_frame *f, const uint8_t *p, size_t n, dia_frame_fn *fn, void *arg);
const struct dia_hdr *dia_frame_refused(const struct dia_frame *f);

/* Octets held of a message that is not whole yet. */
size_t dia_frame_pending(const struct dia_frame *f);
