/* bench_load_options.c - the command line of bench_load, and what it prints. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "bench/bench_load.h"

#define FIRST_RATE 100u

static const char usage[] =
    "usage: bench_load --connect A:P --iwf-host H --iwf-realm R [--ca FILE] --scs HOST,REALM,E164[,CERTIFICATE,KEY] ... [OPTION "
    "...]\n"
    "Application servers that send triggers, for the bench. The last line of the output is one JSON object.\n"
    "  --scs WORDS         one SCS; up to 64 times. Without certificate and key: plain TCP\n"
    "  --connections N     connections of each SCS (1)\n"
    "  --window N          triggers outstanding, over all connections (64)\n"
    "  --pending N         triggers that are not over, with --until report: those that wait for their report are no part of "
    "--window\n"
    "  --rate N            N triggers a second, whether or not those before are answered, up to the window; the latency of each "
    "counts from\n"
    "                      the moment at which it was due (0: the next one follows an answer)\n"
    "  --count N           send so many (10000000)\n"
    "  --seconds S         send for so long (3600)\n"
    "  --until WORD        answer: a trigger is over with its DAA; report: with the delivery report behind it, which is "
    "acknowledged (answer)\n"
    "  --device PATTERN    {} stands for the number (meter-{}@a.example)\n"
    "  --devices A-B       numbers in turn, written with the same count of digits (000001-010000)\n"
    "  --stride N          from the device of one trigger to that of the next (1); without a common factor with their count each "
    "comes once\n"
    "  --payload N         octets (40)\n"
    "  --reference N       Reference-Number of the first one (of the clock)\n"
    "  --first             tries to connect until somebody listens, sends a trigger every 10 ms, and ends with the first "
    "success\n";

uint64_t bench_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t bench_cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* Numbers of one run are free for every later one: 125,000 a second are passed, for nine hours. */
static uint32_t reference_of_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint32_t)(((uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u) / 8);
}

static int read_devices(struct bench_devices *d, const char *text)
{
	char first[24];
	const char *dash = strchr(text, '-');

	if (!dash || str_copy(first, sizeof first, text, (size_t)(dash - text)) ||
	    str_parse_u64(&d->first, first, 0, UINT64_MAX) || str_parse_u64(&d->last, dash + 1, d->first, UINT64_MAX) ||
	    strlen(first) != strlen(dash + 1)) {
		return ERR_INVAL;
	}
	d->digits = strlen(first);
	return 0;
}

static int read_connect(struct bench_gateway *g, const char *text)
{
	const char *colon = strrchr(text, ':');
	uint32_t port;

	if (!colon || str_copy(g->address, sizeof g->address, text, (size_t)(colon - text)) ||
	    str_parse_u32(&port, colon + 1, 1, 65535)) {
		return ERR_INVAL;
	}
	g->port = (uint16_t)port;
	return 0;
}

static int read_one(struct bench_options *o, int c, const char *value)
{
	uint32_t seconds;
	int err = 0;

	switch (c) {
	case 'c':
		return read_connect(&o->gateway, value);
	case 'h':
		o->gateway.host = value;
		return 0;
	case 'r':
		o->gateway.realm = value;
		return 0;
	case 'a':
		o->gateway.ca = value;
		return 0;
	case 's':
		if (o->scs_n == BENCH_SCS_MAX) {
			return ERR_LIMIT;
		}
		o->scs[o->scs_n++] = value;
		return 0;
	case 'C':
		return str_parse_u32(&o->connections, value, 1, 10000);
	case 'w':
		return str_parse_u32(&o->window, value, 1, 1000000);
	case 'R':
		return str_parse_u32(&o->rate, value, 1, 1000000);
	case 'n':
		return str_parse_u64(&o->count, value, 1, 4000000000u);
	case 'S':
		err = str_parse_u32(&seconds, value, 1, 86400);
		o->seconds_us = err ? 0 : (uint64_t)seconds * 1000000u;
		return err;
	case 'u':
		o->until_report = strcmp(value, "report") == 0;
		return o->until_report || strcmp(value, "answer") == 0 ? 0 : ERR_INVAL;
	case 'd':
		o->devices.pattern = value;
		return 0;
	case 'D':
		return read_devices(&o->devices, value);
	case 'p':
		return str_parse_u32(&o->payload_len, value, 1, 512);
	case 'P':
		return str_parse_u32(&o->pending, value, 1, 4000000);
	case 't':
		return str_parse_u64(&o->stride, value, 1, UINT32_MAX);
	case '1':
		o->first = true;
		return 0;
	case 'f':
		return str_parse_u32(&o->reference, value, 0, UINT32_MAX);
	default:
		return ERR_INVAL;
	}
}

