/* adm_health.c - whether the gateway works, and if not, why and what to do: the command `health`,
 * and the first line of `status`. Each condition that stops triggers or loses records is one
 * function here. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin/adm_health_peer.h"
#include "admin/adm_int.h"
#include "base/clock.h"
#include "base/shown.h"
#include "base/tail.h"
#include "core/core.h"

#define TEXT_MAX 512
#define STORE_LEFT_SHARE 10u /* a store is nearly full when less than this part is left */

#define FINDINGS_MAGIC 0xc33e2f6eu
struct findings {
	struct obj obj;
	const struct adm *adm;
	json_t *reasons;
	uint32_t edges_up;
	bool disk_told; /* of state_dir: one reason for all the stores in it */
};

/* `code` is a word for programs, `advice` says what to do next; the text says what is wrong. */
static void __attribute__((format(printf, 4, 5)))
found(struct findings *f, const char *code, const char *advice, const char *text, ...)
{
	char words[TEXT_MAX];
	va_list args;

	va_start(args, text);
	vsnprintf(words, sizeof words, text, args);
	va_end(args);
	json_array_append_new(f->reasons, json_pack("{s:s, s:s, s:s}", "reason", code, "text", words, "advice", advice));
}

/* -- the peers of our own domain */

static const char *role_of(const struct cfg_iwf *cfg, const struct cfg_peer *peer)
{
	bool hss = peer == &cfg->peers[cfg->s6m.peer_index], smssc = peer == &cfg->peers[cfg->t4.peer_index];

	return hss && smssc ? "HSS and SMS-SC" : hss ? "HSS" : smssc ? "SMS-SC" : NULL;
}

static void look_at_peer(void *arg, const struct core_peer_view *p)
{
	struct findings *f = OBJ_OF(arg, struct findings, FINDINGS_MAGIC);
	const char *role = role_of(f->adm->cfg, p->conf);
	char since[CLOCK_TEXT_MAX];

	if (strcmp(p->state, "open") == 0) {
		return;
	}
	clock_text(since, core_wall_ms(f->adm->core, p->since_ms));
	json_array_append_new(f->reasons, adm_health_of_peer(p, since, role));
}

/* -- the edges */

static uint32_t edges_wanted(const struct cfg_iwf *cfg)
{
	bool zones[2] = { false, false };

	for (size_t i = 0; i < cfg->listen_n; i++) {
		zones[cfg->listen[i].zone == ZONE_EXTERNAL] = true;
	}
	return cfg->edges * (zones[0] + zones[1]);
}

static void count_edge(void *arg, const struct core_edge_view *e)
{
	OBJ_OF(arg, struct findings, FINDINGS_MAGIC)->edges_up += e->up;
}

static void look_at_edges(struct findings *f)
{
	uint32_t wanted = edges_wanted(f->adm->cfg);

	core_edge_each(f->adm->core, count_edge, f);
	if (!f->edges_up) {
		found(f, "no-edge", "the log says why edges end; 'mtc-iwfd -t -c FILE' checks certificates and configuration",
		      "no edge is up: no SCS can connect");
	} else if (f->edges_up < wanted) {
		found(f, "edge-down", "an edge is started again by itself; when this stays, the log says why it ends",
		      "edges that are up: %u of %u", f->edges_up, wanted);
	}
}

static void look_at_keyholder(void *arg, const struct core_keyholder_view *k)
{
	if (strcmp(k->state, "up") != 0) {
		found(arg, "keyholder-down", "it is started again by itself; when this stays, the log says why it ends",
		      "the %s is %s: new TLS connections of SCSs are refused, those that are open go on", k->name, k->state);
	}
}

static void look_at_ndsip(struct findings *f)
{
	struct core_ndsip_view v;
	struct adm_trouble trouble;

	core_ndsip_view(f->adm->core, &v);
	if (adm_ndsip_trouble(&trouble, &v)) {
		found(f, trouble.code, trouble.advice, "%s", trouble.text);
	}
	if (v.serves && v.refused_scs) {
		found(f, "ndsip-left-out", "'mtcctl ndsip status' says why; change the SCS or the configuration",
		      "SCSs whose addresses or trust anchor do not go with the configuration, so that NDS/IP does not protect "
		      "them: %u",
		      v.refused_scs);
	}
}

