/* exc_split.h - the fields of one line, in both formats. */
#pragma once
#include "exchange/exc_row.h"

/* Splits CSV (RFC 4180) in place: quotes are removed, each field ends in NUL. A field ends on its
 * line: no value of ours contains a line end, and a forgotten quote must not swallow the rest of
 * the file. *n: number of fields, at most `max`. ERR_INVAL with words. The line has no NUL inside;
 * one octet behind it may be written. */
ERR_MUST_USE int exc_csv_split(char *line, size_t len, struct exc_field *fields, size_t max, size_t *n, char why[EXC_WHY_MAX]);

/* Splits one JSON object. Member names are names of columns; values are texts, numbers, booleans,
 * null (not given) or lists of texts. `fields` by index of column; their texts are in `room`.
 * ERR_INVAL with words. */
#define EXC_JSON_ROOM (EXC_COLUMNS_MAX * (EXC_VALUE_MAX + 1))
ERR_MUST_USE int exc_json_split(const char *line, size_t len, enum asc_kind kind, struct exc_field *fields,
				char room[EXC_JSON_ROOM], char why[EXC_WHY_MAX]);