int bench_options_read(struct bench_options *o, int argc, char **argv)
{
	static const struct option rows[] = {
		{ "connect", required_argument, NULL, 'c' },
		{ "iwf-host", required_argument, NULL, 'h' },
		{ "iwf-realm", required_argument, NULL, 'r' },
		{ "ca", required_argument, NULL, 'a' },
		{ "scs", required_argument, NULL, 's' },
		{ "connections", required_argument, NULL, 'C' },
		{ "window", required_argument, NULL, 'w' },
		{ "rate", required_argument, NULL, 'R' },
		{ "count", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 'S' },
		{ "until", required_argument, NULL, 'u' },
		{ "device", required_argument, NULL, 'd' },
		{ "devices", required_argument, NULL, 'D' },
		{ "payload", required_argument, NULL, 'p' },
		{ "reference", required_argument, NULL, 'f' },
		{ "pending", required_argument, NULL, 'P' },
		{ "stride", required_argument, NULL, 't' },
		{ "first", no_argument, NULL, '1' },
		{ NULL, 0, NULL, 0 },
	};
	int c, err = 0;

	*o = (struct bench_options){ .devices = { .pattern = "meter-{}@a.example", .first = 1, .last = 10000, .digits = 6 },
				     .connections = 1,
				     .stride = 1,
				     .window = 64,
				     .count = 10000000,
				     .seconds_us = 3600000000u,
				     .payload_len = 40,
				     .reference = reference_of_clock() };
	while (!err && (c = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		err = read_one(o, c, optarg);
		if (err && c != '?') {
			fprintf(stderr, "bench_load: '%s' is no value of that option\n", optarg);
		}
	}
	if (err || optind != argc || !o->gateway.port || !o->gateway.host || !o->gateway.realm || !o->scs_n) {
		fputs(usage, stderr);
		return 2;
	}
	if (!o->pending || !o->until_report) {
		o->pending = o->window;
	}
	if (o->first) {
		o->window = o->pending = 1;
		o->rate = FIRST_RATE;
	}
	return 0;
}

void bench_result_status(struct bench_result *r, const char *name)
{
	size_t i = 0;

	while (i < r->status_n && strcmp(r->status[i].name, name) != 0) {
		i++;
	}
	if (i == r->status_n) {
		if (r->status_n == BENCH_STATUS_MAX) {
			i--; /* the last row counts whatever else there is */
		} else {
			str_cut(r->status[i].name, sizeof r->status[i].name, name);
			r->status_n++;
		}
	}
	r->status[i].n++;
}

static void print_latency(const char *name, const struct bench_hist *h)
{
	printf(",\"%s\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%" PRIu64 "}", name, bench_hist_at(h, 0.5),
	       bench_hist_at(h, 0.99), bench_hist_at(h, 0.999), h->max_us);
}

void bench_result_print(const struct bench_result *r, size_t connections)
{
	double seconds = (double)(r->last_us - r->first_us) / 1e6;

	printf("{\"event\":\"result\",\"octets\":%zu,\"connections\":%zu,\"open_ms\":%.3f,\"sent\":%" PRIu64
	       ",\"answered\":%" PRIu64 ",\"reports\":%" PRIu64 ",\"done\":%" PRIu64
	       ",\"seconds\":%.6f,\"per_second\":%.1f,\"cpu_us\":%" PRIu64 ",\"by_status\":{",
	       r->octets, connections, (double)r->opened_us / 1e3, r->sent, r->answered, r->reports, r->done, seconds,
	       seconds > 0 ? (double)r->done / seconds : 0.0, r->cpu_us);
	for (size_t i = 0; i < r->status_n; i++) {
		printf("%s\"%s\":%" PRIu64, i ? "," : "", r->status[i].name, r->status[i].n);
	}
	printf("},\"success_us\":%" PRIu64 ",\"longest_us\":%" PRIu64 ",\"first_us\":%" PRIu64 ",\"last_us\":%" PRIu64,
	       r->success_us, r->longest_us, r->first_us, r->last_us);
	print_latency("latency_us", &r->latency);
	if (r->report_latency.n) {
		print_latency("report_latency_us", &r->report_latency);
	}
	fputs("}\n", stdout);
}
