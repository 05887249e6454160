/* bench_smssc.c - a lean SMS-SC: takes every DTR, stores nothing; with --reports a DRR that says "delivered" follows each DTA. */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "apps/t4_drr.h"
#include "apps/t4_dtr.h"
#include "base/clock.h"
#include "base/stdfd.h"
#include "bench/bench_form.h"
#include "bench/bench_server.h"
#include "diameter/dia_failed.h"
#include "link/link_ids.h"

#define REPORT_WAIT_MS 30000u
#define SESSION_MARK "0000000000;0000000000"
#define REFERENCE_MARK 0x5a3c69f1u /* octets 5a 3c 69 f1 */
#define PART_MAX 32

struct smssc {
	struct bench_server server;
	struct link_ids ids;
	struct bench_form dta, drr;
	size_t session_at, imsi_at, smea_at, reference_at;
	/* what the DRR was encoded for: those of another trigger of the same lengths are put in their place */
	uint8_t imsi[PART_MAX], smea[PART_MAX];
	uint32_t imsi_len, smea_len;
	uint64_t session;
	bool reports, encoded;
};

static bool encode_dta(struct smssc *s)
{
	uint8_t room[BENCH_ANSWER_MAX];
	struct buf out = buf_over(room, sizeof room);
	struct t4_dtr dtr = { .head = {
				  .request = true, .session_id = dia_text("mark"), .auth_application_id = dia_u32_of(APP_T4) } };
	struct t4_dta dta = { 0 };

	app_answer_head(&dta.head, &dtr.head, s->server.host, s->server.realm);
	dta.head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	t4_dta_build(&out, &dta, 0, 0);
	return !out.full && bench_form_of_answer(&s->dta, room, out.len);
}

/* A DRR for the trigger of this DTR; its marks are kept. */
static bool encode_drr(struct smssc *s, const struct dia_msg *m)
{
	char session[LINK_SESSION_ID_MAX];
	struct buf out = buf_over(s->drr.octets, sizeof s->drr.octets);
	struct t4_drr drr = { .head = { .request = true } };
	struct dia_failed failed = { 0 };
	struct t4_dtr dtr;

	if (t4_dtr_parse(&dtr, m, &failed) || dtr.user_identifier.user_name.len > PART_MAX || dtr.sm_rp_smea.len > PART_MAX) {
		return false;
	}
	snprintf(session, sizeof session, "%s;" SESSION_MARK, s->server.host);
	drr.head.session_id = dia_text(session);
	drr.head.auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	drr.head.origin_host = dia_text(s->server.host);
	drr.head.origin_realm = dia_text(s->server.realm);
	drr.head.destination_host = dtr.head.origin_host;
	drr.head.destination_realm = dtr.head.origin_realm;
	drr.user_identifier.user_name = dtr.user_identifier.user_name;
	drr.sm_rp_smea = dtr.sm_rp_smea;
	drr.sm_delivery_outcome = dia_u32_of(T4_OUTCOME_SUCCESSFUL_TRANSFER);
	drr.reference_number = dia_u32_of(REFERENCE_MARK);
	t4_drr_build(&out, &drr, 0, 0);
	s->drr.len = out.len;
	if (out.full) {
		return false;
	}
	s->imsi_len = drr.user_identifier.user_name.len;
	s->smea_len = drr.sm_rp_smea.len;
	memcpy(s->imsi, drr.user_identifier.user_name.p, s->imsi_len);
	memcpy(s->smea, drr.sm_rp_smea.p, s->smea_len);
	s->session_at = bench_form_place(&s->drr, SESSION_MARK, sizeof SESSION_MARK - 1);
	s->imsi_at = bench_form_place(&s->drr, s->imsi, s->imsi_len);
	s->smea_at = bench_form_place(&s->drr, s->smea, s->smea_len);
	s->reference_at = bench_form_place(&s->drr, (const uint8_t[]){ 0x5a, 0x3c, 0x69, 0xf1 }, 4);
	s->encoded = true;
	return true;
}

static void on_dra(void *arg, int err, const struct dia_msg *m)
{
	struct smssc *s = arg;
	struct dia_avp result;

	if (!err && dia_msg_find(m, DIA_DEF(RESULT_CODE)->code, 0, &result) && result.data_len == 4 &&
	    bench_get_be32(result.data) == DIA_RESULT_SUCCESS) {
		s->server.reports++;
	} else {
		s->server.refused++;
	}
}

static void report(struct smssc *s, struct link *l, const struct dia_msg *m)
{
	struct dia_avp imsi, smea, reference;

	if (!bench_find_inside(m, DIA_DEF(USER_IDENTIFIER), DIA_DEF(USER_NAME), &imsi) ||
	    !dia_msg_find(m, DIA_DEF(SM_RP_SMEA)->code, DIA_VENDOR_3GPP, &smea) ||
	    !dia_msg_find(m, DIA_DEF(REFERENCE_NUMBER)->code, DIA_VENDOR_3GPP, &reference) || reference.data_len != 4) {
		s->server.refused++;
		return;
	}
	if ((!s->encoded || imsi.data_len != s->imsi_len || smea.data_len != s->smea_len) && !encode_drr(s, m)) {
		s->server.refused++;
		return;
	}
	s->session++;
	bench_put_digits(s->drr.octets + s->session_at, 10, s->session >> 32);
	bench_put_digits(s->drr.octets + s->session_at + 11, 10, s->session & 0xffffffffu);
	bench_put_be32(s->drr.octets + 16, link_ids_end_to_end(&s->ids));
	memcpy(s->drr.octets + s->imsi_at, imsi.data, imsi.data_len);
	memcpy(s->drr.octets + s->smea_at, smea.data, smea.data_len);
	memcpy(s->drr.octets + s->reference_at, reference.data, 4);
	if (link_request(l, s->drr.octets, s->drr.len, REPORT_WAIT_MS, on_dra, s)) {
		s->server.refused++;
	}
}

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct smssc *s = arg;
	uint8_t room[BENCH_ANSWER_MAX];
	struct buf out = buf_over(room, sizeof room);

	bench_form_answer(&out, &s->dta, m);
	bench_server_answer(&s->server, l, &out);
	if (s->reports) {
		report(s, l, m);
	}
}

int main(int argc, char **argv)
{
	static struct smssc s;
	uint32_t random = 0;
	bool reports = argc == 4 && strcmp(argv[3], "--reports") == 0;

	if (stdfd_open()) {
		return 1;
	}
	if (argc != 3 && !reports) {
		fputs("usage: bench_smssc HOST REALM [--reports]\n"
		      "An SMS-SC that stores nothing, for the bench. --reports: a delivery report follows each answer.\n",
		      stderr);
		return 2;
	}
	if (getrandom(&random, sizeof random, 0) != sizeof random) {
		return 1;
	}
	s.server = (struct bench_server){ .name = "bench_smssc",
					  .host = argv[1],
					  .realm = argv[2],
					  .application = APP_T4,
					  .cb = { .on_request = on_request } };
	s.reports = reports;
	link_ids_init(&s.ids, argv[1], clock_real_ms(), random);
	s.session = s.ids.session_next;
	return encode_dta(&s) ? stdfd_end("bench_smssc", bench_server_run(&s.server), 1) : 1;
}
