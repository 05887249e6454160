/* bench_peer.c - the two ends of a plain Diameter leg, to measure the program between them:
 * `respond` answers every SIR with success, `load` sends SIRs with a fixed number outstanding and
 * prints the rate. Plain TCP, loopback. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "apps/s6m_sir.h"
#include "base/clock.h"
#include "base/stdfd.h"
#include "base/str.h"
#include "bench/bench_hist.h"
#include "link/link_ids.h"
#include "link/link_peer.h"
#include "net/net_loop.h"
#include "net/net_tcp.h"

#define ANSWER_WAIT_MS 10000u
#define LINKS_MAX 16

struct options {
	const char *host, *realm, *connect, *peer_host, *peer_realm, *destination_host, *destination_realm;
	uint32_t count, window;
	uint64_t seconds_us;
};

struct bench {
	struct options opt;
	struct net_loop *loop;
	struct link_conf conf;
	struct link_ids ids;
	struct log log;
	struct link *links[LINKS_MAX]; /* respond */
	struct link_peer *peer;        /* load */
	uint32_t sent, answered, failed;
	uint64_t first_us, last_us, cpu_us; /* cpu: when the first request was sent */
	struct bench_slot *slots, *free_slots;
	struct bench_hist latency;
};

struct bench_slot { /* one request that waits for its answer */
	struct bench *bench;
	struct bench_slot *next; /* among the free ones */
	uint64_t sent_us;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

/* Processor time of this process. */
static uint64_t cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

/* -- respond */

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	static const char imsi[] = "001010000000001";
	struct bench *b = arg;
	struct dia_failed failed = { 0 };
	struct s6m_sia sia = { 0 };
	struct s6m_sir sir;
	uint8_t room[2048];
	struct buf out = buf_over(room, sizeof room);

	if (s6m_sir_parse(&sir, m, &failed)) {
		dia_error_answer(&out, m, b->opt.host, b->opt.realm, &failed);
	} else {
		app_answer_head(&sia.head, &sir.head, b->opt.host, b->opt.realm);
		sia.head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
		sia.user_identifiers[0].user_name = dia_text(imsi);
		sia.user_identifiers_n = 1;
		s6m_sia_build(&out, &sia, m->hdr.hop_by_hop, m->hdr.end_to_end);
	}
	if (out.full || link_answer(l, out.p, out.len)) {
		b->failed++;
	}
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct bench *b = arg;

	(void)err;
	(void)why;
	for (size_t i = 0; i < LINKS_MAX; i++) {
		if (b->links[i] == l) {
			b->links[i] = NULL;
			link_free(l);
		}
	}
}

static const struct link_cb respond_cb = { .on_request = on_request, .on_down = on_down };

static void on_accept(void *arg, int fd, const char *address)
{
	static const struct net_stream_cb none = { 0 };
	struct bench *b = arg;
	struct net_stream *s;
	size_t i = 0;

	while (i < LINKS_MAX && b->links[i]) {
		i++;
	}
	if (i == LINKS_MAX || net_tcp_accept(&s, b->loop, fd, address, &(struct net_stream_conf){ 0 }, &none, NULL)) {
		close(fd);
		return;
	}
	if (link_accept(&b->links[i], b->loop, s, &b->conf, &respond_cb, b)) {
		net_stream_close(s);
	}
}

static int respond(struct bench *b)
{
	struct net_listener *listener;
	uint16_t port;
	int fd;

	if (net_tcp_bind(&fd, &port, "127.0.0.1", 0, 16) || net_listener_new(&listener, b->loop, fd, on_accept, b)) {
		perror("bench_peer: cannot listen on 127.0.0.1");
		return 1;
	}
	printf("{\"event\":\"ready\",\"address\":\"127.0.0.1\",\"port\":%u}\n", (unsigned)port);
	fflush(stdout);
	return net_loop_run(b->loop) ? 1 : 0;
}

/* -- load */

static void send_more(struct bench *b);

static bool all_sent(const struct bench *b)
{
	return b->sent == b->opt.count || now_us() - b->first_us >= b->opt.seconds_us;
}

