/* core_smpp_form.c - how a trigger is written as one submit_sm, or as several (SMPP 3.4 4.4.1;
 * TS 23.040 9.2.3.9, 9.2.3.24), and what a receipt says. PURE. */
#include <string.h>

#include "apps/tsp.h"
#include "base/str.h"
#include "conf/cfg_iwf.h"
#include "core/core_smpp.h"
#include "smpp/smpp_content.h"
#include "smpp/smpp_receipt.h"
#include "smpp/smpp_time.h"
#include "trigger/trg_parts.h"

#define PID_DEVICE_TRIGGER 0x48u /* TS 23.040 9.2.3.9 */
#define DATA_CODING_OCTETS 0x04u
#define TON_INTERNATIONAL 1u
#define NPI_ISDN 1u
#define ONE_SMS 140u /* octets of TP-User-Data, header included */

uint16_t core_smpp_reference(const struct trg *trg)
{
	return (uint16_t)trg->dtr_end_to_end;
}

static const char *msisdn_of(const struct trg *trg)
{
	return trg->sub.msisdn[0] ? trg->sub.msisdn : trg->req.msisdn;
}

static bool put_address(struct smpp_address *a, const char *digits)
{
	a->ton = TON_INTERNATIONAL;
	a->npi = NPI_ISDN;
	return str_copy(a->digits, SMPP_ADDRESS_MAX + 1, digits, strlen(digits)) == 0;
}

static bool put_addresses(struct smpp_pdu *pdu, const struct trg *trg, const struct cfg_smssc *conf)
{
	return put_address(&pdu->source, conf->source[0] ? conf->source : trg->req.scs_e164) &&
	       put_address(&pdu->destination, msisdn_of(trg));
}

/* A validity of 0 is one attempt; the shortest that SMPP has is a second. */
static int put_validity(struct smpp_pdu *pdu, const struct trg *trg, uint64_t now_ms)
{
	uint32_t left_s;
	int err;

	if (!trg->req.has_validity) {
		return 0;
	}
	left_s = trg_validity_left_s(&trg->req, now_ms);
	err = smpp_time_span(pdu->validity_period, left_s ? left_s : 1);
	return err ? smpp_time_instant(pdu->validity_period, (int64_t)(now_ms / 1000) + left_s) : 0;
}

/* -- the octets of a message: a header, if it has one, and a piece of the payload */

#define PORTS_LEN 6u /* elements with their id and length */
#define PART_LEN 6u

static bool has_ports_header(const struct trg_request *req, const struct cfg_smssc *conf)
{
	return req->has_port && conf->ports == CFG_SMSSC_PORTS_HEADER;
}

static uint32_t header_len(bool ports, bool part)
{
	return (ports || part ? 1u : 0) + (ports ? PORTS_LEN : 0) + (part ? PART_LEN : 0);
}

uint32_t core_smpp_parts(const struct trg_request *req, const struct cfg_smssc *conf)
{
	bool ports = has_ports_header(req, conf), header = conf->long_form == CFG_SMSSC_LONG_HEADER;
	uint32_t most = ONE_SMS - header_len(ports, header);

	if ((!header && conf->long_form != CFG_SMSSC_LONG_PARAMETERS) || header_len(ports, false) + req->payload_len <= ONE_SMS) {
		return 1;
	}
	return (req->payload_len + most - 1) / most;
}

/* The elements of TS 23.040 9.2.3.24.4 and 9.2.3.24.8, with the length of the header before
 * them. Returns the octets written. */
static uint32_t put_header(uint8_t *to, const struct trg *trg, bool ports, bool part, uint32_t number)
{
	uint32_t len = header_len(ports, part);
	uint8_t *at = to + 1;

	if (!len) {
		return 0;
	}
	to[0] = (uint8_t)(len - 1);
	if (ports) {
		const uint8_t element[PORTS_LEN] = { SMPP_IE_PORTS_16BIT,    4, (uint8_t)(trg->req.port >> 8),
						     (uint8_t)trg->req.port, 0, 0 };

		memcpy(at, element, sizeof element);
		at += sizeof element;
	}
	if (part) {
		uint16_t reference = core_smpp_reference(trg);
		const uint8_t element[PART_LEN] = {
			SMPP_IE_PART_16BIT, 4, (uint8_t)(reference >> 8), (uint8_t)reference, trg->parts->n, (uint8_t)(number + 1)
		};

		memcpy(at, element, sizeof element);
	}
	return len;
}

/* Pieces of almost the same length. */
static struct smpp_octets piece_of(const struct trg *trg, uint32_t number)
{
	uint32_t n = trg->parts ? trg->parts->n : 1, len = trg->req.payload_len;
	uint32_t from = len * number / n, to = len * (number + 1) / n;

	return to > from ? (struct smpp_octets){ trg->req.payload + from, to - from } : (struct smpp_octets){ NULL, 0 };
}

