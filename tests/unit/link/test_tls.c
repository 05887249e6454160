/* A peer and an accepted link over mutual TLS: identity before the CER, a verdict that waits while octets wait behind it, a certificate
 * of a foreign CA, an end in order. */
#include "tests/unit/link/lab.h"

#include <unistd.h>

#include "base/clock.h"
#include "link/link_peer.h"
#include "tests/unit/tls/pki.h"

struct play {
	struct net_loop *loop;
	struct net_timer *timer;
	uint64_t until_ms;
	const int *flag;
	int listen_fd;
	struct net_listener *listener;
	struct tls_ctx *server;

	struct link *far;
	struct link_conf far_conf, near_conf;
	struct link_counters far_counters;
	int far_cers, far_opens, far_downs, far_requests, far_err;
	char name[256];

	struct link_peer *peer;
	struct link_peer_conf peer_conf;
	int opens, downs, fails, fail_err;
};

static void far_cer(void *arg, struct link *l, const struct dia_capabilities *cer)
{
	struct play *p = arg;
	const struct tls_identity *id = tls_stream_identity(link_stream(l));

	(void)cer;
	assert_non_null(id);
	assert_int_equal(id->names_n, 1);
	(void)snprintf(p->name, sizeof p->name, "%s", id->names[0]);
	p->far_cers++;
}

static void far_open(void *arg, struct link *l)
{
	(void)l;
	((struct play *)arg)->far_opens++;
}

static void far_request(void *arg, struct link *l, const struct dia_msg *m)
{
	(void)l;
	(void)m;
	((struct play *)arg)->far_requests++;
}

static void far_down(void *arg, struct link *l, int err, const char *why)
{
	struct play *p = arg;

	(void)why;
	p->far_err = err;
	p->far_downs++;
	p->far = NULL;
	link_free(l);
}

static const struct link_cb far_cb = { .on_cer = far_cer, .on_open = far_open, .on_request = far_request, .on_down = far_down };

static void on_accept(void *arg, int fd, const char *address)
{
	struct play *p = arg;
	struct net_stream *s;

	if (p->far) { /* one at a time */
		close(fd);
		return;
	}
	assert_int_equal(tls_accept(&s, p->server, p->loop, fd, address, NULL, NULL, NULL), 0);
	assert_int_equal(link_accept(&p->far, p->loop, s, &p->far_conf, &far_cb, p), 0);
}

static void near_open(void *arg, struct link *l)
{
	(void)l;
	((struct play *)arg)->opens++;
}

static void near_down(void *arg, struct link *l, int err, const char *why)
{
	(void)l;
	(void)err;
	(void)why;
	((struct play *)arg)->downs++;
}

static void near_failed(void *arg, int err, uint32_t result_code, const char *why)
{
	(void)result_code;
	(void)why;
	((struct play *)arg)->fail_err = err;
	((struct play *)arg)->fails++;
}

static const struct link_cb near_cb = { .on_open = near_open, .on_down = near_down, .on_failed = near_failed };

static void tick(void *arg)
{
	struct play *p = arg;

	if (clock_mono_ms() >= p->until_ms || (p->flag && *p->flag)) {
		net_loop_stop(p->loop);
	} else {
		net_timer_start(p->timer, 1);
	}
}

static void run(struct play *p, const int *flag, uint64_t ms)
{
	p->flag = flag;
	p->until_ms = clock_mono_ms() + ms;
	net_timer_start(p->timer, 0);
	assert_int_equal(net_loop_run(p->loop), 0);
}

static void until(struct play *p, const int *flag)
{
	run(p, flag, 5000);
	assert_true(*flag);
}

static struct tls_ctx *ctx(bool server, const struct pki_cert *c, const struct pki_cert *ca)
{
	struct tls_anchor_conf anchor = { .name = "anchor", .file = ca->cert_file };
	struct tls_conf conf = { .server = server,
				 .certificate = c->cert_file,
				 .key = tls_keyholder_file(c->key_file),
				 .anchors = &anchor,
				 .anchors_n = 1,
				 .tls12_allowed = true };
	char why[300] = "";
	struct tls_ctx *out = NULL;

	if (tls_ctx_new(&out, &conf, why, sizeof why)) {
		fail_msg("%s", why);
	}
	return out;
}

static struct link_conf conf_of(const char *host)
{
	return (struct link_conf){ .host = host,
				   .realm = "example",
				   .product = "lab",
				   .applications = { LAB_APP },
				   .applications_n = 1,
				   .limits = DIA_LIMITS_OUTSIDE,
				   .reconnect_ms = 1000000,
				   .dpa_wait_ms = 1000 };
}

