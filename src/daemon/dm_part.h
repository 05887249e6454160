/* dm_part.h - the files that one kind of process needs, in one sealed memory. A child gets the
 * whole part or nothing, so that it never mixes a certificate of one set with a key of another. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "conf/cfg_iwf.h"
#include "tls/tls_crl.h"
#include "tls/tls_ocsp.h"
#include "tls/tls_stream.h"

/* Recipient: an edge has no private key, and the core has none of a listener. */
enum dm_parts {
	DM_PART_EXTERNAL, /* edges of the external zone */
	DM_PART_INTERNAL,
	DM_PART_CORE,
	DM_PART_KEYHOLDER, /* private keys of listeners in files */
	DM_PART_P11,       /* the PIN of the token, and the certificates that its keys must fit */
	DM_PART_NDSIP,     /* trust anchors, and our certificate for IKE */
	DM_PARTS,
};

enum dm_file {
	DM_LISTEN_CERTIFICATE = 1,
	DM_LISTEN_KEY = 2,
	DM_ANCHOR = 3,
	DM_PEER_CERTIFICATE = 4,
	DM_PEER_KEY = 5,
	DM_PIN = 7, /* file with the PIN of the token */
	/* File of revocation lists; index: that of the anchor times CFG_CRLS_MAX, and its number in
	 * crl. Only the NDS/IP helper has it, for charon: */
	DM_CRL = 8,
	DM_CRL_TABLE = 10, /* the others have the lists of an anchor read and sorted (struct tls_crl_table) */
	DM_NDSIP_CERTIFICATE = 9,
	DM_SINCE = 11,         /* uint32_t[CFG_ANCHORS_MAX], of struct dm_set; for the NDS/IP helper */
	DM_SMPP_PASSWORD = 12, /* file with the password of the bind to the SMS-SC; for the core */
	DM_ENDS = 6,           /* struct dm_end[], of all certificates and CRLs; for the core, which shows them */
};

struct dm_piece {             /* one file of a part */
	uint32_t what, index; /* enum dm_file; of the listener, peer or anchor in the configuration */
	const void *p;
	size_t len;
};

struct dm_end { /* when the first certificate of a file ends, or a CRL gets out of date */
	uint32_t what, index;
	uint64_t not_before_s;      /* when the file can be used: all of a chain, one of the anchors; of a CRL: 0 */
	uint64_t not_after_s;       /* of a CRL: nextUpdate */
	struct tls_crl_fact of_crl; /* DM_CRL only */
};

#define DM_CRL_FILES_MAX (CFG_ANCHORS_MAX * CFG_CRLS_MAX)
#define DM_CRLS_MAX 256 /* CRLs in use for all anchors */
#define DM_PIECES_MAX (2 * CFG_ANCHORS_MAX + DM_CRL_FILES_MAX + 2 * CFG_LISTEN_MAX + 2 * CFG_PEERS_MAX + 4)
#define DM_ENDS_MAX (CFG_ANCHORS_MAX + CFG_LISTEN_MAX + CFG_PEERS_MAX + DM_CRLS_MAX + 1)

/* A sealed memory of these pieces. `generation`: of the set. ERR_IO, ERR_LIMIT. */
ERR_MUST_USE int dm_part_make(int *fd, uint32_t generation, const struct dm_piece *pieces, size_t n);

struct dm_part;
/* The pieces of another part, sealed under another generation. Errors as above. */
ERR_MUST_USE int dm_part_again(int *fd, uint32_t generation, const struct dm_part *from);

struct dm_part { /* one to look into */
	const uint8_t *map;
	size_t len;
};

/* Maps it; `fd` stays the caller's and may be closed. ERR_IO, ERR_PROTO (it is not a part). */
ERR_MUST_USE int dm_part_open(struct dm_part *out, int fd);
void dm_part_close(struct dm_part *part); /* an unopened one is allowed */
uint32_t dm_part_generation(const struct dm_part *part);
/* Octets of a file, borrowed from the part; {NULL} when it is not in there, or `part` is NULL. */
struct tls_pem dm_part_find(const struct dm_part *part, enum dm_file what, size_t index);

/* What signs for a context. */
struct dm_signs {
	const struct dm_part *keys; /* files with keys: those of peers, and in the check of listeners */
	struct tls_remote *remote;  /* signs for listeners; NULL: by the key in `keys` */
	struct tls_ocsp *ocsp;      /* asks responders, borrowed as long as the context is used; NULL: none is asked */
};

/* The TLS context of a listener (DM_LISTEN_CERTIFICATE) or of a core peer (DM_PEER_CERTIFICATE).
 * The check and the running processes make contexts by this function only. Borrows nothing. `why`
 * names files. Errors of tls_ctx_new(); ERR_NOTFOUND: a file is missing. */
ERR_MUST_USE int dm_part_tls(struct tls_ctx **out, const struct dm_part *part, const struct cfg_iwf *cfg,
			     enum dm_file certificate, size_t index, enum tls_own own, const struct dm_signs *signs, char *why,
			     size_t why_size);

/* All anchors of the part, for the check of certificates. Borrows nothing. As tls_judge_new(). */
struct tls_judge;
ERR_MUST_USE int dm_part_judge(struct tls_judge **out, const struct dm_part *part, const struct cfg_iwf *cfg, char *why,
			       size_t why_size);

/* The user of a file for messages: "listener", "peer", "anchor" or "crl", its name there (of a CRL,
 * the anchor's), and the path; borrowed from cfg. */
struct dm_file_words {
	const char *of, *name, *path;
};
struct dm_file_words dm_file_words(const struct cfg_iwf *cfg, uint32_t what, size_t index);
