/* The decision line: its fields (CONTRACTS section 5), that nobody forges one, that trouble with the disk is counted. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/aud.h"
#include "base/tail.h"

#define MEMBERS 13 /* of a decision */

/* A log at this path. ERR_IO with errno when it cannot be opened. */
static int open_log(struct aud **out, const char *path, struct st_counters *counters)
{
	int fd = tail_open(path, 0640);

	return fd < 0 ? ERR_IO : aud_open(out, fd, counters);
}

static struct aud_decision sample(void)
{
	return (struct aud_decision){
		.time_ms = UINT64_C(1795428000123),
		.transaction = "7-0000a1",
		.scs = "acme",
		.origin_host = "scs.acme.example",
		.address = "192.0.2.7:40000",
		.protection = "tls",
		.device = "meter-7@fleet.example",
		.action = "trigger",
		.answers = true,
		.has_reference = true,
		.reference = 41,
		.verdict = AUD_REFUSED,
		.reason = "no-association",
		.rule = "",
		.request_status = "NOTAUTHORIZED",
	};
}

static void test_a_line_has_exactly_the_agreed_fields(void **state)
{
	struct aud_decision d = sample();
	char line[AUD_LINE_MAX];
	size_t n = aud_format(line, &d);

	(void)state;
	assert_int_equal(n, strlen(line));
	assert_string_equal(
	    line, "{\"time\":\"2026-11-23T10:00:00.123Z\",\"transaction\":\"7-0000a1\",\"scs\":\"acme\","
		  "\"origin_host\":\"scs.acme.example\",\"address\":\"192.0.2.7:40000\",\"protection\":\"tls\",\"device\":"
		  "\"meter-7@fleet.example\","
		  "\"action\":\"trigger\",\"reference\":41,\"verdict\":\"refused\",\"reason\":\"no-association\",\"rule\":\"\","
		  "\"request_status\":\"NOTAUTHORIZED\"}");
}

static void test_what_is_detected_is_no_decision(void **state)
{
	struct aud_decision d = sample();
	struct st_counters st = { .v = { 0 } };
	char line[AUD_LINE_MAX];
	struct aud *a;

	(void)state;
	d.verdict = AUD_DETECTED;
	d.request_status = NULL;
	aud_format(line, &d);
	assert_non_null(strstr(line, "\"verdict\":\"detected\",\"reason\":\"no-association\""));
	assert_int_equal(aud_open(&a, -1, &st), 0);
	assert_int_equal(aud_decision(a, &d), 0);
	assert_int_equal(st.v[ST_DECISION_DETECTED], 1);
	assert_int_equal(st.v[ST_DECISION_REFUSED] + st.v[ST_DECISION_ACCEPTED] + st.v[ST_STATUS_OTHER], 0);
	aud_close(a);
}

static void test_what_is_unknown_is_empty_or_null(void **state)
{
	struct aud_decision d = { .verdict = AUD_ACCEPTED };
	char line[AUD_LINE_MAX];

	(void)state;
	aud_format(line, &d);
	assert_non_null(strstr(line, "\"scs\":\"\""));
	assert_non_null(strstr(line, "\"reference\":null,\"verdict\":\"accepted\""));
}

static void test_a_peer_cannot_forge_a_line(void **state)
{
	struct aud_decision d = sample();
	char line[AUD_LINE_MAX];
	json_t *j;

	(void)state;
	d.device = "x\",\"verdict\":\"accepted\"}\n{\"a\":\"\\\x01\x7f\xff";
	aud_format(line, &d);
	assert_null(strchr(line, '\n'));
	j = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	assert_int_equal(json_object_size(j), MEMBERS);
	assert_string_equal(json_string_value(json_object_get(j, "verdict")), "refused");
	assert_non_null(strstr(line, "\\u0001\\u007f\\u00ff\""));
	json_decref(j);
}

/* Each octet at each place of a text of each length is what a reader of JSON gets back (an octet above 0x7f: the
 * character of that number). */