static void on_answer(void *arg, int err, const struct dia_msg *m)
{
	struct bench_slot *slot = arg;
	struct bench *b = slot->bench;
	struct dia_failed failed = { 0 };
	struct s6m_sia sia;

	if (err || s6m_sia_parse(&sia, m, &failed) || sia.head.result_code.v != DIA_RESULT_SUCCESS) {
		b->failed++;
	}
	b->answered++;
	b->last_us = now_us();
	bench_hist_add(&b->latency, b->last_us - slot->sent_us);
	slot->next = b->free_slots;
	b->free_slots = slot;
	/* A relay that was left without DPR holds the next connection back (RFC 3539, REOPEN). */
	if (b->answered == b->sent && all_sent(b)) {
		link_peer_stop(b->peer, DIA_DISCONNECT_DO_NOT_WANT, "all is answered");
	} else {
		send_more(b);
	}
}

static int send_one(struct bench *b, struct link *l)
{
	char session[LINK_SESSION_ID_MAX];
	struct s6m_sir sir = { .head.request = true };
	uint8_t room[1024], scs[STR_TBCD_MAX];
	struct buf out = buf_over(room, sizeof room);
	struct bench_slot *slot = b->free_slots;
	size_t scs_len;

	if (str_tbcd(scs, &scs_len, "491720000001")) {
		return ERR_INVAL;
	}
	sir.head.session_id = (struct dia_bytes){ (const uint8_t *)session, (uint32_t)link_ids_session(&b->ids, session) };
	sir.head.auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	sir.head.origin_host = dia_text(b->opt.host);
	sir.head.origin_realm = dia_text(b->opt.realm);
	sir.head.destination_host = dia_text(b->opt.destination_host);
	sir.head.destination_realm = dia_text(b->opt.destination_realm);
	sir.user_identifier.external_identifier = dia_text("meter-1@a.example");
	sir.service_id = dia_u32_of(S6M_SERVICE_DEVICE_TRIGGER);
	sir.scs_identity = (struct dia_bytes){ scs, (uint32_t)scs_len };
	sir.sir_flags = dia_u32_of(S6M_SIR_FLAG_S6M);
	s6m_sir_build(&out, &sir, 0, link_ids_end_to_end(&b->ids));
	slot->sent_us = now_us();
	if (out.full || link_request(l, out.p, out.len, ANSWER_WAIT_MS, on_answer, slot)) {
		return ERR_LIMIT;
	}
	b->free_slots = slot->next;
	return 0;
}

static void send_more(struct bench *b)
{
	struct link *l = link_peer_link(b->peer);

	while (l && b->free_slots && !all_sent(b)) {
		if (send_one(b, l)) {
			fprintf(stderr, "bench_peer: cannot send\n");
			net_loop_stop(b->loop);
			return;
		}
		b->sent++;
	}
}

static void on_open(void *arg, struct link *l)
{
	struct bench *b = arg;

	(void)l;
	b->first_us = now_us();
	b->cpu_us = cpu_us();
	send_more(b);
}

static void on_load_down(void *arg, struct link *l, int err, const char *why)
{
	struct bench *b = arg;

	(void)l;
	(void)err;
	if (b->answered < b->sent || !all_sent(b)) {
		b->failed++;
		fprintf(stderr, "bench_peer: connection lost: %s\n", why);
	}
	net_loop_stop(b->loop);
}

static const struct link_cb load_cb = { .on_open = on_open, .on_down = on_load_down };

static int load(struct bench *b)
{
	struct link_peer_conf peer = { .host = b->opt.peer_host, .realm = b->opt.peer_realm };
	char address[NET_ADDRESS_MAX];
	const char *colon = strrchr(b->opt.connect, ':');
	uint32_t port;
	double seconds;

	if (!colon || str_copy(address, sizeof address, b->opt.connect, (size_t)(colon - b->opt.connect)) ||
	    str_parse_u32(&port, colon + 1, 1, 65535)) {
		fprintf(stderr, "bench_peer: --connect wants ADDRESS:PORT\n");
		return 2;
	}
	peer.address = address;
	peer.port = (uint16_t)port;
	b->slots = calloc(b->opt.window, sizeof *b->slots);
	if (!b->slots) {
		return 1;
	}
	for (uint32_t i = 0; i < b->opt.window; i++) {
		b->slots[i] = (struct bench_slot){ .bench = b, .next = b->free_slots };
		b->free_slots = &b->slots[i];
	}
	if (link_peer_new(&b->peer, b->loop, &peer, &b->conf, &load_cb, b) || net_loop_run(b->loop)) {
		return 1;
	}
	seconds = (double)(b->last_us - b->first_us) / 1e6;
	printf("{\"event\":\"result\",\"requests\":%" PRIu32 ",\"failed\":%" PRIu32 ",\"seconds\":%.6f,\"per_second\":%.1f,"
	       "\"cpu_us\":%" PRIu64 ",\"latency_us\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%" PRIu64 "}}\n",
	       b->answered, b->failed, seconds, seconds > 0 ? b->answered / seconds : 0.0, cpu_us() - b->cpu_us,
	       bench_hist_at(&b->latency, 0.5), bench_hist_at(&b->latency, 0.99), bench_hist_at(&b->latency, 0.999),
	       b->latency.max_us);
	return b->answered && !b->failed ? 0 : 1;
}

