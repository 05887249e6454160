/* ue_read.h - checks an RPDU: is it a device trigger for one of our application ports? (TS 23.040
 * 9.2.3.9, 9.2.3.24.4). PURE. */
#pragma once
#include "base/str.h"
#include "nodes/sms/sms_status.h"

struct ue_ports { /* application ports; none named: every port */
	bool some;
	uint8_t bits[65536 / 8];
};

/* "N" or "N-M", 0 to 65535. ERR_INVAL, ERR_RANGE. */
ERR_MUST_USE int ue_ports_add(struct ue_ports *p, const char *text);
bool ue_ports_has(const struct ue_ports *p, uint16_t port);

#define UE_SENDER_MAX (3 * 11 + 1) /* bytes: a name has at most 11 characters, here in UTF-8 */

struct ue_message {
	uint8_t reference;                   /* to be answered with */
	char originator[STR_DIGITS_MAX + 1]; /* of a trigger: E.164 */
	char sender[UE_SENDER_MAX];          /* of another message: a number of any type, or a name */
	struct sms_deliver deliver;          /* payload borrowed from the RPDU */
};

/* Whether it is a whole short message that is no device trigger; out->sender is "" when its address
 * cannot be read. */
bool ue_read_message(struct ue_message *out, const uint8_t *rpdu, size_t len);
/* Whether it is a status report; *reference is set then. `recipient` is "" when it is no number. */
bool ue_read_status(struct sms_status *out, uint8_t *reference, char recipient[STR_DIGITS_MAX + 1], const uint8_t *rpdu,
		    size_t len);
/* Returns 0, or the RP-Cause of the refusal with *reason ("tp-pid", "tp-dcs", "port", "originator",
 * "malformed"). out->reference is always set. */
uint8_t ue_read(struct ue_message *out, const uint8_t *rpdu, size_t len, const struct ue_ports *ports, const char **reason);
