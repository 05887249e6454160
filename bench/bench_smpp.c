/* bench_smpp.c - a lean SMS-SC over SMPP, as bench_smssc.c is one over T4: takes every submit_sm and
 * stores nothing. With --reports a receipt "delivered" follows each response, RECEIPTS_OUT of them
 * without an answer at a time. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stdfd.h"
#include "base/str.h"
#include "bind/bind_conn.h"
#include "net/net_loop.h"
#include "net/net_tcp.h"
#include "smpp/smpp_content.h"
#include "smpp/smpp_receipt.h"

#define WINDOW 65536u
#define WAIT_MS 30000u
#define RECEIPTS_OUT 900u /* smssc.receipts of the laboratory that measures is above it */

struct receipt { /* that waits for its turn */
	STAILQ_ENTRY(receipt) entry;
	struct smpp_address source, destination;
	uint64_t id;
};

struct smsc {
	struct net_loop *loop;
	struct log log;
	const char *name; /* system_id */
	bool reports;
	uint64_t last_id, requests, reported, refused;
	STAILQ_HEAD(, receipt) waiting;
};

static bool send_receipt(struct smsc *s, struct bind_conn *c, const struct receipt *r)
{
	struct smpp_pdu p = { .header.command = SMPP_DELIVER_SM,
			      .source = r->source,
			      .destination = r->destination,
			      .esm_class = SMPP_ESM_TYPE_RECEIPT };
	struct smpp_receipt text = { .submitted = 1, .delivered = 1, .state = SMPP_STATE_DELIVERED, .err = "000" };
	uint8_t room[SMPP_RECEIPT_MAX];
	struct buf b = buf_over(room, sizeof room);
	int err;

	if (!smpp_session_may(bind_session(c), SMPP_DELIVER_SM)) {
		return false;
	}
	snprintf(text.id, sizeof text.id, "%" PRIu64, r->id);
	text.submit_s = text.done_s = (int64_t)(clock_real_ms() / 1000);
	err = smpp_receipt_build(&b, &text);
	p.short_message = (struct smpp_octets){ room, (uint32_t)b.len };
	smpp_set_octets(&p, SMPP_TLV_RECEIPTED_MESSAGE_ID, text.id, (uint32_t)strlen(text.id));
	smpp_set_number(&p, SMPP_TLV_MESSAGE_STATE, SMPP_STATE_DELIVERED);
	if (err || bind_request(c, &p, 0)) {
		s->refused++;
	}
	return true;
}

static void send_waiting(struct smsc *s, struct bind_conn *c)
{
	struct receipt *r;

	while ((r = STAILQ_FIRST(&s->waiting)) && send_receipt(s, c, r)) {
		STAILQ_REMOVE_HEAD(&s->waiting, entry);
		free(r);
	}
}

static void report(struct smsc *s, struct bind_conn *c, const struct smpp_pdu *submit)
{
	struct receipt *r = malloc(sizeof *r);

	if (!r) {
		s->refused++;
		return;
	}
	*r = (struct receipt){ .source = submit->destination, .destination = submit->source, .id = s->last_id };
	STAILQ_INSERT_TAIL(&s->waiting, r, entry);
	send_waiting(s, c);
}

static void on_request(void *arg, struct bind_conn *c, const struct smpp_pdu *p)
{
	struct smpp_pdu answer = { .header = { .command = p->header.command | SMPP_RESP, .sequence = p->header.sequence } };
	struct smsc *s = arg;

	if (p->header.command == SMPP_BIND_TRANSCEIVER) {
		str_cut(answer.system_id, sizeof answer.system_id, s->name);
		bind_answer(c, &answer);
		return;
	}
	if (p->header.command != SMPP_SUBMIT_SM) {
		bind_refuse(c, p->header.command, SMPP_RINVCMDID, p->header.sequence);
		return;
	}
	s->requests++;
	snprintf(answer.message_id, sizeof answer.message_id, "%" PRIu64, ++s->last_id);
	bind_answer(c, &answer);
	if (s->reports) {
		report(s, c, p);
	}
}

