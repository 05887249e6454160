/* core_ndsip.c - the channel to the NDS/IP helper: its begin and end, and what the helper says.
 * That is decoded before it is used, and only kept for operators. */
#include <string.h>

#include "base/str.h"
#include "core/core_int.h"
#include "core/core_view.h"

static void forget_state(void *arg, struct map_node *node)
{
	(void)arg;
	core_ndsip_forget(MAP_OF(node, struct core_ndsip_scs, by_name));
}

static void close_channel(struct core_ndsip *n)
{
	core_ndsip_list_end(n);
	core_ndsip_unsend(n);
	ns_channel_free(n->channel);
	n->channel = NULL;
	n->heard = false;
	n->summary = (struct ns_summary){ .charon = false };
	map_each(&n->by_name, forget_state, NULL);
}

static void lose(struct core *c, const char *why)
{
	log_error(c->log, "core", "the NDS/IP helper is away: %s", why);
	close_channel(&c->ndsip);
	core_proofs_lost(c);
	c->ndsip.losses++;
	c->ndsip.since_ms = core_now_ms(c);
	st_count(&c->st, ST_NDSIP_HELPER_LOST);
	if (c->cb->on_ndsip_lost) {
		c->cb->on_ndsip_lost(c->arg);
	}
}

/* -- what the helper says */

static void take_summary(struct core *c, const struct ns_summary *s)
{
	struct core_ndsip *n = &c->ndsip;
	bool was = n->heard && n->summary.charon;

	if (s->charon != was) {
		n->since_ms = core_now_ms(c);
	}
	if (s->charon && !was) {
		log_info(c->log, "core", "NDS/IP: charon answers (strongSwan %s)",
			 *s->version ? s->version : "of an unknown version");
	} else if (!s->charon && (was || !n->heard)) {
		log_warn(c->log, "core", "NDS/IP: charon does not answer%s%s", *s->words ? ": " : "", s->words);
	}
	if (n->heard && s->rules != n->summary.rules) {
		log_warn(c->log, "core", "NDS/IP: the rules of the packet filter are %s", core_ndsip_rules_word(s->rules));
	}
	n->summary = *s;
	n->heard = true;
	if (s->ended && s->list == n->list && n->stage == CORE_NDSIP_IDLE) {
		core_ndsip_settle(n, s->ended);
	}
	core_proofs_retry(c);
}

static void take(struct core *c, const struct ns_msg *m)
{
	struct core_ndsip_scs *s;

	if (m->kind == NS_SUMMARY) {
		take_summary(c, &m->summary);
	} else if (m->kind == NS_SCS_STATE) {
		s = core_ndsip_find(&c->ndsip, m->scs_is.name);
		if (s && !s->refused) {
			s->is.state = m->scs_is.state;
			s->is.children = m->scs_is.children;
			s->is.open = m->scs_is.open;
			str_cut(s->is.words, sizeof s->is.words, m->scs_is.words);
			core_proofs_retry(c);
		}
	} else if (m->kind == NS_STATE) {
		core_proofs_hear(c, &m->state);
	}
}

static void on_message(void *arg, const struct ns_msg *m)
{
	take(OBJ_OF(arg, struct core, CORE_MAGIC), m);
}

static void on_room(void *arg)
{
	core_ndsip_send(OBJ_OF(arg, struct core, CORE_MAGIC));
}

static void on_lost(void *arg, int err)
{
	lose(OBJ_OF(arg, struct core, CORE_MAGIC), err == ERR_PROTO ? "it sent bytes that are not a message" : err_str(err));
}

/* -- the part */

int core_ndsip_channel(struct core *c, int fd)
{
	struct ns_channel_conf conf = {
		.loop = c->loop, .from = NS_TO_CORE, .on_message = on_message, .on_room = on_room, .on_lost = on_lost, .arg = c
	};
	int err;

	OBJ_CHECK(c, CORE_MAGIC);
	close_channel(&c->ndsip);
	core_proofs_lost(c); /* the end of the one before may not have been read yet */
	err = ns_channel_new(&c->ndsip.channel, fd, &conf);
	if (err) {
		return err;
	}
	c->ndsip.since_ms = core_now_ms(c);
	core_proofs_joined(c);
	core_ndsip_list_begin(c);
	return 0;
}

int core_ndsip_init(struct core *c)
{
	int err = map_init(&c->ndsip.by_name);

	err = err ? err : sip_key_new(&c->ndsip.key);
	c->ndsip.since_ms = core_now_ms(c);
	return err ? err : core_ndsip_list_init(c);
}

