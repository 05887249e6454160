/* tls_ocsp_denied.c - which certificates the responders denied, for people. See tls_ocsp.h. */
#include <string.h>

#include "base/ident.h"
#include "tls/tls_ocsp_store.h"

/* False: it has no host name. */
static bool first_name(char out[IDENT_HOST_MAX + 1], const X509 *leaf)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);

		found = one->type == GEN_DNS && ASN1_STRING_length(one->d.dNSName) > 0 &&
			ident_host(out, ASN1_STRING_get0_data(one->d.dNSName), (size_t)ASN1_STRING_length(one->d.dNSName)) == 0;
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return found;
}

/* The place of this name, or the one that is given up for it. */
static struct tls_ocsp_denied *place_of(struct tls_ocsp_tally *t, const char *name)
{
	struct tls_ocsp_denied *oldest = &t->denied[0];

	for (unsigned i = 0; i < TLS_OCSP_DENIED_MAX; i++) {
		struct tls_ocsp_denied *d = &t->denied[i];

		if (d->at_s && strcmp(d->name, name) == 0) {
			return d;
		}
		oldest = d->at_s < oldest->at_s ? d : oldest;
	}
	return oldest;
}

void tls_ocsp_deny(struct tls_ocsp *o, uint32_t responder, const X509 *leaf, const struct tls_ocsp_fact *fact, uint64_t now_s)
{
	struct tls_ocsp_denied new = { .unknown = fact->status == TLS_OCSP_UNKNOWN, .at_s = now_s ? now_s : 1 };

	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	if (responder < o->conf.responders_n && first_name(new.name, leaf)) {
		*place_of(&o->tallies[responder], new.name) = new;
	}
}
