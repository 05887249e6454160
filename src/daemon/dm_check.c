/* dm_check.c - mtc-iwfd -t: is this configuration one that the daemon could start with? Nothing is bound or written. */
#include <stdio.h>
#include <string.h>

#include "conf/cfg_iwf.h"
#include "daemon/dm_parent.h"
#include "tls/tls_stream.h"

static size_t anchors_of(struct tls_anchor_conf *out, const struct cfg_iwf *c, const char *only)
{
	size_t n = 0;

	for (size_t i = 0; i < c->anchors_n; i++) {
		if (only && strcmp(only, c->anchors[i].name) != 0)
			continue;
		snprintf(out[n].name, sizeof out[n].name, "%s", c->anchors[i].name);
		out[n++].file = c->anchors[i].file;
	}
	return n;
}

/* Certificate, key and anchors fit together. */
static int check_tls(const struct cfg_iwf *c, bool server, const char *certificate, const char *key, const char *only, char *why,
		     size_t why_size)
{
	struct tls_anchor_conf anchors[CFG_ANCHORS_MAX] = { 0 };
	struct tls_conf conf = { .server = server, .certificate = certificate, .anchors = anchors, .tls12_allowed = true };
	struct tls_ctx *ctx;
	int err;

	conf.anchors_n = anchors_of(anchors, c, only);
	conf.key = tls_keyholder_file(key);
	err = tls_ctx_new(&ctx, &conf, why, why_size);
	if (!err)
		tls_ctx_free(ctx);
	return err;
}

/* The words of the TLS room with the line of the key they are about. */
static int tls_wrong(const struct cfg_iwf *c, const char *list, size_t i, const char *key, const char *words,
		     char why[CFG_WHY_MAX])
{
	unsigned line = cfg_line(c->lines, "%s[%zu].%s", list, i, strstr(words, key) ? "key" : "certificate");

	for (size_t n = 0; n < c->anchors_n; n++) {
		if (strstr(words, c->anchors[n].file))
			line = cfg_line(c->lines, "trust_anchors[%zu].file", n);
	}
	return cfg_wrong(why, c->lines, line, "%s", words);
}

int dm_check_main(const char *path)
{
	char why[CFG_WHY_MAX] = "", words[CFG_WHY_MAX] = "";
	struct cfg_iwf *c = NULL;
	int err = cfg_iwf_load(&c, path, why);

	if (!err)
		err = cfg_iwf_check_files(c, why);
	for (size_t i = 0; !err && i < c->listen_n; i++) {
		if (c->listen[i].protection == CFG_TLS &&
		    check_tls(c, true, c->listen[i].certificate, c->listen[i].key, NULL, words, sizeof words))
			err = tls_wrong(c, "listen", i, c->listen[i].key, words, why);
	}
	for (size_t i = 0; !err && i < c->peers_n; i++) {
		if (c->peers[i].protection == CFG_TLS &&
		    check_tls(c, false, c->peers[i].certificate, c->peers[i].key, c->peers[i].trust, words, sizeof words))
			err = tls_wrong(c, "peers", i, c->peers[i].key, words, why);
	}
	cfg_iwf_free(c);
	if (err) {
		fprintf(stderr, "mtc-iwfd: %s\n", why);
		return 1;
	}
	printf("%s: configuration is valid\n", path);
	return 0;
}
