/* bench_ndsip.c - the NDS/IP helper (src/ndsip) with many provisioned SCSs: how long it takes to load
 * them into charon and what of that is ours, and how long an event of a security association takes
 * until the edge knows what it means.
 *
 * Two processes, so that processor time is the helper's alone: this one is the helper; its child is
 * the core, the edge, and, without --vici, a charon that takes everything and says what the child
 * makes it say. With --vici a real charon is loaded, and there are no events. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/stdfd.h"
#include "base/str.h"
#include "bench/bench_ndsip.h"
#include "ndsip/ns_serve.h"

#define PEM "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n"
#define EDGE_GENERATION 1u
#define FILE_MAX 65536u

void bench_ndsip_die(const char *what)
{
	fprintf(stderr, "bench_ndsip: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

static double now_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* -- the helper */

#define HELPER_MAGIC 0x5e1b90d7u
struct helper {
	struct obj obj;
	struct net_loop *loop;
	struct ns_serve *serve;
	struct bench_ndsip_ends ends;
	bool given; /* the connection to charon */
};
OBJ_FIRST(struct helper);

static void on_want(void *arg)
{
	struct helper *h = OBJ_OF(arg, struct helper, HELPER_MAGIC);

	if (h->given) {
		errno = 0;
		bench_ndsip_die("the connection to charon was lost");
	}
	h->given = true;
	ns_serve_charon(h->serve, h->ends.charon, "");
}

static void on_bad_edge(void *arg, uint32_t generation)
{
	(void)arg, (void)generation;
	errno = 0;
	bench_ndsip_die("the helper refused the edge");
}

static void on_ask(void *arg, int events)
{
	struct helper *h = OBJ_OF(arg, struct helper, HELPER_MAGIC);
	struct rusage r;
	struct bench_ndsip_usage u;
	char octet;

	(void)events;
	if (recv(h->ends.ask, &octet, 1, 0) <= 0) {
		net_loop_stop(h->loop);
		return;
	}
	getrusage(RUSAGE_SELF, &r);
	u = (struct bench_ndsip_usage){ now_us(CLOCK_PROCESS_CPUTIME_ID), r.ru_maxrss };
	if (send(h->ends.ask, &u, sizeof u, MSG_NOSIGNAL) != (ssize_t)sizeof u) {
		bench_ndsip_die("the answer to the child");
	}
}

static struct ns_pem read_file(const char *path)
{
	char *text = path ? malloc(FILE_MAX) : NULL;
	FILE *f = path ? fopen(path, "rb") : NULL;
	struct ns_pem pem = { PEM, sizeof PEM - 1 };

	if (path && (!text || !f)) {
		bench_ndsip_die(path);
	}
	if (f) {
		pem = (struct ns_pem){ text, fread(text, 1, FILE_MAX, f) };
		fclose(f);
	}
	return pem;
}

static void serve(struct helper *h, const struct bench_ndsip_options *o)
{
	static const char *const local_ike[] = { "192.0.2.1" };
	static struct sa_ts local = { .protocol = SA_TCP, .port_from = BENCH_NDSIP_PORT, .port_to = BENCH_NDSIP_PORT };
	struct ns_file files[] = { { NULL, read_file(o->certificate), false, 1 },
				   { BENCH_NDSIP_ANCHOR, read_file(o->anchor), false, 1 } };
	struct net_watch *watch;
	struct ns_files *held;
	struct log log;
	struct ns_serve_conf conf = {
		.log = &log,
		.params = { .local_id = "iwf.operator.example", .local_ike = { local_ike, 1 }, .local = &local, .local_n = 1 },
		.grace_ms = 600000,
		.check_ms = 3600000,
		.want = on_want,
		.bad_edge = on_bad_edge,
		.arg = h
	};

	log_init(&log, STDERR_FILENO, LOG_LEVEL_WARN, "bench_ndsip");
	if (sa_address_read(&local.from, BENCH_NDSIP_ADDRESS, strlen(BENCH_NDSIP_ADDRESS)) || net_loop_new(&h->loop)) {
		bench_ndsip_die("the loop");
	}
	local.to = local.from;
	conf.loop = h->loop;
	if (net_watch_new(&watch, h->loop, h->ends.ask, on_ask, h) || net_watch_set(watch, NET_READ) ||
	    ns_serve_new(&h->serve, &conf) || ns_files_new(&held, files, 2)) {
		bench_ndsip_die("the helper");
	}
	ns_serve_files(h->serve, held, BENCH_NDSIP_FILES);
	if (ns_serve_edge(h->serve, h->ends.edge, EDGE_GENERATION) || ns_serve_core(h->serve, h->ends.core) ||
	    net_loop_run(h->loop)) {
		bench_ndsip_die("the helper's channels");
	}
	ns_serve_free(h->serve);
	net_watch_free(watch);
	net_loop_free(h->loop);
}