static void free_scs(void *arg, struct map_node *node)
{
	core_ndsip_drop(arg, MAP_OF(node, struct core_ndsip_scs, by_name));
}

void core_ndsip_fini(struct core *c)
{
	if (c->ndsip.timer) {
		close_channel(&c->ndsip);
		map_each(&c->ndsip.by_name, free_scs, &c->ndsip);
	}
	core_ndsip_list_fini(c);
	map_fini(&c->ndsip.by_name);
}

/* -- views */

const char *core_ndsip_rules_word(unsigned rules)
{
	static const char *const words[] = {
		[NS_RULES_UNCHECKED] = "not checked",   [NS_RULES_OK] = "in force",
		[NS_RULES_MISSING] = "missing",         [NS_RULES_CHANGED] = "changed",
		[NS_RULES_UNREADABLE] = "not readable",
	};

	return rules < sizeof words / sizeof *words && words[rules] ? words[rules] : "not known";
}

void core_ndsip_view(const struct core *c, struct core_ndsip_view *out)
{
	const struct core_ndsip *n = &c->ndsip;
	const struct ns_summary *s = &n->summary;

	*out = (struct core_ndsip_view){ .serves = cfg_ndsip_serves(c->cfg),
					 .used = cfg_ndsip_used(c->cfg),
					 .helper = n->channel && n->heard,
					 .charon = n->heard && s->charon,
					 .rules_lost = s->rules == NS_RULES_MISSING || s->rules == NS_RULES_CHANGED ||
						       s->rules == NS_RULES_UNREADABLE,
					 .rules = core_ndsip_rules_word(s->rules),
					 .version = s->version,
					 .words = s->words,
					 .since_ms = n->since_ms,
					 .loss_s = s->loss_s,
					 .list = n->list,
					 .list_in_use = s->list,
					 .scs = n->list_n - n->peers_n,
					 .loaded = s->loaded,
					 .refused_scs = n->refused,
					 .ikes = s->ikes,
					 .children = s->children,
					 .open = s->open,
					 .proven = s->proven,
					 .proofs = s->proofs,
					 .refused = s->refused,
					 .cut = s->cut,
					 .losses = s->losses,
					 .helper_losses = n->losses };
}

static const char *state_word(const struct core_ndsip *n, const struct core_ndsip_scs *s)
{
	static const char *const words[] = {
		[0] = "waits",          [NS_SCS_WAITS] = "waits",         [NS_SCS_REFUSED] = "refused",
		[NS_SCS_DOWN] = "down", [NS_SCS_CHILDLESS] = "childless", [NS_SCS_UP] = "up"
	};

	if (s->refused) {
		return s->blocked ? "blocked" : "refused";
	}
	return n->channel && s->is.state < sizeof words / sizeof *words ? words[s->is.state] : "unknown";
}

int core_ndsip_scs_view(const struct core *c, const char *scs, struct core_ndsip_scs_view *out)
{
	const struct core_ndsip_scs *s = core_ndsip_find(&c->ndsip, scs);

	if (!s) {
		return ERR_NOTFOUND;
	}
	*out = (struct core_ndsip_scs_view){ .state = state_word(&c->ndsip, s),
					     .up = !s->refused && s->is.state == NS_SCS_UP,
					     .refused = s->refused,
					     .children = s->is.children,
					     .open = s->is.open,
					     .words = s->refused ? s->own : s->is.words };
	return 0;
}

void core_ndsip_peer_each(const struct core *c, core_ndsip_peer_fn *fn, void *arg)
{
	_Static_assert(CORE_NDSIP_WHY_MAX == NS_WORDS_MAX, "the words of the helper");
	char name[IDENT_SCS_MAX + 1];

	for (size_t i = 0; i < c->peers.n; i++) {
		const struct core_peer *p = &c->peers.row[i];
		struct core_ndsip_peer_view view = { .conf = p->conf, .state = "unknown" };
		const struct core_ndsip_scs *s;

		if (!protection_has_ndsip(p->conf->protection)) {
			continue;
		}
		core_proof_name(name, p->conf);
		s = core_ndsip_find(&c->ndsip, name);
		if (s) {
			view.state = state_word(&c->ndsip, s);
			view.children = s->is.children;
		}
		view.proven = p->proof.state == CORE_PROOF_PROVEN;
		core_proof_words(view.why, p);
		fn(arg, &view);
	}
}
