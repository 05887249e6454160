/* core_world.c - the neighbours of a core, and the promises that hold after every step. */
#include "tests/fuzz/core_world.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/s6m_sir.h"
#include "apps/t4_dtr.h"
#include "diameter/dia_base.h"
#include "tests/fuzz/fake_journal.h"
#include "tests/fuzz/fake_loop.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_place.h"
#include "tests/support/asc_wait.h"

#define TURNS_MAX 1000u
#define ROUNDS_MAX 100u

static const struct dia_limits limits = { 1u << 20, UINT16_MAX, 16 };

static const char config[] =
    "identity:\n"
    "  external: { host: iwf.operator.example, realm: operator.example }\n"
    "  internal: { host: iwf.core.operator.example, realm: core.operator.example }\n"
    "state_dir: %s\n"
    "control: { path: %s/ctl }\n"
    "trust_anchors:\n"
    "  - { name: anchor-a, file: a.pem }\n"
    "listen:\n"
    "  - { name: tsp, zone: external, protection: tls, address: 127.0.0.1, port: 0, certificate: c.pem, key: k.pem }\n"
    "peers:\n"
    "  - { name: hss, host: hss.example, realm: example, address: 127.0.0.1, port: 1, protection: none }\n"
    "  - { name: smssc, host: smssc.example, realm: example, address: 127.0.0.1, port: 2, protection: none }\n"
    "s6m: { peer: hss, destination_realm: example }\n"
    "t4: { peer: smssc, destination_realm: example }\n"
    "journal: { report_retention: 60s, report_grace: 1s }\n"
    "associations: { size_max: 4194304, undo_max: 0 }\n"
    "limits: { validity_max: 60, ended: 16, duplicates: 1024, report_duplicates: 1024 }\n";

/* -- the association store: provisioned once, for no step changes it */

static void provision(struct core *c)
{
	struct asc_rule_new rule = { "acme", "*@a.example", ASSOC_ALLOW, ASSOC_RIGHT_ALL, 0, 0, ASSOC_ENFORCE };
	struct asc_scs scs;
	struct asc_why why;

	if (asc_scs_count(c->store.asc)) {
		return;
	}
	asc_scs_init(&scs);
	str_cut(scs.name, sizeof scs.name, "acme");
	str_cut(scs.e164, sizeof scs.e164, "491720000001");
	str_cut(scs.origin_host, sizeof scs.origin_host, "scs.acme.example");
	str_cut(scs.realm, sizeof scs.realm, "acme.example");
	str_cut(scs.anchor, sizeof scs.anchor, "anchor-a");
	scs.connections_max = 2;
	scs.quota_per_day = 20;
	promise(!asc_scs_put(c->store.asc, &scs, &why) && !asc_rule_add(c->store.asc, &rule, &why), why.text);
}

/* -- the process */

static void on_bad_edge(void *arg, uint32_t generation)
{
	struct core_world *w = arg;

	promise(w->hostile && generation == w->generation, "only an edge that lies is bad");
	w->bad = true;
}

static void on_log_level(void *arg, enum log_level level)
{
	(void)arg;
	(void)level;
}

static const struct core_cb callbacks = { .on_bad_edge = on_bad_edge, .on_log_level = on_log_level };

static void on_connect(void *arg, uint16_t port, int fd)
{
	struct core_world *w = arg;
	struct peer *p = &w->peers[port == 1 ? HSS : SMSSC];

	if (p->fd >= 0) {
		close(p->fd);
	}
	p->fd = fd;
	p->in_len = p->waiting_n = p->reports.n = 0;
}

static void core_begin(struct core_world *w)
{
	char why[CORE_WHY_MAX] = "";

	promise(!core_new(&w->core, w->loop, &w->conf, why), why);
	provision(w->core);
	w->edge = NULL;
	core_world_new_edge(w);
}

/* Read once: nobody changes it. */
static struct cfg_iwf *configuration(void)
{
	static struct cfg_iwf *cfg;
	char text[2048], why[CFG_WHY_MAX] = "";

