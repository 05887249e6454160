/* sme_trigger.c - SMPP to Tsp and back. */
#include "nodes/smssc/sme_trigger.h"

#include <stdio.h>

#include "apps/t4_drr.h"

enum { PID_DEVICE_TRIGGER = 0x48 };

static bool names_a_part(const struct smpp_element *e)
{
	return (e->id == SMPP_IE_PART_8BIT && e->len == 3) || (e->id == SMPP_IE_PART_16BIT && e->len == 4);
}

/* A header that holds at most one element for ports and one for a segment, both of the right size;
 * the second is one that counts. */
static bool header_is_plain(const struct smpp_content *c)
{
	struct smpp_element e;
	uint32_t at = 0;
	unsigned ports = 0, parts = 0;

	while (smpp_element_next(&e, &c->header, &at)) {
		bool part = names_a_part(&e);

		if (!part && !(e.id == SMPP_IE_PORTS_16BIT && e.len == 4) && !(e.id == SMPP_IE_PORTS_8BIT && e.len == 2)) {
			return false;
		}
		parts += part;
		ports += !part;
	}
	return ports <= 1 && parts == (c->part == SMPP_FORM_HEADER);
}

enum smpp_status sme_trigger_form(const struct smpp_pdu *p, const struct smpp_content *c, const char **why)
{
	if (p->header.command == SMPP_SUBMIT_MULTI) {
		*why = "a trigger has one destination";
		return SMPP_RSUBMITFAIL;
	}
	if (p->protocol_id != PID_DEVICE_TRIGGER && p->protocol_id != 0) {
		*why = "a trigger has protocol_id 0x48";
		return SMPP_RSUBMITFAIL;
	}
	if (!header_is_plain(c)) {
		*why = "the user data header of a trigger has one port, and which segment it is, and nothing else";
		return SMPP_RSUBMITFAIL;
	}
	if (!c->eight_bit) {
		*why = "a trigger is 8-bit data";
		return SMPP_RINVDCS;
	}
	return SMPP_ROK;
}

static struct tsp_dar request(const struct dlv_text *text, uint32_t action, const struct sme_trigger_ends *ends)
{
	return (struct tsp_dar){
		.head = { .request = true,
			  .retransmitted = ends->again,
			  .session_id = dia_text(ends->session_id),
			  .auth_application_id = dia_u32_of(APP_TSP),
			  .auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED),
			  .origin_host = dia_text(ends->host),
			  .origin_realm = dia_text(ends->realm),
			  .destination_host = dia_text(ends->iwf_host),
			  .destination_realm = dia_text(ends->iwf_realm) },
		.has_action = true,
		.action = { .msisdn = { text->msisdn, (uint32_t)text->msisdn_len },
			    .reference_number = dia_u32_of(text->reference),
			    .action_type = dia_u32_of(action) },
	};
}

void sme_trigger_build(struct buf *out, const struct dlv_text *text, const struct sme_trigger_ends *ends)
{
	bool replaces = text->sme.change.kind == DLV_CHANGE_REPLACE;
	struct tsp_dar dar = request(text, replaces ? TSP_ACTION_REPLACE : TSP_ACTION_TRIGGER, ends);
	struct tsp_device_action *a = &dar.action;

	a->old_reference_number = (struct dia_u32){ text->sme.change.old, replaces };
	a->trigger_data.present = true;
	a->trigger_data.payload = (struct dia_bytes){ text->payload, (uint32_t)text->payload_len };
	a->trigger_data.priority_indication = dia_u32_of(text->priority ? TSP_PRIORITY : TSP_NON_PRIORITY);
	a->trigger_data.application_port = (struct dia_u32){ text->port, text->has_port };
	a->validity_time_s = (struct dia_u32){ text->validity_s, text->validity_s != 0 };
	tsp_dar_build(out, &dar, 0, ends->end_to_end);
}

void sme_trigger_recall(struct buf *out, const struct dlv_text *text, const struct sme_trigger_ends *ends)
{
	const struct tsp_dar dar = request(text, TSP_ACTION_RECALL, ends);

	tsp_dar_build(out, &dar, 0, ends->end_to_end);
}