static void look_at_audit(struct findings *f)
{
	struct adm_trouble trouble;

	if (adm_audit_trouble(&trouble, f->adm)) {
		found(f, trouble.code, trouble.advice, "%s", trouble.text);
	}
}

/* -- certificates and anchors */

#define EXPIRED_MAGIC 0xcd34edbau
struct expired {
	struct obj obj;
	const struct core_file *first, *first_crl, *first_early;
	uint64_t now_s;
	uint32_t n, crls_n, early_n;
};

static void look_at_file(void *arg, const struct core_file *file)
{
	struct expired *e = OBJ_OF(arg, struct expired, EXPIRED_MAGIC);

	bool is_crl = file->number[0] != 0; /* in force until its nextUpdate is over */

	if (file->not_before_s > e->now_s && !e->early_n++) {
		e->first_early = file;
	}
	if (file->not_after_s > e->now_s || (is_crl && file->not_after_s == e->now_s)) {
		return;
	}
	if (is_crl) {
		if (!e->crls_n++) {
			e->first_crl = file;
		}
	} else if (!e->n++) {
		e->first = file;
	}
}

static const char *and_more(char out[64], uint32_t n)
{
	out[0] = 0;
	if (n > 1) {
		snprintf(out, 64, "; so did %u more", n - 1);
	}
	return out;
}

static void look_at_crls(struct findings *f, const struct expired *e)
{
	uint64_t wrong = core_crls_are_wrong(f->adm->core);
	char when[CLOCK_TEXT_MAX], more[64];

	if (e->crls_n) {
		clock_text_s(when, (int64_t)e->first_crl->not_after_s);
		found(f, "crl-stale", "put a new CRL there; it is read within timers.crl_check",
		      "the CRL of '%s' (trust anchor %s) is out of date since %s: SCSs of this CA without revocation_soft are "
		      "refused%s",
		      e->first_crl->issuer, e->first_crl->name, when, and_more(more, e->crls_n));
	}
	for (size_t i = 0; i < f->adm->cfg->anchors_n; i++) { /* one that is gone has no bit */
		if (wrong & UINT64_C(1) << i) {
			found(f, "crl-refused", "the log says what is wrong with the file",
			      "a new file of CRLs of trust anchor %s cannot be used; the CRLs before stay in use",
			      f->adm->cfg->anchors[i].name);
			return;
		}
	}
}

static void look_at_responder(void *arg, const struct core_ocsp_view *v)
{
	const char *kind = v->anchor ? "trust anchor" : "listener", *name = v->anchor ? v->anchor : v->listener;

	if (strcmp(adm_ocsp_state(v), "failing") == 0) {
		found(arg, "ocsp-failing", "see that the responder runs and answers; 'mtcctl status all' has its last answer",
		      "the OCSP responder %s of %s %s gives no answer that can be used: %s", v->url, kind, name, v->why);
	}
	if (v->listener && v->edges && v->staple_until_s < clock_real_ms() / 1000) {
		found(arg, "ocsp-no-staple", "see what its responder says about the gateway's own certificate: mtcctl status all",
		      "nothing is stapled to TLS handshakes of listener %s: SCSs that demand it do not connect", name);
	}
}

/* A clock that is wrong is the usual cause, as on a machine that has started without the time. */
static void look_at_early(struct findings *f, const struct expired *e)
{
	char when[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX], more[64] = "";

	if (!e->early_n) {
		return;
	}
	if (e->early_n > 1) {
		snprintf(more, sizeof more, "; %u more are not valid yet", e->early_n - 1);
	}
	clock_text_s(when, (int64_t)e->first_early->not_before_s);
	clock_text_s(now, (int64_t)e->now_s);
	found(
	    f, "certificate-early",
	    "if that is not the time, set the clock of this machine ('timedatectl set-ntp true'); else wait until then, or put a "
	    "certificate there that is valid now, then 'mtcctl reload'",
	    "'%s' of %s %s is not valid before %s, and the clock of this machine says %s: connections that need it fail%s",
	    e->first_early->path, e->first_early->kind, e->first_early->name, when, now, more);
}

