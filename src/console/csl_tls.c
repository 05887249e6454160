/* csl_tls.c - files of the listener; names of a client. */
#include "console/csl_tls.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/obj.h"
#include "base/str.h"

/* ECDHE or DHE only; no block cipher in CBC mode */
#define PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-AES-128-CBC:-AES-256-CBC:-AES-128-CCM:-AES-256-CCM"
/* a key that others may read is theirs, too; the group may be the console's own */
#define MODE_LOOSE 0027u

#define CSL_TLS_MAGIC 0x6f1d20c7u
struct csl_tls {
	struct obj obj;
	struct file_copy certificate, key, client_ca; /* PEM; the last may be empty */
};

static int load(struct file_copy *out, const char *path, struct report *why)
{
	char words[FILE_WHY_MAX] = "";
	int err = file_read(out, path, CSL_TLS_FILE_MAX, words);

	if (err) {
		report_add(why, REPORT_ERROR, "%s: %s", path, *words ? words : err_str(err));
	}
	return err;
}

static int wrong(struct report *why, const char *path, const char *words)
{
	report_add(why, REPORT_ERROR, "%s: %s", path, words);
	return ERR_INVAL;
}

static gnutls_datum_t datum(const struct file_copy *f)
{
	return (gnutls_datum_t){ .data = f->p, .size = (unsigned)f->len };
}

static void look_at_dates(gnutls_certificate_credentials_t held, const char *path, struct report *why)
{
	gnutls_datum_t own;
	gnutls_x509_crt_t crt;

	if (gnutls_certificate_get_crt_raw(held, 0, 0, &own) || gnutls_x509_crt_init(&crt)) {
		return;
	}
	if (!gnutls_x509_crt_import(crt, &own, GNUTLS_X509_FMT_DER) && gnutls_x509_crt_get_expiration_time(crt) <= time(NULL)) {
		report_add(why, REPORT_WARNING, "%s: this certificate has expired, browsers will warn", path);
	}
	gnutls_x509_crt_deinit(crt);
}

static int check(const struct csl_tls *t, const struct csl_listen_tls *conf, struct report *why)
{
	gnutls_datum_t certificate = datum(&t->certificate), key = datum(&t->key), ca = datum(&t->client_ca);
	gnutls_certificate_credentials_t held;
	int got, err = 0;

	if (t->key.mode & MODE_LOOSE) {
		return wrong(why, conf->key,
			     "others may read this key, expected mode 0600, or 0640 with the group of the console");
	}
	if (gnutls_certificate_allocate_credentials(&held)) {
		report_add(why, REPORT_ERROR, "out of memory");
		return ERR_NOMEM;
	}
	got = gnutls_certificate_set_x509_key_mem(held, &certificate, &key, GNUTLS_X509_FMT_PEM);
	if (got < 0) {
		report_add(why, REPORT_ERROR, "%s with the key %s: %s", conf->certificate, conf->key, gnutls_strerror(got));
		err = ERR_INVAL;
	} else {
		look_at_dates(held, conf->certificate, why);
	}
	if (*conf->client_ca && gnutls_certificate_set_x509_trust_mem(held, &ca, GNUTLS_X509_FMT_PEM) <= 0) {
		err = wrong(why, conf->client_ca, "there is no certificate of a CA in this file, expected PEM");
	}
	gnutls_certificate_free_credentials(held);
	return err;
}

int csl_tls_new(struct csl_tls **out, const struct csl_listen_tls *conf, struct report *why)
{
	struct csl_tls *t = calloc(1, sizeof *t);
	int err;

	if (!t) {
		report_add(why, REPORT_ERROR, "out of memory");
		return ERR_NOMEM;
	}
	obj_begin(&t->obj, CSL_TLS_MAGIC);
	err = load(&t->certificate, conf->certificate, why);
	if (!err) {
		err = load(&t->key, conf->key, why);
	}
	if (!err && *conf->client_ca) {
		err = load(&t->client_ca, conf->client_ca, why);
	}
	if (!err) {
		err = check(t, conf, why);
	}
	if (err || !out) {
		csl_tls_free(t);
		return err;
	}
	*out = t;
	return 0;
}

void csl_tls_free(struct csl_tls *t)
{
	if (!t) {
		return;
	}
	OBJ_END(t, CSL_TLS_MAGIC);
	file_copy_fini(&t->certificate);
	file_copy_fini(&t->key);
	file_copy_fini(&t->client_ca);
	free(t);
}

