/* anchor_list.h - the trust anchors of an SCS as one text: a certificate of the SCS must chain to
 * one of them.
 * A list has one form: 1 to ANCHOR_LIST_MAX names (ident_name_ok()) in the order of their octets,
 * each once, with one blank between. IDENT_ANCHOR_INTERNAL stands alone. So two lists are the same
 * if their texts are, and a list of one name is that name. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ident.h"

#define ANCHOR_LIST_MAX 8u /* as many as an edge announces of one certificate (base/protection.h) */
#define ANCHOR_LIST_LEN (ANCHOR_LIST_MAX * (IDENT_SCS_MAX + 1u)) /* octets of the text, with NUL */
#define ANCHOR_LIST_EXPECTED "1 to 8 names of trust anchors, each once; internal stands alone"

/* Names in any order, with blanks or commas between them, `len` octets. ERR_INVAL: no name, a text
 * that is no name, a name twice, or IDENT_ANCHOR_INTERNAL beside another. ERR_LIMIT: more than
 * ANCHOR_LIST_MAX. `out` may be `text`, and is untouched on failure. */
ERR_MUST_USE int anchor_list_read(char out[ANCHOR_LIST_LEN], const char *text, size_t len);
/* True if the text, ended by NUL, has the form of a list. */
bool anchor_list_ok(const char *list);

bool anchor_list_has(const char *list, const char *name);
bool anchor_list_share(const char *a, const char *b); /* both have one of the names */
/* Copies the names, and returns how many there are. */
uint8_t anchor_list_split(char out[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1], const char *list);
