/* cfg_value_text.c - values of items as text, and their comparison. */
#include "conf/cfg_value_text.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "conf/cfg_internal.h"

static uint64_t number_at(const struct cfg_row *row, const char *member)
{
	uint16_t port;
	uint32_t u32;
	uint64_t u64;

	if (row->type == CFG_T_PORT) {
		memcpy(&port, member, sizeof port);
		return port;
	}
	if (row->type == CFG_T_U32) {
		memcpy(&u32, member, sizeof u32);
		return u32;
	}
	memcpy(&u64, member, sizeof u64);
	return u64;
}

static const char *word_of(const struct cfg_row *row, const char *member)
{
	int value;

	memcpy(&value, member, sizeof value);
	for (const struct cfg_word *w = row->words; w->word; w++) {
		if (w->value == value) {
			return w->word;
		}
	}
	return "?";
}

static void put_duration(char out[CFG_VALUE_TEXT_MAX], uint64_t ms)
{
	const struct cfg_unit *u = cfg_units;

	while (ms % u->ms || (!ms && u->ms > 1000)) {
		u++;
	}
	snprintf(out, CFG_VALUE_TEXT_MAX, "%llu%s", (unsigned long long)(ms / u->ms), u->name);
}

static void put_texts(char out[CFG_VALUE_TEXT_MAX], const struct cfg_row *row, const char *base)
{
	size_t n;

	memcpy(&n, base + row->count_offset, sizeof n);
	str_cut(out, CFG_VALUE_TEXT_MAX, "[");
	for (size_t i = 0; i < n; i++) {
		if (strlen(out) + strlen(base + row->offset + i * row->size) + 8 > CFG_VALUE_TEXT_MAX) {
			str_add(out, CFG_VALUE_TEXT_MAX, "...");
			break;
		}
		str_add(out, CFG_VALUE_TEXT_MAX, base + row->offset + i * row->size);
		str_add(out, CFG_VALUE_TEXT_MAX, i + 1 < n ? ", " : "");
	}
	str_add(out, CFG_VALUE_TEXT_MAX, "]");
}

const char *cfg_value_text(char out[CFG_VALUE_TEXT_MAX], const struct cfg_row *row, const void *base)
{
	const char *member = (const char *)base + row->offset;
	bool yes;

	switch (row->type) {
	case CFG_T_U32:
	case CFG_T_U64:
	case CFG_T_PORT:
		snprintf(out, CFG_VALUE_TEXT_MAX, "%llu", (unsigned long long)number_at(row, member));
		break;
	case CFG_T_DURATION:
		put_duration(out, number_at(row, member));
		break;
	case CFG_T_BOOL:
		memcpy(&yes, member, sizeof yes);
		str_cut(out, CFG_VALUE_TEXT_MAX, yes ? "yes" : "no");
		break;
	case CFG_T_WORD:
		str_cut(out, CFG_VALUE_TEXT_MAX, word_of(row, member));
		break;
	case CFG_T_TEXTS:
		put_texts(out, row, base);
		break;
	default:
		if (strlen(member) < CFG_VALUE_TEXT_MAX) {
			str_cut(out, CFG_VALUE_TEXT_MAX, *member ? member : "\"\"");
		} else {
			snprintf(out, CFG_VALUE_TEXT_MAX, "%.150s...", member);
		}
	}
	return out;
}

static bool is_text(enum cfg_type type)
{
	return type == CFG_T_STRING || type == CFG_T_NAME || type == CFG_T_HOST || type == CFG_T_DIGITS || type == CFG_T_FILE ||
	       type == CFG_T_ADDRESS;
}

bool cfg_value_same(const struct cfg_row *row, const void *a, const void *b)
{
	const char *x = (const char *)a + row->offset, *y = (const char *)b + row->offset;
	size_t n, m;

	if (row->type == CFG_T_TEXTS) {
		memcpy(&n, (const char *)a + row->count_offset, sizeof n);
		memcpy(&m, (const char *)b + row->count_offset, sizeof m);
		for (size_t i = 0; n == m && i < n; i++) {
			if (strcmp(x + i * row->size, y + i * row->size) != 0) {
				return false;
			}
		}
		return n == m;
	}
	return is_text(row->type) ? strcmp(x, y) == 0 : memcmp(x, y, row->size) == 0;
}
