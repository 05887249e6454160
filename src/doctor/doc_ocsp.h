/* doc_ocsp.h - what is wrong with OCSP responders, by the rows of `status`. PURE. */
#pragma once
#include "doctor/doc_report.h"

/* `rows`: member ocsp of the reply of `status`; NULL: none. `anchor`: only the responder of this
 * trust anchor, and only if something is wrong with it; NULL: all of them. */
void doc_look_at_ocsp(struct doc_report *r, const json_t *rows, const char *anchor);
