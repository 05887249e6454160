/* assoc_rule.h - one association rule as a plain fact (CONTRACTS section 2). assoc collects rules,
 * policy picks the winner. Neither includes the other, so this type, which both use, is in base. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ident.h"

/* Rights, a bitmask. */
enum {
	ASSOC_RIGHT_TRIGGER = 0x1,
	ASSOC_RIGHT_RECALL = 0x2,
	ASSOC_RIGHT_REPLACE = 0x4,
	ASSOC_RIGHT_ALL = 0x7,
};

enum assoc_verdict { ASSOC_DENY = 0, ASSOC_ALLOW = 1, ASSOC_BLOCK = 2 };

/* A detect-only rule does not decide: a refusal by it is only counted and logged. Deny and block
 * rules only. */
enum assoc_mode { ASSOC_ENFORCE = 0, ASSOC_DETECT = 1 };
#define ASSOC_DETECT_WORD "detect-only"

/* Device axis; a smaller value beats a larger one. */
enum assoc_device_axis {
	ASSOC_DEVICE_EXACT = 0,
	ASSOC_DEVICE_SET = 1,    /* set:NAME, of devices by their exact names */
	ASSOC_DEVICE_RANGE = 2,  /* msisdn:FIRST-LAST; the narrower range beats the wider */
	ASSOC_DEVICE_DOMAIN = 3, /* *@domain */
	ASSOC_DEVICE_ANY = 4,    /* every device: block rules on an SCS only */
};

/* Who-axis; a smaller value beats a larger one within the same device axis. */
enum assoc_who_axis {
	ASSOC_WHO_SCS = 0,
	ASSOC_WHO_GROUP = 1, /* "group:NAME" */
	ASSOC_WHO_ANY = 2,   /* every SCS: block rules on a device only */
};

#define ASSOC_GROUP_PREFIX "group:" /* no SCS has such a name: ':' is in none */
#define ASSOC_WHO_TEXT_MAX (IDENT_SCS_MAX + sizeof ASSOC_GROUP_PREFIX - 1)
#define ASSOC_SET_PREFIX "set:" /* no '@' follows: never an External-Identifier */
#define ASSOC_DEVICE_TEXT_MAX IDENT_EXTERNAL_MAX
#define ASSOC_RULE_TEXT_MAX 384

struct assoc_rule {
	/* name of the SCS; "group:NAME"; "*" for ASSOC_WHO_ANY */
	char who[ASSOC_WHO_TEXT_MAX + 1];
	/* "local@domain", "*@domain", "msisdn:D", "msisdn:F-L", "set:NAME", "*" */
	char device[ASSOC_DEVICE_TEXT_MAX + 1];
	/* numbers in a range; 1 for an exact device, 0 where it has no meaning */
	uint64_t width;
	/* seconds since 1970; 0: no bound. The rule applies until the end of the second
	 * not_after_s. */
	int64_t not_before_s, not_after_s;
	/* enum assoc_verdict; ASSOC_RIGHT_* (a block stops every right) */
	uint8_t verdict, rights;
	uint8_t device_axis, who_axis;
	uint8_t mode; /* enum assoc_mode */
};

/* The rules that match one (SCS, device); their order has no meaning. */
#define ASSOC_FOUND_MAX 32
struct assoc_found {
	struct assoc_rule rules[ASSOC_FOUND_MAX];
	uint8_t n;
	bool overflow; /* more rules matched than fit: the judge must refuse */
};

/* An empty list. Not by { 0 }, which clears the room of all rules and would be most of the cost of
 * a look-up. */
static inline void assoc_found_none(struct assoc_found *f)
{
	f->n = 0;
	f->overflow = false;
}

/* "allow acme *@a.example trigger,recall", "allow group:fleet *@a.example trigger", "block *
 * msisdn:491700000001", "deny acme m1@a.example trigger detect-only"; always ends in NUL, returns
 * out. */
const char *assoc_rule_text(char out[ASSOC_RULE_TEXT_MAX], const struct assoc_rule *r);
/* "trigger,recall" <-> mask. Parse: ERR_INVAL on an unknown or empty word. Text: returns `out`. */
#define ASSOC_RIGHTS_TEXT_MAX 32 /* all three with commas are 22 octets */
const char *assoc_rights_text(char out[ASSOC_RIGHTS_TEXT_MAX], uint8_t rights);
ERR_MUST_USE int assoc_rights_parse(uint8_t *out, const char *words);
