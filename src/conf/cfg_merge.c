/* cfg_merge.c - compares two configurations row by row of the schema, and takes what may change. */
#include "conf/cfg_merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "conf/cfg_internal.h"
#include "conf/cfg_value_text.h"

#define ITEM_MAX 256
#define WHY_MAX 160

struct merge {
	struct cfg_iwf *out;
	const struct cfg_iwf *force, *fresh;
	const struct cfg_merge_can *can;
	struct cfg_merged *what;
	struct report *report;
};

static void says(struct merge *m, bool taken, const char *item, const char *text)
{
	report_add(m->report, taken ? REPORT_CHANGE : REPORT_RESTART, "%s: %s", item, text);
	if (taken) {
		m->what->changes++;
	} else {
		m->what->at_start++;
	}
}

/* -- one item */

/* Why this item cannot be taken now, though its row says so. NULL: it can. */
static const char *obstacle(const struct merge *m, const char *item)
{
	return strcmp(item, "limits.connections_total") == 0 && m->fresh->limits.connections_total > m->can->connections_max
		   ? "more descriptors than at the start are needed"
		   : NULL;
}

/* When the change of this item takes effect here, and whether the name of a file is all that is
 * said. */
static enum cfg_change when(const struct merge *m, const char *general, const char **why)
{
	const struct cfg_change_row *row = cfg_change_of(general);

	*why = NULL;
	if (!row || row->when == CFG_AT_START) {
		return CFG_AT_START;
	}
	if ((row->by & CFG_BY_FETCHER) && row->when == CFG_ANEW && !m->can->fetcher) {
		*why = "no responder was configured at the start";
		return CFG_AT_START;
	}
	*why = obstacle(m, general);
	return *why ? CFG_AT_START : row->when;
}

static void keep(const struct cfg_row *row, char *out, const char *from)
{
	if (row->type == CFG_T_TEXTS) {
		memcpy(out + row->offset, from + row->offset, row->size * row->max);
		memcpy(out + row->count_offset, from + row->count_offset, sizeof(size_t));
	} else {
		memcpy(out + row->offset, from + row->offset, row->size);
	}
}

static const char *anew_words(unsigned by)
{
	return by & CFG_BY_CORE        ? " (the core is restarted)"
	       : by & CFG_BY_KEYHOLDER ? " (the keyholders are restarted)"
				       : " (the fetcher is restarted)";
}

/* Takes the value of `fresh` into `out`, or says that it waits. `item` is for people, `general` for
 * the table. */
static void take(struct merge *m, const struct cfg_row *row, char *out, const char *force, const char *fresh, const char *item,
		 const char *general)
{
	char before[CFG_VALUE_TEXT_MAX], after[CFG_VALUE_TEXT_MAX], text[2 * CFG_VALUE_TEXT_MAX + WHY_MAX];
	const struct cfg_change_row *change = cfg_change_of(general);
	const char *why;
	enum cfg_change at;

	if (cfg_value_same(row, force, fresh)) {
		return;
	}
	at = when(m, general, &why);
	snprintf(text, sizeof text, "%s -> %s%s%s%s%s", cfg_value_text(before, row, force), cfg_value_text(after, row, fresh),
		 at == CFG_ANEW ? anew_words(change->by) : "", why ? " (" : "", why ? why : "", why ? ")" : "");
	says(m, at != CFG_AT_START, item, text);
	keep(row, out, at == CFG_AT_START ? force : fresh);
	if (at == CFG_ANEW) {
		m->what->anew |= change->by;
	}
}

/* -- sections */

static void sections(struct merge *m, const struct cfg_row *rows, char *out, const char *force, const char *fresh,
		     const char *inside)
{
	char item[ITEM_MAX];

	for (const struct cfg_row *row = rows; row->key; row++) {
		snprintf(item, sizeof item, "%s%s%s", inside, *inside ? "." : "", row->key);
		if (row->type == CFG_T_SECTION) {
			sections(m, row->rows, out + row->offset, force + row->offset, fresh + row->offset, item);
		} else if (row->type != CFG_T_LIST) {
			take(m, row, out, force, fresh, item, item);
		}
	}
}

/* -- anchors, listeners, peers */

