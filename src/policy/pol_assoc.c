/* pol_assoc.c - precedence. Each rule in force gets a rank; the lowest wins; equal ranks are a
 * tie that deny wins. */
#include "policy/pol_assoc.h"

/* Block, deny, allow: the order within a tie, and block above everything. */
static int verdict_rank(const struct assoc_rule *r)
{
	return r->verdict == ASSOC_BLOCK ? 0 : r->verdict == ASSOC_DENY ? 1 : 2;
}

static int by_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Returns a negative value if `a` is stronger. */
static int compare(const struct assoc_rule *a, const struct assoc_rule *b)
{
	int d = by_number(a->verdict != ASSOC_BLOCK, b->verdict != ASSOC_BLOCK);

	if (d == 0) {
		d = by_number(a->device_axis, b->device_axis);
	}
	if (d == 0 && a->device_axis == ASSOC_DEVICE_RANGE) {
		d = by_number(a->width, b->width);
	}
	if (d == 0) {
		d = by_number(a->who_axis, b->who_axis);
	}
	if (d == 0) {
		d = verdict_rank(a) - verdict_rank(b);
	}
	return d;
}

static bool in_force(const struct assoc_rule *r, uint8_t right, int64_t now_s)
{
	if (r->not_before_s && now_s < r->not_before_s) {
		return false;
	}
	if (r->not_after_s && now_s > r->not_after_s) {
		return false;
	}
	return r->verdict == ASSOC_BLOCK || (r->rights & right);
}

void pol_window_from(struct pol_window *w, int64_t s)
{
	if (s > w->from_s) {
		w->from_s = s;
	}
}

void pol_window_until(struct pol_window *w, int64_t s)
{
	if (s < w->until_s) {
		w->until_s = s;
	}
}

void pol_assoc_window(struct pol_window *w, const struct assoc_found *found, int64_t now_s)
{
	for (uint8_t i = 0; i < found->n && i < ASSOC_FOUND_MAX; i++) {
		const struct assoc_rule *r = &found->rules[i];

		if (r->not_before_s && now_s < r->not_before_s) {
			pol_window_until(w, r->not_before_s - 1);
		} else if (r->not_before_s) {
			pol_window_from(w, r->not_before_s);
		}
		if (r->not_after_s && now_s > r->not_after_s) {
			pol_window_from(w, r->not_after_s + 1);
		} else if (r->not_after_s) {
			pol_window_until(w, r->not_after_s);
		}
	}
}

/* Indexes of the rules in force, strongest first; the given order among equals. */
static uint8_t rank(uint8_t sorted[ASSOC_FOUND_MAX], const struct assoc_found *found, uint8_t right, int64_t now_s)
{
	uint8_t n = 0;

	for (uint8_t i = 0; i < found->n && i < ASSOC_FOUND_MAX; i++) {
		uint8_t at = n;

		if (!in_force(&found->rules[i], right, now_s)) {
			continue;
		}
		while (at > 0 && compare(&found->rules[i], &found->rules[sorted[at - 1]]) < 0) {
			sorted[at] = sorted[at - 1];
			at--;
		}
		sorted[at] = i;
		n++;
	}
	return n;
}

enum pol_reason pol_assoc_reason(const struct assoc_rule *r)
{
	/* any unknown verdict denies */
	return r->verdict == ASSOC_BLOCK ? POL_BLOCKED : POL_DENIED;
}

/* Detect-only rules are ranked as if enforced: those ahead of the winner would have replaced it. */
static void take_apart(struct pol_assoc *out, const struct assoc_found *found, const uint8_t *sorted, uint8_t n)
{
	for (uint8_t i = 0; i < n; i++) {
		const struct assoc_rule *r = &found->rules[sorted[i]];

		if (r->mode != ASSOC_DETECT) {
			if (out->winner < 0) {
				out->winner = sorted[i];
			} else {
				out->beaten[out->beaten_n++] = sorted[i];
			}
		} else if (out->winner < 0 && r->verdict != ASSOC_ALLOW) {
			out->detected[out->detected_n++] = sorted[i];
		}
	}
}

static void judge(struct pol_assoc *out, const struct assoc_found *found, uint8_t right, int64_t now_s, bool allow_without_rule)
{
	uint8_t sorted[ASSOC_FOUND_MAX];

	*out = (struct pol_assoc){ .reason = POL_TOO_MANY_RULES, .winner = -1 };
	if (found->overflow) {
		return;
	}
	take_apart(out, found, sorted, rank(sorted, found, right, now_s));
	if (out->winner < 0) {
		out->allow = allow_without_rule;
		out->reason = allow_without_rule ? POL_NONE : POL_NO_ASSOCIATION;
	} else {
		out->allow = found->rules[out->winner].verdict == ASSOC_ALLOW;
		out->reason = out->allow ? POL_NONE : pol_assoc_reason(&found->rules[out->winner]);
	}
	if (!out->allow) {
		out->detected_n = 0;
	}
}

void pol_assoc_judge(struct pol_assoc *out, const struct assoc_found *found, uint8_t right, int64_t now_s)
{
	judge(out, found, right, now_s, false);
}

void pol_assoc_judge_again(struct pol_assoc *out, const struct assoc_found *found, uint8_t right, int64_t now_s)
{
	judge(out, found, right, now_s, true);
}
