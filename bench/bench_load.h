/* bench_load.h - what the parts of bench_load share: its options, and the run. */
#pragma once
#include "bench/bench_hist.h"
#include "bench/bench_scs.h"

#define BENCH_SCS_MAX 64

struct bench_options {
	struct bench_gateway gateway;
	struct bench_devices devices;
	const char *scs[BENCH_SCS_MAX];
	size_t scs_n;
	uint32_t connections;       /* of each SCS */
	uint32_t window;            /* triggers without an answer, of all connections together */
	uint32_t pending;           /* triggers that are not over */
	uint32_t rate;              /* triggers a second; 0: as fast as the window lets */
	uint64_t count, seconds_us; /* the run sends until either is reached */
	uint32_t payload_len;       /* octets */
	uint32_t reference;         /* of the first trigger */
	uint64_t stride;            /* from the device of one trigger to that of the next */
	/* first: nothing but the first success counts, connections come back */
	bool until_report, first;
};

/* 0; 2 after words on standard error. */
int bench_options_read(struct bench_options *o, int argc, char **argv);
uint64_t bench_now_us(void);
uint64_t bench_cpu_us(void); /* processor time of this process */

#define BENCH_STATUS_MAX 32
struct bench_result {
	struct bench_status {
		char name[24];
		uint64_t n;
	} status[BENCH_STATUS_MAX];
	size_t status_n;
	size_t octets; /* of one request */
	/* done: answered, and reported if the run waits for that */
	uint64_t sent, answered, reports, done;
	/* when the first success came; the longest wait for an answer */
	uint64_t success_us, longest_us;
	/* opened: time from the first connect until all were open */
	uint64_t first_us, last_us, opened_us;
	/* processor time when the first was sent; at the end, the time since then */
	uint64_t cpu_us;
	struct bench_hist latency, report_latency;
};

void bench_result_status(struct bench_result *r, const char *name);
void bench_result_print(const struct bench_result *r, size_t connections);
