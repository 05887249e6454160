/* scs_notice.c - DNR to DNA. A report is acknowledged only after it was taken: the gateway keeps
 * unacknowledged reports. */
#include "nodes/scs/scs_notice.h"

#include <stdlib.h>

#include "nodes/scs/scs_words.h"

#define ANSWER_EXTRA 4096u

void scs_notice_build(struct buf *out, const struct scs_options *o, const struct log *log, const struct dia_msg *m,
		      scs_notice_fn *take, void *arg)
{
	struct dia_failed failed = { 0 };
	struct tsp_dnr dnr;
	struct tsp_dna dna = { 0 };

	if (m->hdr.app_id != APP_TSP) {
		dia_failed_set(&failed, DIA_RESULT_APPLICATION_UNSUPPORTED, "application %u is not Tsp (%u)", m->hdr.app_id,
			       APP_TSP);
	} else if (m->hdr.code != APP_CMD_DEVICE_NOTIFICATION) {
		dia_failed_set(&failed, DIA_RESULT_COMMAND_UNSUPPORTED, "command %u is not Device-Notification", m->hdr.code);
	} else if (tsp_dnr_parse(&dnr, m, &failed) == 0 && scs_report_check(&dnr, &failed) == 0 && !take(arg, &dnr)) {
		dia_failed_set(&failed, DIA_RESULT_TOO_BUSY, "reports of reference %u are not taken on this connection",
			       dnr.notification.reference_number.v);
	}
	if (failed.result_code) {
		log_write(log, failed.result_code == DIA_RESULT_TOO_BUSY ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "scs",
			  "request of the gateway answered with %u: %s", failed.result_code, failed.text);
		dia_error_answer(out, m, o->origin_host, o->realm, &failed);
		return;
	}
	app_answer_head(&dna.head, &dnr.head, o->origin_host, o->realm);
	dna.head.auth_application_id = dia_u32_of(APP_TSP);
	dna.head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	tsp_dna_build(out, &dna, m->hdr.hop_by_hop, m->hdr.end_to_end);
}

void scs_notice_answer(const struct scs_options *o, const struct log *log, struct link *l, const struct dia_msg *m,
		       scs_notice_fn *take, void *arg)
{
	size_t cap = m->hdr.length + ANSWER_EXTRA;
	uint8_t *octets = malloc(cap);
	struct buf out = buf_over(octets, cap);
	int err = ERR_NOMEM;

	if (octets) {
		scs_notice_build(&out, o, log, m, take, arg);
	}
	if (octets && !out.full) {
		err = link_answer(l, octets, out.len);
	}
	if (err) {
		log_warn(log, "scs", "a report could not be acknowledged: %s; it will come again", err_str(err));
	}
	free(octets);
}
