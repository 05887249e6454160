/* tsp_dar.h - Device-Action-Request and -Answer (Tsp, TS 29.368 6.6.1/6.6.2). PURE.
 * Parse: borrows the message as long as `out` is used. Unless 0 is returned, `out` is empty (no
 * member, every count 0) and ERR_PROTO fills `failed`. Elements behind the count of a list are
 * undefined.
 * Build: writes a whole message, request or answer; check out->full. Clear: makes a struct empty
 * that is to be filled and built, without touching its lists. */
#pragma once
#include "apps/tsp.h"

struct tsp_dar {
	struct app_head head;
	bool has_action; /* optional in the grammar; the gateway answers 5005 without it */
	struct tsp_device_action action;
};

struct tsp_daa {
	struct app_head head;
	/* mandatory in a DAA that is not an E-bit answer */
	struct tsp_device_notification notification;
	struct dia_u32 feature_supported_in_final_target;
};

ERR_MUST_USE int tsp_dar_parse(struct tsp_dar *out, const struct dia_msg *m, struct dia_failed *failed);
/* By rules of the caller, see dia_command_parse_by(). */
struct dia_rules;
ERR_MUST_USE int tsp_dar_parse_by(struct tsp_dar *out, const struct dia_msg *m, struct dia_failed *failed,
				  struct dia_rules *rules);
ERR_MUST_USE int tsp_daa_parse(struct tsp_daa *out, const struct dia_msg *m, struct dia_failed *failed);
void tsp_dar_build(struct buf *out, const struct tsp_dar *in, uint32_t hop_by_hop, uint32_t end_to_end);
void tsp_daa_clear(struct tsp_daa *out);
void tsp_daa_build(struct buf *out, const struct tsp_daa *in, uint32_t hop_by_hop, uint32_t end_to_end);
