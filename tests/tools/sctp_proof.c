/* sctp_proof - the edge's question who protects an SCTP association, with a real association: for
 * the guest that has SCTP (tests/guest/inside_sctp.py) but whose packet filter cannot have the rules
 * of NDS/IP, so that mtc-iwfd would prove nobody there. The part of the edge and the judgement of
 * the helper are those of mtc-iwfd; charon's child is made up.
 *
 * usage: sctp_proof ADDRESS PORT HOST     listens at ADDRESS; the tunnel is for HOST and no other
 * Prints one line for each association: "proven: SCS", or, when the grace of a tenth of a second is
 * over, "cut: REASON" with which it is aborted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include "edge/edge_proof.h"
#include "ndsip/ns_proof.h"
#include "net/net_transport.h"
#include "tests/unit/ipsec/say.h"

#define GRACE_MS 100u
#define IDENTITY "scs.acme.example"

#define PROOF_TOOL_MAGIC 0x3d2b90c7u
struct tool {
	struct obj obj;
	struct net_loop *loop;
	struct net_timer *due; /* of the helper's end */
	struct cfg_iwf *cfg;
	struct log log;
	struct edge_env env;
	struct edge_proofs proofs; /* the edge's end */
	struct edge_proof one;
	struct net_stream *stream;
	struct ns_channel *helper; /* the helper's end */
	struct ns_proofs judged;
	struct ns_list list;
	struct sa_table *table;
};

static void must(bool yes, const char *what)
{
	if (!yes) {
		fprintf(stderr, "sctp_proof: %s\n", what);
		exit(1);
	}
}

/* -- the helper's end */

static struct ns_facts facts(const struct tool *t)
{
	return (struct ns_facts){ .charon = true, .rules = true, .grace_ms = GRACE_MS, .table = t->table, .list = &t->list };
}

static void tell(struct tool *t)
{
	struct ns_msg answer = { .kind = NS_STATE };
	struct ns_connection *c = ns_proofs_unsaid(&t->judged);

	if (c) {
		ns_proofs_state(&answer.state, c);
		ns_proofs_said(&t->judged, c);
		must(ns_channel_send(t->helper, &answer) == 0, "the edge is not told");
	}
}

static void on_due(void *arg)
{
	struct tool *t = OBJ_OF(arg, struct tool, PROOF_TOOL_MAGIC);
	struct ns_facts f = facts(t);

	(void)ns_proofs_due(&t->judged, &f, net_loop_now_ms(t->loop));
	tell(t);
}

static void on_open(void *arg, const struct ns_msg *m)
{
	struct tool *t = OBJ_OF(arg, struct tool, PROOF_TOOL_MAGIC);
	struct ns_facts f = facts(t);

	if (m->kind != NS_OPEN) {
		ns_proofs_close(&t->judged, 1, m->close.id);
		return;
	}
	must(ns_proofs_open(&t->judged, 1, &m->open, &f, net_loop_now_ms(t->loop)) == 0, "the connection is not taken");
	tell(t);
	net_timer_start(t->due, GRACE_MS + 10);
}

static void on_lost(void *arg, int err)
{
	(void)arg;
	must(false, err_str(err));
}

static void lost(void *arg, uint32_t number)
{
	(void)number;
	on_lost(arg, ERR_CLOSED);
}

/* -- the edge's end */

static void finish(struct tool *t)
{
	fflush(stdout);
	edge_proof_end(&t->proofs, &t->one);
	t->stream = NULL;
}

static void on_proven(void *arg, struct edge_proof *p)
{
	struct tool *t = OBJ_OF(arg, struct tool, PROOF_TOOL_MAGIC);

	printf("proven: %s\n", p->scs);
	net_stream_close(t->stream);
	finish(t);
}

static void on_cut(void *arg, struct edge_proof *p)
{
	struct tool *t = OBJ_OF(arg, struct tool, PROOF_TOOL_MAGIC);

	printf("cut: %s\n", ns_reason_word(p->reason));
	net_stream_abort(t->stream);
	finish(t);
}

static const struct edge_proof_cb proof_cb = { .proven = on_proven, .held = on_cut, .cut = on_cut };

