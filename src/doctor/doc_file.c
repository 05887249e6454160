/* doc_file.c - see doc_file.h. A certificate that a handshake takes has one finding, "file-good";
 * one that it refuses has the cause that an operator can act on. */
#include "doctor/doc_file.h"

#include <stdio.h>
#include <string.h>

#include "base/anchor_list.h"
#include "base/clock.h"
#include "base/shown.h"
#include "base/str.h"
#include "doctor/doc_int.h"
#include "tls/tls_crl.h"
#include "tls/tls_look.h"

#define SOON_S (30u * CLOCK_DAY_S) /* or the last quarter of a certificate that lives shorter */

static const char *when(char out[CLOCK_TEXT_MAX], uint64_t s)
{
	return clock_text_s(out, (int64_t)s);
}

static void say_cert(struct doc_report *r, const struct doc_file *f, enum doc_cause cause, const struct tls_look_cert *c,
		     const char *why)
{
	bool client = f->ours ? f->ours->is_client : true;
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];

	doc_say(r, cause, f->file,
		DOC_WORDS({ "file", f->file }, { "subject", c->subject }, { "issuer", c->issuer }, { "why", why },
			  { "when", when(cause == DOC_FILE_EARLY ? from : to,
					 cause == DOC_FILE_EARLY ? c->not_before_s : c->not_after_s) },
			  { "now", when(now, f->now_s) }, { "names", c->names }, { "name", c->wildcard },
			  { "role", client ? "client" : "server" }, { "expected", client ? "clientAuth" : "serverAuth" },
			  { "found", c->usage }, { "of", f->ours ? f->ours->of : "" }));
}

static void say_end(struct doc_report *r, const struct doc_file *f, const struct tls_look_cert *c)
{
	uint64_t left = c->not_after_s > f->now_s ? c->not_after_s - f->now_s : 0, life = c->not_after_s - c->not_before_s;
	char days[SHOWN_COUNT_MAX], end[CLOCK_TEXT_MAX];

	if (left < SOON_S && left < life / 4) {
		doc_say(r, DOC_FILE_ENDS, f->file,
			DOC_WORDS({ "file", f->file }, { "subject", c->subject },
				  { "days", shown_count(days, left / CLOCK_DAY_S, "day") },
				  { "when", when(end, c->not_after_s) }));
	}
}

/* -- causes that the certificates themselves show */

/* True when one of the file's certificates is not valid now: it is told. */
static bool told_time(struct doc_report *r, const struct doc_file *f, const struct tls_look *look)
{
	for (size_t i = 0; i < look->certs_n; i++) {
		const struct tls_look_cert *c = &look->cert[i];

		if (c->not_after_s < f->now_s || c->not_before_s > f->now_s) {
			say_cert(r, f, c->not_after_s < f->now_s ? DOC_FILE_EXPIRED : DOC_FILE_EARLY, c, NULL);
			return true;
		}
	}
	return false;
}

static bool told_strength(struct doc_report *r, const struct doc_file *f, const struct tls_look *look)
{
	for (size_t i = 0; i < look->certs_n; i++) {
		const struct tls_look_cert *c = &look->cert[i];

		if (c->weak_key[0]) {
			say_cert(r, f, DOC_FILE_KEY_WEAK, c, c->weak_key);
			return true;
		}
		if (c->weak_signed[0] && c->issuer_at != (int)i) {
			say_cert(r, f, DOC_FILE_HASH_WEAK, c, c->weak_signed);
			return true;
		}
	}
	return false;
}

static bool told_leaf(struct doc_report *r, const struct doc_file *f, const struct tls_look_cert *leaf, bool is_client)
{
	enum doc_cause cause = DOC_CAUSES_N;

	if (is_client ? !leaf->for_client : !leaf->for_server) {
		cause = DOC_FILE_PURPOSE;
	} else if (leaf->wildcard[0]) {
		cause = DOC_FILE_WILDCARD;
	} else if (!leaf->names[0]) {
		cause = DOC_FILE_NAMELESS;
	}
	if (cause != DOC_CAUSES_N) {
		say_cert(r, f, cause, leaf, NULL);
	}
	return cause != DOC_CAUSES_N;
}

/* -- the chain */

/* The last certificate of the chain that the file has. */
static const struct tls_look_cert *top_of(const struct tls_look *look)
{
	size_t at = 0;

	for (size_t step = 0; step < look->certs_n; step++) {
		int next = look->cert[at].issuer_at;

		if (next < 0 || (size_t)next == at) {
			break;
		}
		at = (size_t)next;
	}
	return &look->cert[at];
}

