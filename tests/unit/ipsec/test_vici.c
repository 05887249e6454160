/* Packets and messages of VICI: what charon sends is read without copies and within bounds, what is written can be read. */
#include "tests/unit/test.h"

#include "ipsec/vici.h"
#include "ipsec/vici_write.h"

static uint8_t room[VICI_PACKET_MAX + 4096];

static void test_what_is_written_can_be_read(void **state)
{
	struct vici_out o = vici_out_over(room, sizeof room);
	struct vici_packet packet;
	struct vici_section s, inside, list;
	struct vici_element e;
	struct vici_text item;
	size_t len, n;

	(void)state;
	vici_put_command(&o, "load-conn");
	vici_put_section(&o, "mtc-acme");
	vici_put_value(&o, "version", "2");
	vici_put_list(&o, "certs");
	vici_put_item(&o, "\0\x06\x02", 3);
	vici_put_item(&o, "", 0);
	vici_put_list_end(&o);
	vici_put_section(&o, "empty");
	vici_put_section_end(&o);
	vici_put_section_end(&o);
	vici_put_octets(&o, "last", "\2", 1);
	assert_int_equal(vici_out_end(&o, &len), 0);
	assert_int_equal(vici_frame(&n, room, len), 0);
	assert_int_equal(n, len);
	assert_int_equal(vici_packet_read(&packet, room + 4, len - 4), 0);
	assert_int_equal(packet.type, VICI_COMMAND);
	assert_true(vici_text_is(&packet.name, "load-conn"));
	s = packet.message;
	assert_true(vici_next(&s, &e));
	assert_int_equal(e.kind, VICI_SECTION);
	assert_true(vici_text_is(&e.key, "mtc-acme"));
	inside = e.inside;
	assert_true(vici_next(&inside, &e) && e.kind == VICI_VALUE && vici_text_is(&e.key, "version") &&
		    vici_text_is(&e.value, "2"));
	assert_true(vici_next(&inside, &e) && e.kind == VICI_LIST && vici_text_is(&e.key, "certs"));
	list = e.inside;
	assert_true(vici_item(&list, &item));
	assert_int_equal(item.len, 3);
	assert_memory_equal(item.p, "\0\x06\x02", 3);
	assert_true(vici_item(&list, &item) && item.len == 0);
	assert_false(vici_item(&list, &item));
	assert_true(vici_next(&inside, &e) && e.kind == VICI_SECTION && vici_text_is(&e.key, "empty"));
	assert_false(vici_next(&e.inside, &e));
	assert_false(vici_next(&inside, &e));
	assert_true(vici_next(&s, &e) && vici_text_is(&e.key, "last") && e.value.len == 1);
	assert_false(vici_next(&s, &e));
	for (size_t i = 1; i < len; i++) { /* no piece of it is a packet */
		assert_int_equal(vici_frame(&n, room, i), ERR_AGAIN);
	}
}

static void test_a_frame_says_how_long_it_is(void **state)
{
	size_t n = 7;

	(void)state;
	assert_int_equal(vici_frame(&n, "\0\0\0\0\1", 5), ERR_PROTO);
	assert_int_equal(vici_frame(&n, "\0\x08\0\1", 4), ERR_LIMIT);
	assert_int_equal(vici_frame(&n, "\0\x08\0\0", 4), ERR_AGAIN);
	assert_int_equal(vici_frame(&n, "\xff\xff\xff\xff\1", 5), ERR_LIMIT);
	assert_int_equal(n, 7);
	assert_int_equal(vici_frame(&n, "\0\0\0\1\5\0\0", 7), 0);
	assert_int_equal(n, 5);
}

/* Reads the octets of a literal, without its NUL, from memory that is exactly as long. */
static int read_packet(const char *octets, size_t len)
{
	struct vici_packet packet;
	char *copy = malloc(len + !len);
	int err;

	assert_non_null(copy);
	memcpy(copy, octets, len);
	err = vici_packet_read(&packet, copy, len);
	free(copy);
	return err;
}

#define READ(literal) read_packet((literal), sizeof(literal) - 1)

static void test_types_and_names(void **state)
{
	(void)state;
	assert_int_equal(READ(""), ERR_PROTO);
	assert_int_equal(READ("\x05"), 0);
	assert_int_equal(READ("\x08"), ERR_PROTO);
	assert_int_equal(READ("\x07"), ERR_PROTO);
	assert_int_equal(READ("\x07\0"), ERR_PROTO);
	assert_int_equal(READ("\x07\x01"), ERR_PROTO);
	assert_int_equal(READ("\x07\x01x"), 0);
	assert_int_equal(READ("\x07\x01\x1b"), ERR_PROTO);
	assert_int_equal(READ("\x07\xffx"), ERR_PROTO);
}

