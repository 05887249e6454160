/* core_time.c - the core's timeline: reads its file in the state directory, and writes it. */
#include "core/core_time.h"

#include <stdio.h>

#include "core/core_int.h"

#define PATH_SIZE (CFG_PATH_MAX + sizeof "/" TIMELINE_FILE)

static const char *path_of(char path[PATH_SIZE], const struct core *c)
{
	snprintf(path, PATH_SIZE, "%s/" TIMELINE_FILE, c->cfg->state_dir);
	return path;
}

void core_time_init(struct core *c)
{
	char path[PATH_SIZE], why[TIMELINE_WHY_MAX];

	if (timeline_open(&c->time.line, path_of(path, c), why)) {
		log_warn(c->log, "core", "%s", why);
	}
}

void core_time_keep(struct core *c)
{
	char path[PATH_SIZE], why[TIMELINE_WHY_MAX];

	if (c->time.line.unwritten && timeline_keep(&c->time.line, path_of(path, c), why)) {
		log_warn(c->log, "core", "%s", why);
	}
}

void core_time_fini(struct core *c)
{
	if (!c->time.line.kept.last_ms) {
		return;
	}
	c->time.line.unwritten = true;
	core_time_keep(c);
}

uint64_t core_now_ms(const struct core *c)
{
	/* read once a turn: a trigger asks nine times */
	return timeline_at(&c->time.line, net_loop_boot_ms(c->loop));
}

void core_timeline(const struct core *c, struct timeline_kept *out)
{
	*out = c->time.line.kept;
	out->last_ms = core_now_ms(c);
}

uint64_t core_wall_ms(const struct core *c, uint64_t at_ms)
{
	return timeline_to_wall(&c->time.line, at_ms);
}
