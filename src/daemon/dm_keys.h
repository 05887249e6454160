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
extern const struct dm_keys_kind dm_keys_token; /* in a PKCS#11 token; each signs a probe that its certificate must verify */
