#include "tests/unit/link/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

struct lab_wait {
	struct lab *t;
	struct net_timer *timer;
	const int *flag;
	int n;
	bool input; /* octets for the raw end are enough */
	uint64_t until_ms;
};

static void drain(struct lab *t)
{
	while (!t->eof && !t->reset && t->in_len < sizeof t->in) {
		ssize_t n = recv(t->fd, t->in + t->in_len, sizeof t->in - t->in_len, MSG_DONTWAIT);

		if (n > 0) {
			t->in_len += (size_t)n;
		} else if (n == 0) {
			t->eof = true;
		} else if (errno == EAGAIN) {
			return;
		} else {
			t->reset = true;
		}
	}
}

static void poll_tick(void *arg)
{
	struct lab_wait *w = arg;
	size_t before = w->t->in_len;

	if (w->input) {
		drain(w->t);
	}
	if (clock_mono_ms() >= w->until_ms || (w->flag && *w->flag >= w->n) ||
	    (w->input && (w->t->in_len > before || w->t->eof || w->t->reset))) {
		net_loop_stop(w->t->loop);
	} else {
		net_timer_start(w->timer, 1);
	}
}

static void run(struct lab *t, const int *flag, int n, bool input, uint64_t ms)
{
	struct lab_wait w = { .t = t, .flag = flag, .n = n, .input = input, .until_ms = clock_mono_ms() + ms };

	assert_int_equal(net_timer_new(&w.timer, t->loop, poll_tick, &w), 0);
	net_timer_start(w.timer, 0);
	assert_int_equal(net_loop_run(t->loop), 0);
	net_timer_free(w.timer);
}

void lab_until(struct lab *t, const int *flag, int n)
{
	run(t, flag, n, false, TEST_HANG_MS);
	assert_true(*flag >= n);
}

void lab_run_ms(struct lab *t, uint64_t ms)
{
	run(t, NULL, 0, false, ms);
}

static void on_cer(void *arg, struct link *l, const struct dia_capabilities *cer)
{
	struct lab *t = arg;

	t->cers++;
	(void)snprintf(t->cer_host, sizeof t->cer_host, "%.*s", (int)cer->origin_host.len, (const char *)cer->origin_host.p);
	if (t->free_on_cer) {
		link_free(l);
		t->link = NULL;
	} else if (!t->hold) {
		link_admit(l);
	}
}

static void on_open(void *arg, struct link *l)
{
	struct lab *t = arg;

	t->opens++;
	if (t->free_on_open) {
		link_free(l);
		t->link = NULL;
	}
}

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct lab *t = arg;

	t->requests++;
	t->request = m->hdr;
	if (t->free_on_request) {
		link_free(l);
		t->link = NULL;
	} else if (t->echo) {
		uint8_t octets[64];
		size_t n = lab_message(octets, sizeof octets, m->hdr.flags & DIA_FLAG_P, m->hdr.code, m->hdr.app_id,
				       m->hdr.hop_by_hop, 4);

		assert_int_equal(link_answer(l, octets, n), 0);
	} else if (t->probe_ms) {
		link_probe(l, t->probe_ms);
		t->probe_ms = 0;
	}
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct lab *t = arg;

	t->downs++;
	t->down_err = err;
	(void)snprintf(t->down_why, sizeof t->down_why, "%s", why);
	if (t->free_on_down) {
		link_free(l);
		t->link = NULL;
	}
}

void lab_init(struct lab *t)
{
	memset(t, 0, sizeof *t);
	t->fd = -1;
	t->conf = (struct link_conf){
		.host = "iwf.operator.example",
		.realm = "operator.example",
		.product = "lab",
		.vendor_id = 10415,
		.origin_state_id = 7,
		.applications = { LAB_APP },
		.applications_n = 1,
		.limits = DIA_LIMITS_OUTSIDE,
		.cer_wait_ms = 2000,
		.cea_wait_ms = 2000,
		.dpa_wait_ms = 100,
		.counters = &t->counters,
	};
	t->cb = (struct link_cb){ .on_cer = on_cer, .on_open = on_open, .on_request = on_request, .on_down = on_down };
	assert_int_equal(net_loop_new(&t->loop), 0);
}