static void test_each_octet_at_each_place_comes_back(void **state)
{
	char text[20], line[AUD_LINE_MAX];

	(void)state;
	for (size_t n = 1; n < sizeof text; n++) {
		for (size_t at = 0; at < n; at++) {
			for (unsigned octet = 1; octet < 256; octet++) {
				struct aud_decision d = sample();
				uint8_t expected[2] = { (uint8_t)(0xc0 | octet >> 6), (uint8_t)(0x80 | (octet & 0x3f)) };
				size_t wide = octet > 0x7f ? 2 : 1;
				const char *back;
				size_t len;
				json_t *j;

				memset(text, 'a', n);
				text[n] = 0;
				text[at] = (char)octet;
				expected[0] = wide == 1 ? (uint8_t)octet : expected[0];
				d.device = text;
				len = aud_format(line, &d);
				assert_int_equal(len, strlen(line));
				j = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
				assert_non_null(j);
				back = json_string_value(json_object_get(j, "device"));
				assert_int_equal(strlen(back), n - 1 + wide);
				assert_memory_equal(back + at, expected, wide);
				assert_int_equal(strspn(back, "a"), octet == 'a' ? n : at);
				json_decref(j);
			}
		}
	}
}

static void test_the_longest_texts_fit(void **state)
{
	char longest[AUD_TEXT_MAX + 100], line[AUD_LINE_MAX];
	struct aud_decision d = { 0 };
	json_t *j;

	(void)state;
	memset(longest, 0x80, sizeof longest);
	longest[sizeof longest - 1] = 0;
	d = (struct aud_decision){ UINT64_MAX / 1000, longest,     longest, longest, longest,
				   longest,           longest,     longest, true,    true,
				   UINT32_MAX,        AUD_REFUSED, longest, longest, longest };
	assert_true(aud_format(line, &d) < AUD_LINE_MAX);
	j = json_loads(line, 0, NULL);
	assert_non_null(j);
	json_decref(j);
}

static size_t file_lines(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n = 0;
	int c;

	assert_non_null(f);
	while ((c = getc(f)) != EOF) {
		n += c == '\n';
	}
	fclose(f);
	return n;
}

/* Sessions and what is taken back have lines and counters of their own. */
static void test_only_an_answer_to_a_request_is_an_accepted_or_refused_request(void **state)
{
	struct aud_decision d = sample();
	struct st_counters st = { .v = { 0 } };
	struct aud *a;

	(void)state;
	assert_int_equal(aud_open(&a, -1, &st), 0);
	d.answers = false;
	d.action = "session";
	d.request_status = NULL;
	d.verdict = AUD_ACCEPTED;
	assert_int_equal(aud_decision(a, &d), 0);
	d.action = "revoke";
	d.verdict = AUD_REFUSED;
	assert_int_equal(aud_decision(a, &d), 0);
	assert_int_equal(st.v[ST_DECISION_REFUSED] + st.v[ST_DECISION_ACCEPTED] + st.v[ST_STATUS_OTHER], 0);
	aud_close(a);
}

static void test_lines_are_appended_and_counted(void **state)
{
	char dir[] = "/tmp/test_aud_XXXXXX", path[64], moved[64];
	struct aud_decision d = sample();
	struct st_counters c = { { 0 } };
	struct aud *a;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/d.jsonl", dir);
	snprintf(moved, sizeof moved, "%s/d.jsonl.1", dir);
	assert_int_equal(open_log(&a, path, &c), 0);
	assert_int_equal(aud_decision(a, &d), 0);
	d.verdict = AUD_ACCEPTED;
	d.request_status = "SUCCESS";
	assert_int_equal(aud_decision(a, &d), 0);
	assert_int_equal(file_lines(path), 0); /* they gather */
	assert_int_equal(aud_flush(a), 0);
	assert_int_equal(file_lines(path), 2);
	assert_int_equal(c.v[ST_DECISION_REFUSED], 1);
	assert_int_equal(c.v[ST_DECISION_ACCEPTED], 1);
	assert_int_equal(c.v[ST_STATUS_NOTAUTHORIZED], 1);
	assert_int_equal(c.v[ST_STATUS_SUCCESS], 1);
	assert_int_equal(c.v[ST_AUDIT_LINES], 2);

	assert_int_equal(rename(path, moved), 0); /* rotation */
	assert_int_equal(aud_decision(a, &d), 0);
	aud_reopen(a, tail_open(path, 0640));
	assert_int_equal(aud_decision(a, &d), 0);
	assert_int_equal(file_lines(moved), 3);
	assert_int_equal(file_lines(path), 0);
	aud_close(a);
	assert_int_equal(file_lines(path), 1);
	assert_int_equal(unlink(path) | unlink(moved) | rmdir(dir), 0);
}

