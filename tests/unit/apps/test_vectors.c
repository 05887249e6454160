/* Every vector is decoded, compared member by member and encoded again; cut at every octet and with lying lengths it is refused or
 * read, but nothing outside of it is ever touched: the copies are exactly as long as the message. */
#include "tests/unit/test.h"

#include "tests/vectors/vec.h"

static const struct dia_limits limits = { 64 * 1024, 512, 8 };
static struct vec **all;
static size_t all_n;

static int load(void **state)
{
	(void)state;
	all_n = vec_load_all(&all, VECTORS_DIR);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	vec_free_all(all, all_n);
	return 0;
}

static int decode(const struct vec_kind *kind, void *out, const uint8_t *octets, size_t len, struct dia_failed *failed)
{
	struct dia_msg m;
	int err = dia_msg_parse(&m, octets, len, &limits, failed);

	return err ? err : kind->parse(out, &m, failed);
}

static void show(const char *what, const struct vec_lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		print_error("%s: %s\n", what, l->line[i]);
	}
}

static void assert_fields(const struct vec *v, const void *decoded)
{
	struct vec_lines got = { .n = 0 };
	bool same;

	v->kind->print(&got, decoded);
	vec_lines_sort(&got);
	same = got.n == v->fields.n;
	for (size_t i = 0; same && i < got.n; i++) {
		same = !strcmp(got.line[i], v->fields.line[i]);
	}
	if (!same) {
		show("expected", &v->fields);
		show("decoded ", &got);
		print_error("%s\n", v->file);
	}
	vec_lines_free(&got);
	assert_true(same);
}

/* What a refusal leaves: no member, every list of length 0. */
static void assert_empty(const struct vec_kind *kind, const void *refused)
{
	static const uint8_t nothing[VEC_STRUCT_MAX] __attribute__((aligned(16)));
	struct vec_lines got = { .n = 0 }, none = { .n = 0 };

	kind->print(&got, refused);
	kind->print(&none, nothing);
	assert_int_equal(got.n, none.n);
	for (size_t i = 0; i < got.n; i++) {
		assert_string_equal(got.line[i], none.line[i]);
	}
	vec_lines_free(&got);
	vec_lines_free(&none);
}

static void every_message_has_a_vector(void **state)
{
	(void)state;
	for (size_t k = 0; k < vec_kinds_n; k++) {
		size_t found = 0;

		for (size_t i = 0; i < all_n; i++) {
			found += all[i]->kind == &vec_kinds[k];
		}
		if (!found) {
			print_error("no vector for %s\n", vec_kinds[k].name);
		}
		assert_true(found > 0);
	}
}

static void every_field_is_found(void **state)
{
	static uint8_t room[VEC_STRUCT_MAX] __attribute__((aligned(16)));

	(void)state;
	for (size_t i = 0; i < all_n; i++) {
		struct dia_failed failed = { .text = "" };

		memset(room, 0x5a, sizeof room); /* what was there before does not matter */
		if (decode(all[i]->kind, room, all[i]->octets, all[i]->len, &failed)) {
			fail_msg("%s: %u %s", all[i]->file, failed.result_code, failed.text);
		}
		assert_fields(all[i], room);
	}
}

static void fields_become_the_same_octets(void **state)
{
	static uint8_t room[VEC_STRUCT_MAX] __attribute__((aligned(16)));
	static uint8_t again[65536];

	(void)state;
	for (size_t i = 0; i < all_n; i++) {
		const struct vec *v = all[i];
		struct dia_failed failed;
		struct buf out = buf_over(again, sizeof again);

		assert_int_equal(decode(v->kind, room, v->octets, v->len, &failed), 0);
		v->kind->build(&out, room, 0x01020304, 0xa0b0c0d0);
		assert_false(out.full);
		if (!v->canonical) { /* other octets, but the same fields */
			assert_int_equal(decode(v->kind, room, again, out.len, &failed), 0);
			assert_fields(v, room);
			continue;
		}
		if (out.len != v->len || memcmp(again, v->octets, v->len)) {
			fail_msg("%s: encoded differently", v->file);
		}
	}
}

static void a_buffer_that_is_too_small_is_said_and_never_overrun(void **state)
{
	static uint8_t room[VEC_STRUCT_MAX] __attribute__((aligned(16)));

	(void)state;
	for (size_t i = 0; i < all_n; i++) {
		const struct vec *v = all[i];
		struct dia_failed failed;

		if (!v->canonical) {
			continue;
		}
		assert_int_equal(decode(v->kind, room, v->octets, v->len, &failed), 0);
		for (size_t cap = 0; cap < v->len; cap += 1 + v->len / 97) {
			uint8_t *small = malloc(cap ? cap : 1);
			struct buf out = buf_over(small, cap);

			v->kind->build(&out, room, 1, 2);
			assert_true(out.full);
			free(small);
		}
	}
}

