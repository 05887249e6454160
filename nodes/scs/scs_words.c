/* scs_words.c - answers and reports as text. Text of the other side goes through text_or_hex(),
 * because it may not be UTF-8. */
#include "nodes/scs/scs_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "nodes/common/node.h"

static json_t *text_or_hex(struct dia_bytes b)
{
	json_t *text = json_stringn((const char *)b.p, b.len); /* NULL when not UTF-8 */
	char *hex;

	if (text || b.len > 4096) {
		return text;
	}
	hex = malloc(2 * (size_t)b.len + 1);
	if (!hex) {
		return NULL;
	}
	str_hex(hex, b.p, b.len);
	text = json_string(hex);
	free(hex);
	return text;
}

static json_t *milliseconds(uint64_t us)
{
	return json_real((double)us / 1000.0);
}

static bool set_status(json_t *event, const char *key, const char *word, uint32_t value)
{
	char numbered[48];

	if (json_object_set_new(event, key, json_string(word))) {
		return false;
	}
	snprintf(numbered, sizeof numbered, "%s_value", key);
	return strcmp(word, "unknown") != 0 || json_object_set_new(event, numbered, json_integer(value)) == 0;
}

json_t *scs_asked_event(const struct scs_options *o, uint32_t nth, const char *device, uint32_t end_to_end, bool again,
			uint64_t real_ms)
{
	static const char *const actions[] = { [SCS_TRIGGER] = "trigger", [SCS_REPLACE] = "replace", [SCS_RECALL] = "recall" };
	json_t *event = json_pack("{s:s, s:s, s:I, s:I, s:I}", "event", "asked", "action", actions[o->command], "reference",
				  (json_int_t)(uint32_t)(o->reference + nth), "end_to_end", (json_int_t)end_to_end, "time_ms",
				  (json_int_t)real_ms);
	bool ok = event && json_object_set_new(event, "device", text_or_hex(dia_text(device))) == 0;

	if (ok && o->has_old_reference) {
		ok = json_object_set_new(event, "old_reference", json_integer((uint32_t)(o->old_reference + nth))) == 0;
	}
	if (ok && o->has_validity) {
		ok = json_object_set_new(event, "validity", json_integer(o->validity_s)) == 0;
	}
	if (ok && again) {
		ok = json_object_set_new(event, "again", json_true()) == 0;
	}
	if (ok) {
		return event;
	}
	json_decref(event);
	return NULL;
}

json_t *scs_unanswered_event(uint32_t reference, const char *why)
{
	return json_pack("{s:s, s:I, s:s}", "event", "unanswered", "reference", (json_int_t)reference, "why", why);
}

static bool set_number(json_t *event, const char *key, struct dia_u32 v)
{
	return !v.present || json_object_set_new(event, key, json_integer(v.v)) == 0;
}

json_t *scs_answer_event(const struct tsp_daa *daa, uint32_t reference, const char *device, uint64_t elapsed_us)
{
	const struct app_head *h = &daa->head;
	struct dia_u32 status = daa->notification.request_status;
	json_t *event = json_pack("{s:s, s:I}", "event", "answer", "reference", (json_int_t)reference);
	bool ok = event != NULL;

	if (ok && h->result_code.present) {
		ok = json_object_set_new(event, "result_code", json_integer(h->result_code.v)) == 0;
	}
	if (ok && h->experimental_result.present) {
		ok = json_object_set_new(event, "experimental_result_code", json_integer(h->experimental_result.code)) == 0;
	}
	if (ok && status.present) {
		ok = set_status(event, "request_status", tsp_request_status_str(status.v), status.v);
	}
	if (ok) {
		ok = set_number(event, "mtc_error_diagnostic", daa->notification.mtc_error_diagnostic) &&
		     set_number(event, "feature_supported_in_final_target", daa->feature_supported_in_final_target);
	}
	if (ok && h->error_message.p) {
		ok = json_object_set_new(event, "error_message", text_or_hex(h->error_message)) == 0;
	}
	if (ok) { /* our own request; with --unchecked it may not be UTF-8 */
		ok = json_object_set_new(event, "device", text_or_hex(dia_text(device))) == 0;
	}
	if (ok) {
		ok = json_object_set_new(event, "elapsed_ms", milliseconds(elapsed_us)) == 0;
	}
	if (ok) {
		return event;
	}
	json_decref(event);
	return NULL;
}

int scs_answer_exit(const struct tsp_daa *daa)
{
	struct dia_u32 result = daa->head.result_code, status = daa->notification.request_status;

	if (result.present && result.v / 1000 == 2 && status.present && status.v == TSP_STATUS_SUCCESS) {
		return NODE_EXIT_OK;
	}
	return NODE_EXIT_REFUSED;
}