static void test_a_full_disk_is_counted_and_the_decision_stands(void **state)
{
	struct aud_decision d = sample();
	struct st_counters c = { { 0 } };
	uint64_t n = 0;
	struct aud *a;

	(void)state;
	assert_int_equal(open_log(&a, "/dev/full", &c), 0);
	while (aud_decision(a, &d) == 0) { /* gathers as long as there is room */
		assert_int_equal(aud_flush(a), ERR_IO);
		assert_true(++n < AUD_GATHER_MAX);
	}
	assert_int_equal(c.v[ST_AUDIT_ERRORS], 1);
	assert_int_equal(c.v[ST_AUDIT_LINES], 0);
	assert_int_equal(c.v[ST_DECISION_REFUSED], n + 1);
	assert_int_equal(aud_lost(a), 1);
	errno = 0;
	assert_int_equal(aud_close(a), n + 1); /* and its caller can say so */
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(c.v[ST_AUDIT_ERRORS], n + 1);
}

static void limit_size(rlim_t octets)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = octets;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Each line of the file: NULL where it is no JSON. */
static size_t lines_of(const char *path, json_t *out[], size_t max)
{
	static char line[2 * AUD_LINE_MAX];
	FILE *f = fopen(path, "r");
	size_t n = 0;

	assert_non_null(f);
	for (; fgets(line, sizeof line, f); n++) {
		if (n < max) {
			out[n] = json_loads(line, 0, NULL);
		}
	}
	fclose(f);
	return n;
}

static void check_mark(json_t *line, const char *reason, const char *what, json_int_t n)
{
	assert_non_null(line);
	assert_string_equal(json_string_value(json_object_get(line, "action")), "log");
	assert_string_equal(json_string_value(json_object_get(line, "reason")), reason);
	assert_int_equal(json_integer_value(json_object_get(line, what)), n);
	json_decref(line);
}

static void check_decision(json_t *line)
{
	assert_non_null(line);
	assert_int_equal(json_object_size(line), MEMBERS);
	json_decref(line);
}

/* As a power cut leaves it: half a line, or octets of zero. */
static void test_half_a_line_of_an_earlier_run_is_ended_before_the_first_decision(void **state)
{
	static const char half[] = "{\"time\":\"2026-11-28T20:40:06.469Z\",\"scs\":\"ac", zeros[300];
	static const struct {
		const char *text;
		size_t len;
	} ends[] = { { half, sizeof half - 1 }, { zeros, sizeof zeros } };
	struct aud_decision d = sample();
	struct st_counters c = { { 0 } };
	char path[] = "/tmp/test_aud_XXXXXX";
	json_t *lines[4] = { NULL };
	struct aud *a;

	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		int fd;

		memcpy(path + sizeof path - 7, "XXXXXX", 6);
		fd = mkstemp(path);
		assert_int_equal(write(fd, ends[i].text, ends[i].len), ends[i].len);
		close(fd);
		assert_int_equal(open_log(&a, path, &c), 0);
		assert_int_equal(aud_decision(a, &d), 0);
		assert_int_equal(aud_flush(a), 0);
		assert_int_equal(aud_decision(a, &d), 0);
		assert_int_equal(aud_close(a), 0);
		assert_int_equal(lines_of(path, lines, 4), 4);
		assert_null(lines[0]);
		check_mark(lines[1], "torn-line", "octets", (json_int_t)ends[i].len);
		check_decision(lines[2]);
		check_decision(lines[3]);
		unlink(path);
	}
	assert_int_equal(c.v[ST_AUDIT_LINES], 4);
}

