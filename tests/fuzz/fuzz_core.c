/* fuzz_core.c - a whole core between an edge, an HSS, an SMS-SC and a journal that say and do
 * anything, in an order that the input gives.
 *
 * Promises: a request is answered once, and in time while its edge and its session stay; the
 * intent is durable before a DTR leaves; a report is answered once; what the core sends can be
 * read; only an edge that lies is bad; when all times are over no trigger is left. An input is a
 * list of steps: the table `steps` below. */
#include <string.h>

#include "apps/s6m_sir.h"
#include "apps/t4_drr.h"
#include "apps/t4_dtr.h"
#include "tests/fuzz/core_world.h"
#include "tests/fuzz/fake_journal.h"
#include "tests/fuzz/fake_loop.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX 300u
#define SESSIONS 3u
#define ANSWER_S 60u /* longer than an answer may take */
#define END_S 1200u  /* longer than validity, grace and retention together, in their order */
#define TURNS_MAX 1000u

static struct core_world world;
static bool session_open[SESSIONS + 1];

static const struct dia_limits limits = { 1u << 20, UINT16_MAX, 16 };
static const char *const devices[] = { "meter-1@a.example", "meter-2@a.example", "meter-1@b.example", "METER-1@a.example" };

/* -- the edge */

static void open_session(struct core_world *w, struct steps *s)
{
	static struct ipc_session_open o;
	uint8_t how = steps_u8(s);
	uint64_t number = 1u + how % SESSIONS;

	if (session_open[number]) {
		return;
	}
	memset(&o, 0, sizeof o);
	o.zone = ZONE_EXTERNAL;
	o.protection = PROTECTION_TLS;
	o.transport = TRANSPORT_TCP;
	o.tls_version = AGREED_TLS_1_3;
	o.tls_suite = 1;
	o.identity.kind = IDENTITY_TLS;
	o.identity.names_n = o.identity.anchors_n = 1;
	o.again = how & 64;
	str_cut(o.identity.names[0], sizeof o.identity.names[0], how & 128 ? "scs.other.example" : "scs.acme.example");
	str_cut(o.identity.anchors[0], sizeof o.identity.anchors[0], "anchor-a");
	str_cut(o.origin_host, sizeof o.origin_host, o.identity.names[0]);
	str_cut(o.origin_realm, sizeof o.origin_realm, "acme.example");
	str_cut(o.address, sizeof o.address, "192.0.2.7:40000");
	session_open[number] = true;
	core_world_edge_says(w, ipc_session_open_put(w->record, w->generation, number, &o));
}

static void close_session(struct core_world *w, struct steps *s)
{
	struct ipc_session_closed closed = { "lost" };
	uint64_t number = 1u + steps_u8(s) % SESSIONS;

	if (!session_open[number]) {
		return;
	}
	session_open[number] = false;
	for (size_t i = 0; i < w->asked_n; i++) {
		w->asked[i].moot = w->asked[i].moot || w->asked[i].session == number;
	}
	core_world_edge_says(w, ipc_session_closed_put(w->record, w->generation, number, &closed));
}

static void ask(struct core_world *w, struct steps *s)
{
	uint8_t who = steps_u8(s), how = steps_u8(s), what = steps_u8(s);
	struct ipc_device_action a = { .session = 1u + who % SESSIONS, .device = IPC_DEVICE_EXTERNAL, .action_type = 1 };
	uint64_t transaction = w->next++;

	if (!session_open[a.session] || w->hostile || w->asked_n == ASKED_MAX) {
		return;
	}
	a.retransmitted = how & 1;
	a.host_named = how & 2;
	a.again = how & 4;
	str_cut(a.external_id, sizeof a.external_id, devices[(how >> 3) & 3]);
	a.action_type = (how & 32) ? 1u + ((how >> 6) & 3) : 1;
	a.reference = 1u + (what & 7);
	a.end_to_end = what & 8 ? a.reference : (uint32_t)transaction;
	a.has_trigger_data = a.action_type != 3;
	if (a.has_trigger_data) {
		a.payload_len = 2;
		a.payload = (const uint8_t *)"hi";
	}
	a.old_reference = (struct ipc_opt_u32){ 1u + ((what >> 4) & 7), a.action_type >= 3 };
	a.validity_s = (struct ipc_opt_u32){ who >> 4, who & 8 };
	a.priority = (struct ipc_opt_u32){ (what >> 7) & 1, a.has_trigger_data };
	w->asked[w->asked_n++] = (struct asked){ .transaction = transaction, .session = a.session };
	core_world_edge_says(w, ipc_device_action_put(w->record, w->generation, transaction, &a));
}

