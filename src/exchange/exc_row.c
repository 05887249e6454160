/* exc_row.c - the columns, and texts made typed values. */
#include "exchange/exc_row.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define KEPT(name_, type_, required_, member_, min_, max_, expected_, keep_)                                                     \
	{                                                                                                                        \
		.name = name_, .type = type_, .required = required_, .offset = offsetof(struct exc_row, member_), .min = min_,   \
		.max = max_, .expected = expected_, .keep = keep_                                                                \
	}
#define COLUMN(name_, type_, required_, member_, min_, max_, expected_)                                                          \
	KEPT(name_, type_, required_, member_, min_, max_, expected_, 0)
#define TEXT(name_, required_, member_, expected_) COLUMN(name_, EXC_T_TEXT, required_, member_, 0, 0, expected_)
#define COPY(name_, member_, max_, expected_) COLUMN(name_, EXC_T_COPY, true, member_, 0, max_, expected_)
#define U16(name_, member_, min_, max_, expected_, keep_) KEPT(name_, EXC_T_U16, false, member_, min_, max_, expected_, keep_)
#define U32(name_, member_, min_, max_, expected_, keep_) KEPT(name_, EXC_T_U32, false, member_, min_, max_, expected_, keep_)
#define END_COLUMN                                                                                                               \
	{                                                                                                                        \
		.name = NULL                                                                                                     \
	}

#define A_RIGHT "some of trigger, recall, replace"
#define A_TIME "YYYY-MM-DD, YYYY-MM-DDTHH:MM:SSZ or seconds since 1970"
#define A_MODE "enforce or " ASSOC_DETECT_WORD
#define A_WHO "the name of an SCS or group:NAME"
#define A_DEVICE "local@domain, *@domain, msisdn:DIGITS, msisdn:FIRST-LAST or set:NAME"

