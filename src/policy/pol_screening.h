/* pol_screening.h - the checks of the screening rows (base/screen_rule.h) on one request of an SCS,
 * between its frame and the ring. An edge calls the three steps in this order; each step looks at
 * its rows in the order of the comment and stops at the first row that refuses or drops. The rows
 * of the first step are about a request for another, so that no octet behind the routing AVPs is
 * read for it. PURE. */
#pragma once
#include "apps/tsp_dar.h"
#include "base/screen_rule.h"

enum pol_screened {
	POL_SCREENED_PASS,
	POL_SCREENED_REFUSED, /* `why` has the answer */
	POL_SCREENED_DROPPED, /* it gets no answer; `why` has the text for the log */
};

struct pol_screening {                    /* one request while it passes the rows */
	const struct screen_rules *rules; /* borrowed */
	uint32_t exempt;                  /* rows that the SCS is exempt from: pol_row_bit() of each */
	/* Results: rows that caught the request, also those that only detect; of these the ones
	 * that let the request go on; and rows that would have caught the request of another
	 * SCS. */
	uint32_t caught, detected, exempted;
};
_Static_assert(SCREEN_ROWS_N <= 32, "a set of rows is a word of 32 bits");

static inline uint32_t pol_row_bit(enum screen_row row)
{
	return 1u << row;
}

/* The rows that the SCS of this name is exempt from. */
uint32_t pol_screening_exempt(const struct screen_rules *rules, const char *scs);

/* Notes that the row has caught the request, with `why` filled as the preset of the row has it, and
 * says what its rule does. Where the request goes on, `why` is empty again. For the rows whose
 * check is not in this file. */
ERR_MUST_USE enum pol_screened pol_screening_caught(struct pol_screening *s, enum screen_row row, struct dia_failed *why);

/* Who is who on the connection: NUL-terminated, canonical names. */
struct pol_names {
	const char *our_host, *our_realm, *peer_host, *peer_realm;
};

/* The routing AVPs of the top level. Of several names of a kind the first counts that is not the
 * expected one: no order of them makes a foreign name pass. Views of the message; p is NULL where
 * there is none. */
struct pol_routing {
	struct dia_bytes origin_host, origin_realm, destination_host, destination_realm;
	bool loop;            /* a Route-Record names this host */
	bool oversize;        /* an AVP is longer than row `sizes` takes */
	struct dia_avp large; /* with oversize: the first of them */
};
void pol_routing_take(struct pol_routing *out, const struct dia_msg *m, const struct pol_names *names);

/* Rows application, direction, command, loop, destination_realm, destination_host. `m` needs a good
 * header only; `r` NULL: the AVPs were not read, and only the rows of the header are looked at. */
ERR_MUST_USE enum pol_screened pol_screening_route(struct pol_screening *s, const struct dia_msg *m, const struct pol_routing *r,
						   const struct pol_names *names, struct dia_failed *why);

/* Rows p_bit, unknown_avps, places, multiplicity and grammar: reads the request. `out` is filled on
 * POL_SCREENED_PASS only. `p_bit_optional`: the SCS is provisioned to omit the P bit. */
ERR_MUST_USE enum pol_screened pol_screening_read(struct pol_screening *s, struct tsp_dar *out, const struct dia_msg *m,
						  bool p_bit_optional, struct dia_failed *why);

/* Rows reserved_bits, session_id, agents, sizes and nesting: of a request that was read. */
ERR_MUST_USE enum pol_screened pol_screening_form(struct pol_screening *s, const struct dia_msg *m, const struct tsp_dar *dar,
						  const struct pol_routing *r, const struct pol_names *names,
						  struct dia_failed *why);

/* Reads a request again that passed by the rules of its time. */
ERR_MUST_USE int pol_screened_again(struct tsp_dar *out, const struct dia_msg *m);
