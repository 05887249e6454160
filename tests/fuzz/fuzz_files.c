/* fuzz_files.c - the promises of small files that a program finds when it starts: read as a whole
 * or refused with words, and what was accepted is there when the file is read again.
 *   timeline         the times of a store                 reports      what mtc-scs has seen
 *       (--state)
 *   journal-stream   the journal of a backup              tail         any file of lines that goes
 *       on after a crash */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/tail.h"
#include "base/timeline.h"
#include "journal/jrn_copy.h"
#include "nodes/scs/scs_seen.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_place.h"

#define NOW_MS UINT64_C(1800000000000)

/* The file that is read, and a place where another one may be made. */
static char path[300], place[300];

static void write_file(const uint8_t *data, size_t size)
{
	int fd;

	snprintf(path, sizeof path, "%s/file", fuzz_place());
	snprintf(place, sizeof place, "%s/journal", fuzz_place());
	fuzz_place_empty();
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	promise(fd >= 0 && write(fd, data, size) == (ssize_t)size, "a file");
	close(fd);
}

static void check_words(const char *why, bool wanted)
{
	promise(!wanted || *why, "an error has words");
	for (; *why; why++) {
		promise(*why != '\n' && *why != '\x1b', "words are one clean line");
	}
}

static void fuzz_timeline(const char *target, const uint8_t *data, size_t size)
{
	char why[TIMELINE_WHY_MAX] = "";
	struct timeline t, again;
	int err;

	(void)target;
	write_file(data, size);
	err = timeline_open(&t, path, why);
	promise(!err || err == ERR_PROTO, "a file of times is right or damaged");
	check_words(why, err);
	promise(!timeline_keep(&t, path, why), "times can be kept");
	promise(!timeline_open(&again, path, why), "what was kept can be read");
	promise(timeline_at(&again, 1u << 30) + TIMELINE_STEP_MS >= t.kept.last_ms, "the time never goes back");
}

static void fuzz_reports(const char *target, const uint8_t *data, size_t size)
{
	struct scs_report_key key = { .host = "iwf.example", .end_to_end = 1, .reference = 2, .device = "a@b.example" };
	char why[512] = "";
	struct scs_seen *s;
	size_t n;
	int err;

	(void)target;
	write_file(data, size);
	err = scs_seen_open(&s, path, NOW_MS, why, sizeof why);
	check_words(why, err);
	if (err) {
		promise(err == ERR_INVAL || err == ERR_IO, "a file of reports is right or another file");
		return;
	}
	if (!scs_seen_has(s, &key)) {
		promise(!scs_seen_add(s, &key, NOW_MS), "a report can be added");
	}
	n = scs_seen_count(s);
	scs_seen_close(s);
	promise(!scs_seen_open(&s, path, NOW_MS, why, sizeof why), "what was written can be read");
	promise(scs_seen_count(s) == n && scs_seen_has(s, &key), "what was accepted is there again");
	scs_seen_close(s);
}

static void fuzz_stream(const char *target, const uint8_t *data, size_t size)
{
	struct jrn_conf conf = { .dir = place, .size_max = 64u << 20 };
	struct jrn_why why = { "" };
	struct jrn *j;
	int err;

	(void)target;
	write_file(data, size);
	err = jrn_copy_restore(path, place, &why);
	check_words(why.text, err);
	if (!err) {
		promise(!jrn_open(&j, &conf, &why), "a journal that was restored opens");
		jrn_close(j);
	}
}

static void fuzz_tail(const char *target, const uint8_t *data, size_t size)
{
	uint64_t octets = 0, wanted = 0;
	enum tail found;
	int fd;

	(void)target;
	write_file(data, size);
	while (wanted < size && wanted < TAIL_LOOK_MAX && data[size - 1 - wanted] != '\n') {
		wanted++;
	}
	fd = tail_open(path, 0600);
	promise(fd >= 0, "the file opens");
	found = tail_look(fd, &octets);
	promise(found == (wanted ? TAIL_TORN : TAIL_WHOLE) && octets == wanted, "the end of a file is what it is");
	close(fd);
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "timeline")         ? fuzz_timeline
	       : !strcmp(target, "reports")        ? fuzz_reports
	       : !strcmp(target, "journal-stream") ? fuzz_stream
	       : !strcmp(target, "tail")           ? fuzz_tail
						   : NULL;
}
