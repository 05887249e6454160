/* bench_assoc_load.c - look-ups while the store changes. The machine slows every process: it takes
 * the processor away, and its disk is slow. Rounds in which another process makes the same changes
 * to another store separate that effect from the store's own. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "assoc/asc_change.h"
#include "bench_assoc.h"

enum { SLOW_NS = 1000000, ELSEWHERE_DEVICES = 100000 };

/* -- changes, one after the other: the next when the one before is durable and in force */

struct changes {
	struct asc *store;
	uint64_t devices;
	bool outstanding;
	uint32_t made;
};

static void on_changed(void *arg, const struct asc_outcome *out)
{
	struct changes *c = arg;

	if (out->err) {
		die("change", &out->why);
	}
	c->outstanding = false;
	c->made++;
}

static void next_change(struct changes *c)
{
	char device[48], scs[16];
	struct asc_change change = {
		.op = ASC_RULE_ADD, .rule = { .who = scs, .device = device, .verdict = ASSOC_ALLOW, .rights = ASSOC_RIGHT_ALL }
	};
	struct asc_why why;
	uint64_t n = any(1000);

	scs_of(scs, n);
	if (c->made % 4 == 0) {
		snprintf(device, sizeof device, "*@domain-%llu.example", (unsigned long long)n);
	} else {
		device_of(device, any(c->devices));
	}
	if (asc_submit(c->store, &change, on_changed, c, &why)) {
		die("submit", &why);
	}
	c->outstanding = true;
}

static void wait_for_changes(struct changes *c)
{
	while (c->outstanding) {
		struct pollfd p = { .fd = asc_wake_fd(c->store), .events = POLLIN };

		(void)poll(&p, 1, 1000);
		asc_completions(c->store);
	}
}

/* -- elsewhere */

struct elsewhere {
	pid_t pid;
	int order, answer; /* 'g': go, 's': stop, and say how many were made */
};

static bool ordered(int fd, int wait_ms, char *order)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, wait_ms) != 1) {
		return false;
	}
	if (read(fd, order, 1) != 1) {
		*order = 0; /* the end */
	}
	return true;
}

static void serve(const char *dir, int order, int answer)
{
	struct asc_conf conf = { .map_max = (uint64_t)1 << 30 };
	struct changes c = { .devices = ELSEWHERE_DEVICES };
	char path[1200], what = 's';
	struct asc_why why;

	snprintf(path, sizeof path, "%s.elsewhere", dir);
	conf.dir = path;
	if (asc_open(&c.store, &conf, &why)) {
		die("open elsewhere", &why);
	}
	provision(c.store);
	for (;;) {
		while (!ordered(order, what == 'g' ? 0 : -1, &what)) {
			next_change(&c);
			wait_for_changes(&c);
		}
		if (!what) {
			break;
		}
		if (what == 's' && write(answer, &c.made, sizeof c.made) != sizeof c.made) {
			break;
		}
		c.made = 0;
	}
	asc_close(c.store);
}

struct elsewhere *elsewhere_start(const char *dir)
{
	struct elsewhere *e = calloc(1, sizeof *e);
	int order[2], answer[2];

	if (!e || pipe(order) || pipe(answer)) {
		die("elsewhere", NULL);
	}
	e->pid = fork();
	if (e->pid < 0) {
		die("fork", NULL);
	}
	if (e->pid == 0) {
		close(order[1]);
		close(answer[0]);
		serve(dir, order[0], answer[1]);
		exit(0);
	}
	close(order[0]);
	close(answer[1]);
	e->order = order[1];
	e->answer = answer[0];
	return e;
}

static uint32_t tell(struct elsewhere *e, char what)
{
	uint32_t made = 0;

	if (write(e->order, &what, 1) != 1 || (what == 's' && read(e->answer, &made, sizeof made) != sizeof made)) {
		die("elsewhere has ended", NULL);
	}
	return made;
}

void elsewhere_end(struct elsewhere *e)
{
	close(e->order);
	(void)waitpid(e->pid, NULL, 0);
	close(e->answer);
	free(e);
}

/* -- look-ups */

enum load { NONE, CHANGES, ELSEWHERE, LOADS };