void csl_tls_options(const struct csl_tls *t, struct MHD_OptionItem options[CSL_TLS_OPTIONS])
{
	size_t n = 0;

	OBJ_CHECK(t, CSL_TLS_MAGIC);
	options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)PRIORITIES };
	options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, t->certificate.p };
	options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, t->key.p };
	if (t->client_ca.p) {
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0, t->client_ca.p };
	}
	options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
}

/* -- a client */

/* Only plain text can be compared with an entry: a NUL or a space inside would show another name
 * than the one that is meant. */
static bool plain(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] <= ' ' || text[i] > '~') {
			return false;
		}
	}
	return n > 0;
}

static const char *prefix_of(int type)
{
	switch (type) {
	case GNUTLS_SAN_DNSNAME:
		return "dns:";
	case GNUTLS_SAN_RFC822NAME:
		return "email:";
	case GNUTLS_SAN_URI:
		return "uri:";
	default:
		return NULL;
	}
}

/* What is too long for an entry matches none and is left out. */
static int read_names(struct csl_cert *out, gnutls_x509_crt_t crt)
{
	for (unsigned i = 0;; i++) {
		char name[CSL_MATCH_MAX - 8];
		size_t n = sizeof name;
		int type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &n, NULL);
		const char *prefix = prefix_of(type);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
			return 0;
		}
		if (i >= CSL_CERT_NAMES_MAX) {
			return ERR_LIMIT;
		}
		if (prefix && n < sizeof name && plain(name, n)) {
			snprintf(out->names[out->names_n++], CSL_MATCH_MAX, "%s%.*s", prefix, (int)n, name);
		}
	}
}

static void read_subject(struct csl_cert *out, gnutls_x509_crt_t crt)
{
	gnutls_datum_t name;

	if (gnutls_x509_crt_get_dn3(crt, &name, 0)) {
		return;
	}
	if (name.size < CSL_MATCH_MAX - sizeof "subject:" && !memchr(name.data, 0, name.size)) {
		snprintf(out->subject, sizeof out->subject, "subject:%.*s", (int)name.size, (const char *)name.data);
	}
	gnutls_free(name.data);
}

static int read_certificate(struct csl_cert *out, const gnutls_datum_t *der)
{
	uint8_t digest[(CSL_FINGERPRINT_MAX - 1) / 2];
	size_t n = sizeof digest;
	gnutls_x509_crt_t crt;
	int err;

	if (gnutls_fingerprint(GNUTLS_DIG_SHA256, der, digest, &n) || n != sizeof digest || gnutls_x509_crt_init(&crt)) {
		return ERR_AUTH;
	}
	err = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) ? ERR_AUTH : 0;
	if (!err) {
		read_subject(out, crt);
		err = read_names(out, crt);
	}
	if (!err) {
		str_hex(out->fingerprint, digest, sizeof digest);
	}
	gnutls_x509_crt_deinit(crt);
	return err;
}

static int verify(gnutls_session_t session, char why[CSL_TLS_WHY_MAX])
{
	gnutls_typed_vdata_st usage = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
					.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT };
	unsigned status = 0;
	gnutls_datum_t words;

	if (gnutls_certificate_verify_peers(session, &usage, 1, &status)) {
		str_set(why, CSL_TLS_WHY_MAX, "the client certificate cannot be verified");
		return ERR_AUTH;
	}
	if (!status) {
		return 0;
	}
	str_set(why, CSL_TLS_WHY_MAX, "the client certificate is not valid here");
	if (!gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0)) {
		snprintf(why, CSL_TLS_WHY_MAX, "the client certificate is not valid here: %.*s", (int)words.size,
			 (const char *)words.data);
		gnutls_free(words.data);
	}
	return ERR_AUTH;
}

int csl_tls_peer(struct csl_cert *out, gnutls_session_t session, char why[CSL_TLS_WHY_MAX])
{
	const gnutls_datum_t *chain;
	unsigned n = 0;
	int err;

	*out = (struct csl_cert){ 0 };
	chain = gnutls_certificate_get_peers(session, &n);
	if (!chain || !n) {
		str_set(why, CSL_TLS_WHY_MAX, "the browser sent no client certificate");
		return ERR_NOTFOUND;
	}
	err = verify(session, why);
	if (err) {
		return err;
	}
	err = read_certificate(out, &chain[0]);
	if (err) {
		*out = (struct csl_cert){ 0 };
		str_set(why, CSL_TLS_WHY_MAX,
			err == ERR_LIMIT ? "the client certificate has too many names" : "the client certificate cannot be read");
	}
	return err;
}

const char *csl_tls_library_version(void)
{
	return gnutls_check_version(NULL);
}
