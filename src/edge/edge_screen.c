/* edge_screen.c - the rules of the screening rows in an edge, and the counts of what they
 * caught. */
#include "edge/edge_screen.h"

#include <inttypes.h>

_Static_assert((int)ST_EDGE_SCREEN_DROPPED - (int)ST_EDGE_SCREEN_IDENTITY == (int)SCREEN_ROWS_N,
	       "a counter for each row, in their order");

void edge_screen_init(struct edge_screen *x, struct edge_env *env, struct edge_ring *ring)
{
	obj_begin(&x->obj, EDGE_SCREEN_MAGIC);
	x->env = env;
	x->ring = ring;
	x->version = 1;
	screen_rules_preset(&x->rules);
}

void edge_screen_on_rule(struct edge_screen *x, const struct ipc_screen_rule *r)
{
	char now[SCREEN_RULE_TEXT_MAX], before[SCREEN_RULE_TEXT_MAX];

	OBJ_CHECK(x, EDGE_SCREEN_MAGIC);
	if (screen_rule_equal(&x->rules.row[r->row], &r->rule)) {
		return;
	}
	log_info(x->env->log, "edge", "screening row '%s': %s; it was %s", screen_row_name(r->row),
		 screen_rule_text(now, &r->rule), screen_rule_text(before, &x->rules.row[r->row]));
	x->rules.row[r->row] = r->rule;
	x->version += x->version == UINT32_MAX ? 2 : 1;
}

void edge_screen_begin(struct edge_screen *x, struct edge_session *s, struct pol_screening *out)
{
	OBJ_CHECK(x, EDGE_SCREEN_MAGIC);
	if (s->exempt_version != x->version) {
		s->exempt = pol_screening_exempt(&x->rules, s->scs);
		s->exempt_version = x->version;
	}
	*out = (struct pol_screening){ .rules = &x->rules, .exempt = s->exempt };
}

static void tell(struct edge_screen *x, const struct edge_session *s, uint32_t end_to_end, uint32_t rows)
{
	struct ipc_screen_seen seen = { end_to_end, rows };
	struct edge_ring *ring = x->ring;

	if (edge_ring_up(ring) &&
	    edge_ring_send_within(ring, ipc_screen_seen_put(ring->record, x->env->generation, s->number, &seen),
				  EDGE_REQUESTS_WAIT_MAX)) {
		log_warn(x->env->log, "edge", "session %" PRIu64 " of %s: what screening rows detected did not reach the core",
			 s->number, s->host);
	}
}

void edge_screen_end(struct edge_screen *x, const struct edge_session *s, const struct dia_hdr *request,
		     const struct pol_screening *screened)
{
	struct st_counters *st = &x->env->st;

	if (!(screened->caught | screened->exempted)) {
		return;
	}
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		st_count_n(st, (enum st_counter)(ST_EDGE_SCREEN_IDENTITY + i), screened->caught >> i & 1);
	}
	if (screened->exempted) {
		st_count(st, ST_EDGE_SCREEN_EXEMPTED);
	}
	if (screened->detected) {
		st_count(st, ST_EDGE_SCREEN_DETECTED);
		tell(x, s, request->end_to_end, screened->detected);
	}
}
