/* The NDS/IP helper as a whole, between a charon, an edge and a core that are played over socket pairs. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ndsip/ns_msg.h"
#include "ndsip/ns_serve.h"
#include "tests/unit/ipsec/say.h"
#include "tests/unit/turn.h"

#define ACME "scs.acme.example"
#define LOCAL "10.77.1.1/32[tcp/3868]"
#define REMOTE "10.77.2.1/32[tcp]"
#define GRACE_MS 1000u /* where its end is waited for */
#define FILES 4u       /* the set of files that the helper has */
#define PEM "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n"
#define CRL "-----BEGIN X509 CRL-----\nQw==\n-----END X509 CRL-----\n"

struct world {
	struct net_loop *loop;
	struct turn turn;
	struct log log;
	struct ns_serve *serve;
	int charon, edge, core; /* our ends; -1: none */
	unsigned wanted, bad_edge;
	char commands[2048]; /* that charon got, in order, with the names in them */
	bool silent;         /* charon reads, and answers nothing */
	bool refuses;        /* charon takes no connection: load-conn fails */
	bool refuses_lists;  /* and no revocation list: load-cert fails */
	enum ns_rules rules;
	struct sa_ts local;
};

static struct sa_address address(const char *text)
{
	struct sa_address a;

	assert_int_equal(sa_address_read(&a, text, strlen(text)), 0);
	return a;
}

static void on_want(void *arg)
{
	((struct world *)arg)->wanted++;
}

static void on_bad_edge(void *arg, uint32_t generation)
{
	((struct world *)arg)->bad_edge = generation;
}

static enum ns_rules on_rules(void *arg, char words[NS_WORDS_MAX], uint64_t *again_ms)
{
	(void)again_ms;
	snprintf(words, NS_WORDS_MAX, "%s", ((struct world *)arg)->rules == NS_RULES_OK ? "" : "the table is missing");
	return ((struct world *)arg)->rules;
}

/* -- charon */

