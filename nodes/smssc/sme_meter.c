/* sme_meter.c - tokens, and the long messages that have had theirs. When more long messages are
 * under way than are remembered, the oldest is forgotten: its next part costs a token again. */
#include "nodes/smssc/sme_meter.h"

#include <stddef.h>

enum { TOKEN = 1000 };

void sme_meter_init(struct sme_meter *m, uint32_t rate, uint32_t burst, uint64_t now_ms)
{
	*m = (struct sme_meter){ .rate = rate, .burst = burst ? burst : 1, .at_ms = now_ms };
	m->thousandths = (uint64_t)m->burst * TOKEN;
}

static void fill(struct sme_meter *m, uint64_t now_ms)
{
	uint64_t passed = now_ms > m->at_ms ? now_ms - m->at_ms : 0, full = (uint64_t)m->burst * TOKEN;

	m->at_ms = now_ms;
	/* a rate of n messages a second is n thousandths of a token a millisecond */
	m->thousandths = passed >= full ? full : m->thousandths + passed * m->rate;
	m->thousandths = m->thousandths < full ? m->thousandths : full;
}

static bool take_token(struct sme_meter *m, uint64_t now_ms)
{
	if (!m->rate) {
		return true;
	}
	fill(m, now_ms);
	if (m->thousandths < TOKEN) {
		return false;
	}
	m->thousandths -= TOKEN;
	return true;
}

/* Its place, or the one to take for it. */
static struct sme_meter_long *place_of(struct sme_meter *m, uint64_t key, uint64_t now_ms)
{
	struct sme_meter_long *oldest = &m->longs[0];

	for (size_t i = 0; i < SME_METER_LONG_MAX; i++) {
		struct sme_meter_long *l = &m->longs[i];

		if (l->key && now_ms - l->since_ms >= SME_METER_LONG_MS) {
			l->key = 0;
		}
		if (l->key == key) {
			return l;
		}
		if (!l->key || (oldest->key && l->since_ms < oldest->since_ms)) {
			oldest = l;
		}
	}
	return oldest;
}

bool sme_meter_take(struct sme_meter *m, uint64_t key, uint32_t parts, uint64_t now_ms)
{
	struct sme_meter_long *l;

	if (!key || parts < 2) {
		return take_token(m, now_ms);
	}
	l = place_of(m, key, now_ms);
	if (l->key == key && l->left) {
		l->left--;
		return true;
	}
	if (!take_token(m, now_ms)) {
		return false;
	}
	*l = (struct sme_meter_long){ key, now_ms, parts - 1 };
	return true;
}
