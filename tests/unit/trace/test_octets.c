/* Each block of a trace, octet for octet as draft-ietf-opsawg-pcapng and Wireshark's exported PDUs have it: a reader of ours would make the
 * same mistake as the writer. */
#include "tests/unit/test.h"

#include "trace/trc_pcapng.h"

#define MESSAGE 'm', 'e', 's', 's', 'a', 'g', 'e', ' ', 'o', 'f', ' ', '1', '8', ' ', 'o', 'c', 't', 'e'

static const uint8_t message[] = { MESSAGE };

static void is(const struct buf *b, const uint8_t *expected, size_t len)
{
	assert_false(b->full);
	assert_int_equal(b->len, len);
	assert_memory_equal(b->p, expected, len);
}

static void test_the_head_of_a_file(void **state)
{
	static const uint8_t expected[] = {
		0x0a, 0x0d, 0x0d, 0x0a, 48,   0,    0,    0,    0x4d, 0x3c, 0x2b, 0x1a,
		1,    0,    0,    0,                            /* section, 48 octets, byte order, 1.0 */
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* length of the section: unknown */
		1,    0,    4,    0,    'n',  'o',  't',  'e',  /* comment */
		4,    0,    3,    0,    'm',  't',  'c',  0,    /* the program */
		0,    0,    0,    0,    48,   0,    0,    0,    /* no more options */
		1,    0,    0,    0,    36,   0,    0,    0,    252,  0,    0,    0,
		0,    0,    0,    0,                                                   /* interface: upper PDUs, no limit */
		2,    0,    8,    0,    'd',  'i',  'a',  'm',  'e',  't',  'e',  'r', /* its name */
		0,    0,    0,    0,    36,   0,    0,    0,
	};
	uint8_t room[256];
	struct buf b = buf_over(room, sizeof room);

	(void)state;
	trc_put_begin(&b, "mtc", "note");
	is(&b, expected, sizeof expected);
}

static void test_a_message_that_came_over_tcp(void **state)
{
	static const uint8_t expected[] = {
		6,    0,    0, 0,  144,  0,    0,    0,    0,   0,   0,   0,   /* packet of interface 0 */
		0x34, 0x12, 6, 0,  0xbc, 0x9a, 0x78, 0x56,                     /* time */
		86,   0,    0, 0,  0xd4, 1,    0,    0,                        /* octets here; 382 more were sent */
		0,    12,   0, 8,  'd',  'i',  'a',  'm',  'e', 't', 'e', 'r', /* dissector */
		0,    24,   0, 4,  0,    0,    0,    2,                        /* TCP */
		0,    20,   0, 4,  192,  0,    2,    7,    0,   25,  0,   4,   0,       0, 0x9c, 0x40,             /* from */
		0,    23,   0, 16, 0x20, 1,    0x0d, 0xb8, 0,   0,   0,   0,   0,       0, 0,    0,    0, 0, 0, 7, /* to */
		0,    26,   0, 4,  0,    0,    0x0f, 0x1c, 0,   0,   0,   0,   MESSAGE, 0, 0,    2,    0, 4, 0, 1,
		0,    0,    0,                                                 /* inbound */
		1,    0,    8, 0,  's',  'c',  's',  ' ',  'a', 'c', 'm', 'e', /* comment */
		0,    0,    0, 0,  144,  0,    0,    0,
	};
	struct trc_packet p = { .time_us = 0x0006123456789abc,
				.from = { "192.0.2.7:40000", 9 },
				.to = { "[2001:db8::7]:3868", 9 },
				.comment = "scs acme",
				.message = message,
				.len = sizeof message,
				.len_before = 400 };
	uint8_t room[256];
	struct buf b = buf_over(room, sizeof room);

	(void)state;
	trc_put_packet(&b, &p);
	is(&b, expected, sizeof expected);
}