/* A limit of the size stands for a disk that is full in the middle of a line, and for a while. */
static void test_what_a_full_disk_took_is_told_in_its_place(void **state)
{
	struct aud_decision d = sample();
	struct st_counters c = { { 0 } };
	char path[] = "/tmp/test_aud_XXXXXX";
	static json_t *lines[AUD_GATHER_MAX / 64];
	size_t n, accepted = 1, lost = 0;
	struct aud *a;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(open_log(&a, path, &c), 0);
	assert_int_equal(aud_decision(a, &d), 0);
	assert_int_equal(aud_flush(a), 0);
	limit_size(400); /* half of the second line */
	while (lost < 3) {
		if (aud_decision(a, &d)) {
			lost++;
		} else {
			accepted++;
		}
		assert_int_equal(aud_flush(a), ERR_IO);
	}
	limit_size(RLIM_INFINITY);
	assert_int_equal(aud_flush(a), 0);
	assert_int_equal(aud_decision(a, &d), 0);
	assert_int_equal(aud_lost(a), 3);
	assert_int_equal(aud_close(a), 0);
	n = lines_of(path, lines, sizeof lines / sizeof *lines);
	assert_int_equal(n, accepted + 1 + 3); /* the torn copy, its mark, that of the gap, and one more decision */
	check_decision(lines[0]);
	assert_null(lines[1]);
	assert_string_equal(json_string_value(json_object_get(lines[2], "reason")), "torn-line");
	json_decref(lines[2]);
	for (size_t i = 3; i < n - 2; i++) {
		check_decision(lines[i]);
	}
	check_mark(lines[n - 2], "lines-lost", "lines", 3);
	check_decision(lines[n - 1]);
	assert_int_equal(c.v[ST_AUDIT_LINES], accepted + 1);
	assert_int_equal(c.v[ST_AUDIT_ERRORS], 3);
	unlink(path);
}

/* Two gateways with one log: the disk tears a line of the first and takes none of the second, which writes first when there is room. */
static void test_a_line_that_another_writer_could_not_end_is_ended(void **state)
{
	struct aud_decision d = sample();
	struct st_counters c = { { 0 } };
	char path[] = "/tmp/test_aud_XXXXXX";
	json_t *lines[8] = { NULL };
	struct aud *both[2];
	size_t n, decisions = 0, broken = 0;

	(void)state;
	close(mkstemp(path));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(open_log(&both[i], path, &c), 0);
	}
	limit_size(100); /* part of a line */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(aud_decision(both[i], &d), 0);
		assert_int_equal(aud_flush(both[i]), ERR_IO);
	}
	limit_size(RLIM_INFINITY);
	for (int i = 1; i >= 0; i--) {
		assert_int_equal(aud_flush(both[i]), 0);
		assert_int_equal(aud_close(both[i]), 0);
	}
	n = lines_of(path, lines, 8);
	assert_in_range(n, 4, 5); /* the torn one and what is told of it, by one of them or both; two decisions */
	for (size_t i = 0; i < n; i++) {
		broken += !lines[i];
		decisions += lines[i] && json_object_size(lines[i]) == MEMBERS;
		json_decref(lines[i]);
	}
	assert_int_equal(broken, 1);
	assert_int_equal(decisions, 2);
	unlink(path);
}

/* Reads what is there, behind `got` octets. */
static size_t read_more(int fd, char *text, size_t cap, size_t got)
{
	ssize_t n;

	while ((n = read(fd, text + got, cap - 1 - got)) > 0) {
		got += (size_t)n;
	}
	text[got] = 0;
	return got;
}

