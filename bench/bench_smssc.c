/* bench_smssc.c - a lean SMS-SC: accepts every DTR and stores nothing. With --reports a DRR with
 * the outcome "delivered" follows each DTA. With --hold N it remembers up to N triggers, reports
 * them on SIGUSR1, and prints when it began and when the last was acknowledged
 * ({"event":"released",...}). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "apps/t4_drr.h"
#include "apps/t4_dtr.h"
#include "base/clock.h"
#include "base/stdfd.h"
#include "base/str.h"
#include "bench/bench_form.h"
#include "bench/bench_server.h"
#include "diameter/dia_failed.h"
#include "link/link_ids.h"

#define REPORT_WAIT_MS 30000u
#define SESSION_MARK "0000000000;0000000000"
#define REFERENCE_MARK 0x5a3c69f1u /* octets 5a 3c 69 f1 */
#define PART_MAX 32
#define HELD_WINDOW 256u /* reports without an answer */
#define HELD_MAX 4000000u

struct held {
	uint8_t imsi[16], smea[12], reference[4];
	uint8_t imsi_len, smea_len;
};

struct smssc {
	struct bench_server server;
	struct link_ids ids;
	struct bench_form dta, drr;
	size_t session_at, imsi_at, smea_at, reference_at;
	/* values that the DRR was encoded for; the values of another trigger, of the same lengths,
	 * replace them */
	uint8_t imsi[PART_MAX], smea[PART_MAX];
	uint32_t imsi_len, smea_len;
	uint64_t session;
	bool reports, encoded;
	/* --hold */
	struct held *held;
	size_t held_max, held_n, released, acknowledged;
	struct link *link; /* over which the held ones came */
	uint64_t release_us;
	bool releasing;
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

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void release_more(struct smssc *s);

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
	if (s->releasing) {
		s->acknowledged++;
		release_more(s);
	}
}

static void send_drr(struct smssc *s, struct link *l, const struct held *h)
{
	s->session++;
	bench_put_digits(s->drr.octets + s->session_at, 10, s->session >> 32);
	bench_put_digits(s->drr.octets + s->session_at + 11, 10, s->session & 0xffffffffu);
	bench_put_be32(s->drr.octets + 16, link_ids_end_to_end(&s->ids));
	memcpy(s->drr.octets + s->imsi_at, h->imsi, h->imsi_len);
	memcpy(s->drr.octets + s->smea_at, h->smea, h->smea_len);
	memcpy(s->drr.octets + s->reference_at, h->reference, sizeof h->reference);
	if (link_request(l, s->drr.octets, s->drr.len, REPORT_WAIT_MS, on_dra, s)) {
		s->server.refused++;
		s->acknowledged++;
	}
}

static void release_more(struct smssc *s)
{
	while (s->released < s->held_n && s->released - s->acknowledged < HELD_WINDOW) {
		send_drr(s, s->link, &s->held[s->released++]);
	}
	if (s->acknowledged == s->held_n) {
		s->releasing = false;
		printf("{\"event\":\"released\",\"reports\":%zu,\"began_us\":%" PRIu64 ",\"ended_us\":%" PRIu64 "}\n", s->held_n,
		       s->release_us, now_us());
		fflush(stdout);
		s->held_n = 0;
	}
}

static void on_release(void *arg)
{
	struct smssc *s = arg;

	if (!s->releasing && s->link) {
		s->releasing = true;
		s->released = s->acknowledged = 0;
		s->release_us = now_us();
		release_more(s);
	}
}

/* What a report says of this trigger. False: it has no such parts, or one that is too long. */
static bool read_trigger(struct held *h, const struct dia_msg *m)
{
	struct dia_avp imsi, smea, reference;

	if (!bench_find_inside(m, DIA_DEF(USER_IDENTIFIER), DIA_DEF(USER_NAME), &imsi) ||
	    !dia_msg_find(m, DIA_DEF(SM_RP_SMEA)->code, DIA_VENDOR_3GPP, &smea) ||
	    !dia_msg_find(m, DIA_DEF(REFERENCE_NUMBER)->code, DIA_VENDOR_3GPP, &reference) ||
	    reference.data_len != sizeof h->reference || imsi.data_len > sizeof h->imsi || smea.data_len > sizeof h->smea) {
		return false;
	}
	h->imsi_len = (uint8_t)imsi.data_len;
	h->smea_len = (uint8_t)smea.data_len;
	memcpy(h->imsi, imsi.data, imsi.data_len);
	memcpy(h->smea, smea.data, smea.data_len);
	memcpy(h->reference, reference.data, sizeof h->reference);
	return true;
}

static void report(struct smssc *s, struct link *l, const struct dia_msg *m)
{
	struct held h;

	if (!read_trigger(&h, m) ||
	    ((!s->encoded || h.imsi_len != s->imsi_len || h.smea_len != s->smea_len) && !encode_drr(s, m))) {
		s->server.refused++;
	} else if (!s->held) {
		send_drr(s, l, &h);
	} else if (s->held_n < s->held_max) {
		s->held[s->held_n++] = h;
		s->link = l;
	} else {
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
	if (s->reports || s->held) {
		report(s, l, m);
	}
}

static int usage(void)
{
	fputs("usage: bench_smssc HOST REALM [--reports | --hold N]\n"
	      "An SMS-SC that stores nothing, for the bench. --reports: a delivery report follows each answer; --hold: those of "
	      "up to N triggers\n"
	      "on SIGUSR1.\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static struct smssc s;
	uint32_t random = 0, hold = 0;

	if (stdfd_open()) {
		return 1;
	}
	s.reports = argc == 4 && strcmp(argv[3], "--reports") == 0;
	if (argc == 5 && (strcmp(argv[3], "--hold") != 0 || str_parse_u32(&hold, argv[4], 1, HELD_MAX))) {
		return usage();
	}
	if (argc != 3 && !s.reports && !hold) {
		return usage();
	}
	s.held_max = hold;
	s.held = hold ? calloc(hold, sizeof *s.held) : NULL;
	if (getrandom(&random, sizeof random, 0) != sizeof random || (hold && !s.held)) {
		return 1;
	}
	s.server = (struct bench_server){ .name = "bench_smssc",
					  .host = argv[1],
					  .realm = argv[2],
					  .application = APP_T4,
					  .on_user_signal = on_release,
					  .cb = { .on_request = on_request } };
	link_ids_init(&s.ids, argv[1], clock_real_ms(), random);
	s.session = s.ids.session_next;
	return encode_dta(&s) ? stdfd_end("bench_smssc", bench_server_run(&s.server), 1)
			      : 1; /* what it holds goes with the process */
}
