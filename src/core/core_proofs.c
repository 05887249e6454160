/* core_proofs.c - see core_proofs.h. The helper decides; the core has a clock of its own beside it,
 * so that a helper that says nothing lets no connection through and holds none for ever. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/str.h"
#include "core/core_int.h"

#define HELPER_MS 500u /* beyond the grace: for the helper to say it first */

static bool has_ndsip(const struct core_peer *p)
{
	return protection_has_ndsip(p->conf->protection);
}

static const struct cfg_ndsip *conf_of(const struct core_peer *p)
{
	return &p->core->cfg->ndsip;
}

static const struct core_ndsip_scs *told_of(const struct core_peer *p)
{
	char name[IDENT_SCS_MAX + 1];

	core_proof_name(name, p->conf);
	return core_ndsip_find(&p->core->ndsip, name);
}

/* -- the clock */

static bool waits(const struct core_proof *f)
{
	return f->state == CORE_PROOF_WAITS || f->state == CORE_PROOF_HELD;
}

static void arm(struct core *c)
{
	uint64_t at_ms = UINT64_MAX, now_ms = net_loop_now_ms(c->loop);

	if (!c->ndsip.proof_timer) {
		return; /* the core ends */
	}
	for (size_t i = 0; i < c->peers.n; i++) {
		const struct core_proof *f = &c->peers.row[i].proof;

		at_ms = waits(f) && f->cut_ms < at_ms ? f->cut_ms : at_ms;
	}
	if (at_ms == UINT64_MAX) {
		net_timer_stop(c->ndsip.proof_timer);
	} else {
		net_timer_start(c->ndsip.proof_timer, at_ms > now_ms ? at_ms - now_ms : 0);
	}
}

static void set_state(struct core_peer *p, enum core_proof_state state, uint64_t wait_ms)
{
	p->proof.state = state;
	p->proof.cut_ms = net_loop_now_ms(p->core->loop) + wait_ms;
	arm(p->core);
}

static void cut(struct core_peer *p, unsigned reason)
{
	char words[LINK_WHY_MAX];
	struct link *l = p->proof.link;

	snprintf(words, sizeof words, "NDS/IP does not protect it: %s", ns_reason_words(reason));
	st_count(&p->core->st, ST_PEER_NDSIP_CUT);
	p->proof.reason = reason;
	link_freeze(l, true); /* what is queued is not sent */
	core_proof_end(p);
	p->cut = true;
	link_drop(l, words);
}

void core_proofs_due(struct core *c)
{
	uint64_t now_ms = net_loop_now_ms(c->loop);

	for (size_t i = 0; i < c->peers.n; i++) {
		struct core_peer *p = &c->peers.row[i];

		if (waits(&p->proof) && p->proof.cut_ms <= now_ms) {
			cut(p, p->proof.reason);
		}
	}
	arm(c);
}

/* -- a connection */

/* What the helper, charon and the rules lack; "": nothing. */
static void lacking(char out[NS_WORDS_MAX], const struct core_peer *p)
{
	const struct core_ndsip *n = &p->core->ndsip;
	const struct core_ndsip_scs *told = told_of(p);

	out[0] = 0;
	if (!n->channel || !n->heard) {
		str_cut(out, NS_WORDS_MAX, ns_reason_words(NS_REASON_NO_HELPER));
	} else if (!n->summary.charon) {
		str_cut(out, NS_WORDS_MAX, ns_reason_words(NS_REASON_CHARON_AWAY));
	} else if (n->summary.rules != NS_RULES_OK) {
		str_cut(out, NS_WORDS_MAX, ns_reason_words(NS_REASON_RULES_LOST));
	} else if (!told || told->is.state != NS_SCS_UP) {
		str_cut(out, NS_WORDS_MAX,
			told && *told->is.words ? told->is.words : "the NDS/IP helper has said nothing of it yet");
	}
}

