/* fuzz_edge.c - a whole edge between SCSs and a core that say and do anything, in an order that
 * the input gives.
 *
 * Promises: a request is answered once, and every request on a connection that stays is answered
 * in time, with or without a core; what the edge sends can be read, by either side; a notification
 * has one answer; nothing is left when all connections have ended. An input is a list of steps:
 * the table `steps` below. The low bits of the second octet name the SCS. */
#include <string.h>

#include "apps/tsp_dar.h"
#include "apps/tsp_dnr.h"
#include "diameter/dia_base.h"
#include "tests/fuzz/edge_world.h"
#include "tests/fuzz/fake_loop.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX 400u
#define END_S 90u /* longer than an answer, a verdict, a watchdog and a DNA may take */

static struct edge_world world;

static const char *const hosts[] = { "scs.acme.example", "scs.beta.example", "iwf.operator.example", "not a host" };
static const char *const devices[] = { "meter-1@a.example", "METER@A.example", "x", "" };

static struct scs *which(struct edge_world *w, struct steps *s)
{
	return &w->scs[steps_u8(s) % SCSS];
}

static void connect_scs(struct edge_world *w, struct steps *s)
{
	struct scs *c = which(w, s);

	edge_world_scs_closes(c);
	memset(c, 0, sizeof *c);
	c->fd = fake_connect(w->listener);
	edge_world_settle(w);
}

static void disconnect_scs(struct edge_world *w, struct steps *s)
{
	edge_world_scs_closes(which(w, s));
	edge_world_settle(w);
}

/* Any octets, in one piece. */
static void say_octets(struct edge_world *w, struct steps *s)
{
	struct scs *c = which(w, s);
	size_t n = steps_u16(s) % 4096, got;
	const uint8_t *p = steps_octets(s, n, &got);

	if (c->fd >= 0) {
		edge_world_scs_says(w, c, p, got, 0, true);
	}
}

/* Some octets of a good message become others: not its length, and not its identifiers. Returns
 * whether it is still a request. */
static bool change(uint8_t *p, size_t n, struct steps *s)
{
	unsigned changes = steps_u8(s) % 4;

	for (unsigned i = 0; i < changes; i++) {
		size_t at = 4 + steps_u16(s) % (n - 4);

		if (at < 12 || at >= 20) {
			p[at] = steps_u8(s);
		}
	}
	return p[4] & DIA_FLAG_R;
}

static void say(struct edge_world *w, struct scs *c, struct buf *b, struct steps *s)
{
	uint32_t hop_by_hop = w->next++;

	promise(!b->full && b->len >= 20, "a message of ours fits");
	for (int i = 0; i < 4; i++) {
		b->p[12 + i] = b->p[16 + i] = (uint8_t)(hop_by_hop >> (24 - 8 * i));
	}
	if (!change(b->p, b->len, s)) {
		hop_by_hop = 0;
	}
	edge_world_scs_says(w, c, b->p, b->len, hop_by_hop, false);
}

static void say_cer(struct edge_world *w, struct steps *s)
{
	struct dia_capabilities cer = { .request = true, .addresses_n = 1, .vendor_applications_n = 1 };
	struct scs *c = which(w, s);
	uint8_t octets[1024];
	struct buf b = buf_over(octets, sizeof octets);

	if (c->fd < 0) {
		return;
	}
	cer.origin_host = dia_text(hosts[steps_u8(s) % 4]);
	cer.origin_realm = dia_text("acme.example");
	cer.addresses[0] = (struct dia_address){ 1, { 127, 0, 0, 1 } };
	cer.vendor_id = dia_u32_of(0);
	cer.product_name = dia_text("fuzz");
	cer.vendor_applications[0].vendor_id = DIA_VENDOR_3GPP;
	cer.vendor_applications[0].application_id = APP_TSP;
	dia_capabilities_build(&b, &cer, 1, 1);
	say(w, c, &b, s);
}

static void say_dar(struct edge_world *w, struct steps *s)
{
	struct scs *c = which(w, s);
	uint8_t octets[4096], how = steps_u8(s);
	struct buf b = buf_over(octets, sizeof octets);
	struct tsp_dar dar = { .has_action = true };

	if (c->fd < 0) {
		return;
	}
	dar.head.request = true;
	dar.head.session_id = dia_text("scs;1;2");
	dar.head.auth_application_id = dia_u32_of(APP_TSP);
	dar.head.auth_session_state = dia_u32_of(1);
	dar.head.origin_host = dia_text(hosts[how & 1]);
	dar.head.origin_realm = dia_text("acme.example");
	dar.head.destination_realm = dia_text("operator.example");
	if (how & 2) {
		dar.head.destination_host = dia_text("iwf.operator.example");
	}
	dar.action.external_identifier = dia_text(devices[(how >> 2) & 3]);
	dar.action.reference_number = dia_u32_of(how);
	dar.action.action_type = dia_u32_of(1u + ((how >> 4) & 3));
	dar.action.trigger_data.present = true;
	dar.action.trigger_data.payload = dia_text("hi");
	tsp_dar_build(&b, &dar, 1, 1);
	say(w, c, &b, s);
}

