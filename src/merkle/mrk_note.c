/* mrk_note.c - see mrk_note.h. */
#include "merkle/mrk_note.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/str.h"

#define ED25519_TYPE 0x01u
#define DASH "\xe2\x80\x94 " /* em dash and a blank, in UTF-8 */
#define DIGITS_MAX 20u

bool mrk_origin_good(const char *origin)
{
	size_t n = strnlen(origin, MRK_ORIGIN_MAX);

	for (size_t i = 0; i < n; i++) {
		if (origin[i] <= ' ' || origin[i] > '~' || origin[i] == '+') {
			return false;
		}
	}
	return n > 0 && n < MRK_ORIGIN_MAX;
}

int mrk_key_id(struct hash *h, const char *origin, const uint8_t key[MRK_KEY], uint8_t out[MRK_KEY_ID])
{
	uint8_t octets[MRK_ORIGIN_MAX + 2 + MRK_KEY];
	size_t n = strnlen(origin, MRK_ORIGIN_MAX - 1);
	struct mrk_hash digest;
	int err;

	memcpy(octets, origin, n);
	octets[n++] = '\n';
	octets[n++] = ED25519_TYPE;
	memcpy(octets + n, key, MRK_KEY);
	err = hash_piece(h, octets, n + MRK_KEY, digest.v);
	if (!err) {
		memcpy(out, digest.v, MRK_KEY_ID);
	}
	return err;
}

size_t mrk_checkpoint_body(char out[MRK_NOTE_MAX], const char *origin, uint64_t size, const struct mrk_hash *root)
{
	char text[BASE64_MAX(HASH_LEN)];

	base64_put(text, root->v, HASH_LEN);
	return (size_t)snprintf(out, MRK_NOTE_MAX, "%.255s\n%llu\n%s\n", origin, (unsigned long long)size, text);
}

size_t mrk_checkpoint_put(char out[MRK_NOTE_MAX], const struct mrk_checkpoint *c)
{
	uint8_t octets[MRK_KEY_ID + MRK_SIGNATURE];
	char text[BASE64_MAX(sizeof octets)];
	size_t n = mrk_checkpoint_body(out, c->origin, c->size, &c->root);

	memcpy(octets, c->key_id, MRK_KEY_ID);
	memcpy(octets + MRK_KEY_ID, c->signature, MRK_SIGNATURE);
	base64_put(text, octets, sizeof octets);
	return n + (size_t)snprintf(out + n, MRK_NOTE_MAX - n, "\n" DASH "%.255s %s\n", c->origin, text);
}

struct line {
	const char *p;
	size_t len;
};

/* The next line of the text, without its newline. False: there is none that is complete. */
static bool next_line(struct line *out, const char **at, const char *end)
{
	const char *newline = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;

	if (!newline) {
		return false;
	}
	*out = (struct line){ *at, (size_t)(newline - *at) };
	*at = newline + 1;
	return true;
}

static int read_size(uint64_t *out, const struct line *l)
{
	char digits[DIGITS_MAX + 1];

	if (str_copy(digits, sizeof digits, l->p, l->len) || (l->len > 1 && digits[0] == '0')) {
		return ERR_PROTO;
	}
	return str_parse_u64(out, digits, 0, UINT64_MAX) ? ERR_PROTO : 0;
}

/* Whether the line is a signature of this name; then it is taken. */
static bool read_signature(struct mrk_checkpoint *c, const struct line *l)
{
	size_t dash = sizeof DASH - 1, name = strlen(c->origin), n;
	uint8_t octets[MRK_KEY_ID + MRK_SIGNATURE];

	if (l->len < dash + name + 1 || memcmp(l->p, DASH, dash) != 0 || memcmp(l->p + dash, c->origin, name) != 0 ||
	    l->p[dash + name] != ' ') {
		return false;
	}
	if (base64_get(octets, sizeof octets, &n, l->p + dash + name + 1, l->len - dash - name - 1) || n != sizeof octets) {
		return false;
	}
	memcpy(c->key_id, octets, MRK_KEY_ID);
	memcpy(c->signature, octets + MRK_KEY_ID, MRK_SIGNATURE);
	return true;
}

static int read_body(struct mrk_checkpoint *c, const char **at, const char *end)
{
	struct line origin, size, root, more;
	size_t n;

	if (!next_line(&origin, at, end) || !next_line(&size, at, end) || !next_line(&root, at, end)) {
		return ERR_PROTO;
	}
	if (str_copy(c->origin, sizeof c->origin, origin.p, origin.len) || !mrk_origin_good(c->origin) ||
	    read_size(&c->size, &size)) {
		return ERR_PROTO;
	}
	if (base64_get(c->root.v, HASH_LEN, &n, root.p, root.len) || n != HASH_LEN) {
		return ERR_PROTO;
	}
	do {
		if (!next_line(&more, at, end)) {
			return ERR_PROTO;
		}
	} while (more.len);
	return 0;
}

int mrk_checkpoint_get(struct mrk_checkpoint *out, size_t *body, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	struct mrk_checkpoint c = { .size = 0 };
	struct line line;
	int err = len > MRK_NOTE_MAX ? ERR_PROTO : read_body(&c, &at, end);
	size_t signed_n = (size_t)(at - text) - (at > text ? 1 : 0); /* without the empty line */

	if (err) {
		return err;
	}
	while (next_line(&line, &at, end)) {
		if (read_signature(&c, &line)) {
			*out = c;
			*body = signed_n;
			return 0;
		}
	}
	return ERR_PROTO;
}

size_t mrk_vkey_put(char out[MRK_VKEY_MAX], const char *origin, const uint8_t id[MRK_KEY_ID], const uint8_t key[MRK_KEY])
{
	uint8_t octets[1 + MRK_KEY] = { ED25519_TYPE };
	char text[BASE64_MAX(sizeof octets)], hex[2 * MRK_KEY_ID + 1];

	memcpy(octets + 1, key, MRK_KEY);
	base64_put(text, octets, sizeof octets);
	str_hex(hex, id, MRK_KEY_ID);
	return (size_t)snprintf(out, MRK_VKEY_MAX, "%.255s+%s+%s", origin, hex, text);
}

int mrk_vkey_get(struct hash *h, char origin[MRK_ORIGIN_MAX], uint8_t key[MRK_KEY], const char *text, size_t len)
{
	const char *plus, *second;
	uint8_t octets[1 + MRK_KEY], id[MRK_KEY_ID], read[MRK_KEY_ID];
	char name[MRK_ORIGIN_MAX], hex[2 * MRK_KEY_ID + 1];
	size_t n;

	len -= len && text[len - 1] == '\n';
	plus = memchr(text, '+', len);
	second = plus ? memchr(plus + 1, '+', (size_t)(text + len - plus - 1)) : NULL;
	if (!second || str_copy(name, sizeof name, text, (size_t)(plus - text)) || !mrk_origin_good(name) ||
	    str_copy(hex, sizeof hex, plus + 1, (size_t)(second - plus - 1))) {
		return ERR_PROTO;
	}
	if (str_unhex(read, sizeof read, &n, hex) || n != MRK_KEY_ID ||
	    base64_get(octets, sizeof octets, &n, second + 1, (size_t)(text + len - second - 1)) || n != sizeof octets ||
	    octets[0] != ED25519_TYPE) {
		return ERR_PROTO;
	}
	if (mrk_key_id(h, name, octets + 1, id) || memcmp(id, read, MRK_KEY_ID) != 0) {
		return ERR_PROTO;
	}
	str_set(origin, MRK_ORIGIN_MAX, name);
	memcpy(key, octets + 1, MRK_KEY);
	return 0;
}
