/* tls_strength.c - which keys and signatures are strong enough. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "tls/tls_verify.h"

int tls_verify_key(X509 *cert, char *why, size_t why_size)
{
	EVP_PKEY *key = X509_get0_pubkey(cert); /* NULL when it cannot be read */
	int kind = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
	int explicit_curve = 0;
	char curve[64] = "of unknown kind";

	switch (kind) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		if (EVP_PKEY_get_bits(key) >= 2048) {
			return 0;
		}
		snprintf(curve, sizeof curve, "RSA of %d bits", EVP_PKEY_get_bits(key));
		break;
	case EVP_PKEY_EC:
		if (!EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL)) {
			snprintf(curve, sizeof curve, "on an unnamed curve");
		}
		(void)EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_curve);
		if (!explicit_curve && (!strcmp(curve, "prime256v1") || !strcmp(curve, "secp384r1"))) {
			return 0;
		}
		break;
	default:
		if (key && EVP_PKEY_get0_type_name(key)) {
			str_cut(curve, sizeof curve, EVP_PKEY_get0_type_name(key));
		}
		break;
	}
	snprintf(why, why_size, "key %s, expected P-256, P-384 or RSA of at least 2048 bits", curve);
	return ERR_AUTH;
}

int tls_verify_signature(const X509 *cert, char *why, size_t why_size)
{
	int digest = NID_undef, kind = NID_undef;

	(void)X509_get_signature_info((X509 *)cert, &digest, &kind, NULL, NULL);
	if ((digest == NID_sha256 || digest == NID_sha384) &&
	    (kind == EVP_PKEY_EC || kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS)) {
		return 0;
	}
	snprintf(why, why_size, "signature %s, expected ECDSA or RSA with SHA-256 or SHA-384",
		 OBJ_nid2ln(X509_get_signature_nid(cert)));
	return ERR_AUTH;
}

static int pss_digest(const X509_ALGOR *algorithm)
{
	RSA_PSS_PARAMS *pss = NULL;
	const void *value;
	int kind, digest = NID_undef;

	X509_ALGOR_get0(NULL, &kind, &value, algorithm);
	if (kind == V_ASN1_SEQUENCE) {
		pss = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
	}
	if (pss && pss->hashAlgorithm) {
		const ASN1_OBJECT *hash;

		X509_ALGOR_get0(&hash, NULL, NULL, pss->hashAlgorithm);
		digest = OBJ_obj2nid(hash);
	}
	RSA_PSS_PARAMS_free(pss);
	return digest;
}

int tls_verify_signed(int nid, const X509_ALGOR *algorithm, char *why, size_t why_size)
{
	int digest = NID_undef, key = NID_undef;

	if (nid == NID_rsassaPss) {
		key = EVP_PKEY_RSA;
		digest = pss_digest(algorithm);
	} else {
		(void)OBJ_find_sigid_algs(nid, &digest, &key);
	}
	if ((digest == NID_sha256 || digest == NID_sha384) &&
	    (key == EVP_PKEY_EC || key == EVP_PKEY_RSA || key == EVP_PKEY_RSA_PSS)) {
		return 0;
	}
	snprintf(why, why_size, "signature %s, expected ECDSA or RSA with SHA-256 or SHA-384", OBJ_nid2ln(nid));
	return ERR_AUTH;
}