	if (!cfg) {
		int n = snprintf(text, sizeof text, config, fuzz_place(), fuzz_place());

		promise(!cfg_iwf_parse(&cfg, "/fuzz.yaml", text, (size_t)n, why), why);
	}
	return cfg;
}

void core_world_begin(struct core_world *w)
{
	memset(w, 0, sizeof *w);
	fake_begin();
	fake_journal_begin();
	fake_on_connect(on_connect, w);
	w->cfg = configuration();
	log_init(&w->log, -1, LOG_LEVEL_ERROR, "fuzz");
	promise(!net_loop_new(&w->loop), "a loop");
	w->conf = (struct core_conf){ .cfg = w->cfg, .log = &w->log, .decisions_fd = -1, .cb = &callbacks, .arg = w };
	w->generation = 6;
	w->next = 1;
	w->peers[HSS].fd = w->peers[SMSSC].fd = -1;
	core_begin(w);
}

static void end_process(struct core_world *w)
{
	ipc_ring_close(w->edge);
	w->edge = NULL;
	core_free(w->core);
	w->core = NULL;
	for (size_t i = 0; i < PEERS; i++) {
		core_world_peer_leaves(w, (enum peer_kind)i);
	}
}

void core_world_end(struct core_world *w)
{
	end_process(w);
	fake_on_connect(NULL, NULL);
	net_loop_free(w->loop);
	log_fini(&w->log);
	fake_journal_end();
}

void core_world_restart(struct core_world *w, bool killed)
{
	if (killed) {
		fake_journal_crash();
	}
	end_process(w);
	fake_journal_disk(FAKE_DISK_WELL);
	core_begin(w);
}

/* -- the edge */

void core_world_new_edge(struct core_world *w)
{
	struct ipc_ring_fds ours, theirs;

	if (w->edge) {
		ipc_ring_close(w->edge);
		core_edge_gone(w->core, w->generation);
	}
	w->generation++;
	w->hostile = w->bad = false;
	w->notices_n = 0;
	for (size_t i = 0; i < w->asked_n; i++) {
		w->asked[i].moot = true;
	}
	promise(!ipc_ring_make(&ours, &theirs, IPC_RING_MIN), "a ring");
	promise(!core_edge_add(w->core, &(struct core_edge_id){ 0, w->generation, ZONE_EXTERNAL, 1, ~0u }, &ours), "an edge");
	promise(!ipc_ring_open(&w->edge, &theirs), "its end");
	core_world_settle(w);
}

void core_world_edge_says(struct core_world *w, size_t len)
{
	if (!w->bad) {
		promise(!ipc_ring_send(w->edge, w->record, len) && ipc_ring_flush(w->edge) >= 0, "a record can be sent");
	}
	core_world_settle(w);
}

static void answered(struct core_world *w, uint64_t transaction, const struct ipc_device_action_answer *a)
{
	for (size_t i = w->asked_n; i-- > 0;) {
		struct asked *q = &w->asked[i];

		if (q->transaction == transaction) {
			q->answers++;
			promise(q->answers <= 1 + q->given_up && a->session == q->session,
				"a request is answered once, to its session");
			return;
		}
	}
	promise(w->hostile || w->asked_n == ASKED_MAX, "an answer belongs to a request");
}

