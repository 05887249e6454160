/* dm_keys_token.c - private keys in a PKCS#11 token. */
#include <stdio.h>
#include <stdlib.h>

#include "base/obj.h"
#include "base/str.h"
#include "daemon/dm_keys.h"
#include "keyholder/kh_p11.h"
#include "tls/tls_sign.h"

#define KEYS_MAGIC 0xb25d07a9u
struct keys {
	struct obj obj;
	struct kh_p11 *token;
	struct kh_p11_key of[CFG_LISTEN_MAX];
};

static const char probe[] = "mtc-iwf asks whether this key fits its certificate";

static void keys_free(void *arg)
{
	struct keys *k = arg ? OBJ_OF(arg, struct keys, KEYS_MAGIC) : NULL;

	if (!k) {
		return;
	}
	kh_p11_close(k->token);
	OBJ_END(k, KEYS_MAGIC);
	free(k);
}

/* The key signs, and the certificate says whether it was the right one. */
static int try_key(struct keys *k, const struct cfg_listen *l, const struct kh_p11_key *key, const struct tls_pem *certificate,
		   struct dm_keys_fault *fault)
{
	uint8_t signature[KH_SIGNATURE_MAX];
	struct tls_public *public = NULL;
	size_t len = 0;
	int err = tls_public_new(&public, certificate);
	uint16_t scheme = err ? 0 : tls_public_scheme(public);

	if (!scheme) {
		fault->about = DM_KEYS_CERTIFICATE;
		snprintf(fault->why, KH_WHY_MAX, "certificate '%.200s' has no key of a kind that signs handshakes",
			 l->certificate);
		tls_public_free(public);
		return ERR_INVAL;
	}
	err = kh_p11_sign(k->token, key, scheme, probe, sizeof probe, signature, &len, fault->why);
	if (!err && tls_public_verify(public, scheme, probe, sizeof probe, signature, len)) {
		err = ERR_INVAL;
	}
	if (err == ERR_INVAL) {
		snprintf(fault->why, KH_WHY_MAX,
			 "key_object '%s' of listener '%s' does not match certificate '%.200s': name the object that the "
			 "certificate was issued for, or have one issued for this key",
			 l->key_object, l->name, l->certificate);
	}
	tls_public_free(public);
	return err;
}

static int find_all(struct keys *k, const struct cfg_iwf *cfg, const struct dm_part *part, struct dm_keys_fault *fault)
{
	int err = 0;

	for (size_t i = 0; i < cfg->listen_n && !err; i++) {
		struct tls_pem certificate = dm_part_find(part, DM_LISTEN_CERTIFICATE, i);

		if (!*cfg->listen[i].key_object || !certificate.p) {
			continue;
		}
		fault->about = DM_KEYS_OBJECT;
		fault->listen = i;
		err = kh_p11_find(&k->of[i], k->token, cfg->listen[i].key_object, fault->why);
		if (!err) {
			err = try_key(k, &cfg->listen[i], &k->of[i], &certificate, fault);
		}
	}
	return err;
}

static enum dm_keys_about about_of(enum kh_p11_item item)
{
	return item == KH_P11_MODULE ? DM_KEYS_MODULE : item == KH_P11_TOKEN ? DM_KEYS_TOKEN : DM_KEYS_PIN;
}

int dm_keys_token_load(void **out, const struct cfg_iwf *cfg, const struct dm_part *part, struct dm_keys_fault *fault)
{
	enum kh_p11_item item = KH_P11_MODULE;
	struct tls_pem pin = dm_part_find(part, DM_PIN, 0);
	struct kh_p11_conf conf = { cfg->keyholder.pkcs11.module, cfg->keyholder.pkcs11.token, pin.p, pin.len };
	struct keys *k = calloc(1, sizeof *k);
	int err;

	*fault = (struct dm_keys_fault){ .why = "" };
	if (!k) {
		return ERR_NOMEM;
	}
	obj_begin(&k->obj, KEYS_MAGIC);
	err = kh_p11_open(&k->token, &conf, &item, fault->why);
	fault->about = about_of(item);
	if (!err) {
		err = find_all(k, cfg, part, fault);
	}
	if (err) {
		keys_free(k);
	} else {
		*out = k;
	}
	return err;
}

static int keys_load(void **out, const struct cfg_iwf *cfg, const struct dm_part *part, char why[KH_WHY_MAX])
{
	struct dm_keys_fault fault = { .why = "" };
	int err = dm_keys_token_load(out, cfg, part, &fault);

	if (err) {
		str_cut(why, KH_WHY_MAX, fault.why);
	}
	return err;
}

static int keys_sign(void *arg, const struct kh_request *r, uint8_t out[KH_SIGNATURE_MAX], size_t *len, char why[KH_WHY_MAX])
{
	struct keys *k = OBJ_OF(arg, struct keys, KEYS_MAGIC);

	if (!k->of[r->key].kind) {
		return ERR_NOTFOUND;
	}
	return kh_p11_sign(k->token, &k->of[r->key], r->scheme, r->content, r->content_len, out, len, why);
}

const struct dm_keys_kind dm_keys_token = { keys_load, keys_free, keys_sign };