struct kind {
	const char *key;
	size_t name_at, gone_at;
	/* why number i of `c` cannot come, go or move while the daemon runs; NULL: it can */
	const char *(*obstacle)(const struct merge *m, const struct cfg_iwf *c, size_t i);
};

static const char *anchor_obstacle(const struct merge *m, const struct cfg_iwf *c, size_t i)
{
	return *c->anchors[i].ocsp && !m->can->fetcher ? "no responder was configured at the start" : NULL;
}

static const char *listen_obstacle(const struct merge *m, const struct cfg_iwf *c, size_t i)
{
	const struct cfg_listen *l = &c->listen[i];

	if (protection_has_ndsip(l->protection)) {
		return "it is under NDS/IP";
	}
	if (!m->can->zone[l->zone == ZONE_EXTERNAL]) {
		return "no edge serves its zone";
	}
	if (*l->key_object) {
		return "its key is in a token";
	}
	if (protection_has_tls(l->protection) && !m->can->keyholder) {
		return "no keyholder runs";
	}
	if (transport_is_sctp(l->transport)) {
		return "it is over SCTP";
	}
	return *l->ocsp && !m->can->fetcher ? "no responder was configured at the start" : NULL;
}

static const char *peer_obstacle(const struct merge *m, const struct cfg_iwf *c, size_t i)
{
	(void)m;
	if (protection_has_ndsip(c->peers[i].protection)) {
		return "it is under NDS/IP";
	}
	/* only a parent that had one at its start may let a core make its UDP socket */
	return c->peers[i].transport == TRANSPORT_SCTP_UDP ? "it is over SCTP in user space" : NULL;
}

static const struct kind kinds[] = {
	{ "trust_anchors", offsetof(struct cfg_anchor, name), offsetof(struct cfg_anchor, gone_ms), anchor_obstacle },
	{ "listen", offsetof(struct cfg_listen, name), offsetof(struct cfg_listen, gone_ms), listen_obstacle },
	{ "peers", offsetof(struct cfg_peer, name), offsetof(struct cfg_peer, gone_ms), peer_obstacle },
};

#define PLACES_MAX 64
_Static_assert(CFG_ANCHORS_MAX <= PLACES_MAX, "a flag for each");
_Static_assert(CFG_LISTEN_MAX <= PLACES_MAX, "a flag for each");
_Static_assert(CFG_PEERS_MAX <= PLACES_MAX, "a flag for each");

struct places { /* one list, as it is merged */
	struct merge *m;
	const struct cfg_row *row;
	const struct kind *kind;
	char *out;
	const char *force, *fresh;
	size_t n, force_n, fresh_n;
	bool stays[PLACES_MAX]; /* by place: the file has it, or it cannot go now */
	bool comes[PLACES_MAX]; /* by number in the file: it needs a place */
};

static const char *name_of(const struct places *l, const char *one)
{
	return one + l->kind->name_at;
}

static uint64_t *gone_of(const struct places *l, size_t place)
{
	return (uint64_t *)(void *)(l->out + place * l->row->size + l->kind->gone_at);
}

/* The present one of that name as it was in force; PLACES_MAX: there is none. */
static size_t find(const struct places *l, const char *name)
{
	for (size_t i = 0; i < l->force_n; i++) {
		uint64_t gone;

		memcpy(&gone, l->force + i * l->row->size + l->kind->gone_at, sizeof gone);
		if (!gone && strcmp(name_of(l, l->force + i * l->row->size), name) == 0) {
			return i;
		}
	}
	return PLACES_MAX;
}

static const struct cfg_change_row *change_of(const struct places *l, const struct cfg_row *row)
{
	char general[ITEM_MAX];

	snprintf(general, sizeof general, "%s[].%s", l->kind->key, row->key);
	return cfg_change_of(general);
}

/* What differs can be taken by it. A key and one in a token change with their certificate only. */
static bool same_place(const struct places *l, const char *a, const char *b)
{
	for (const struct cfg_row *row = l->row->rows; row->key; row++) {
		const struct cfg_change_row *change = change_of(l, row);

		if (change && (change->when == CFG_MOVES || strcmp(row->key, "key_object") == 0) && !cfg_value_same(row, a, b)) {
			return false;
		}
	}
	return true;
}

