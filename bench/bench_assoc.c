/* bench_assoc - measures the association store at fleet size: import, size, look-ups beside bare
 * mdb_get of the same keys, and look-ups during changes (bench_assoc_load.c). Prints one JSON
 * object per line.
 *
 * usage: bench_assoc DIR [DEVICES [ROUNDS]] DIR and DIR.elsewhere must not exist; the caller
 * removes them afterwards */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "assoc/asc.h"
#include "assoc/asc_import.h"
#include "base/stdfd.h"
#include "base/str.h"
#include "bench_assoc.h"
#include "exchange/exc_read.h"
#include "tests/support/asc_wait.h"

enum { SCSS = 200, BATCH = 200000 };

static struct asc *store;
static struct asc_why why;
static uint64_t devices = 10000000;
static uint64_t seed = 88172645463325252u;

uint64_t any(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t cpu_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void die(const char *what, const struct asc_why *w)
{
	fprintf(stderr, "bench_assoc: %s: %s\n", what, w && w->text[0] ? w->text : strerror(errno));
	exit(1);
}

void device_of(char out[48], uint64_t i)
{
	snprintf(out, 48, "meter-%08llu@fleet-%02llu.example", (unsigned long long)i, (unsigned long long)(i % 37));
}

void scs_of(char out[16], uint64_t i)
{
	snprintf(out, 16, "scs-%llu", (unsigned long long)(i % SCSS));
}

/* Octets of "VmHWM:" or "RssAnon:" and the like of this process. */
static uint64_t memory_of(const char *what)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long long kib = 0;
	char line[256];

	while (f && fgets(line, sizeof line, f)) {
		if (strncmp(line, what, strlen(what)) == 0 && sscanf(line + strlen(what), " %llu", &kib) == 1) {
			break;
		}
	}
	if (f) {
		fclose(f);
	}
	return kib * 1024;
}

void provision(struct asc *a)
{
	struct asc_why w;

	for (uint64_t i = 0; i < SCSS; i++) {
		struct asc_scs s;

		asc_scs_init(&s);
		scs_of(s.name, i);
		snprintf(s.e164, sizeof s.e164, "4917%07llu", (unsigned long long)i);
		snprintf(s.origin_host, sizeof s.origin_host, "scs-%llu.example", (unsigned long long)i);
		str_set(s.realm, sizeof s.realm, "example");
		str_set(s.anchor, sizeof s.anchor, "anchor-a");
		if (asc_scs_put(a, &s, &w)) {
			die("scs", &w);
		}
	}
}

static bool over;

static void on_imported(void *arg, int err, const struct asc_why *w, const struct asc_import_result *r)
{
	(void)arg;
	over = true;
	why = *w;
	if (err || r->added != devices) {
		die("import", &why);
	}
}

/* A rule for each device, in an order that is nobody's: i * step mod devices, step prime to it. */
static void write_csv(const char *path)
{
	FILE *f = fopen(path, "w");
	uint64_t step = 6700417;

	if (!f) {
		die(path, &why);
	}
	fputs("who,device,effect,rights\n", f);
	for (uint64_t i = 0; i < devices; i++) {
		char device[48], scs[16];
		uint64_t n = i * step % devices;

		device_of(device, n);
		scs_of(scs, n);
		fprintf(f, "%s,%s,allow,trigger\n", scs, device);
	}
	if (fclose(f)) {
		die(path, &why);
	}
}

struct reading {
	struct asc_import *im;
	int fd;
	uint64_t anon_peak;
};

static ssize_t source(void *arg, void *p, size_t n)
{
	struct reading *r = arg;
	ssize_t got = read(r->fd, p, n);

	return got < 0 ? ERR_IO : got;
}

static void watch_memory(struct reading *r)
{
	uint64_t anon = memory_of("RssAnon:");

	if (anon > r->anon_peak) {
		r->anon_peak = anon;
	}
}

static int on_row(void *arg, uint64_t line, const struct exc_row *row, char words[EXC_WHY_MAX])
{
	struct reading *r = arg;
	struct asc_rule_new rule = { .who = row->who, .device = row->device, .verdict = row->verdict, .rights = row->rights };

	(void)words;
	if (line % 1000000 == 0) {
		watch_memory(r);
	}
	return asc_import_rule(r->im, line, &rule, row->keep, &why);
}

static void on_mistake(void *arg, uint64_t line, const char *words)
{
	(void)arg;
	fprintf(stderr, "bench_assoc: line %llu: %s\n", (unsigned long long)line, words);
}

