/* screen_rule.h - the rows of the screening of requests from outside, one row each, and the rule
 * that is in force for a row.
 * Edges screen by the rules, the core keeps the rules, the configuration and the operator set them,
 * and statistics count by row: no room above includes all of the others, so the table is in base.
 * From these rows are made: the counters edge_screen_NAME, the section `screening` of the
 * configuration, `mtcctl screen list`, and docs/user/screening.md. A new row stands at the end (the
 * number of a row crosses the ring between two versions of a program only within one start, and the
 * file of the rules has names) and has its check in policy/pol_screening.c.
 *
 * R(X, ID, "name", CLASS, PRESET, answer, other, "meaning")
 *   CLASS   FIXED: nobody changes the rule. CLOSED: a request that the row catches cannot be
 *           carried out, so it is refused or dropped.
 *           OPEN: the row may also only detect, and SCSs may be exempt.
 *   PRESET  the mode without a configuration
 *   answer  the Result-Code without a configuration; 0: as the grammar says
 *   other   a second Result-Code that the operator may choose; 0: none. 5012 may be chosen in every
 *           row that is not fixed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ident.h"

/* clang-format off */
#define SCREEN_ROWS(R, X)                                                                                                        \
	R(X, IDENTITY, "identity", FIXED, ENFORCE, 3010, 0,                                                                      \
	  "Origin-Host and Origin-Realm are the pair of the CER of the connection; the connection is closed")                    \
	R(X, DIRECTION, "direction", FIXED, ENFORCE, 3001, 0,                                                                    \
	  "a request that only the gateway sends (Device-Notification) does not come from an SCS")                               \
	R(X, GRAMMAR, "grammar", FIXED, ENFORCE, 0, 0,                                                                           \
	  "lengths, types and values of AVPs, mandatory AVPs, and the limits of message, AVPs and nesting (limits)")             \
	R(X, ANSWERS, "answers", FIXED, ENFORCE, 0, 0,                                                                           \
	  "an answer belongs to a request that waits for it, and comes from whom was asked; others are ignored")                 \
	R(X, APPLICATION, "application", CLOSED, ENFORCE, 3007, 3001,                                                            \
	  "the application of a request is Tsp")                                                                                 \
	R(X, COMMAND, "command", CLOSED, ENFORCE, 3001, 0,                                                                       \
	  "the command of a request is Device-Action")                                                                           \
	R(X, LOOP, "loop", CLOSED, ENFORCE, 3005, 3002,                                                                          \
	  "no Route-Record names this host")                                                                                     \
	R(X, DESTINATION_REALM, "destination_realm", OPEN, ENFORCE, 3003, 3002,                                                  \
	  "Destination-Realm is the realm of this gateway")                                                                      \
	R(X, DESTINATION_HOST, "destination_host", OPEN, ENFORCE, 3002, 3003,                                                    \
	  "Destination-Host, if present, is this host")                                                                          \
	R(X, P_BIT, "p_bit", OPEN, ENFORCE, 3008, 5013,                                                                          \
	  "a request has the P bit; SCSs with p-bit-optional are exempt, too")                                                   \
	R(X, RESERVED_BITS, "reserved_bits", OPEN, DETECT, 3008, 5013,                                                           \
	  "the reserved flags of the header are clear")                                                                          \
	R(X, SESSION_ID, "session_id", OPEN, ENFORCE, 5004, 5002,                                                                \
	  "Session-Id is the Origin-Host, a semicolon and more, at most 512 octets without blanks and control characters")       \
	R(X, AGENTS, "agents", OPEN, ENFORCE, 5008, 3002,                                                                        \
	  "no Route-Record and no Proxy-Info; an SCS that comes through agents is exempt")                                       \
	R(X, UNKNOWN_AVPS, "unknown_avps", OPEN, ENFORCE, 5001, 5008,                                                            \
	  "an AVP with the M bit is known")                                                                                      \
	R(X, PLACES, "places", OPEN, DETECT, 5008, 5001,                                                                         \
	  "every AVP is one that Tsp has in this place")                                                                         \
	R(X, MULTIPLICITY, "multiplicity", OPEN, ENFORCE, 5009, 5008,                                                            \
	  "an AVP occurs no more often than Tsp allows; where the row does not refuse, the first ones count")                    \
	R(X, SIZES, "sizes", OPEN, DETECT, 5014, 5004,                                                                           \
	  "no AVP beside Device-Action is longer than 1024 octets, and Device-Action no longer than 8192")                       \
	R(X, NESTING, "nesting", OPEN, DETECT, 5006, 5008,                                                                       \
	  "no group stands deeper than Tsp has groups: Trigger-Data in Device-Action")