static void answer(struct world *w, enum vici_type type, bool success)
{
	uint8_t room[128];
	struct vici_out o = vici_out_over(room, sizeof room);
	size_t len;

	buf_be32(&o.b, 0);
	buf_u8(&o.b, (uint8_t)type);
	if (type == VICI_RESPONSE) {
		vici_put_value(&o, "success", success ? "yes" : "no");
		vici_put_value(&o, "version", "5.9.8");
		vici_put_list(&o, "conns");
		vici_put_item(&o, "mtc-old", 7);
		vici_put_list_end(&o);
	}
	assert_int_equal(vici_out_end(&o, &len), 0);
	assert_int_equal(send(w->charon, room, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* The command, and the value of `ike` or `name`, or the name of the section. */
static void note(struct world *w, const struct vici_packet *p)
{
	struct vici_section s = p->message;
	struct vici_element e;
	size_t at = strlen(w->commands);

	at += (size_t)snprintf(w->commands + at, sizeof w->commands - at, "%.*s", (int)p->name.len, p->name.p);
	while (vici_next(&s, &e)) {
		if (e.kind == VICI_SECTION) {
			at += (size_t)snprintf(w->commands + at, sizeof w->commands - at, ":%.*s", (int)e.key.len, e.key.p);
		} else if (vici_text_is(&e.key, "ike") || vici_text_is(&e.key, "name")) {
			at += (size_t)snprintf(w->commands + at, sizeof w->commands - at, ":%.*s", (int)e.value.len, e.value.p);
		}
	}
	snprintf(w->commands + at, sizeof w->commands - at, " ");
}

static void charon_turn(struct world *w)
{
	static uint8_t in[1 << 20];
	ssize_t got = w->charon < 0 ? -1 : recv(w->charon, in, sizeof in, MSG_DONTWAIT);
	size_t at = 0, n;

	while (got > 0 && vici_frame(&n, in + at, (size_t)got - at) == 0) {
		struct vici_packet p;

		assert_int_equal(vici_packet_read(&p, in + at + VICI_LENGTH_LEN, n - VICI_LENGTH_LEN), 0);
		at += n;
		if (w->silent) {
			continue;
		}
		if (p.type == VICI_REGISTER) {
			answer(w, VICI_CONFIRM, true);
		} else {
			note(w, &p);
			answer(w, VICI_RESPONSE,
			       (!w->refuses || !vici_text_is(&p.name, "load-conn")) &&
				   (!w->refuses_lists || !vici_text_is(&p.name, "load-cert")));
		}
	}
	assert_true(got <= 0 || at == (size_t)got);
}

static void turns(struct world *w, int n)
{
	for (int i = 0; i < n; i++) {
		turn_for(&w->turn, 1);
		charon_turn(w);
	}
}

static void charon_comes(struct world *w)
{
	int pair[2];

	assert_true(w->wanted > 0);
	w->wanted = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	w->charon = pair[1];
	ns_serve_charon(w->serve, pair[0], "");
	turns(w, 30);
}

static void charon_goes(struct world *w)
{
	close(w->charon);
	w->charon = -1;
	turns(w, 3);
}

static void charon_says_of(struct world *w, bool up, const char *id, const char *life)
{
	static struct say s;
	struct vici_packet p;

	say_begin(&s, "child-updown", up, "mtc-acme", "3", "ESTABLISHED", id);
	s.life = life;
	say_children(&s, &(struct say_child){ 7, "INSTALLED", LOCAL, REMOTE }, 1);
	p = say_end(&s);
	(void)p;
	assert_true(send(w->charon, s.room, s.o.b.len, MSG_NOSIGNAL) > 0);
	turns(w, 3);
}

static void charon_says(struct world *w, bool up, const char *id)
{
	charon_says_of(w, up, id, "3600");
}

/* -- edge and core */

static void send_message(int fd, const struct ns_msg *m)
{
	uint8_t octets[NS_MSG_OCTETS_MAX];
	size_t n = ns_msg_encode(octets, m);

	assert_true(n > 0);
	assert_int_equal(send(fd, octets, n, MSG_NOSIGNAL), (ssize_t)n);
}

static bool receive(int fd, enum ns_side from, struct ns_msg *m)
{
	uint8_t octets[NS_MSG_OCTETS_MAX + 1];
	ssize_t n = recv(fd, octets, sizeof octets, MSG_DONTWAIT);

	if (n <= 0) {
		return false;
	}
	assert_int_equal(ns_msg_decode(m, from, octets, (size_t)n), 0);
	return true;
}

static void give_list(struct world *w, uint32_t number, bool acme)
{
	struct ns_msg begin = { .kind = NS_BEGIN, .begin = { number, acme, FILES } };
	struct ns_msg end = { .kind = NS_END, .end = { number, acme } };
	struct ns_msg scs = {
		.kind = NS_SCS,
		.scs = { .list = number, .known = true, .name = "acme", .identity = ACME, .anchor = "anchor-a", .hosts_n = 1 }
	};

	scs.scs.hosts[0] = address("10.77.2.1");
	send_message(w->core, &begin);
	if (acme) {
		send_message(w->core, &scs);
	}
	send_message(w->core, &end);
	turns(w, 20);
}

static void open_one(struct world *w, uint64_t id)
{
	struct ns_msg m = {
		.kind = NS_OPEN,
		.open = { .id = id, .protocol = SA_TCP, .local_port = 3868, .remote_port = 40000, .local_n = 1, .remote_n = 1 }
	};

	m.open.local[0] = address("10.77.1.1");
	m.open.remote[0] = address("10.77.2.1");
	send_message(w->edge, &m);
	turns(w, 2);
}

static void told(struct world *w, uint64_t id, enum ns_proof proof, enum ns_reason reason)
{
	bool got = false;
	struct ns_msg m;

	for (int i = 0; i < 3000 && !got; i++) {
		got = receive(w->edge, NS_TO_EDGE, &m);
		turns(w, !got);
	}
	assert_true(got);
	assert_int_equal(m.state.id, id);
	assert_int_equal(m.state.proof, proof);
	assert_int_equal(m.state.reason, reason);
	assert_false(receive(w->edge, NS_TO_EDGE, &m));
}

/* -- a world */

static int channel_for(int *ours)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	*ours = pair[0];
	return pair[1];
}

static void begin_with(struct world *w, uint64_t rules_ms, uint64_t grace_ms)
{
	static const char *const local_ike[] = { "192.0.2.1" };
	struct ns_file files[] = { { NULL, { PEM, sizeof PEM - 1 }, false, FILES },
				   { "anchor-a", { PEM CRL, sizeof PEM CRL - 1 }, false, FILES } };
	struct ns_serve_conf conf = {
		.log = &w->log,
		.params = { .local_id = "iwf.operator.example", .local_ike = { local_ike, 1 }, .local_n = 1 },
		.grace_ms = grace_ms,
		.check_ms = 60000,
		.rules = on_rules,
		.rules_ms = rules_ms,
		.want = on_want,
		.bad_edge = on_bad_edge,
		.arg = w
	};
	struct ns_files *held;

	memset(w, 0, sizeof *w);
	w->charon = -1;
	w->rules = NS_RULES_OK;
	log_init(&w->log, -1, LOG_LEVEL_DEBUG, "test");
	assert_int_equal(net_loop_new(&w->loop), 0);
	turn_begin(&w->turn, w->loop);
	w->local = (struct sa_ts){
		.from = address("10.77.1.1"), .to = address("10.77.1.1"), .protocol = SA_TCP, .port_from = 3868, .port_to = 3868
	};
	conf.loop = w->loop;
	conf.params.local = &w->local;
	assert_int_equal(ns_serve_new(&w->serve, &conf), 0);
	assert_int_equal(ns_files_new(&held, files, 2), 0);
	ns_serve_files(w->serve, held, FILES);
	assert_int_equal(ns_serve_edge(w->serve, channel_for(&w->edge), 5), 0);
	assert_int_equal(ns_serve_core(w->serve, channel_for(&w->core)), 0);
	turns(w, 2);
}

static void begin(struct world *w, uint64_t rules_ms)
{
	begin_with(w, rules_ms, 60000); /* what is held is to be seen, however busy the machine is */
}

static void end(struct world *w)
{
	ns_serve_free(w->serve);
	turn_end(&w->turn);
	net_loop_free(w->loop);
	close(w->edge);
	close(w->core);
	if (w->charon >= 0) {
		close(w->charon);
	}
}

/* -- */

static void test_the_order_of_commands(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 0);
	charon_comes(&w);
	assert_string_equal(w.commands, "version list-sas load-cert flush-certs ");
	w.commands[0] = 0;
	give_list(&w, 1, true);
	assert_string_equal(w.commands, "get-conns unload-conn:mtc-old terminate:mtc-old load-conn:mtc-acme ");
	w.commands[0] = 0;
	give_list(&w, 2, true);
	assert_string_equal(w.commands, "");
	give_list(&w, 3, false);
	assert_string_equal(w.commands, "unload-conn:mtc-acme terminate:mtc-acme ");
	end(&w);
}

/* What charon has under its name is of before: with it the peer would be proven by what is no longer
 * provisioned. */
static void test_a_refused_connection_leaves_none(void **state)
{
	static const char other[] = "-----BEGIN CERTIFICATE-----\nQg==\n-----END CERTIFICATE-----\n";
	struct ns_file files[] = { { NULL, { PEM, sizeof PEM - 1 }, false, 1 },
				   { "anchor-a", { other, sizeof other - 1 }, false, 1 } };
	struct ns_files *renewed;
	struct world w;

	(void)state;
	begin(&w, 0);
	give_list(&w, 1, true);
	charon_comes(&w);
	w.commands[0] = 0;
	w.refuses = true;
	assert_int_equal(ns_files_new(&renewed, files, 2), 0);
	ns_serve_files(w.serve, renewed, FILES);
	turns(&w, 20);
	assert_string_equal(w.commands, "load-conn:mtc-acme unload-conn:mtc-acme terminate:mtc-acme ");
	end(&w);
}

/* Acme is admitted with a short list of its CA; then that list grows to so many octets of DER. Returns what the core was told of acme. */
static struct ns_scs_is after_a_list_of(struct world *w, size_t der, bool refused)
{
	static const char head[] = PEM "-----BEGIN X509 CRL-----\n", tail[] = "\n-----END X509 CRL-----\n" CRL;
	size_t letters = der / 3 * 4, len = sizeof head - 1 + letters + sizeof tail - 1;
	char *text = malloc(len);
	struct ns_file files[] = { { NULL, { PEM, sizeof PEM - 1 }, false, 1 }, { "anchor-a", { text, len }, false, 1 } };
	struct ns_scs_is last = { .state = 0 };
	struct ns_files *renewed;
	struct ns_msg m;

	memset(text, 'A', len);
	memcpy(text, head, sizeof head - 1);
	memcpy(text + sizeof head - 1 + letters, tail, sizeof tail - 1);
	begin(w, 0);
	charon_comes(w);
	give_list(w, 1, true);
	w->commands[0] = 0;
	w->refuses_lists = refused;
	assert_int_equal(ns_files_new(&renewed, files, 2), 0);
	free(text);
	ns_serve_files(w->serve, renewed, FILES);
	turns(w, 400);
	assert_int_equal(w->wanted, 0); /* the connection to charon stays */
	while (receive(w->core, NS_TO_CORE, &m)) {
		last = m.kind == NS_SCS_STATE ? m.scs_is : last;
	}
	return last;
}

/* 65,535 octets are the most of a value of VICI; as PEM they would be a third more. */
static void test_a_list_goes_to_charon_as_der(void **state)
{
	struct ns_scs_is is;
	struct world w;

	(void)state;
	is = after_a_list_of(&w, 65535, false);
	assert_string_equal(w.commands, "load-cert load-cert flush-certs load-conn:mtc-acme terminate:mtc-acme ");
	assert_int_equal(is.state, NS_SCS_DOWN);
	end(&w);
}

/* charon has the shorter one of before, and would go by it. */
static void test_a_list_too_long_for_charon_has_its_scss_refused(void **state)
{
	struct ns_scs_is is;
	struct world w;

	(void)state;
	is = after_a_list_of(&w, 65538, false);
	assert_string_equal(w.commands, "load-cert flush-certs unload-conn:mtc-acme terminate:mtc-acme ");
	assert_int_equal(is.state, NS_SCS_REFUSED);
	assert_string_equal(is.words,
			    "a revocation list of its trust anchor 'anchor-a' is not in strongSwan: it has 65538 octets, and "
			    "65535 is the most");
	end(&w);
}

static void test_a_list_that_charon_refuses_has_its_scss_refused(void **state)
{
	struct ns_scs_is is;
	struct world w;

	(void)state;
	is = after_a_list_of(&w, 300, true);
	assert_non_null(strstr(w.commands, "unload-conn:mtc-acme terminate:mtc-acme "));
	assert_int_equal(is.state, NS_SCS_REFUSED);
	assert_non_null(strstr(is.words, "is not in strongSwan: "));
	end(&w);
}

static void test_a_connection_from_its_proof_to_its_end(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, 0, GRACE_MS);
	give_list(&w, 1, true);
	open_one(&w, 1);
	told(&w, 1, NS_HELD, NS_REASON_CHARON_AWAY);
	charon_comes(&w);
	told(&w, 1, NS_HELD, NS_REASON_SA_UNPROTECTED);
	charon_says(&w, true, ACME);
	told(&w, 1, NS_PROVEN, NS_REASON_SA_PROVEN);
	charon_says(&w, false, ACME);
	told(&w, 1, NS_HELD, NS_REASON_SA_UNPROTECTED);
	told(&w, 1, NS_CUT, NS_REASON_SA_UNPROTECTED);
	charon_says(&w, true, ACME);
	open_one(&w, 2);
	told(&w, 2, NS_PROVEN, NS_REASON_SA_PROVEN);
	charon_goes(&w);
	told(&w, 2, NS_HELD, NS_REASON_CHARON_AWAY);
	told(&w, 2, NS_CUT, NS_REASON_CHARON_AWAY);
	assert_true(w.wanted > 0); /* and asks for another one */
	end(&w);
}

