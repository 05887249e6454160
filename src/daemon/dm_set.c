/* dm_set.c - reads a set of files, checks and compares it: a table of places that name files, and
 * what is done for each. Each file is read once, so that all places of the configuration that name
 * it get the same content. */
#include "daemon/dm_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "daemon/dm_crl_numbers.h"
#include "daemon/dm_key_check.h"
#include "tls/tls_pem.h"
#include "tls/tls_remote.h"
#include "sandbox/sbx.h"

#define PASSWORD_MAX 8u                /* SMPP 3.4 5.2.2 */
#define WANTED_MAX (DM_PIECES_MAX - 1) /* all but DM_ENDS */

struct wanted { /* a place in the configuration that names a file */
	uint32_t what;
	size_t index;
	const char *path;
	struct tls_pem octets; /* of a copy, or of `from`; {NULL}: it could not be read */
};

struct reading {
	const struct cfg_iwf *cfg;
	struct report *report;
	const struct dm_set *from;      /* a refresh: only CRLs are read, all else is taken from here; NULL: all is read */
	const struct dm_set *before;    /* the set in use, to compare with; NULL: none */
	struct dm_crl_numbers *numbers; /* of CRLs that were in use; NULL: no anchor has CRLs */
	uint64_t refused;               /* a refresh: anchors that keep their CRLs, a bit for each */
	struct wanted wanted[WANTED_MAX];
	size_t wanted_n;
	struct {
		const char *path;
		struct file_copy content; /* p NULL: it could not be read */
	} copies[WANTED_MAX];
	size_t copies_n;
	struct tls_crl_table tables[CFG_ANCHORS_MAX]; /* of the lists in use; empty: none, or there is an error */
};

static void want(struct reading *g, uint32_t what, size_t index)
{
	g->wanted[g->wanted_n++] =
	    (struct wanted){ .what = what, .index = index, .path = dm_file_words(g->cfg, what, index).path };
}

/* With -t the configuration may have errors; those already reported are skipped. An error in
 * another key, such as the port, hides none of the files. */
static bool uses_tls(const struct cfg_iwf *cfg, const char *list, size_t i, int protection, const char *certificate,
		     const char *key)
{
	static const char *const keys[] = { "protection", "zone", "certificate", "key", "key_object" };

	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
		if (!cfg_sound(cfg->lines, "%s[%zu].%s", list, i, keys[k])) {
			return false;
		}
	}
	return protection_has_tls(protection) && *certificate && *key;
}

static void want_all(struct reading *g)
{
	const struct cfg_iwf *cfg = g->cfg;
	bool pin = false;

	for (size_t i = 0; i < cfg->anchors_n; i++) {
		if (cfg->anchors[i].gone_ms || !cfg_sound(cfg->lines, "trust_anchors[%zu]", i)) {
			continue;
		}
		want(g, DM_ANCHOR, i);
		for (size_t j = 0; j < cfg->anchors[i].crl_n; j++) {
			want(g, DM_CRL, i * CFG_CRLS_MAX + j);
		}
	}
	for (size_t i = 0; i < cfg->listen_n; i++) {
		const struct cfg_listen *l = &cfg->listen[i];
		bool in_token = *l->key_object;

		if (l->gone_ms || !uses_tls(cfg, "listen", i, l->protection, l->certificate, in_token ? l->key_object : l->key)) {
			continue;
		}
		want(g, DM_LISTEN_CERTIFICATE, i);
		if (!in_token) {
			want(g, DM_LISTEN_KEY, i);
		}
		pin = pin || (in_token && *cfg->keyholder.pkcs11.pin_file);
	}
	for (size_t i = 0; i < cfg->peers_n; i++) {
		if (cfg->peers[i].gone_ms ||
		    !uses_tls(cfg, "peers", i, cfg->peers[i].protection, cfg->peers[i].certificate, cfg->peers[i].key)) {
			continue;
		}
		want(g, DM_PEER_CERTIFICATE, i);
		want(g, DM_PEER_KEY, i);
	}
	if (cfg_ndsip_used(cfg) && *cfg->ndsip.certificate && cfg_sound(cfg->lines, "ndsip.certificate")) {
		want(g, DM_NDSIP_CERTIFICATE, 0);
	}
	if (pin && cfg_sound(cfg->lines, "keyholder")) {
		want(g, DM_PIN, 0);
	}
	if (cfg->smssc.protocol == CFG_SMSSC_SMPP && *cfg->smssc.password_file && cfg_sound(cfg->lines, "smssc")) {
		want(g, DM_SMPP_PASSWORD, 0);
	}
}