static void say_base(struct edge_world *w, struct steps *s)
{
	struct dia_disconnect dpr = { .request = true };
	struct dia_watchdog dwr = { .request = true };
	struct scs *c = which(w, s);
	uint8_t octets[512], how = steps_u8(s);
	struct buf b = buf_over(octets, sizeof octets);

	if (c->fd < 0) {
		return;
	}
	dpr.origin_host = dwr.origin_host = dia_text(hosts[how >> 7]);
	dpr.origin_realm = dwr.origin_realm = dia_text("acme.example");
	dpr.disconnect_cause = dia_u32_of(how & 3);
	if (how & 64) {
		dia_disconnect_build(&b, &dpr, 1, 1);
	} else {
		dia_watchdog_build(&b, &dwr, 1, 1);
	}
	say(w, c, &b, s);
}

static void say_dna(struct edge_world *w, struct steps *s)
{
	struct scs *c = which(w, s);
	uint8_t octets[4096];
	struct buf b = buf_over(octets, sizeof octets);
	struct dia_limits limits = { 1u << 20, UINT16_MAX, 16 };
	struct dia_failed failed;
	struct tsp_dna dna = { .head = { .request = false } };
	struct tsp_dnr dnr;
	struct dia_msg m;

	if (c->fd < 0 || !c->dnr.len) {
		return;
	}
	promise(!dia_msg_parse(&m, c->dnr.octets, c->dnr.len, &limits, &failed) && !tsp_dnr_parse(&dnr, &m, &failed),
		"a DNR can be read");
	app_answer_head(&dna.head, &dnr.head, hosts[steps_u8(s) & 1], "acme.example");
	dna.head.auth_application_id = dia_u32_of(APP_TSP);
	dna.head.result_code = dia_u32_of(steps_u8(s) & 1 ? 2001 : 5012);
	tsp_dna_build(&b, &dna, m.hdr.hop_by_hop, m.hdr.end_to_end);
	if (!b.full) {
		(void)change(octets, b.len, s);
		c->wild = c->wild || octets[4] & DIA_FLAG_R; /* it became a request under the edge's own identifier */
		edge_world_scs_says(w, c, octets, b.len, 0, false);
	}
}

static void mute_scs(struct edge_world *w, struct steps *s)
{
	struct scs *c = which(w, s);

	c->mute = !c->mute;
}

/* -- the core */

static bool take(struct edge_world *w, struct steps *s, struct question *q)
{
	size_t i = steps_u8(s);

	if (!w->pending_n || !w->core) {
		return false;
	}
	i %= w->pending_n;
	*q = w->pending[i];
	w->pending[i] = w->pending[--w->pending_n];
	return true;
}

static void core_answer(struct edge_world *w, const struct question *q, uint8_t how)
{
	static const uint32_t codes[] = { 2001, 3004, 3010, 5012 }, statuses[] = { 0, 105, 201, 111 };
	struct ipc_session_verdict yes = { true, 2001, 1u + how % 100, "acme", "accepted", how & 1, how >> 1 & 7, how >> 4 & 1 };
	struct ipc_session_verdict no = { false, 3010, 0, "", "unknown-peer", false, 0, false };
	struct ipc_device_action_answer answer = { .session = q->session,
						   .result_code = codes[how & 3],
						   .request_status = codes[how & 3] == 2001 ? statuses[(how >> 2) & 3] : 0 };

	if (q->type == IPC_REC_SESSION_OPEN) {
		edge_world_core_says(w, ipc_session_verdict_put(w->record, GENERATION, q->transaction, how & 128 ? &no : &yes));
	} else {
		edge_world_core_says(w, ipc_device_action_answer_put(w->record, GENERATION, q->transaction, &answer));
	}
}

static void core_answers(struct edge_world *w, struct steps *s)
{
	struct question q;

	if (take(w, s, &q)) {
		core_answer(w, &q, steps_u8(s));
	}
}

static uint64_t some_session(const struct edge_world *w, uint8_t n)
{
	struct edge_session *s;

	TAILQ_FOREACH (s, &w->edge->sessions.list, entry) {
		if (n-- == 0) {
			return s->number;
		}
	}
	return n;
}

static void core_cuts(struct edge_world *w, struct steps *s)
{
	uint64_t session = some_session(w, steps_u8(s) % (SCSS + 1));
	uint8_t how = steps_u8(s);
	struct ipc_session_cut cut = { .reason = "revoked", .probe_ms = how & 1 ? 1000 : 0, .disconnect_cause = (how >> 1) % 3u };

	edge_world_core_says(w, ipc_session_cut_put(w->record, GENERATION, session, &cut));
}