static void element_rows(const struct places *l, size_t place, const char *fresh)
{
	const char *force = l->force + place * l->row->size;
	char item[ITEM_MAX], general[ITEM_MAX];

	for (const struct cfg_row *row = l->row->rows; row->key; row++) {
		snprintf(item, sizeof item, "%s[%s].%s", l->kind->key, name_of(l, force), row->key);
		snprintf(general, sizeof general, "%s[].%s", l->kind->key, row->key);
		take(l->m, row, l->out + place * l->row->size, force, fresh, item, general);
	}
}

/* The values that make it another one, for people. */
static void moved(const struct places *l, const char *force, const char *fresh, const char *why)
{
	char before[CFG_VALUE_TEXT_MAX], after[CFG_VALUE_TEXT_MAX], item[ITEM_MAX], text[2 * CFG_VALUE_TEXT_MAX + WHY_MAX];

	for (const struct cfg_row *row = l->row->rows; row->key; row++) {
		if (cfg_value_same(row, force, fresh)) {
			continue;
		}
		snprintf(item, sizeof item, "%s[%s].%s", l->kind->key, name_of(l, force), row->key);
		snprintf(text, sizeof text, "%s -> %s%s%s%s", cfg_value_text(before, row, force),
			 cfg_value_text(after, row, fresh), why ? " (" : "", why ? why : "", why ? ")" : "");
		says(l->m, !why, item, text);
	}
}

static void whole(const struct places *l, const char *one, const char *verb, const char *why)
{
	char item[ITEM_MAX], text[WHY_MAX];

	snprintf(item, sizeof item, "%s[%s]", l->kind->key, name_of(l, one));
	snprintf(text, sizeof text, "%s%s%s%s", verb, why ? " (" : "", why ? why : "", why ? ")" : "");
	says(l->m, !why, item, text);
}

static bool is_checked(const struct cfg_anchor *a)
{
	return a->crl_n > 0 || *a->ocsp;
}

static void note_checks(const struct places *l, size_t place)
{
	if (l->kind->obstacle == anchor_obstacle &&
	    is_checked(&l->m->force->anchors[place]) != is_checked(&l->m->out->anchors[place])) {
		l->m->out->anchors[place].checks_changed = true;
	}
}

static void look_at(struct places *l, size_t number)
{
	const char *fresh = l->fresh + number * l->row->size;
	size_t place = find(l, name_of(l, fresh));
	const char *why = l->kind->obstacle(l->m, l->m->fresh, number), *force;

	if (place == PLACES_MAX) {
		whole(l, fresh, "added", why);
		l->comes[number] = !why;
		return;
	}
	force = l->force + place * l->row->size;
	if (same_place(l, force, fresh)) {
		l->stays[place] = true;
		element_rows(l, place, fresh);
		note_checks(l, place);
		return;
	}
	why = why ? why : l->kind->obstacle(l->m, l->m->force, place);
	moved(l, force, fresh, why);
	l->stays[place] = why != NULL;
	l->comes[number] = !why;
}

static void remove_rest(struct places *l)
{
	for (size_t i = 0; i < l->force_n; i++) {
		const char *force = l->force + i * l->row->size;
		bool moves = false;

		if (l->stays[i] || *gone_of(l, i)) {
			continue;
		}
		for (size_t k = 0; k < l->fresh_n && !moves; k++) {
			moves = strcmp(name_of(l, l->fresh + k * l->row->size), name_of(l, force)) == 0;
		}
		if (!moves) {
			const char *why = l->kind->obstacle(l->m, l->m->force, i);

			whole(l, force, "removed", why);
			if (why) {
				continue;
			}
		}
		*gone_of(l, i) = l->m->can->now_ms ? l->m->can->now_ms : 1;
	}
}

/* First the place that this one had, then one that nobody had, then that of one gone for long. */
static size_t place_for(const struct places *l, const char *fresh)
{
	size_t rested = PLACES_MAX;

	for (size_t i = 0; i < l->n; i++) {
		const char *one = l->out + i * l->row->size;

		if (!*gone_of(l, i)) {
			continue;
		}
		if (i < l->force_n && strcmp(name_of(l, one), name_of(l, fresh)) == 0 && same_place(l, one, fresh)) {
			return i;
		}
		if (*gone_of(l, i) + CFG_PLACE_REST_MS <= l->m->can->now_ms && rested == PLACES_MAX) {
			rested = i;
		}
	}
	return l->n < l->row->max ? l->n : rested;
}

