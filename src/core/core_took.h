/* core_took.h - how long the stages of a trigger take in the core: the histograms of stats/. One
 * reading of the clock ends a stage and begins the next one. */
#pragma once
#include <stdint.h>

struct core;
struct core_trigger;
struct trg_event;

/* The request that came at came_ns (clock_mono_ns()) was judged, and its procedure begins. `t`
 * NULL: it was refused. */
void core_took_decision(struct core *c, struct core_trigger *t, uint64_t came_ns);
/* Called before the step: the event may end a stage. A trigger that the journal brought back has
 * begun none, so its first end is not counted. */
void core_took_stage(struct core_trigger *t, const struct trg_event *ev);
/* Its first report leaves. */
void core_took_report(const struct core_trigger *t);