/* One reason for all of them: there may be hundreds of anchors. */
static void look_at_files(struct findings *f)
{
	struct expired e = { .obj = OBJ(EXPIRED_MAGIC), .now_s = clock_real_ms() / 1000 };
	char when[CLOCK_TEXT_MAX], more[64];

	core_file_each(f->adm->core, look_at_file, &e);
	look_at_crls(f, &e);
	look_at_early(f, &e);
	if (!e.n) {
		return;
	}
	clock_text_s(when, (int64_t)e.first->not_after_s);
	found(f, "certificate-expired", "renew the file, then 'mtcctl reload'; 'mtcctl status all' shows the days of each",
	      "'%s' of %s %s expired on %s: connections that need it fail%s", e.first->path, e.first->kind, e.first->name, when,
	      and_more(more, e.n));
}

/* -- what is written */

static void look_at_journal(struct findings *f, const struct core_status *s)
{
	char since[CLOCK_TEXT_MAX];

	clock_text(since, core_wall_ms(f->adm->core, s->journal.since_ms));
	if (s->journal.state == ERR_NOSPC) {
		found(f, "journal-full", "free space on the disk of state_dir, or raise journal.size_max and restart",
		      "the journal %s/journal is full since %s: new triggers are answered 201", f->adm->cfg->state_dir, since);
	} else if (s->journal.state) {
		found(f, "journal-failing", "look at the disk of state_dir and the kernel's log",
		      "the journal %s/journal cannot be written since %s: new triggers are answered 201", f->adm->cfg->state_dir,
		      since);
	}
}

/* The reader that keeps pages from being used again; "" when there is none. */
static const char *reader_words(char words[TEXT_MAX], const struct core_store_view *store)
{
	const struct kv_room *room = store->room;
	char held[SHOWN_COUNT_MAX], reader[ADM_READER_MAX];

	words[0] = 0;
	if (room->oldest.pid && room->held) {
		adm_reader_name(reader, &room->oldest);
		snprintf(words, TEXT_MAX, "; %s has been reading for %llu s and keeps %s from being used again", reader,
			 (unsigned long long)store->reader_s, shown_count(held, room->held, "byte"));
	}
	return words;
}

/* A store that may outgrow its disk is not a fault by itself. It is one if the disk is nearly full
 * as well. */
static bool disk_is_short(const struct kv_room *room)
{
	return room->disk_max && room->left < room->size_max / STORE_LEFT_SHARE && room->disk < room->disk_max / STORE_LEFT_SHARE;
}

static void look_at_disk(struct findings *f, const struct core_store_view *store)
{
	const struct kv_room *room = store->room;

	if (!room->failing && (f->disk_told || !disk_is_short(room))) {
		return;
	}
	f->disk_told = true;
	found(f, room->failing == ERR_IO ? "store-failing" : "store-full",
	      room->failing == ERR_IO
		  ? "look at the disk of state_dir and the kernel's log"
		  : "free space on the disk of state_dir, or raise its quota; 'mtcctl status all' shows the room of each store",
	      "%s: %s%llu of %llu bytes are left on the disk of %s", store->name,
	      room->failing == ERR_IO ? "the last change could not be written (input or output error); "
	      : room->failing         ? "the last change could not be written (no space left); "
				      : "",
	      (unsigned long long)room->disk, (unsigned long long)room->disk_max, f->adm->cfg->state_dir);
}

static void look_at_store(void *arg, const struct core_store_view *store)
{
	const struct kv_room *room = store->room;
	struct findings *f = OBJ_OF(arg, struct findings, FINDINGS_MAGIC);
	char reader[TEXT_MAX], advice[TEXT_MAX];

	if (!room->size) {
		return;
	}
	if (room->map_left >= room->size_max / STORE_LEFT_SHARE) {
		look_at_disk(f, store);
		return;
	}
	reader_words(reader, store);
	snprintf(advice, sizeof advice, "%sraise %s and restart; 'mtcctl status all' shows the room of each store",
		 !*reader            ? ""
		 : room->oldest.ours ? "let the export or backup end, or end the mtcctl that runs it, not the core; or "
				     : "end that process; or ",
		 store->key);
	found(f, "store-full", advice, "%s: %llu of %llu bytes are left (%s)%s; it is below %s", store->name,
	      (unsigned long long)room->map_left, (unsigned long long)room->size_max, store->key, reader, f->adm->cfg->state_dir);
}

