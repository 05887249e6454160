/* edge_play.c - both neighbours of an edge. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/tsp_dar.h"
#include "apps/tsp_dnr.h"
#include "diameter/dia_base.h"
#include "diameter/dia_dict.h"
#include "tests/unit/edge/edge_play.h"

static const struct dia_limits limits = { 64 * 1024, 512, 8 };

static const char config[] =
    "identity:\n"
    "  external: { host: iwf.operator.example, realm: operator.example }\n"
    "  internal: { host: iwf.core.operator.example, realm: core.operator.example }\n"
    "state_dir: /nowhere\n"
    "control: { path: /nowhere/ctl }\n"
    "listen:\n"
    "  - { name: tsp, zone: internal, protection: none, address: 127.0.0.1, port: 0 }\n"
    "peers:\n"
    "  - { name: hss, host: hss.example, realm: example, address: 127.0.0.1, port: 9, protection: none }\n"
    "s6m: { peer: hss, destination_realm: example }\n"
    "t4: { peer: hss, destination_realm: example }\n";

static void on_ring_broken(void *arg)
{
	((struct edge_play *)arg)->broken++;
}

void edge_play_turns(struct edge_play *p, int n)
{
	for (int i = 0; i < n; i++) {
		turn_for(&p->turn, 1);
	}
}

void edge_play_new_core(struct edge_play *p)
{
	struct ipc_ring_fds ours, theirs;

	ipc_ring_close(p->core);
	assert_int_equal(ipc_ring_make(&ours, &theirs, IPC_RING_MIN), 0);
	assert_int_equal(edge_ring_open(p->edge, &ours), 0);
	assert_int_equal(ipc_ring_open(&p->core, &theirs), 0);
	edge_play_turns(p, 2);
}

static void on_ndsip_lost(void *arg, uint32_t number)
{
	((struct edge_play *)arg)->lost = number;
}

void edge_play_helper(struct edge_play *p)
{
	static uint32_t number;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	p->helper = pair[0];
	assert_int_equal(edge_ndsip(p->edge, pair[1], ++number, on_ndsip_lost, p), 0);
}

void edge_play_connect(struct edge_play *p)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(p->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	p->scs = socket(AF_INET, SOCK_STREAM, 0);
	/* A request that is dropped has no answer to carry its acknowledgement: the next one would wait for it. */
	assert_int_equal(setsockopt(p->scs, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)), 0);
	assert_int_equal(connect(p->scs, (struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(fcntl(p->scs, F_SETFL, O_NONBLOCK), 0);
	edge_play_turns(p, 5);
}

void edge_play_start(struct edge_play *p)
{
	char why[CFG_WHY_MAX] = "";
	int caps;

	if (cfg_iwf_parse(&p->cfg, "/test.yaml", config, sizeof config - 1, why)) {
		fail_msg("%s", why);
	}
	log_init(&p->log, -1, LOG_LEVEL_DEBUG, "test");
	if (p->ndsip) {
		p->cfg->listen[0].protection = PROTECTION_NDSIP;
		p->cfg->ndsip.grace_ms = p->grace_ms ? p->grace_ms : 600000;
		p->cfg->ndsip.on_loss = p->keep ? CFG_NDSIP_KEEP : CFG_NDSIP_CUT;
	}
	assert_int_equal(net_loop_new(&p->loop), 0);
	turn_begin(&p->turn, p->loop);
	assert_int_equal(ipc_caps_make(&caps, 1), 0);
	assert_int_equal(ipc_caps_open(&p->caps, caps, 0), 0);
	close(caps);
	p->conf = (struct edge_conf){ p->cfg, 7, p->caps, &p->log, on_ring_broken, p };
	assert_int_equal(edge_new(&p->edge, p->loop, &p->conf), 0);
	assert_int_equal(net_tcp_bind(&p->listen_fd, &p->port, "127.0.0.1", 0, 8), 0);
	assert_int_equal(edge_listen(p->edge, p->listen_fd, &p->cfg->listen[0], NULL), 0);
	edge_play_new_core(p);
	if (p->ndsip) {
		edge_play_helper(p);
	}
	edge_play_connect(p);
}

void edge_play_end(struct edge_play *p)
{
	close(p->scs);
	edge_free(p->edge);
	ipc_ring_close(p->core);
	ipc_caps_close(p->caps);
	close(p->listen_fd);
	turn_end(&p->turn);
	net_loop_free(p->loop);
	cfg_iwf_free(p->cfg);
}

/* -- the SCS */

static void send_out(struct edge_play *p, const struct buf *b)
{
	assert_false(b->full);
	assert_int_equal(write(p->scs, b->p, b->len), b->len);
	edge_play_turns(p, 5);
}

void edge_play_cer(struct edge_play *p, const char *host)
{
	uint8_t octets[512];
	struct buf b = buf_over(octets, sizeof octets);
	struct dia_capabilities cer = { .request = true, .addresses_n = 1, .vendor_applications_n = 1 };

	cer.origin_host = dia_text(host);
	cer.origin_realm = dia_text("acme.example");
	cer.addresses[0] = (struct dia_address){ 1, { 127, 0, 0, 1 } };
	cer.vendor_id = dia_u32_of(0);
	cer.product_name = dia_text("test");
	cer.vendor_applications[0].vendor_id = DIA_VENDOR_3GPP;
	cer.vendor_applications[0].application_id = APP_TSP;
	dia_capabilities_build(&b, &cer, 1, 1);
	send_out(p, &b);
}

void edge_play_dar(struct edge_play *p, const char *host, const char *device, uint32_t reference)
{
	uint8_t octets[2048];
	struct buf b = buf_over(octets, sizeof octets);
	struct tsp_dar dar = { .has_action = true };

	dar.head.request = true;
	dar.head.session_id = dia_text("scs.acme.example;1;2");
	dar.head.auth_application_id = dia_u32_of(APP_TSP);
	dar.head.auth_session_state = dia_u32_of(1);
	dar.head.origin_host = dia_text(host);
	dar.head.origin_realm = dia_text("acme.example");
	dar.head.destination_realm = dia_text("operator.example");
	dar.action.external_identifier = dia_text(device);
	dar.action.reference_number = dia_u32_of(reference);
	dar.action.action_type = dia_u32_of(TSP_ACTION_TRIGGER);
	dar.action.trigger_data.present = true;
	dar.action.trigger_data.payload = dia_text("hi");
	tsp_dar_build(&b, &dar, reference, reference);
	send_out(p, &b);
}

void edge_play_dna(struct edge_play *p, const struct dia_msg *dnr, uint32_t result_code)
{
	edge_play_dna_as(p, dnr, &(struct edge_play_dna){ .result_code = result_code });
}

void edge_play_dna_as(struct edge_play *p, const struct dia_msg *dnr, const struct edge_play_dna *as)
{
	uint8_t octets[1024];
	struct buf b = buf_over(octets, sizeof octets);
	struct dia_failed why = { 0 };
	struct tsp_dnr parsed;
	struct tsp_dna dna = { 0 };

	assert_int_equal(tsp_dnr_parse(&parsed, dnr, &why), 0);
	app_answer_head(&dna.head, &parsed.head, as->host ? as->host : "scs.acme.example", "acme.example");
	dna.head.auth_application_id = dia_u32_of(APP_TSP);
	dna.head.result_code = dia_u32_of(as->result_code ? as->result_code : 2001);
	if (as->session_id) {
		dna.head.session_id = dia_text(as->session_id);
	}
	if (as->bare) {
		dna.head.auth_application_id.present = dna.head.auth_session_state.present = false;
		dna.head.origin_realm = (struct dia_bytes){ NULL, 0 };
	}
	tsp_dna_build(&b, &dna, dnr->hdr.hop_by_hop, dnr->hdr.end_to_end);
	send_out(p, &b);
}

bool edge_play_received(struct edge_play *p, struct dia_msg *m)
{
	struct dia_failed why = { 0 };
	struct dia_hdr hdr;
	ssize_t n;

	edge_play_turns(p, 3);
	while ((n = read(p->scs, p->in + p->in_len, sizeof p->in - p->in_len)) > 0) {
		p->in_len += (size_t)n;
	}
	if (dia_hdr_parse(&hdr, p->in + p->taken, p->in_len - p->taken) || hdr.length > p->in_len - p->taken) {
		return false;
	}
	assert_int_equal(dia_msg_parse(m, p->in + p->taken, hdr.length, &limits, &why), 0);
	p->taken += hdr.length;
	return true;
}

bool edge_play_closed(struct edge_play *p)
{
	char c;

	for (int i = 0; i < 200; i++) {
		ssize_t n = read(p->scs, &c, 1);

		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			return true;
		}
		edge_play_turns(p, 1);
	}
	return false;
}

uint32_t edge_play_result(const struct dia_msg *m)
{
	uint16_t left;
	struct dia_win w = dia_msg_win(m, &left);
	struct dia_failed why = { 0 };
	struct dia_avp avp;

	while (dia_win_next(&w, &avp, &why) == DIA_MORE) {
		struct rd r = rd_over(avp.data, avp.data_len);

		if (avp.code == DIA_CODE_RESULT_CODE && avp.vendor == 0) {
			return rd_be32(&r);
		}
	}
	return 0;
}

int64_t edge_play_status(const struct dia_msg *m)
{
	struct dia_failed why = { 0 };
	struct tsp_daa daa;

	if (tsp_daa_parse(&daa, m, &why) || !daa.notification.request_status.present) {
		return -1;
	}
	return daa.notification.request_status.v;
}

/* -- the core */

size_t edge_play_take(struct edge_play *p, uint16_t type, struct ipc_rec_head *head)
{
	size_t len;

	edge_play_turns(p, 2);
	while (ipc_ring_recv(p->core, p->record, &len) == 0) {
		assert_int_equal(ipc_rec_head_get(head, p->record, len), 0);
		assert_true(ipc_rec_to_core(head->type));
		assert_int_equal(head->edge_generation, p->conf.generation);
		if (head->type == type) {
			return len;
		}
	}
	return 0;
}

void edge_play_core_says(struct edge_play *p, size_t len)
{
	assert_int_equal(ipc_ring_send(p->core, p->record, len), 0);
	assert_int_equal(ipc_ring_flush(p->core), 0);
	edge_play_turns(p, 3);
}

uint64_t edge_play_asked(struct edge_play *p, struct ipc_session_open *open)
{
	struct ipc_rec_head head;
	size_t len = edge_play_take(p, IPC_REC_SESSION_OPEN, &head);

	assert_true(len > 0);
	assert_int_equal(ipc_session_open_get(open, p->record, len), 0);
	return head.transaction;
}

uint64_t edge_play_offered(struct edge_play *p, struct ipc_device_action *a)
{
	struct ipc_rec_head head;
	size_t len = edge_play_take(p, IPC_REC_DEVICE_ACTION, &head);

	assert_true(len > 0);
	assert_int_equal(ipc_device_action_get(a, p->record, len), 0);
	return head.transaction;
}

void edge_play_verdict(struct edge_play *p, uint64_t session, bool admitted)
{
	struct ipc_session_verdict yes = { true, 2001, 100, "acme", "accepted", false, 0, false },
				   no = { false, 3010, 0, "", "unknown-peer", false, 0, false };

	edge_play_core_says(p, ipc_session_verdict_put(p->record, p->conf.generation, session, admitted ? &yes : &no));
}

uint64_t edge_play_open(struct edge_play *p, const char *host)
{
	struct ipc_session_open open;
	struct dia_msg m;
	uint64_t session;

	edge_play_cer(p, host);
	session = edge_play_asked(p, &open);
	edge_play_verdict(p, session, true);
	assert_true(edge_play_received(p, &m));
	assert_int_equal(edge_play_result(&m), 2001);
	return session;
}
