/* A link over a transport of messages (SCTP), which here is a stream without a socket: what is one whole message, when order ends, and
 * which addresses are told. */
#include "tests/unit/link/lab.h"

#include <sys/socket.h>

#include "link/link_conn.h"
#include "net/net_stream_impl.h"

#define FAKE_MAGIC 0x5c7f0001u
struct fake {
	struct net_stream base;
	uint8_t out[LAB_MESSAGE_MAX]; /* the last message that was written */
	size_t out_len, written;
	int unordered; /* how many messages had been written when order ended; -1: it has not */
	bool closed, aborted;
};

static struct fake *fake_of(const void *s)
{
	return obj_of(s, FAKE_MAGIC, "struct fake", __func__);
}

static int fake_write(struct net_stream *s, const void *p, size_t n)
{
	struct fake *f = fake_of(s);

	assert_true(n <= sizeof f->out);
	memcpy(f->out, p, n);
	f->out_len = n;
	f->written++;
	return 0;
}

static size_t fake_queued(const struct net_stream *s)
{
	(void)s;
	return 0;
}

static void fake_nothing(struct net_stream *s)
{
	(void)s;
}

static void fake_close(struct net_stream *s, bool abort)
{
	fake_of(s)->closed = true;
	fake_of(s)->aborted = abort;
}

static void fake_unordered(struct net_stream *s)
{
	struct fake *f = fake_of(s);

	assert_int_equal(f->unordered, -1); /* told once */
	f->unordered = (int)f->written;
}

static int fake_ips(const struct net_stream *s, bool peer, struct net_ip out[NET_IPS_MAX], size_t *n)
{
	(void)s;
	assert_false(peer);
	*n = 2;
	out[0] = (struct net_ip){ AF_INET, { 192, 0, 2, 1 } };
	out[1] = (struct net_ip){ AF_INET6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
	return 0;
}

static void fake_freeze(struct net_stream *s, bool frozen)
{
	(void)s;
	(void)frozen;
}

static const struct net_stream_ops fake_ops = { fake_write,   fake_queued, fake_nothing, fake_nothing,
						fake_nothing, fake_close,  fake_nothing, fake_freeze };
static const struct net_message_ops fake_messages = { .unordered = fake_unordered, .ips = fake_ips };
static uint8_t octets[LAB_MESSAGE_MAX];

static void open_over(struct lab *t, struct fake *f)
{
	lab_init(t);
	memset(f, 0, sizeof *f);
	f->unordered = -1;
	net_stream_init(&f->base, FAKE_MAGIC, &fake_ops, "192.0.2.7:40000", NULL, NULL);
	f->base.messages = &fake_messages;
	assert_int_equal(link_accept(&t->link, t->loop, &f->base, &t->conf, &t->cb, t), 0);
}

static void exchange(struct lab *t, struct fake *f)
{
	size_t n = lab_cer(octets, sizeof octets, "scs.example", LAB_APP);

	net_stream_emit_data(&f->base, octets, n);
	assert_int_equal(t->opens, 1);
	assert_int_equal(f->written, 1);
}

static void order_ends_with_the_first_message_after_our_cea(void **state)
{
	struct fake f;
	struct lab t;

	(void)state;
	open_over(&t, &f);
	exchange(&t, &f);
	assert_int_equal(f.unordered, -1); /* the peer may not have the CEA yet */
	net_stream_emit_data(&f.base, octets, lab_dwr(octets, sizeof octets, "scs.example", 7));
	assert_int_equal(f.unordered, 1); /* before the DWA */
	net_stream_emit_data(&f.base, octets, lab_dwr(octets, sizeof octets, "scs.example", 8));
	assert_int_equal(f.written, 3);
	lab_fini(&t);
}

static void the_cea_has_every_address_of_ours(void **state)
{
	struct dia_capabilities cea;
	struct dia_failed failed;
	struct dia_msg m;
	struct fake f;
	struct lab t;

	(void)state;
	open_over(&t, &f);
	exchange(&t, &f);
	assert_int_equal(dia_msg_parse(&m, f.out, f.out_len, &t.conf.limits, &failed), 0);
	assert_int_equal(dia_capabilities_parse(&cea, &m, &failed), 0);
	assert_int_equal(cea.addresses_n, 2);
	assert_int_equal(cea.addresses[0].family, 1);
	assert_int_equal(cea.addresses[0].octets[0], 192);
	assert_int_equal(cea.addresses[1].family, 2);
	assert_int_equal(cea.addresses[1].octets[15], 1);
	lab_fini(&t);
}

static void expect_cut_off(size_t n, const char *why)
{
	struct fake f;
	struct lab t;

	open_over(&t, &f);
	net_stream_emit_data(&f.base, octets, n);
	assert_true(f.closed);
	assert_true(f.aborted);
	assert_int_equal(f.written, 0);
	assert_int_equal(t.cers, 0);
	lab_until(&t, &t.downs, 1);
	assert_non_null(strstr(t.down_why, why));
	lab_fini(&t);
}

static void a_message_that_is_not_one_whole_diameter_message_is_an_error(void **state)
{
	size_t n = lab_cer(octets, sizeof octets, "scs.example", LAB_APP);

	(void)state;
	expect_cut_off(n - 4, "is not one whole Diameter message");
	expect_cut_off(n + 4, "is not one whole Diameter message");
	expect_cut_off(DIA_HEADER_LEN - 1, "is not one whole Diameter message");
	memcpy(octets + n, octets, n);
	expect_cut_off(2 * n, "is not one whole Diameter message"); /* two of them */
}

/* The first bytes of a message above the limit: its header says so, and gets the answer that it would get over TCP. */
static void a_message_above_the_limit_is_answered(void **state)
{
	struct dia_failed failed;
	struct dia_msg m;
	struct fake f;
	struct lab t;

	(void)state;
	open_over(&t, &f);
	exchange(&t, &f);
	memset(octets, 0, sizeof octets);
	assert_true(lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 9, 66000) > t.conf.limits.message_len_max);
	net_stream_emit_data(&f.base, octets, t.conf.limits.message_len_max);
	assert_int_equal(f.written, 2);
	assert_int_equal(dia_msg_parse(&m, f.out, f.out_len, &t.conf.limits, &failed), 0);
	assert_int_equal(lab_result_code(&m), DIA_RESULT_INVALID_MESSAGE_LENGTH);
	assert_true(f.closed);
	lab_until(&t, &t.downs, 1);
	lab_fini(&t);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_ends_with_the_first_message_after_our_cea),
		cmocka_unit_test(the_cea_has_every_address_of_ours),
		cmocka_unit_test(a_message_that_is_not_one_whole_diameter_message_is_an_error),
		cmocka_unit_test(a_message_above_the_limit_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
