/* bench_journal.c - the journal without the rest of the gateway, for measuring: `ops` keeps a number of new records waiting for their
 * commit and prints rate and latency; `fill` writes a journal of triggers that the SMS-SC has accepted, an hour ago or, with --young, just
 * now and with their intents; `restore` starts a core on it and prints how long that took until it takes requests (`ms`), until all is taken
 * up (`whole_ms`), and the memory it holds then; `replay` reads a journal
 * of equal records alone. JSON lines. */
#include <dirent.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "apps/tsp.h"
#include "base/clock.h"
#include "base/stdfd.h"
#include "conf/cfg_iwf.h"
#include "core/core.h"
#include "core/core_view.h"
#include "journal/jrn.h"
#include "net/net_loop.h"
#include "trigger/trg.h"

#define RECORD_LEN 300 /* about what the intent of a trigger with 40 octets has */
#define SCS_N 100

struct options {
	const char *what, *dir, *scs;
	uint32_t count, outstanding, window_ms, seconds, octets;
	bool young;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "bench_journal: %s: %s\n", what, why);
	return 1;
}

static int open_journal(struct jrn **out, const struct options *o, bool threaded)
{
	struct jrn_conf conf = { .dir = o->dir,
				 .size_max = UINT64_C(8) << 30,
				 .pending_max = 1u << 20,
				 .batch_window_ms = o->window_ms,
				 .threaded = threaded };
	struct jrn_why why;
	int err = jrn_open(out, &conf, &why);

	return err ? fail(o->dir, why.text) : 0;
}

/* -- ops */

struct ops {
	struct jrn *j;
	uint64_t *begun_us; /* of an operation that waits, by number modulo */
	uint32_t *took_us;  /* of each that is done */
	size_t slots, done, room;
	bool ending;
};

static void one_more(struct ops *s);

static void on_done(void *arg, uint64_t number, int err)
{
	struct ops *s = arg;

	if (err) {
		exit(fail("commit", err_str(err)));
	}
	if (s->done < s->room) {
		s->took_us[s->done] = (uint32_t)(now_us() - s->begun_us[number % s->slots]);
	}
	s->done++;
	if (jrn_del(s->j, number)) {
		exit(fail("delete", "no memory"));
	}
	if (!s->ending) {
		one_more(s);
	}
}

static void one_more(struct ops *s)
{
	static uint8_t record[RECORD_LEN] = { 1 };
	uint64_t number = jrn_next(s->j);
	int err = jrn_add(s->j, number, record, sizeof record, on_done, s);

	if (err) {
		exit(fail("add", err_str(err)));
	}
	s->begun_us[number % s->slots] = now_us();
}

