/* core_reload.c - another configuration while the core runs. Most of the core reads core.cfg when
 * it needs a value; here is what it has made of the one before. */
#include <stdio.h>

#include "core/core_int.h"

/* An edge may serve each listener of its zone from now on; it gets them after the core has answered
 * (daemon/dm_reload.c). */
static void give_listeners(struct core *c)
{
	struct core_edge *e;

	TAILQ_FOREACH (e, &c->edges.list, entry) {
		for (size_t i = 0; i < c->cfg->listen_n; i++) {
			if (c->cfg->listen[i].zone == (int)e->who.zone) {
				e->who.listeners |= UINT32_C(1) << i;
			}
		}
	}
}

void core_reconfigure(struct core *c, struct tls_ctx *const peer_tls[CFG_PEERS_MAX])
{
	OBJ_CHECK(c, CORE_MAGIC);
	c->triggers.conf.retry_min_ms = c->cfg->dnr.retry_min_ms;
	c->triggers.conf.retry_max_ms = c->cfg->dnr.retry_max_ms;
	give_listeners(c);
	if (core_peers_renew(c, peer_tls)) {
		log_error(c->log, "core", "no memory for a peer that was added; the next reload tries again");
	}
	core_screen_reload(c);
	core_sessions_permitted(c);
	core_sessions_renew(c, NULL);
}

void core_config_disk(struct core *c, bool other)
{
	c->config_on_disk = other;
}

bool core_config_waits(const struct core *c)
{
	return c->config_on_disk;
}