static void test_elements_that_are_wrong(void **state)
{
	(void)state;
	assert_int_equal(READ("\1\0"), ERR_PROTO);                /* no such element */
	assert_int_equal(READ("\1\7"), ERR_PROTO);                /* the same */
	assert_int_equal(READ("\1\2"), ERR_PROTO);                /* an end too many */
	assert_int_equal(READ("\1\1\1a"), ERR_PROTO);             /* an end too few */
	assert_int_equal(READ("\1\1\1a\2\2"), ERR_PROTO);         /* an end too many */
	assert_int_equal(READ("\1\1\0\2"), ERR_PROTO);            /* an empty key */
	assert_int_equal(READ("\1\1\2a"), ERR_PROTO);             /* a key past the end */
	assert_int_equal(READ("\1\3\1a\0\2x"), ERR_PROTO);        /* a value past the end */
	assert_int_equal(READ("\1\3\1a\0"), ERR_PROTO);           /* half a length */
	assert_int_equal(READ("\1\3\1\n\0\1x"), ERR_PROTO);       /* a key with a control character */
	assert_int_equal(READ("\1\5\0\1x"), ERR_PROTO);           /* an item outside of a list */
	assert_int_equal(READ("\1\6"), ERR_PROTO);                /* the end of no list */
	assert_int_equal(READ("\1\4\1a"), ERR_PROTO);             /* a list without end */
	assert_int_equal(READ("\1\4\1a\3\1b\0\1x\6"), ERR_PROTO); /* a value in a list */
	assert_int_equal(READ("\1\4\1a\4\1b\6\6"), ERR_PROTO);    /* a list in a list */
	assert_int_equal(READ("\1\4\1a\1\1b\2\6"), ERR_PROTO);    /* a section in a list */
	assert_int_equal(READ("\1\1\1s\4\1a\2\6"), ERR_PROTO);    /* a section that ends in a list */
	assert_int_equal(READ("\1\1\1s\4\1a\5\0\1x\6\2"), 0);
	assert_int_equal(READ("\1\3\1a\0\0"), 0);
}

static size_t nested(uint8_t *p, unsigned depth)
{
	size_t n = 0;

	p[n++] = VICI_RESPONSE;
	for (unsigned i = 0; i < depth; i++) {
		memcpy(p + n, "\1\1s", 3);
		n += 3;
	}
	memset(p + n, VICI_SECTION_END, depth);
	return n + depth;
}

static void test_bounds(void **state)
{
	struct vici_packet packet;
	size_t n;

	(void)state;
	n = nested(room, VICI_DEPTH_MAX);
	assert_int_equal(vici_packet_read(&packet, room, n), 0);
	n = nested(room, VICI_DEPTH_MAX + 1);
	assert_int_equal(vici_packet_read(&packet, room, n), ERR_LIMIT);
	room[0] = VICI_RESPONSE;
	for (n = 0; n <= VICI_ELEMENTS_MAX; n++) {
		memcpy(room + 1 + n * 5, "\3\1k\0\0", 5);
	}
	assert_int_equal(vici_packet_read(&packet, room, 1 + (size_t)VICI_ELEMENTS_MAX * 5), 0);
	assert_int_equal(vici_packet_read(&packet, room, 1 + (size_t)(VICI_ELEMENTS_MAX + 1) * 5), ERR_LIMIT);
	assert_int_equal(vici_packet_read(&packet, room, VICI_PACKET_MAX + 1), ERR_LIMIT);
}

/* A view over octets that nobody checked ends, too. */
static void test_a_walk_over_anything_ends(void **state)
{
	static const char octets[] = "\1\1a\4\1b\5\0\1x";
	struct vici_section s = { (const uint8_t *)octets, (const uint8_t *)octets + sizeof octets - 1 };
	struct vici_element e;
	struct vici_text item;

	(void)state;
	assert_false(vici_next(&s, &e)); /* the section has no end */
	assert_false(vici_item(&s, &item));
}

static int written(void (*put)(struct vici_out *o), size_t cap)
{
	struct vici_out o = vici_out_over(room, cap);
	size_t len;

	vici_put_command(&o, "c");
	put(&o);
	return vici_out_end(&o, &len);
}

static void put_nothing(struct vici_out *o)
{
	(void)o;
}

static void put_open_section(struct vici_out *o)
{
	vici_put_section(o, "s");
}

static void put_end(struct vici_out *o)
{
	vici_put_section_end(o);
}

static void put_item_outside(struct vici_out *o)
{
	vici_put_item(o, "x", 1);
}

static void put_value_in_list(struct vici_out *o)
{
	vici_put_list(o, "l");
	vici_put_value(o, "k", "v");
	vici_put_list_end(o);
}

static void put_empty_key(struct vici_out *o)
{
	vici_put_value(o, "", "v");
}

static void put_long_value(struct vici_out *o)
{
	static char value[VICI_VALUE_MAX + 1];

	vici_put_octets(o, "k", value, sizeof value);
}

static void put_deep(struct vici_out *o)
{
	for (unsigned i = 0; i <= VICI_DEPTH_MAX; i++) {
		vici_put_section(o, "s");
	}
	for (unsigned i = 0; i <= VICI_DEPTH_MAX; i++) {
		vici_put_section_end(o);
	}
}

static void put_second_command(struct vici_out *o)
{
	vici_put_command(o, "d");
}

static void test_a_wrong_packet_is_not_written(void **state)
{
	(void)state;
	assert_int_equal(written(put_nothing, sizeof room), 0);
	assert_int_equal(written(put_nothing, 6), ERR_NOSPC);
	assert_int_equal(written(put_nothing, 3), ERR_NOSPC);
	assert_int_equal(written(put_open_section, sizeof room), ERR_STATE);
	assert_int_equal(written(put_end, sizeof room), ERR_STATE);
	assert_int_equal(written(put_item_outside, sizeof room), ERR_STATE);
	assert_int_equal(written(put_value_in_list, sizeof room), ERR_STATE);
	assert_int_equal(written(put_empty_key, sizeof room), ERR_LIMIT);
	assert_int_equal(written(put_long_value, sizeof room), ERR_LIMIT);
	assert_int_equal(written(put_deep, sizeof room), ERR_LIMIT);
	assert_int_equal(written(put_second_command, sizeof room), ERR_STATE);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_can_be_read),
		cmocka_unit_test(test_a_frame_says_how_long_it_is),
		cmocka_unit_test(test_types_and_names),
		cmocka_unit_test(test_elements_that_are_wrong),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_a_walk_over_anything_ends),
		cmocka_unit_test(test_a_wrong_packet_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