static bool is_key(uint32_t what)
{
	return what == DM_LISTEN_KEY || what == DM_PEER_KEY;
}

/* Whose octets nobody else may see. */
static bool is_secret(uint32_t what)
{
	return is_key(what) || what == DM_PIN || what == DM_SMPP_PASSWORD;
}

/* The file of a certificate, a key or an anchor, for messages. */
static const char *file_kind(uint32_t what)
{
	return what == DM_ANCHOR          ? "anchor"
	       : what == DM_CRL           ? "crl"
	       : what == DM_PIN           ? "pin_file"
	       : what == DM_SMPP_PASSWORD ? "password_file"
	       : is_key(what)             ? "key"
					  : "certificate";
}

static bool wanted_in(const struct cfg_iwf *cfg, const struct wanted *w, enum dm_parts part)
{
	switch (w->what) {
	case DM_ANCHOR:
		return part != DM_PART_KEYHOLDER && part != DM_PART_P11;
	case DM_CRL: /* edges and the core have the table of them */
		return part == DM_PART_NDSIP;
	case DM_LISTEN_CERTIFICATE:
		return part == (cfg->listen[w->index].zone == ZONE_EXTERNAL ? DM_PART_EXTERNAL : DM_PART_INTERNAL) ||
		       (part == DM_PART_P11 && *cfg->listen[w->index].key_object);
	case DM_LISTEN_KEY:
		return part == DM_PART_KEYHOLDER;
	case DM_PIN:
		return part == DM_PART_P11;
	case DM_NDSIP_CERTIFICATE:
		return part == DM_PART_NDSIP;
	default:
		return part == DM_PART_CORE;
	}
}

/* -- errors, with the line of the configuration that names the file */

static unsigned line_of(const struct reading *g, const struct wanted *w)
{
	const char *list = w->what == DM_ANCHOR                                       ? "trust_anchors"
			   : w->what == DM_PEER_CERTIFICATE || w->what == DM_PEER_KEY ? "peers"
										      : "listen";
	const char *item = w->what == DM_ANCHOR ? "file" : is_key(w->what) ? "key" : "certificate";

	if (w->what == DM_PIN) {
		return cfg_line(g->cfg->lines, "keyholder.pkcs11.pin_file");
	}
	if (w->what == DM_SMPP_PASSWORD) {
		return cfg_line(g->cfg->lines, "smssc.password_file");
	}
	if (w->what == DM_NDSIP_CERTIFICATE) {
		return cfg_line(g->cfg->lines, "ndsip.certificate");
	}
	if (w->what == DM_CRL) {
		return cfg_line(g->cfg->lines, "trust_anchors[%zu].crl[%zu]", w->index / CFG_CRLS_MAX, w->index % CFG_CRLS_MAX);
	}
	return cfg_line(g->cfg->lines, "%s[%zu].%s", list, w->index, item);
}

static void wrong(struct reading *g, const struct wanted *w, const char *words)
{
	cfg_error(g->report, g->cfg->lines, line_of(g, w), "%s", words);
}

static void warn(struct reading *g, const struct wanted *w, const char *words)
{
	cfg_warn(g->report, g->cfg->lines, line_of(g, w), "%s", words);
}

static bool starts(const char *words, const char *with)
{
	return strncmp(words, with, strlen(with)) == 0;
}

/* The same for an error text of src/tls about a certificate, its key or one of the anchors. */
static void wrong_among(struct reading *g, const struct wanted *certificate, const char *words)
{
	bool anchor = starts(words, "anchor '"), key = starts(words, "key '") || strstr(words, "PEM private key");
	const struct wanted *about = certificate;

	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct wanted *w = &g->wanted[i];

		if ((anchor && w->what == DM_ANCHOR && strstr(words, w->path)) ||
		    (key && is_key(w->what) && w->what == certificate->what + 1 && w->index == certificate->index)) {
			about = w;
		}
	}
	wrong(g, about, words);
}

/* -- reading */

