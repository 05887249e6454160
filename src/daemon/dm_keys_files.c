/* dm_keys_files.c - private keys that the parent read from PEM files. */
#include <stdlib.h>

#include "base/obj.h"
#include "daemon/dm_keys.h"
#include "tls/tls_sign.h"

#define KEYS_MAGIC 0x4e8b61d3u
struct keys {
	struct obj obj;
	struct tls_private *of[CFG_LISTEN_MAX];
};

static void keys_free(void *arg)
{
	struct keys *k = arg ? OBJ_OF(arg, struct keys, KEYS_MAGIC) : NULL;

	if (!k) {
		return;
	}
	for (size_t i = 0; i < CFG_LISTEN_MAX; i++) {
		tls_private_free(k->of[i]);
	}
	OBJ_END(k, KEYS_MAGIC);
	free(k);
}

static int keys_load(void **out, const struct cfg_iwf *cfg, const struct dm_part *part, char why[KH_WHY_MAX])
{
	struct keys *k = calloc(1, sizeof *k);
	int err = 0;

	if (!k) {
		return ERR_NOMEM;
	}
	obj_begin(&k->obj, KEYS_MAGIC);
	for (size_t i = 0; i < cfg->listen_n && !err; i++) {
		struct tls_key key = { cfg->listen[i].key, dm_part_find(part, DM_LISTEN_KEY, i) };

		if (key.pem.p) {
			err = tls_private_new(&k->of[i], &key, why, KH_WHY_MAX);
		}
	}
	if (err) {
		keys_free(k);
	} else {
		*out = k;
	}
	return err;
}

static int keys_sign(void *arg, const struct kh_request *r, uint8_t out[KH_SIGNATURE_MAX], size_t *len, char why[KH_WHY_MAX])
{
	const struct keys *k = OBJ_OF(arg, struct keys, KEYS_MAGIC);

	(void)why;
	if (!k->of[r->key]) {
		return ERR_NOTFOUND;
	}
	return tls_private_sign(k->of[r->key], r->scheme, r->content, r->content_len, out, len);
}

const struct dm_keys_kind dm_keys_files = { keys_load, keys_free, keys_sign };