const char *scs_answer_status(const struct tsp_daa *daa, char room[SCS_STATUS_MAX])
{
	struct dia_u32 result = daa->head.result_code, status = daa->notification.request_status;

	if (daa->head.experimental_result.present) {
		snprintf(room, SCS_STATUS_MAX, "experimental-%u", daa->head.experimental_result.code);
	} else if (!result.present || result.v / 1000 != 2 || !status.present) {
		snprintf(room, SCS_STATUS_MAX, "result-%u", result.v);
	} else {
		return tsp_request_status_str(status.v);
	}
	return room;
}

int scs_report_check(const struct tsp_dnr *dnr, struct dia_failed *failed)
{
	const struct tsp_device_notification *n = &dnr->notification;

	if (!dnr->has_notification) {
		return dia_refuse_missing(failed, DIA_CODE_DEVICE_NOTIFICATION, DIA_CODE_VENDOR_DEVICE_NOTIFICATION);
	}
	if (!n->action_type.present) {
		return dia_refuse_missing(failed, DIA_CODE_ACTION_TYPE, DIA_CODE_VENDOR_ACTION_TYPE);
	}
	if (n->action_type.v != TSP_ACTION_DELIVERY_REPORT) {
		return dia_refuse(failed, DIA_RESULT_UNABLE_TO_COMPLY,
				  "only delivery reports (Action-Type 2) are taken here, not %u", n->action_type.v);
	}
	if (!n->reference_number.present) {
		return dia_refuse_missing(failed, DIA_CODE_REFERENCE_NUMBER, DIA_CODE_VENDOR_REFERENCE_NUMBER);
	}
	if (!n->delivery_outcome.present) {
		return dia_refuse_missing(failed, DIA_CODE_DELIVERY_OUTCOME, DIA_CODE_VENDOR_DELIVERY_OUTCOME);
	}
	return 0;
}

void scs_report_device(char out[SCS_NAME_MAX], const struct tsp_dnr *dnr)
{
	struct dia_bytes external = dnr->notification.external_identifier, msisdn = dnr->notification.msisdn;

	out[0] = 0;
	if (external.p && external.len < SCS_NAME_MAX) {
		for (uint32_t i = 0; i < external.len; i++) {
			out[i] = external.p[i] > 0x20 && external.p[i] < 0x7f ? (char)external.p[i] : '?';
		}
		out[external.len] = 0;
	} else if (msisdn.p && str_untbcd(out, msisdn.p, msisdn.len)) {
		out[0] = 0;
	}
}

json_t *scs_report_event(const struct tsp_dnr *dnr, uint64_t elapsed_us)
{
	const struct tsp_device_notification *n = &dnr->notification;
	char device[SCS_NAME_MAX];
	json_t *event;
	bool ok;

	scs_report_device(device, dnr);
	event = json_pack("{s:s, s:I}", "event", "report", "reference", (json_int_t)n->reference_number.v);
	ok = event &&
	     set_status(event, "delivery_outcome", tsp_delivery_outcome_str(n->delivery_outcome.v), n->delivery_outcome.v);
	if (ok) {
		ok = json_object_set_new(event, "device", json_string(device)) == 0;
	}
	if (ok && elapsed_us) {
		ok = json_object_set_new(event, "elapsed_ms", milliseconds(elapsed_us)) == 0;
	}
	if (ok) {
		return event;
	}
	json_decref(event);
	return NULL;
}

int scs_report_exit(uint32_t outcome)
{
	return outcome == TSP_OUTCOME_SUCCESS ? NODE_EXIT_OK : NODE_EXIT_OUTCOME;
}

json_t *scs_error_event(const char *words, uint32_t result_code)
{
	json_t *text = text_or_hex(dia_text(words));

	if (!text) {
		return NULL;
	}
	if (result_code) {
		return json_pack("{s:s, s:o, s:I}", "event", "error", "error", text, "result_code", (json_int_t)result_code);
	}
	return json_pack("{s:s, s:o}", "event", "error", "error", text);
}

void scs_refusal_words(char *out, size_t size, uint32_t result_code)
{
	const char *next = "";

	if (result_code == DIA_RESULT_UNKNOWN_PEER) {
		next = "; the gateway knows no SCS with this Origin-Host, realm and CA of the certificate; its operator finds "
		       "the reason in the decision log";
	} else if (result_code == DIA_RESULT_NO_COMMON_SECURITY) {
		next = "; this TLS version, cipher suite or protection was not agreed for this SCS; its operator sees which one "
		       "in the decision log";
	}
	snprintf(out, size, "the gateway refused the connection with %u (%s)%s", result_code, dia_result_str(result_code), next);
}
