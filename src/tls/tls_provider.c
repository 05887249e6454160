/* tls_provider.c - the OpenSSL provider that stands for keys in another process.
 *
 * libssl signs by EVP_DigestSign(). libcrypto first offers the key to the default provider, by an
 * export with the private part, which is refused here; then it comes to the provider of the key.
 * One call has the whole content, so that the process with the key sees all that it signs. */
#include "tls/tls_provider.h"

#include <string.h>

#include "base/obj.h"

/* -- KEYMGMT: public parts only */

#define PARAM_REF "mtc-key" /* a pointer to struct ref, inside this process only */

struct ref { /* what a key object is made from; copied */
	struct tls_remote *remote;
	EVP_PKEY *pub;
	uint32_t set;
	uint16_t key;
};

#define REMOTE_KEY_MAGIC 0x6d7b21c4u
struct remote_key {
	struct obj obj;
	struct ref ref; /* its pub is owned; NULL: empty yet */
};
OBJ_FIRST(struct remote_key);

static struct remote_key *key_of(const void *p)
{
	return obj_of(p, REMOTE_KEY_MAGIC, "struct remote_key", __func__);
}

static void *key_new(void *provider)
{
	struct remote_key *k = OPENSSL_zalloc(sizeof *k);

	(void)provider;
	if (k) {
		obj_begin(&k->obj, REMOTE_KEY_MAGIC);
	}
	return k;
}

static void key_free(void *p)
{
	struct remote_key *k = p ? key_of(p) : NULL;

	if (k) {
		EVP_PKEY_free(k->ref.pub);
		OBJ_END(k, REMOTE_KEY_MAGIC);
		OPENSSL_free(k);
	}
}

/* We claim the private part: without that nobody would ask for a signature. */
static int key_has(const void *p, int selection)
{
	(void)selection;
	return key_of(p)->ref.pub != NULL;
}

static int key_match(const void *a, const void *b, int selection)
{
	const EVP_PKEY *one = key_of(a)->ref.pub, *other = key_of(b)->ref.pub;

	(void)selection;
	return one && other && EVP_PKEY_eq(one, other) == 1;
}

static int key_import(void *p, int selection, const OSSL_PARAM params[])
{
	const OSSL_PARAM *at = OSSL_PARAM_locate_const(params, PARAM_REF);
	struct remote_key *k = key_of(p);
	struct ref ref;

	(void)selection;
	if (k->ref.pub || !at || at->data_type != OSSL_PARAM_OCTET_STRING || at->data_size != sizeof ref) {
		return 0; /* nobody but tls_provider_key() makes one */
	}
	memcpy(&ref, at->data, sizeof ref);
	if (EVP_PKEY_up_ref(ref.pub) != 1) {
		return 0;
	}
	k->ref = ref;
	return 1;
}

static const OSSL_PARAM *key_import_types(int selection)
{
	static const OSSL_PARAM types[] = { OSSL_PARAM_octet_string(PARAM_REF, NULL, 0), OSSL_PARAM_END };

	(void)selection;
	return types;
}

static int key_export(void *p, int selection, OSSL_CALLBACK *take, void *arg)
{
	const struct remote_key *k = key_of(p);

	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) || !k->ref.pub) {
		return 0;
	}
	return EVP_PKEY_export(k->ref.pub, selection, take, arg);
}

static const OSSL_PARAM *key_export_types(int selection)
{
	static const OSSL_PARAM types[] = { OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0), OSSL_PARAM_END };

	return selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY ? NULL : types;
}

static int key_get_params(void *p, OSSL_PARAM params[])
{
	const struct remote_key *k = key_of(p);

	return k->ref.pub ? EVP_PKEY_get_params(k->ref.pub, params) : 0;
}

static const OSSL_PARAM *key_gettable_params(void *provider)
{
	static const OSSL_PARAM types[] = { OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
					    OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
					    OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
					    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
					    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
					    OSSL_PARAM_END };

	(void)provider;
	return types;
}

static const char *key_ec_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "ECDSA" : "EC";
}

static const char *key_rsa_operation(int operation)
{
	(void)operation;
	return "RSA";
}

