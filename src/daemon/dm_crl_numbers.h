/* dm_crl_numbers.h - the highest CRL number of each CA that was ever in use, in a file of
 * state_dir, so that an older CRL is not taken after a restart either (RFC 5280 5.2.3).
 *
 * The file is text: a line "mtc crl numbers 1", then "ISSUER NUMBER" for each CA, both
 * hexadecimal. It is written beside itself and moved, so that it is whole at any instant. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tls/tls_crl.h"

#define DM_CRL_NUMBERS_FILE "crl-numbers"
#define DM_CRL_NUMBERS_MAX 1024u /* CAs; when there are more, those that are not in use go first */
#define DM_CRL_NUMBERS_WHY_MAX 1400

struct dm_crl_number {
	uint8_t issuer_id[TLS_CRL_ID_LEN];
	char number[TLS_CRL_NUMBER_MAX + 1];
};

struct dm_crl_numbers {
	struct dm_crl_number row[DM_CRL_NUMBERS_MAX];
	size_t n;
};

/* Reads the file of a state_dir. 0 also when there is none. ERR_IO, ERR_PROTO (damaged) with
 * words. */
ERR_MUST_USE int dm_crl_numbers_read(struct dm_crl_numbers *out, const char *state_dir, char why[DM_CRL_NUMBERS_WHY_MAX]);
/* The number kept for a CA; NULL: none. */
const char *dm_crl_numbers_of(const struct dm_crl_numbers *k, const uint8_t issuer_id[TLS_CRL_ID_LEN]);
/* A CRL of the CA with this number is in use. True if what is kept has changed. The row gets to the
 * front. */
bool dm_crl_numbers_used(struct dm_crl_numbers *k, const uint8_t issuer_id[TLS_CRL_ID_LEN], const char *number);
/* Writes the file. Follows no symbolic link: the directory belongs to the core's user. ERR_IO with
 * words. */
ERR_MUST_USE int dm_crl_numbers_write(const struct dm_crl_numbers *k, const char *state_dir, char why[DM_CRL_NUMBERS_WHY_MAX]);
/* The same from and to text. ERR_PROTO: it is none, or damaged. */
ERR_MUST_USE int dm_crl_numbers_parse(struct dm_crl_numbers *out, const char *text, size_t len);
#define DM_CRL_NUMBERS_TEXT_MAX (32u + DM_CRL_NUMBERS_MAX * (2u * TLS_CRL_ID_LEN + TLS_CRL_NUMBER_MAX + 2u))
size_t dm_crl_numbers_text(char out[DM_CRL_NUMBERS_TEXT_MAX], const struct dm_crl_numbers *k); /* returns its length */
