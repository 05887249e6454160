/* doc_file.h - what is wrong with a file of certificates, a key or revocation lists. The verdict on
 * a certificate is the one of a handshake (tls/tls_judge.h); this finds the cause of it and the
 * facts for its sentence. Opens nothing, and the time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "doctor/doc_report.h"
#include "tls/tls_judge.h"
#include "tls/tls_pem.h"
#include "tls/tls_stream.h"

struct doc_ours {                       /* what the configuration has the file for */
	char of[80];                    /* "listener tsp", "peer hss" */
	const char *host;               /* our name that the certificate has to bear */
	bool is_client;                 /* our side of TLS */
	bool is_key;                    /* the file is the key, not the certificate */
	const char *certificate;        /* the file of the certificate, for messages */
	struct tls_pem certificate_pem; /* its bytes; p NULL: it could not be read */
};

struct doc_file { /* all borrowed */
	const char *file;
	struct tls_pem pem;
	unsigned mode; /* permission bits of the file */
	uint64_t now_s;
	const struct tls_anchor_conf *anchors; /* of the configuration, those that can be used */
	size_t anchors_n;
	const struct tls_judge *judge; /* over them; NULL: nothing to verify with, */
	const char *no_judge;          /* and this is why */
	const struct doc_ours *ours;   /* NULL: the file of somebody else */
	const char *const *peers;      /* Diameter hosts of the peers, which are TLS servers; NULL ends the list */
	const char *const *asked;      /* names of the trust anchors with an OCSP responder; NULL ends the list; NULL: none */
	const json_t *scs;             /* array of the rows of scs.list; NULL: not asked */
};

void doc_look_at_file(struct doc_report *r, const struct doc_file *f);