static void test_a_message_that_went_over_sctp(void **state)
{
	static const uint8_t expected[] = {
		6, 0,  0, 0,  132,  0, 0,    0,    0,   0,   0,   0,   0,       0,   0,   0, 1,  0, 0, 0, 86, 0, 0, 0, 86,
		0, 0,  0, 0,  12,   0, 8,    'd',  'i', 'a', 'm', 'e', 't',     'e', 'r', 0, 24, 0, 4, 0, 0,  0, 1, /* SCTP */
		0, 22, 0, 16, 0x20, 1, 0x0d, 0xb8, 0,   0,   0,   0,   0,       0,   0,   0, 0,  0, 0, 8,           /* from */
		0, 25, 0, 4,  0,    0, 0x0f, 0x1c, 0,   21,  0,   4,   10,      0,   0,   5,                        /* to */
		0, 26, 0, 4,  0,    0, 0x0f, 0x1d, 0,   0,   0,   0,   MESSAGE, 0,   0,   2, 0,  4, 0, 2, 0,  0, 0, /* outbound */
		0, 0,  0, 0,  132,  0, 0,    0,
	};
	struct trc_packet p = { .time_us = 1,
				.from = { "2001:db8::8", 3868 }, /* the port of an address that has none */
				.to = { "10.0.0.5", 3869 },
				.sctp = true,
				.out = true,
				.comment = "",
				.message = message,
				.len = sizeof message,
				.len_before = sizeof message };
	uint8_t room[256];
	struct buf b = buf_over(room, sizeof room);

	(void)state;
	trc_put_packet(&b, &p);
	is(&b, expected, sizeof expected);
}

/* What is no address is left out, and what is no port is 0. */
static void end_is(const char *address, const uint8_t *expected, size_t len)
{
	struct trc_packet p = {
		.from = { address, 7 }, .to = { "", 0 }, .comment = "", .message = message, .len = 4, .len_before = 4
	};
	uint8_t room[256];
	struct buf b = buf_over(room, sizeof room);

	trc_put_packet(&b, &p);
	assert_false(b.full);
	assert_memory_equal(b.p + 48, expected, len); /* behind dissector and transport */
}

static void test_an_end_without_an_address(void **state)
{
	static const uint8_t port_7[] = { 0, 25, 0, 4, 0, 0, 0, 7, 0, 26, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 'm', 'e' },
			     port_0[] = { 0, 25, 0, 4, 0, 0, 0, 0, 0, 26 },
			     v4_port_0[] = { 0, 20, 0, 4, 192, 0, 2, 7, 0, 25, 0, 4, 0, 0, 0, 0, 0, 26 },
			     port_80[] = { 0, 25, 0, 4, 0, 0, 0, 80, 0, 26 };

	(void)state;
	end_is("", port_7, sizeof port_7);
	end_is("-", port_7, sizeof port_7);
	end_is("[", port_7, sizeof port_7);
	end_is("[2001:db8::8", port_7, sizeof port_7);
	end_is("hss.core.operator.example:80", port_80, sizeof port_80);
	end_is("192.0.2.7:65536", v4_port_0, sizeof v4_port_0);
	end_is("192.0.2.7:", v4_port_0, sizeof v4_port_0);
	end_is(":x", port_0, sizeof port_0);
	end_is("a-host-name-that-is-longer-than-each-text-of-an-address-can-ever-be:80", port_80, sizeof port_80);
}

static void test_the_numbers_at_the_end(void **state)
{
	static const uint8_t expected[] = {
		5,    0,    0, 0, 60,   0,    0,    0,    0, 0, 0, 0,
		0x34, 0x12, 6, 0, 0xbc, 0x9a, 0x78, 0x56,             /* statistics of interface 0; time */
		4,    0,    8, 0, 5,    0,    0,    0,    1, 0, 0, 0, /* received: 2^32 + 5 */
		5,    0,    8, 0, 3,    0,    0,    0,    0, 0, 0, 0, /* lost */
		1,    0,    1, 0, 'e',  0,    0,    0,                /* comment */
		0,    0,    0, 0, 60,   0,    0,    0,
	};
	uint8_t room[256];
	struct buf b = buf_over(room, sizeof room);

	(void)state;
	trc_put_counts(&b, 0x0006123456789abc, (UINT64_C(1) << 32) + 5, 3, "e");
	is(&b, expected, sizeof expected);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_head_of_a_file),
		cmocka_unit_test(test_a_message_that_came_over_tcp),
		cmocka_unit_test(test_a_message_that_went_over_sctp),
		cmocka_unit_test(test_an_end_without_an_address),
		cmocka_unit_test(test_the_numbers_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