static const struct exc_column scs_columns[] = { COPY("name", scs.name, IDENT_SCS_MAX, "the name of an SCS, at most 63 bytes"),
						 COPY("e164", scs.e164, ASC_E164_MAX, "5 to 15 digits"),
						 COPY("origin_host", scs.origin_host, IDENT_HOST_MAX, "a host name"),
						 COPY("realm", scs.realm, IDENT_HOST_MAX, "a realm, which is a domain name"),
						 COLUMN("anchor", EXC_T_ANCHORS, true, scs.anchor, 0, 0, ANCHOR_LIST_EXPECTED),
#define LIMIT_U32(id_, member_, min_, max_)                                                                                      \
	U32(#member_, scs.member_, min_, max_, "a number from " #min_ " to " #max_, ASC_KEEP_##id_)
#define LIMIT_U16(id_, member_, min_, max_)                                                                                      \
	U16(#member_, scs.member_, min_, max_, "a number from " #min_ " to " #max_, ASC_KEEP_##id_)
#define LIMIT_ON(id_, member_, min_, max_) KEPT(#member_, EXC_T_BOOL, false, scs.member_, min_, max_, "yes or no", ASC_KEEP_##id_)
#define LIMIT_OFF LIMIT_ON
#define LIMIT_RIGHTS(id_, member_, min_, max_)                                                                                   \
	KEPT(#member_, EXC_T_RIGHTS, false, scs.member_, min_, max_, A_RIGHT, ASC_KEEP_##id_)
#define LIMIT_SET(id_, member_, words_, max_)                                                                                    \
	{                                                                                                                        \
		.name = #member_, .type = EXC_T_SET, .offset = offsetof(struct exc_row, scs.member_), .words = (words_),         \
		.expected = "some of " words_, .keep = ASC_KEEP_##id_                                                            \
	}
#define LIMIT(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) LIMIT_##kind_(id_, member_, min_, max_),
						 SCS_LIMITS(LIMIT)
#undef LIMIT
#define LIST(id_, member_, max_, option_, meaning_)                                                                              \
	KEPT(#member_, EXC_T_ADDRESSES, false, scs.member_, 0, max_, "numeric addresses, at most " #max_, ASC_KEEP_##id_),
						     SCS_NDSIP(LIST)
#undef LIST
};
_Static_assert(sizeof scs_columns / sizeof *scs_columns <= EXC_COLUMNS_MAX, "the reader has a field for each column");
static const struct exc_column group_columns[] = {
	TEXT("group", true, name, "the name of a group"),
	KEPT("anchor", EXC_T_TEXT, false, anchor, 0, 0, "the name of a trust anchor", EXC_KEEP_ANCHOR),
	TEXT("scs", false, member, "the name of an SCS that is in the group"),
};
static const struct exc_column set_columns[] = {
	TEXT("set", true, name, "the name of a device set"),
	TEXT("device", false, member, "local@domain or msisdn:DIGITS"),
};
static const struct exc_column assoc_columns[] = {
	TEXT("who", true, who, A_WHO),
	TEXT("device", true, device, A_DEVICE),
	KEPT("effect", EXC_T_EFFECT, false, verdict, 0, 0, "allow or deny", ASC_KEEP_EFFECT),
	KEPT("rights", EXC_T_RIGHTS, false, rights, 0, 0, A_RIGHT, ASC_KEEP_RIGHTS),
	KEPT("not_before", EXC_T_TIME, false, not_before_s, 0, 0, A_TIME, ASC_KEEP_NOT_BEFORE),
	KEPT("not_after", EXC_T_END, false, not_after_s, 0, 0, A_TIME, ASC_KEEP_NOT_AFTER),
	KEPT("mode", EXC_T_MODE, false, mode, 0, 0, A_MODE, ASC_KEEP_MODE),
};
static const struct exc_column block_columns[] = {
	TEXT("who", true, who, A_WHO " or *"),
	TEXT("device", true, device, A_DEVICE " or *"),
	KEPT("not_before", EXC_T_TIME, false, not_before_s, 0, 0, A_TIME, ASC_KEEP_NOT_BEFORE),
	KEPT("not_after", EXC_T_END, false, not_after_s, 0, 0, A_TIME, ASC_KEEP_NOT_AFTER),
	KEPT("mode", EXC_T_MODE, false, mode, 0, 0, A_MODE, ASC_KEEP_MODE),
};

static const struct {
	const char *name;
	const struct exc_column *columns;
	size_t n;
} kinds[EXC_KINDS] = {
#define KIND(name_)                                                                                                              \
	{                                                                                                                        \
#name_, name_##_columns, sizeof name_##_columns / sizeof *name_##_columns                                        \
	}
	[ASC_KIND_SCS] = KIND(scs),     [ASC_KIND_GROUP] = KIND(group), [ASC_KIND_SET] = KIND(set),
	[ASC_KIND_ASSOC] = KIND(assoc), [ASC_KIND_BLOCK] = KIND(block),
#undef KIND
};

static const char *const formats[] = { "detect", "csv", "jsonl" };

const char *exc_kind_name(enum asc_kind kind)
{
	return kinds[kind].name;
}

int exc_format_parse(enum exc_format *out, const char *name)
{
	for (size_t i = EXC_CSV; i <= EXC_JSONL; i++) {
		if (strcmp(formats[i], name) == 0) {
			*out = (enum exc_format)i;
			return 0;
		}
	}
	return ERR_INVAL;
}

const struct exc_column *exc_columns(enum asc_kind kind)
{
	return kinds[kind].columns;
}

size_t exc_columns_n(enum asc_kind kind)
{
	return kinds[kind].n;
}

size_t exc_column_find(enum asc_kind kind, const char *name)
{
	size_t i = 0;

	while (i < kinds[kind].n && strcmp(kinds[kind].columns[i].name, name) != 0) {
		i++;
	}
	return i;
}

/* -- values */

static int wrong(char why[EXC_WHY_MAX], const struct exc_column *c, const struct exc_field *f)
{
	if (f->p && f->n) {
		snprintf(why, EXC_WHY_MAX, "%s is '%.*s%s', expected %s", c->name, f->n > 80 ? 80 : (int)f->n, f->p,
			 f->n > 80 ? "..." : "", c->expected);
	} else {
		snprintf(why, EXC_WHY_MAX, "%s is empty, expected %s", c->name, c->expected);
	}
	return ERR_INVAL;
}

static int rights_of(uint8_t *out, const char *text)
{
	char words[64];
	size_t n = strlen(text);

	if (n >= sizeof words) {
		return ERR_INVAL;
	}
	for (size_t i = 0; i <= n; i++) {
		words[i] = text[i];
	}
	for (size_t i = 0; i < n; i++) {
		if (words[i] == ' ') {
			words[i] = ',';
		}
	}
	return assoc_rights_parse(out, words);
}

static int bool_of(bool *out, const char *text)
{
	*out = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
	return *out || strcmp(text, "no") == 0 || strcmp(text, "false") == 0 ? 0 : ERR_INVAL;
}

static int effect_of(uint8_t *out, const char *text)
{
	*out = strcmp(text, "allow") == 0 ? ASSOC_ALLOW : ASSOC_DENY;
	return *out == ASSOC_ALLOW || strcmp(text, "deny") == 0 ? 0 : ERR_INVAL;
}

static int mode_of(uint8_t *out, const char *text)
{
	*out = strcmp(text, ASSOC_DETECT_WORD) == 0 ? ASSOC_DETECT : ASSOC_ENFORCE;
	return *out == ASSOC_DETECT || strcmp(text, "enforce") == 0 ? 0 : ERR_INVAL;
}

static int value_of(void *at, const struct exc_column *c, const struct exc_field *f)
{
	uint32_t number;
	int err;

	switch (c->type) {
	case EXC_T_TEXT:
		*(const char **)at = f->p;
		return 0;
	case EXC_T_COPY:
		return str_copy(at, c->max + 1, f->p, f->n);
	case EXC_T_U16:
		err = str_parse_u32(&number, f->p, (uint32_t)c->min, (uint32_t)c->max);
		if (!err) {
			*(uint16_t *)at = (uint16_t)number;
		}
		return err;
	case EXC_T_U32:
		return str_parse_u32(at, f->p, (uint32_t)c->min, (uint32_t)c->max);
	case EXC_T_BOOL:
		return bool_of(at, f->p);
	case EXC_T_RIGHTS:
		return rights_of(at, f->p);
	case EXC_T_SET:
		return agreed_read(at, c->words, f->p, f->n);
	case EXC_T_ANCHORS:
		return anchor_list_read(at, f->p, f->n);
	case EXC_T_ADDRESSES:
		return asc_addresses_read(at, f->p, f->n);
	case EXC_T_EFFECT:
		return effect_of(at, f->p);
	case EXC_T_MODE:
		return mode_of(at, f->p);
	case EXC_T_TIME:
		return clock_parse(at, f->p);
	case EXC_T_END:
		return clock_parse_end(at, f->p);
	}
	return ERR_INVAL;
}

static void preset(struct exc_row *row, enum asc_kind kind)
{
	if (kind == ASC_KIND_SCS) {
		asc_scs_init(&row->scs);
	}
	row->name = row->anchor = row->member = row->who = row->device = "";
	row->verdict = kind == ASC_KIND_BLOCK ? ASSOC_BLOCK : ASSOC_ALLOW;
	row->rights = ASSOC_RIGHT_ALL;
	row->mode = ASSOC_ENFORCE;
	row->not_before_s = row->not_after_s = 0;
	row->keep = 0;
}

int exc_row_parse(struct exc_row *out, enum asc_kind kind, const struct exc_field *fields, char why[EXC_WHY_MAX])
{
	const struct exc_column *c = kinds[kind].columns;

	preset(out, kind);
	for (size_t i = 0; i < kinds[kind].n; i++) {
		const struct exc_field *f = &fields[i];

		if (!f->p || !f->n) {
			if (c[i].required) {
				return wrong(why, &c[i], f);
			}
			out->keep |= f->p ? 0 : c[i].keep;
			continue;
		}
		if (f->n > EXC_VALUE_MAX || value_of((char *)out + c[i].offset, &c[i], f)) {
			return wrong(why, &c[i], f);
		}
	}
	return 0;
}