static void charon_says_child(struct world *w, bool up, const char *ike, uint32_t child)
{
	static struct say s;

	say_begin(&s, "child-updown", up, "mtc-acme", ike, "ESTABLISHED", ACME);
	say_children(&s, &(struct say_child){ child, "INSTALLED", LOCAL, REMOTE }, 1);
	(void)say_end(&s);
	assert_true(send(w->charon, s.room, s.o.b.len, MSG_NOSIGNAL) > 0);
	turns(w, 3);
}

/* From the moment that its end is wanted a tunnel proves nothing, although charon takes its time; the one that follows does, and
 * not before the old one has ended. */
static void test_a_tunnel_whose_end_is_wanted_proves_nothing(void **state)
{
	struct ns_msg m = { .kind = NS_TERMINATE, .terminate = { .name = "acme", .why = NS_WHY_CHANGED } };
	struct world w;

	(void)state;
	begin(&w, 0);
	give_list(&w, 1, true);
	charon_comes(&w);
	charon_says_child(&w, true, "3", 7);
	open_one(&w, 1);
	told(&w, 1, NS_PROVEN, NS_REASON_SA_PROVEN);
	w.commands[0] = 0;
	send_message(w.core, &m);
	told(&w, 1, NS_HELD, NS_REASON_ENDED);
	turns(&w, 20);
	assert_string_equal(w.commands, "terminate:mtc-acme ");
	charon_says_child(&w, true, "4", 8);
	assert_false(receive(w.edge, NS_TO_EDGE, &m));
	charon_says_child(&w, false, "3", 7);
	told(&w, 1, NS_PROVEN, NS_REASON_SA_PROVEN);
	end(&w);
}

