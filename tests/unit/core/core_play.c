/* core_play.c - the other end of everything the core has. */
#include "tests/unit/test.h"

#include <ftw.h>
#include <unistd.h>

#include "tests/unit/core/core_play.h"
#include "tests/support/asc_wait.h"
#include "tests/unit/trigger/trg_put.h"

static const char config[] =
    "identity:\n"
    "  external: { host: iwf.operator.example, realm: operator.example }\n"
    "  internal: { host: iwf.core.operator.example, realm: core.operator.example }\n"
    "state_dir: %s\n"
    "control: { path: %s/ctl }\n"
    "trust_anchors:\n"
    "  - { name: anchor-a, file: a.pem }\n"
    "  - { name: anchor-b, file: b.pem }\n"
    "listen:\n"
    "  - { name: tsp, zone: external, protection: tls, address: 127.0.0.1, port: 0, certificate: c.pem, key: k.pem }\n"
    "peers:\n"
    "  - { name: hss, host: hss.example, realm: example, address: 127.0.0.1, port: 9, protection: none }\n"
    "s6m: { peer: hss, destination_realm: example }\n"
    "t4: { peer: hss, destination_realm: example }\n";

static void on_bad_edge(void *arg, uint32_t generation)
{
	((struct core_play *)arg)->bad_edge = generation;
}

static void on_log_level(void *arg, enum log_level level)
{
	(void)arg;
	(void)level;
}

static const struct core_cb callbacks = { on_bad_edge, on_log_level, NULL, NULL, NULL };

static void core_open(struct core_play *p)
{
	struct core_edge_id who = { 0, p->generation, ZONE_EXTERNAL, 1, 1 };
	struct ipc_ring_fds ours, theirs;
	char why[CORE_WHY_MAX] = "";

	p->conf = (struct core_conf){ .cfg = p->cfg,
				      .log = &p->log,
				      .decisions_fd = p->lines_fd,
				      .audit_key = p->audit_key,
				      .publish_fd = -1,
				      .cb = &callbacks,
				      .arg = p };
	if (core_new(&p->core, p->loop, &p->conf, why)) {
		fail_msg("%s", why);
	}
	p->lines_fd = -1; /* taken */
	assert_int_equal(ipc_ring_make(&ours, &theirs, IPC_RING_MIN), 0);
	assert_int_equal(core_edge_add(p->core, &who, &ours), 0);
	assert_int_equal(ipc_ring_open(&p->edge, &theirs), 0);
}

void core_play_start(struct core_play *p)
{
	char text[2048], why[CFG_WHY_MAX] = "";
	int n;

	memset(p, 0, sizeof *p);
	p->lines_fd = -1;
	strcpy(p->dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/mtc-core-XXXXXX"
						     : "/tmp/mtc-core-XXXXXX"); /* flushes cost nothing there */
	assert_non_null(mkdtemp(p->dir));
	n = snprintf(text, sizeof text, config, p->dir, p->dir);
	if (cfg_iwf_parse(&p->cfg, "/test.yaml", text, (size_t)n, why)) {
		fail_msg("%s", why);
	}
	log_init(&p->log, -1, LOG_LEVEL_DEBUG, "test");
	p->generation = 7;
	assert_int_equal(net_loop_new(&p->loop), 0);
	turn_begin(&p->turn, p->loop);
	core_open(p);
}

static void core_close(struct core_play *p)
{
	ipc_ring_close(p->edge);
	core_free(p->core);
}

