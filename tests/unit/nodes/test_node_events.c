/* A file of events agrees with its store: whole turns or nothing, torn ends cut, one writer. */
#include "tests/unit/nodes/temp_dir.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "nodes/common/node_events.h"

static struct temp_dir dir;
static char path[128];

static int set_up(void **state)
{
	(void)state;
	temp_dir_make(&dir);
	snprintf(path, sizeof path, "%s/events", dir.path);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_end(&dir);
	return 0;
}

static struct node_events *open_it(void)
{
	struct node_events *e = NULL;
	char why[NODE_EVENTS_WHY_MAX] = "";

	if (node_events_open(&e, path, why)) {
		fail_msg("%s", why);
	}
	return e;
}

static void add(struct node_events *e, int n)
{
	node_events_add(e, json_pack("{s:i}", "n", n));
}

static void check_text(const char *expected)
{
	char text[256] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	assert_string_equal(text, expected);
}

static void write_text(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void lines_reach_the_file_with_their_flush(void **state)
{
	struct node_events *e = open_it();

	(void)state;
	add(e, 1);
	add(e, 2);
	check_text("");
	assert_int_equal(node_events_flush(e), 0);
	check_text("{\"n\":1}\n{\"n\":2}\n");
	assert_int_equal(node_events_end(e), 16);
	assert_int_equal(node_events_flush(e), 0); /* nothing gathered */
	node_events_close(e);
}

static void a_failed_commit_takes_its_lines_back_and_no_others(void **state)
{
	struct node_events *e = open_it();

	(void)state;
	add(e, 1);
	assert_int_equal(node_events_flush(e), 0);
	add(e, 2);
	add(e, 3);
	assert_int_equal(node_events_flush(e), 0);
	node_events_undo(e);
	check_text("{\"n\":1}\n");
	node_events_undo(e); /* only once */
	check_text("{\"n\":1}\n");
	add(e, 4);
	assert_int_equal(node_events_flush(e), 0);
	check_text("{\"n\":1}\n{\"n\":4}\n");
	node_events_close(e);
}

static void a_line_that_cannot_be_made_fails_its_turn_only(void **state)
{
	struct node_events *e = open_it();

	(void)state;
	add(e, 1);
	node_events_add(e, NULL);
	assert_int_equal(node_events_flush(e), ERR_NOMEM);
	check_text("");
	add(e, 2);
	assert_int_equal(node_events_flush(e), 0);
	check_text("{\"n\":2}\n");
	node_events_close(e);
}

static void a_file_that_may_not_grow_keeps_nothing_of_the_turn(void **state)
{
	struct node_events *e = open_it();
	struct rlimit old, small = { 20, 20 };

	(void)state;
	add(e, 1);
	assert_int_equal(node_events_flush(e), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	add(e, 2);
	add(e, 3);
	assert_int_equal(node_events_flush(e), ERR_IO);
	check_text("{\"n\":1}\n");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	add(e, 4);
	assert_int_equal(node_events_flush(e), 0);
	check_text("{\"n\":1}\n{\"n\":4}\n");
	node_events_close(e);
}

static void a_torn_end_is_cut(void **state)
{
	struct node_events *e;

	(void)state;
	write_text("{\"n\":1}\n{\"n\":");
	e = open_it();
	assert_int_equal(node_events_end(e), 8);
	check_text("{\"n\":1}\n");
	node_events_close(e);
	write_text("torn");
	e = open_it();
	assert_int_equal(node_events_end(e), 0);
	node_events_close(e);
}

static int collect(void *arg, const char *line)
{
	strcat(arg, line);
	strcat(arg, ";");
	return strcmp(line, "stop") ? 0 : ERR_BUSY;
}

static void lines_are_read_back(void **state)
{
	char seen[64] = "";
	struct node_events *e;

	(void)state;
	write_text("a\nb\n");
	e = open_it();
	assert_int_equal(node_events_each(e, collect, seen), 0);
	assert_string_equal(seen, "a;b;");
	node_events_close(e);
	write_text("stop\nb\n");
	e = open_it();
	seen[0] = 0;
	assert_int_equal(node_events_each(e, collect, seen), ERR_BUSY);
	assert_string_equal(seen, "stop;");
	node_events_close(e);
}

static void what_no_commit_knows_is_cut(void **state)
{
	struct node_events *e;

	(void)state;
	write_text("a\nb\nc\n");
	e = open_it();
	assert_int_equal(node_events_cut(e, 4), 0);
	check_text("a\nb\n");
	assert_int_equal(node_events_cut(e, 400), 0); /* shorter than that: somebody took it away */
	check_text("a\nb\n");
	add(e, 1);
	assert_int_equal(node_events_flush(e), 0);
	check_text("a\nb\n{\"n\":1}\n");
	node_events_close(e);
}

static void one_process_writes_it(void **state)
{
	struct node_events *e = open_it(), *other = NULL;
	char why[NODE_EVENTS_WHY_MAX] = "";

	(void)state;
	assert_int_equal(node_events_open(&other, path, why), ERR_BUSY);
	assert_non_null(strstr(why, "another process"));
	node_events_close(e);
	assert_int_equal(node_events_open(&other, "/nowhere/events", why), ERR_IO);
	assert_non_null(strstr(why, "/nowhere/events"));
	assert_null(other);
}

static void put(struct node_events *e, int n)
{
	add(e, n);
	assert_int_equal(node_events_flush(e), 0);
}

static void reopen_it(struct node_events *e)
{
	char why[NODE_EVENTS_WHY_MAX] = "";

	if (node_events_reopen(e, path, why)) {
		fail_msg("%s", why);
	}
}

/* logrotate: mv events events.1; kill -HUP */
static void a_file_that_was_moved_away_keeps_its_lines_and_a_new_one_gets_the_next(void **state)
{
	struct node_events *e = open_it();
	char moved[160], why[NODE_EVENTS_WHY_MAX];

	(void)state;
	snprintf(moved, sizeof moved, "%s.1", path);
	put(e, 1);
	assert_int_equal(rename(path, moved), 0);
	put(e, 2); /* until it is told */
	reopen_it(e);
	assert_int_equal(node_events_end(e), 0);
	put(e, 3);
	put(e, 4);
	node_events_undo(e); /* of the new file */
	check_text("{\"n\":3}\n");
	reopen_it(e); /* nothing was moved */
	assert_int_equal(node_events_end(e), 8);
	put(e, 5);
	check_text("{\"n\":3}\n{\"n\":5}\n");
	assert_int_equal(node_events_reopen(e, "/nowhere/events", why), ERR_IO);
	assert_non_null(strstr(why, "/nowhere/events"));
	put(e, 6); /* the file before stays in use */
	check_text("{\"n\":3}\n{\"n\":5}\n{\"n\":6}\n");
	strcpy(path, moved);
	check_text("{\"n\":1}\n{\"n\":2}\n");
	node_events_close(e);
}

/* logrotate's copytruncate */
static void a_file_that_was_cut_begins_anew_without_a_hole(void **state)
{
	struct node_events *e = open_it();

	(void)state;
	put(e, 1);
	put(e, 2);
	assert_int_equal(truncate(path, 0), 0);
	node_events_undo(e); /* the line is gone already: the file does not become longer */
	check_text("");
	put(e, 3);
	assert_int_equal(node_events_end(e), 8);
	put(e, 4);
	check_text("{\"n\":3}\n{\"n\":4}\n");
	node_events_close(e);
}

/* The node was down when its file was taken away, and the store has the end of the old one. */
static void an_end_of_another_file_cuts_no_line_in_two(void **state)
{
	struct node_events *e;

	(void)state;
	write_text("{\"n\":1}\n{\"n\":22}\n");
	e = open_it();
	assert_int_equal(node_events_cut(e, 11), 0);
	check_text("{\"n\":1}\n{\"n\":22}\n");
	assert_int_equal(node_events_cut(e, 8), 0);
	check_text("{\"n\":1}\n");
	node_events_close(e);
}

static void a_file_that_is_none_of_events_is_not_cut(void **state)
{
	struct node_events *e = NULL;
	char why[NODE_EVENTS_WHY_MAX] = "";
	struct stat st;
	FILE *f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	for (int i = 0; i < 100000; i++) {
		fputc('x', f);
	}
	fclose(f);
	assert_int_equal(node_events_open(&e, path, why), ERR_INVAL);
	assert_non_null(strstr(why, "no file of events"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 100000);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
#define ROW(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
		ROW(lines_reach_the_file_with_their_flush),
		ROW(a_failed_commit_takes_its_lines_back_and_no_others),
		ROW(a_line_that_cannot_be_made_fails_its_turn_only),
		ROW(a_file_that_may_not_grow_keeps_nothing_of_the_turn),
		ROW(a_torn_end_is_cut),
		ROW(lines_are_read_back),
		ROW(what_no_commit_knows_is_cut),
		ROW(one_process_writes_it),
		ROW(a_file_that_was_moved_away_keeps_its_lines_and_a_new_one_gets_the_next),
		ROW(a_file_that_was_cut_begins_anew_without_a_hole),
		ROW(an_end_of_another_file_cuts_no_line_in_two),
		ROW(a_file_that_is_none_of_events_is_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