static int put(struct places *l, size_t number)
{
	const char *fresh = l->fresh + number * l->row->size;
	size_t place = place_for(l, fresh);

	if (place == PLACES_MAX) {
		report_add(l->m->report, REPORT_ERROR,
			   "%s[%s]: there are places for %llu, those that were removed since the start included; wait %u s, or "
			   "restart",
			   l->kind->key, name_of(l, fresh), (unsigned long long)l->row->max, CFG_PLACE_REST_MS / 1000);
		return ERR_LIMIT;
	}
	memcpy(l->out + place * l->row->size, fresh, l->row->size);
	*gone_of(l, place) = 0;
	if (place == l->n) {
		l->n++;
	}
	return 0;
}

static size_t count_at(const char *base, const struct cfg_row *row)
{
	size_t n;

	memcpy(&n, base + row->count_offset, sizeof n);
	return n;
}

static int list(struct merge *m, const struct cfg_row *row, const struct kind *kind)
{
	char *out = (char *)m->out;
	const char *force = (const char *)m->force, *fresh = (const char *)m->fresh;
	struct places l = { .m = m,
			    .row = row,
			    .kind = kind,
			    .out = out + row->offset,
			    .force = force + row->offset,
			    .fresh = fresh + row->offset,
			    .n = count_at(force, row),
			    .force_n = count_at(force, row),
			    .fresh_n = count_at(fresh, row) };
	int err = 0;

	memcpy(out + row->offset, force + row->offset, row->size * row->max);
	for (size_t i = 0; i < l.fresh_n; i++) {
		look_at(&l, i);
	}
	remove_rest(&l);
	for (size_t i = 0; i < l.fresh_n && !err; i++) {
		err = l.comes[i] ? put(&l, i) : 0;
	}
	memcpy(out + row->count_offset, &l.n, sizeof l.n);
	return err;
}

/* -- all */

static int route(struct merge *m, struct cfg_route *r, const char *section)
{
	for (size_t i = 0; i < m->out->peers_n; i++) {
		if (!m->out->peers[i].gone_ms && strcmp(m->out->peers[i].name, r->peer) == 0) {
			r->peer_index = i;
			return 0;
		}
	}
	report_add(m->report, REPORT_ERROR, "%s.peer is '%s', and that peer cannot be added while mtc-iwfd runs", section,
		   r->peer);
	return ERR_INVAL;
}

/* A peer that stays as it is until the next start needs its trust anchor until then. */
static int check_anchors(const struct merge *m)
{
	for (size_t i = 0; i < m->out->peers_n; i++) {
		const struct cfg_peer *p = &m->out->peers[i];

		if (!p->gone_ms && p->protection != PROTECTION_NONE && cfg_anchor_index(m->out, p->trust) == CFG_ANCHORS_MAX) {
			report_add(m->report, REPORT_ERROR,
				   "trust_anchors[%s] cannot be removed: peers[%s] has it until the next start", p->trust,
				   p->name);
			return ERR_INVAL;
		}
	}
	return 0;
}

int cfg_merge(struct cfg_iwf *out, const struct cfg_iwf *force, const struct cfg_iwf *fresh, const struct cfg_merge_can *can,
	      struct cfg_merged *what, struct report *why)
{
	struct merge m = { .out = out, .force = force, .fresh = fresh, .can = can, .what = what, .report = why };
	int err = 0;

	*what = (struct cfg_merged){ 0 };
	memcpy(out, fresh, sizeof *out);
	out->lines = NULL;
	/* whether the section is there is no item of its own, and every item in it waits */
	out->ndsip.present = force->ndsip.present;
	sections(&m, cfg_iwf_rows(), (char *)out, (const char *)force, (const char *)fresh, "");
	for (const struct cfg_row *row = cfg_iwf_rows(); row->key && !err; row++) {
		for (size_t i = 0; row->type == CFG_T_LIST && i < sizeof kinds / sizeof *kinds && !err; i++) {
			err = strcmp(row->key, kinds[i].key) == 0 ? list(&m, row, &kinds[i]) : 0;
		}
	}
	err = err ? err : route(&m, &out->s6m, "s6m");
	err = err ? err : route(&m, &out->t4, "t4");
	return err ? err : check_anchors(&m);
}
