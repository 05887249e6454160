/* kh_p11.h - private keys in a PKCS#11 token (an HSM): the maker's module is loaded and called
 * directly. The module runs inside of this process, so only the process that does nothing else
 * includes this.
 * A call may take as long as the token does. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "keyholder/kh_msg.h"

struct kh_p11; /* a session with a token, logged in */

struct kh_p11_conf {                /* borrowed until return */
	const char *module, *token; /* path of the shared object; label */
	const char *pin;            /* its octets; a line end behind it does not count */
	size_t pin_len;
};

/* What an error is about, so that the line of the configuration can be named. */
enum kh_p11_item { KH_P11_MODULE, KH_P11_TOKEN, KH_P11_PIN };

/* Loads the module and logs in. ERR_NOTFOUND: no such module or token. ERR_AUTH: the PIN is wrong,
 * or the token locked it. ERR_INVAL: the PIN is empty or too long; the token was not asked.
 * ERR_IO, ERR_NOMEM, ERR_VERSION. `why`: what, why, and what to do; `item`: what it is about. */
ERR_MUST_USE int kh_p11_open(struct kh_p11 **out, const struct kh_p11_conf *conf, enum kh_p11_item *item, char why[KH_WHY_MAX]);
void kh_p11_close(struct kh_p11 *p); /* NULL allowed. Other sessions of this process stay logged in. */

struct kh_p11_key {
	unsigned long handle;
	uint16_t kind; /* 0: none; else of enum kh_p11_kind */
};
enum kh_p11_kind { KH_P11_EC = 1, KH_P11_RSA };

/* The one private key of this label. ERR_NOTFOUND: none, or several; ERR_INVAL: of another kind
 * than EC or RSA; ERR_IO. */
ERR_MUST_USE int kh_p11_find(struct kh_p11_key *out, struct kh_p11 *p, const char *label, char why[KH_WHY_MAX]);

/* As struct kh_serve_conf.sign. ERR_CLOSED: the token or its session is gone: open it anew. */
ERR_MUST_USE int kh_p11_sign(struct kh_p11 *p, const struct kh_p11_key *key, uint16_t scheme, const void *content, size_t n,
			     uint8_t out[KH_SIGNATURE_MAX], size_t *len, char why[KH_WHY_MAX]);