bool core_proof_may_connect(struct core_peer *p, char why[LINK_WHY_MAX])
{
	struct core_proof *f = &p->proof;
	char words[NS_WORDS_MAX];

	if (!has_ndsip(p)) {
		return true;
	}
	lacking(words, p);
	f->kept_back = *words != 0;
	snprintf(why, LINK_WHY_MAX, "NDS/IP: %.200s", words);
	return !f->kept_back;
}

static int take_ips(struct sa_address out[NS_ENDS_MAX], uint8_t *out_n, const struct net_ip *ips, size_t n)
{
	if (!n || n > NS_ENDS_MAX) {
		return ERR_LIMIT;
	}
	for (size_t i = 0; i < n; i++) {
		size_t len = ips[i].family == AF_INET ? 4 : 16;

		out[i] = (struct sa_address){ .family = len == 4 ? 4 : 6 };
		memcpy(out[i].octets, ips[i].octets, len);
	}
	*out_n = (uint8_t)n;
	return 0;
}

/* Both ends, as the kernel has them; of an association all addresses. */
static int take_ends(struct ns_open *o, const struct core_peer *p, const struct net_stream *stream)
{
	struct net_ip ips[NET_IPS_MAX];
	size_t n;
	int err = net_stream_local_ips(stream, ips, &n);

	o->protocol = p->conf->transport == TRANSPORT_SCTP ? SA_SCTP : SA_TCP;
	o->local_port = net_stream_local_port(stream);
	o->remote_port = p->conf->port;
	if (!err) {
		err = take_ips(o->local, &o->local_n, ips, n);
	}
	if (!err) {
		err = net_stream_peer_ips(stream, ips, &n);
	}
	return err ? err : take_ips(o->remote, &o->remote_n, ips, n);
}

void core_proof_begin(struct core_peer *p, struct link *l)
{
	struct core_proof *f = &p->proof;
	int err;

	if (!has_ndsip(p)) {
		return;
	}
	link_freeze(l, true);
	core_proof_end(p);
	f->link = l;
	f->reason = NS_REASON_NO_HELPER;
	f->open = (struct ns_open){ .id = ++p->core->ndsip.proof_id };
	err = take_ends(&f->open, p, link_stream(l));
	if (err) { /* frozen to its end, which the clock brings */
		log_error(p->core->log, "core", "peer %s: the addresses of its connection: %s", p->conf->name, err_str(err));
	}
	f->unsaid = !err;
	set_state(p, CORE_PROOF_WAITS, conf_of(p)->grace_ms + HELPER_MS);
	core_ndsip_send(p->core);
}

void core_proof_end(struct core_peer *p)
{
	struct core_proof *f = &p->proof;

	if (f->state == CORE_PROOF_NONE) {
		return;
	}
	if (f->asked) {
		f->closed = f->open.id; /* one before was sent before this one's OPEN */
	}
	f->state = CORE_PROOF_NONE;
	f->link = NULL;
	f->unsaid = f->asked = false;
	arm(p->core);
	core_ndsip_send(p->core);
}

/* -- what the helper says */

static bool is_expected(const struct core_peer *p, const struct ns_state *s)
{
	char name[IDENT_SCS_MAX + 1];

	core_proof_name(name, p->conf);
	return !strcmp(s->scs, name) && !strcmp(s->identity, p->conf->identity) && !strcmp(s->anchor, p->conf->trust);
}

static void on_proven(struct core_peer *p, const struct ns_state *s)
{
	struct core_proof *f = &p->proof;

	if (!is_expected(p, s)) {
		cut(p, NS_REASON_SA_OTHER_IDENTITY);
		return;
	}
	if (f->state == CORE_PROOF_PROVEN) {
		return;
	}
	log_info(p->core->log, "core", "peer %s (%s): the connection is protected by NDS/IP, IKE identity %s", p->conf->name,
		 p->conf->host, s->identity);
	f->open.again = true;
	set_state(p, CORE_PROOF_PROVEN, 0);
	link_freeze(f->link, false);
}

