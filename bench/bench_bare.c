/* bench_bare.c - the cost of the machine itself. `commit` writes pages to a file of zeros; each
 * write is on disk before it returns (O_DSYNC). `hop` wakes another process, and another thread,
 * and is woken by it (eventfd). `record` counts the instructions of the audit's hashes. `memory`
 * touches memory. One JSON line. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "bench/bench_hist.h"

#define PAGE 4096u
#define FILE_PAGES 4096u
#define PAGES_MAX 256u

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int die(const char *what)
{
	fprintf(stderr, "bench_bare: %s: %s\n", what, strerror(errno));
	return 1;
}

/* -- commit */

static int zeros(const char *path)
{
	static const uint8_t none[64 * PAGE];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	for (unsigned at = 0; fd >= 0 && at < FILE_PAGES / 64; at++) {
		if (write(fd, none, sizeof none) != (ssize_t)sizeof none) {
			close(fd);
			return -1;
		}
	}
	if (fd >= 0 && fsync(fd)) {
		close(fd);
		return -1;
	}
	return fd < 0 ? -1 : close(fd);
}

static int commit(const char *path, unsigned pages, unsigned seconds)
{
	static struct bench_hist took;
	uint64_t began, now, before;
	unsigned at = 0;
	uint8_t *p;
	int fd;

	if (zeros(path)) {
		return die(path);
	}
	fd = open(path, O_WRONLY | O_DSYNC | O_CLOEXEC);
	p = malloc(pages * PAGE);
	if (fd < 0 || !p) {
		return die(path);
	}
	memset(p, 0x5a, pages * PAGE);
	began = before = now_ns();
	do {
		if (pwrite(fd, p, pages * PAGE, (off_t)at * PAGE) != (ssize_t)(pages * PAGE)) {
			return die("write");
		}
		at = at + 2 * pages > FILE_PAGES ? 0 : at + pages;
		now = now_ns();
		bench_hist_add(&took, (now - before) / 1000);
		before = now;
	} while (now - began < 1000000000ull * seconds);
	printf("{\"event\":\"result\",\"pages\":%u,\"done\":%" PRIu64
	       ",\"per_second\":%.1f,\"latency_us\":{\"p50\":%.1f,\"p99\":%.1f,"
	       "\"p999\":%.1f,\"max\":%" PRIu64 "}}\n",
	       pages, took.n, (double)took.n * 1e9 / (double)(now - began), bench_hist_at(&took, 0.5), bench_hist_at(&took, 0.99),
	       bench_hist_at(&took, 0.999), took.max_us);
	close(fd);
	unlink(path);
	free(p);
	return 0;
}

/* -- hop */

struct pair {
	int there, back;
};

static bool ring(int fd)
{
	static const uint64_t one = 1;

	return write(fd, &one, sizeof one) == sizeof one;
}

static bool wait_ring(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof n) == sizeof n;
}

static void *answer(void *arg)
{
	struct pair *p = arg;

	while (wait_ring(p->there) && ring(p->back)) {
	}
	return NULL;
}

/* Microseconds of a round trip, the median. */
static double measure(const struct pair *p, unsigned seconds)
{
	static struct bench_hist took; /* in tenths of a microsecond */
	uint64_t began = now_ns(), now = began, before;

	memset(&took, 0, sizeof took);
	while (now - began < 1000000000ull * seconds) {
		before = now;
		if (!ring(p->there) || !wait_ring(p->back)) {
			break;
		}
		now = now_ns();
		bench_hist_add(&took, (now - before) / 100);
	}
	return bench_hist_at(&took, 0.5) / 10;
}

static int hop(unsigned seconds)
{
	struct pair p = { eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC) },
		    q = { eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC) };
	double process_us, thread_us;
	pthread_t thread;
	pid_t child;

	if (p.there < 0 || p.back < 0 || q.there < 0 || q.back < 0) {
		return die("eventfd");
	}
	child = fork();
	if (child == 0) {
		answer(&p);
		_exit(0);
	}
	if (child < 0) {
		return die("fork");
	}
	process_us = measure(&p, seconds);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	if (pthread_create(&thread, NULL, answer, &q)) {
		return die("thread");
	}
	thread_us = measure(&q, seconds);
	printf("{\"event\":\"result\",\"process_us\":%.1f,\"thread_us\":%.1f}\n", process_us, thread_us);
	fflush(stdout);
	_exit(0); /* the thread waits for ever */
}