/* -- both */

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || str_copy(a.sun_path, sizeof a.sun_path, path, strlen(path)) ||
	    connect(fd, (const struct sockaddr *)&a, sizeof a) < 0) {
		bench_ndsip_die(path);
	}
	return fd;
}

static void no_wait(int fd)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		bench_ndsip_die("fcntl");
	}
}

static void pair(int *helper, int *other, int type)
{
	int fds[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) < 0) {
		bench_ndsip_die("a pair of sockets");
	}
	*helper = fds[0];
	*other = fds[1];
	no_wait(*helper);
}

static void close_ends(const struct bench_ndsip_ends *e)
{
	close(e->core);
	close(e->edge);
	close(e->ask);
	if (e->charon >= 0) {
		close(e->charon);
	}
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	errno = 0;
	if (!*text || *end || n > NS_LIST_MAX) {
		bench_ndsip_die("not a number of SCSs, connections or events");
	}
	return (unsigned)n;
}

static void read_options(struct bench_ndsip_options *o, int argc, char **argv)
{
	static const struct option known[] = { { "scs", required_argument, NULL, 's' },
					       { "connections", required_argument, NULL, 'c' },
					       { "events", required_argument, NULL, 'e' },
					       { "vici", required_argument, NULL, 'v' },
					       { "certificate", required_argument, NULL, 'f' },
					       { "anchor", required_argument, NULL, 'a' },
					       { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's':
			o->scs = number(optarg);
			break;
		case 'c':
			o->connections = number(optarg);
			break;
		case 'e':
			o->events = number(optarg);
			break;
		case 'v':
			o->vici = optarg;
			break;
		case 'f':
			o->certificate = optarg;
			break;
		case 'a':
			o->anchor = optarg;
			break;
		default:
			exit(2);
		}
	}
	o->connections = o->vici ? 0 : o->connections < o->scs ? o->connections : o->scs;
}

int main(int argc, char **argv)
{
	struct bench_ndsip_options o = { .scs = 10000, .connections = 1000, .events = 2000 };
	struct helper h = { .obj = OBJ(HELPER_MAGIC) };
	struct bench_ndsip_ends other = { .charon = -1 };
	int status;
	pid_t pid;

	if (stdfd_open()) {
		return 1;
	}
	read_options(&o, argc, argv);
	pair(&h.ends.core, &other.core, SOCK_SEQPACKET);
	pair(&h.ends.edge, &other.edge, SOCK_SEQPACKET);
	pair(&h.ends.ask, &other.ask, SOCK_SEQPACKET);
	if (o.vici) {
		h.ends.charon = connect_to(o.vici);
		no_wait(h.ends.charon);
	} else {
		pair(&h.ends.charon, &other.charon, SOCK_STREAM);
	}
	pid = fork();
	if (pid < 0) {
		bench_ndsip_die("fork");
	}
	if (!pid) {
		close_ends(&h.ends);
		bench_ndsip_others(&other, &o);
		return stdfd_end("bench_ndsip", 0, 1);
	}
	close_ends(&other);
	serve(&h, &o);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
