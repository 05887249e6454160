/* ns_files.h - the certificates that charon gets from us, in one copy: ours, and those of each
 * trust anchor with its revocation lists, as DER: a value of VICI is short, and PEM a third longer.
 *
 * charon forgets no list that it was given. When a later one of an anchor cannot be given to it, it
 * would go on to use the one before as good: such an anchor is refused, nobody is proven by it. */
#pragma once
#include "base/err.h"
#include "base/ident.h"
#include "ipsec/sa_conn.h"
#include "ndsip/ns_pem.h"

#define NS_ANCHORS_MAX 64u
#define NS_CRLS_MAX 16u     /* of one anchor */
#define NS_CRL_FILES_MAX 4u /* of one anchor, besides the lists in its own file */
#define NS_REFUSED_MAX 240

struct ns_file {          /* given by the caller; borrowed */
	const char *name; /* of the anchor; NULL: our certificate */
	struct ns_pem pem;
	bool crls; /* a file of revocation lists, PEM, or DER with one; it comes after that of its anchor */
	/* of an anchor: the set since which it and its revocation lists are as they are; 0: not
	 * known */
	uint32_t since;
};

struct ns_anchor {
	char name[IDENT_SCS_MAX + 1];
	uint32_t since; /* as of struct ns_file */
	char *text;     /* owned */
	size_t len;
	char *lists[NS_CRL_FILES_MAX]; /* owned: the files of revocation lists */
	size_t list_len[NS_CRL_FILES_MAX], lists_n;
	struct sa_blob cas[SA_CACERTS_MAX], crls[NS_CRLS_MAX];
	size_t cas_n, crls_n;
	uint8_t *der;                 /* owned: those of crls[] that came as PEM */
	char refused[NS_REFUSED_MAX]; /* a list that charon cannot be given, in words; "": none */
};

struct ns_files {
	char *certificate; /* owned; NULL: none */
	size_t certificate_len;
	struct ns_anchor anchors[NS_ANCHORS_MAX];
	size_t anchors_n;
};

/* Copies. An anchor that is beyond a bound is left out: charon then refuses whom it cannot prove. A
 * revocation list beyond one has its anchor refused. ERR_NOMEM: nothing is kept. */
ERR_MUST_USE int ns_files_new(struct ns_files **out, const struct ns_file *files, size_t n);
void ns_files_free(struct ns_files *f); /* NULL allowed */

const struct ns_anchor *ns_files_anchor(const struct ns_files *f, const char *name); /* NULL: none */
/* Nobody is proven by this anchor, because of this list (words of the file or of charon). The first
 * reason stays. */
void ns_files_refuse(struct ns_anchor *a, const char *why);
struct sa_blob ns_files_certificate(const struct ns_files *f);                   /* the first one of our file */
bool ns_files_same_anchor(const struct ns_anchor *a, const struct ns_anchor *b); /* NULL allowed */
bool ns_files_same_certificate(const struct ns_files *a, const struct ns_files *b);
