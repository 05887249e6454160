/* ns_pem.h - finds the certificates and revocation lists in a file of PEM, for charon, which reads
 * each by itself. Only the lines around them are looked at. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum ns_pem_kind { NS_PEM_CERTIFICATE, NS_PEM_CRL };

struct ns_pem { /* the rest of a file; borrowed */
	const char *p;
	size_t len;
};

/* The next certificate or list, from its BEGIN line to its END line; borrowed from the file. False:
 * no more. Other blocks, and one without its end, are passed over. */
bool ns_pem_next(struct ns_pem *rest, enum ns_pem_kind *kind, struct ns_pem *out);