/* CPU time of all threads but this one, us. */
static double threads_cpu_us(void)
{
	DIR *d = opendir("/proc/self/task");
	const struct dirent *e;
	double sum = 0;

	while (d && (e = readdir(d))) {
		unsigned long long ns = 0;
		char path[300];
		FILE *f;

		if (e->d_name[0] == '.' || atoi(e->d_name) == (int)getpid()) {
			continue;
		}
		snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", e->d_name);
		f = fopen(path, "r");
		if (f) {
			sum += fscanf(f, "%llu", &ns) == 1 ? (double)ns / 1000.0 : 0;
			fclose(f);
		}
	}
	if (d) {
		closedir(d);
	}
	return sum;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int ops(const struct options *o)
{
	struct ops s = { .slots = 4u * o->outstanding, .room = 4u << 20 };
	uint64_t began_us, took_us;
	size_t n;

	if (open_journal(&s.j, o, true)) {
		return 1;
	}
	s.begun_us = calloc(s.slots, sizeof *s.begun_us);
	s.took_us = calloc(s.room, sizeof *s.took_us);
	if (!s.begun_us || !s.took_us) {
		return fail("ops", "no memory");
	}
	began_us = now_us();
	for (uint32_t i = 0; i < o->outstanding; i++) {
		one_more(&s);
	}
	while (jrn_pending(s.j)) {
		struct pollfd wake = { .fd = jrn_wake_fd(s.j), .events = POLLIN };

		jrn_submit(s.j);
		(void)poll(&wake, 1, -1);
		s.ending = now_us() - began_us >= 1000000ull * o->seconds;
		jrn_complete(s.j);
	}
	took_us = now_us() - began_us;
	n = s.done < s.room ? s.done : s.room;
	qsort(s.took_us, n, sizeof *s.took_us, by_size);
	printf("{\"event\":\"ops\",\"operations\":%zu,\"per_second\":%.1f,\"p50_us\":%u,\"p99_us\":%u,\"commits\":%" PRIu64
	       ",\"thread_cpu_us\":%.2f}\n",
	       s.done, (double)s.done * 1e6 / (double)took_us, s.took_us[n / 2], s.took_us[n - n / 100 - 1],
	       jrn_counts(s.j).commits, threads_cpu_us() / (double)s.done);
	jrn_close(s.j);
	free(s.begun_us);
	free(s.took_us);
	return 0;
}

/* -- fill: the machine itself makes the records */

static int yes(void *arg, struct trg *t)
{
	(void)arg;
	(void)t;
	return 0;
}

static int judge(void *arg, struct trg *t, struct trg_refusal *out)
{
	(void)arg;
	(void)t;
	(void)out;
	return 0;
}

static void note(void *arg, struct trg *t)
{
	uint8_t record[TRG_RECORD_MAX];
	struct buf b = buf_over(record, sizeof record);

	trg_record_build(&b, t);
	if (b.full || (t->answered ? jrn_put : jrn_add)(arg, t->number, record, b.len, NULL, NULL)) {
		exit(fail("fill", "the journal does not take it"));
	}
}

static int keep(void *arg, struct trg *t)
{
	note(arg, t);
	return 0;
}

static int send_it(void *arg, struct trg *t, bool again)
{
	(void)again;
	return yes(arg, t);
}

static void answer(void *arg, struct trg *t, const struct trg_answer *a)
{
	(void)arg;
	(void)t;
	(void)a;
}

static void arm(void *arg, struct trg *t, uint64_t at_ms)
{
	(void)arg;
	(void)t;
	(void)at_ms;
}

static uint32_t end_to_end(void *arg)
{
	static uint32_t next;

	(void)arg;
	return ++next;
}

#define PORTS(store_)                                                                                                            \
	{                                                                                                                        \
		.ask_subscriber = yes, .judge_again = judge, .store = (store_), .note = note, .submit = send_it,                 \
		.recall = send_it, .answer = answer, .arm = arm, .end_to_end = end_to_end                                        \
	}
static const struct trg_ports old = PORTS(yes), young = PORTS(keep); /* the intents of old ones are no longer there */

/* One SCS instead of SCS_N: name, E.164, host, realm and the domain of its devices. */
struct party {
	char scs[64], e164[16], host[128], realm[128], domain[128];
};

static bool party_of(struct party *out, const char *text)
{
	return sscanf(text, "%63[^,],%15[^,],%127[^,],%127[^,],%127[^,]", out->scs, out->e164, out->host, out->realm,
		      out->domain) == 5;
}

static void name_party(struct party *out, uint32_t i)
{
	snprintf(out->scs, sizeof out->scs, "scs-%u", i % SCS_N);
	snprintf(out->e164, sizeof out->e164, "49172%07u", i % SCS_N);
	snprintf(out->host, sizeof out->host, "scs.customer-%u.example", i % SCS_N);
	snprintf(out->realm, sizeof out->realm, "customer-%u.example", i % SCS_N);
	snprintf(out->domain, sizeof out->domain, "fleet.example");
}

static int fill_one(struct jrn *j, const struct trg_conf *conf, uint32_t i, const struct party *one, uint64_t now_ms,
		    bool is_young)
{
	static const uint8_t payload[40] = "wake up, meter, and call home please";
	/* as long as those of one MME: only the DTR would read them */
	static const uint8_t nodes[64] = { 1 };
	char device[160], imsi[16], msisdn[16];
	struct party p;
	struct trg_request req = {
		.scs = p.scs, .scs_e164 = p.e164, .origin_host = p.host, .origin_realm = p.realm, .end_to_end = i
	};
	struct trg_subscriber sub = { imsi, msisdn, nodes, sizeof nodes };
	struct trg *t;

	if (one) {
		p = *one;
	} else {
		name_party(&p, i);
	}
	snprintf(device, sizeof device, "meter-%08u@%s", i, p.domain);
	snprintf(imsi, sizeof imsi, "26201%010u", i);
	snprintf(msisdn, sizeof msisdn, "491%09u", i);
	req.external = device;
	memcpy(req.digest, &i, sizeof i);
	req.action = TSP_ACTION_TRIGGER;
	req.reference = i;
	req.payload = payload;
	req.payload_len = sizeof payload;
	req.has_validity = true;
	req.validity_s = 86400;
	req.received_ms = is_young ? now_ms : now_ms - 3600000;
	req.expires_ms = req.received_ms + 1000ull * req.validity_s;
	if (trg_new(&t, jrn_next(j), &req, conf, is_young ? &young : &old, j)) {
		return fail("fill", "no memory");
	}
	(void)trg_step(t, &(struct trg_event){ .kind = TRG_EV_START }, now_ms);
	(void)trg_step(t, &(struct trg_event){ .kind = TRG_EV_SUBSCRIBER, .subscriber = &sub }, now_ms);
	(void)trg_step(t, &(struct trg_event){ .kind = TRG_EV_DURABLE }, now_ms);
	(void)trg_step(t, &(struct trg_event){ .kind = TRG_EV_DTA_OK, .accepted_by = "smssc.core.example" }, now_ms);
	trg_free(t);
	return 0;
}

/* The used quota of an SCS (core/core_quota.c), as each SCS with triggers of today has it. */
static int fill_quota(struct jrn *j, const char *scs, uint32_t used, uint64_t now_ms)
{
	uint8_t record[128];
	struct buf b = buf_over(record, sizeof record);

	buf_u8(&b, 0x84);
	buf_be64(&b, now_ms / 86400000);
	buf_be64(&b, now_ms);
	buf_be64(&b, used);
	buf_be16(&b, (uint16_t)strlen(scs));
	buf_bytes(&b, scs, strlen(scs));
	return jrn_add(j, jrn_next(j), record, b.len, NULL, NULL) ? fail("fill", "the journal does not take it") : 0;
}

static int fill_quotas(struct jrn *j, const struct party *one, uint32_t triggers, uint64_t now_ms)
{
	struct party p;
	int err = 0;

	if (one) {
		return fill_quota(j, one->scs, triggers, now_ms);
	}
	for (uint32_t i = 0; i < SCS_N && !err; i++) {
		name_party(&p, i);
		err = fill_quota(j, p.scs, triggers / SCS_N, now_ms);
	}
	return err;
}

static int fill(const struct options *o)
{
	struct trg_names smssc_hosts = { 0 };
	struct trg_conf conf = {
		.report_grace_ms = 60000, .retry_min_ms = 1000, .retry_max_ms = 1000, .smssc_hosts = &smssc_hosts
	};
	uint32_t commit = o->young ? 64 : 20000; /* triggers */
	uint64_t now_ms = clock_real_ms();
	struct party one;
	struct jrn *j;
	int err = 0;

	if (o->scs && !party_of(&one, o->scs)) {
		return fail(o->scs, "expected NAME,E164,HOST,REALM,DOMAIN");
	}
	if (open_journal(&j, o, false)) {
		return 1;
	}
	err = fill_quotas(j, o->scs ? &one : NULL, o->count, now_ms);
	for (uint32_t i = 1; i <= o->count && !err; i++) {
		err = fill_one(j, &conf, i, o->scs ? &one : NULL, now_ms, o->young);
		if (!err && i % commit == 0) {
			err = jrn_flush(j);
		}
	}
	if (!err) {
		err = jrn_flush(j);
	}
	printf("{\"event\":\"filled\",\"records\":%" PRIu64 ",\"octets\":%" PRIu64 "}\n", jrn_counts(j).records,
	       jrn_counts(j).octets);
	jrn_close(j);
	trg_names_fini(&smssc_hosts);
	return err ? 1 : 0;
}

/* -- replay: the journal alone, of records of one length */

static uint64_t cpu_us(void)
{
	return (uint64_t)clock() * 1000000 / CLOCKS_PER_SEC;
}

static int on_record(void *arg, uint64_t number, const void *record, size_t len)
{
	uint64_t *octets = arg;

	(void)number;
	*octets += len + ((const uint8_t *)record)[0];
	return 0;
}

static int fill_plain(const struct options *o)
{
	static uint8_t record[JRN_RECORD_MAX] = { 1 };
	struct jrn *j;
	int err = 0;

	if (open_journal(&j, o, false)) {
		return 1;
	}
	for (uint32_t i = 1; i <= o->count && !err; i++) {
		err = jrn_add(j, jrn_next(j), record, o->octets, NULL, NULL);
		/* a commit is about as large as with 64 triggers outstanding */
		if (!err && (i % 64 == 0 || i == o->count)) {
			err = jrn_flush(j);
		}
	}
	jrn_close(j);
	return err ? fail("fill", err_str(err)) : 0;
}

static int replay(const struct options *o)
{
	uint64_t at_us[3], cpu[3], octets = 0;
	struct stat st;
	struct jrn *j;

	if (stat(o->dir, &st) < 0 && fill_plain(o)) {
		return 1;
	}
	at_us[0] = now_us();
	cpu[0] = cpu_us();
	if (open_journal(&j, o, false)) {
		return 1;
	}
	at_us[1] = now_us();
	cpu[1] = cpu_us();
	if (jrn_replay(j, on_record, &octets)) {
		return fail(o->dir, "cannot be replayed");
	}
	at_us[2] = now_us();
	cpu[2] = cpu_us();
	printf("{\"event\":\"replayed\",\"records\":%" PRIu64 ",\"octets\":%" PRIu64
	       ",\"open_ms\":%.1f,\"open_cpu_ms\":%.1f,\"replay_ms\":%.1f,\"replay_cpu_ms\":%.1f}\n",
	       jrn_counts(j).records, octets, (double)(at_us[1] - at_us[0]) / 1000.0, (double)(cpu[1] - cpu[0]) / 1000.0,
	       (double)(at_us[2] - at_us[1]) / 1000.0, (double)(cpu[2] - cpu[1]) / 1000.0);
	jrn_close(j);
	return 0;
}

/* -- restore */

static const char config[] =
    "identity:\n"
    "  external: { host: iwf.operator.example, realm: operator.example }\n"
    "  internal: { host: iwf.core.operator.example, realm: core.operator.example }\n"
    "state_dir: %s\n"
    "trust_anchors: [ { name: anchor-a, file: a.pem } ]\n"
    "listen:\n"
    "  - { name: tsp, zone: external, protection: tls, address: 127.0.0.1, port: 0, certificate: c.pem, key: k.pem }\n"
    "peers:\n"
    "  - { name: hss, host: hss.example, realm: example, address: 127.0.0.1, port: 9, protection: none }\n"
    "s6m: { peer: hss, destination_realm: example }\n"
    "t4: { peer: hss, destination_realm: example }\n";

static void on_bad_edge(void *arg, uint32_t generation)
{
	(void)arg;
	(void)generation;
}

static void on_log_level(void *arg, enum log_level level)
{
	(void)arg;
	(void)level;
}

/* CPU time of this thread. */
static uint64_t own_cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Memory of our own in octets. */
static uint64_t own_memory(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long long kib = 0;
	char line[128];

	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "RssAnon: %llu", &kib) == 1) {
			break;
		}
	}
	if (f) {
		fclose(f);
	}
	return kib * 1024;
}