static void on_opened(void *arg)
{
	(void)arg;
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n;
}

static void on_close(void *arg, int err, const char *why)
{
	(void)arg;
	(void)err;
	(void)why;
}

static const struct net_stream_cb stream_cb = { .on_open = on_opened, .on_data = on_data, .on_close = on_close };

static void on_accept(void *arg, int fd, const char *peer)
{
	struct tool *t = OBJ_OF(arg, struct tool, PROOF_TOOL_MAGIC);

	must(!t->stream, "one association at a time");
	must(net_accept(&t->stream, t->loop, TRANSPORT_SCTP, fd, peer, NULL, &stream_cb, t) == 0, "accept");
	must(edge_proof_begin(&t->proofs, &t->one, t->stream, fd) == 0, "the addresses cannot be read");
}

/* -- */

static void provision(struct tool *t, const char *address, const char *port, const char *host)
{
	struct ns_scs s = { .list = 1, .name = "acme", .identity = IDENTITY, .anchor = "anchor-a", .hosts_n = 1 };
	struct sa_table_conf conf = { .ikes_max = 4, .children_max = 4 };
	char local[64], remote[64];
	struct say_child child = { 7, "INSTALLED", local, remote };
	struct ns_member *m;
	enum ns_todo what;

	must(sa_address_read(&s.hosts[0], host, strlen(host)) == 0, "HOST is no address");
	must(!ns_list_init(&t->list) && !ns_proofs_init(&t->judged, 4) && !sa_table_new(&t->table, &conf), "no memory");
	must(!ns_list_begin(&t->list, &(struct ns_begin){ 1, 1, 0 }) && !ns_list_put(&t->list, &s) &&
		 !ns_list_end(&t->list, &(struct ns_end){ 1, 1 }),
	     "the list is not taken");
	while ((m = ns_list_work(&t->list, &what))) {
		ns_list_done(&t->list, m);
	}
	snprintf(local, sizeof local, "%s/32[sctp/%s]", address, port);
	snprintf(remote, sizeof remote, "%s/32[sctp]", host);
	sa_table_list_begin(t->table);
	must(sa_table_list_end(t->table) == 0, "an empty list");
	must(say_to(t->table, "child-updown", true, 3, IDENTITY, &child, 1) == 0, "the child is not taken");
}

static void join(struct tool *t)
{
	struct ns_channel_conf conf = {
		.loop = t->loop, .from = NS_FROM_EDGE, .on_message = on_open, .on_lost = on_lost, .arg = t
	};
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0, "socketpair");
	must(ns_channel_new(&t->helper, pair[0], &conf) == 0, "channel");
	must(edge_proofs_init(&t->proofs, &t->env, &proof_cb, t) == 0, "proofs");
	must(edge_proofs_channel(&t->proofs, pair[1], 1, lost, t) == 0, "channel");
}

int main(int argc, char **argv)
{
	static struct tool t;
	struct net_sctp_ends ends = { .more_n = 0 };
	struct net_listener *listener;
	uint16_t port;
	int fd;

	must(argc == 4, "usage: sctp_proof ADDRESS PORT HOST");
	obj_begin(&t.obj, PROOF_TOOL_MAGIC);
	t.cfg = calloc(1, sizeof *t.cfg);
	must(t.cfg && net_loop_new(&t.loop) == 0 && net_timer_new(&t.due, t.loop, on_due, &t) == 0, "no memory");
	t.cfg->ndsip.grace_ms = 60000;
	log_init(&t.log, 2, LOG_LEVEL_INFO, "sctp_proof");
	t.env = (struct edge_env){ .cfg = t.cfg, .log = &t.log, .loop = t.loop };
	provision(&t, argv[1], argv[2], argv[3]);
	join(&t);
	must(net_bind(&fd, &port, argv[1], (uint16_t)strtoul(argv[2], NULL, 10), &ends, 4) == 0, "the listener");
	must(net_listen(&listener, t.loop, fd, port, &ends, on_accept, &t) == 0, "the listener");
	printf("ready\n");
	fflush(stdout);
	alarm(120);
	return net_loop_run(t.loop);
}