struct slow { /* of those above SLOW_NS */
	uint32_t n, own, preempted, faulted;
	uint64_t max_ns, own_max_ns;
};

struct moment {
	uint64_t at_ns, own_ns;
	struct rusage used;
};

static void take(struct moment *m)
{
	getrusage(RUSAGE_THREAD, &m->used);
	m->own_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	m->at_ns = now_ns();
}

static uint32_t judge(struct slow *s, const struct moment *from, const struct moment *to)
{
	uint64_t ns = to->at_ns - from->at_ns, own_ns = to->own_ns - from->own_ns;

	if (ns > s->max_ns) {
		s->max_ns = ns;
	}
	if (own_ns > s->own_max_ns) {
		s->own_max_ns = own_ns;
	}
	if (ns > SLOW_NS) {
		s->n++;
		/* according to the kernel this thread had the processor */
		s->own += own_ns > SLOW_NS;
		s->preempted += to->used.ru_nivcsw != from->used.ru_nivcsw;
		s->faulted += to->used.ru_majflt != from->used.ru_majflt;
	}
	return ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static int by_value(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static void print(enum load load, uint32_t *took, int n, const struct slow *s, const struct slow *turn, uint32_t changes,
		  double seconds, long waits)
{
	static const char *const words[] = { "none", "here", "elsewhere" };

	qsort(took, (size_t)n, sizeof took[0], by_value);
	printf(
	    "{\"what\":\"under "
	    "load\",\"changes\":\"%s\",\"made\":%u,\"look_ups\":%d,\"seconds\":%.2f,\"p50_ns\":%u,\"p99_ns\":%u,"
	    "\"p9999_ns\":%u,\"max_ns\":%llu,\"own_max_ns\":%llu,\"over_1ms\":%u,\"over_1ms_own\":%u,\"over_1ms_preempted\":%u,"
	    "\"over_1ms_faulted\":%u,\"turn_max_ns\":%llu,\"turns_over_1ms\":%u,\"waits\":%ld}\n",
	    words[load], changes, n, seconds, took[n / 2], took[n / 100 * 99], took[n / 10000 * 9999],
	    (unsigned long long)s->max_ns, (unsigned long long)s->own_max_ns, s->n, s->own, s->preempted, s->faulted,
	    (unsigned long long)turn->max_ns, turn->n, waits);
	fflush(stdout);
}

/* One turn is the owner's work between two requests: durable changes come into force, then one
 * look-up. */
static void look_ups(struct asc *store, uint64_t devices, struct elsewhere *other, enum load load)
{
	enum { N = 400000 };
	static uint32_t took[N];
	static struct assoc_found f;
	struct changes c = { .store = store, .devices = devices };
	struct slow slow = { 0 }, turn = { 0 };
	struct moment begin, middle, end, first, last;
	uint32_t made;

	if (load == ELSEWHERE) {
		(void)tell(other, 'g');
	}
	take(&first);
	for (int i = 0; i < N; i++) {
		char device[48], scs[16];
		struct asc_device d = { device, NULL };
		uint64_t n = any(devices);

		device_of(device, n);
		scs_of(scs, n);
		if (load == CHANGES && !c.outstanding) {
			next_change(&c);
		}
		take(&begin);
		asc_completions(store);
		take(&middle);
		if (asc_find_rules(store, &(struct asc_asker){ .scs = scs }, &d, &f)) {
			die("look-up", NULL);
		}
		take(&end);
		took[i] = judge(&slow, &middle, &end);
		(void)judge(&turn, &begin, &end);
	}
	take(&last);
	made = load == ELSEWHERE ? tell(other, 's') : c.made;
	wait_for_changes(&c);
	print(load, took, N, &slow, &turn, made, (double)(last.at_ns - first.at_ns) / 1e9,
	      last.used.ru_nvcsw - first.used.ru_nvcsw);
}

void look_ups_under_load(struct asc *store, uint64_t devices, struct elsewhere *other, int round)
{
	for (int i = 0; i < LOADS; i++) {
		look_ups(store, devices, other, (enum load)((round + i) % LOADS));
	}
}
