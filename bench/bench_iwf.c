/* bench_iwf.c - stands in for the gateway: answers every DAR with success, over TLS. It shows the
 * cost of a Diameter request and its answer with our codec and our links at both ends and nothing
 * in between. */
#include <stdio.h>
#include <string.h>

#include "apps/tsp_dar.h"
#include "base/stdfd.h"
#include "bench/bench_form.h"
#include "bench/bench_server.h"

struct iwf {
	struct bench_server server;
	struct bench_form daa;
};

static bool encode(struct iwf *w)
{
	uint8_t room[BENCH_ANSWER_MAX];
	struct buf out = buf_over(room, sizeof room);
	struct tsp_dar dar = {
		.head = { .request = true, .session_id = dia_text("mark"), .auth_application_id = dia_u32_of(APP_TSP) }
	};
	struct tsp_daa daa = { 0 };

	app_answer_head(&daa.head, &dar.head, w->server.host, w->server.realm);
	daa.head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	daa.notification = (struct tsp_device_notification){ .external_identifier = dia_text("meter-000001@a.example"),
							     .scs_identity = { (const uint8_t *)"\x94\x71\x00\x00\x00\x10", 6 },
							     .reference_number = dia_u32_of(1),
							     .action_type = dia_u32_of(TSP_ACTION_TRIGGER),
							     .request_status = dia_u32_of(TSP_STATUS_SUCCESS) };
	tsp_daa_build(&out, &daa, 0, 0);
	return !out.full && bench_form_of_answer(&w->daa, room, out.len);
}

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct iwf *w = arg;
	uint8_t room[BENCH_ANSWER_MAX];
	struct buf out = buf_over(room, sizeof room);

	bench_form_answer(&out, &w->daa, m);
	bench_server_answer(&w->server, l, &out);
}

int main(int argc, char **argv)
{
	static struct iwf w;
	struct tls_anchor_conf anchor = { .name = "ca" };
	struct tls_conf tls = { .server = true, .anchors = &anchor, .anchors_n = 1, .tls12_allowed = true };
	char why[512] = "";

	if (stdfd_open()) {
		return 1;
	}
	if (argc != 6) {
		fputs("usage: bench_iwf HOST REALM CERTIFICATE KEY CA\nA gateway that says yes to all and does nothing, for the "
		      "bench.\n",
		      stderr);
		return 2;
	}
	tls.certificate = argv[3];
	tls.key = tls_keyholder_file(argv[4]);
	anchor.file = argv[5];
	w.server = (struct bench_server){
		.name = "bench_iwf", .host = argv[1], .realm = argv[2], .application = APP_TSP, .cb = { .on_request = on_request }
	};
	if (tls_ctx_new(&w.server.tls, &tls, why, sizeof why)) {
		fprintf(stderr, "bench_iwf: %s\n", why);
		return 2;
	}
	return encode(&w) ? stdfd_end("bench_iwf", bench_server_run(&w.server), 1) : 1;
}
