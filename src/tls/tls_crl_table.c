/* tls_crl_table.c - revocation lists as sorted entries, and their table for other processes:
 *
 *   head, then for each list: row, certificate of the CA (DER), entries
 *
 * Entries are copied as they are in memory: the table never leaves the machine and the program. */
#include <stdlib.h>
#include <string.h>

#include "tls/tls_crl_int.h"
#include "tls/tls_verify.h"

/* -- serial numbers and entries */

bool tls_crl_serial_of(struct tls_crl_serial *out, const ASN1_INTEGER *serial)
{
	*out = (struct tls_crl_serial){ .len = 0 };
	if (!serial || serial->length < 0 || serial->length > TLS_CRL_SERIAL_MAX) {
		return false;
	}
	out->len = (uint8_t)serial->length;
	out->negative = serial->type == V_ASN1_NEG_INTEGER;
	if (serial->length) {
		memcpy(out->octets, serial->data, (size_t)serial->length);
	}
	return true;
}

static int by_serial(const void *a, const void *b)
{
	const struct tls_crl_entry *one = a, *other = b;

	return memcmp(&one->serial, &other->serial, sizeof one->serial);
}
_Static_assert(sizeof(struct tls_crl_serial) == 2 + TLS_CRL_SERIAL_MAX, "no octets between the members: it is compared whole");

static int8_t reason_of(X509_REVOKED *entry)
{
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	long n = reason ? ASN1_ENUMERATED_get(reason) : -1;

	ASN1_ENUMERATED_free(reason);
	return n >= -1 && n <= INT8_MAX ? (int8_t)n : INT8_MAX;
}

int tls_crl_sort(struct tls_crl *c)
{
	STACK_OF(X509_REVOKED) *all = X509_CRL_get_REVOKED(c->crl);
	int n = sk_X509_REVOKED_num(all); /* -1 without entries */
	bool fits = true;

	c->entries = calloc(n > 0 ? (size_t)n : 1, sizeof *c->entries);
	if (!c->entries) {
		return ERR_NOMEM;
	}
	for (int i = 0; i < n && fits; i++) {
		X509_REVOKED *entry = sk_X509_REVOKED_value(all, i);
		struct tls_crl_entry *to = &c->entries[c->entries_n++];

		fits = tls_crl_serial_of(&to->serial, X509_REVOKED_get0_serialNumber(entry));
		to->reason = reason_of(entry);
		to->since_s = tls_verify_seconds(X509_REVOKED_get0_revocationDate(entry));
	}
	if (!fits) {
		return ERR_LIMIT;
	}
	qsort(c->entries, c->entries_n, sizeof *c->entries, by_serial);
	X509_CRL_free(c->crl);
	c->crl = NULL;
	return 0;
}

const struct tls_crl_entry *tls_crl_find(const struct tls_crl *c, const struct tls_crl_serial *serial)
{
	struct tls_crl_entry key = { .serial = *serial };

	return bsearch(&key, c->entries, c->entries_n, sizeof *c->entries, by_serial);
}

/* -- the table */

struct head {
	uint64_t lists;
};

struct row {
	uint64_t this_s, next_s, file;
	uint64_t issuer_len, entries_n;
	char number[TLS_CRL_NUMBER_MAX + 1];
};

static int issuer_len(const struct tls_crl *c)
{
	return i2d_X509(c->issuer, NULL);
}

static uint8_t *put(uint8_t *to, const void *p, size_t len)
{
	if (len) {
		memcpy(to, p, len);
	}
	return to + len;
}

static uint8_t *put_list(uint8_t *to, const struct tls_crl *c)
{
	struct row row;

	memset(&row, 0, sizeof row); /* with what is between the members: it goes to another process */
	row.this_s = c->this_s;
	row.next_s = c->next_s;
	row.file = c->file;
	row.issuer_len = (uint64_t)issuer_len(c);
	row.entries_n = c->entries_n;
	memcpy(row.number, c->number, sizeof row.number);
	to = put(to, &row, sizeof row);
	(void)i2d_X509(c->issuer, &to); /* which moves `to` */
	return put(to, c->entries, c->entries_n * sizeof *c->entries);
}

int tls_crls_table(struct tls_crl_table *out, const struct tls_crls *c)
{
	struct head head = { c->n };
	size_t len = sizeof head;
	uint8_t *to;

	for (size_t i = 0; i < c->n; i++) {
		int der = issuer_len(&c->of[i]);

		if (der <= 0) {
			return ERR_NOMEM;
		}
		len += sizeof(struct row) + (size_t)der + c->of[i].entries_n * sizeof *c->of[i].entries;
	}
	out->p = malloc(len);
	if (!out->p) {
		return ERR_NOMEM;
	}
	out->len = len;
	to = put(out->p, &head, sizeof head);
	for (size_t i = 0; i < c->n; i++) {
		to = put_list(to, &c->of[i]);
	}
	return 0;
}

void tls_crl_table_fini(struct tls_crl_table *table)
{
	free(table->p);
	*table = (struct tls_crl_table){ .p = NULL };
}

struct rest { /* of a table that is being read */
	const uint8_t *p;
	size_t len;
};

static bool take(struct rest *r, void *to, size_t len)
{
	if (r->len < len) {
		return false;
	}
	if (len) {
		memcpy(to, r->p, len);
	}
	r->p += len;
	r->len -= len;
	return true;
}

static int take_issuer(struct rest *r, struct tls_crl *c, uint64_t len)
{
	const uint8_t *end = r->p;

	if (len > r->len || len > TLS_PEM_MAX) {
		return ERR_PROTO;
	}
	c->issuer = d2i_X509(NULL, &end, (long)len);
	if (!c->issuer || end != r->p + len) {
		ERR_clear_error();
		return ERR_PROTO;
	}
	r->p += len;
	r->len -= len;
	return 0;
}

static int take_list(struct rest *r, struct tls_crl *c)
{
	struct row row;
	int err;

	if (!take(r, &row, sizeof row) || !memchr(row.number, 0, sizeof row.number)) {
		return ERR_PROTO;
	}
	c->this_s = row.this_s;
	c->next_s = row.next_s;
	c->file = row.file;
	memcpy(c->number, row.number, sizeof c->number);
	err = take_issuer(r, c, row.issuer_len);
	if (err) {
		return err;
	}
	if (row.entries_n > r->len / sizeof *c->entries) {
		return ERR_PROTO;
	}
	c->entries = malloc(row.entries_n ? row.entries_n * sizeof *c->entries : 1);
	if (!c->entries) {
		return ERR_NOMEM;
	}
	c->entries_n = row.entries_n;
	return take(r, c->entries, c->entries_n * sizeof *c->entries) ? 0 : ERR_PROTO;
}

int tls_crls_open(struct tls_crls *out, const struct tls_pem *table)
{
	struct tls_crls crls = { .of = calloc(TLS_CRLS_MAX, sizeof *crls.of), .configured = true };
	struct rest rest = { table->p, table->len };
	struct head head;
	int err = crls.of ? 0 : ERR_NOMEM;

	if (!err && (!take(&rest, &head, sizeof head) || head.lists > TLS_CRLS_MAX)) {
		err = ERR_PROTO;
	}
	while (!err && crls.n < head.lists) {
		err = take_list(&rest, &crls.of[crls.n++]);
	}
	if (!err && rest.len) {
		err = ERR_PROTO;
	}
	if (err) {
		tls_crls_fini(&crls);
	} else {
		*out = crls;
	}
	return err;
}
