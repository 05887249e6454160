/* smssc_tsp_tls.c - the certificate of each SME that may trigger, which is that of its SCS. */
#include <stdio.h>

#include "nodes/smssc/smssc_tsp.h"

static int make_tls(struct tls_ctx **out, const struct smssc_sme_conf *c, size_t n, const struct cfg_lines *lines,
		    struct report *why)
{
	struct tls_anchor_conf anchors[IDENTITY_ANCHORS_MAX] = { 0 };
	const struct sme_scs_conf *scs = &c->list[n].scs;
	struct tls_conf conf = { .certificate = scs->certificate,
				 .own = TLS_OWN_USABLE,
				 .own_name = scs->identity.host,
				 .key = tls_keyholder_file(scs->key),
				 .anchors = anchors,
				 .anchors_n = c->gateway.anchors_n,
				 .tls12_allowed = true };
	char words[CFG_WHY_MAX];

	for (size_t i = 0; i < c->gateway.anchors_n; i++) {
		(void)snprintf(anchors[i].name, sizeof anchors[i].name, "anchor-%zu", i);
		anchors[i].file = c->gateway.anchors[i];
	}
	if (tls_ctx_new(out, &conf, words, sizeof words)) {
		return cfg_wrong(why, lines, cfg_line(lines, "smes.list[%zu].scs.certificate", n), "smes.list[%zu].scs: %s", n,
				 words);
	}
	if (*words) {
		cfg_warn(why, lines, cfg_line(lines, "smes.list[%zu].scs.key", n), "smes.list[%zu].scs: %s", n, words);
	}
	return 0;
}

int smssc_tsp_tls(struct tls_ctx *out[SME_LIST_MAX], const struct smssc_sme_conf *c, const struct cfg_lines *lines,
		  struct report *why)
{
	bool tls = c->gateway.address[0] && c->gateway.protection == NODE_TLS && c->gateway.anchors_n && cfg_sound(lines, "smes");
	int err = 0;

	for (size_t i = 0; i < c->list_n && tls; i++) {
		const struct sme_scs_conf *scs = &c->list[i].scs;

		if (scs->identity.host[0] && scs->certificate[0] && scs->key[0] && make_tls(&out[i], c, i, lines, why)) {
			err = ERR_INVAL;
		}
	}
	return err;
}
