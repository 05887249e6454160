/* adm_metrics.c - see adm_metrics.h. One function for each kind of object; each puts the samples of
 * one object, or sums them up where a sample is of all. */
#include "admin/adm_metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/obj.h"
#include "core/core.h"
#include "core/core_view.h"
#include "metrics/mtr_page.h"
#include "metrics/mtr_snap.h"
#include "net/net_loop.h"

#define NONE INT64_MAX

#define ADM_METRICS_MAGIC 0xe6b04f93u
struct adm_metrics {
	struct obj obj;
	struct core *core;
	const struct cfg_iwf *cfg;
	struct mtr_page *page;
	struct net_timer *timer;

	/* while a snapshot is made */
	struct mtr_writer out;
	uint64_t now_s;
	uint32_t scs_n;
	struct core_scs_counts others; /* the sums of SCSs without samples of their own */
	uint64_t others_refused;
	int64_t listener_s, anchor_s, crl_s; /* time until the first one ends; NONE: there is none */
	uint64_t ocsp_age_s;
	uint32_t edges, holders, holders_up, processes, confined, responders, failing;
};

static void put(struct adm_metrics *m, enum mtr_family family, uint64_t value)
{
	mtr_put(&m->out, family, NULL, NULL, value);
}

static void put_of(struct adm_metrics *m, enum mtr_family family, const char *name, uint64_t value)
{
	mtr_put(&m->out, family, name, NULL, value);
}

/* Seconds until then; negative after it. */
static int64_t left_s(const struct adm_metrics *m, uint64_t not_after_s)
{
	return (int64_t)(not_after_s - m->now_s);
}

/* -- SCSs */

static void sum_up(struct adm_metrics *m, const struct core_scs_counts *c)
{
	struct core_scs_counts *sum = &m->others;

	sum->requests += c->requests;
	sum->accepted += c->accepted;
	sum->reports += c->reports;
	sum->acknowledged += c->acknowledged;
	sum->sessions += c->sessions;
	sum->pending += c->pending;
	m->others_refused += c->refused_other;
	for (size_t i = 0; i < c->reasons_n; i++) {
		m->others_refused += c->refused[i];
	}
}

static void put_scs(struct adm_metrics *m, const char *name, const struct core_scs_counts *c)
{
	put_of(m, MTR_SCS_REQUESTS, name, c->requests);
	put_of(m, MTR_SCS_ACCEPTED, name, c->accepted);
	for (size_t i = 0; i < c->reasons_n; i++) {
		mtr_put(&m->out, MTR_SCS_REFUSED, name, pol_reason_str((enum pol_reason)c->reasons[i]), c->refused[i]);
	}
	if (c->refused_other) {
		mtr_put(&m->out, MTR_SCS_REFUSED, name, MTR_OTHER, c->refused_other);
	}
	put_of(m, MTR_SCS_REPORTS, name, c->reports);
	put_of(m, MTR_SCS_ACKNOWLEDGED, name, c->acknowledged);
	put_of(m, MTR_SCS_SESSIONS, name, c->sessions);
	put_of(m, MTR_SCS_PENDING, name, c->pending);
	if (c->not_after_s) {
		put_of(m, MTR_SCS_CERTIFICATE, name, (uint64_t)left_s(m, c->not_after_s));
	}
}

/* The order is that of their first session or trigger, so that an SCS keeps its samples. */
static void on_scs(void *arg, const struct core_scs_counts *c)
{
	struct adm_metrics *m = OBJ_OF(arg, struct adm_metrics, ADM_METRICS_MAGIC);

	if (m->scs_n++ < m->cfg->metrics.scs_max) {
		put_scs(m, c->scs, c);
	} else {
		sum_up(m, c);
	}
}

static void put_scss(struct adm_metrics *m)
{
	m->scs_n = 0;
	m->others = (struct core_scs_counts){ .scs = MTR_OTHER };
	m->others_refused = 0;
	core_scs_each(m->core, on_scs, m);
	if (m->scs_n > m->cfg->metrics.scs_max) {
		m->others.refused_other = m->others_refused;
		put_scs(m, MTR_OTHER, &m->others);
	}
	for (unsigned i = POL_NONE + 1; i < POL_REASON_COUNT; i++) {
		uint64_t n = core_sessions_refused(m->core, (enum pol_reason)i);

		if (n) {
			put_of(m, MTR_SESSIONS_REFUSED, pol_reason_str((enum pol_reason)i), n);
		}
	}
}

/* -- peers */

static void on_peer(void *arg, const struct core_peer_view *p)
{
	struct adm_metrics *m = OBJ_OF(arg, struct adm_metrics, ADM_METRICS_MAGIC);
	const char *name = p->conf->name;

	put_of(m, MTR_PEER_UP, name, strcmp(p->state, "open") == 0);
	put_of(m, MTR_PEER_REQUESTS, name, p->requests);
	put_of(m, MTR_PEER_ANSWERS, name, p->answers);
	put_of(m, MTR_PEER_TIMEOUTS, name, p->timeouts);
	put_of(m, MTR_PEER_PENDING, name, p->pending);
	put_of(m, MTR_PEER_FORGIVEN, name, p->forgiven);
}