/* The unsorted CSV through the reader that an operator's file goes through. */
static void import(const char *dir)
{
	struct asc_import_conf conf = { .kind = ASC_KIND_ASSOC };
	struct reading reading = { .im = NULL };
	struct exc_read r = { ASC_KIND_ASSOC, EXC_DETECT, source, on_row, on_mistake, &reading, false };
	struct asc_import_error e;
	uint64_t start, cpu, read_ns, rows;
	char path[1200];

	snprintf(path, sizeof path, "%s.csv", dir);
	write_csv(path);
	start = now_ns();
	cpu = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
	reading.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (reading.fd < 0 || asc_import_begin(&reading.im, store, &conf, &why) || exc_read(&r, &rows) || rows != devices) {
		die("read", &why);
	}
	read_ns = now_ns();
	watch_memory(&reading);
	if (asc_import_build(reading.im, &e)) {
		why = e.why;
		die("build", &why);
	}
	watch_memory(&reading);
	asc_import_finish(reading.im, on_imported, NULL);
	while (!over) {
		asc_settle(store);
	}
	asc_import_free(reading.im);
	printf("{\"what\":\"import\",\"rows\":%llu,\"rows_s\":%.2f,\"total_s\":%.2f,\"cpu_s\":%.2f,\"rss_peak\":%llu,\"anon_"
	       "peak\":%llu}\n",
	       (unsigned long long)devices, (double)(read_ns - start) / 1e9, (double)(now_ns() - start) / 1e9,
	       (double)(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e9, (unsigned long long)memory_of("VmHWM:"),
	       (unsigned long long)reading.anon_peak);
	fflush(stdout);
	close(reading.fd);
	unlink(path);
}

static void size(const char *dir)
{
	char path[1200];
	struct stat st;

	snprintf(path, sizeof path, "%s/dev-2/data.mdb", dir);
	if (stat(path, &st)) {
		die(path, &why);
	}
	printf("{\"what\":\"size\",\"octets\":%llu,\"octets_a_device\":%.1f}\n", (unsigned long long)st.st_size,
	       (double)st.st_size / (double)devices);
}

static double find_some(char (*name)[48], char (*scs)[16])
{
	static struct assoc_found f;
	uint64_t start = cpu_ns(CLOCK_THREAD_CPUTIME_ID);

	for (int i = 0; i < BATCH; i++) {
		struct asc_device device = { name[i], NULL };

		if (asc_find_rules(store, &(struct asc_asker){ .scs = scs[i] }, &device, &f) || f.n != 1) {
			die("look-up", &why);
		}
	}
	return (double)(cpu_ns(CLOCK_THREAD_CPUTIME_ID) - start) / BATCH;
}

static double get_some(MDB_txn *txn, MDB_dbi dbi, char (*name)[48])
{
	uint64_t start = cpu_ns(CLOCK_THREAD_CPUTIME_ID);

	for (int i = 0; i < BATCH; i++) {
		uint8_t room[64] = { 1 };
		size_t len = strlen(name[i]);
		MDB_val key = { len + 1, room }, val;

		memcpy(room + 1, name[i], len);
		if (mdb_get(txn, dbi, &key, &val)) {
			die("mdb_get", &why);
		}
	}
	return (double)(cpu_ns(CLOCK_THREAD_CPUTIME_ID) - start) / BATCH;
}

/* The same environment is not opened twice: a copy of the file, by its own reader. */
static MDB_txn *open_bare(const char *dir, MDB_dbi *dbi)
{
	char path[1200];
	MDB_env *env;
	MDB_txn *txn = NULL;

	snprintf(path, sizeof path, "%s/dev-2/data.mdb", dir);
	if (mdb_env_create(&env) || mdb_env_set_maxdbs(env, 4) || mdb_env_set_mapsize(env, (size_t)16 << 30) ||
	    mdb_env_open(env, path, MDB_RDONLY | MDB_NOSUBDIR | MDB_NOLOCK | MDB_NORDAHEAD, 0600) ||
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) || mdb_dbi_open(txn, "dev", 0, dbi)) {
		die("bare reader", &why);
	}
	return txn;
}

static void look_up(const char *dir, int rounds)
{
	static char name[BATCH][48], scs[BATCH][16];
	MDB_dbi dbi;
	MDB_txn *txn = open_bare(dir, &dbi);

	for (int round = -1; round < rounds; round++) { /* the first one warms up */
		double find, get;

		for (int i = 0; i < BATCH; i++) {
			uint64_t n = any(devices);

			device_of(name[i], n);
			scs_of(scs[i], n);
		}
		(void)get_some(txn, dbi, name); /* both find the pages as the other left them */
		if (round % 2) {
			find = find_some(name, scs);
			get = get_some(txn, dbi, name);
		} else {
			get = get_some(txn, dbi, name);
			find = find_some(name, scs);
		}
		if (round >= 0) {
			printf("{\"what\":\"look-up\",\"find_ns\":%.0f,\"mdb_get_ns\":%.0f,\"ratio\":%.3f}\n", find, get,
			       find / get);
		}
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct asc_conf conf = { .map_max = (uint64_t)16 << 30 };
	int rounds = argc > 3 ? atoi(argv[3]) : 5;
	struct elsewhere *other;

	if (stdfd_open()) {
		return 1;
	}
	if (argc < 2 || argc > 4 || (argc > 2 && (devices = strtoull(argv[2], NULL, 10)) < 1000) || rounds < 1) {
		fprintf(stderr, "usage: bench_assoc DIR [DEVICES [ROUNDS]]\n");
		return 2;
	}
	conf.dir = argv[1];
	other = elsewhere_start(argv[1]); /* before there are threads */
	if (asc_open(&store, &conf, &why)) {
		die("open", &why);
	}
	provision(store);
	import(argv[1]);
	size(argv[1]);
	look_up(argv[1], rounds);
	for (int round = 0; round < rounds; round++) {
		look_ups_under_load(store, devices, other, round);
	}
	asc_close(store);
	elsewhere_end(other);
	return 0;
}