#define FUNCTION(fn) ((void (*)(void))(fn))
#define KEY_FUNCTIONS                                                                                                            \
	{ OSSL_FUNC_KEYMGMT_NEW, FUNCTION(key_new) }, { OSSL_FUNC_KEYMGMT_FREE, FUNCTION(key_free) },                            \
	    { OSSL_FUNC_KEYMGMT_HAS, FUNCTION(key_has) }, { OSSL_FUNC_KEYMGMT_MATCH, FUNCTION(key_match) },                      \
	    { OSSL_FUNC_KEYMGMT_IMPORT, FUNCTION(key_import) }, { OSSL_FUNC_KEYMGMT_IMPORT_TYPES, FUNCTION(key_import_types) },  \
	    { OSSL_FUNC_KEYMGMT_EXPORT, FUNCTION(key_export) }, { OSSL_FUNC_KEYMGMT_EXPORT_TYPES, FUNCTION(key_export_types) },  \
	    { OSSL_FUNC_KEYMGMT_GET_PARAMS, FUNCTION(key_get_params) },                                                          \
	{                                                                                                                        \
		OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, FUNCTION(key_gettable_params)                                                 \
	}

static const OSSL_DISPATCH ec_functions[] = { KEY_FUNCTIONS,
					      { OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, FUNCTION(key_ec_operation) },
					      { 0, NULL } };
static const OSSL_DISPATCH rsa_functions[] = { KEY_FUNCTIONS,
					       { OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, FUNCTION(key_rsa_operation) },
					       { 0, NULL } };
#define KEY_PROPERTIES "provider=" TLS_PROVIDER_NAME
static const OSSL_ALGORITHM keys[] = { { "EC:id-ecPublicKey:1.2.840.10045.2.1", KEY_PROPERTIES, ec_functions, NULL },
				       { "RSA:rsaEncryption:1.2.840.113549.1.1.1", KEY_PROPERTIES, rsa_functions, NULL },
				       { "RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10", KEY_PROPERTIES, rsa_functions, NULL },
				       { NULL, NULL, NULL, NULL } };

EVP_PKEY *tls_provider_key(struct tls_remote *r, X509 *certificate, uint16_t key, uint32_t set)
{
	struct ref ref = { r, X509_get0_pubkey(certificate), set, key };
	OSSL_PARAM params[] = { OSSL_PARAM_octet_string(PARAM_REF, &ref, sizeof ref), OSSL_PARAM_END };
	const char *type = !ref.pub                            ? NULL
			   : EVP_PKEY_is_a(ref.pub, "EC")      ? "EC"
			   : EVP_PKEY_is_a(ref.pub, "RSA")     ? "RSA"
			   : EVP_PKEY_is_a(ref.pub, "RSA-PSS") ? "RSA-PSS"
							       : NULL;
	EVP_PKEY_CTX *ctx = type ? EVP_PKEY_CTX_new_from_name(r->lib, type, KEY_PROPERTIES) : NULL;
	EVP_PKEY *out = NULL;

	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1) {
		(void)(EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_KEYPAIR, params) == 1);
	}
	EVP_PKEY_CTX_free(ctx);
	return out;
}

/* -- SIGNATURE */

#define SIGNATURE_MAGIC 0x2ad94e17u
struct signature {
	struct obj obj;
	const struct remote_key *key; /* libcrypto holds it as long as this */
	uint16_t digest_bits;         /* 0: a digest that is not of the profile */
	bool pss;
};
OBJ_FIRST(struct signature);

static struct signature *signature_of(const void *p)
{
	return obj_of(p, SIGNATURE_MAGIC, "struct signature", __func__);
}

static void *signature_new(void *provider, const char *properties)
{
	struct signature *s = OPENSSL_zalloc(sizeof *s);

	(void)provider, (void)properties;
	if (s) {
		obj_begin(&s->obj, SIGNATURE_MAGIC);
	}
	return s;
}

static void signature_free(void *p)
{
	if (p) {
		OBJ_END(signature_of(p), SIGNATURE_MAGIC);
		OPENSSL_free(p);
	}
}

static uint16_t digest_bits(const char *name)
{
	if (!name) {
		return 0;
	}
	if (OPENSSL_strcasecmp(name, "SHA256") == 0 || OPENSSL_strcasecmp(name, "SHA2-256") == 0) {
		return 256;
	}
	return OPENSSL_strcasecmp(name, "SHA384") == 0 || OPENSSL_strcasecmp(name, "SHA2-384") == 0 ? 384 : 0;
}