/* A pipe that takes less than a line stands for a disk that fills up in the middle of one. */
static void test_a_line_that_was_cut_is_written_again_whole(void **state)
{
	struct aud_decision d = sample();
	struct st_counters c = { { 0 } };
	char text[AUD_LINE_MAX * 2] = "", longest[AUD_TEXT_MAX + 1], whole[AUD_LINE_MAX], *second;
	int ends[2];
	struct aud *a;
	char mark[128];
	size_t got, len, part;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
	memset(longest, 1, AUD_TEXT_MAX);
	longest[AUD_TEXT_MAX] = 0;
	d.device = d.rule = d.reason = longest; /* a line above PIPE_BUF may be written in part */
	len = aud_format(whole, &d);
	assert_true(len > 4096);
	assert_int_equal(aud_open(&a, ends[1], &c), 0);
	assert_int_equal(aud_decision(a, &d), 0);
	assert_int_equal(aud_flush(a), ERR_IO);
	assert_int_equal(c.v[ST_AUDIT_LINES], 0);
	got = read_more(ends[0], text, sizeof text, 0);
	part = got;
	assert_true(got > 0 && got < len);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 65536) >= 65536); /* room again */
	d = sample();
	assert_int_equal(aud_decision(a, &d), 0);
	assert_int_equal(aud_flush(a), 0);
	assert_int_equal(c.v[ST_AUDIT_LINES], 2);
	got = read_more(ends[0], text, sizeof text, got);
	second = strchr(text, '\n');
	assert_non_null(second);
	assert_int_equal(second - text, part); /* its torn copy, and a line that says so */
	snprintf(mark, sizeof mark, "\"action\":\"log\",\"reason\":\"torn-line\",\"octets\":%zu}\n", part);
	second = strstr(second + 1, mark);
	assert_non_null(second);
	second += strlen(mark) - 1;
	assert_int_equal(strncmp(second + 1, whole, len), 0);
	second = strchr(second + 1, '\n');
	assert_non_null(second);
	assert_int_equal(strncmp(second + 1, "{\"time\":", 8), 0);
	assert_int_equal(text[got - 1], '\n');
	aud_close(a);
	close(ends[0]);
}

/* What one SCS is refused cannot fill the disk, is never silent, and takes no line from others. */
static void test_refusals_of_one_scs_have_a_bound_and_a_sum(void **state)
{
	static const char want[] = "\"scs\":\"acme\"";
	char path[] = "/tmp/test_aud_XXXXXX", line[AUD_LINE_MAX + 1];
	struct st_counters st = { { 0 } };
	unsigned of_acme = 0, others = 0, sums = 0;
	struct aud_decision d = sample();
	struct aud *a;
	FILE *f;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(open_log(&a, path, &st), 0);
	aud_lines(a, 10);
	for (int i = 0; i < 25; i++) {
		assert_int_equal(aud_decision(a, &d), 0);
	}
	d.verdict = AUD_ACCEPTED; /* a rate and a quota bound these */
	for (int i = 0; i < 25; i++) {
		assert_int_equal(aud_decision(a, &d), 0);
	}
	d.action = "session"; /* and nothing these */
	assert_int_equal(aud_decision(a, &d), 0);
	d.scs = "beta";
	assert_int_equal(aud_decision(a, &d), 0);
	d.time_ms += 1000;
	assert_int_equal(aud_decision(a, &d), 0);
	assert_int_equal(aud_close(a), 0);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		if (strstr(line, "lines-more")) {
			sums++;
			assert_non_null(strstr(line, want));
			assert_non_null(strstr(line, "16 more lines"));
		} else {
			of_acme += strstr(line, want) != NULL;
			others += strstr(line, want) == NULL;
		}
	}
	fclose(f);
	remove(path);
	assert_int_equal(of_acme, 10 + 25);
	assert_int_equal(others, 2);
	assert_int_equal(sums, 1);
	assert_int_equal(st_get(&st, ST_DECISIONS_SUMMED), 16);
	assert_int_equal(st_get(&st, ST_DECISION_REFUSED), 25); /* each is counted */
}