static void read_copy(struct reading *g, struct wanted *w)
{
	char words[FILE_WHY_MAX], why[CFG_WHY_MAX];
	size_t i;

	for (i = 0; i < g->copies_n; i++) {
		if (strcmp(g->copies[i].path, w->path) == 0) {
			break;
		}
	}
	if (i == g->copies_n) {
		g->copies[g->copies_n++].path = w->path;
		if (file_read(&g->copies[i].content, w->path, TLS_PEM_MAX, words)) {
			snprintf(why, sizeof why, "cannot read %s '%s': %s", file_kind(w->what), w->path, words);
			if (g->from) {
				warn(g, w, why); /* the one before stays */
			} else {
				wrong(g, w, why);
			}
		}
	}
	w->octets = (struct tls_pem){ g->copies[i].content.p, g->copies[i].content.len };
	if (is_secret(w->what) && (g->copies[i].content.mode & TLS_KEY_MODE_LOOSE)) {
		snprintf(why, sizeof why, "%s '%s' has mode %04o, so others may read it; 0600 is expected", file_kind(w->what),
			 w->path, g->copies[i].content.mode);
		warn(g, w, why);
	}
}

/* The same file as it is in use. */
static void take_from(const struct reading *g, struct wanted *w)
{
	for (unsigned part = 0; part < DM_PARTS && !w->octets.p; part++) {
		w->octets = dm_part_find(&g->from->held[part], (enum dm_file)w->what, w->index);
	}
}

static void read_all(struct reading *g)
{
	for (size_t i = 0; i < g->wanted_n; i++) {
		if (g->from && g->wanted[i].what != DM_CRL) {
			take_from(g, &g->wanted[i]);
		} else {
			read_copy(g, &g->wanted[i]);
		}
	}
}

/* The password of the bind: one line of at most 8 characters, which the core sends as it is. */
static void check_password(struct reading *g)
{
	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct wanted *w = &g->wanted[i];
		const char *text = w->octets.p;
		size_t len = 0;

		if (w->what != DM_SMPP_PASSWORD || !text) {
			continue;
		}
		while (len < w->octets.len && text[len] != '\n' && text[len] != '\r') {
			len++;
		}
		if (!len || len > PASSWORD_MAX || memchr(text, 0, len)) {
			wrong(g, w, "the first line of smssc.password_file has no password of 1 to 8 characters");
		}
	}
}

static void note_ends(struct reading *g, struct dm_set *s)
{
	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct wanted *w = &g->wanted[i];
		struct dm_end end = { .what = w->what, .index = (uint32_t)w->index };

		if (w->what == DM_CRL || is_secret(w->what) || !w->octets.p || tls_pem_ends(&end.not_after_s, &w->octets)) {
			continue; /* reported by the check */
		}
		s->ends[s->ends_n++] = end;
	}
}

/* -- CRLs */

static struct wanted *crl_of(struct reading *g, size_t anchor, size_t file)
{
	for (size_t i = 0; i < g->wanted_n; i++) {
		if (g->wanted[i].what == DM_CRL && g->wanted[i].index == anchor * CFG_CRLS_MAX + file) {
			return &g->wanted[i];
		}
	}
	return NULL; /* not reached: want_all() wanted each */
}

