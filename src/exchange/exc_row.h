/* exc_row.h - one row of a file of SCSs, groups, sets, associations or blocks: its columns, and how
 * texts become a typed row and back. The columns are declared only here; both formats, the help and
 * the export are made from them. The store checks the meaning of a row (does the SCS exist, is the
 * device valid). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assoc/asc_import.h"
#include "base/buf.h"
#include "base/err.h"

#define EXC_KINDS (ASC_KIND_BLOCK + 1)
/* EXC_DETECT: by the first octet; for reading only */
enum exc_format { EXC_DETECT, EXC_CSV, EXC_JSONL };

#define EXC_KEEP_ANCHOR 1u /* of a group */
#define EXC_COLUMNS_MAX 32
#define EXC_WHY_MAX 400    /* words about one row */
#define EXC_VALUE_MAX 1536 /* octets of one value */
_Static_assert(ASC_ADDRESSES_TEXT_MAX <= EXC_VALUE_MAX, "a list of addresses is one value");
_Static_assert(AGREED_TEXT_MAX <= ASC_ADDRESSES_TEXT_MAX, "and so is a set of words");

/* the text of one value, ended by NUL behind `n` octets, none inside; p NULL: not given */
struct exc_field {
	const char *p;
	size_t n;
};

/* Texts are borrowed from the maker of the row. A text is "" if an optional column has no value. */
struct exc_row {
	struct asc_scs scs; /* ASC_KIND_SCS */
	const char *name;   /* ASC_KIND_GROUP, ASC_KIND_SET: the group, the set */
	const char *anchor; /* ASC_KIND_GROUP */
	/* ASC_KIND_GROUP: an SCS; ASC_KIND_SET: a device; "": the row is the group or set itself */
	const char *member;
	const char *who, *device; /* ASC_KIND_ASSOC, ASC_KIND_BLOCK */
	uint8_t verdict, rights, mode;
	int64_t not_before_s, not_after_s;
	uint32_t keep; /* of the columns that the row does not have at all: their `keep` */
};

enum exc_type {
	EXC_T_TEXT,      /* const char *, borrowed */
	EXC_T_COPY,      /* char[max + 1] */
	EXC_T_U16,       /* min..max */
	EXC_T_U32,       /* min..max */
	EXC_T_BOOL,      /* yes, no, true, false */
	EXC_T_RIGHTS,    /* words with blanks or commas between them; a list in JSON */
	EXC_T_ANCHORS,   /* char[ANCHOR_LIST_LEN], written as EXC_T_RIGHTS; one alone as a text */
	EXC_T_SET,       /* uint16_t: some of `words`, written as EXC_T_RIGHTS */
	EXC_T_ADDRESSES, /* with blanks or commas between them; a list in JSON */
	EXC_T_EFFECT,    /* allow, deny */
	EXC_T_MODE,      /* enforce, detect-only */
	EXC_T_TIME,      /* as clock_parse() reads it */
	EXC_T_END        /* as clock_parse_end() reads it */
};

struct exc_column {
	const char *name; /* NULL ends the list */
	enum exc_type type;
	bool required;
	size_t offset; /* in struct exc_row */
	uint64_t min, max;
	const char *expected; /* what a wrong value should have been */
	const char *words;    /* EXC_T_SET: a list of base/agreement.h */
	/* ASC_KEEP_*, EXC_KEEP_ANCHOR: a row without the column keeps the stored value; 0: it
	 * then has no value */
	uint32_t keep;
};

/* "scs", "group", ... */
const char *exc_kind_name(enum asc_kind kind);
/* Of "csv" or "jsonl". ERR_INVAL. */
ERR_MUST_USE int exc_format_parse(enum exc_format *out, const char *name);

/* In the order in which an export writes them; at most EXC_COLUMNS_MAX. */
const struct exc_column *exc_columns(enum asc_kind kind);
size_t exc_columns_n(enum asc_kind kind);
/* Index of a column, or the number of columns when there is none of this name. */
size_t exc_column_find(enum asc_kind kind, const char *name);

/* `fields` by index of column. An empty text and a missing column (p NULL) both mean the default;
 * out->keep tells them apart. ERR_INVAL: `why` names the column, the value and the expectation. */
ERR_MUST_USE int exc_row_parse(struct exc_row *out, enum asc_kind kind, const struct exc_field *fields, char why[EXC_WHY_MAX]);

/* The first line of a CSV file; nothing for JSON lines. */
void exc_head_put(struct buf *out, enum asc_kind kind, enum exc_format format);
/* One line with its end. out->full when it did not fit: EXC_ROW_MAX is room for every row. */
#define EXC_ROW_MAX 8192
void exc_row_put(struct buf *out, enum asc_kind kind, enum exc_format format, const struct exc_row *row);