/* The last summary of the helper. */
static struct ns_summary summary_of(struct world *w)
{
	struct ns_summary s = { .list = 0 };
	struct ns_msg m;

	turns(w, 400); /* it is gathered for a while */
	while (receive(w->core, NS_TO_CORE, &m)) {
		s = m.kind == NS_SUMMARY ? m.summary : s;
	}
	assert_int_not_equal(s.list, 0);
	return s;
}

static void give_acme(struct world *w, uint32_t files, bool known)
{
	struct ns_msg begin = { .kind = NS_BEGIN, .begin = { 1, 1, files } }, end = { .kind = NS_END, .end = { 1, 1 } };
	struct ns_msg scs = { .kind = NS_SCS,
			      .scs = { .list = 1,
				       .known = known,
				       .name = "acme",
				       .identity = ACME,
				       .anchor = "anchor-a",
				       .ike_n = 1,
				       .hosts_n = 1 } };

	scs.scs.ike[0] = address("192.0.2.7");
	scs.scs.hosts[0] = address("10.77.2.1");
	send_message(w->core, &begin);
	send_message(w->core, &scs);
	send_message(w->core, &end);
	turns(w, 20);
}

/* A list for a helper that begins, with a tunnel of before: it goes on only if the last helper had these files and this SCS. A child that
 * is being ended makes no call needless. */
