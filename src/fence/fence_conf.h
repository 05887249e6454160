/* fence_conf.h - the plan that a configuration describes: every listener with protection ndsip or
 * tls+ndsip, and every peer with protection ndsip. */
#pragma once
#include "conf/cfg_iwf.h"
#include "fence/fence_plan.h"

struct fence_conf { /* the plan borrows from the rest, and from the configuration */
	struct fence_plan plan;
	struct fence_selector selector[FENCE_SELECTORS_MAX];
	struct sa_address host[FENCE_HOSTS_MAX]; /* of peers */
	size_t hosts_n;
};

/* ERR_NOTFOUND: no listener and no peer has that protection. ERR_INVAL with words: rules cannot
 * be made of it. */
ERR_MUST_USE int fence_conf_plan(struct fence_conf *out, const struct cfg_iwf *c, char why[FENCE_WHY_MAX]);
