/* few.c - see few.h. */
#include "base/few.h"

static bool is_over(const struct few *f, uint64_t span_ms, uint64_t now_ms)
{
	return now_ms - f->since_ms >= span_ms; /* also when the clock was set back */
}

uint32_t few_rest(struct few *f, uint64_t span_ms, uint64_t now_ms)
{
	uint32_t rest = f->left_out;

	if (!rest || !is_over(f, span_ms, now_ms)) {
		return 0;
	}
	*f = (struct few){ .said = 0 };
	return rest;
}

bool few_say(struct few *f, uint32_t max, uint64_t span_ms, uint64_t now_ms)
{
	if (f->said && !f->left_out && is_over(f, span_ms, now_ms)) {
		f->said = 0;
	}
	if (!f->said) {
		f->since_ms = now_ms;
	}
	if (f->said < max) {
		f->said++;
		return true;
	}
	f->left_out += f->left_out < UINT32_MAX;
	return false;
}
