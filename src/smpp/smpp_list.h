/* smpp_list.h - the lists of submit_multi: destinations (SMPP 3.4 4.5.1.1) and, in the answer,
 * addresses that were refused (4.5.2.1). PURE. */
#pragma once
#include "smpp/smpp_pdu.h"

/* Reads the entry at r. SMPP_ROK, RINVDESTFLAG (neither an address nor a list), RINVDSTADR or
 * RINVDLNAME (its text does not end in its size), RINVCMDLEN (cut). */
enum smpp_status smpp_destination_next(struct smpp_destination *out, struct rd *r);
/* Reads the entry at r. SMPP_ROK, RINVDSTADR, RINVCMDLEN. */
enum smpp_status smpp_failure_next(struct smpp_failure *out, struct rd *r);

/* Both append one entry. The caller counts, and gives buffer and number to the PDU. ERR_INVAL: the
 * text is longer than its field; ERR_LIMIT: no room. */
ERR_MUST_USE int smpp_destination_put(struct buf *out, const struct smpp_destination *in);
ERR_MUST_USE int smpp_failure_put(struct buf *out, const struct smpp_failure *in);

/* Reads a text that ends with NUL within `size` octets. False: it does not, and r stays. */
bool smpp_text_next(char *out, size_t size, struct rd *r);
