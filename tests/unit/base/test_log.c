/* log: one message is one line, whatever a peer puts into it. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

static size_t logged(char *out, size_t size, enum log_level level, const char *text)
{
	int fd[2];
	struct log l;
	ssize_t n;

	assert_int_equal(pipe(fd), 0);
	log_init(&l, fd[1], LOG_LEVEL_INFO, "test");
	log_write(&l, level, "room", "%s", text);
	close(fd[1]);
	n = read(fd[0], out, size - 1);
	close(fd[0]);
	assert_true(n >= 0);
	out[n] = 0;
	return (size_t)n;
}

static void a_peer_cannot_forge_a_line(void **state)
{
	char line[2 * LOG_LINE_MAX];

	(void)state;
	logged(line, sizeof line, LOG_LEVEL_ERROR, "name\n2026 forged\x1b[2J\xc3");
	assert_non_null(strstr(line, " test error room: name?2026 forged?[2J?\n"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void long_lines_are_cut_and_say_so(void **state)
{
	char line[2 * LOG_LINE_MAX], text[2 * LOG_LINE_MAX];
	size_t n;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	n = logged(line, sizeof line, LOG_LEVEL_INFO, text);
	assert_true(n < LOG_LINE_MAX);
	assert_string_equal(line + n - 4, "...\n");
}

static void levels_below_are_dropped(void **state)
{
	char line[64];
	enum log_level level;

	(void)state;
	assert_int_equal(logged(line, sizeof line, LOG_LEVEL_DEBUG, "x"), 0);
	log_error(NULL, "room", "no sink is no harm");
	assert_int_equal(log_level_parse(&level, "warn"), 0);
	assert_int_equal(level, LOG_LEVEL_WARN);
	assert_int_equal(log_level_parse(&level, "loud"), ERR_INVAL);
}

static void time_text_is_rfc_3339(void **state)
{
	char text[CLOCK_TEXT_MAX];

	(void)state;
	clock_text(text, 1705321800123u);
	assert_string_equal(text, "2024-01-15T12:30:00.123Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_cannot_forge_a_line),
		cmocka_unit_test(long_lines_are_cut_and_say_so),
		cmocka_unit_test(levels_below_are_dropped),
		cmocka_unit_test(time_text_is_rfc_3339),
	};

	return cmocka_run_group_tests_name("base log", tests, NULL, NULL);
}
