/* ident.h - the canonical forms of a device's names (CONTRACTS section 1; TS 23.003 19.7.2, TS
 * 29.329).
 * Each name has one form. Every other form is refused, never repaired: the name that was authorised
 * is the name that is sent on. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define IDENT_EXTERNAL_MAX 253 /* octets without NUL: RFC 4282 NAI bound */
#define IDENT_MSISDN_MAX 15    /* digits */
#define IDENT_SCS_MAX 63       /* octets of an SCS's name in our store */
#define IDENT_HOST_MAX 253     /* octets of a DiameterIdentity */

/* Stands in place of a trust anchor for an SCS of our own domain, which is known by its internal
 * listener. No anchor has this name. */
#define IDENT_ANCHOR_INTERNAL "internal"

/* External-Identifier `local@domain`: one '@'; a local part of printable ASCII without blanks, kept
 * as it is; a domain of LDH labels, lower-cased. Every other form (trailing dot, empty label, NUL,
 * non-ASCII, second '@') is ERR_INVAL. A longer one is ERR_LIMIT. */
ERR_MUST_USE int ident_external(char out[IDENT_EXTERNAL_MAX + 1], const void *p, size_t len);

/* MSISDN digits: 5 to 15, no '+', no leading 0. ERR_INVAL otherwise. */
ERR_MUST_USE int ident_msisdn(char out[IDENT_MSISDN_MAX + 1], const void *p, size_t len);

/* A host name or realm of LDH labels, lower-cased; at least one label; ERR_INVAL or ERR_LIMIT
 * otherwise. */
ERR_MUST_USE int ident_host(char out[IDENT_HOST_MAX + 1], const void *p, size_t len);

/* Returns true if a name that an operator wrote contains a character that people use for "any": * ?
 * [ ] { } ( ). RFC 4282 allows most of these characters in the name of a device, and there each of
 * them is an ordinary letter. In a list of an operator such a name is probably meant as a pattern,
 * and a pattern would match nothing. So every list refuses the name: rules, members of sets,
 * imported rows, subscribers. The forms for many devices (*@domain, *) are not names: the caller
 * handles them before. */
bool ident_looks_like_pattern(const char *name);
/* What to say then, after the name; ident_pattern_words() finds the true words for one. */
const char *ident_pattern_words(const char *name);
#define IDENT_PATTERN_WORDS                                                                                                      \
	"* ? [ ] { } ( ) are no patterns inside a name; many devices at once are: *@domain, msisdn:FIRST-LAST, set:NAME, and * " \
	"alone in a block"

/* Name of an SCS, group or anchor in our store: [a-z0-9][a-z0-9._-]*, at most IDENT_SCS_MAX. */
bool ident_name_ok(const char *name);
