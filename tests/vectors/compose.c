/* compose.c - the little language of compose.h. It shares nothing with dia_build. */
#include "tests/vectors/compose.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *at)
{
	fprintf(stderr, "compose: not understood: %s\n", at);
	exit(1);
}

static const char *skip(const char *p)
{
	while (*p == ' ') {
		p++;
	}
	return p;
}

static unsigned nibble(const char *p)
{
	if (!isxdigit((unsigned char)*p)) {
		die(p);
	}
	return isdigit((unsigned char)*p) ? (unsigned)(*p - '0') : (unsigned)(tolower((unsigned char)*p) - 'a' + 10);
}

static const char *hex(struct buf *out, const char *p)
{
	for (; *p && *p != ' '; p += 2) {
		buf_u8(out, (uint8_t)(nibble(p) << 4 | nibble(p + 1)));
	}
	return p;
}

static const char *avps(struct buf *out, const char *p);

static const char *data(struct buf *out, const char *p)
{
	if (*p == '{') {
		p = avps(out, p + 1);
		if (*p != '}') {
			die(p);
		}
		return p + 1;
	}
	if (*p == '\'') {
		const char *end = strchr(p + 1, '\'');

		if (!end) {
			die(p);
		}
		buf_bytes(out, p + 1, (size_t)(end - p - 1));
		return end + 1;
	}
	return *p == '-' ? p + 1 : hex(out, p);
}

static const char *one(struct buf *out, const char *p)
{
	char *end;
	size_t start = out->len, len;
	unsigned long code = strtoul(p, &end, 10), vendor, flags, lie = 0;

	if (*end != ':') {
		die(p);
	}
	vendor = strtoul(end + 1, &end, 10);
	flags = strtoul(end, &end, 16);
	p = skip(end);
	if (*p == '=') {
		lie = strtoul(p + 1, &end, 10);
		p = skip(end);
	}
	buf_be32(out, (uint32_t)code);
	buf_u8(out, (uint8_t)flags);
	buf_be24(out, 0);
	if (flags & 0x80) {
		buf_be32(out, (uint32_t)vendor);
	}
	p = data(out, p);
	len = lie ? lie : out->len - start;
	out->p[start + 5] = (uint8_t)(len >> 16);
	out->p[start + 6] = (uint8_t)(len >> 8);
	out->p[start + 7] = (uint8_t)len;
	while ((out->len - start) % 4) {
		buf_u8(out, 0);
	}
	return p;
}

static const char *avps(struct buf *out, const char *p)
{
	for (p = skip(p); *p && *p != '}'; p = skip(p)) {
		p = *p == '!' ? hex(out, skip(p + 1)) : one(out, p);
	}
	return p;
}

void compose_avps(struct buf *out, const char *text)
{
	const char *end = avps(out, text);

	if (*end || out->full) {
		die(end);
	}
}

void compose_message(struct buf *out, uint8_t flags, uint32_t code, uint32_t app_id, const char *text)
{
	size_t start = out->len;

	buf_be32(out, 0);
	buf_u8(out, flags);
	buf_be24(out, code);
	buf_be32(out, app_id);
	buf_be32(out, 0x11111111);
	buf_be32(out, 0x22222222);
	compose_avps(out, text);
	out->p[start] = 1;
	out->p[start + 1] = (uint8_t)((out->len - start) >> 16);
	out->p[start + 2] = (uint8_t)((out->len - start) >> 8);
	out->p[start + 3] = (uint8_t)(out->len - start);
}
