/* cfg_iwf_ocsp.h - OCSP responders: which there are, and where. A responder is known by a
 * number: of the trust anchor i it is i, of our own certificate of listener i it is
 * CFG_ANCHORS_MAX + i. CFG_RECEIVER is no responder: it takes the checkpoints of the audit. */
#pragma once
#include "base/http_url.h"
#include "conf/cfg_iwf.h"
#include "conf/cfg_schema.h"

#define CFG_OCSP_MAX (CFG_ANCHORS_MAX + CFG_LISTEN_MAX) /* responders of OCSP */
#define CFG_RECEIVER CFG_OCSP_MAX
#define CFG_RESPONDERS_MAX (CFG_RECEIVER + 1) /* whom the fetcher asks */

extern const struct cfg_row cfg_ocsp_rows[]; /* the section ocsp; inside conf/ only */

struct cfg_responder {
	struct http_url url;
	char address[CFG_ADDRESS_MAX]; /* numeric: of the URL, or the one written beside it */
};

/* False: there is none of this number. The configuration has been checked. */
bool cfg_responder(struct cfg_responder *out, const struct cfg_iwf *c, size_t number);
bool cfg_responder_any(const struct cfg_iwf *c); /* at least one is configured, or the receiver */

/* Checks of all responders; inside conf/ only. ERR_INVAL, the errors are in `why`. */
ERR_MUST_USE int cfg_ocsp_check(const struct cfg_iwf *c, struct report *why);
