/* hss_answer.h - from a decoded request to the bytes of its answer; no socket. */
#pragma once
#include "apps/s6m_sir.h"
#include "nodes/hss/hss_store.h"

struct hss_self {
	const char *host, *realm; /* borrowed; our origin */
	struct hss_store *store;  /* replaced between two requests, never during one */
};

/* An answer repeats the request's Session-Id and Proxy-Info and adds at most eight names and four
 * nodes. */
#define HSS_ANSWER_EXTRA 16384u

/* Writes the answer to `m`, whatever `m` contains. A buffer of the request's length plus
 * HSS_ANSWER_EXTRA is large enough. If the request is wrong, `failed` has the reason. Returns a
 * text for the log, static or in `failed`. */
const char *hss_answer(struct buf *out, const struct hss_self *h, const struct dia_msg *m, struct dia_failed *failed);