static void put_parameters(struct smpp_pdu *pdu, const struct trg *trg, uint32_t number, const struct cfg_smssc *conf)
{
	if (trg->req.has_port && conf->ports == CFG_SMSSC_PORTS_PARAMETERS) {
		smpp_set_number(pdu, SMPP_TLV_DESTINATION_PORT, trg->req.port);
	}
	if (trg->parts && trg->parts->form == CFG_SMSSC_LONG_PARAMETERS) {
		smpp_set_number(pdu, SMPP_TLV_SAR_MSG_REF_NUM, core_smpp_reference(trg));
		smpp_set_number(pdu, SMPP_TLV_SAR_TOTAL_SEGMENTS, trg->parts->n);
		smpp_set_number(pdu, SMPP_TLV_SAR_SEGMENT_SEQNUM, number + 1);
	}
	smpp_set_number(pdu, SMPP_TLV_USER_MESSAGE_REFERENCE, core_smpp_reference(trg));
}

const char *core_smpp_fill(struct smpp_pdu *pdu, uint8_t octets[CORE_SMPP_OCTETS_MAX], const struct trg *trg, uint32_t part,
			   const struct cfg_smssc *conf, uint64_t now_ms)
{
	bool ports = has_ports_header(&trg->req, conf);
	bool header = trg->parts && trg->parts->form == CFG_SMSSC_LONG_HEADER;
	struct smpp_octets piece = piece_of(trg, part);
	uint32_t len = put_header(octets, trg, ports, header, part);

	*pdu = (struct smpp_pdu){ .header.command = SMPP_SUBMIT_SM,
				  .protocol_id = PID_DEVICE_TRIGGER,
				  .data_coding = DATA_CODING_OCTETS,
				  .esm_class = len ? SMPP_ESM_UDHI : 0,
				  .priority_flag = trg->req.priority == TSP_PRIORITY,
				  .registered_delivery = SMPP_REGISTERED_ALWAYS };
	if (!msisdn_of(trg)[0]) {
		return "the device has no MSISDN, and SMPP has no other name for it";
	}
	if (!put_addresses(pdu, trg, conf) || put_validity(pdu, trg, now_ms)) {
		return "its addresses or its validity do not fit into a submit_sm";
	}
	if (trg->req.payload_len > TRIGGER_PAYLOAD_MAX) {
		return "its payload is too long";
	}
	if (piece.len) {
		memcpy(octets + len, piece.p, piece.len);
		len += piece.len;
	}
	if (len > ONE_SMS && (trg->parts || conf->long_form != CFG_SMSSC_LONG_PAYLOAD)) {
		return "its payload needs more SMS than smssc.long allows";
	}
	if (len > ONE_SMS) {
		smpp_set_octets(pdu, SMPP_TLV_MESSAGE_PAYLOAD, octets, len);
	} else {
		pdu->short_message = (struct smpp_octets){ octets, len };
	}
	put_parameters(pdu, trg, part, conf);
	return NULL;
}

void core_smpp_fill_cancel(struct smpp_pdu *pdu, const struct trg *trg, const struct cfg_smssc *conf, const char *id)
{
	*pdu = (struct smpp_pdu){ .header.command = SMPP_CANCEL_SM };
	if (!put_addresses(pdu, trg, conf) || str_copy(pdu->message_id, sizeof pdu->message_id, id, strlen(id))) {
		pdu->message_id[0] = 0; /* the caller does not send it: an empty id cancels messages of others */
	}
}

/* -- receipts */

static void read_text(struct core_smpp_receipt *out, const struct smpp_pdu *pdu)
{
	struct smpp_content content;
	struct smpp_receipt text;

	if (smpp_content_of(&content, pdu) || smpp_receipt_parse(&text, content.payload.p, content.payload.len)) {
		return;
	}
	if (!out->id[0]) {
		str_cut(out->id, sizeof out->id, text.id);
	}
	if (!out->state) {
		out->state = text.state;
	}
}

bool core_smpp_read(struct core_smpp_receipt *out, const struct smpp_pdu *pdu)
{
	const char *device = pdu->source.digits;

	*out = (struct core_smpp_receipt){ .state = 0 };
	if ((pdu->esm_class & SMPP_ESM_TYPE) != SMPP_ESM_TYPE_RECEIPT) {
		return false;
	}
	if (smpp_has(pdu, SMPP_TLV_RECEIPTED_MESSAGE_ID)) {
		const struct smpp_octets *id = &pdu->octets[SMPP_TLV_RECEIPTED_MESSAGE_ID];

		if (str_copy(out->id, sizeof out->id, id->p, id->len)) {
			out->id[0] = 0;
		}
	}
	if (smpp_has(pdu, SMPP_TLV_MESSAGE_STATE)) {
		out->state = (uint8_t)pdu->number[SMPP_TLV_MESSAGE_STATE];
	}
	out->has_reference = smpp_has(pdu, SMPP_TLV_USER_MESSAGE_REFERENCE);
	out->reference = out->has_reference ? (uint16_t)pdu->number[SMPP_TLV_USER_MESSAGE_REFERENCE] : 0;
	str_cut(out->device, sizeof out->device, device[0] == '+' ? device + 1 : device);
	if (!out->id[0] || !out->state) {
		read_text(out, pdu);
	}
	return true;
}

uint32_t core_smpp_outcome(uint8_t state)
{
	switch (state) {
	case SMPP_STATE_DELIVERED:
		return TSP_OUTCOME_SUCCESS;
	case SMPP_STATE_EXPIRED:
		return TSP_OUTCOME_EXPIRED;
	default: /* deleted, undeliverable, rejected */
		return TSP_OUTCOME_UNDELIVERABLE;
	}
}
