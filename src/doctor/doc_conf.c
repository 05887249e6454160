/* doc_conf.c - see doc_conf.h. */
#include "doctor/doc_conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/shown.h"
#include "base/str.h"

static void add_anchor(struct doc_conf *c, const struct cfg_anchor *a, struct doc_report *r)
{
	struct tls_anchor_conf *conf = &c->anchors[c->anchors_n];
	struct tls_crl_file *crls = c->crls[c->anchors_n];
	char why[700];

	*conf = (struct tls_anchor_conf){ .file = a->file, .crls = crls, .crls_n = 0 };
	str_set(conf->name, sizeof conf->name, a->name);
	if (tls_anchor_check(conf, why, sizeof why)) {
		doc_say(r, DOC_ANCHOR_WRONG, a->name, DOC_WORDS({ "anchor", a->name }, { "why", why }));
		return;
	}
	c->anchors_n++;
}

/* The lists of an anchor stay in memory as long as the configuration. An anchor whose lists cannot
 * be used is used without them, as if none were in force. */
static void add_lists(struct doc_conf *c, size_t index, const struct cfg_anchor *a, struct doc_report *r)
{
	struct tls_anchor_conf *conf = &c->anchors[index];
	char why[700], words[FILE_WHY_MAX];

	for (size_t i = 0; i < a->crl_n; i++) {
		struct file_copy f;
		int err = file_read(&f, a->crl[i], TLS_PEM_MAX, words);

		if (err) {
			snprintf(why, sizeof why, "crl '%s': %s", a->crl[i], words);
			doc_say(r, DOC_ANCHOR_WRONG, a->name, DOC_WORDS({ "anchor", a->name }, { "why", why }));
			continue;
		}
		c->crls[index][conf->crls_n++] = (struct tls_crl_file){ a->crl[i], { f.p, f.len } };
	}
	if (conf->crls_n && tls_anchor_check(conf, why, sizeof why)) {
		doc_say(r, DOC_ANCHOR_WRONG, a->name, DOC_WORDS({ "anchor", a->name }, { "why", why }));
		while (conf->crls_n) {
			const struct tls_pem *pem = &c->crls[index][--conf->crls_n].octets;

			file_copy_fini(&(struct file_copy){ .p = (void *)(uintptr_t)pem->p, .len = pem->len });
		}
	}
}

static void load(struct doc_conf *c, struct doc_report *r, bool whole)
{
	char why[700], n[SHOWN_COUNT_MAX];

	for (size_t i = 0; i < c->cfg->anchors_n; i++) {
		size_t before = c->anchors_n;

		add_anchor(c, &c->cfg->anchors[i], r);
		if (c->anchors_n > before) {
			add_lists(c, before, &c->cfg->anchors[i], r);
		}
	}
	if (tls_judge_new(&c->judge, c->anchors, c->anchors_n, why, sizeof why)) {
		str_cut(c->why, sizeof c->why, why);
		c->judge = NULL;
	}
	if (whole) {
		doc_say(r, DOC_CONFIG, c->path,
			DOC_WORDS({ "file", c->path }, { "n", shown_count(n, c->anchors_n, "trust anchor") }));
	}
}

void doc_conf_begin(struct doc_conf *c, const char *path, struct doc_report *r, bool whole)
{
	memset(c, 0, sizeof *c);
	str_cut(c->path, sizeof c->path, path);
	if (access(path, R_OK) < 0) {
		snprintf(c->why, sizeof c->why, "'%.300s': %s", path, strerror(errno));
		c->missing = true;
	} else if (cfg_iwf_load(&c->cfg, path, c->why)) {
		c->cfg = NULL;
	}
	if (c->cfg) {
		load(c, r, whole);
	} else if (whole || !c->missing) {
		doc_say(r, c->missing ? DOC_CONFIG_UNREAD : DOC_CONFIG_WRONG, path,
			DOC_WORDS({ "file", path }, { "why", c->why }));
	}
}

void doc_conf_end(struct doc_conf *c)
{
	tls_judge_free(c->judge);
	for (size_t i = 0; i < c->anchors_n; i++) {
		for (size_t k = 0; k < c->anchors[i].crls_n; k++) {
			const struct tls_pem *pem = &c->crls[i][k].octets;

			file_copy_fini(&(struct file_copy){ .p = (void *)(uintptr_t)pem->p, .len = pem->len });
		}
	}
	cfg_iwf_free(c->cfg);
}

/* -- whose file it is */

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return *a && *b && !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool is_pair(struct doc_ours *out, const char *file, const char *certificate, const char *key)
{
	out->certificate = certificate;
	out->is_key = same_file(file, key);
	return out->is_key || same_file(file, certificate);
}

static void of_what(struct doc_ours *out, const char *kind, const char *name)
{
	snprintf(out->of, sizeof out->of, "%s %.60s", kind, name);
}

bool doc_conf_ours(struct doc_ours *out, struct file_copy *certificate, const struct doc_conf *c, const char *file)
{
	const struct cfg_iwf *cfg = c->cfg;
	char words[FILE_WHY_MAX];
	bool is = false;

	memset(out, 0, sizeof *out);
	*certificate = (struct file_copy){ .p = NULL };
	for (size_t i = 0; cfg && i < cfg->listen_n && !is; i++) {
		is = is_pair(out, file, cfg->listen[i].certificate, cfg->listen[i].key);
		out->host = cfg->external.host;
		of_what(out, "listener", cfg->listen[i].name);
	}
	for (size_t i = 0; cfg && i < cfg->peers_n && !is; i++) {
		is = is_pair(out, file, cfg->peers[i].certificate, cfg->peers[i].key);
		out->is_client = true;
		out->host = cfg->internal.host;
		of_what(out, "peer", cfg->peers[i].name);
	}
	if (is && !file_read(certificate, out->certificate, TLS_PEM_MAX, words)) {
		out->certificate_pem = (struct tls_pem){ certificate->p, certificate->len };
	}
	return is;
}

/* -- peers */

const struct cfg_peer *doc_conf_peer(const struct doc_conf *c, const char *name)
{
	for (size_t i = 0; c->cfg && i < c->cfg->peers_n; i++) {
		if (strcmp(c->cfg->peers[i].name, name) == 0) {
			return &c->cfg->peers[i];
		}
	}
	return NULL;
}

bool doc_conf_tls(struct tls_conf *out, const struct doc_conf *c, const struct cfg_peer *peer)
{
	if (!protection_has_tls(peer->protection)) {
		return false;
	}
	for (size_t i = 0; i < c->anchors_n; i++) {
		if (strcmp(c->anchors[i].name, peer->trust) == 0) {
			*out = (struct tls_conf){ .certificate = peer->certificate,
						  .own = TLS_OWN_ANY,
						  .key = tls_keyholder_file(peer->key),
						  .anchors = &c->anchors[i],
						  .anchors_n = 1,
						  .tls12_allowed = true };
			return true;
		}
	}
	return false;
}