static void give_up(struct core_world *w, struct steps *s)
{
	uint8_t i = steps_u8(s), what = steps_u8(s);
	struct ipc_device_action_given_up g;
	struct asked *a;

	if (!w->asked_n || w->hostile) {
		return;
	}
	a = &w->asked[i % w->asked_n];
	if (a->moot || a->answers || a->given_up) {
		return;
	}
	g = (struct ipc_device_action_given_up){ a->session, (uint32_t)a->transaction, 1u + (what & 7) };
	a->given_up = true;
	core_world_edge_says(w, ipc_device_action_given_up_put(w->record, w->generation, a->transaction, &g));
}

static void acknowledge(struct core_world *w, struct steps *s)
{
	uint8_t i = steps_u8(s), how = steps_u8(s);
	struct ipc_device_notification_answer a = { .outcome = how & 3 };
	uint64_t transaction;

	if (!w->notices_n || w->hostile) {
		return;
	}
	i %= (uint8_t)w->notices_n;
	transaction = w->notices[i];
	a.session = w->notice_sessions[i];
	a.result_code = a.outcome == IPC_DNA_ANSWERED ? (how & 4 ? 5012 : 2001) : 0;
	w->notices[i] = w->notices[--w->notices_n];
	w->notice_sessions[i] = w->notice_sessions[w->notices_n];
	core_world_edge_says(w, ipc_device_notification_answer_put(w->record, w->generation, transaction, &a));
}

static void forget_sessions(void)
{
	memset(session_open, 0, sizeof session_open);
}

static void edge_dies(struct core_world *w, struct steps *s)
{
	(void)s;
	forget_sessions();
	core_world_new_edge(w);
}

/* A record that no edge sends: a good head around any octets. */
static void edge_lies(struct core_world *w, struct steps *s)
{
	uint8_t type = steps_u8(s), transaction = steps_u8(s);
	size_t n = steps_u16(s) % 900u, got;
	const uint8_t *p = steps_octets(s, n, &got);

	memset(w->record, 0, IPC_REC_HEAD_LEN);
	w->record[0] = type % (IPC_REC_LAST + 3u);
	w->record[2] = (uint8_t)(IPC_REC_HEAD_LEN + got);
	w->record[3] = (uint8_t)((IPC_REC_HEAD_LEN + got) >> 8);
	w->record[4] = type & 128 ? 1 : (uint8_t)w->generation;
	w->record[8] = transaction;
	if (got) {
		memcpy(w->record + IPC_REC_HEAD_LEN, p, got);
	}
	w->hostile = true;
	for (size_t i = 0; i < w->asked_n; i++) {
		w->asked[i].moot = true;
	}
	core_world_edge_says(w, IPC_REC_HEAD_LEN + got);
	if (w->bad) { /* the parent starts another */
		edge_dies(w, s);
	}
}

/* -- HSS and SMS-SC */

/* Some octets of a good message become others: not its length, and not its identifiers. */
static void change(uint8_t *p, size_t n, struct steps *s)
{
	unsigned changes = steps_u8(s) % 3u;

	for (unsigned i = 0; i < changes; i++) {
		size_t at = 4 + steps_u16(s) % (n - 4);

		if (at < 12 || at >= 20) {
			p[at] = steps_u8(s);
		}
	}
}

static void result(struct app_head *head, uint8_t how)
{
	static const uint32_t codes[] = { 2001, 3002, 3004, 5012 }, errors[] = { 5001, 5510, 5530, 5531, 5533, 5534, 5535, 5011 };

	if (how & 128) {
		head->experimental_result = (struct app_experimental_result){ DIA_VENDOR_3GPP, errors[how & 7], true };
	} else {
		head->result_code = dia_u32_of(codes[how & 3]);
	}
}