static void of_before(uint32_t files, bool known)
{
	bool kept = files == FILES && known;
	struct world w;

	begin(&w, 0);
	charon_comes(&w);
	charon_says_child(&w, true, "3", 7);
	w.commands[0] = 0;
	give_acme(&w, files, known);
	open_one(&w, 1);
	told(&w, 1, kept ? NS_PROVEN : NS_HELD, kept ? NS_REASON_SA_PROVEN : NS_REASON_ENDED);
	assert_non_null(strstr(w.commands, "load-conn:mtc-acme "));
	assert_int_equal(strstr(w.commands, "terminate:mtc-acme ") == NULL, kept);
	assert_int_equal(strstr(w.commands, "initiate:mtc-acme ") == NULL, kept);
	assert_int_equal(summary_of(&w).ended, FILES); /* charon has acknowledged it */
	if (!kept) {
		charon_says_child(&w, true, "4", 8);
		charon_says_child(&w, false, "3", 7);
		told(&w, 1, NS_PROVEN, NS_REASON_SA_PROVEN);
	}
	end(&w);
}

static void test_a_tunnel_of_before_proves_nothing_unless_it_is_known(void **state)
{
	(void)state;
	of_before(FILES, true);
	of_before(FILES, false);
	of_before(FILES - 1, true);
	of_before(0, true);
}

