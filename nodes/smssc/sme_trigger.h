/* sme_trigger.h - a device trigger that an SME with the right to it submits: which form is taken, the
 * Device-Action-Request that it becomes, and what the answer and the report of the gateway mean to
 * the SME (docs/user/tsms.md). PURE. */
#pragma once
#include "apps/tsp_dar.h"
#include "apps/tsp_dnr.h"
#include "nodes/smssc/dlv_msg.h"
#include "smpp/smpp_content.h"

/* SMPP_ROK: a trigger as a device gets it from the gateway: protocol_id 0x48, or 0 and a port;
 * 8-bit data; nothing in its header but one port, and which segment it is. Else the status to refuse
 * it with, and *why. */
enum smpp_status sme_trigger_form(const struct smpp_pdu *p, const struct smpp_content *c, const char **why);

struct sme_trigger_ends { /* NUL-terminated; borrowed */
	const char *host, *realm, *iwf_host, *iwf_realm, *session_id;
	uint32_t end_to_end;
	bool again; /* a retransmission: T */
};
/* The request of a message whose sme.trigger is set: a trigger, or, when sme.change says so, one that
 * takes the place of another. It names no SCS-Identity: the gateway has that of the connection.
 * Check out->full. */
void sme_trigger_build(struct buf *out, const struct dlv_text *text, const struct sme_trigger_ends *ends);
/* The request that recalls it. */
void sme_trigger_recall(struct buf *out, const struct dlv_text *text, const struct sme_trigger_ends *ends);

/* What the SME is answered; `refused`: for all that has to do with the device. */
enum smpp_status sme_trigger_status(const struct tsp_daa *daa, enum smpp_status refused);
/* Whether the gateway judged the request: it has a Request-Status, and is no error of Diameter. */
bool sme_trigger_is_answered(const struct tsp_daa *daa);
/* Whether the answer has this Request-Status. */
bool sme_trigger_is(const struct tsp_daa *daa, uint32_t request_status);
/* Whether it says what became of the request: TEMPORARYERROR does not, and neither does an error of
 * Diameter. */
bool sme_trigger_is_settled(const struct tsp_daa *daa);
/* What the gateway answered, for the log: "NOTAUTHORIZED", "result 3004". Returns `room` or a static
 * text. */
#define SME_TRIGGER_WORDS_MAX 40
const char *sme_trigger_words(const struct tsp_daa *daa, char room[SME_TRIGGER_WORDS_MAX]);

/* Whether it is a delivery report with all that is needed. ERR_PROTO with `failed`. */
ERR_MUST_USE int sme_trigger_report_check(const struct tsp_dnr *dnr, struct dia_failed *failed);
/* Delivery-Outcome as outcome of a delivery; *absent: the device could not be reached. */
uint8_t sme_trigger_outcome(uint32_t delivery_outcome, bool *absent);
