/* tls_words.c - a table from OpenSSL's reasons to texts that an operator can act on. */
#include "tls/tls_words.h"

#include <stdio.h>

#include "base/err.h"
#include "base/str.h"
#include "tls/tls_openssl.h"

static const struct {
	int reason, err;
	const char *words;
} reasons[] = {
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, ERR_AUTH, TLS_NO_CERTIFICATE },
	{ SSL_R_WRONG_VERSION_NUMBER, ERR_PROTO, "not TLS, or a version before TLS 1.0" },
	{ SSL_R_HTTP_REQUEST, ERR_PROTO, "not TLS: an HTTP request" },
	{ SSL_R_HTTPS_PROXY_REQUEST, ERR_PROTO, "not TLS: an HTTP proxy request" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, ERR_PROTO, "no TLS version in common" },
	{ SSL_R_VERSION_TOO_LOW, ERR_PROTO, "no TLS version in common" },
	{ SSL_R_NO_SHARED_CIPHER, ERR_PROTO, "no cipher suite in common" },
	{ SSL_R_NO_SHARED_GROUPS, ERR_PROTO, "no key exchange group in common" },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, ERR_PROTO, "no key exchange group in common" },
	{ SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, ERR_PROTO, "no signature algorithm in common" },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, ERR_PROTO, "no signature algorithm in common" },
	{ SSL_R_WRONG_SIGNATURE_TYPE, ERR_PROTO, "signed with an algorithm that was not offered" },
	{ SSL_R_EXCESSIVE_MESSAGE_SIZE, ERR_LIMIT, "a handshake message is too long" },
};

static const char *alert_words(int alert)
{
	switch (alert) { /* OpenSSL has no text for the newer ones */
	case 116:
		return "certificate required";
	case 120:
		return "no application protocol";
	default:
		return SSL_alert_desc_string_long(alert);
	}
}

int tls_words(char *why, size_t why_size, bool in_handshake, const char *refusal)
{
	unsigned long e = ERR_peek_error();
	int reason = ERR_GET_REASON(e);
	const char *where = in_handshake ? "TLS handshake: " : "TLS: ", *text = ERR_reason_error_string(e);
	int err = ERR_PROTO;

	ERR_clear_error();
	if (*refusal) {
		str_cut(why, why_size, refusal);
		return ERR_AUTH;
	}
	if (ERR_GET_LIB(e) != ERR_LIB_SSL) {
		snprintf(why, why_size, "%s%s", where, text ? text : "failed");
		return err;
	}
	if (reason >= SSL_AD_REASON_OFFSET) {
		snprintf(why, why_size, "%srefused by the other side: %s", where, alert_words(reason - SSL_AD_REASON_OFFSET));
		return ERR_REFUSED;
	}
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (reasons[i].reason == reason) {
			text = reasons[i].words;
			err = reasons[i].err;
		}
	}
	snprintf(why, why_size, "%s%s", where, text ? text : "failed");
	return err;
}