/* While charon does not acknowledge it, or with files that came later. */
static void test_the_core_hears_when_nothing_is_left_to_end(void **state)
{
	struct ns_file files[] = { { NULL, { PEM, sizeof PEM - 1 }, false, 1 },
				   { "anchor-a", { PEM, sizeof PEM - 1 }, false, 1 } };
	struct ns_files *renewed;
	struct world w;

	(void)state;
	begin(&w, 0);
	charon_comes(&w);
	w.silent = true;
	give_acme(&w, FILES, false);
	assert_int_equal(summary_of(&w).ended, 0);
	charon_goes(&w);
	assert_int_equal(summary_of(&w).ended, 0);
	w.silent = false;
	turns(&w, 200);
	charon_comes(&w);
	assert_int_equal(summary_of(&w).ended, FILES);
	w.silent = true;
	assert_int_equal(ns_files_new(&renewed, files, 2), 0);
	ns_serve_files(w.serve, renewed, FILES + 1);
	assert_int_equal(summary_of(&w).ended, 0);
	end(&w);
}

/* A peer with a tunnel may ask for children as long as it likes, and each is walked over by each judgement of its hosts. */
static void test_a_peer_with_too_many_children_is_terminated_once(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 0);
	give_list(&w, 1, true);
	charon_comes(&w);
	w.commands[0] = 0;
	for (uint32_t child = 1; child <= SA_IKE_CHILDREN_MAX; child++) {
		charon_says_child(&w, true, "3", child);
	}
	assert_string_equal(w.commands, "");
	charon_says_child(&w, true, "3", SA_IKE_CHILDREN_MAX + 1);
	charon_says_child(&w, true, "3", SA_IKE_CHILDREN_MAX + 2); /* on its way already */
	turns(&w, 5);
	assert_string_equal(w.commands, "terminate:mtc-acme ");
	end(&w);
}

/* The next list would be read in a minute. charon, as it is played here, lists nothing. */
static void test_a_child_that_runs_out_is_looked_at_in_time(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 0);
	give_list(&w, 1, true);
	charon_comes(&w);
	open_one(&w, 1);
	told(&w, 1, NS_HELD, NS_REASON_SA_UNPROTECTED);
	w.commands[0] = 0;
	charon_says_of(&w, true, ACME, "3600");
	told(&w, 1, NS_PROVEN, NS_REASON_SA_PROVEN);
	turns(&w, 400);
	assert_null(strstr(w.commands, "list-sas"));
	charon_says_of(&w, true, ACME, "1");
	told(&w, 1, NS_HELD, NS_REASON_SA_UNPROTECTED);
	assert_non_null(strstr(w.commands, "list-sas"));
	end(&w);
}

static void test_lost_rules_hold_and_cut(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, 10, GRACE_MS);
	give_list(&w, 1, true);
	charon_comes(&w);
	charon_says(&w, true, ACME);
	open_one(&w, 1);
	told(&w, 1, NS_PROVEN, NS_REASON_SA_PROVEN);
	w.rules = NS_RULES_MISSING;
	told(&w, 1, NS_HELD, NS_REASON_RULES_LOST);
	told(&w, 1, NS_CUT, NS_REASON_RULES_LOST);
	end(&w);
}

static void test_a_bad_edge_is_cut_off_and_named(void **state)
{
	struct ns_msg m;
	struct world w;

	(void)state;
	begin(&w, 0);
	open_one(&w, 1);
	told(&w, 1, NS_HELD, NS_REASON_CHARON_AWAY);
	open_one(&w, 1); /* twice */
	assert_int_equal(w.bad_edge, 5);
	assert_false(receive(w.edge, NS_TO_EDGE, &m));
	close(w.edge);
	w.bad_edge = 0;
	assert_int_equal(ns_serve_edge(w.serve, channel_for(&w.edge), 6), 0);
	assert_int_equal(send(w.edge, "hello", 5, 0), 5);
	turns(&w, 2);
	assert_int_equal(w.bad_edge, 6);
	end(&w);
}

