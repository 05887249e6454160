/* kh_p11.c - see kh_p11.h. ECDSA is asked for over a digest, because not every token hashes for it;
 * RSA-PSS over the content. */
#include "keyholder/kh_p11.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tls/tls_sign.h"

#define SLOTS_MAX 64u
#define PIN_MAX 256u

struct kh_p11 {
	CK_FUNCTION_LIST_PTR f;
	CK_SESSION_HANDLE session;
	char token[33];
};

/* -- words */

static const char *result_words(CK_RV rv)
{
	switch (rv) {
	case CKR_PIN_INCORRECT:
		return "the PIN is wrong; correct keyholder.pkcs11.pin_file before the token locks it";
	case CKR_PIN_LOCKED:
		return "the PIN is locked; the security officer of the token must unlock it";
	case CKR_PIN_EXPIRED:
		return "the PIN has expired; set another one with the tool of the token";
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_INVALID:
		return "the PIN has a form that the token refuses; correct keyholder.pkcs11.pin_file";
	case CKR_USER_PIN_NOT_INITIALIZED:
		return "the token has no user PIN yet; set one with the tool of the token";
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_DEVICE_REMOVED:
		return "the token is not there; put it in";
	case CKR_DEVICE_ERROR:
		return "the device reports an error; look into the log of its maker";
	case CKR_GENERAL_ERROR:
		return "something failed inside the module (0x00000005); often the module "
		       "cannot read its configuration or its store: name both in "
		       "keyholder.pkcs11.paths, and give the user of the keyholder the right to them";
	case CKR_MECHANISM_INVALID:
	case CKR_MECHANISM_PARAM_INVALID:
		return "the token cannot make this kind of signature; use a key of another kind";
	case CKR_KEY_FUNCTION_NOT_PERMITTED:
		return "the key may not sign (CKA_SIGN); make one that may";
	default:
		return NULL;
	}
}

static void say(char why[KH_WHY_MAX], const char *what, const char *which, CK_RV rv)
{
	const char *words = result_words(rv);

	if (words) {
		snprintf(why, KH_WHY_MAX, "%s '%s': %s", what, which, words);
	} else {
		snprintf(why, KH_WHY_MAX,
			 "%s '%s': the module answers 0x%08lx (CK_RV); the manual of its maker says what that is", what, which,
			 (unsigned long)rv);
	}
}

static int error_of(CK_RV rv)
{
	switch (rv) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_LOCKED:
	case CKR_PIN_EXPIRED:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
		return ERR_AUTH;
	case CKR_SESSION_CLOSED:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_KEY_HANDLE_INVALID:
	case CKR_OBJECT_HANDLE_INVALID:
	case CKR_DEVICE_REMOVED:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_USER_NOT_LOGGED_IN:
	case CKR_CRYPTOKI_NOT_INITIALIZED:
		return ERR_CLOSED;
	default:
		return ERR_IO;
	}
}

/* -- module and token */

static int load(struct kh_p11 *p, const char *path, char why[KH_WHY_MAX])
{
	CK_RV (*get)(CK_FUNCTION_LIST_PTR_PTR) = NULL;
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* stays loaded as long as the process */
	CK_RV rv;

	if (!module) {
		snprintf(why, KH_WHY_MAX,
			 "PKCS#11 module '%s' cannot be loaded: %s; name the module in keyholder.pkcs11.module, and all that "
			 "it needs in paths",
			 path, dlerror());
		return ERR_NOTFOUND;
	}
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (!get) {
		snprintf(why, KH_WHY_MAX, "'%s' is no PKCS#11 module: it has no C_GetFunctionList", path);
		return ERR_VERSION;
	}
	rv = get(&p->f);
	if (rv != CKR_OK || !p->f || p->f->version.major != 2) {
		snprintf(why, KH_WHY_MAX, "PKCS#11 module '%s' is not of version 2, expected 2.20 or later", path);
		return ERR_VERSION;
	}
	rv = p->f->C_Initialize(NULL);
	if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		say(why, "PKCS#11 module", path, rv);
		return ERR_IO;
	}
	return 0;
}

/* Labels are 32 octets, padded with blanks. */
static bool has_label(const CK_TOKEN_INFO *info, const char *label)
{
	size_t n = strlen(label);

	if (n > sizeof info->label || memcmp(info->label, label, n) != 0) {
		return false;
	}
	for (size_t i = n; i < sizeof info->label; i++) {
		if (info->label[i] != ' ') {
			return false;
		}
	}
	return true;
}

