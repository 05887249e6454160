/* pol_screening.c - the checks behind the screening rows. A check fills `why` as the preset of its
 * row has it; the rule of the row then says what becomes of the request. */
#include "policy/pol_screening.h"

#include <string.h>

#include "base/eight.h"
#include "base/str.h"
#include "diameter/dia_dict.h"
#include "diameter/dia_grammar.h"

#define SESSION_ID_MAX 512u     /* octets */
#define AVP_MAX 1024u           /* octets of data of an AVP beside Device-Action */
#define DEVICE_ACTION_MAX 8192u /* room for the longest payload that can be configured, twice */
#define GROUP_DEPTH_MAX 1u      /* of Trigger-Data, in Device-Action */

/* -- what a rule says */

uint32_t pol_screening_exempt(const struct screen_rules *rules, const char *scs)
{
	uint32_t rows = 0;

	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		rows |= screen_rule_exempts(&rules->row[i], scs) ? pol_row_bit((enum screen_row)i) : 0;
	}
	return rows;
}

static bool lets_pass(const struct pol_screening *s, enum screen_row row)
{
	return s->rules->row[row].mode == SCREEN_DETECT || (s->exempt & pol_row_bit(row));
}

/* Notes the row. True: the request goes on. */
static bool note(struct pol_screening *s, enum screen_row row)
{
	uint32_t bit = pol_row_bit(row);

	if (s->exempt & bit) {
		s->exempted |= bit;
		return true;
	}
	s->caught |= bit;
	if (s->rules->row[row].mode != SCREEN_DETECT) {
		return false;
	}
	s->detected |= bit;
	return true;
}

enum pol_screened pol_screening_caught(struct pol_screening *s, enum screen_row row, struct dia_failed *why)
{
	const struct screen_rule *rule = &s->rules->row[row];

	if (note(s, row)) {
		dia_failed_none(why);
		return POL_SCREENED_PASS;
	}
	if (rule->mode == SCREEN_DROP) {
		return POL_SCREENED_DROPPED;
	}
	if (rule->answer) {
		why->result_code = rule->answer;
	}
	return POL_SCREENED_REFUSED;
}

/* -- for whom the request is */

static bool is_name(const struct dia_bytes *name, const char *expected)
{
	return str_equal_nocase(name->p, name->len, expected, strlen(expected));
}

static void take_name(struct dia_bytes *kept, const struct dia_bytes *value, const char *expected)
{
	if (!kept->p || is_name(kept, expected)) {
		*kept = *value;
	}
}

static void take_size(struct pol_routing *out, const struct dia_avp *avp)
{
	bool action = avp->code == DIA_CODE_DEVICE_ACTION && avp->vendor == DIA_VENDOR_3GPP;

	if (!out->oversize && (!action || avp->data_len > DEVICE_ACTION_MAX)) {
		out->oversize = true;
		out->large = *avp;
	}
}

void pol_routing_take(struct pol_routing *out, const struct dia_msg *m, const struct pol_names *names)
{
	struct dia_failed ignored;
	uint16_t left;
	struct dia_win w = dia_msg_win(m, &left);
	struct dia_avp avp;

	memset(out, 0, offsetof(struct pol_routing, large));
	while (dia_win_next(&w, &avp, &ignored) == DIA_MORE) {
		struct dia_bytes value = { avp.data, avp.data_len };

		if (avp.data_len > AVP_MAX) {
			take_size(out, &avp);
		}
		if (avp.vendor != 0) {
			continue;
		}
		switch (avp.code) {
		case DIA_CODE_ORIGIN_HOST:
			take_name(&out->origin_host, &value, names->peer_host);
			break;
		case DIA_CODE_ORIGIN_REALM:
			take_name(&out->origin_realm, &value, names->peer_realm);
			break;
		case DIA_CODE_DESTINATION_HOST:
			take_name(&out->destination_host, &value, names->our_host);
			break;
		case DIA_CODE_DESTINATION_REALM:
			take_name(&out->destination_realm, &value, names->our_realm);
			break;
		case DIA_CODE_ROUTE_RECORD:
			out->loop = out->loop || is_name(&value, names->our_host);
			break;
		default:
			break;
		}
	}
}

static enum pol_screened check_command(struct pol_screening *s, const struct dia_msg *m, struct dia_failed *why)
{
	enum screen_row row = m->hdr.code == APP_CMD_DEVICE_NOTIFICATION ? SCREEN_DIRECTION : SCREEN_COMMAND;

	if (m->hdr.app_id != APP_TSP) {
		dia_failed_set(why, DIA_RESULT_APPLICATION_UNSUPPORTED, "application %u is not Tsp", m->hdr.app_id);
		return pol_screening_caught(s, SCREEN_APPLICATION, why);
	}
	if (m->hdr.code != APP_CMD_DEVICE_ACTION) {
		dia_failed_set(why, DIA_RESULT_COMMAND_UNSUPPORTED, "command %u is not one an SCS sends", m->hdr.code);
		return pol_screening_caught(s, row, why);
	}
	return POL_SCREENED_PASS;
}