/* What is not VICI ends the connection; the next one is asked for. */
static void test_a_charon_that_says_nonsense(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 0);
	charon_comes(&w);
	assert_int_equal(send(w.charon, "\0\0\0\2\1\377", 6, MSG_NOSIGNAL), 6);
	turns(&w, 200);
	assert_true(w.wanted > 0);
	charon_goes(&w);
	charon_comes(&w);
	answer(&w, VICI_RESPONSE, true); /* that nobody asked for */
	turns(&w, 200);
	assert_true(w.wanted > 0);
	end(&w);
}

static void test_the_core_hears_of_charon_and_its_scss(void **state)
{
	bool up = false, summary = false;
	struct ns_msg m;
	struct world w;

	(void)state;
	begin(&w, 0);
	give_list(&w, 1, true);
	charon_comes(&w);
	charon_says(&w, true, ACME);
	open_one(&w, 1);
	turns(&w, 600);
	while (receive(w.core, NS_TO_CORE, &m)) {
		up = up || (m.kind == NS_SCS_STATE && m.scs_is.state == NS_SCS_UP && m.scs_is.open == 1 &&
			    !strcmp(m.scs_is.name, "acme"));
		summary = m.kind == NS_SUMMARY && m.summary.charon && m.summary.proven == 1 && m.summary.loaded == 1 &&
			  !strcmp(m.summary.version, "5.9.8");
	}
	assert_true(up);
	assert_true(summary); /* the last one */
	end(&w);
}

/* charon takes it when no event is near: an event would have the core told, too. */
static void test_the_core_hears_that_charon_took_an_scs(void **state)
{
	static const char other[] = "-----BEGIN CERTIFICATE-----\nQg==\n-----END CERTIFICATE-----\n";
	struct ns_file files[] = { { NULL, { other, sizeof other - 1 }, false, 1 },
				   { "anchor-a", { PEM CRL, sizeof PEM CRL - 1 }, false, 1 } };
	struct ns_files *renewed;
	bool down = false;
	struct ns_msg m;
	struct world w;

	(void)state;
	begin(&w, 0);
	w.refuses = true;
	charon_comes(&w);
	give_list(&w, 1, true);
	turns(&w, 400);
	while (receive(w.core, NS_TO_CORE, &m)) {
	}
	w.refuses = false;
	assert_int_equal(ns_files_new(&renewed, files, 2), 0);
	ns_serve_files(w.serve, renewed, FILES);
	turns(&w, 400);
	while (receive(w.core, NS_TO_CORE, &m)) {
		down = down || (m.kind == NS_SCS_STATE && m.scs_is.state == NS_SCS_DOWN);
	}
	assert_true(down);
	end(&w);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_order_of_commands),
		cmocka_unit_test(test_a_connection_from_its_proof_to_its_end),
		cmocka_unit_test(test_a_tunnel_whose_end_is_wanted_proves_nothing),
		cmocka_unit_test(test_a_tunnel_of_before_proves_nothing_unless_it_is_known),
		cmocka_unit_test(test_the_core_hears_when_nothing_is_left_to_end),
		cmocka_unit_test(test_a_peer_with_too_many_children_is_terminated_once),
		cmocka_unit_test(test_a_refused_connection_leaves_none),
		cmocka_unit_test(test_a_list_goes_to_charon_as_der),
		cmocka_unit_test(test_a_list_too_long_for_charon_has_its_scss_refused),
		cmocka_unit_test(test_a_list_that_charon_refuses_has_its_scss_refused),
		cmocka_unit_test(test_a_child_that_runs_out_is_looked_at_in_time),
		cmocka_unit_test(test_lost_rules_hold_and_cut),
		cmocka_unit_test(test_a_bad_edge_is_cut_off_and_named),
		cmocka_unit_test(test_a_charon_that_says_nonsense),
		cmocka_unit_test(test_the_core_hears_of_charon_and_its_scss),
		cmocka_unit_test(test_the_core_hears_that_charon_took_an_scs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
