/* bench_hss.c - a lean HSS: answers every SIR with one subscriber that is reachable through one
 * MME. It looks nothing up: IMSI and MSISDN are made of the digits of the External-Identifier, so
 * each device has its own. */
#include <stdio.h>
#include <string.h>

#include "apps/s6m_sir.h"
#include "base/stdfd.h"
#include "base/str.h"
#include "bench/bench_form.h"
#include "bench/bench_server.h"
#include "diameter/dia_failed.h"

#define DIGITS 10 /* of an IMSI behind the network's code, and of an MSISDN behind 4917 */
#define MARK "9876543210"
#define MSISDN_PREFIX "4917" /* an even number of digits: those behind it fill whole octets */

struct hss {
	struct bench_server server;
	struct bench_form sia;
	size_t imsi_at, msisdn_at;
};

static bool encode(struct hss *h)
{
	uint8_t room[BENCH_ANSWER_MAX], msisdn[STR_TBCD_MAX], mark[STR_TBCD_MAX];
	struct buf out = buf_over(room, sizeof room);
	struct s6m_sir sir = {
		.head = { .request = true, .session_id = dia_text("mark"), .auth_application_id = dia_u32_of(APP_S6M) }
	};
	struct s6m_sia sia = { 0 };
	size_t msisdn_len, mark_len;

	if (str_tbcd(msisdn, &msisdn_len, MSISDN_PREFIX MARK) || str_tbcd(mark, &mark_len, MARK)) {
		return false;
	}
	app_answer_head(&sia.head, &sir.head, h->server.host, h->server.realm);
	sia.head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	sia.user_identifiers[0].user_name = dia_text("00101" MARK);
	sia.user_identifiers[0].msisdn = (struct dia_bytes){ msisdn, (uint32_t)msisdn_len };
	sia.user_identifiers_n = 1;
	sia.has_service_data = sia.has_t4_data = true;
	sia.serving_node =
	    (struct app_serving_node){ .present = true,
				       .mme_name = dia_text("mme.core.operator.example"),
				       .mme_realm = dia_text("core.operator.example"),
				       .mme_number_for_mt_sms = { (const uint8_t *)"\x94\x71\x00\x00\x00\x10", 6 } };
	s6m_sia_build(&out, &sia, 0, 0);
	if (out.full || !bench_form_of_answer(&h->sia, room, out.len)) {
		return false;
	}
	h->imsi_at = bench_form_place(&h->sia, MARK, DIGITS);
	h->msisdn_at = bench_form_place(&h->sia, mark, mark_len);
	return true;
}

/* The digits before the '@', from the right; zeros before them. */
static void digits_of(uint8_t out[DIGITS], const struct dia_avp *external)
{
	const uint8_t *at = memchr(external->data, '@', external->data_len);
	size_t left = at ? (size_t)(at - external->data) : external->data_len;
	size_t n = DIGITS;

	memset(out, '0', DIGITS);
	while (n > 0 && left > 0 && external->data[left - 1] >= '0' && external->data[left - 1] <= '9') {
		out[--n] = external->data[--left];
	}
}

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct hss *h = arg;
	uint8_t room[BENCH_ANSWER_MAX], digits[DIGITS], *msisdn = h->sia.octets + h->msisdn_at;
	struct buf out = buf_over(room, sizeof room);
	struct dia_avp external;

	if (bench_find_inside(m, DIA_DEF(USER_IDENTIFIER), DIA_DEF(EXTERNAL_IDENTIFIER), &external)) {
		digits_of(digits, &external);
		memcpy(h->sia.octets + h->imsi_at, digits, DIGITS);
		for (size_t i = 0; i < DIGITS / 2; i++) {
			msisdn[i] = (uint8_t)((digits[2 * i + 1] - '0') << 4 | (digits[2 * i] - '0'));
		}
	}
	bench_form_answer(&out, &h->sia, m);
	bench_server_answer(&h->server, l, &out);
}

int main(int argc, char **argv)
{
	static struct hss h;

	if (stdfd_open()) {
		return 1;
	}
	if (argc != 3) {
		fputs("usage: bench_hss HOST REALM\nAn HSS without subscribers, for the bench: every device is known and "
		      "reachable.\n",
		      stderr);
		return 2;
	}
	h.server = (struct bench_server){
		.name = "bench_hss", .host = argv[1], .realm = argv[2], .application = APP_S6M, .cb = { .on_request = on_request }
	};
	return encode(&h) ? stdfd_end("bench_hss", bench_server_run(&h.server), 1) : 1;
}
