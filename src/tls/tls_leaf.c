/* tls_leaf.c - the rules of a leaf certificate, and the names and groups that it proves. */
#include "tls/tls_leaf.h"

#include <stdio.h>
#include <string.h>

#include "base/ident.h"

#define SHOWN_MAX 64 /* bytes of a name shown in a refusal */

struct names {
	struct tls_identity *id;
	char odd[SHOWN_MAX + 4]; /* the first dNSName that is no host name; "": none */
	size_t len;              /* bytes of the host names */
	bool has_odd;
	char *why;
	size_t why_size;
};

/* A name of the certificate for people: printable ASCII, cut to fit. */
static void show(char out[SHOWN_MAX + 4], const ASN1_IA5STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	size_t n = (size_t)ASN1_STRING_length(s), i;

	for (i = 0; i < n && i < SHOWN_MAX; i++) {
		out[i] = p[i] > 0x20 && p[i] < 0x7f && p[i] != '\'' ? (char)p[i] : '?';
	}
	memcpy(out + i, n > SHOWN_MAX ? "..." : "", n > SHOWN_MAX ? 4 : 1);
}

static bool is_known(const struct tls_identity *id, const char *host)
{
	for (int i = 0; i < id->names_n; i++) {
		if (strcmp(id->names[i], host) == 0) {
			return true;
		}
	}
	return false;
}

/* A wildcard or a NUL can pass for another name: the certificate is refused. Any other dNSName that
 * is not a host name cannot be an Origin-Host; it proves nothing and is ignored. */
static int add_name(struct names *n, const ASN1_IA5STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	size_t len = (size_t)ASN1_STRING_length(s);
	char host[TLS_NAME_MAX + 1], shown[SHOWN_MAX + 4];

	show(shown, s);
	if (memchr(p, '*', len) || memchr(p, 0, len)) {
		snprintf(n->why, n->why_size, "%s in subjectAltName: dNSName '%s'", memchr(p, 0, len) ? "NUL" : "wildcard",
			 shown);
		return ERR_AUTH;
	}
	/* underscore, final dot, space, non-ASCII, empty label, too long */
	if (ident_host(host, p, len)) {
		if (!n->has_odd) {
			memcpy(n->odd, shown, sizeof n->odd);
		}
		n->has_odd = true;
		return 0;
	}
	if (is_known(n->id, host)) {
		return 0;
	}
	n->len += len;
	if (n->id->names_n == IDENTITY_NAMES_MAX || n->len > IDENTITY_NAMES_LEN_MAX) {
		snprintf(n->why, n->why_size,
			 "more than %d dNSNames in subjectAltName, or more than %d bytes of them: '%s' is too many",
			 IDENTITY_NAMES_MAX, IDENTITY_NAMES_LEN_MAX, shown);
		return ERR_AUTH;
	}
	memcpy(n->id->names[n->id->names_n++], host, len + 1);
	return 0;
}

/* A URI that is not printable, or longer than any group's, can name no group. A URI beyond the
 * bound could be a group that is denied. */
static int add_group(struct names *n, const ASN1_IA5STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	size_t len = (size_t)ASN1_STRING_length(s);
	char shown[SHOWN_MAX + 4];

	if (len == 0 || len > TLS_NAME_MAX) {
		return 0;
	}
	for (size_t i = 0; i < len; i++) {
		if (p[i] <= 0x20 || p[i] >= 0x7f) {
			return 0;
		}
	}
	if (n->id->groups_n == IDENTITY_GROUPS_MAX) {
		show(shown, s);
		snprintf(n->why, n->why_size, "more than %d URIs in subjectAltName: '%s' is too many", IDENTITY_GROUPS_MAX,
			 shown);
		return ERR_AUTH;
	}
	memcpy(n->id->groups[n->id->groups_n], p, len);
	n->id->groups[n->id->groups_n++][len] = 0;
	return 0;
}

int tls_leaf_names(struct tls_identity *id, X509 *leaf, char *why, size_t why_size)
{
	int how = 0, err = 0;
	GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, &how, NULL);
	struct names n = { .id = id, .why = why, .why_size = why_size };

	for (int i = 0; !err && i < sk_GENERAL_NAME_num(san); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(san, i);

		if (name->type == GEN_DNS) {
			err = add_name(&n, name->d.dNSName);
		} else if (name->type == GEN_URI) {
			err = add_group(&n, name->d.uniformResourceIdentifier);
		}
	}
	GENERAL_NAMES_free(san);
	if (err || id->names_n) {
		return err;
	}
	if (n.has_odd) {
		snprintf(why, why_size, "no dNSName in subjectAltName is a host name: '%s' is none", n.odd);
	} else if (!san && how == -2) {
		snprintf(why, why_size, "two subjectAltName extensions, expected one");
	} else {
		snprintf(why, why_size, "no dNSName in subjectAltName%s", !san && how != -1 ? ", which cannot be read" : "");
	}
	return ERR_AUTH;
}

int tls_leaf_rules(const struct tls_presented *p, char *why, size_t why_size)
{
	uint32_t purpose = p->is_client ? XKU_SSL_CLIENT : XKU_SSL_SERVER;

	if (X509_check_ca(p->leaf)) {
		snprintf(why, why_size, "it is the certificate of a CA");
		return ERR_AUTH;
	}
	/* An absent extension means "any" to OpenSSL; the profile requires it. */
	if (!(X509_get_extension_flags(p->leaf) & EXFLAG_XKUSAGE) || !(X509_get_extended_key_usage(p->leaf) & purpose)) {
		snprintf(why, why_size, "extendedKeyUsage lacks %s", p->is_client ? "clientAuth" : "serverAuth");
		return ERR_AUTH;
	}
	return 0;
}
