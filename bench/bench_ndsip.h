/* bench_ndsip.h - the two sides of the bench of the NDS/IP helper: the helper, and everything around
 * it, which is another process, so that processor time is the helper's alone. */
#pragma once

#define BENCH_NDSIP_ANCHOR "anchor-a"
#define BENCH_NDSIP_FILES 1u            /* the set of files that the helper has */
#define BENCH_NDSIP_ADDRESS "10.77.1.1" /* ours, protected */
#define BENCH_NDSIP_PORT 3868u

struct bench_ndsip_options {
	unsigned scs, connections, events;
	const char *vici, *certificate, *anchor; /* of a real charon; NULL: the other side is one */
};

struct bench_ndsip_ends { /* of one side; charon -1: it is a real one */
	int core, edge, charon, ask;
};

/* What the helper has used so far: the answer to any octet on `ask`. */
struct bench_ndsip_usage {
	double cpu_us;
	long memory_kib;
};

/* Ends the program: something went wrong. With errno other than 0 its words, too. */
_Noreturn void bench_ndsip_die(const char *what);

/* The core, the edge, and charon unless it is a real one: loads the SCSs, tells the events, prints what
 * was measured. */
void bench_ndsip_others(const struct bench_ndsip_ends *ends, const struct bench_ndsip_options *o);
