/* ctl_refusals.c - see ctl_refusals.h. */
#include "ctl/ctl_refusals.h"

bool ctl_refusals_take(struct ctl_refusals *r, uint64_t now_ms, uint64_t *left_out)
{
	if (now_ms >= r->end_ms) {
		r->end_ms = now_ms + CTL_REFUSALS_MS;
		r->logged = 0;
	}
	if (r->logged == CTL_REFUSALS_LOGGED) {
		r->left_out++;
		return false;
	}
	r->logged++;
	*left_out = r->left_out;
	r->left_out = 0;
	return true;
}