/* clang-format on */

enum screen_row {
#define SCREEN_ROW_(x, id, name, class, preset, answer, other, meaning) SCREEN_##id,
	SCREEN_ROWS(SCREEN_ROW_, )
#undef SCREEN_ROW_
	    SCREEN_ROWS_N
};

enum screen_class { SCREEN_FIXED, SCREEN_CLOSED, SCREEN_OPEN };

enum screen_mode {
	SCREEN_ENFORCE, /* the request gets the answer of the rule */
	SCREEN_DROP,    /* the request gets no answer */
	SCREEN_DETECT,  /* the request goes on; the decision log has a line */
};
#define SCREEN_MODE_WORDS "enforce drop detect"

#define SCREEN_EXCEPT_MAX 8 /* SCSs that are exempt from one row */

/* What holds for one row. */
struct screen_rule {
	uint8_t mode; /* enum screen_mode */
	uint8_t except_n;
	uint16_t answer; /* Result-Code of SCREEN_ENFORCE; 0: as the grammar says (fixed rows only) */
	char except[SCREEN_EXCEPT_MAX][IDENT_SCS_MAX + 1]; /* names of SCSs, each once, sorted */
};

struct screen_rules {
	struct screen_rule row[SCREEN_ROWS_N];
};

/* Facts of a row; `row` is below SCREEN_ROWS_N. Texts are static. */
const char *screen_row_name(enum screen_row row);
const char *screen_row_meaning(enum screen_row row);
enum screen_class screen_row_class(enum screen_row row);
/* The n-th Result-Code that a rule of this row may have; 0 behind the last one. */
uint16_t screen_row_answer(enum screen_row row, size_t n);
/* ERR_NOTFOUND: there is no row of this name; `near` (not NULL) is then the name that was probably
 * meant, or NULL. */
ERR_MUST_USE int screen_row_find(enum screen_row *out, const char *name, const char **near);

const char *screen_mode_word(uint8_t mode); /* "enforce", ...; static */
ERR_MUST_USE int screen_mode_parse(uint8_t *out, const char *word);

/* The rule without a configuration, and all of them. */
struct screen_rule screen_rule_preset(enum screen_row row);
void screen_rules_preset(struct screen_rules *out);

/* Adds an SCS to the exempt ones, in order. ERR_INVAL: not a name of an SCS; ERR_EXISTS;
 * ERR_LIMIT. */
ERR_MUST_USE int screen_rule_except(struct screen_rule *rule, const char *scs);
bool screen_rule_exempts(const struct screen_rule *rule, const char *scs);
void screen_rule_unexcept(struct screen_rule *rule, unsigned at); /* takes the SCS at this place out; `at` is below except_n */
bool screen_rule_equal(const struct screen_rule *a, const struct screen_rule *b);

#define SCREEN_WHY_MAX 256
/* Whether a row may have this rule. ERR_INVAL with words in `why`: what is wrong, and what the row
 * takes. */
ERR_MUST_USE int screen_rule_check(enum screen_row row, const struct screen_rule *rule, char why[SCREEN_WHY_MAX]);
/* The rule lets something pass that its preset refuses. */
bool screen_rule_relaxed(enum screen_row row, const struct screen_rule *rule);

#define SCREEN_RULE_TEXT_MAX (64 + SCREEN_EXCEPT_MAX * (IDENT_SCS_MAX + 1))
/* "enforce 3003", "drop", "detect, except acme,beta". Returns `out`. */
const char *screen_rule_text(char out[SCREEN_RULE_TEXT_MAX], const struct screen_rule *rule);