static enum pol_screened check_destination(struct pol_screening *s, const struct pol_routing *r, const struct pol_names *names,
					   struct dia_failed *why)
{
	enum pol_screened done = POL_SCREENED_PASS;

	if (r->destination_realm.p && !is_name(&r->destination_realm, names->our_realm)) {
		dia_failed_set(why, DIA_RESULT_REALM_NOT_SERVED, "Destination-Realm is not ours");
		done = pol_screening_caught(s, SCREEN_DESTINATION_REALM, why);
	}
	if (!done && r->destination_host.p && !is_name(&r->destination_host, names->our_host)) {
		dia_failed_set(why, DIA_RESULT_UNABLE_TO_DELIVER, "Destination-Host is not this host");
		done = pol_screening_caught(s, SCREEN_DESTINATION_HOST, why);
	}
	return done;
}

enum pol_screened pol_screening_route(struct pol_screening *s, const struct dia_msg *m, const struct pol_routing *r,
				      const struct pol_names *names, struct dia_failed *why)
{
	enum pol_screened done = check_command(s, m, why);

	if (done || !r) {
		return done;
	}
	if (r->loop) {
		dia_failed_set(why, DIA_RESULT_LOOP_DETECTED, "Route-Record names this host");
		done = pol_screening_caught(s, SCREEN_LOOP, why);
	}
	return done ? done : check_destination(s, r, names, why);
}

/* -- its AVPs */

/* Kinds of the decoder and their rows. */
static const struct {
	uint8_t kind;
	enum screen_row row;
} kinds[] = { { DIA_KIND_UNKNOWN, SCREEN_UNKNOWN_AVPS },
	      { DIA_KIND_PLACE, SCREEN_PLACES },
	      { DIA_KIND_MANY, SCREEN_MULTIPLICITY } };
#define KINDS_N (sizeof kinds / sizeof *kinds)

static struct dia_rules rules_of(const struct pol_screening *s)
{
	struct dia_rules rules = { .pass = 0 };

	for (unsigned i = 0; i < KINDS_N; i++) {
		rules.pass |= lets_pass(s, kinds[i].row) ? kinds[i].kind : 0;
	}
	return rules;
}

/* Notes the kinds that were met and let pass. */
static void note_kinds(struct pol_screening *s, const struct dia_rules *rules)
{
	for (unsigned i = 0; i < KINDS_N; i++) {
		if (rules->seen & rules->pass & kinds[i].kind) {
			(void)note(s, kinds[i].row); /* it passes */
		}
	}
}

/* The row that a reading has failed at. */
static enum screen_row row_of(const struct dia_rules *rules)
{
	for (unsigned i = 0; i < KINDS_N; i++) {
		if (rules->broke == kinds[i].kind) {
			return kinds[i].row;
		}
	}
	return SCREEN_GRAMMAR;
}

/* A DAR is proxiable (TS 29.368 6.6.1). */
static enum pol_screened check_p_bit(struct pol_screening *s, struct dia_msg *meant, bool p_bit_optional, struct dia_failed *why)
{
	if (!(meant->hdr.flags & DIA_FLAG_P) && !p_bit_optional) {
		enum pol_screened done;

		dia_failed_set(why, DIA_RESULT_INVALID_HDR_BITS, "DAR without the P bit");
		done = pol_screening_caught(s, SCREEN_P_BIT, why);
		if (done) {
			return done;
		}
	}
	meant->hdr.flags |= DIA_FLAG_P;
	return POL_SCREENED_PASS;
}

enum pol_screened pol_screening_read(struct pol_screening *s, struct tsp_dar *out, const struct dia_msg *m, bool p_bit_optional,
				     struct dia_failed *why)
{
	struct dia_rules rules = rules_of(s);
	struct dia_msg meant = *m;
	enum pol_screened done = check_p_bit(s, &meant, p_bit_optional, why);

	if (done) {
		return done;
	}
	if (tsp_dar_parse_by(out, &meant, why, &rules)) {
		note_kinds(s, &rules);
		return pol_screening_caught(s, row_of(&rules), why);
	}
	if (rules.seen) {
		note_kinds(s, &rules);
	}
	return POL_SCREENED_PASS;
}

int pol_screened_again(struct tsp_dar *out, const struct dia_msg *m)
{
	struct dia_rules rules = { .pass = DIA_KIND_UNKNOWN | DIA_KIND_PLACE | DIA_KIND_MANY };
	struct dia_msg meant = *m;
	struct dia_failed why;

	meant.hdr.flags |= DIA_FLAG_P;
	return tsp_dar_parse_by(out, &meant, &why, &rules);
}

/* -- its form */