static void answer_sir(struct buf *b, const struct dia_msg *m, uint8_t how)
{
	static struct s6m_sir sir;
	static struct s6m_sia sia;
	struct dia_failed failed;

	promise(!s6m_sir_parse(&sir, m, &failed), failed.text);
	memset(&sia, 0, sizeof sia);
	app_answer_head(&sia.head, &sir.head, "hss.example", "example");
	sia.head.auth_application_id = dia_u32_of(APP_S6M);
	result(&sia.head, how);
	if (sia.head.result_code.present && sia.head.result_code.v == 2001) {
		sia.user_identifiers_n = 1;
		sia.user_identifiers[0].user_name = dia_text(how & 4 ? "001010000000002" : "001010000000001");
		sia.has_service_data = sia.has_t4_data = true;
		sia.serving_node.present = !(how & 8);
		sia.serving_node.mme_name = dia_text("mme.example");
		sia.serving_node.mme_realm = dia_text("example");
		sia.serving_node.mme_number_for_mt_sms = (struct dia_bytes){ (const uint8_t *)"\x94\x71\x20", 3 };
		sia.hss_cause = how & 8 ? dia_u32_of(S6M_CAUSE_ABSENT_SUBSCRIBER) : sia.hss_cause;
	}
	s6m_sia_build(b, &sia, m->hdr.hop_by_hop, m->hdr.end_to_end);
}

static void answer_dtr(struct buf *b, const struct dia_msg *m, uint8_t how)
{
	static struct t4_dtr dtr;
	static struct t4_dta dta;
	struct dia_failed failed;

	promise(!t4_dtr_parse(&dtr, m, &failed), failed.text);
	memset(&dta, 0, sizeof dta);
	app_answer_head(&dta.head, &dtr.head, "smssc.example", "example");
	dta.head.auth_application_id = dia_u32_of(APP_T4);
	result(&dta.head, how);
	if (how & 64) {
		dta.mtc_error_diagnostic = dia_u32_of(how & 1);
	}
	t4_dta_build(b, &dta, m->hdr.hop_by_hop, m->hdr.end_to_end);
}

/* An answer to one of the requests that wait; it may stay there and be answered again. */
static void peer_answers(struct core_world *w, struct steps *s)
{
	uint8_t which = steps_u8(s), how = steps_u8(s);
	enum peer_kind kind = which & 128 ? SMSSC : HSS;
	struct peer *p = &w->peers[kind];
	uint8_t octets[MESSAGE_MAX];
	struct buf b = buf_over(octets, sizeof octets);
	struct dia_failed failed;
	struct message asked;
	struct dia_msg m;
	size_t i;

	if (!p->waiting_n || p->fd < 0) {
		return;
	}
	i = (which & 63u) % p->waiting_n;
	asked = p->waiting[i];
	if (!(which & 64)) {
		p->waiting[i] = p->waiting[--p->waiting_n];
	}
	promise(!dia_msg_parse(&m, asked.octets, asked.len, &limits, &failed), failed.text);
	if (kind == HSS) {
		answer_sir(&b, &m, how);
	} else {
		answer_dtr(&b, &m, how);
	}
	promise(!b.full, "an answer fits");
	change(octets, b.len, s);
	core_world_peer_says(w, kind, octets, b.len);
}

static void report(struct core_world *w, struct steps *s)
{
	struct peer *p = &w->peers[SMSSC];
	uint8_t octets[MESSAGE_MAX], how = steps_u8(s);
	struct buf b = buf_over(octets, sizeof octets);
	static struct t4_drr drr;
	static struct t4_dtr dtr;
	struct dia_failed failed;
	struct dia_msg m;
	uint32_t hop;

	if (!p->submitted.len || p->fd < 0 || p->reports.n == ASKED_MAX) {
		return;
	}
	promise(!dia_msg_parse(&m, p->submitted.octets, p->submitted.len, &limits, &failed) && !t4_dtr_parse(&dtr, &m, &failed),
		failed.text);
	memset(&drr, 0, sizeof drr);
	hop = (uint32_t)w->next++;
	drr.head.request = true;
	drr.head.retransmitted = how & 64;
	drr.head.session_id = dia_text("smssc.example;1;1");
	drr.head.auth_application_id = dia_u32_of(APP_T4);
	drr.head.auth_session_state = dia_u32_of(1);
	drr.head.origin_host = dia_text("smssc.example");
	drr.head.origin_realm = dia_text("example");
	drr.head.destination_host = dia_text("iwf.core.operator.example");
	drr.head.destination_realm = dia_text("core.operator.example");
	drr.user_identifier.user_name = dtr.user_identifier.user_name;
	drr.sm_rp_smea = dtr.sm_rp_smea;
	drr.sm_delivery_outcome = dia_u32_of(how & 3);
	drr.reference_number = dia_u32_of(how & 128 ? 1u + (how & 7) : dtr.reference_number.v);
	t4_drr_build(&b, &drr, hop, how & 32 ? 7 : hop);
	promise(!b.full, "a report fits");
	p->reports.hop_by_hop[p->reports.n] = hop;
	p->reports.answers[p->reports.n++] = 0;
	change(octets, b.len, s);
	core_world_peer_says(w, SMSSC, octets, b.len);
}