static void say_issuer(struct doc_report *r, const struct doc_file *f, const struct tls_look *look)
{
	const struct tls_look_cert *top = top_of(look);
	const char *anchor = tls_judge_named(f->judge, top->issuer);
	enum doc_cause cause = DOC_FILE_ISSUER;

	if (anchor) {
		cause = DOC_FILE_NAMESAKE;
	} else if (strcmp(top->subject, top->issuer) == 0) {
		cause = top == look->cert ? DOC_FILE_SELF : DOC_FILE_ROOT;
	}
	doc_say(r, cause, f->file,
		DOC_WORDS({ "file", f->file }, { "subject", top->subject }, { "issuer", top->issuer }, { "anchor", anchor }));
}

static void say_refused(struct doc_report *r, const struct doc_file *f, const struct tls_look *look, enum tls_refusal kind,
			bool is_client, const char *why)
{
	const struct tls_look_cert *leaf = look->cert;
	bool told = false;

	if (kind == TLS_REFUSED_ENDED || kind == TLS_REFUSED_EARLY) {
		told = told_time(r, f, look);
	} else if (kind == TLS_REFUSED_ISSUER ||
		   (kind == TLS_REFUSED_SIGNER && tls_judge_named(f->judge, top_of(look)->issuer))) {
		say_issuer(r, f, look);
		told = true;
	} else if (kind == TLS_REFUSED_REVOKED) {
		say_cert(r, f, DOC_FILE_REVOKED, leaf, why);
		told = true;
	} else if (kind == TLS_REFUSED_PURPOSE || kind == TLS_REFUSED_OTHER) {
		told = told_strength(r, f, look) || told_leaf(r, f, leaf, is_client);
	}
	if (!told) {
		say_cert(r, f, DOC_FILE_REFUSED, leaf, why);
	}
}

/* -- a certificate that is taken */

/* One of these (base/anchor_list.h). */
static bool has_anchor(const struct tls_identity *id, const char *anchors)
{
	for (uint8_t i = 0; i < id->anchors_n; i++) {
		if (anchor_list_has(anchors, id->anchors[i])) {
			return true;
		}
	}
	return false;
}

static void say_taken(struct doc_report *r, const struct doc_file *f, const struct tls_look *look, const struct tls_identity *id)
{
	char end[CLOCK_TEXT_MAX];

	for (uint8_t i = 0; i < id->anchors_n; i++) {
		if (id->revocation[i] == REVOCATION_ABSENT || id->revocation[i] == REVOCATION_STALE) {
			doc_say(r, id->revocation[i] == REVOCATION_STALE ? DOC_FILE_CRL_STALE : DOC_FILE_CRL_NONE, f->file,
				DOC_WORDS({ "file", f->file }, { "subject", id->subject }, { "anchor", id->anchors[i] }));
			return;
		}
	}
	doc_say(r, DOC_FILE_GOOD, f->file,
		DOC_WORDS({ "file", f->file }, { "subject", id->subject }, { "names", look->cert[0].names },
			  { "anchor", id->anchors[0] }, { "when", when(end, id->not_after_s) }));
	say_end(r, f, look->cert);
	for (const char *const *name = f->asked; name && *name; name++) {
		if (has_anchor(id, *name)) {
			doc_say(r, DOC_FILE_OCSP, f->file,
				DOC_WORDS({ "file", f->file }, { "subject", id->subject }, { "anchor", *name }));
			return;
		}
	}
}

static const json_t *scs_named(const json_t *rows, const char *host)
{
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		if (strcmp(doc_text(row, "origin_host"), host) == 0) {
			return row;
		}
	}
	return NULL;
}

/* Which SCS it lets in. */
static void look_at_scs(struct doc_report *r, const struct doc_file *f, const struct tls_look *look,
			const struct tls_identity *id)
{
	const json_t *scs = NULL, *other = NULL;
	enum doc_cause cause;

	for (uint8_t i = 0; i < id->names_n; i++) {
		const json_t *row = scs_named(f->scs, id->names[i]);

		other = row && scs ? row : other;
		scs = scs ? scs : row;
	}
	cause = !scs                                       ? DOC_FILE_NO_SCS
		: other                                    ? DOC_FILE_TWO_SCS
		: !has_anchor(id, doc_text(scs, "anchor")) ? DOC_FILE_OTHER_ANCHOR
							   : DOC_FILE_SCS;
	doc_say(r, cause, f->file,
		DOC_WORDS({ "scs", doc_text(scs, "name") }, { "other", doc_text(other, "name") },
			  { "names", look->cert[0].names }, { "expected", doc_text(scs, "anchor") },
			  { "anchor", id->anchors[0] }));
}