/* Why this list must not take the place of what was in use; "": it may. */
static void check_number(const struct reading *g, const struct tls_crl_fact *fact, const char *path, char *why, size_t why_size)
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
static int judge_crls(struct reading *g, const struct wanted *anchor, uint64_t now_s, struct tls_crl_fact facts[TLS_CRLS_MAX],
		      size_t *n, char why[CFG_WHY_MAX])
{
	struct tls_crl_file crls[CFG_CRLS_MAX];
	struct tls_anchor_conf conf = {
		.file = anchor->path, .pem = anchor->octets, .crls = crls, .crls_n = g->cfg->anchors[anchor->index].crl_n
	};
	int err;

	for (size_t i = 0; i < conf.crls_n; i++) {
		const struct wanted *w = crl_of(g, anchor->index, i);

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
static const struct wanted *about_crl(struct reading *g, const struct wanted *anchor, const char *words)
{
	for (size_t i = 0; i < g->cfg->anchors[anchor->index].crl_n; i++) {
		const struct wanted *w = crl_of(g, anchor->index, i);
		size_t len = w ? strlen(w->path) : 0;

		if (len && starts(words, "crl '") && !strncmp(words + 5, w->path, len) && words[5 + len] == '\'') {
			return w;
		}
	}
	return anchor;
}

/* The lists of `from` stay in use for this anchor, whatever the clock says by now: it may have been
 * set back. */
static int keep_crls(struct reading *g, const struct wanted *anchor, struct tls_crl_fact facts[TLS_CRLS_MAX], size_t *n,
		     char why[CFG_WHY_MAX])
{
	char words[CFG_WHY_MAX];

	if (why[0]) {
		warn(g, about_crl(g, anchor, why), why);
	}
	snprintf(words, sizeof words, "the CRLs of trust anchor '%s' that were in use stay in use",
		 g->cfg->anchors[anchor->index].name);
	warn(g, anchor, words);
	g->refused |= UINT64_C(1) << anchor->index;
	for (size_t i = 0; i < g->cfg->anchors[anchor->index].crl_n; i++) {
		struct wanted *w = crl_of(g, anchor->index, i);

		w->octets = (struct tls_pem){ .p = NULL };
		take_from(g, w);
	}
	return judge_crls(g, anchor, UINT64_MAX / 2, facts, n, why);
}
_Static_assert(CFG_ANCHORS_MAX <= 64, "each anchor has a bit");

static void note_crls_of(struct reading *g, struct dm_set *s, const struct wanted *anchor, size_t *all)
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
	if (err && why[0] && !starts(why, "anchor '")) { /* the check of the anchor says that */
		wrong(g, about_crl(g, anchor, why), why);
	}
	for (size_t i = 0; i < n && !err; i++, ++*all) {
		s->ends[s->ends_n++] = (struct dm_end){ .what = DM_CRL,
							.index = (uint32_t)(anchor->index * CFG_CRLS_MAX + facts[i].file),
							.not_after_s = facts[i].next_update_s,
							.of_crl = facts[i] };
	}
}

/* After this every file of CRLs can be used, or there is an error in the report. */
static int note_crls(struct reading *g, struct dm_set *s)
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
		const struct wanted *w = &g->wanted[i];

		if (w->what == DM_ANCHOR && w->octets.p && g->cfg->anchors[w->index].crl_n) {
			note_crls_of(g, s, w, &all);
		}
	}
	return 0;
}

static bool same(struct tls_pem a, struct tls_pem b)
{
	return a.p && b.p && a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

/* After note_crls(), which may keep those of before. */
static void note_since(const struct reading *g, struct dm_set *s)
{
	for (size_t i = 0; i < g->cfg->anchors_n; i++) {
		s->since[i] = g->before ? g->before->since[i] : s->generation;
	}
	for (size_t i = 0; i < g->wanted_n && g->before; i++) {
		const struct wanted *w = &g->wanted[i];
		bool of_anchor = w->what == DM_ANCHOR || w->what == DM_CRL;

		if (of_anchor &&
		    !same(w->octets, dm_part_find(&g->before->held[DM_PART_NDSIP], (enum dm_file)w->what, w->index))) {
			s->since[w->what == DM_CRL ? w->index / CFG_CRLS_MAX : w->index] = s->generation;
		}
	}
}

static int make_part(const struct reading *g, struct dm_set *s, enum dm_parts part)
{
	struct dm_piece pieces[DM_PIECES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct wanted *w = &g->wanted[i];

		if (w->octets.p && wanted_in(g->cfg, w, part)) {
			pieces[n++] = (struct dm_piece){ w->what, (uint32_t)w->index, w->octets.p, w->octets.len };
		}
	}
	for (size_t i = 0; i < g->cfg->anchors_n; i++) {
		const struct wanted anchor = { .what = DM_ANCHOR };

		if (g->tables[i].p && part != DM_PART_NDSIP && wanted_in(g->cfg, &anchor, part)) {
			pieces[n++] = (struct dm_piece){ DM_CRL_TABLE, (uint32_t)i, g->tables[i].p, g->tables[i].len };
		}
	}
	if (part == DM_PART_CORE) {
		pieces[n++] = (struct dm_piece){ DM_ENDS, 0, s->ends, s->ends_n * sizeof *s->ends };
	}
	if (part == DM_PART_NDSIP) {
		pieces[n++] = (struct dm_piece){ DM_SINCE, 0, s->since, sizeof s->since };
	}
	return dm_part_make(&s->fd[part], s->generation, pieces, n);
}

/* -- the check of the sealed files */

static void check_anchor(struct reading *g, const struct wanted *w, const struct dm_part *part)
{
	struct tls_anchor_conf conf = { .file = w->path, .pem = dm_part_find(part, DM_ANCHOR, w->index) };
	char words[CFG_WHY_MAX] = "";

	if (conf.pem.p && tls_anchor_check(&conf, words, sizeof words)) {
		wrong(g, w, words);
	}
}

static void check_context(struct reading *g, const struct wanted *w, const struct dm_part *part, const struct dm_signs *signs)
{
	char words[CFG_WHY_MAX] = "";
	struct tls_ctx *ctx;
	int err;

	if (!g->cfg->anchors_n) {
		return; /* already reported: there are none */
	}
	err = dm_part_tls(&ctx, part, g->cfg, (enum dm_file)w->what, w->index, TLS_OWN_USABLE, signs, words, sizeof words);

	if (!err) {
		tls_ctx_free(ctx);
	}
	if (!err && *words) {
		warn(g, w, words);
	} else if (err && err != ERR_NOTFOUND && !starts(words, "crl '")) { /* already reported: a file cannot be used */
		wrong_among(g, w, words);
	}
}

/* The key is charon's: only the certificate can be looked at. */
static void check_ike(struct reading *g)
{
	char words[CFG_WHY_MAX];

	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct wanted *w = &g->wanted[i];

		if (w->what == DM_NDSIP_CERTIFICATE && w->octets.p &&
		    tls_pem_ike(&w->octets, w->path, g->cfg->ndsip.local_id, words, sizeof words)) {
			wrong(g, w, words);
		}
	}
}

