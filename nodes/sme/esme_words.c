/* esme_words.c - PDUs as JSON. Texts of the other end go through hex or are checked: JSON has UTF-8. */
#include "nodes/sme/esme_words.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "smpp/smpp_content.h"
#include "smpp/smpp_list.h"

/* Octets above ASCII, and control characters, become '?'. */
static json_t *text_of(const char *text)
{
	char out[256];
	size_t n = 0;

	for (; text[n] && n < sizeof out - 1; n++) {
		out[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	}
	out[n] = 0;
	return json_string(out);
}

static json_t *hex_of(const struct smpp_octets *o)
{
	char *hex = malloc(2 * (size_t)o->len + 1);
	json_t *value = NULL;

	if (hex) {
		str_hex(hex, o->p, o->len);
		value = json_string(hex);
	}
	free(hex);
	return value;
}

static json_t *failures_of(const struct smpp_pdu *p)
{
	struct rd r = rd_over(p->failures.p ? p->failures.p : (const uint8_t *)"", p->failures.len);
	json_t *list = json_array();
	struct smpp_failure f;

	for (unsigned i = 0; list && i < p->failures_n && smpp_failure_next(&f, &r) == SMPP_ROK; i++) {
		json_array_append_new(list, json_pack("{s:o, s:s, s:I}", "to", text_of(f.address.digits), "status",
						      smpp_status_name(f.status), "code", (json_int_t)f.status));
	}
	return list;
}

json_t *esme_answer_event(uint32_t command, uint32_t status, const struct smpp_pdu *p)
{
	json_t *event = json_pack("{s:s, s:s, s:s, s:I}", "event", "answer", "command", smpp_command_name(command), "status",
				  smpp_status_name(status), "code", (json_int_t)status);

	if (!event) {
		return NULL;
	}
	if (status != SMPP_ROK) {
		json_object_set_new(event, "words", json_string(smpp_status_words(status)));
	} else if (p && command == SMPP_QUERY_SM) {
		const char *word = smpp_state_word(p->message_state);

		json_object_set_new(event, "message_id", text_of(p->message_id));
		json_object_set_new(event, "state", json_string(word ? word : "?"));
		json_object_set_new(event, "final_date", text_of(p->final_date));
		json_object_set_new(event, "error_code", json_integer(p->error_code));
	} else if (p && (command == SMPP_SUBMIT_SM || command == SMPP_DATA_SM || command == SMPP_SUBMIT_MULTI)) {
		json_object_set_new(event, "message_id", text_of(p->message_id));
	}
	if (p && p->failures_n) {
		json_object_set_new(event, "failures", failures_of(p));
	}
	return event;
}

/* The text counts, and parameters fill what it does not have. False: the SMSC says receipt, and nothing
 * tells of which message. */
static bool read_receipt(struct smpp_receipt *r, const struct smpp_pdu *p, const struct smpp_content *c)
{
	const struct smpp_octets *id = &p->octets[SMPP_TLV_RECEIPTED_MESSAGE_ID];
	bool by_text = smpp_receipt_parse(r, c->payload.p ? c->payload.p : (const uint8_t *)"", c->payload.len) == 0;

	if (by_text) {
		return true;
	}
	*r = (struct smpp_receipt){ .state = (uint8_t)p->number[SMPP_TLV_MESSAGE_STATE] };
	return id->len && smpp_has(p, SMPP_TLV_MESSAGE_STATE) && !str_copy(r->id, sizeof r->id, id->p, id->len);
}

json_t *esme_delivered_event(struct smpp_receipt *receipt, const struct smpp_pdu *p)
{
	struct smpp_content c = { 0 };
	const char *word;

	*receipt = (struct smpp_receipt){ 0 };
	if (smpp_content_of(&c, p) == SMPP_ROK && c.receipt && read_receipt(receipt, p, &c)) {
		word = smpp_state_word(receipt->state);
		return json_pack("{s:s, s:o, s:s, s:o, s:I, s:I, s:o, s:o, s:o}", "event", "receipt", "message_id",
				 text_of(receipt->id), "state", word ? word : "?", "err", text_of(receipt->err), "submit_s",
				 (json_int_t)receipt->submit_s, "done_s", (json_int_t)receipt->done_s, "source",
				 text_of(p->source.digits), "destination", text_of(p->destination.digits), "text",
				 text_of(receipt->text));
	}
	return json_pack(
	    "{s:s, s:o, s:o, s:i, s:i, s:i, s:o}", "event", "message", "source", text_of(p->source.digits), "destination",
	    text_of(p->destination.digits), "esm_class", (int)p->esm_class, "pid", (int)p->protocol_id, "data_coding",
	    (int)p->data_coding, "payload_hex",
	    hex_of(smpp_has(p, SMPP_TLV_MESSAGE_PAYLOAD) ? &p->octets[SMPP_TLV_MESSAGE_PAYLOAD] : &p->short_message));
}

json_t *esme_error_event(const char *words)
{
	return json_pack("{s:s, s:o}", "event", "error", "text", text_of(words));
}