static void hold(struct core_peer *p, unsigned reason)
{
	struct core_proof *f = &p->proof;

	f->reason = reason;
	if (f->state != CORE_PROOF_PROVEN) {
		return;
	}
	log_warn(p->core->log, "core",
		 "peer %s (%s): NDS/IP does not protect its connection: %s; nothing is read or sent meanwhile", p->conf->name,
		 p->conf->host, ns_reason_words(reason));
	st_count(&p->core->st, ST_PEER_NDSIP_HELD);
	link_freeze(f->link, true);
	set_state(p, CORE_PROOF_HELD, conf_of(p)->grace_ms + HELPER_MS);
}

static bool kept(const struct core_peer *p, const struct ns_state *s)
{
	return conf_of(p)->on_loss == CFG_NDSIP_KEEP && p->proof.state == CORE_PROOF_PROVEN && s->reason == NS_REASON_CHARON_AWAY;
}

static struct core_peer *with_id(struct core *c, uint64_t id)
{
	for (size_t i = 0; i < c->peers.n; i++) {
		const struct core_proof *f = &c->peers.row[i].proof;

		if (f->state != CORE_PROOF_NONE && f->asked && f->open.id == id) {
			return &c->peers.row[i];
		}
	}
	return NULL; /* it ended meanwhile */
}

void core_proofs_hear(struct core *c, const struct ns_state *s)
{
	struct core_peer *p = with_id(c, s->id);

	if (!p) {
		return;
	}
	if (s->proof == NS_PROVEN) {
		on_proven(p, s);
	} else if (s->proof == NS_CUT) {
		p->proof.asked = false; /* the helper has forgotten it */
		cut(p, s->reason);
	} else if (!kept(p, s)) {
		hold(p, s->reason);
	}
}

void core_proofs_retry(struct core *c)
{
	char words[NS_WORDS_MAX];

	for (size_t i = 0; i < c->peers.n && !c->stop.begun; i++) {
		struct core_peer *p = &c->peers.row[i];

		if (!p->proof.kept_back || !p->peer || strcmp(link_peer_state(p->peer), "waiting") != 0) {
			continue;
		}
		lacking(words, p);
		if (!*words) {
			p->proof.kept_back = false;
			link_peer_kick(p->peer);
		}
	}
}

/* -- the channel */

void core_proofs_joined(struct core *c)
{
	for (size_t i = 0; i < c->peers.n; i++) {
		struct core_proof *f = &c->peers.row[i].proof;

		f->closed = 0;
		f->asked = false;
		f->unsaid = f->state != CORE_PROOF_NONE && f->open.local_n && f->open.remote_n;
	}
}

void core_proofs_lost(struct core *c)
{
	for (size_t i = 0; i < c->peers.n; i++) {
		struct core_peer *p = &c->peers.row[i];

		p->proof.closed = 0;
		p->proof.asked = p->proof.unsaid = false;
		if (conf_of(p)->on_loss != CFG_NDSIP_KEEP) {
			hold(p, NS_REASON_NO_HELPER);
		}
	}
}

bool core_proofs_next(struct core *c, struct ns_msg *out)
{
	for (size_t i = 0; i < c->peers.n; i++) {
		struct core_proof *f = &c->peers.row[i].proof;

		if (f->closed) {
			*out = (struct ns_msg){ .kind = NS_CLOSE, .close = { f->closed } };
			f->closed = 0;
			return true;
		}
		if (f->unsaid) {
			*out = (struct ns_msg){ .kind = NS_OPEN, .open = f->open };
			f->unsaid = false;
			f->asked = true;
			return true;
		}
	}
	return false;
}

void core_proof_words(char out[NS_WORDS_MAX], const struct core_peer *p)
{
	out[0] = 0;
	if (!has_ndsip(p)) {
		return;
	}
	lacking(out, p);
	if (!*out && waits(&p->proof)) {
		str_cut(out, NS_WORDS_MAX, ns_reason_words(p->proof.reason));
	}
}
