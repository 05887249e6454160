/* scs_request.c - TS 29.368 6.6.1. */
#include "nodes/scs/scs_request.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

const char *scs_request_device(const struct scs_options *o, uint32_t nth, char room[SCS_DEVICE_MAX])
{
	const char *braces = o->has_devices ? strstr(o->external, "{}") : NULL;

	if (!o->external[0]) {
		return o->msisdn;
	}
	if (!braces) {
		return o->external;
	}
	snprintf(room, SCS_DEVICE_MAX, "%.*s%u%s", (int)(braces - o->external), o->external,
		 o->devices_first + (uint32_t)(nth % ((uint64_t)o->devices_last - o->devices_first + 1)), braces + 2);
	return room;
}

static struct dia_bytes tbcd(uint8_t room[STR_TBCD_MAX], const char *number)
{
	size_t len = 0;

	if (!number[0] || str_tbcd(room, &len, number)) {
		return (struct dia_bytes){ 0 };
	}
	return (struct dia_bytes){ room, (uint32_t)len };
}

static uint32_t action_of(enum scs_command command)
{
	switch (command) {
	case SCS_RECALL:
		return TSP_ACTION_RECALL;
	case SCS_REPLACE:
		return TSP_ACTION_REPLACE;
	default:
		return TSP_ACTION_TRIGGER;
	}
}

/* With --stamp the payload ends in the Reference-Number, so that the payload tells which trigger
 * the device got. */
static struct dia_bytes payload_of(const struct scs_options *o, uint32_t reference)
{
	char stamp[SCS_STAMP_LEN + 1];
	struct dia_bytes all = { o->payload, (uint32_t)o->payload_len };

	if (!o->stamp) {
		return all;
	}
	snprintf(stamp, sizeof stamp, "%08x", reference);
	memcpy(o->payload + o->payload_len, stamp, SCS_STAMP_LEN);
	all.len += SCS_STAMP_LEN;
	return all;
}

void scs_request_build(struct buf *out, const struct scs_options *o, uint32_t nth, const char *session_id, uint32_t end_to_end,
		       bool again)
{
	uint8_t msisdn[STR_TBCD_MAX], identity[STR_TBCD_MAX];
	char room[SCS_DEVICE_MAX];
	struct tsp_dar dar = {
		.head = { .request = true,
			  .retransmitted = again,
			  .session_id = dia_text(session_id),
			  .auth_application_id = dia_u32_of(APP_TSP),
			  .auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED),
			  .origin_host = dia_text(o->origin_host),
			  .origin_realm = dia_text(o->realm),
			  .destination_host = dia_text(o->iwf_host),
			  .destination_realm = dia_text(o->iwf_realm) },
		.has_action = true,
	};
	struct tsp_device_action *a = &dar.action;

	if (o->external[0]) {
		a->external_identifier = dia_text(scs_request_device(o, nth, room));
	}
	a->msisdn = tbcd(msisdn, o->msisdn);
	a->scs_identity = tbcd(identity, o->scs_identity);
	a->reference_number = dia_u32_of(o->reference + nth);
	a->action_type = dia_u32_of(action_of(o->command));
	if (o->has_old_reference) {
		a->old_reference_number = dia_u32_of(o->old_reference + nth);
	}
	if (o->has_validity) {
		a->validity_time_s = dia_u32_of(o->validity_s);
	}
	if (o->payload) {
		a->trigger_data.present = true;
		a->trigger_data.payload = payload_of(o, o->reference + nth);
		a->trigger_data.priority_indication = dia_u32_of(o->priority ? TSP_PRIORITY : TSP_NON_PRIORITY);
		a->trigger_data.application_port = (struct dia_u32){ o->port, o->has_port };
	}
	tsp_dar_build(out, &dar, 0, end_to_end);
}