static void edge_hears(struct core_world *w, const struct ipc_rec_head *h, const uint8_t *record, size_t len)
{
	static union {
		struct ipc_session_verdict verdict;
		struct ipc_session_cut cut;
		struct ipc_device_action_answer answer;
		struct ipc_device_notification notification;
		struct ipc_screen_rule rule;
		struct ipc_ocsp known;
	} u;
	int err;

	switch (h->type) {
	case IPC_REC_SESSION_VERDICT:
		err = ipc_session_verdict_get(&u.verdict, record, len);
		break;
	case IPC_REC_SESSION_CUT:
		err = ipc_session_cut_get(&u.cut, record, len);
		break;
	case IPC_REC_SCREEN_RULE:
		err = ipc_screen_rule_get(&u.rule, record, len);
		break;
	case IPC_REC_OCSP_KNOWN:
		err = ipc_ocsp_get(&u.known, IPC_REC_OCSP_KNOWN, record, len);
		break;
	case IPC_REC_DEVICE_ACTION_ANSWER:
		err = ipc_device_action_answer_get(&u.answer, record, len);
		promise(!err, "an answer can be read");
		answered(w, h->transaction, &u.answer);
		break;
	default:
		err = ipc_device_notification_get(&u.notification, record, len);
		if (!err && w->notices_n < NOTICES_MAX) {
			w->notice_sessions[w->notices_n] = u.notification.session;
			w->notices[w->notices_n++] = h->transaction;
		}
		break;
	}
	promise(!err, "a record of the core can be read");
}

static bool edge_reads(struct core_world *w)
{
	bool any = false;
	static uint8_t record[IPC_REC_MAX];
	struct ipc_rec_head h;
	size_t len;

	while (w->edge && !ipc_ring_recv(w->edge, record, &len)) {
		promise(!ipc_rec_head_get(&h, record, len) && !ipc_rec_to_core(h.type) && h.edge_generation == w->generation,
			"a record of the core is one, for this edge");
		edge_hears(w, &h, record, len);
		any = true;
	}
	return any;
}

/* -- the peers */

void core_world_peer_leaves(struct core_world *w, enum peer_kind kind)
{
	struct peer *p = &w->peers[kind];

	if (p->fd >= 0) {
		close(p->fd);
		p->fd = -1;
	}
}

/* The core may have closed its end. */
static void write_to(int fd, const uint8_t *p, size_t n)
{
	promise(send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT) <= (ssize_t)n, "no more is sent than there is");
}

void core_world_peer_says(struct core_world *w, enum peer_kind kind, const uint8_t *p, size_t n)
{
	if (w->peers[kind].fd >= 0) {
		write_to(w->peers[kind].fd, p, n);
	}
	core_world_settle(w);
}

static void send_base(struct peer *p, const struct dia_msg *m, enum peer_kind kind)
{
	struct dia_bytes host = dia_text(kind == HSS ? "hss.example" : "smssc.example"), realm = dia_text("example");
	struct dia_u32 good = dia_u32_of(DIA_RESULT_SUCCESS);
	struct dia_capabilities cea = {
		.addresses_n = 1, .vendor_applications_n = 1, .origin_host = host, .origin_realm = realm
	};
	struct dia_watchdog dwa = { .result_code = good, .origin_host = host, .origin_realm = realm };
	struct dia_disconnect dpa = { .result_code = good, .origin_host = host, .origin_realm = realm };
	uint8_t octets[512];
	struct buf b = buf_over(octets, sizeof octets);

	switch (m->hdr.code) {
	case DIA_CMD_CAPABILITIES_EXCHANGE:
		cea.result_code = good;
		cea.addresses[0] = (struct dia_address){ 1, { 127, 0, 0, 1 } };
		cea.vendor_id = dia_u32_of(0);
		cea.product_name = dia_text("fuzz");
		cea.vendor_applications[0] =
		    (struct dia_vendor_application){ DIA_VENDOR_3GPP, kind == HSS ? APP_S6M : APP_T4, false };
		dia_capabilities_build(&b, &cea, m->hdr.hop_by_hop, m->hdr.end_to_end);
		break;
	case DIA_CMD_DEVICE_WATCHDOG:
		dia_watchdog_build(&b, &dwa, m->hdr.hop_by_hop, m->hdr.end_to_end);
		break;
	default:
		dia_disconnect_build(&b, &dpa, m->hdr.hop_by_hop, m->hdr.end_to_end);
		break;
	}
	promise(!b.full, "an answer fits");
	write_to(p->fd, octets, b.len);
}

struct intent {
	uint32_t reference, end_to_end;
};