static void on_ndsip_peer(void *arg, const struct core_ndsip_peer_view *p)
{
	struct adm_metrics *m = OBJ_OF(arg, struct adm_metrics, ADM_METRICS_MAGIC);

	put_of(m, MTR_PEER_TUNNELS, p->conf->name, p->children);
	put_of(m, MTR_PEER_PROVEN, p->conf->name, p->proven);
}

static void put_ndsip(struct adm_metrics *m)
{
	struct core_ndsip_view v;

	core_ndsip_view(m->core, &v);
	if (!v.used) {
		return;
	}
	put(m, MTR_NDSIP_CHARON, v.charon);
	put(m, MTR_NDSIP_RULES_LOST, v.rules_lost);
	put(m, MTR_NDSIP_IKES, v.ikes);
	put(m, MTR_NDSIP_TUNNELS, v.children);
	put(m, MTR_NDSIP_OPEN, v.open);
	put(m, MTR_NDSIP_PROVEN, v.proven);
	core_ndsip_peer_each(m->core, on_ndsip_peer, m);
}

/* -- load */

static void put_status(struct adm_metrics *m)
{
	struct core_status s;

	core_status(m->core, &s);
	put(m, MTR_START_TIME, core_wall_ms(m->core, s.started_ms));
	put(m, MTR_SESSIONS, s.sessions);
	put(m, MTR_PENDING, s.pending);
	put(m, MTR_TRIGGERS, s.triggers);
	put(m, MTR_ENTERING, s.entering);
	put(m, MTR_STOPPING, s.stopping);
	put(m, MTR_MEMORY_SHORT, s.memory.is_short);
	put(m, MTR_LOG_FAILING, s.log_failing != 0);
	put(m, MTR_DECISIONS_FAILING, s.decisions.failing != 0);
	put(m, MTR_DECISIONS_LOST, s.decisions.lost);
	put(m, MTR_CONFIG_WAITS, core_config_waits(m->core));
	put(m, MTR_JOURNAL_BYTES, s.journal.octets);
	put(m, MTR_JOURNAL_SEGMENTS, s.journal.files);
	put(m, MTR_JOURNAL_RECORDS, s.journal.records);
	put(m, MTR_JOURNAL_WAITING, s.journal.waiting);
	put(m, MTR_JOURNAL_COMMIT_TIME, s.journal.commit_us);
}

static void on_store(void *arg, const struct core_store_view *s)
{
	static const struct {
		const char *name;
		enum mtr_family size, limit, left; /* size MTR_FAMILIES: put_status() has it */
	} rows[] = { { "associations", MTR_ASSOC_BYTES, MTR_ASSOC_LIMIT, MTR_ASSOC_LEFT },
		     { "association rows", MTR_ROWS_BYTES, MTR_ROWS_LIMIT, MTR_ROWS_LEFT },
		     { "journal", MTR_FAMILIES, MTR_JOURNAL_LIMIT, MTR_JOURNAL_LEFT } };
	struct adm_metrics *m = OBJ_OF(arg, struct adm_metrics, ADM_METRICS_MAGIC);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].name, s->name) != 0) {
			continue;
		}
		if (rows[i].size != MTR_FAMILIES) {
			put(m, rows[i].size, s->room->size);
		}
		put(m, rows[i].limit, s->room->size_max);
		put(m, rows[i].left, s->room->left);
	}
}

static void put_audit(struct adm_metrics *m)
{
	struct core_audit_view v;
	uint64_t now_ms = core_now_ms(m->core);

	if (!core_audit_view(m->core, &v)) {
		return;
	}
	put(m, MTR_AUDIT_RECORDS, v.records);
	put(m, MTR_AUDIT_UNSEALED, v.unsealed);
	put(m, MTR_AUDIT_BYTES, v.octets);
	put(m, MTR_AUDIT_WAITING, v.waiting);
	put(m, MTR_AUDIT_BROKEN, v.broken);
	if (v.signed_ms) {
		put(m, MTR_AUDIT_AGE, now_ms > v.signed_ms ? now_ms - v.signed_ms : 0);
	}
}

/* -- processes */

static void on_edge(void *arg, const struct core_edge_view *e)
{
	struct adm_metrics *m = OBJ_OF(arg, struct adm_metrics, ADM_METRICS_MAGIC);

	m->edges += e->up;
}

static void on_keyholder(void *arg, const struct core_keyholder_view *k)
{
	struct adm_metrics *m = OBJ_OF(arg, struct adm_metrics, ADM_METRICS_MAGIC);

	m->holders++;
	m->holders_up += strcmp(k->state, "up") == 0;
}

static void on_sandbox(void *arg, const struct core_sandbox *s)
{
	struct adm_metrics *m = OBJ_OF(arg, struct adm_metrics, ADM_METRICS_MAGIC);

	m->processes++;
	m->confined += !s->lacks[0];
}