/* -- whose certificate it is */

static bool bears(const struct tls_look_cert *c, const char *host)
{
	const char *at = strstr(c->names, host);
	size_t n = strlen(host);

	for (; at; at = strstr(at + 1, host)) {
		if ((at == c->names || at[-1] == ' ') && (!at[n] || at[n] == ',')) {
			return true;
		}
	}
	return false;
}

static bool is_of_peer(const struct doc_file *f, const struct tls_look_cert *c)
{
	for (const char *const *host = f->peers; host && *host; host++) {
		if (c->for_server && !c->for_client && bears(c, *host)) {
			return true;
		}
	}
	return false;
}

/* Who verifies it is at the other end, with anchors of its own: here its own properties count. */
static void look_at_ours(struct doc_report *r, const struct doc_file *f, const struct tls_look *look)
{
	const struct tls_look_cert *leaf = look->cert;

	if (told_time(r, f, look) || told_strength(r, f, look) || told_leaf(r, f, leaf, f->ours->is_client)) {
		return;
	}
	if (!f->ours->is_client && !bears(leaf, f->ours->host)) {
		doc_say(r, DOC_FILE_NAME, f->file,
			DOC_WORDS({ "file", f->file }, { "subject", leaf->subject }, { "names", leaf->names },
				  { "expected", f->ours->host }));
		return;
	}
	say_cert(r, f, DOC_FILE_OURS, leaf, NULL);
	say_end(r, f, leaf);
}

static void look_at_foreign(struct doc_report *r, const struct doc_file *f, const struct tls_look *look)
{
	bool is_client = !is_of_peer(f, look->cert);
	char why[640] = "";
	struct tls_identity id;
	enum tls_refusal kind;
	int err;

	if (!f->judge) {
		if (!told_time(r, f, look) && !told_strength(r, f, look) && !told_leaf(r, f, look->cert, is_client)) {
			say_cert(r, f, DOC_FILE_UNVERIFIED, look->cert, f->no_judge);
		}
		return;
	}
	err = tls_judge_side(&id, &kind, f->judge, &f->pem, &(struct tls_side){ .is_client = is_client }, why, sizeof why);
	if (err == ERR_AUTH) {
		say_refused(r, f, look, kind, is_client, why);
	} else if (err) {
		say_cert(r, f, DOC_FILE_REFUSED, look->cert, why);
	} else {
		say_taken(r, f, look, &id);
		if (f->scs && is_client) {
			look_at_scs(r, f, look, &id);
		}
	}
}

/* A good certificate of a CA is right if certificates of that CA get somebody in. */
static void look_at_ca(struct doc_report *r, const struct doc_file *f, const struct tls_look *look)
{
	static const enum doc_cause causes[] = { [TLS_CA_STRANGER] = DOC_FILE_CA_STRANGER,
						 [TLS_CA_NAMESAKE] = DOC_FILE_CA_NAMESAKE,
						 [TLS_CA_BELOW] = DOC_FILE_CA_BELOW,
						 [TLS_CA_ANCHOR] = DOC_FILE_CA };
	const struct tls_look_cert *c = look->cert;
	const char *anchor = NULL;
	char end[CLOCK_TEXT_MAX];
	enum tls_ca is;

	if (told_time(r, f, look) || told_strength(r, f, look)) {
		return;
	}
	if (!f->judge) {
		say_cert(r, f, DOC_FILE_UNVERIFIED, c, f->no_judge);
	} else if (tls_judge_ca(&is, &anchor, f->judge, &f->pem)) {
		say_cert(r, f, DOC_FILE_REFUSED, c, "it cannot be compared with the trust anchors");
	} else {
		doc_say(r, causes[is], f->file,
			DOC_WORDS({ "file", f->file }, { "subject", c->subject }, { "anchor", anchor },
				  { "when", when(end, c->not_after_s) }));
		say_end(r, f, c);
	}
}

static void look_at_certificates(struct doc_report *r, const struct doc_file *f, const struct tls_look *look)
{
	if (look->cert[0].ca) {
		look_at_ca(r, f, look);
	} else if (f->ours && !f->ours->is_key) {
		look_at_ours(r, f, look);
	} else {
		look_at_foreign(r, f, look);
	}
}

/* -- keys */

