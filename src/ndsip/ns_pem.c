/* ns_pem.c - see ns_pem.h. */
#include "ndsip/ns_pem.h"

#include <string.h>

static const struct {
	enum ns_pem_kind kind;
	const char *begin, *end;
} blocks[] = {
	{ NS_PEM_CERTIFICATE, "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----" },
	{ NS_PEM_CRL, "-----BEGIN X509 CRL-----", "-----END X509 CRL-----" },
};

static bool begins(const struct ns_pem *rest, const char *with)
{
	size_t len = strlen(with);

	return rest->len >= len && !memcmp(rest->p, with, len);
}

static void skip(struct ns_pem *rest, size_t n)
{
	rest->p += n;
	rest->len -= n;
}

static void skip_line(struct ns_pem *rest)
{
	const char *end = memchr(rest->p, '\n', rest->len);

	skip(rest, end ? (size_t)(end - rest->p) + 1 : rest->len);
}

bool ns_pem_next(struct ns_pem *rest, enum ns_pem_kind *kind, struct ns_pem *out)
{
	for (; rest->len; skip_line(rest)) {
		for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
			const char *end = begins(rest, blocks[i].begin)
					      ? memmem(rest->p, rest->len, blocks[i].end, strlen(blocks[i].end))
					      : NULL;

			if (end) {
				*kind = blocks[i].kind;
				*out = (struct ns_pem){ rest->p, (size_t)(end - rest->p) + strlen(blocks[i].end) };
				skip(rest, out->len);
				return true;
			}
		}
	}
	return false;
}

/* Of RFC 4648 section 4; 64: not one of its letters. */
static unsigned value_of(char c)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? (unsigned)(at - letters) : 64;
}

static bool is_space(char c)
{
	return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

size_t ns_pem_der(uint8_t *out, const struct ns_pem *block)
{
	struct ns_pem rest = *block;
	unsigned bits = 0, letters = 0, fill = 0;
	size_t n = 0;

	for (skip_line(&rest); rest.len && *rest.p != '-'; skip(&rest, 1)) {
		char c = *rest.p;

		if (is_space(c)) {
			continue;
		}
		if (c == '=' ? letters % 4 < 2 : fill || value_of(c) == 64) {
			return 0;
		}
		fill += c == '=';
		bits = bits << 6 | (c == '=' ? 0 : value_of(c));
		if (++letters % 4 == 0) {
			for (unsigned i = 0; i < 3 - fill; i++) {
				out[n++] = (uint8_t)(bits >> (16 - 8 * i));
			}
			bits = 0;
		}
	}
	return letters % 4 ? 0 : n;
}
