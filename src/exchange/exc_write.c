/* exc_write.c - turns typed rows into lines. exc_read() reads each line as the same row. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "exchange/exc_row.h"

static void put(struct buf *out, const char *text)
{
	buf_bytes(out, text, strlen(text));
}

/* RFC 4180: in quotes when it holds what ends a field; a quote is doubled. */
static void put_csv(struct buf *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		put(out, text);
		return;
	}
	buf_u8(out, '"');
	for (; *text; text++) {
		if (*text == '"') {
			buf_u8(out, '"');
		}
		buf_u8(out, (uint8_t)*text);
	}
	buf_u8(out, '"');
}

static void put_json(struct buf *out, const char *text)
{
	buf_u8(out, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		char escaped[8];

		if (c == '"' || c == '\\') {
			buf_u8(out, '\\');
		}
		if (c < 0x20) {
			snprintf(escaped, sizeof escaped, "\\u%04x", c);
			put(out, escaped);
		} else {
			buf_u8(out, c);
		}
	}
	buf_u8(out, '"');
}

#define TEXT_ROOM ASC_ADDRESSES_TEXT_MAX

/* The text of a value in CSV; "" for a value that a reader would assume itself (a time without a
 * bound). `room` holds a text that has to be made. */
static const char *text_of(char room[TEXT_ROOM], const struct exc_column *c, const struct exc_row *row)
{
	const void *at = (const char *)row + c->offset;

	switch (c->type) {
	case EXC_T_TEXT:
		return *(const char *const *)at;
	case EXC_T_COPY:
	case EXC_T_ANCHORS:
		return at;
	case EXC_T_U16:
		snprintf(room, TEXT_ROOM, "%" PRIu16, *(const uint16_t *)at);
		return room;
	case EXC_T_U32:
		snprintf(room, TEXT_ROOM, "%" PRIu32, *(const uint32_t *)at);
		return room;
	case EXC_T_BOOL:
		return *(const bool *)at ? "yes" : "no";
	case EXC_T_EFFECT:
		return *(const uint8_t *)at == ASSOC_ALLOW ? "allow" : "deny";
	case EXC_T_MODE:
		return *(const uint8_t *)at == ASSOC_DETECT ? ASSOC_DETECT_WORD : "enforce";
	case EXC_T_RIGHTS:
		assoc_rights_text(room, *(const uint8_t *)at);
		for (char *p = room; *p; p++) {
			if (*p == ',') {
				*p = ' ';
			}
		}
		return room;
	case EXC_T_SET:
		return agreed_text(room, c->words, *(const uint16_t *)at, ' ');
	case EXC_T_ADDRESSES:
		asc_addresses_text(room, at);
		return room;
	case EXC_T_TIME:
	case EXC_T_END:
		return *(const int64_t *)at ? clock_text_s(room, *(const int64_t *)at) : "";
	}
	return "";
}

static void put_json_list(struct buf *out, const char *words)
{
	buf_u8(out, '[');
	while (*words) {
		size_t n = strcspn(words, " ");

		buf_u8(out, '"');
		buf_bytes(out, words, n);
		buf_u8(out, '"');
		words += n;
		if (*words) {
			buf_u8(out, ',');
			words++;
		}
	}
	buf_u8(out, ']');
}

static void put_json_value(struct buf *out, const struct exc_column *c, const char *text)
{
	switch (c->type) {
	case EXC_T_U16:
	case EXC_T_U32:
		put(out, text);
		break;
	case EXC_T_BOOL:
		put(out, strcmp(text, "yes") == 0 ? "true" : "false");
		break;
	case EXC_T_RIGHTS:
	case EXC_T_SET:
	case EXC_T_ADDRESSES:
		put_json_list(out, text);
		break;
	case EXC_T_ANCHORS: /* one alone as programs write and read it that know one */
		if (strchr(text, ' ')) {
			put_json_list(out, text);
			break;
		}
		__attribute__((fallthrough));
	default:
		put_json(out, text);
	}
}

void exc_head_put(struct buf *out, enum asc_kind kind, enum exc_format format)
{
	const struct exc_column *c = exc_columns(kind);

	if (format == EXC_JSONL) {
		return;
	}
	for (size_t i = 0; i < exc_columns_n(kind); i++) {
		if (i) {
			buf_u8(out, ',');
		}
		put(out, c[i].name);
	}
	buf_u8(out, '\n');
}

void exc_row_put(struct buf *out, enum asc_kind kind, enum exc_format format, const struct exc_row *row)
{
	const struct exc_column *c = exc_columns(kind);
	const char *before = "{";

	for (size_t i = 0; i < exc_columns_n(kind); i++) {
		char room[TEXT_ROOM];
		const char *text = text_of(room, &c[i], row);

		if (format != EXC_JSONL) {
			if (i) {
				buf_u8(out, ',');
			}
			put_csv(out, text);
			continue;
		}
		if (!*text && !c[i].keep) {
			continue; /* not said is the same as empty */
		}
		put(out, before);
		put_json(out, c[i].name);
		buf_u8(out, ':');
		if (*text) {
			put_json_value(out, &c[i], text);
		} else {
			put(out, "null"); /* a row without it would leave alone what is stored */
		}
		before = ",";
	}
	put(out, format == EXC_JSONL ? "}\n" : "\n");
}
