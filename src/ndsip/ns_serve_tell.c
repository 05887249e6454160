/* ns_serve_tell.c - what edges and core are told: each state of a connection once, and for the core
 * what became of each SCS and a summary. */
#include "ndsip/ns_serve_int.h"

#include "base/str.h"
#include "ndsip/ns_status.h"

#define STATUS_MS 250u

/* -- telling the owners of connections */

static struct ns_edge *edge_of_owner(const struct ns_serve *s, uint64_t owner)
{
	struct ns_edge *e;

	TAILQ_FOREACH (e, &s->edges, entry) {
		if (e->owner == owner) {
			return e;
		}
	}
	return NULL;
}

/* Those of an owner that does not read wait; the others are told. */
void ns_serve_tell_owners(struct ns_serve *s)
{
	struct ns_connection *c, *next;

	for (c = ns_proofs_unsaid(&s->proofs); c; c = next) {
		bool of_core = c->key.owner == NS_OWNER_CORE;
		struct ns_edge *e = of_core ? NULL : edge_of_owner(s, c->key.owner);
		struct ns_channel *channel = of_core ? s->core : e ? e->channel : NULL;
		bool *full = of_core ? &s->core_full : e ? &e->full : NULL;
		struct ns_msg m = { .kind = NS_STATE };

		next = TAILQ_NEXT(c, saying);
		if (!channel || !full || *full) {
			continue;
		}
		ns_proofs_state(&m.state, c);
		switch (ns_channel_send(channel, &m)) {
		case 0:
			ns_proofs_said(&s->proofs, c);
			break;
		case ERR_BUSY:
			*full = true;
			break;
		default: /* it has ended, which reading says */
			break;
		}
	}
}

/* -- telling the core */

/* Words of others: the messages carry printable ASCII. */
static void copy_words(char *out, size_t cap, const char *words)
{
	str_cut(out, cap, words);
	for (char *at = out; *at; at++) {
		*at = *at < 0x20 || *at > 0x7e ? '?' : *at;
	}
}

/* Not while charon is away: it may go on with what it had. */
static uint32_t ended_files(const struct ns_serve *s)
{
	return ns_charon_there(s->charon) && s->list.number && !ns_list_owes(&s->list) ? s->list.files : 0;
}

static void make_summary(const struct ns_serve *s, struct ns_summary *m)
{
	struct sa_table_counts table = sa_table_counts(ns_charon_table(s->charon));
	struct ns_charon_counts charon = ns_charon_counts(s->charon);
	const struct ns_proofs_counts *n = &s->proofs.counts;

	*m = (struct ns_summary){ .charon = ns_charon_there(s->charon),
				  .rules = (uint8_t)s->rules,
				  .loss_s = ns_charon_loss_s(s->charon),
				  .list = s->list.number,
				  .ended = ended_files(s),
				  .scs = s->list.n,
				  .loaded = s->list.loaded,
				  .ikes = table.ikes,
				  .children = table.children,
				  .open = n->open,
				  .proven = n->proven,
				  .proofs = n->proofs,
				  .refused = n->refused,
				  .cut = n->cut,
				  .losses = charon.losses,
				  .events = charon.events,
				  .lists = charon.lists };
	copy_words(m->version, sizeof m->version, ns_charon_version(s->charon));
	copy_words(m->words, sizeof m->words, *ns_charon_words(s->charon) ? ns_charon_words(s->charon) : s->rules_words);
}

void ns_serve_tell_core(struct ns_serve *s)
{
	struct ns_msg m = { .kind = NS_SCS_STATE };
	struct ns_member *member;

	while (s->core && !s->core_full && (member = ns_status_next(&s->list, &m.scs_is))) {
		int err = ns_channel_send(s->core, &m);

		if (err == ERR_BUSY || err == ERR_CLOSED) {
			s->core_full = true;
			return;
		}
		ns_status_said(&s->list, member);
	}
	if (s->core && !s->core_full && s->summary_unsaid) {
		m.kind = NS_SUMMARY;
		make_summary(s, &m.summary);
		switch (ns_channel_send(s->core, &m)) {
		case ERR_BUSY:
		case ERR_CLOSED:
			s->core_full = true;
			return;
		default:
			s->summary_unsaid = false;
		}
	}
}

void ns_serve_on_status(void *arg)
{
	struct ns_serve *s = ns_serve_of(arg);

	s->status_wanted = false;
	s->summary_unsaid = true;
	ns_status_count(&s->list, ns_charon_table(s->charon), &s->proofs, ns_charon_there(s->charon));
	ns_serve_tell_core(s);
}

void ns_serve_want_status(struct ns_serve *s)
{
	if (!s->status_wanted) {
		s->status_wanted = true;
		net_timer_start(s->status, STATUS_MS);
	}
}