static int find_token(CK_SLOT_ID *out, const struct kh_p11 *p, const char *label, char why[KH_WHY_MAX])
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	CK_TOKEN_INFO info;
	CK_RV rv = p->f->C_GetSlotList(CK_TRUE, slots, &n);

	if (rv != CKR_OK) {
		say(why, "the slots for token", label, rv);
		return ERR_IO;
	}
	for (CK_ULONG i = 0; i < n && i < SLOTS_MAX; i++) {
		if (p->f->C_GetTokenInfo(slots[i], &info) == CKR_OK && has_label(&info, label)) {
			*out = slots[i];
			return 0;
		}
	}
	snprintf(why, KH_WHY_MAX,
		 "the module shows no token '%s' among %lu; put it in, or correct keyholder.pkcs11.token, or the paths "
		 "and the configuration of the module",
		 label, (unsigned long)n);
	return ERR_NOTFOUND;
}

static int log_in(struct kh_p11 *p, const struct kh_p11_conf *conf, char why[KH_WHY_MAX])
{
	CK_UTF8CHAR pin[PIN_MAX];
	size_t n = conf->pin_len;
	CK_RV rv;

	while (n && (conf->pin[n - 1] == '\n' || conf->pin[n - 1] == '\r')) {
		n--;
	}
	if (n > sizeof pin || memchr(conf->pin, '\n', n)) {
		snprintf(why, KH_WHY_MAX, "keyholder.pkcs11.pin_file has more than one line of %u bytes, expected the PIN alone",
			 PIN_MAX);
		return ERR_INVAL;
	}
	if (!n) { /* a try without a PIN would count as a wrong one */
		snprintf(why, KH_WHY_MAX, "keyholder.pkcs11.pin_file is empty, expected the PIN of token '%s'", conf->token);
		return ERR_INVAL;
	}
	memcpy(pin, conf->pin, n);
	rv = p->f->C_Login(p->session, CKU_USER, pin, n);
	explicit_bzero(pin, sizeof pin);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) {
		return 0;
	}
	say(why, "token", conf->token, rv);
	return error_of(rv);
}

int kh_p11_open(struct kh_p11 **out, const struct kh_p11_conf *conf, enum kh_p11_item *item, char why[KH_WHY_MAX])
{
	struct kh_p11 *p = calloc(1, sizeof *p);
	CK_SLOT_ID slot;
	CK_RV rv;
	int err;

	if (!p) {
		return ERR_NOMEM;
	}
	str_cut(p->token, sizeof p->token, conf->token);
	*item = KH_P11_MODULE;
	err = load(p, conf->module, why);
	if (!err) {
		*item = KH_P11_TOKEN;
		err = find_token(&slot, p, conf->token, why);
	}
	if (!err) {
		rv = p->f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &p->session);
		if (rv != CKR_OK) {
			say(why, "a session with token", conf->token, rv);
			err = error_of(rv);
		}
	}
	if (err) {
		free(p);
		return err;
	}
	*item = KH_P11_PIN;
	err = log_in(p, conf, why);
	if (err) {
		kh_p11_close(p);
		return err;
	}
	*out = p;
	return 0;
}

void kh_p11_close(struct kh_p11 *p)
{
	if (p) {
		(void)p->f->C_CloseSession(p->session);
	}
	free(p);
}

/* -- keys */

static CK_RV find_two(CK_OBJECT_HANDLE found[2], CK_ULONG *n, const struct kh_p11 *p, const char *label)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class }, { CKA_LABEL, (void *)(uintptr_t)label, strlen(label) } };
	CK_RV rv = p->f->C_FindObjectsInit(p->session, wanted, 2);

	*n = 0;
	if (rv == CKR_OK) {
		rv = p->f->C_FindObjects(p->session, found, 2, n);
		(void)p->f->C_FindObjectsFinal(p->session);
	}
	return rv;
}

