/* tls_ocsp_known.h - answers that outlive their store: those by which a certificate is revoked, and
 * the newer ones that took such an answer back. They are kept as the CA signed them, so that
 * whoever gets one judges it again. The inside of tls_ocsp.h, for src/tls only. */
#pragma once
#include <sys/queue.h>

#include "base/map.h"
#include "tls/tls_ocsp.h"

struct tls_ocsp_known_one {
	struct map_node node;
	struct tls_ocsp_said said; /* its response is behind this struct */
	bool revokes;              /* as this store has verified; false: not, or not yet verified */
	bool ours;                 /* this store was the first to have it */
	TAILQ_ENTRY(tls_ocsp_known_one) entry;
};

struct tls_ocsp_knowns {
	struct map by_key;
	TAILQ_HEAD(tls_ocsp_known_list, tls_ocsp_known_one) list; /* the first one came last */
	uint32_t max;                                             /* of them; 0: none is kept */
};

ERR_MUST_USE int tls_ocsp_knowns_init(struct tls_ocsp_knowns *k, uint32_t max); /* ERR_NOMEM, ERR_IO */
void tls_ocsp_knowns_fini(struct tls_ocsp_knowns *k);                           /* also when it is zero */

/* NULL: nothing is known. */
struct tls_ocsp_known_one *tls_ocsp_known_find(const struct tls_ocsp_knowns *k, const uint8_t key[TLS_OCSP_KEY_LEN]);
/* Copies it, in place of an older one. Above the maximum the one that came first is given up. NULL:
 * no memory, or none is kept, or the one that is known is not older. */
struct tls_ocsp_known_one *tls_ocsp_known_put(struct tls_ocsp_knowns *k, const struct tls_ocsp_said *said);
void tls_ocsp_known_drop(struct tls_ocsp_knowns *k, struct tls_ocsp_known_one *one);
