/* dm_keys.h - where a keyholder has its private keys. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "conf/cfg_iwf.h"
#include "daemon/dm_part.h"
#include "keyholder/kh_msg.h"

struct dm_keys_kind {
	/* The keys of all listeners of this kind, or none at all: `why` says what is wrong. */
	int (*load)(void **out, const struct cfg_iwf *cfg, const struct dm_part *part, char why[KH_WHY_MAX]);
	void (*free)(void *keys); /* NULL allowed; keys in this process are wiped */
	/* As struct kh_serve_conf.sign; ERR_CLOSED: the token is gone. */
	int (*sign)(void *keys, const struct kh_request *r, uint8_t out[KH_SIGNATURE_MAX], size_t *len, char why[KH_WHY_MAX]);
};

extern const struct dm_keys_kind dm_keys_files; /* in memory, from PEM files */
/* What is wrong with the keys of a token, and the key of the configuration that has to be
 * corrected. */
enum dm_keys_about { DM_KEYS_MODULE, DM_KEYS_TOKEN, DM_KEYS_PIN, DM_KEYS_OBJECT, DM_KEYS_CERTIFICATE, DM_KEYS_ABOUT_N };
struct dm_keys_fault {
	enum dm_keys_about about;
	size_t listen; /* of DM_KEYS_OBJECT and DM_KEYS_CERTIFICATE: index of the listener */
	char why[KH_WHY_MAX];
};
/* As the `load` of dm_keys_token; `fault` is filled in before an error returns. */
ERR_MUST_USE int dm_keys_token_load(void **out, const struct cfg_iwf *cfg, const struct dm_part *part,
				    struct dm_keys_fault *fault);

extern const struct dm_keys_kind dm_keys_token; /* in a PKCS#11 token; each signs a probe that its certificate must verify */
