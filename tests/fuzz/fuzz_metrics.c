/* fuzz_metrics.c - the promises of what reads a snapshot of the metrics, which a core in other hands may write: it is refused, or
 * each sample is there once with the labels of its family, and the text of it has no line that a label made. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "metrics/mtr_page.h"
#include "metrics/mtr_text.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_MAX (8u << 20)

static void judge_line(const char *line, size_t len)
{
	promise(len > 2, "no line is empty");
	promise(line[0] == '#' ? line[1] == ' ' : memcmp(line, MTR_PREFIX, sizeof MTR_PREFIX - 1) == 0,
		"a line is a comment or one of ours");
}

static void judge_text(const struct mtr_snap *s)
{
	struct mtr_own own = { .up = true };
	struct mtr_text t = { .max = TEXT_MAX };

	if (mtr_text_make(&t, s, &own) == 0) {
		promise(t.len && t.p[t.len - 1] == '\n', "the last line is whole");
		for (size_t at = 0; at < t.len;) {
			const char *end = memchr(t.p + at, '\n', t.len - at);

			judge_line(t.p + at, (size_t)(end - t.p) - at);
			at = (size_t)(end - t.p) + 1;
		}
	}
	mtr_text_fini(&t);
}

static bool before(const struct mtr_sample *a, const struct mtr_sample *b)
{
	int first = strcmp(a->labels[0], b->labels[0]);

	return a->family < b->family ||
	       (a->family == b->family && (first < 0 || (!first && strcmp(a->labels[1], b->labels[1]) < 0)));
}

static void fuzz_octets(const uint8_t *data, size_t size);

/* Whether a head stands before the rest is the first octet. The numbers of rows in the head change
 * with the tables. */
static void fuzz_snapshot(const char *target, const uint8_t *data, size_t size)
{
	static const struct st_counters none;
	struct mtr_writer w;
	uint8_t *whole;

	(void)target;
	if (!size || !data[0]) {
		fuzz_octets(data + (size > 0), size - (size > 0));
		return;
	}
	whole = malloc(MTR_HEAD_LEN + size);
	promise(whole != NULL, "there is memory");
	mtr_begin(&w, whole, MTR_HEAD_LEN, &none, 1);
	promise(mtr_end(&w) == MTR_HEAD_LEN, "a head has its length");
	memcpy(whole + MTR_HEAD_LEN, data + 1, size - 1);
	fuzz_octets(whole, MTR_HEAD_LEN + size - 1);
	free(whole);
}

static void fuzz_octets(const uint8_t *data, size_t size)
{
	struct mtr_snap s;

	if (mtr_snap_read(&s, data, size)) {
		promise(!s.samples && !s.texts, "a refused one leaves nothing");
		return;
	}
	for (size_t i = 0; i < s.samples_n; i++) {
		const struct mtr_family_row *row = &mtr_families[s.samples[i].family];

		promise(s.samples[i].family < MTR_FAMILIES, "a family is one of the table");
		promise(!*s.samples[i].labels[0] == !row->labels[0] && !*s.samples[i].labels[1] == !row->labels[1],
			"a sample has the labels of its family");
		promise(!i || before(&s.samples[i - 1], &s.samples[i]), "each sample once, in order");
	}
	judge_text(&s);
	mtr_snap_fini(&s);
}

/* The octets are the page itself, as large as they say it is. */
static void fuzz_page(const char *target, const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	const void *octets;
	struct mtr_page *p;
	uint64_t number;
	size_t len;

	(void)target;
	promise(fd >= 0 && write(fd, data, size) == (ssize_t)size, "the octets are there");
	if (mtr_page_reader(&p, fd) == 0) {
		for (int i = 0; i < 2; i++) {
			if (mtr_page_read(p, &octets, &len, &number) == 0) {
				promise(len <= size && number, "a snapshot is inside of its page");
				fuzz_octets(octets, len);
			}
		}
		mtr_page_close(p);
	}
	close(fd);
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "metrics-snapshot") ? fuzz_snapshot : !strcmp(target, "metrics-page") ? fuzz_page : NULL;
}