static int signature_set_params(void *p, const OSSL_PARAM params[])
{
	struct signature *s = signature_of(p);
	const OSSL_PARAM *at = params ? OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE) : NULL;
	const char *word = NULL;
	int number = 0;

	if (at && at->data_type == OSSL_PARAM_UTF8_STRING && OSSL_PARAM_get_utf8_string_ptr(at, &word)) {
		s->pss = OPENSSL_strcasecmp(word, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
	} else if (at && OSSL_PARAM_get_int(at, &number)) {
		s->pss = number == RSA_PKCS1_PSS_PADDING;
	} else if (at) {
		return 0;
	}
	/* The salt is as long as the digest in every scheme of the profile: libssl asks for nothing
	 * else. */
	return 1;
}

static const OSSL_PARAM *signature_settable_params(void *p, void *provider)
{
	static const OSSL_PARAM types[] = { OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
					    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0), OSSL_PARAM_END };

	(void)p, (void)provider;
	return types;
}

static int signature_init(void *p, const char *digest, void *key, const OSSL_PARAM params[])
{
	struct signature *s = signature_of(p);

	s->key = key_of(key);
	s->digest_bits = digest_bits(digest);
	s->pss = s->key->ref.pub && EVP_PKEY_is_a(s->key->ref.pub, "RSA-PSS");
	return s->key->ref.pub && signature_set_params(p, params);
}

/* 0: not of the profile. */
static uint16_t scheme_of(const struct signature *s)
{
	bool wide = s->digest_bits == 384;

	if (!s->digest_bits) {
		return 0;
	}
	if (EVP_PKEY_is_a(s->key->ref.pub, "EC")) {
		return wide ? TLS_ECDSA_SHA384 : TLS_ECDSA_SHA256;
	}
	if (!s->pss) {
		return 0;
	}
	if (EVP_PKEY_is_a(s->key->ref.pub, "RSA")) {
		return wide ? TLS_RSA_PSS_RSAE_SHA384 : TLS_RSA_PSS_RSAE_SHA256;
	}
	return wide ? TLS_RSA_PSS_PSS_SHA384 : TLS_RSA_PSS_PSS_SHA256;
}

static int signature_sign(void *p, unsigned char *out, size_t *out_len, size_t out_size, const unsigned char *content, size_t n)
{
	const struct signature *s = signature_of(p);
	const struct ref *ref = &s->key->ref;
	struct tls_signing signing = {
		.set = ref->set, .key = ref->key, .scheme = scheme_of(s), .content = content, .content_len = n
	};

	if (!out) {
		*out_len = (size_t)EVP_PKEY_get_size(ref->pub);
		return 1;
	}
	if (!tls_call_sign(ref->remote, &signing) || signing.signature_len > out_size) {
		return 0;
	}
	memcpy(out, signing.signature, signing.signature_len);
	*out_len = signing.signature_len;
	return 1;
}

static const OSSL_DISPATCH signature_functions[] = {
	{ OSSL_FUNC_SIGNATURE_NEWCTX, FUNCTION(signature_new) },
	{ OSSL_FUNC_SIGNATURE_FREECTX, FUNCTION(signature_free) },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, FUNCTION(signature_init) },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN, FUNCTION(signature_sign) },
	{ OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, FUNCTION(signature_set_params) },
	{ OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, FUNCTION(signature_settable_params) },
	{ 0, NULL },
};
static const OSSL_ALGORITHM signatures[] = { { "ECDSA", KEY_PROPERTIES, signature_functions, NULL },
					     { "RSA:rsaEncryption:1.2.840.113549.1.1.1", KEY_PROPERTIES, signature_functions,
					       NULL },
					     { NULL, NULL, NULL, NULL } };

/* -- the provider */

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	return operation == OSSL_OP_KEYMGMT ? keys : operation == OSSL_OP_SIGNATURE ? signatures : NULL;
}

int tls_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **ctx)
{
	static const OSSL_DISPATCH functions[] = { { OSSL_FUNC_PROVIDER_QUERY_OPERATION, FUNCTION(query) }, { 0, NULL } };

	(void)in;
	*out = functions;
	*ctx = (void *)(uintptr_t)handle; /* not used; libcrypto wants one that is not NULL */
	return 1;
}