static int is_intent(void *arg, uint64_t number, const void *record, size_t len)
{
	static struct trg_names hosts;
	static struct trg_parties parties = { .max = 100 };
	static const struct trg_conf conf = { .smssc_hosts = &hosts, .parties = &parties };
	static const struct trg_ports ports;
	const struct intent *i = arg;
	struct trg *t;
	int found = 0;

	if (!trg_restore(&t, number, record, len, &conf, &ports, NULL)) {
		found = t->req.reference == i->reference &&
			(t->dtr_end_to_end == i->end_to_end || t->recall_end_to_end == i->end_to_end);
		trg_free(t);
	}
	return found;
}

/* The intent is durable before the SMS-SC hears of it. */
static void check_submission(const struct dia_msg *m)
{
	struct dia_failed failed;
	struct t4_dtr dtr;

	promise(!t4_dtr_parse(&dtr, m, &failed), failed.text);
	if (!dtr.trigger_action.present || dtr.trigger_action.v == T4_TRIGGER) {
		struct intent i = { dtr.reference_number.v, m->hdr.end_to_end };

		promise(fake_journal_each(is_intent, &i), "the intent is durable before the DTR leaves");
	}
}

static void keep(struct message *to, const struct dia_msg *m)
{
	promise(m->hdr.length <= MESSAGE_MAX, "a request of the core fits");
	memcpy(to->octets, m->bytes, m->hdr.length);
	to->len = m->hdr.length;
}

static void peer_hears(struct peer *p, const struct dia_msg *m, enum peer_kind kind)
{
	if (m->hdr.flags & DIA_FLAG_R) {
		if (m->hdr.app_id == DIA_APP_COMMON) {
			if (!p->mute) {
				send_base(p, m, kind);
			}
			return;
		}
		if (m->hdr.code == APP_CMD_DEVICE_TRIGGER) {
			check_submission(m);
			keep(&p->submitted, m);
		}
		if (p->waiting_n < WAITING_MAX) {
			keep(&p->waiting[p->waiting_n++], m);
		}
		return;
	}
	for (size_t i = 0; i < p->reports.n; i++) {
		if (p->reports.hop_by_hop[i] == m->hdr.hop_by_hop) {
			promise(!p->reports.answers[i]++, "a report is answered once");
		}
	}
}

static bool peer_reads(struct peer *p, enum peer_kind kind)
{
	bool any = false;
	size_t at = 0;
	ssize_t n;

	while (p->fd >= 0 && (n = recv(p->fd, p->in + p->in_len, sizeof p->in - p->in_len, MSG_DONTWAIT)) > 0) {
		p->in_len += (size_t)n;
	}
	for (;;) {
		struct dia_failed failed;
		struct dia_hdr h;
		struct dia_msg m;

		if (dia_hdr_parse(&h, p->in + at, p->in_len - at) || h.length > p->in_len - at) {
			break;
		}
		promise(!dia_msg_parse(&m, p->in + at, h.length, &limits, &failed) && !dia_msg_check(&m, &failed),
			"a peer gets messages that can be read");
		peer_hears(p, &m, kind);
		at += h.length;
		any = true;
	}
	memmove(p->in, p->in + at, p->in_len - at);
	p->in_len -= at;
	return any;
}

/* -- all */

static void check_books(const struct core_world *w)
{
	uint32_t machines = 0;

	for (size_t i = 0; i < TRG_STATE_COUNT; i++) {
		machines += w->core->triggers.in_state[i];
	}
	promise(machines == w->core->triggers.n, "every trigger has a state");
	promise(w->core->triggers.pending <= w->core->triggers.n, "what waits for its answer is a trigger");
}

void core_world_settle(struct core_world *w)
{
	bool more = true;

	for (unsigned i = 0; more && i < ROUNDS_MAX; i++) {
		do {
			promise(fake_settle(w->loop, TURNS_MAX), "a core comes to rest");
		} while (fake_journal_work());
		more = edge_reads(w);
		for (size_t k = 0; k < PEERS; k++) {
			more = peer_reads(&w->peers[k], (enum peer_kind)k) || more;
		}
	}
	promise(!more, "a core and its neighbours come to rest");
	check_books(w);
}
