/* tls_ocsp_known.c - see tls_ocsp_known.h. */
#include "tls/tls_ocsp_known.h"

#include <stdlib.h>
#include <string.h>

int tls_ocsp_knowns_init(struct tls_ocsp_knowns *k, uint32_t max)
{
	TAILQ_INIT(&k->list);
	k->max = max;
	return map_init(&k->by_key);
}

struct tls_ocsp_known_one *tls_ocsp_known_find(const struct tls_ocsp_knowns *k, const uint8_t key[TLS_OCSP_KEY_LEN])
{
	return MAP_OF(map_find(&k->by_key, key, TLS_OCSP_KEY_LEN), struct tls_ocsp_known_one, node);
}

void tls_ocsp_known_drop(struct tls_ocsp_knowns *k, struct tls_ocsp_known_one *one)
{
	map_del(&k->by_key, &one->node);
	TAILQ_REMOVE(&k->list, one, entry);
	free(one);
}

struct tls_ocsp_known_one *tls_ocsp_known_put(struct tls_ocsp_knowns *k, const struct tls_ocsp_said *said)
{
	struct tls_ocsp_known_one *old = tls_ocsp_known_find(k, said->key), *one;

	if (!k->max || !said->len || said->len > TLS_OCSP_SAID_MAX || (old && old->said.this_s >= said->this_s)) {
		return NULL;
	}
	one = calloc(1, sizeof *one + said->len);
	if (!one) {
		return NULL;
	}
	if (old) {
		tls_ocsp_known_drop(k, old);
	} else if (k->by_key.n >= k->max) {
		tls_ocsp_known_drop(k, TAILQ_LAST(&k->list, tls_ocsp_known_list));
	}
	one->said = *said;
	memcpy(one + 1, said->response, said->len);
	one->said.response = (const uint8_t *)(one + 1);
	map_add(&k->by_key, &one->node, one->said.key, TLS_OCSP_KEY_LEN);
	TAILQ_INSERT_HEAD(&k->list, one, entry);
	return one;
}

void tls_ocsp_knowns_fini(struct tls_ocsp_knowns *k)
{
	struct tls_ocsp_known_one *one;

	while (k->by_key.buckets && (one = TAILQ_FIRST(&k->list))) {
		tls_ocsp_known_drop(k, one);
	}
	map_fini(&k->by_key);
}
