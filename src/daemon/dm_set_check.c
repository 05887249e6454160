/* dm_set_check.c - the check of the sealed files of a set: each context of TLS is made as in the
 * process that will use it. */
#include "daemon/dm_set_int.h"

#include "tls/tls_remote.h"

static void check_anchor(struct dm_reading *g, const struct dm_wanted *w, const struct dm_part *part)
{
	struct tls_anchor_conf conf = { .file = w->path, .pem = dm_part_find(part, DM_ANCHOR, w->index) };
	char words[CFG_WHY_MAX] = "";

	if (conf.pem.p && tls_anchor_check(&conf, words, sizeof words)) {
		dm_set_wrong(g, w, words);
	}
}

static void check_context(struct dm_reading *g, const struct dm_wanted *w, const struct dm_part *part,
			  const struct dm_signs *signs)
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
		dm_set_warn(g, w, words);
	} else if (err && err != ERR_NOTFOUND && !dm_set_starts(words, "crl '")) { /* already reported: a file cannot be used */
		dm_set_wrong_among(g, w, words);
	}
}

void dm_set_check_ike(struct dm_reading *g)
{
	char words[CFG_WHY_MAX];

	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct dm_wanted *w = &g->wanted[i];

		if (w->what == DM_NDSIP_CERTIFICATE && w->octets.p &&
		    tls_pem_ike(&w->octets, w->path, g->cfg->ndsip.local_id, words, sizeof words)) {
			dm_set_wrong(g, w, words);
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

static bool in_token(const struct cfg_iwf *cfg, const struct dm_wanted *w)
{
	return w->what == DM_LISTEN_CERTIFICATE && *cfg->listen[w->index].key_object;
}

static void check_certificates(struct dm_reading *g, const struct dm_part *part, enum dm_parts which,
			       const struct dm_part *listeners, struct tls_remote *nobody)
{
	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct dm_wanted *w = &g->wanted[i];
		struct dm_signs signs = { .keys = w->what == DM_LISTEN_CERTIFICATE ? listeners : part,
					  .remote = in_token(g->cfg, w) ? nobody : NULL };

		if (w->what == DM_ANCHOR && which == DM_PART_CORE) {
			check_anchor(g, w, part);
		} else if (w->what != DM_ANCHOR && w->what != DM_CRL && !dm_set_is_secret(w->what) &&
			   dm_set_in_part(g->cfg, w, which)) {
			check_context(g, w, part, &signs);
		}
	}
}

/* The core's part first: its check reports errors of anchors. */
int dm_set_check_parts(struct dm_reading *g, const struct dm_set *s)
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