static void test_without_a_log_there_are_still_counters(void **state)
{
	struct aud_decision d = sample();
	struct st_counters c = { { 0 } };
	struct aud *a;

	(void)state;
	assert_int_equal(aud_open(&a, -1, &c), 0);
	assert_int_equal(aud_decision(a, &d), 0);
	assert_int_equal(c.v[ST_DECISION_REFUSED], 1);
	assert_int_equal(c.v[ST_AUDIT_LINES], 0);
	aud_close(a);
}

#define PIPED 2000 /* more than the pipe and what gathers together hold */

/* Whole lines of what was read so far; the rest of the last one stays. */
static unsigned count_lines(char *text, size_t *len)
{
	unsigned n = 0;
	size_t at = 0;

	for (char *end; (end = memchr(text + at, '\n', *len - at)); at = (size_t)(end + 1 - text), n++) {
		assert_int_equal(text[at], '{');
		assert_int_equal(end[-1], '}');
	}
	*len -= at;
	memmove(text, text + at, *len);
	return n;
}

static void test_a_pipe_whose_reader_stands_still_stops_nobody(void **state)
{
	static char text[2 * AUD_LINE_MAX];
	char path[] = "/tmp/mtc-aud-XXXXXX", fifo[64];
	struct aud_decision d = sample();
	struct st_counters c = { .v = { 0 } };
	struct aud *a;
	unsigned lines = 0;
	size_t len = 0;
	int fd, again;

	(void)state;
	assert_non_null(mkdtemp(path));
	snprintf(fifo, sizeof fifo, "%s/d.jsonl", path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(open_log(&a, fifo, &c), ERR_IO); /* nobody reads */
	fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(open_log(&a, fifo, &c), 0);
	for (int i = 0; i < PIPED; i++) {
		d.reference = (uint32_t)i;
		(void)aud_decision(a, &d);
		(void)aud_flush(a);
	}
	assert_in_range(c.v[ST_AUDIT_ERRORS], 1, PIPED - 1);
	do {
		ssize_t n;

		while ((n = read(fd, text + len, sizeof text - len)) > 0) {
			len += (size_t)n;
			lines += count_lines(text, &len);
		}
		again = aud_flush(a);
	} while (lines + c.v[ST_AUDIT_ERRORS] < PIPED);
	assert_int_equal(again, 0);
	assert_int_equal(len, 0);
	assert_int_equal(lines, c.v[ST_AUDIT_LINES]);
	aud_close(a);
	close(fd);
	unlink(fifo);
	rmdir(path);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_has_exactly_the_agreed_fields),
		cmocka_unit_test(test_what_is_detected_is_no_decision),
		cmocka_unit_test(test_what_is_unknown_is_empty_or_null),
		cmocka_unit_test(test_a_peer_cannot_forge_a_line),
		cmocka_unit_test(test_each_octet_at_each_place_comes_back),
		cmocka_unit_test(test_the_longest_texts_fit),
		cmocka_unit_test(test_only_an_answer_to_a_request_is_an_accepted_or_refused_request),
		cmocka_unit_test(test_lines_are_appended_and_counted),
		cmocka_unit_test(test_a_full_disk_is_counted_and_the_decision_stands),
		cmocka_unit_test(test_a_line_that_was_cut_is_written_again_whole),
		cmocka_unit_test(test_half_a_line_of_an_earlier_run_is_ended_before_the_first_decision),
		cmocka_unit_test(test_what_a_full_disk_took_is_told_in_its_place),
		cmocka_unit_test(test_a_line_that_another_writer_could_not_end_is_ended),
		cmocka_unit_test(test_refusals_of_one_scs_have_a_bound_and_a_sum),
		cmocka_unit_test(test_without_a_log_there_are_still_counters),
		cmocka_unit_test(test_a_pipe_whose_reader_stands_still_stops_nobody),
	};

	signal(SIGXFSZ, SIG_IGN); /* then a file that may not grow is an error of the write */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
