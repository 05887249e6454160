/* trc_filter.c - see trc_filter.h. */
#include "trace/trc_filter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

bool trc_filter_ok(const struct trc_filter *f)
{
	if (f->has_reference && !f->scs[0]) {
		return false;
	}
	return f->scs[0] || f->external[0] || f->msisdn[0] || f->peer[0];
}

bool trc_filter_matches(const struct trc_filter *f, const struct trc_about *about)
{
	/* most names differ in their first letter, and most triggers are not traced */
	if (f->scs[0] && (f->scs[0] != about->scs[0] || strcmp(f->scs, about->scs) != 0)) {
		return false;
	}
	if (f->external[0] && strcmp(f->external, about->external) != 0) {
		return false;
	}
	if (f->msisdn[0] && strcmp(f->msisdn, about->msisdn) != 0) {
		return false;
	}
	return !f->has_reference || f->reference == about->reference;
}

static bool about_triggers(const struct trc_filter *f)
{
	return f->external[0] || f->msisdn[0] || f->has_reference;
}

bool trc_filter_whole_scs(const struct trc_filter *f)
{
	return f->scs[0] && !f->peer[0] && !about_triggers(f);
}

bool trc_filter_whole_peer(const struct trc_filter *f)
{
	return f->peer[0] && !f->scs[0] && !about_triggers(f);
}

static void add(struct text *t, const char *kind, const char *name)
{
	if (!*name) {
		return;
	}
	text_add(t, t->len ? ", " : "");
	text_add(t, kind);
	text_add(t, name);
}

const char *trc_filter_text(char out[TRC_FILTER_TEXT_MAX], const struct trc_filter *f)
{
	struct text t = text_over(out, TRC_FILTER_TEXT_MAX);

	add(&t, "scs ", f->scs);
	add(&t, "device ", f->external);
	add(&t, "device msisdn:", f->msisdn);
	add(&t, "peer ", f->peer);
	if (f->has_reference) {
		text_add(&t, ", trigger ");
		text_u32(&t, f->reference);
	}
	return out;
}

/* -- answers */

int trc_watch_init(struct trc_watch *w)
{
	w->slots = calloc(TRC_WATCH_SLOTS, sizeof *w->slots);
	return w->slots ? 0 : ERR_NOMEM;
}

void trc_watch_fini(struct trc_watch *w)
{
	free(w->slots);
	w->slots = NULL;
	w->used = 0;
}

/* Hop-by-Hop-Ids of one connection count up: its requests have places of their own. */
static struct trc_slot *slot_of(const struct trc_watch *w, uint64_t connection, uint32_t hop_by_hop)
{
	return &w->slots[(hop_by_hop + (uint32_t)connection * 2654435761u) % TRC_WATCH_SLOTS];
}

void trc_watch_add(struct trc_watch *w, uint64_t connection, uint32_t hop_by_hop)
{
	struct trc_slot *s = w->slots ? slot_of(w, connection, hop_by_hop) : NULL;

	if (s) {
		w->used += s->connection == 0;
		*s = (struct trc_slot){ connection, hop_by_hop };
	}
}

bool trc_watch_take(struct trc_watch *w, uint64_t connection, uint32_t hop_by_hop)
{
	struct trc_slot *s = w->slots ? slot_of(w, connection, hop_by_hop) : NULL;

	if (!s || s->connection != connection || s->hop_by_hop != hop_by_hop) {
		return false;
	}
	s->connection = 0;
	w->used--;
	return true;
}