static void set_length(uint8_t *octets, size_t len)
{
	octets[1] = (uint8_t)(len >> 16);
	octets[2] = (uint8_t)(len >> 8);
	octets[3] = (uint8_t)len;
}

/* Also with a length field that fits the cut: then the cut goes through AVPs. A refusal leaves the struct empty. */
static void cut_at_every_octet_is_refused_or_whole(void **state)
{
	static uint8_t room[VEC_STRUCT_MAX] __attribute__((aligned(16)));

	(void)state;
	for (size_t i = 0; i < all_n; i++) {
		for (size_t len = 0; len < all[i]->len; len++) {
			uint8_t *cut = vec_copy(all[i]->octets, len);
			struct dia_failed failed = { .text = "" };

			memset(room, 0x5a, sizeof room);
			assert_int_equal(decode(all[i]->kind, room, cut, len, &failed), ERR_PROTO);
			assert_int_equal(failed.result_code, DIA_RESULT_INVALID_MESSAGE_LENGTH);
			if (len >= DIA_HEADER_LEN && len % 4 == 0) {
				set_length(cut, len);
				if (decode(all[i]->kind, room, cut, len, &failed)) {
					assert_empty(all[i]->kind, room);
				}
			}
			free(cut);
		}
	}
}

/* Each octet in turn takes values that make lengths, codes and flags lie. */
static void one_wrong_octet_never_leads_outside(void **state)
{
	static uint8_t room[VEC_STRUCT_MAX] __attribute__((aligned(16)));
	static const uint8_t values[] = { 0x00, 0x01, 0x07, 0x08, 0x0b, 0x7f, 0x80, 0xff };

	(void)state;
	for (size_t i = 0; i < all_n; i++) {
		const struct vec *v = all[i];
		uint8_t *lie = vec_copy(v->octets, v->len);

		for (size_t at = 0; at < v->len; at++) {
			for (size_t k = 0; k < sizeof values; k++) {
				struct dia_failed failed = { .text = "" };

				lie[at] = values[k];
				memset(room, 0x5a, sizeof room);
				if (decode(v->kind, room, lie, v->len, &failed)) {
					assert_true(failed.result_code >= 3000 && failed.result_code < 6000);
					assert_true(failed.avp_len <= DIA_FAILED_AVP_MAX && failed.avp_len % 4 == 0);
				}
			}
			lie[at] = v->octets[at];
		}
		free(lie);
	}
}

/* What is refused can be answered, and our own Failed-AVP can be read by anybody: the answer is walked, groups too. */
static void walk(struct dia_win w)
{
	struct dia_failed failed;
	struct dia_avp avp;
	int err;

	while ((err = dia_win_next(&w, &avp, &failed)) == DIA_MORE) {
		struct dia_win inside;

		if (avp.code == 279 && !dia_win_enter(&inside, &w, &avp, &failed)) {
			walk(inside);
		}
	}
	/* flag bits that are wrong are shown as they came */
	assert_true(err == DIA_END || failed.result_code == DIA_RESULT_INVALID_AVP_BIT_COMBO);
}

static void every_refusal_has_a_readable_answer(void **state)
{
	static uint8_t room[VEC_STRUCT_MAX] __attribute__((aligned(16)));
	static uint8_t answer[65536];

	(void)state;
	for (size_t i = 0; i < all_n; i++) {
		const struct vec *v = all[i];
		uint8_t *lie = vec_copy(v->octets, v->len);

		for (size_t at = 4; at < v->len; at++) {
			struct dia_failed failed = { .text = "" };
			struct buf out = buf_over(answer, sizeof answer);
			struct dia_msg m;
			uint16_t left;

			lie[at] ^= 0x85;
			if (!dia_msg_parse(&m, lie, v->len, &limits, &failed) && v->kind->parse(room, &m, &failed)) {
				dia_error_answer(&out, &m, "iwf.example", "example", &failed);
				assert_false(out.full);
				assert_int_equal(dia_msg_parse(&m, answer, out.len, &limits, &failed), 0);
				assert_false(m.hdr.flags & (DIA_FLAG_R | DIA_FLAG_T));
				walk(dia_msg_win(&m, &left));
			}
			lie[at] = v->octets[at];
		}
		free(lie);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_has_a_vector),
		cmocka_unit_test(every_field_is_found),
		cmocka_unit_test(fields_become_the_same_octets),
		cmocka_unit_test(a_buffer_that_is_too_small_is_said_and_never_overrun),
		cmocka_unit_test(cut_at_every_octet_is_refused_or_whole),
		cmocka_unit_test(one_wrong_octet_never_leads_outside),
		cmocka_unit_test(every_refusal_has_a_readable_answer),
	};

	return cmocka_run_group_tests_name("apps vectors", tests, load, unload);
}