static void play(void (*scene)(struct play *), bool foreign)
{
	static const struct pki_spec ca_spec = { .cn = "ca", .ca = true }, other_spec = { .cn = "other ca", .ca = true },
				     server_spec = { .cn = "iwf.example", .san = "DNS:iwf.example", .eku = "serverAuth" },
				     client_spec = { .cn = "scs.example", .san = "DNS:scs.example", .eku = "clientAuth" };
	struct pki pki;
	struct pki_cert ca, other, server, client;
	struct play p = { .listen_fd = -1 };

	pki_init(&pki);
	ca = pki_make(&pki, &ca_spec, NULL);
	other = pki_make(&pki, &other_spec, NULL);
	server = pki_make(&pki, &server_spec, &ca);
	client = pki_make(&pki, &client_spec, foreign ? &other : &ca);
	p.server = ctx(true, &server, &ca);
	p.peer_conf = (struct link_peer_conf){
		.host = "iwf.example", .realm = "example", .address = "127.0.0.1", .tls = ctx(false, &client, &ca)
	};
	p.far_conf = conf_of("iwf.example");
	p.far_conf.counters = &p.far_counters;
	p.near_conf = conf_of("scs.example");
	assert_int_equal(net_loop_new(&p.loop), 0);
	assert_int_equal(net_timer_new(&p.timer, p.loop, tick, &p), 0);
	assert_int_equal(net_tcp_bind(&p.listen_fd, &p.peer_conf.port, "127.0.0.1", 0, 8), 0);
	assert_int_equal(net_listener_new(&p.listener, p.loop, p.listen_fd, on_accept, &p), 0);
	assert_int_equal(link_peer_new(&p.peer, p.loop, &p.peer_conf, &p.near_conf, &near_cb, &p), 0);

	scene(&p);

	link_peer_free(p.peer, false);
	link_free(p.far);
	net_listener_free(p.listener);
	close(p.listen_fd);
	run(&p, NULL, 5);
	net_timer_free(p.timer);
	net_loop_free(p.loop);
	tls_ctx_free(p.server);
	tls_ctx_free(p.peer_conf.tls);
	pki_free(&ca);
	pki_free(&other);
	pki_free(&server);
	pki_free(&client);
	pki_fini(&pki);
}

static void on_answer(void *arg, int err, const struct dia_msg *m)
{
	(void)arg;
	(void)err;
	(void)m;
}

static void held_then_admitted(struct play *p)
{
	uint8_t octets[64];
	size_t n = lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 1, 4);

	until(p, &p->far_cers);
	assert_string_equal(p->name, "scs.example"); /* from the certificate, known before the verdict */
	run(p, NULL, 20);
	assert_int_equal(p->opens, 0);
	link_admit(p->far);
	until(p, &p->opens);
	assert_int_equal(p->far_opens, 1);
	assert_int_equal(link_request(link_peer_link(p->peer), octets, n, 1000, on_answer, p), 0);
	until(p, &p->far_requests);
	link_disconnect(p->far, DIA_DISCONNECT_DO_NOT_WANT);
	until(p, &p->far_downs);
	until(p, &p->downs);
	assert_int_equal(p->far_counters.ended[LINK_END_DISCONNECTED], 1);
	assert_string_equal(link_peer_state(p->peer), "waiting");
}

static void held_then_refused(struct play *p)
{
	until(p, &p->far_cers);
	link_refuse(p->far, DIA_RESULT_UNKNOWN_PEER);
	until(p, &p->fails);
	assert_int_equal(p->fail_err, ERR_REFUSED);
	until(p, &p->far_downs);
}

static void freed_while_the_verdict_waits(struct play *p)
{
	until(p, &p->far_cers);
	link_peer_free(p->peer, true);
	p->peer = NULL;
	run(p, NULL, 20);
	link_admit(p->far); /* to somebody who is gone */
	until(p, &p->far_downs);
}

static void turned_away(struct play *p)
{
	until(p, &p->far_downs);
	assert_int_equal(p->far_err, ERR_AUTH);
	assert_int_equal(p->far_cers, 0);
	assert_int_equal(p->far_counters.ended[LINK_END_NOT_AUTHENTICATED], 1);
	until(p, &p->fails);
	assert_int_equal(p->opens, 0);
}

static void the_identity_is_known_before_the_verdict_and_the_end_is_in_order(void **state)
{
	(void)state;
	play(held_then_admitted, false);
}

static void a_refusal_reaches_the_peer_over_tls(void **state)
{
	(void)state;
	play(held_then_refused, false);
}

static void a_peer_that_goes_while_it_waits_is_found_gone(void **state)
{
	(void)state;
	play(freed_while_the_verdict_waits, false);
}

static void a_certificate_of_a_foreign_ca_gets_no_diameter_at_all(void **state)
{
	(void)state;
	play(turned_away, true);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_identity_is_known_before_the_verdict_and_the_end_is_in_order),
		cmocka_unit_test(a_refusal_reaches_the_peer_over_tls),
		cmocka_unit_test(a_peer_that_goes_while_it_waits_is_found_gone),
		cmocka_unit_test(a_certificate_of_a_foreign_ca_gets_no_diameter_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