static void put_processes(struct adm_metrics *m)
{
	m->edges = m->holders = m->holders_up = m->processes = m->confined = 0;
	core_edge_each(m->core, on_edge, m);
	core_keyholder_each(m->core, on_keyholder, m);
	core_sandbox_each(m->core, on_sandbox, m);
	put(m, MTR_EDGES, m->edges);
	put(m, MTR_KEYHOLDERS, m->holders);
	put(m, MTR_KEYHOLDERS_UP, m->holders_up);
	put(m, MTR_PROCESSES, m->processes);
	put(m, MTR_CONFINED, m->confined);
}

/* -- certificates, CRLs, OCSP */

static void earlier(int64_t *first, int64_t left)
{
	*first = left < *first ? left : *first;
}

static void on_file(void *arg, const struct core_file *f)
{
	struct adm_metrics *m = OBJ_OF(arg, struct adm_metrics, ADM_METRICS_MAGIC);
	int64_t left = left_s(m, f->not_after_s);

	if (!f->not_after_s) {
		return;
	}
	if (strcmp(f->kind, "peer") == 0) {
		put_of(m, MTR_PEER_CERTIFICATE, f->name, (uint64_t)left);
	} else if (strcmp(f->kind, "crl") == 0) {
		earlier(&m->crl_s, left);
	} else {
		earlier(strcmp(f->kind, "anchor") == 0 ? &m->anchor_s : &m->listener_s, left);
	}
}

static void put_left(struct adm_metrics *m, enum mtr_family family, int64_t left)
{
	if (left != NONE) {
		put(m, family, (uint64_t)left);
	}
}

static void on_responder(void *arg, const struct core_ocsp_view *v)
{
	struct adm_metrics *m = OBJ_OF(arg, struct adm_metrics, ADM_METRICS_MAGIC);
	uint64_t age_s = v->answered_s && m->now_s > v->answered_s ? m->now_s - v->answered_s : 0;

	m->responders++;
	m->failing += v->failed_s > v->answered_s;
	m->ocsp_age_s = age_s > m->ocsp_age_s ? age_s : m->ocsp_age_s;
}

static void put_files(struct adm_metrics *m)
{
	m->listener_s = m->anchor_s = m->crl_s = NONE;
	m->responders = m->failing = 0;
	m->ocsp_age_s = 0;
	core_file_each(m->core, on_file, m);
	core_ocsp_each(m->core, on_responder, m);
	put_left(m, MTR_LISTENER_CERTIFICATE, m->listener_s);
	put_left(m, MTR_ANCHOR_CERTIFICATE, m->anchor_s);
	put_left(m, MTR_CRL_LEFT, m->crl_s);
	put(m, MTR_CRL_REFUSED_NOW, (uint64_t)__builtin_popcountll(core_crls_are_wrong(m->core)));
	put(m, MTR_OCSP_RESPONDERS, m->responders);
	put(m, MTR_OCSP_FAILING, m->failing);
	if (m->responders) {
		put(m, MTR_OCSP_AGE, m->ocsp_age_s);
	}
}

/* -- the snapshot */

static void make(struct adm_metrics *m)
{
	size_t cap;
	void *octets = mtr_page_begin(m->page, &cap);

	m->now_s = clock_real_ms() / 1000;
	core_log_lost(m->core, 0); /* lines of the core's own log until now */
	core_gauges(m->core);
	mtr_begin(&m->out, octets, cap, core_counters(m->core), clock_boot_ms());
	put_status(m); /* what is one sample each comes first, and so is never left out */
	put_processes(m);
	put_files(m);
	put_audit(m);
	put_ndsip(m);
	core_store_each(m->core, on_store, m);
	core_peer_each(m->core, on_peer, m);
	put_scss(m);
	mtr_page_publish(m->page, mtr_end(&m->out));
}

static void on_timer(void *arg)
{
	struct adm_metrics *m = OBJ_OF(arg, struct adm_metrics, ADM_METRICS_MAGIC);

	make(m);
	net_timer_start(m->timer, m->cfg->metrics.every_ms);
}

int adm_metrics_new(struct adm_metrics **out, struct core *core, int fd)
{
	struct adm_metrics *m = calloc(1, sizeof *m);
	int err;

	if (!m) {
		return ERR_NOMEM;
	}
	obj_begin(&m->obj, ADM_METRICS_MAGIC);
	m->core = core;
	m->cfg = core_cfg(core);
	err = mtr_page_writer(&m->page, fd);
	if (!err) {
		err = net_timer_new(&m->timer, core_loop(core), on_timer, m);
	}
	if (err) {
		adm_metrics_free(m);
		return err;
	}
	net_timer_start(m->timer, 0);
	*out = m;
	return 0;
}

void adm_metrics_free(struct adm_metrics *m)
{
	if (!m) {
		return;
	}
	net_timer_free(m->timer);
	mtr_page_close(m->page);
	OBJ_END(m, ADM_METRICS_MAGIC);
	free(m);
}