static void peer_octets(struct core_world *w, struct steps *s)
{
	uint8_t which = steps_u8(s);
	size_t got;
	const uint8_t *p = steps_octets(s, steps_u8(s), &got);

	core_world_peer_says(w, which & 1 ? SMSSC : HSS, p, got);
}

static void peer_leaves(struct core_world *w, struct steps *s)
{
	uint8_t which = steps_u8(s);

	if (which & 2) {
		w->peers[which & 1].mute = !w->peers[which & 1].mute;
	} else {
		core_world_peer_leaves(w, which & 1 ? SMSSC : HSS);
	}
	core_world_settle(w);
}

/* -- disk, time, process */

static void disk_changes(struct core_world *w, struct steps *s)
{
	fake_journal_disk((enum fake_disk)(steps_u8(s) & 3));
	core_world_settle(w);
}

static void time_passes(struct core_world *w, struct steps *s)
{
	promise(fake_pass(w->loop, 1u << (steps_u8(s) % 15u), TURNS_MAX), "a core comes to rest");
	core_world_settle(w);
}

static void restart(struct core_world *w, struct steps *s)
{
	forget_sessions();
	core_world_restart(w, steps_u8(s) & 1);
}

/* -- the end */

/* As an edge does: no answer of the SCS came in time. */
static void say_timeouts(struct core_world *w)
{
	while (w->notices_n && !w->hostile) {
		struct ipc_device_notification_answer a = { .session = w->notice_sessions[--w->notices_n],
							    .outcome = IPC_DNA_TIMEOUT };

		core_world_edge_says(w,
				     ipc_device_notification_answer_put(w->record, w->generation, w->notices[w->notices_n], &a));
	}
}

static void let_pass(struct core_world *w, unsigned step_ms)
{
	promise(fake_pass(w->loop, step_ms, TURNS_MAX), "a core comes to rest");
	core_world_settle(w);
	say_timeouts(w);
}

static bool all_answered(const struct core_world *w)
{
	for (size_t i = 0; i < w->asked_n; i++) {
		if (!w->asked[i].moot && !w->asked[i].answers) {
			return false;
		}
	}
	return true;
}

static void end(struct core_world *w)
{
	fake_journal_disk(FAKE_DISK_WELL);
	w->peers[HSS].mute = w->peers[SMSSC].mute = false;
	if (w->hostile) {
		core_world_new_edge(w);
	}
	core_world_settle(w);
	for (unsigned i = 0; i < ANSWER_S && !all_answered(w); i++) {
		let_pass(w, 1000);
	}
	promise(all_answered(w), "a request is answered in time");
	for (unsigned i = 0; i < END_S / 10 && w->core->triggers.n; i++) {
		let_pass(w, 10000);
	}
	promise(!w->core->triggers.n, "no trigger is left when all times are over");
}

static void fuzz_core(const char *target, const uint8_t *data, size_t size)
{
	static void (*const steps[])(struct core_world * w, struct steps * s) = {
		open_session, ask,         ask,          peer_answers, peer_answers, report,    acknowledge, time_passes,
		give_up,      peer_leaves, disk_changes, restart,      edge_dies,    edge_lies, peer_octets, close_session,
	};
	struct steps s = { data, size };

	(void)target;
	forget_sessions();
	core_world_begin(&world);
	for (unsigned i = 0; s.left && i < STEPS_MAX; i++) {
		steps[steps_u8(&s) % (sizeof steps / sizeof steps[0])](&world, &s);
	}
	end(&world);
	core_world_end(&world);
}

fuzz_fn *fuzz_find(const char *target)
{
	return strcmp(target, "core") ? NULL : fuzz_core;
}
