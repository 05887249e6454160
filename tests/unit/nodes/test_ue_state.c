/* test_ue_state.c - what devices remember: delivery ids, parts, triggers accepted for a command. */
#include "tests/unit/test.h"

#include "nodes/ue/ue_state.h"
#include "tests/unit/nodes/temp_dir.h"

struct world {
	struct temp_dir dir;
	struct ue_state *s;
	char why[UE_STATE_WHY_MAX];
	unsigned parts, triggers;
	struct ue_trigger last;
	char payload[16];
	uint64_t part_id;
	char part_imsi[SMS_IMSI_MAX + 1];
	uint8_t part_first;
};

static void open_state(struct world *w, uint64_t ids_max)
{
	assert_int_equal(ue_state_open(&w->s, w->dir.path, 64u << 20, 0, ids_max, w->why), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	temp_dir_make(&w->dir);
	open_state(w, 4);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	ue_state_close(w->s);
	temp_dir_end(&w->dir);
	free(w);
	return 0;
}

static int on_part(void *arg, uint64_t id, const char *imsi, const uint8_t *rpdu, size_t len)
{
	struct world *w = arg;

	assert_true(len > 0);
	w->parts++;
	w->part_id = id;
	w->part_first = rpdu[0];
	snprintf(w->part_imsi, sizeof w->part_imsi, "%s", imsi);
	return 0;
}

static int on_trigger(void *arg, const struct ue_trigger *t)
{
	struct world *w = arg;

	w->triggers++;
	w->last = *t;
	assert_true(t->payload_len < sizeof w->payload);
	memcpy(w->payload, t->payload, t->payload_len);
	return 0;
}

static void look(struct world *w)
{
	w->parts = w->triggers = 0;
	assert_int_equal(ue_state_each_part(w->s, on_part, w), 0);
	assert_int_equal(ue_state_each_accepted(w->s, on_trigger, w), 0);
}

static void commit_and_reopen(struct world *w)
{
	assert_int_equal(ue_state_commit(w->s), 0);
	ue_state_close(w->s);
	open_state(w, 4);
}

static void test_an_id_that_was_acted_on_is_known_for_ever(void **state) /* CONTRACTS 3, promise */
{
	struct world *w = *state;

	assert_int_equal(ue_state_known(w->s, 7), UE_NEW);
	ue_state_acted(w->s, 7);
	assert_int_equal(ue_state_known(w->s, 7), UE_ACTED); /* within the turn already */
	commit_and_reopen(w);
	assert_int_equal(ue_state_known(w->s, 7), UE_ACTED);
	assert_int_equal(ue_state_known(w->s, 8), UE_NEW);
	ue_state_acted(w->s, 8);
	ue_state_close(w->s); /* without a commit */
	open_state(w, 4);
	assert_int_equal(ue_state_known(w->s, 8), UE_NEW);
}

static void test_a_trigger_for_a_command_comes_back_until_it_was_started(void **state)
{
	struct world *w = *state;
	const struct ue_trigger t = { .id = 9,
				      .imsi = "001010000000001",
				      .originator = "49170123456",
				      .has_port = true,
				      .port = 16000,
				      .parts = 3,
				      .sent_s = 1705321800,
				      .payload = (const uint8_t *)"abc",
				      .payload_len = 3 };

	ue_state_accepted(w->s, &t);
	commit_and_reopen(w);
	assert_int_equal(ue_state_known(w->s, 9), UE_ACCEPTED);
	look(w);
	assert_int_equal(w->triggers, 1);
	assert_string_equal(w->last.imsi, t.imsi);
	assert_string_equal(w->last.originator, t.originator);
	assert_true(w->last.again && w->last.has_port);
	assert_int_equal(w->last.port, 16000);
	assert_int_equal(w->last.parts, 3);
	assert_int_equal(w->last.sent_s, 1705321800);
	assert_string_equal(w->payload, "abc");
	ue_state_acted(w->s, 9);
	commit_and_reopen(w);
	assert_int_equal(ue_state_known(w->s, 9), UE_ACTED);
	look(w);
	assert_int_equal(w->triggers, 0);
}

static void test_parts_are_kept_until_the_message_is_whole(void **state)
{
	struct world *w = *state;

	ue_state_part(w->s, 5, "001010000000001", 1, (const uint8_t *)"one", 3);
	ue_state_part(w->s, 5, "001010000000001", 2, (const uint8_t *)"two", 3);
	ue_state_part(w->s, 6, "001010000000002", 1, (const uint8_t *)"uno", 3);
	ue_state_part(w->s, 5, "001010000000001", 2, (const uint8_t *)"two", 3); /* again */
	commit_and_reopen(w);
	look(w);
	assert_int_equal(w->parts, 3);
	ue_state_acted(w->s, 5);
	commit_and_reopen(w);
	look(w);
	assert_int_equal(w->parts, 1);
	assert_int_equal(w->part_id, 6);
	assert_string_equal(w->part_imsi, "001010000000002");
	assert_int_equal(w->part_first, 'u');
}

static void test_the_oldest_ids_make_room(void **state)
{
	struct world *w = *state;
	static const uint64_t ids[] = { 900, 3, 500, 77, 1, 600 }; /* age is when it came, not its number */

	for (size_t i = 0; i < 6; i++) {
		ue_state_acted(w->s, ids[i]);
		ue_state_acted(w->s, ids[i]); /* twice: one id */
		commit_and_reopen(w);
	}
	assert_int_equal(ue_state_known(w->s, 900), UE_NEW);
	assert_int_equal(ue_state_known(w->s, 3), UE_NEW);
	for (size_t i = 2; i < 6; i++) {
		assert_int_equal(ue_state_known(w->s, ids[i]), UE_ACTED);
	}
}

static void test_a_truncated_store_is_refused_with_words(void **state)
{
	struct world *w = *state;
	char path[128];

	ue_state_acted(w->s, 1);
	assert_int_equal(ue_state_commit(w->s), 0);
	ue_state_close(w->s);
	w->s = NULL;
	snprintf(path, sizeof path, "%s/data.mdb", w->dir.path);
	assert_int_equal(truncate(path, 8192), 0);
	assert_int_equal(ue_state_open(&w->s, w->dir.path, 64u << 20, 0, 4, w->why), ERR_PROTO);
	assert_non_null(strstr(w->why, w->dir.path));
}

static void test_a_directory_has_one_owner(void **state)
{
	struct world *w = *state;
	struct ue_state *second = NULL;

	assert_int_equal(ue_state_open(&second, w->dir.path, 64u << 20, 0, 4, w->why), ERR_BUSY);
	assert_non_null(strstr(w->why, "another process"));
	assert_int_equal(ue_state_open(&second, "/nonexistent/state", 64u << 20, 0, 4, w->why), ERR_IO);
	assert_null(second);
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_an_id_that_was_acted_on_is_known_for_ever),
		TEST(test_a_trigger_for_a_command_comes_back_until_it_was_started),
		TEST(test_parts_are_kept_until_the_message_is_whole),
		TEST(test_the_oldest_ids_make_room),
		TEST(test_a_truncated_store_is_refused_with_words),
		TEST(test_a_directory_has_one_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