int kh_p11_find(struct kh_p11_key *out, struct kh_p11 *p, const char *label, char why[KH_WHY_MAX])
{
	CK_OBJECT_HANDLE found[2];
	CK_KEY_TYPE type = 0;
	CK_ATTRIBUTE asked = { CKA_KEY_TYPE, &type, sizeof type };
	CK_ULONG n;
	CK_RV rv = find_two(found, &n, p, label);

	if (rv == CKR_OK && n != 1) {
		snprintf(why, KH_WHY_MAX,
			 "token '%s' has %s private key with the label '%s', expected one; list them with 'pkcs11-tool "
			 "--module MODULE --login --list-objects', and correct key_object",
			 p->token, n ? "more than one" : "no", label);
		return ERR_NOTFOUND;
	}
	if (rv == CKR_OK) {
		rv = p->f->C_GetAttributeValue(p->session, found[0], &asked, 1);
	}
	if (rv != CKR_OK) {
		say(why, "key", label, rv);
		return error_of(rv);
	}
	if (type != CKK_EC && type != CKK_RSA) {
		snprintf(why, KH_WHY_MAX, "key '%s' in token '%s' is of another kind than EC or RSA; make one of these", label,
			 p->token);
		return ERR_INVAL;
	}
	*out = (struct kh_p11_key){ found[0], type == CKK_EC ? KH_P11_EC : KH_P11_RSA };
	return 0;
}

/* -- signatures */

static int sign_with(struct kh_p11 *p, const struct kh_p11_key *key, CK_MECHANISM *m, const void *data, size_t n,
		     uint8_t out[KH_SIGNATURE_MAX], size_t *len, char why[KH_WHY_MAX])
{
	CK_ULONG made = KH_SIGNATURE_MAX;
	CK_RV rv = p->f->C_SignInit(p->session, m, key->handle);

	if (rv == CKR_OK) {
		rv = p->f->C_Sign(p->session, (CK_BYTE_PTR)(uintptr_t)data, n, out, &made);
	}
	if (rv != CKR_OK) {
		say(why, "token", p->token, rv);
		return error_of(rv);
	}
	if (!made || made > KH_SIGNATURE_MAX) {
		snprintf(why, KH_WHY_MAX, "token '%s': the module made a signature of %lu bytes, which none has", p->token, made);
		return ERR_PROTO;
	}
	*len = made;
	return 0;
}

static int sign_ec(struct kh_p11 *p, const struct kh_p11_key *key, uint16_t scheme, const void *content, size_t n,
		   uint8_t out[KH_SIGNATURE_MAX], size_t *len, char why[KH_WHY_MAX])
{
	CK_MECHANISM m = { CKM_ECDSA, NULL, 0 };
	uint8_t digest[TLS_DIGEST_MAX], rs[KH_SIGNATURE_MAX];
	size_t digest_len, rs_len;
	int err = tls_scheme_digest(digest, &digest_len, scheme, content, n);

	if (!err) {
		err = sign_with(p, key, &m, digest, digest_len, rs, &rs_len, why);
	}
	return err ? err : tls_ecdsa_der(out, len, rs, rs_len);
}

static int sign_rsa(struct kh_p11 *p, const struct kh_p11_key *key, bool wide, const void *content, size_t n,
		    uint8_t out[KH_SIGNATURE_MAX], size_t *len, char why[KH_WHY_MAX])
{
	CK_RSA_PKCS_PSS_PARAMS pss = { wide ? CKM_SHA384 : CKM_SHA256, wide ? CKG_MGF1_SHA384 : CKG_MGF1_SHA256, wide ? 48 : 32 };
	CK_MECHANISM m = { wide ? CKM_SHA384_RSA_PKCS_PSS : CKM_SHA256_RSA_PKCS_PSS, &pss, sizeof pss };

	return sign_with(p, key, &m, content, n, out, len, why);
}

int kh_p11_sign(struct kh_p11 *p, const struct kh_p11_key *key, uint16_t scheme, const void *content, size_t n,
		uint8_t out[KH_SIGNATURE_MAX], size_t *len, char why[KH_WHY_MAX])
{
	switch (scheme) {
	case TLS_ECDSA_SHA256:
	case TLS_ECDSA_SHA384:
		return key->kind == KH_P11_EC ? sign_ec(p, key, scheme, content, n, out, len, why) : ERR_INVAL;
	case TLS_RSA_PSS_RSAE_SHA256:
	case TLS_RSA_PSS_RSAE_SHA384:
	case TLS_RSA_PSS_PSS_SHA256:
	case TLS_RSA_PSS_PSS_SHA384:
		return key->kind == KH_P11_RSA
			   ? sign_rsa(p, key, scheme == TLS_RSA_PSS_RSAE_SHA384 || scheme == TLS_RSA_PSS_PSS_SHA384, content, n,
				      out, len, why)
			   : ERR_INVAL;
	default:
		return ERR_INVAL;
	}
}
