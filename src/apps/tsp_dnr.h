/* tsp_dnr.h - Device-Notification-Request and -Answer (Tsp, TS 29.368 6.6.3/6.6.4). PURE. Rules as
 * in tsp_dar.h. */
#pragma once
#include "apps/tsp.h"

struct tsp_dnr {
	struct app_head head;
	bool has_notification;
	struct tsp_device_notification notification;
};

struct tsp_dna {
	struct app_head head;
};

ERR_MUST_USE int tsp_dnr_parse(struct tsp_dnr *out, const struct dia_msg *m, struct dia_failed *failed);
ERR_MUST_USE int tsp_dna_parse(struct tsp_dna *out, const struct dia_msg *m, struct dia_failed *failed);
/* Forgives what APP_LAPSE_TABLE lists; `lapses` is set to its bits. */
ERR_MUST_USE int tsp_dna_parse_lenient(struct tsp_dna *out, const struct dia_msg *m, struct dia_failed *failed, uint8_t *lapses);
void tsp_dnr_clear(struct tsp_dnr *out);
void tsp_dnr_build(struct buf *out, const struct tsp_dnr *in, uint32_t hop_by_hop, uint32_t end_to_end);
void tsp_dna_build(struct buf *out, const struct tsp_dna *in, uint32_t hop_by_hop, uint32_t end_to_end);
