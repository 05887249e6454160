/* ns_files.c - see ns_files.h. */
#include "ndsip/ns_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "base/str.h"
#include "ipsec/vici_write.h"

static char *copy_of(const struct ns_pem *pem)
{
	char *text = malloc(pem->len + 1);

	if (text) {
		memcpy(text, pem->p, pem->len);
		text[pem->len] = 0;
	}
	return text;
}

void ns_files_refuse(struct ns_anchor *a, const char *why)
{
	if (!a->refused[0]) {
		snprintf(a->refused, sizeof a->refused, "a revocation list of its trust anchor '%s' is not in strongSwan: %.100s",
			 a->name, why);
	}
}

static void add_crl(struct ns_anchor *a, const void *p, size_t len)
{
	char why[96];

	if (len > VICI_VALUE_MAX) {
		snprintf(why, sizeof why, "it has %zu octets, and %u is the most", len, VICI_VALUE_MAX);
		ns_files_refuse(a, why);
	} else if (a->crls_n == NS_CRLS_MAX) {
		snprintf(why, sizeof why, "there are more than %u of them", NS_CRLS_MAX);
		ns_files_refuse(a, why);
	} else {
		a->crls[a->crls_n++] = (struct sa_blob){ p, len };
	}
}

/* Where the DER of the next list is to stand. */
static void add_block(struct ns_anchor *a, uint8_t **at, const struct ns_pem *block)
{
	size_t len = ns_pem_der(*at, block);

	if (len) {
		add_crl(a, *at, len);
		*at += len;
	} else {
		ns_files_refuse(a, "it cannot be read");
	}
}

static void sort_blocks(struct ns_anchor *a, uint8_t **at)
{
	struct ns_pem rest = { a->text, a->len }, block;
	enum ns_pem_kind kind;

	while (ns_pem_next(&rest, &kind, &block)) {
		if (kind == NS_PEM_CERTIFICATE && a->cas_n < SA_CACERTS_MAX) {
			a->cas[a->cas_n++] = (struct sa_blob){ block.p, block.len };
		} else if (kind == NS_PEM_CRL) {
			add_block(a, at, &block);
		}
	}
}

/* Certificates in a file of lists are not of anchors. */
static void sort_lists(struct ns_anchor *a, uint8_t **at, const char *text, size_t len)
{
	struct ns_pem rest = { text, len }, block;
	enum ns_pem_kind kind;

	if (text[0] == 0x30) { /* a SEQUENCE: DER */
		add_crl(a, text, len);
		return;
	}
	while (ns_pem_next(&rest, &kind, &block)) {
		if (kind == NS_PEM_CRL) {
			add_block(a, at, &block);
		}
	}
}

/* After the last file of it. */
static int sort_anchor(struct ns_anchor *a)
{
	size_t all = a->len;
	uint8_t *at;

	for (size_t i = 0; i < a->lists_n; i++) {
		all += a->list_len[i];
	}
	at = a->der = malloc(all + 1);
	if (!at) {
		return ERR_NOMEM;
	}
	sort_blocks(a, &at);
	for (size_t i = 0; i < a->lists_n; i++) {
		sort_lists(a, &at, a->lists[i], a->list_len[i]);
	}
	return 0;
}

static int add_lists(struct ns_files *f, const struct ns_file *file)
{
	struct ns_anchor *a = NULL;
	char *text;

	for (size_t i = 0; i < f->anchors_n && !a; i++) {
		a = strcmp(f->anchors[i].name, file->name) == 0 ? &f->anchors[i] : NULL;
	}
	if (!a) {
		return 0;
	}
	if (a->lists_n == NS_CRL_FILES_MAX) {
		ns_files_refuse(a, "there are too many files of them");
		return 0;
	}
	text = copy_of(&file->pem);
	if (!text) {
		return ERR_NOMEM;
	}
	a->lists[a->lists_n] = text;
	a->list_len[a->lists_n++] = file->pem.len;
	return 0;
}

static int add(struct ns_files *f, const struct ns_file *file)
{
	struct ns_anchor *a = &f->anchors[f->anchors_n];
	char *text;

	if (file->crls) {
		return add_lists(f, file);
	}
	if (file->name && (f->anchors_n == NS_ANCHORS_MAX || strlen(file->name) > IDENT_SCS_MAX)) {
		return 0;
	}
	text = copy_of(&file->pem);
	if (!text) {
		return ERR_NOMEM;
	}
	if (!file->name) {
		free(f->certificate);
		f->certificate = text;
		f->certificate_len = file->pem.len;
		return 0;
	}
	str_set(a->name, sizeof a->name, file->name);
	a->since = file->since;
	a->text = text;
	a->len = file->pem.len;
	f->anchors_n++;
	return 0;
}

int ns_files_new(struct ns_files **out, const struct ns_file *files, size_t n)
{
	struct ns_files *f = calloc(1, sizeof *f);
	int err = f ? 0 : ERR_NOMEM;

	for (size_t i = 0; i < n && !err; i++) {
		err = add(f, &files[i]);
	}
	for (size_t i = 0; f && i < f->anchors_n && !err; i++) {
		err = sort_anchor(&f->anchors[i]);
	}
	if (err) {
		ns_files_free(f);
		return err;
	}
	*out = f;
	return 0;
}

void ns_files_free(struct ns_files *f)
{
	if (!f) {
		return;
	}
	free(f->certificate);
	for (size_t i = 0; i < f->anchors_n; i++) {
		free(f->anchors[i].text);
		free(f->anchors[i].der);
		for (size_t k = 0; k < f->anchors[i].lists_n; k++) {
			free(f->anchors[i].lists[k]);
		}
	}
	free(f);
}

const struct ns_anchor *ns_files_anchor(const struct ns_files *f, const char *name)
{
	for (size_t i = 0; f && i < f->anchors_n; i++) {
		if (!strcmp(f->anchors[i].name, name)) {
			return &f->anchors[i];
		}
	}
	return NULL;
}

struct sa_blob ns_files_certificate(const struct ns_files *f)
{
	struct ns_pem rest = { f ? f->certificate : NULL, f ? f->certificate_len : 0 }, block;
	enum ns_pem_kind kind;

	while (rest.p && ns_pem_next(&rest, &kind, &block)) {
		if (kind == NS_PEM_CERTIFICATE) {
			return (struct sa_blob){ block.p, block.len };
		}
	}
	return (struct sa_blob){ NULL, 0 };
}

bool ns_files_same_anchor(const struct ns_anchor *a, const struct ns_anchor *b)
{
	bool same = a && b ? a->len == b->len && !memcmp(a->text, b->text, a->len) && a->lists_n == b->lists_n : a == b;

	for (size_t i = 0; a && same && i < a->lists_n; i++) {
		same = a->list_len[i] == b->list_len[i] && !memcmp(a->lists[i], b->lists[i], a->list_len[i]);
	}
	return same;
}

bool ns_files_same_certificate(const struct ns_files *a, const struct ns_files *b)
{
	struct sa_blob x = ns_files_certificate(a), y = ns_files_certificate(b);

	return x.len == y.len && (!x.len || !memcmp(x.p, y.p, x.len));
}