/* RFC 6733 8.8: a Session-Id begins with the identity of who made it. */
static bool session_id_good(const struct dia_bytes *id, const char *host)
{
	size_t host_len = strlen(host);
	bool graphic = eight_graphic(id->p, id->len); /* most are; else each octet is looked at */
	uint8_t blanks = 0;

	if (id->len < host_len + 2 || id->len > SESSION_ID_MAX || id->p[host_len] != ';' ||
	    !str_equal_nocase(id->p, host_len, host, host_len)) {
		return false;
	}
	for (uint32_t i = 0; i < id->len && !graphic; i++) {
		blanks |= id->p[i] <= 0x20 || id->p[i] == 0x7f;
	}
	return !blanks;
}

static enum pol_screened check_session_id(struct pol_screening *s, const struct tsp_dar *dar, const struct pol_names *names,
					  struct dia_failed *why)
{
	const struct dia_bytes *id = &dar->head.session_id;
	struct dia_avp avp = { .code = DIA_CODE_SESSION_ID, .data = id->p, .data_len = id->len };

	if (session_id_good(id, names->peer_host)) {
		return POL_SCREENED_PASS;
	}
	avp.raw = id->p - DIA_AVP_HEADER_LEN; /* it is of no vendor */
	avp.raw_len = id->len + DIA_AVP_HEADER_LEN;
	(void)dia_failed_avp(why, DIA_RESULT_INVALID_AVP_VALUE, &avp, "Session-Id does not begin with the Origin-Host and ';'");
	return pol_screening_caught(s, SCREEN_SESSION_ID, why);
}

static enum pol_screened check_agents(struct pol_screening *s, const struct dia_msg *m, const struct tsp_dar *dar,
				      struct dia_failed *why)
{
	uint32_t code = dar->head.route_record_n ? DIA_CODE_ROUTE_RECORD : DIA_CODE_PROXY_INFO;
	struct dia_avp avp;

	if ((!dar->head.route_record_n && !dar->head.proxy_info_n) || !dia_msg_find(m, code, 0, &avp)) {
		return POL_SCREENED_PASS;
	}
	(void)dia_failed_avp(why, DIA_RESULT_AVP_NOT_ALLOWED, &avp, "%s of an SCS that does not come through agents",
			     code == DIA_CODE_ROUTE_RECORD ? "Route-Record" : "Proxy-Info");
	return pol_screening_caught(s, SCREEN_AGENTS, why);
}

/* Finds a group that stands too deep. Groups that the dictionary does not know are not looked
 * into. */
static bool deep_group(struct dia_win *w, unsigned depth, struct dia_avp *found)
{
	struct dia_failed ignored;
	struct dia_avp avp;

	while (dia_win_next(w, &avp, &ignored) == DIA_MORE) {
		const struct dia_avp_def *def = dia_avp_def_find(avp.code, avp.vendor);
		struct dia_win inside;

		if (!def || def->type != DIA_TYPE_GROUPED) {
			continue;
		}
		if (depth > GROUP_DEPTH_MAX) {
			*found = avp;
			return true;
		}
		if (dia_win_enter(&inside, w, &avp, &ignored) == 0 && deep_group(&inside, depth + 1, found)) {
			return true;
		}
	}
	return false;
}

/* The grammar itself bounds the depth of what it reads: only what it passes over, and Proxy-Info,
 * can be deep. */
static enum pol_screened check_nesting(struct pol_screening *s, const struct dia_msg *m, const struct tsp_dar *dar,
				       struct dia_failed *why)
{
	uint32_t passed_over = pol_row_bit(SCREEN_PLACES) | pol_row_bit(SCREEN_MULTIPLICITY) | pol_row_bit(SCREEN_UNKNOWN_AVPS);
	struct dia_avp avp;
	uint16_t left;
	struct dia_win w = dia_msg_win(m, &left);

	if ((!((s->caught | s->exempted) & passed_over) && !dar->head.proxy_info_n) || !deep_group(&w, 0, &avp)) {
		return POL_SCREENED_PASS;
	}
	(void)dia_failed_avp(why, DIA_RESULT_RESOURCES_EXCEEDED, &avp, "a group stands deeper than Tsp has groups");
	return pol_screening_caught(s, SCREEN_NESTING, why);
}

enum pol_screened pol_screening_form(struct pol_screening *s, const struct dia_msg *m, const struct tsp_dar *dar,
				     const struct pol_routing *r, const struct pol_names *names, struct dia_failed *why)
{
	enum pol_screened done = POL_SCREENED_PASS;

	if (m->hdr.flags & DIA_FLAG_RESERVED) {
		dia_failed_set(why, DIA_RESULT_INVALID_HDR_BITS, "reserved flags 0x%02x", m->hdr.flags & DIA_FLAG_RESERVED);
		done = pol_screening_caught(s, SCREEN_RESERVED_BITS, why);
	}
	if (!done) {
		done = check_session_id(s, dar, names, why);
	}
	if (!done) {
		done = check_agents(s, m, dar, why);
	}
	if (!done && r->oversize) {
		(void)dia_failed_avp(why, DIA_RESULT_INVALID_AVP_LENGTH, &r->large, "AVP %u of %u octets", r->large.code,
				     r->large.data_len);
		done = pol_screening_caught(s, SCREEN_SIZES, why);
	}
	return done ? done : check_nesting(s, m, dar, why);
}