static void on_answer(void *arg, struct bind_conn *c, uint64_t token, uint32_t status, const struct smpp_pdu *p)
{
	struct smsc *s = arg;

	(void)token;
	(void)p;
	s->reported += status == SMPP_ROK;
	s->refused += status != SMPP_ROK;
	send_waiting(s, c);
}

static void on_lost(void *arg, struct bind_conn *c, uint64_t token, int err)
{
	struct smsc *s = arg;

	(void)c;
	(void)token;
	(void)err;
	s->refused++;
}

static void on_down(void *arg, struct bind_conn *c, int err, const char *why)
{
	(void)arg;
	(void)c;
	(void)err;
	(void)why;
}

static const struct bind_cb callbacks = {
	.on_request = on_request, .on_answer = on_answer, .on_lost = on_lost, .on_down = on_down
};

static void on_accept(void *arg, int fd, const char *address)
{
	static const struct net_stream_cb none = { 0 };
	const struct net_stream_conf how = { 0 };
	struct smsc *s = arg;
	const struct bind_conf conf = { .session = { .role = SMPP_ROLE_SMSC,
						     .bind_wait_ms = WAIT_MS,
						     .answer_wait_ms = WAIT_MS,
						     .window_in = WINDOW,
						     .window_out = RECEIPTS_OUT },
					.pdu_max = SMPP_PDU_MAX,
					.log = &s->log };
	struct net_stream *stream;
	struct bind_conn *conn;

	if (net_tcp_accept(&stream, s->loop, fd, address, &how, &none, NULL)) {
		close(fd);
	} else if (bind_conn_new(&conn, s->loop, stream, &conf, &callbacks, s)) {
		net_stream_close(stream);
	}
}

static void on_signal(void *arg, int signum)
{
	struct smsc *s = arg;

	(void)signum;
	net_loop_stop(s->loop);
}

static int run(struct smsc *s)
{
	struct net_signal *signals[2] = { NULL, NULL };
	struct net_listener *listener;
	uint16_t port;
	int fd;

	log_init(&s->log, 2, LOG_LEVEL_WARN, "bench_smpp");
	STAILQ_INIT(&s->waiting);
	if (net_loop_new(&s->loop) || net_signal_new(&signals[0], s->loop, SIGTERM, on_signal, s) ||
	    net_signal_new(&signals[1], s->loop, SIGINT, on_signal, s) || net_tcp_bind(&fd, &port, "127.0.0.1", 0, 16) ||
	    net_listener_new(&listener, s->loop, fd, on_accept, s)) {
		fputs("bench_smpp: cannot listen on 127.0.0.1\n", stderr);
		return 1;
	}
	printf("{\"event\":\"ready\",\"address\":\"127.0.0.1\",\"port\":%u}\n", (unsigned)port);
	fflush(stdout);
	if (net_loop_run(s->loop)) {
		return 1;
	}
	printf("{\"event\":\"ended\",\"requests\":%" PRIu64 ",\"failed\":0,\"reports\":%" PRIu64 ",\"refused\":%" PRIu64 "}\n",
	       s->requests, s->reported, s->refused);
	return 0;
}

int main(int argc, char **argv)
{
	static struct smsc s;

	if (stdfd_open()) {
		return 1;
	}
	s.reports = argc == 4 && strcmp(argv[3], "--reports") == 0;
	if (argc != 3 && !s.reports) {
		fputs("usage: bench_smpp NAME REALM [--reports]\n"
		      "An SMS-SC over SMPP that stores nothing, for the bench. --reports: a receipt follows each response.\n",
		      stderr);
		return 2;
	}
	s.name = argv[1];
	return stdfd_end("bench_smpp", run(&s), 1);
}
