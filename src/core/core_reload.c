/* core_reload.c - another configuration while the core runs. Most of the core reads core.cfg when
 * it needs a value; here is what it has made of the one before. */
#include <stdio.h>
#include <string.h>

#include "base/report.h"
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

void core_names_late(struct core *c, uint64_t reloads)
{
	st_count_n(&c->st, ST_NAMES_LATE, reloads);
}

bool core_config_waits(const struct core *c)
{
	return c->config_on_disk;
}

#define MORE_MAX 64 /* octets of the line that says how many there are besides */

void core_waits_set(struct core *c, const char *lines, size_t len)
{
	static const char kind[] = REPORT_RESTART " ";
	size_t n = 0, kind_len = sizeof kind - 1;
	unsigned more = 0;

	for (const char *p = lines, *end = lines + len, *eol; p < end && (eol = memchr(p, '\n', (size_t)(end - p)));
	     p = eol + 1) {
		size_t octets = (size_t)(eol - p);

		if (octets <= kind_len || memcmp(p, kind, kind_len) != 0) {
			continue;
		}
		octets -= kind_len;
		if (more || n + octets + 1 > sizeof c->waits - MORE_MAX) {
			more++;
			continue;
		}
		memcpy(c->waits + n, p + kind_len, octets);
		n += octets;
		c->waits[n++] = '\n';
	}
	c->waits[n] = 0;
	if (more) {
		snprintf(c->waits + n, MORE_MAX, "and %u more: mtcctl reload --dry-run\n", more);
	}
}

void core_wait_each(const struct core *c, core_wait_fn *fn, void *arg)
{
	for (const char *p = c->waits, *eol; (eol = strchr(p, '\n')); p = eol + 1) {
		fn(arg, p, (size_t)(eol - p));
	}
}
