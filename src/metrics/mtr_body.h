/* mtr_body.h - what is sent to those who ask: the text of one snapshot, shared by all answers under
 * way, or a few words. */
#pragma once
#include "base/err.h"
#include "metrics/mtr_text.h"

struct MHD_Response;
struct mtr_body; /* counts who uses it */

/* The text of `s` (mtr_text_make()). The caller owns one use of it. ERR_NOMEM, ERR_LIMIT. */
ERR_MUST_USE int mtr_body_new(struct mtr_body **out, const struct mtr_snap *s, const struct mtr_own *own);
void mtr_body_drop(struct mtr_body *b); /* ends one use; NULL allowed */
/* An answer with it, which is one use more until it is destroyed. NULL: no memory. */
struct MHD_Response *mtr_body_response(struct mtr_body *b);
/* An answer with these words, which are static. NULL: no memory. */
struct MHD_Response *mtr_body_words(const char *words);