static void look_at_decisions(struct findings *f, const struct core_status *s)
{
	char since[CLOCK_TEXT_MAX];

	if (!s->decisions.failing) {
		return;
	}
	clock_text(since, core_wall_ms(f->adm->core, s->decisions.since_ms));
	found(f, "decisions-failing", "free space on its disk, or start the reader of a pipe, and look at the kernel's log",
	      "the decision log %s cannot be written since %s: %s; lines wait, and are lost when too many wait (%llu until now)",
	      f->adm->cfg->decisions, since, strerror(s->decisions.failing), (unsigned long long)s->decisions.lost);
}

static void look_at_log(struct findings *f, const struct core_status *s)
{
	const struct log *log = core_log(f->adm->core);
	char name[TAIL_NAME_MAX], lines[SHOWN_COUNT_MAX];

	if (s->log_failing) {
		found(f, "log-failing", "free space on its disk, and look at the kernel's log",
		      "the log of the core, %s, cannot be written: %s; %s lost", tail_name(name, log->fd, "standard error"),
		      strerror(s->log_failing), shown_count(lines, log_lost(log), "line"));
	}
}

/* -- how much there is */

static void look_at_memory(struct findings *f, const struct core_status *s)
{
	char since[CLOCK_TEXT_MAX];

	if (!s->memory.is_short) {
		return;
	}
	clock_text(since, core_wall_ms(f->adm->core, s->memory.since_ms));
	found(f, "memory-short",
	      "raise limits.memory, or the limit that the system sets for the service, and "
	      "restart; or lower limits.triggers: 'mtcctl status' shows how many are held",
	      "the memory of the core is at its limit since %s: new triggers are "
	      "answered 201; what was accepted goes on with a reserve of %llu bytes",
	      since, (unsigned long long)s->memory.reserve);
}

static void look_at_load(struct findings *f, const struct core_status *s)
{
	const struct cfg_limits *l = &f->adm->cfg->limits;

	if (s->stopping) {
		found(f, "stopping", "wait for the end, or start the gateway again", "the gateway is stopping");
	}
	if (s->pending >= l->pending_total - l->pending_total / 10) {
		found(f, "overloaded", "find the slow peer: 'mtcctl peers'; or raise limits.pending_total",
		      "requests that wait for their answer: %u; limits.pending_total is %u", s->pending, l->pending_total);
	}
	if (s->pending + s->triggers >= l->triggers_max - l->triggers_max / 10) {
		found(f, "triggers-full",
		      "see which triggers wait, and for whom: 'mtcctl triggers list'; or raise limits.triggers",
		      "triggers that are held: %u; limits.triggers is %u", s->pending + s->triggers, l->triggers_max);
	}
}

json_t *adm_health(const struct adm *a)
{
	struct findings f = { .obj = OBJ(FINDINGS_MAGIC), .adm = a, .reasons = json_array() };
	struct core_status s;

	OBJ_CHECK(a, ADM_MAGIC);
	core_status(a->core, &s);
	core_peer_each(a->core, look_at_peer, &f);
	look_at_edges(&f);
	core_keyholder_each(a->core, look_at_keyholder, &f);
	look_at_ndsip(&f);
	look_at_files(&f);
	core_ocsp_each(a->core, look_at_responder, &f);
	look_at_journal(&f, &s);
	core_store_each(a->core, look_at_store, &f);
	look_at_decisions(&f, &s);
	look_at_audit(&f);
	look_at_log(&f, &s);
	look_at_memory(&f, &s);
	look_at_load(&f, &s);
	return f.reasons;
}

static void on_health(void *arg, struct ctl_request *rq, const json_t *args)
{
	json_t *reasons = adm_health(arg);

	(void)args;
	ctl_done(rq, json_pack("{s:b, s:o}", "healthy", json_array_size(reasons) == 0, "reasons", reasons));
}

const struct ctl_command adm_health_rows[] = {
	{ "health", "report whether the gateway works, and if not, why", NULL, false, on_health },
	{ .name = NULL },
};
