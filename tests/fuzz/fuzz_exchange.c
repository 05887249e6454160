/* fuzz_exchange.c - the promises of files of rows: whatever stands in one, in whatever pieces it comes, the same rows are taken and the same
 * mistakes told, each with a line that is there; and every row that was taken can be written and is read again as the same.
 * The first octet of an input says the kind of rows and the size of the pieces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/exc_read.h"
#include "tests/fuzz/fuzz.h"

struct play {
	const uint8_t *p;
	size_t at, len, piece;
	enum asc_kind kind;
	enum exc_format format;
	uint64_t lines; /* that there are */
	unsigned errors;
	uint64_t line_before;
	size_t n; /* octets of out */
	bool full;
	char out[1u << 20];
};

static ssize_t source(void *arg, void *p, size_t n)
{
	struct play *y = arg;
	size_t left = y->len - y->at;

	n = n < left ? n : left;
	n = n < y->piece ? n : y->piece;
	memcpy(p, y->p + y->at, n);
	y->at += n;
	return (ssize_t)n;
}

static int on_row(void *arg, uint64_t line, const struct exc_row *row, char why[EXC_WHY_MAX])
{
	struct play *y = arg;
	struct buf b = buf_over(y->out + y->n, sizeof y->out - y->n);

	(void)why;
	promise(line > y->line_before && line <= y->lines, "a row stands on a line");
	y->line_before = line;
	exc_row_put(&b, y->kind, y->format, row);
	y->full = y->full || b.full;
	y->n += b.full ? 0 : b.len;
	return 0;
}

static void on_error(void *arg, uint64_t line, const char *why)
{
	struct play *y = arg;

	promise(line >= 1 && line <= y->lines + 1 && line >= y->line_before, "a mistake stands on a line");
	y->line_before = line;
	promise(*why && strlen(why) < EXC_WHY_MAX, "a mistake has words");
	for (; *why; why++) {
		promise(*why >= 0x20 && *why <= 0x7e, "words are clean");
	}
	promise(++y->errors <= EXC_ERRORS_MAX, "mistakes are bounded");
}

static int run(struct play *y, enum exc_format format, const uint8_t *p, size_t n, size_t piece)
{
	struct exc_read r = { y->kind, format, source, on_row, on_error, y, false };
	uint64_t rows;
	int err;

	y->p = p;
	y->len = n;
	y->at = y->n = 0;
	y->piece = piece;
	y->errors = 0;
	y->line_before = 0;
	y->full = false;
	y->lines = 1;
	for (size_t i = 0; i < n; i++) {
		y->lines += p[i] == '\n';
	}
	err = exc_read(&r, &rows);
	promise(!err || err == ERR_INVAL, "a file is right or wrong");
	promise((err == ERR_INVAL) == (y->errors > 0), "a wrong file has a mistake");
	return err;
}

static void fuzz_exchange(const char *target, const uint8_t *data, size_t size)
{
	static struct play one, many, again;
	enum exc_format format = !strcmp(target, "csv") ? EXC_CSV : EXC_JSONL;
	struct buf head;
	int err;

	if (size < 1) {
		return;
	}
	one.kind = many.kind = again.kind = (enum asc_kind)(data[0] % EXC_KINDS);
	one.format = many.format = again.format = EXC_CSV;
	err = run(&one, format, data + 1, size - 1, size);
	promise(run(&many, format, data + 1, size - 1, 1u + data[0] / EXC_KINDS) == err, "pieces end the same way");
	promise(one.n == many.n && one.errors == many.errors && !memcmp(one.out, many.out, one.n), "pieces say the same");
	if (one.full) {
		return;
	}
	/* what was taken, as a file of its own; a name may hold what ends a line in JSON only, where the store would refuse it */
	if (memchr(one.out, '\r', one.n)) {
		return;
	}
	if (format == EXC_JSONL && memchr(data + 1, '\\', size - 1)) {
		return;
	}
	head = buf_over(many.out, sizeof many.out);
	exc_head_put(&head, one.kind, EXC_CSV);
	buf_bytes(&head, one.out, one.n);
	if (head.full) {
		return;
	}
	promise(!run(&again, EXC_CSV, (const uint8_t *)many.out, head.len, head.len), "what was taken can be read");
	promise(again.n == one.n && !memcmp(again.out, one.out, one.n), "what was read is the same");
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "csv") || !strcmp(target, "jsonl") ? fuzz_exchange : NULL;
}
