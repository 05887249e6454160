/* dm_set_wants.c - which files a configuration names, which process needs each, and the line at
 * which an error of one is reported. */
#include "daemon/dm_set_int.h"

#include <string.h>

static void want(struct dm_reading *g, uint32_t what, size_t index)
{
	g->wanted[g->wanted_n++] =
	    (struct dm_wanted){ .what = what, .index = index, .path = dm_file_words(g->cfg, what, index).path };
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

void dm_set_want_all(struct dm_reading *g)
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

bool dm_set_is_key(uint32_t what)
{
	return what == DM_LISTEN_KEY || what == DM_PEER_KEY;
}

bool dm_set_is_secret(uint32_t what)
{
	return dm_set_is_key(what) || what == DM_PIN || what == DM_SMPP_PASSWORD;
}

const char *dm_set_file_kind(uint32_t what)
{
	return what == DM_ANCHOR          ? "anchor"
	       : what == DM_CRL           ? "crl"
	       : what == DM_PIN           ? "pin_file"
	       : what == DM_SMPP_PASSWORD ? "password_file"
	       : dm_set_is_key(what)      ? "key"
					  : "certificate";
}

bool dm_set_in_part(const struct cfg_iwf *cfg, const struct dm_wanted *w, enum dm_parts part)
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

static unsigned line_of(const struct dm_reading *g, const struct dm_wanted *w)
{
	const char *list = w->what == DM_ANCHOR                                       ? "trust_anchors"
			   : w->what == DM_PEER_CERTIFICATE || w->what == DM_PEER_KEY ? "peers"
										      : "listen";
	const char *item = w->what == DM_ANCHOR ? "file" : dm_set_is_key(w->what) ? "key" : "certificate";

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

void dm_set_wrong(struct dm_reading *g, const struct dm_wanted *w, const char *words)
{
	cfg_error(g->report, g->cfg->lines, line_of(g, w), "%s", words);
}

void dm_set_warn(struct dm_reading *g, const struct dm_wanted *w, const char *words)
{
	cfg_warn(g->report, g->cfg->lines, line_of(g, w), "%s", words);
}

bool dm_set_starts(const char *words, const char *with)
{
	return strncmp(words, with, strlen(with)) == 0;
}

void dm_set_wrong_among(struct dm_reading *g, const struct dm_wanted *certificate, const char *words)
{
	bool anchor = dm_set_starts(words, "anchor '"), key = dm_set_starts(words, "key '") || strstr(words, "PEM private key");
	const struct dm_wanted *about = certificate;

	for (size_t i = 0; i < g->wanted_n; i++) {
		const struct dm_wanted *w = &g->wanted[i];

		if ((anchor && w->what == DM_ANCHOR && strstr(words, w->path)) ||
		    (key && dm_set_is_key(w->what) && w->what == certificate->what + 1 && w->index == certificate->index)) {
			about = w;
		}
	}
	dm_set_wrong(g, about, words);
}