void lab_open(struct lab *t)
{
	struct net_stream *s;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	t->fd = fds[1];
	assert_int_equal(net_tcp_accept(&s, t->loop, fds[0], "192.0.2.7:40000", NULL, NULL, NULL), 0);
	assert_int_equal(link_accept(&t->link, t->loop, s, &t->conf, &t->cb, t), 0);
}

void lab_fini(struct lab *t)
{
	link_free(t->link);
	if (t->fd >= 0) {
		close(t->fd);
	}
	lab_run_ms(t, 5);
	net_loop_free(t->loop);
}

void lab_send(struct lab *t, const void *p, size_t n)
{
	const uint8_t *at = p;
	uint64_t until_ms = clock_mono_ms() + TEST_HANG_MS;

	while (n && clock_mono_ms() < until_ms) {
		ssize_t sent = send(t->fd, at, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			at += sent;
			n -= (size_t)sent;
		} else if (errno == EAGAIN) {
			lab_run_ms(t, 1);
		} else {
			return; /* the link ended the connection: the test looks at that */
		}
	}
}

bool lab_recv(struct lab *t, uint8_t octets[LAB_MESSAGE_MAX], struct dia_msg *m)
{
	static const struct dia_limits limits = { LAB_MESSAGE_MAX, 512, 8 };
	uint64_t until_ms = clock_mono_ms() + TEST_HANG_MS;

	for (;;) {
		struct dia_failed failed;
		struct dia_hdr h;

		drain(t);
		if (dia_hdr_parse(&h, t->in, t->in_len) == 0 && h.length <= t->in_len && h.length <= LAB_MESSAGE_MAX) {
			memcpy(octets, t->in, h.length);
			t->in_len -= h.length;
			memmove(t->in, t->in + h.length, t->in_len);
			assert_int_equal(dia_msg_parse(m, octets, h.length, &limits, &failed), 0);
			return true;
		}
		if (t->eof || t->reset) {
			return false;
		}
		assert_true(clock_mono_ms() < until_ms);
		run(t, NULL, 0, true, 2000);
	}
}

void lab_expect_end(struct lab *t, bool reset)
{
	uint8_t octets[LAB_MESSAGE_MAX];
	struct dia_msg m;

	(void)reset; /* UNIX sockets know no reset */
	assert_false(lab_recv(t, octets, &m));
	assert_int_equal(t->in_len, 0);
	if (t->link) {
		lab_until(t, &t->downs, 1);
	}
}

size_t lab_cer(uint8_t *out, size_t cap, const char *host, uint32_t application)
{
	struct dia_capabilities cer = {
		.request = true,
		.origin_host = dia_text(host),
		.origin_realm = dia_text("scs.example"),
		.addresses = { { .family = 1, .octets = { 127, 0, 0, 1 } } },
		.addresses_n = 1,
		.vendor_id = dia_u32_of(0),
		.product_name = dia_text("raw"),
		.auth_applications_n = 1,
	};
	struct buf b = buf_over(out, cap);

	cer.auth_applications[0] = application;
	dia_capabilities_build(&b, &cer, 0x11, 0x22);
	assert_false(b.full);
	return b.len;
}

size_t lab_dwr(uint8_t *out, size_t cap, const char *host, uint32_t hop_by_hop)
{
	struct dia_watchdog dwr = { .request = true, .origin_host = dia_text(host), .origin_realm = dia_text("scs.example") };
	struct buf b = buf_over(out, cap);

	dia_watchdog_build(&b, &dwr, hop_by_hop, hop_by_hop);
	assert_false(b.full);
	return b.len;
}

size_t lab_add(uint8_t *m, size_t n, uint32_t code, uint8_t flags, const void *data, size_t data_len)
{
	size_t padded = (data_len + 3) & ~(size_t)3, len = n + 8 + padded;
	struct buf b = buf_over(m + n, 8 + padded), head = buf_over(m + 1, 3);

	buf_be32(&b, code);
	buf_u8(&b, flags);
	buf_be24(&b, (uint32_t)(8 + data_len));
	memset(m + n + 8, 0, padded);
	memcpy(m + n + 8, data, data_len);
	buf_be24(&head, (uint32_t)len);
	return len;
}

