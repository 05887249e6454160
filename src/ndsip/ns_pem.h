/* ns_pem.h - finds the certificates and revocation lists in a file of PEM, for charon, which reads
 * each by itself. Only the lines around them are looked at. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ns_pem_kind { NS_PEM_CERTIFICATE, NS_PEM_CRL };

struct ns_pem { /* the rest of a file; borrowed */
	const char *p;
	size_t len;
};

/* The next certificate or list, from its BEGIN line to its END line; borrowed from the file. False:
 * no more. Other blocks, and one without its end, are passed over. */
bool ns_pem_next(struct ns_pem *rest, enum ns_pem_kind *kind, struct ns_pem *out);

/* The octets (DER) inside such a block. Writes at most 3/4 of its length; `out` may not overlap it.
 * Returns their number. 0: what stands between its lines is not base64. */
size_t ns_pem_der(uint8_t *out, const struct ns_pem *block);
