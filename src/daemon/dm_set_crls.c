/* dm_set_crls.c - the revocation lists of a set: which may take the place of those in use. */
#include "daemon/dm_set_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static struct dm_wanted *crl_of(struct dm_reading *g, size_t anchor, size_t file)
{
	for (size_t i = 0; i < g->wanted_n; i++) {
		if (g->wanted[i].what == DM_CRL && g->wanted[i].index == anchor * CFG_CRLS_MAX + file) {
			return &g->wanted[i];
		}
	}
	return NULL; /* not reached: dm_set_want_all() wanted each */
}

/* Why this list must not take the place of what was in use; "": it may. */
static void check_number(const struct dm_reading *g, const struct tls_crl_fact *fact, const char *path, char *why,
			 size_t why_size)
{
	const char *kept = dm_crl_numbers_of(g->numbers, fact->issuer_id);

	for (size_t i = 0; g->before && i < g->before->ends_n; i++) {
		const struct dm_end *end = &g->before->ends[i];

		if (end->what == DM_CRL && memcmp(end->of_crl.issuer_id, fact->issuer_id, TLS_CRL_ID_LEN) == 0 &&
		    (!kept || tls_crl_number_cmp(end->of_crl.number, kept) > 0)) {
			kept = end->of_crl.number;
		}
	}
	if (kept && tls_crl_number_cmp(fact->number, kept) < 0) {
		snprintf(why, why_size, "crl '%s': CRL 0x%s of '%s' is older than 0x%s, which was in use; it is not taken", path,
			 fact->number, fact->issuer, kept);
	}
}

/* The lists of one anchor, none of which may begin after now_s. ERR_NOTFOUND: a file of them could
 * not be read, which is reported. ERR_INVAL and others with words. */
static int judge_crls(struct dm_reading *g, const struct dm_wanted *anchor, uint64_t now_s,
		      struct tls_crl_fact facts[TLS_CRLS_MAX], size_t *n, char why[CFG_WHY_MAX])
{
	struct tls_crl_file crls[CFG_CRLS_MAX];
	struct tls_anchor_conf conf = {
		.file = anchor->path, .pem = anchor->octets, .crls = crls, .crls_n = g->cfg->anchors[anchor->index].crl_n
	};
	int err;

	for (size_t i = 0; i < conf.crls_n; i++) {
		const struct dm_wanted *w = crl_of(g, anchor->index, i);

		if (!w || !w->octets.p) {
			return ERR_NOTFOUND;
		}
		crls[i] = (struct tls_crl_file){ w->path, w->octets };
	}
	why[0] = 0;
	tls_crl_table_fini(&g->tables[anchor->index]);
	err = tls_crl_read(facts, n, &g->tables[anchor->index], &conf, now_s, why, CFG_WHY_MAX);
	for (size_t i = 0; i < *n && !err && !why[0]; i++) {
		check_number(g, &facts[i], crls[facts[i].file].file, why, CFG_WHY_MAX);
	}
	return err ? err : why[0] ? ERR_INVAL : 0;
}

/* The place in the configuration of the file that the words begin with. */
static const struct dm_wanted *about_crl(struct dm_reading *g, const struct dm_wanted *anchor, const char *words)
{
	for (size_t i = 0; i < g->cfg->anchors[anchor->index].crl_n; i++) {
		const struct dm_wanted *w = crl_of(g, anchor->index, i);
		size_t len = w ? strlen(w->path) : 0;

		if (len && dm_set_starts(words, "crl '") && !strncmp(words + 5, w->path, len) && words[5 + len] == '\'') {
			return w;
		}
	}
	return anchor;
}

/* The lists of `from` stay in use for this anchor, whatever the clock says by now: it may have been
 * set back. */
static int keep_crls(struct dm_reading *g, const struct dm_wanted *anchor, struct tls_crl_fact facts[TLS_CRLS_MAX], size_t *n,
		     char why[CFG_WHY_MAX])
{
	char words[CFG_WHY_MAX];

	if (why[0]) {
		dm_set_warn(g, about_crl(g, anchor, why), why);
	}
	snprintf(words, sizeof words, "the CRLs of trust anchor '%s' that were in use stay in use",
		 g->cfg->anchors[anchor->index].name);
	dm_set_warn(g, anchor, words);
	g->refused |= UINT64_C(1) << anchor->index;
	for (size_t i = 0; i < g->cfg->anchors[anchor->index].crl_n; i++) {
		struct dm_wanted *w = crl_of(g, anchor->index, i);

		w->octets = (struct tls_pem){ .p = NULL };
		dm_set_take_from(g, w);
	}
	return judge_crls(g, anchor, UINT64_MAX / 2, facts, n, why);
}
_Static_assert(CFG_ANCHORS_MAX <= 64, "each anchor has a bit");

static void note_crls_of(struct dm_reading *g, struct dm_set *s, const struct dm_wanted *anchor, size_t *all)
{
	struct tls_crl_fact facts[TLS_CRLS_MAX];
	char why[CFG_WHY_MAX] = "";
	size_t n = 0;
	int err = judge_crls(g, anchor, clock_real_ms() / 1000, facts, &n, why);

	if (err && err != ERR_NOMEM && g->from) {
		err = keep_crls(g, anchor, facts, &n, why);
	}
	if (!err && *all + n > DM_CRLS_MAX) {
		snprintf(why, sizeof why, "CRLs of more than %d CAs in all", DM_CRLS_MAX);
		err = ERR_LIMIT;
	}
	if (err && why[0] && !dm_set_starts(why, "anchor '")) { /* the check of the anchor says that */
		dm_set_wrong(g, about_crl(g, anchor, why), why);
	}
	for (size_t i = 0; i < n && !err; i++, ++*all) {
		s->ends[s->ends_n++] = (struct dm_end){ .what = DM_CRL,
							.index = (uint32_t)(anchor->index * CFG_CRLS_MAX + facts[i].file),
							.not_after_s = facts[i].next_update_s,
							.of_crl = facts[i] };
	}
}

int dm_set_note_crls(struct dm_reading *g, struct dm_set *s)
{
	char why[DM_CRL_NUMBERS_WHY_MAX];
	bool any = false;
	size_t all = 0;

	for (size_t i = 0; i < g->wanted_n && !any; i++) {
		any = g->wanted[i].what == DM_CRL;
	}
	if (!any) {
		return 0;
	}
	g->numbers = calloc(1, sizeof *g->numbers);
	if (!g->numbers) {
		return ERR_NOMEM;
	}
	if (cfg_sound(g->cfg->lines, "state_dir") && dm_crl_numbers_read(g->numbers, g->cfg->state_dir, why)) {
		cfg_error(g->report, g->cfg->lines, cfg_line(g->cfg->lines, "state_dir"), "%s", why);
	}
	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct dm_wanted *w = &g->wanted[i];

		if (w->what == DM_ANCHOR && w->octets.p && g->cfg->anchors[w->index].crl_n) {
			note_crls_of(g, s, w, &all);
		}
	}
	return 0;
}
