/* core_storm.c - see core_storm.h. */
#include "core/core_storm.h"

#include "base/shown.h"
#include "core/core_int.h"
#include "core/core_limits.h"

bool core_storm_too_often(struct core *c, const struct asc_scs *scs)
{
	uint32_t rate = c->cfg->limits.connection_rate_per_scs, burst = core_connections_max(c, scs);
	struct core_scs *live = core_scs_get(c, scs->name);

	return live && !pol_rate_take(&live->begins, rate, burst > rate ? burst : rate, net_loop_now_ms(c->loop));
}

bool core_storm_may_log(struct core *c, const struct asc_scs *scs)
{
	struct core_scs *live = core_scs_get(c, scs->name);
	uint64_t now_ms = net_loop_now_ms(c->loop);
	uint32_t rest = live ? few_rest(&live->begins_lines, 1000, now_ms) : 0;
	char more[SHOWN_COUNT_MAX];

	if (rest) {
		log_warn(c->log, "core", "SCS %s: %s refused for limits.connection_rate_per_scs", scs->name,
			 shown_count(more, rest, "more connection"));
	}
	return !live || few_say(&live->begins_lines, 1, 1000, now_ms);
}