bool sme_trigger_is_answered(const struct tsp_daa *daa)
{
	return daa->head.result_code.present && daa->head.result_code.v / 1000 == 2 && daa->notification.request_status.present;
}

bool sme_trigger_is(const struct tsp_daa *daa, uint32_t request_status)
{
	return sme_trigger_is_answered(daa) && daa->notification.request_status.v == request_status;
}

bool sme_trigger_is_settled(const struct tsp_daa *daa)
{
	return sme_trigger_is_answered(daa) && !sme_trigger_is(daa, TSP_STATUS_TEMPORARYERROR);
}

/* One status for everything that has to do with the device: the SME learns no more than an SCS. */
enum smpp_status sme_trigger_status(const struct tsp_daa *daa, enum smpp_status refused)
{
	if (!sme_trigger_is_answered(daa)) {
		return SMPP_RSYSERR;
	}
	switch (daa->notification.request_status.v) {
	case TSP_STATUS_SUCCESS:
		return SMPP_ROK;
	case TSP_STATUS_INVPAYLOAD:
		return SMPP_RINVMSGLEN;
	case TSP_STATUS_INVPERIOD:
		return SMPP_RINVEXPIRY;
	case TSP_STATUS_RATEEXCEEDED:
		return SMPP_RTHROTTLED;
	case TSP_STATUS_QUOTAEXCEEDED:
		return SMPP_RMSGQFUL;
	case TSP_STATUS_INVSCSID:
	case TSP_STATUS_TEMPORARYERROR:
		return SMPP_RSYSERR;
	default:
		return refused;
	}
}

const char *sme_trigger_words(const struct tsp_daa *daa, char room[SME_TRIGGER_WORDS_MAX])
{
	if (sme_trigger_is_answered(daa)) {
		return tsp_request_status_str(daa->notification.request_status.v);
	}
	(void)snprintf(room, SME_TRIGGER_WORDS_MAX, "result %u", daa->head.result_code.present ? daa->head.result_code.v : 0);
	return room;
}

int sme_trigger_report_check(const struct tsp_dnr *dnr, struct dia_failed *failed)
{
	const struct tsp_device_notification *n = &dnr->notification;

	if (!dnr->has_notification) {
		return dia_refuse_missing(failed, DIA_CODE_DEVICE_NOTIFICATION, DIA_CODE_VENDOR_DEVICE_NOTIFICATION);
	}
	if (!n->action_type.present) {
		return dia_refuse_missing(failed, DIA_CODE_ACTION_TYPE, DIA_CODE_VENDOR_ACTION_TYPE);
	}
	if (n->action_type.v != TSP_ACTION_DELIVERY_REPORT) {
		return dia_refuse(failed, DIA_RESULT_UNABLE_TO_COMPLY, "Action-Type %u is no delivery report", n->action_type.v);
	}
	if (!n->reference_number.present) {
		return dia_refuse_missing(failed, DIA_CODE_REFERENCE_NUMBER, DIA_CODE_VENDOR_REFERENCE_NUMBER);
	}
	if (!n->delivery_outcome.present) {
		return dia_refuse_missing(failed, DIA_CODE_DELIVERY_OUTCOME, DIA_CODE_VENDOR_DELIVERY_OUTCOME);
	}
	return 0;
}

uint8_t sme_trigger_outcome(uint32_t delivery_outcome, bool *absent)
{
	*absent = delivery_outcome == TSP_OUTCOME_TEMPORARYERROR;
	switch (delivery_outcome) {
	case TSP_OUTCOME_SUCCESS:
		return T4_OUTCOME_SUCCESSFUL_TRANSFER;
	case TSP_OUTCOME_EXPIRED:
		return T4_OUTCOME_VALIDITY_TIME_EXPIRED;
	case TSP_OUTCOME_TEMPORARYERROR:
	case TSP_OUTCOME_UNDELIVERABLE:
		return T4_OUTCOME_ABSENT_SUBSCRIBER;
	default:
		return DLV_OUTCOME_UNKNOWN;
	}
}