/* Keys in the token are not here: the contexts of their listeners are made, and nobody signs. */
static int nobody_begins(void *arg, struct tls_signing *s, const char **why)
{
	(void)arg, (void)s;
	*why = "this is a check";
	return ERR_CLOSED;
}

static void nobody_cancels(void *arg, struct tls_signing *s)
{
	(void)arg, (void)s;
}

static bool nobody_is_ready(void *arg, uint16_t key)
{
	(void)arg, (void)key;
	return false;
}

static bool in_token(const struct cfg_iwf *cfg, const struct wanted *w)
{
	return w->what == DM_LISTEN_CERTIFICATE && *cfg->listen[w->index].key_object;
}

static void check_certificates(struct reading *g, const struct dm_part *part, enum dm_parts which,
			       const struct dm_part *listeners, struct tls_remote *nobody)
{
	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct wanted *w = &g->wanted[i];
		struct dm_signs signs = { .keys = w->what == DM_LISTEN_CERTIFICATE ? listeners : part,
					  .remote = in_token(g->cfg, w) ? nobody : NULL };

		if (w->what == DM_ANCHOR && which == DM_PART_CORE) {
			check_anchor(g, w, part);
		} else if (w->what != DM_ANCHOR && w->what != DM_CRL && !is_secret(w->what) && wanted_in(g->cfg, w, which)) {
			check_context(g, w, part, &signs);
		}
	}
}

/* The core's part first: its check reports errors of anchors. */
static int check_parts(struct reading *g, const struct dm_set *s)
{
	static const enum dm_parts order[] = { DM_PART_CORE, DM_PART_INTERNAL, DM_PART_EXTERNAL };
	struct tls_signer signer = { nobody_begins, nobody_cancels, nobody_is_ready, NULL };
	struct dm_part keys = { .map = NULL };
	struct tls_remote *nobody = NULL;
	int err = dm_part_open(&keys, s->fd[DM_PART_KEYHOLDER]);

	if (!err) {
		err = tls_remote_new(&nobody, &signer, 1);
	}
	for (size_t i = 0; i < sizeof order / sizeof *order && !err; i++) {
		struct dm_part part = { .map = NULL };

		err = dm_part_open(&part, s->fd[order[i]]);
		if (!err) {
			check_certificates(g, &part, order[i], &keys, nobody);
		}
		dm_part_close(&part);
	}
	tls_remote_free(nobody);
	dm_part_close(&keys);
	return err;
}

/* Last, and only when all else is right: a wrong PIN tried too often locks a token. */
static void check_token(struct reading *g, const struct dm_set *s)
{
	for (size_t i = 0; i < g->wanted_n; i++) {
		if (g->wanted[i].what == DM_PIN) {
			dm_key_check(g->cfg, s->fd[DM_PART_P11], g->report);
		}
	}
}

/* Pages of sealed memory are shared: locked here, they are locked for the children, too. */
static int hold(struct reading *g, struct dm_set *s, enum dm_parts part)
{
	int err = dm_part_open(&s->held[part], s->fd[part]);

	if (!err && sbx_lock((void *)(uintptr_t)s->held[part].map, s->held[part].len) && !g->from) {
		report_add(g->report, REPORT_WARNING,
			   "keys may get into swap space, because memory cannot be locked: %s; raise RLIMIT_MEMLOCK "
			   "(LimitMEMLOCK= of a service)",
			   strerror(errno));
	}
	return err;
}