void core_play_restart(struct core_play *p)
{
	core_close(p);
	core_open(p);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void core_play_end(struct core_play *p)
{
	core_close(p);
	turn_end(&p->turn);
	core_play_turns(p, 0);
	net_loop_free(p->loop);
	cfg_iwf_free(p->cfg);
	nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void core_play_turns(struct core_play *p, int n)
{
	for (int i = 0; i < n; i++) {
		turn_for(&p->turn, 1);
	}
}

void core_play_send(struct core_play *p, size_t len)
{
	assert_int_equal(ipc_ring_send(p->edge, p->record, len), 0);
	assert_int_equal(ipc_ring_flush(p->edge), 0);
	core_play_turns(p, 3);
}

void core_play_settle(struct core_play *p)
{
	for (size_t i = 0; i < p->cfg->peers_n; i++) {
		while (core_peer_begins(&p->core->peers.row[i])) { /* ends by itself after a time */
			core_play_turns(p, 1);
		}
	}
}

size_t core_play_take(struct core_play *p, uint16_t type, struct ipc_rec_head *head)
{
	size_t len;

	while (ipc_ring_recv(p->edge, p->record, &len) == 0) {
		assert_int_equal(ipc_rec_head_get(head, p->record, len), 0);
		assert_false(ipc_rec_to_core(head->type));
		if (head->type == type) {
			return len;
		}
	}
	return 0;
}

void core_play_provision(struct core_play *p)
{
	struct asc_rule_new rule = { "acme", "*@a.example", ASSOC_ALLOW, ASSOC_RIGHT_ALL, 0, 0, ASSOC_ENFORCE };
	struct asc_why why;
	struct asc_scs scs;

	asc_scs_init(&scs);
	strcpy(scs.name, "acme");
	strcpy(scs.e164, "491720000001");
	strcpy(scs.origin_host, "scs.acme.example");
	strcpy(scs.realm, "acme.example");
	strcpy(scs.anchor, "anchor-a");
	scs.connections_max = 2;
	assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
	assert_int_equal(asc_rule_add(p->core->store.asc, &rule, &why), 0);
}

void core_play_add_fleet(struct core_play *p)
{
	struct asc_rule_new rule = { "group:fleet", "*@b.example", ASSOC_ALLOW, ASSOC_RIGHT_TRIGGER, 0, 0, ASSOC_ENFORCE };
	struct asc_group fleet = { .name = "fleet", .anchor = "anchor-a" };
	struct asc_why why;

	assert_int_equal(asc_group_put(p->core->store.asc, &fleet, &why), 0);
	assert_int_equal(asc_rule_add(p->core->store.asc, &rule, &why), 0);
}

struct ipc_session_open core_play_session(const char *host, const char *anchor)
{
	struct ipc_session_open s = { .zone = ZONE_EXTERNAL,
				      .protection = PROTECTION_TLS,
				      .transport = TRANSPORT_TCP,
				      .tls_version = AGREED_TLS_1_3,
				      .tls_suite = agreed_suite(0x1301) };

	s.identity.kind = IDENTITY_TLS;
	s.identity.names_n = s.identity.anchors_n = 1;
	snprintf(s.identity.names[0], sizeof s.identity.names[0], "%s", host);
	snprintf(s.identity.anchors[0], sizeof s.identity.anchors[0], "%s", anchor);
	snprintf(s.origin_host, sizeof s.origin_host, "%s", host);
	strcpy(s.origin_realm, "acme.example");
	strcpy(s.address, "192.0.2.7:40000");
	return s;
}

struct ipc_session_verdict core_play_open(struct core_play *p, uint64_t number, const struct ipc_session_open *open)
{
	struct ipc_session_verdict v = { .result_code = 0 };
	struct ipc_rec_head head;
	size_t len;

	core_play_send(p, ipc_session_open_put(p->record, p->generation, number, open));
	len = core_play_take(p, IPC_REC_SESSION_VERDICT, &head);
	if (len) {
		assert_int_equal(head.transaction, number);
		assert_int_equal(ipc_session_verdict_get(&v, p->record, len), 0);
	}
	return v;
}

struct ipc_device_action core_play_action(uint64_t session, const char *device, uint32_t reference)
{
	struct ipc_device_action a = { .session = session,
				       .end_to_end = reference,
				       .device = IPC_DEVICE_EXTERNAL,
				       .reference = reference,
				       .action_type = 1,
				       .has_trigger_data = true,
				       .payload_len = 2,
				       .payload = (const uint8_t *)"hi" };

	strcpy(a.external_id, device);
	a.validity_s = (struct ipc_opt_u32){ 600, true };
	return a;
}

int64_t core_play_ask(struct core_play *p, uint64_t transaction, const struct ipc_device_action *a)
{
	struct ipc_device_action_answer answer;
	struct ipc_rec_head head;
	size_t len;

	core_play_settle(p);
	core_play_send(p, ipc_device_action_put(p->record, p->generation, transaction, a));
	len = core_play_take(p, IPC_REC_DEVICE_ACTION_ANSWER, &head);
	if (!len) {
		return -1;
	}
	assert_int_equal(ipc_device_action_answer_get(&answer, p->record, len), 0);
	assert_int_equal(head.transaction, transaction);
	assert_int_equal(answer.session, a->session);
	return answer.result_code == 2001 ? (int64_t)answer.request_status : 1000000 + (int64_t)answer.result_code;
}

int core_play_setup(void **state)
{
	struct core_play *p = calloc(1, sizeof *p);

	core_play_start(p);
	core_play_provision(p);
	core_play_turns(p, 3);
	core_play_settle(p);
	*state = p;
	return 0;
}

int core_play_teardown(void **state)
{
	core_play_end(*state);
	free(*state);
	return 0;
}

struct core_trigger *core_play_sent(struct core_play *p, uint32_t number, uint32_t end_to_end, const char *host, const char *id)
{
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = "491720000001",
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .external = "meter-7@a.example", /* which acme may trigger */
				 .msisdn = CORE_PLAY_DEVICE,
				 .groups = "",
				 .action = TSP_ACTION_TRIGGER,
				 .reference = number,
				 .received_ms = core_now_ms(p->core),
				 .expires_ms = core_now_ms(p->core) + 600000 };
	struct core_trigger *t;

	assert_int_equal(core_trigger_new(&t, p->core, core_scs_get(p->core, "acme"), &r), 0);
	trg_put(t->trg, id ? TRG_ACCEPTED : TRG_SUBMITTING);
	t->trg->sent_to = host;
	t->trg->dtr_end_to_end = end_to_end;
	if (id) {
		assert_int_equal(trg_set_message_id(t->trg, id, false), 0);
	}
	assert_int_equal(core_smpp_name(p->core, &t->seat, t->trg), 0);
	return t;
}