static void look_at_key(struct doc_report *r, const struct doc_file *f, const struct tls_look *look)
{
	const struct tls_key key = { .path = f->file, .pem = f->pem };
	const struct tls_pem *certificate = f->ours ? &f->ours->certificate_pem : &f->pem;
	const char *name = f->ours && f->ours->certificate ? f->ours->certificate : f->file;
	char kind[TLS_LOOK_WORDS_MAX], why[400], mode[16];

	if (tls_look_key(kind, &key, why, sizeof why)) {
		doc_say(r, DOC_FILE_KEY_BAD, f->file, DOC_WORDS({ "file", f->file }, { "why", why }));
		return;
	}
	if (f->mode & TLS_KEY_MODE_LOOSE) {
		snprintf(mode, sizeof mode, "%04o", f->mode);
		doc_say(r, DOC_FILE_KEY_OPEN, f->file, DOC_WORDS({ "file", f->file }, { "mode", mode }));
	}
	if ((f->ours || look->certs_n) && certificate->p && tls_look_pair(certificate, &key) == ERR_AUTH) {
		doc_say(
		    r, DOC_FILE_KEY_OTHER, f->file,
		    DOC_WORDS({ "file", f->file }, { "certificate", name }, { "of", f->ours ? f->ours->of : "the same file" }));
	} else {
		doc_say(r, DOC_FILE_KEY, f->file, DOC_WORDS({ "file", f->file }, { "kind", kind }));
	}
}

/* -- revocation lists */

static void say_list(struct doc_report *r, const struct doc_file *f, const struct tls_crl_fact *c)
{
	char end[CLOCK_TEXT_MAX], n[SHOWN_COUNT_MAX], number[TLS_CRL_NUMBER_MAX + 3];

	snprintf(number, sizeof number, "0x%s", c->number);
	doc_say(r, c->next_update_s < f->now_s ? DOC_FILE_CRL_OLD : DOC_FILE_CRL, f->file,
		DOC_WORDS({ "file", f->file }, { "issuer", c->issuer }, { "number", number },
			  { "n", shown_count(n, c->entries, "revoked certificate") }, { "when", when(end, c->next_update_s) }));
}

/* Tries each anchor. Of several refusals, tells the one of the anchor that knows the issuer. */
static void look_at_lists(struct doc_report *r, const struct doc_file *f)
{
	const struct tls_crl_file list = { .file = f->file, .octets = f->pem };
	struct tls_crl_fact facts[TLS_CRLS_MAX];
	char why[700] = "", words[700];
	size_t n = 0;

	if (!f->judge || !f->anchors_n) {
		doc_say(r, DOC_FILE_UNVERIFIED, f->file,
			DOC_WORDS({ "file", f->file }, { "subject", "the revocation list" },
				  { "why", f->judge ? "the configuration has none" : f->no_judge }));
		return;
	}
	for (size_t i = 0; i < f->anchors_n; i++) {
		struct tls_anchor_conf conf = f->anchors[i];

		conf.crls = &list;
		conf.crls_n = 1;
		if (!tls_crl_facts(facts, &n, &conf, f->now_s, words, sizeof words)) {
			for (size_t k = 0; k < n; k++) {
				say_list(r, f, &facts[k]);
			}
			return;
		}
		if (!why[0] || strstr(why, "no certificate of this CA")) {
			str_cut(why, sizeof why, words);
		}
	}
	doc_say(r, DOC_FILE_CRL_REFUSED, f->file, DOC_WORDS({ "file", f->file }, { "why", why }));
}

/* Both labels are in use (RFC 7468 section 7). */
static bool is_request(const struct tls_pem *pem)
{
	static const char *const labels[] = { "-----BEGIN CERTIFICATE REQUEST-----", "-----BEGIN NEW CERTIFICATE REQUEST-----" };

	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
		if (memmem(pem->p, pem->len, labels[i], strlen(labels[i]))) {
			return true;
		}
	}
	return false;
}

void doc_look_at_file(struct doc_report *r, const struct doc_file *f)
{
	struct tls_look look;

	if (tls_look(&look, &f->pem)) {
		doc_say(r, DOC_FILE_UNREAD, f->file, DOC_WORDS({ "file", f->file }, { "why", "out of memory" }));
		return;
	}
	if (look.damaged[0]) {
		doc_say(r, DOC_FILE_DAMAGED, f->file, DOC_WORDS({ "file", f->file }, { "why", look.damaged }));
	} else if (!look.certs_n && !look.keys_n && !look.crls_n) {
		doc_say(r, is_request(&f->pem) ? DOC_FILE_REQUEST : DOC_FILE_NOTHING, f->file, DOC_WORDS({ "file", f->file }));
	}
	if (look.certs_n) {
		look_at_certificates(r, f, &look);
	}
	if (look.keys_n) {
		look_at_key(r, f, &look);
	}
	if (look.crls_n) {
		look_at_lists(r, f);
	}
}