static int fill(struct reading *g, struct dm_set *s)
{
	int err;

	want_all(g);
	read_all(g);
	check_password(g);
	note_ends(g, s);
	err = note_crls(g, s);
	note_since(g, s);
	for (unsigned part = 0; part < DM_PARTS && !err; part++) {
		err = make_part(g, s, (enum dm_parts)part);
		if (!err) {
			err = hold(g, s, (enum dm_parts)part);
		}
	}
	if (!err && !g->from) { /* else all but the CRLs is in use already, and they are judged */
		check_ike(g);
		err = check_parts(g, s);
	}
	if (!err && !g->from && !g->report->errors) {
		check_token(g, s);
	}
	if (err) {
		report_add(g->report, REPORT_ERROR, "the files could not be kept: %s", err_str(err));
	}
	return g->report->errors ? ERR_INVAL : 0;
}

static int make(struct dm_set **out, const struct cfg_iwf *cfg, const struct dm_set *from, const struct dm_set *before,
		uint32_t generation, uint64_t *refused, struct report *r)
{
	struct reading *g = calloc(1, sizeof *g);
	struct dm_set *s = calloc(1, sizeof *s);
	int err = ERR_NOMEM;

	if (g && s) {
		*g = (struct reading){ .cfg = cfg, .report = r, .from = from, .before = before };
		s->generation = generation;
		memset(s->fd, 0xff, sizeof s->fd); /* -1 each */
		s->cfg = malloc(sizeof *s->cfg);
	}
	if (g && s && s->cfg) {
		memcpy(s->cfg, cfg, sizeof *cfg);
		s->cfg->lines = NULL;
		err = fill(g, s);
		*refused = g->refused;
	} else {
		report_add(r, REPORT_ERROR, "%s", err_str(ERR_NOMEM));
	}
	for (size_t i = 0; g && i < g->copies_n; i++) {
		file_copy_fini(&g->copies[i].content);
	}
	for (size_t i = 0; g && i < CFG_ANCHORS_MAX; i++) {
		tls_crl_table_fini(&g->tables[i]);
	}
	if (g) {
		free(g->numbers);
	}
	free(g);
	if (err) {
		dm_set_free(s);
	} else {
		*out = s;
	}
	return err;
}

int dm_set_load(struct dm_set **out, const struct cfg_iwf *cfg, const struct dm_set *before, uint32_t generation,
		struct report *r)
{
	uint64_t refused;

	return make(out, cfg, NULL, before, generation, &refused, r);
}

int dm_set_refresh(struct dm_set **out, const struct dm_set *from, const struct cfg_iwf *cfg, uint32_t generation,
		   uint64_t *refused, struct report *r)
{
	*refused = 0;
	return make(out, cfg, from, from, generation, refused, r);
}

void dm_set_free(struct dm_set *s)
{
	for (unsigned i = 0; s && i < DM_PARTS; i++) {
		dm_part_close(&s->held[i]);
		if (s->fd[i] >= 0) {
			close(s->fd[i]);
		}
	}
	if (s) {
		free(s->cfg);
	}
	free(s);
}

static unsigned compare_part(const struct dm_part *from, const struct dm_part *to, enum dm_parts which, struct reading *g)
{
	unsigned n = 0;

	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct wanted *w = &g->wanted[i];
		bool again = which == DM_PART_P11 && w->what != DM_PIN; /* a file that another part has, too */
		bool mine = w->what == DM_ANCHOR ? which == DM_PART_CORE : !again && wanted_in(g->cfg, w, which);

		if (!mine || same(dm_part_find(from, (enum dm_file)w->what, w->index),
				  dm_part_find(to, (enum dm_file)w->what, w->index))) {
			continue;
		}
		report_add(g->report, REPORT_RENEWED, "%s", w->path);
		n++;
	}
	return n;
}

unsigned dm_set_changes(const struct dm_set *from, const struct dm_set *to, const struct cfg_iwf *cfg, struct report *r)
{
	struct reading g = { .cfg = cfg, .report = r };
	unsigned n = 0;

	want_all(&g);
	for (unsigned i = 0; i < DM_PARTS; i++) {
		struct dm_part a = { .map = NULL }, b = { .map = NULL };

		if (dm_part_open(&a, from->fd[i]) || dm_part_open(&b, to->fd[i])) {
			n++; /* if it cannot be compared, it counts as changed */
		} else {
			n += compare_part(&a, &b, (enum dm_parts)i, &g);
		}
		dm_part_close(&a);
		dm_part_close(&b);
	}
	return n;
}