/* -- both */

static void on_signal(void *arg, int signum)
{
	struct bench *b = arg;

	(void)signum;
	net_loop_stop(b->loop);
}

static void usage(FILE *f)
{
	fputs("usage: bench_peer respond --host H --realm R\n"
	      "       bench_peer load --host H --realm R --connect A:P --peer-host H --peer-realm R\n"
	      "                       --destination-host H --destination-realm R [--count N] [--seconds S] [--window W]\n"
	      "The two ends of a plain S6m leg: measures what stands between them.\n",
	      f);
}

static int parse(struct options *o, int argc, char **argv)
{
	static const struct option rows[] = {
		{ "host", required_argument, NULL, 'h' },
		{ "realm", required_argument, NULL, 'r' },
		{ "connect", required_argument, NULL, 'c' },
		{ "peer-host", required_argument, NULL, 'p' },
		{ "peer-realm", required_argument, NULL, 'q' },
		{ "destination-host", required_argument, NULL, 'd' },
		{ "destination-realm", required_argument, NULL, 'e' },
		{ "count", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 's' },
		{ "window", required_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	uint32_t seconds;
	int c, err = 0;

	*o = (struct options){ .count = 10000, .window = 64, .seconds_us = 3600000000u };
	while (!err && (c = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		switch (c) {
		case 'h':
			o->host = optarg;
			break;
		case 'r':
			o->realm = optarg;
			break;
		case 'c':
			o->connect = optarg;
			break;
		case 'p':
			o->peer_host = optarg;
			break;
		case 'q':
			o->peer_realm = optarg;
			break;
		case 'd':
			o->destination_host = optarg;
			break;
		case 'e':
			o->destination_realm = optarg;
			break;
		case 'n':
			err = str_parse_u32(&o->count, optarg, 1, 100000000);
			break;
		case 's':
			err = str_parse_u32(&seconds, optarg, 1, 3600);
			o->seconds_us = err ? 0 : (uint64_t)seconds * 1000000u;
			break;
		case 'w':
			err = str_parse_u32(&o->window, optarg, 1, 4096);
			break;
		default:
			err = ERR_INVAL;
		}
	}
	return err || !o->host || !o->realm ? ERR_INVAL : 0;
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	struct net_signal *term = NULL;
	uint32_t random = 0;
	bool loading = argc > 1 && strcmp(argv[1], "load") == 0;

	if (stdfd_open()) {
		return 1;
	}
	if (argc < 2 || (!loading && strcmp(argv[1], "respond") != 0) || parse(&b.opt, argc - 1, argv + 1) ||
	    (loading &&
	     (!b.opt.connect || !b.opt.peer_host || !b.opt.peer_realm || !b.opt.destination_host || !b.opt.destination_realm))) {
		usage(stderr);
		return 2;
	}
	log_init(&b.log, 2, LOG_LEVEL_WARN, "bench_peer");
	if (getrandom(&random, sizeof random, 0) != sizeof random || net_loop_new(&b.loop) ||
	    net_signal_new(&term, b.loop, SIGTERM, on_signal, &b)) {
		return 1;
	}
	link_ids_init(&b.ids, b.opt.host, clock_real_ms(), random);
	b.conf = (struct link_conf){ .host = b.opt.host,
				     .realm = b.opt.realm,
				     .product = "bench_peer",
				     .vendor_id = DIA_VENDOR_3GPP,
				     .origin_state_id = (uint32_t)(clock_real_ms() / 1000),
				     .applications = { APP_S6M },
				     .applications_n = 1,
				     .limits = DIA_LIMITS_CORE,
				     .log = &b.log };
	return loading ? load(&b) : respond(&b);
}
