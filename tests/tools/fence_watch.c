/* fence_watch.c - watches the rules of NDS/IP of a configuration as the product does, and says each
 * change of the verdict at once: {"state": "missing", "why": "...", "looks": 2}.
 * usage: fence_watch CONFIG [COUNT]; with COUNT it makes so many checks without a pause, says how
 * long one took, once for checks alone and once when each of them reads the table, and ends. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "conf/cfg_iwf.h"
#include "fence/fence_conf.h"
#include "fence/fence_guard.h"

#define CHECK_MS 1000

static void say(const struct fence_guard *g, const struct fence_verdict *v)
{
	printf("{\"state\": \"%s\", \"looks\": %llu, \"why\": \"", fence_state_word(v->state),
	       (unsigned long long)fence_guard_looks(g));
	for (const char *p = v->why; *p; p++) {
		printf(*p == '"' ? "\\%c" : "%c", *p);
	}
	puts("\"}");
	fflush(stdout);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Each check is `step_ms` after the one before, as the guard sees it. */
static double measure(struct fence_guard *g, unsigned count, uint64_t step_ms)
{
	double begun = now_us();

	for (unsigned i = 0; i < count; i++) {
		if (fence_guard_check(g, (i + 2) * step_ms)->state != FENCE_STANDS) {
			fputs("fence_watch: the rules do not stand\n", stderr);
			exit(1);
		}
	}
	return (now_us() - begun) / count;
}

static void watch(struct fence_guard *g)
{
	struct pollfd ready = { .fd = fence_guard_fd(g), .events = POLLIN };
	struct fence_verdict last = { .state = FENCE_STANDS + 1 };

	for (;;) {
		const struct fence_verdict *v = fence_guard_check(g, clock_mono_ms());

		if (v->state != last.state || strcmp(v->why, last.why) != 0) {
			last = *v;
			say(g, v);
		}
		poll(&ready, 1, CHECK_MS);
	}
}

int main(int argc, char **argv)
{
	char why[FENCE_WHY_MAX + CFG_WHY_MAX] = "out of memory";
	struct cfg_iwf *c = NULL;
	struct fence_conf planned;
	struct fence_guard *g;
	unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;

	if (argc < 2 || cfg_iwf_load(&c, argv[1], why) || fence_conf_plan(&planned, c, why) ||
	    fence_guard_open(&g, &planned.plan, why)) {
		fprintf(stderr, "fence_watch: %s\n", argc < 2 ? "usage: fence_watch CONFIG [COUNT]" : why);
		return 1;
	}
	if (count) {
		printf("{\"check_us\": %.1f, \"look_us\": %.1f}\n", measure(g, count, 0), measure(g, count, FENCE_LOOK_MS));
		fence_guard_close(g);
		cfg_iwf_free(c);
		return 0;
	}
	watch(g);
}