static void core_notifies(struct edge_world *w, struct steps *s)
{
	uint8_t how;
	struct ipc_device_notification n = { .session = some_session(w, steps_u8(s) % (SCSS + 1)),
					     .report = w->next,
					     .wait_ms = 1000 };

	how = steps_u8(s);
	if (!w->core || w->hostile) {
		return;
	}
	n.end_to_end = w->next++;
	n.retransmitted = how & 1;
	n.device = IPC_DEVICE_EXTERNAL;
	memcpy(n.external_id, devices[0], strlen(devices[0]));
	n.reference = how;
	n.delivery_outcome = how % 5u;
	w->notified++;
	edge_world_core_says(w, ipc_device_notification_put(w->record, GENERATION, w->next, &n));
}

/* A record that no core sends: a good head around any octets, or any octets at all. */
static void core_lies(struct edge_world *w, struct steps *s)
{
	uint8_t type = steps_u8(s);
	uint16_t n = steps_u16(s) % 600u;
	uint64_t transaction = steps_u8(s);
	const uint8_t *p;
	size_t got;

	p = steps_octets(s, n, &got);
	memset(w->record, 0, IPC_REC_HEAD_LEN);
	w->record[0] = type % (IPC_REC_LAST + 3u);
	w->record[2] = (uint8_t)(IPC_REC_HEAD_LEN + got);
	w->record[3] = (uint8_t)((IPC_REC_HEAD_LEN + got) >> 8);
	w->record[4] = type & 128 ? 3 : GENERATION;
	w->record[8] = (uint8_t)transaction;
	if (got) {
		memcpy(w->record + IPC_REC_HEAD_LEN, p, got);
	}
	w->hostile = true;
	edge_world_core_says(w, IPC_REC_HEAD_LEN + got);
}

static void core_dies(struct edge_world *w, struct steps *s)
{
	(void)s;
	edge_world_core_dies(w);
	edge_world_settle(w);
}

static void core_comes(struct edge_world *w, struct steps *s)
{
	(void)s;
	edge_world_new_core(w);
}

static void time_passes(struct edge_world *w, struct steps *s)
{
	promise(fake_pass(w->loop, 1u << (steps_u8(s) % 15u), 400), "an edge comes to rest");
	edge_world_settle(w);
}

/* -- the end: every request has its answer, and nothing is left */

static void check_answers(const struct edge_world *w)
{
	for (size_t i = 0; i < SCSS; i++) {
		const struct scs *c = &w->scs[i];

		for (size_t k = 0; c->fd >= 0 && !c->ended && !c->wild && k < c->asked_n; k++) {
			promise(c->asked[k].answers == 1, "a request on a connection that stays is answered");
		}
	}
	promise(!w->core || w->hostile || w->notified == w->notified_answers, "a notification is answered");
	promise(TAILQ_EMPTY(&w->edge->tsp.txns), "no request waits longer than its time");
}

static bool all_answered(const struct edge_world *w)
{
	bool all = TAILQ_EMPTY(&w->edge->tsp.txns) && (!w->core || w->hostile || w->notified == w->notified_answers);

	for (size_t i = 0; i < SCSS; i++) {
		const struct scs *c = &w->scs[i];

		for (size_t k = 0; c->fd >= 0 && !c->ended && !c->wild && k < c->asked_n; k++) {
			all = all && c->asked[k].answers;
		}
	}
	return all;
}

static void end(struct edge_world *w)
{
	for (unsigned i = 0; i < END_S && !all_answered(w); i++) {
		promise(fake_pass(w->loop, 1000, 400), "an edge comes to rest");
		edge_world_settle(w);
	}
	check_answers(w);
	for (size_t i = 0; i < SCSS; i++) {
		edge_world_scs_closes(&w->scs[i]);
	}
	promise(fake_pass(w->loop, 10000, 400), "an edge comes to rest");
	edge_world_settle(w);
	promise(TAILQ_EMPTY(&w->edge->sessions.list) && !w->edge->sessions.by_number.n,
		"no session is left without its connection");
	promise(!w->edge->tsp.by_number.n && !w->edge->tsp.octets, "no transaction is left without its session");
}

static void fuzz_edge(const char *target, const uint8_t *data, size_t size)
{
	static void (*const steps[])(struct edge_world * w, struct steps * s) = {
		connect_scs, say_cer,   core_answers, say_dar,  say_base,  core_answers, say_dna,    core_notifies,
		say_octets,  core_cuts, time_passes,  mute_scs, core_lies, core_dies,    core_comes, disconnect_scs,
	};
	struct steps s = { data, size };

	(void)target;
	edge_world_begin(&world);
	for (unsigned i = 0; s.left && i < STEPS_MAX; i++) {
		steps[steps_u8(&s) % (sizeof steps / sizeof steps[0])](&world, &s);
	}
	end(&world);
	edge_world_end(&world);
}

fuzz_fn *fuzz_find(const char *target)
{
	return strcmp(target, "edge") ? NULL : fuzz_edge;
}