/* -- a core that has taken requests goes on until all is taken up */

struct watched {
	struct core *core;
	struct net_loop *loop;
	struct net_timer *timer;
};

static void on_watch(void *arg)
{
	const struct watched *w = arg;
	struct core_status s;

	core_status(w->core, &s);
	if (s.entering) {
		net_timer_start(w->timer, 1);
	} else {
		net_loop_stop(w->loop);
	}
}

static int run_until_entered(struct core *core, struct net_loop *loop)
{
	struct watched w = { core, loop, NULL };
	int err = net_timer_new(&w.timer, loop, on_watch, &w);

	if (!err) {
		net_timer_start(w.timer, 1);
		err = net_loop_run(loop);
		net_timer_free(w.timer);
	}
	return err;
}

static int restore(const struct options *o)
{
	static const struct core_cb cb = { on_bad_edge, on_log_level, NULL, NULL, NULL };
	struct core_conf conf = { .decisions_fd = -1, .cb = &cb };
	char text[4096], why[CORE_WHY_MAX] = "";
	int n = snprintf(text, sizeof text, config, o->dir);
	uint64_t before, began_us, took_us, whole_us, own;
	clock_t cpu;
	struct core *core;
	struct net_loop *loop;
	struct cfg_iwf *cfg;
	struct log log;

	log_init(&log, -1, LOG_LEVEL_ERROR, "bench");
	if (cfg_iwf_parse(&cfg, "/bench.yaml", text, (size_t)n, why)) {
		return fail("configuration", why);
	}
	if (net_loop_new(&loop)) {
		return fail("loop", "no memory");
	}
	conf.cfg = cfg;
	conf.log = &log;
	before = own_memory();
	began_us = now_us();
	own = own_cpu_us();
	cpu = clock();
	if (core_new(&core, loop, &conf, why)) {
		return fail("core", why);
	}
	took_us = now_us() - began_us;
	cpu = clock() - cpu;
	own = own_cpu_us() - own;
	if (run_until_entered(core, loop)) {
		return fail("loop", "it does not turn");
	}
	whole_us = now_us() - began_us;
	printf("{\"event\":\"restored\",\"ms\":%.1f,\"cpu_ms\":%.1f,\"main_cpu_ms\":%.1f,\"whole_ms\":%.1f,\"octets\":%" PRIu64
	       "}\n",
	       (double)took_us / 1000.0, (double)cpu * 1000.0 / CLOCKS_PER_SEC, (double)own / 1000.0, (double)whole_us / 1000.0,
	       own_memory() - before);
	core_free(core);
	net_loop_free(loop);
	cfg_iwf_free(cfg);
	return 0;
}