void lab_rename(uint8_t *m, size_t n, uint32_t code, uint32_t other)
{
	for (size_t at = 20; at < n;) {
		struct rd r = rd_over(m + at, 8);
		uint32_t found = rd_be32(&r), len = rd_be32(&r) & 0xffffff;
		struct buf b = buf_over(m + at, 4);

		if (found == code) {
			buf_be32(&b, other);
			m[at + 4] = 0;
			return;
		}
		at += (len + 3) & ~3u;
	}
	fail_msg("no AVP %u", code);
}

size_t lab_dpr(uint8_t *out, size_t cap, uint32_t cause, uint32_t hop_by_hop)
{
	struct dia_disconnect dpr = { .request = true,
				      .origin_host = dia_text("scs.example"),
				      .origin_realm = dia_text("scs.example"),
				      .disconnect_cause = dia_u32_of(cause) };
	struct buf b = buf_over(out, cap);

	dia_disconnect_build(&b, &dpr, hop_by_hop, hop_by_hop);
	assert_false(b.full);
	return b.len;
}

size_t lab_message(uint8_t *out, size_t cap, uint8_t flags, uint32_t code, uint32_t application, uint32_t hop_by_hop,
		   size_t data_len)
{
	size_t padded = (data_len + 3) & ~(size_t)3;
	struct buf b = buf_over(out, cap);
	uint8_t *data;

	buf_u8(&b, 1);
	buf_be24(&b, (uint32_t)(DIA_HEADER_LEN + 8 + padded));
	buf_u8(&b, flags);
	buf_be24(&b, code);
	buf_be32(&b, application);
	buf_be32(&b, hop_by_hop);
	buf_be32(&b, hop_by_hop);
	buf_be32(&b, 999999);
	buf_u8(&b, 0);
	buf_be24(&b, (uint32_t)(8 + data_len));
	data = buf_take(&b, padded);
	assert_non_null(data);
	memset(data, 0, padded);
	return b.len;
}

void lab_exchange(struct lab *t)
{
	uint8_t octets[LAB_MESSAGE_MAX]; /* its own: the caller may have a message ready in his */
	struct dia_msg m;

	lab_send(t, octets, lab_cer(octets, sizeof octets, "scs.example", LAB_APP));
	assert_true(lab_recv(t, octets, &m));
	assert_int_equal(m.hdr.code, DIA_CMD_CAPABILITIES_EXCHANGE);
	assert_int_equal(lab_result_code(&m), DIA_RESULT_SUCCESS);
	assert_int_equal(t->opens, 1);
}

uint32_t lab_result_code(const struct dia_msg *m)
{
	struct dia_avp avp;

	assert_true(dia_msg_find(m, 268, 0, &avp));
	assert_int_equal(avp.data_len, 4);
	return (uint32_t)avp.data[0] << 24 | (uint32_t)avp.data[1] << 16 | (uint32_t)avp.data[2] << 8 | avp.data[3];
}

void lab_expect_whole_cea(const struct dia_msg *m)
{
	static const uint32_t members[] = { 268, 264, 296, 257, 266, 269 };
	struct dia_avp avp;

	assert_int_equal(m->hdr.flags, 0);
	assert_int_equal(m->hdr.code, DIA_CMD_CAPABILITIES_EXCHANGE);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		if (!dia_msg_find(m, members[i], 0, &avp)) {
			fail_msg("the CEA lacks AVP %u", members[i]);
		}
	}
	assert_false(dia_msg_find(m, 263, 0, &avp));
}

void lab_expect_error(struct lab *t, uint32_t hop_by_hop, uint32_t code, uint32_t result_code, bool e_bit)
{
	uint8_t octets[LAB_MESSAGE_MAX];
	struct dia_msg m;

	assert_true(lab_recv(t, octets, &m));
	assert_int_equal(m.hdr.hop_by_hop, hop_by_hop);
	assert_int_equal(m.hdr.code, code);
	assert_int_equal(m.hdr.flags & DIA_FLAG_R, 0);
	assert_int_equal((m.hdr.flags & DIA_FLAG_E) != 0, e_bit);
	if (code == DIA_CMD_CAPABILITIES_EXCHANGE && !e_bit) {
		lab_expect_whole_cea(&m);
	}
	assert_int_equal(lab_result_code(&m), result_code);
}