/* -- record */

#define RECORD_MAX 16384u
#define NODE_OCTETS (1u + 2u * HASH_LEN)

/* What the audit hashes for one record: its leaf and, on the average, one node above. */
static bool hash_record(struct hash *h, size_t octets)
{
	static const uint8_t record[1 + RECORD_MAX];
	uint8_t out[HASH_LEN];

	return hash_piece(h, record, 1 + octets, out) == 0 && hash_piece(h, record, NODE_OCTETS, out) == 0;
}

/* The child stops, hashes and stops again. */
static int hash_between_stops(size_t octets)
{
	struct hash *h;

	if (hash_new(&h) || !hash_record(h, octets) || ptrace(PTRACE_TRACEME, 0, NULL, NULL)) {
		return 1;
	}
	raise(SIGSTOP);
	(void)hash_record(h, octets);
	raise(SIGUSR1);
	hash_free(h);
	return 0;
}

/* Instructions that this processor executes for it, counted one by one: no counter of the processor
 * is needed, and what valgrind's processor lacks is in use. */
static int record(size_t octets)
{
	uint64_t n = 0;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		_exit(hash_between_stops(octets));
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) {
		return die("ptrace");
	}
	do {
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) || waitpid(child, &status, 0) < 0) {
			return die("ptrace");
		}
		n++;
	} while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	printf("{\"event\":\"result\",\"octets\":%zu,\"instructions\":%" PRIu64 "}\n", octets, n);
	return 0;
}

/* -- memory */

#define LARGE (2u << 20) /* octets of a large page */
#define MIB_MAX 65536u

/* Processor time of this thread, so that the work of others does not count. */
static uint64_t own_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Microseconds for each 2 MiB of new memory; negative: there is none. */
static double touch(size_t octets)
{
	uint64_t began = own_ns();
	uint8_t *p = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		return -1;
	}
	(void)madvise(p, octets, MADV_HUGEPAGE); /* with small pages it only takes longer */
	for (size_t at = 0; at < octets; at += PAGE) {
		*(volatile uint8_t *)(p + at) = 1;
	}
	munmap(p, octets);
	return (double)(own_ns() - began) / 1000 / ((double)octets / LARGE);
}

/* A host gives a virtual machine its memory at the first touch, which may take the guest
 * milliseconds for 2 MiB. From then on the memory is the guest's, whichever process has it. */
static int memory(unsigned mib)
{
	double first = touch((size_t)mib << 20), again = touch((size_t)mib << 20);

	if (first < 0 || again < 0) {
		return die("mmap");
	}
	printf("{\"event\":\"result\",\"mib\":%u,\"first_us\":%.0f,\"again_us\":%.0f}\n", mib, first, again);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned pages = argc == 5 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
	unsigned seconds = argc > 2 ? (unsigned)strtoul(argv[argc - 1], NULL, 10) : 0; /* or bytes, MiB */

	if (argc == 5 && strcmp(argv[1], "commit") == 0 && pages >= 1 && pages <= PAGES_MAX && seconds >= 1) {
		return commit(argv[2], pages, seconds);
	}
	if (argc == 3 && strcmp(argv[1], "hop") == 0 && seconds >= 1) {
		return hop(seconds);
	}
	if (argc == 3 && strcmp(argv[1], "record") == 0 && seconds >= 1 && seconds <= RECORD_MAX) {
		return record(seconds);
	}
	if (argc == 3 && strcmp(argv[1], "memory") == 0 && seconds >= 1 && seconds <= MIB_MAX) {
		return memory(seconds);
	}
	fputs(
	    "usage: bench_bare commit FILE PAGES SECONDS\n       bench_bare hop SECONDS\n       bench_bare record BYTES\n       "
	    "bench_bare memory MIB\nWhat the machine itself takes, for the bench.\n",
	    stderr);
	return 2;
}