/* -- the command line */

static int usage(void)
{
	fputs("usage: bench_journal ops --dir DIR [--window MS] [--outstanding N] [--seconds S]\n"
	      "       bench_journal fill --dir DIR --count N [--scs NAME,E164,HOST,REALM,DOMAIN] [--young]\n"
	      "       bench_journal restore --dir STATE_DIR\n"
	      "       bench_journal replay --dir DIR [--count N] [--octets N]     fills DIR first if it is missing\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = { { "dir", required_argument, NULL, 'd' },
					       { "window", required_argument, NULL, 'w' },
					       { "outstanding", required_argument, NULL, 'o' },
					       { "seconds", required_argument, NULL, 's' },
					       { "count", required_argument, NULL, 'c' },
					       { "scs", required_argument, NULL, 'S' },
					       { "octets", required_argument, NULL, 'b' },
					       { "young", no_argument, NULL, 'y' },
					       { NULL, 0, NULL, 0 } };
	struct options o = { .count = 1000000, .outstanding = 1024, .seconds = 3, .octets = 600 };
	int opt;

	if (stdfd_open()) {
		return 1;
	}
	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		uint32_t number = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;

		switch (opt) {
		case 'S':
			o.scs = optarg;
			break;
		case 'd':
			o.dir = optarg;
			break;
		case 'w':
			o.window_ms = number;
			break;
		case 'o':
			o.outstanding = number ? number : 1;
			break;
		case 's':
			o.seconds = number;
			break;
		case 'c':
			o.count = number;
			break;
		case 'y':
			o.young = true;
			break;
		case 'b':
			o.octets = number && number <= JRN_RECORD_MAX ? number : 600;
			break;
		default:
			return usage();
		}
	}
	if (optind + 1 != argc || !o.dir) {
		return usage();
	}
	o.what = argv[optind];
	if (strcmp(o.what, "ops") == 0) {
		return ops(&o);
	}
	if (strcmp(o.what, "fill") == 0) {
		return fill(&o);
	}
	if (strcmp(o.what, "replay") == 0) {
		return replay(&o);
	}
	return strcmp(o.what, "restore") == 0 ? restore(&o) : usage();
}
