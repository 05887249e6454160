/* cfg_schema.c - the walk: YAML events on one side (cfg_events.c), rows on the other. The depth of
 * the walk is the depth of the rows, so the text cannot make it deeper. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "conf/cfg_events.h"
#include "conf/cfg_manual.h"

#define ROWS_MAX 64 /* keys of one section: bits of `seen` */

/* Appends to the name of the current key; returns its old length, for leave(). */
static size_t enter(struct cfg_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static size_t enter(struct cfg_reader *r, const char *fmt, ...)
{
	size_t n = strlen(r->where);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->where + n, sizeof r->where - n, fmt, ap);
	va_end(ap);
	return n;
}

static void leave(struct cfg_reader *r, size_t n)
{
	r->where[n] = 0;
}

/* True for a word that is right, and that needs what this build lacks. */
static bool is_unserved(const struct cfg_row *row, const char *text, size_t len)
{
	for (const char *const *word = row->unserved; word && *word; word++) {
		if (strlen(*word) == len && !memcmp(*word, text, len)) {
			return true;
		}
	}
	return false;
}

static int wrong_value(struct cfg_reader *r, const struct cfg_row *row, const char *text, size_t len)
{
	char range[256], value[CFG_SHOWN_MAX];

	cfg_row_range(range, sizeof range, row);
	cfg_shown(value, text, len);
	if (is_unserved(row, text, len)) {
		cfg_error(r->why, r->lines, cfg_here(r), "%s is '%s', and this build has no %s, expected %s", r->where, value,
			  row->lacks, range);
	} else {
		cfg_error(r->why, r->lines, cfg_here(r), "%s is '%s', expected %s", r->where, value, range);
	}
	return cfg_go_on(r, NULL);
}

static int wrong_kind(struct cfg_reader *r, const struct cfg_row *row)
{
	const char *is = r->ev.type == YAML_MAPPING_START_EVENT    ? "a mapping of keys"
			 : r->ev.type == YAML_SEQUENCE_START_EVENT ? "a list"
			 : r->ev.data.scalar.length                ? "a single value"
								   : "empty";
	bool alone = row->type == CFG_T_TEXTS && r->ev.type == YAML_SCALAR_EVENT && r->ev.data.scalar.length;
	char range[256];
	int err;

	cfg_row_range(range, sizeof range, row);
	cfg_error(r->why, r->lines, cfg_here(r), "%s is %s, expected %s%s", r->where, is, range, alone ? ", in brackets" : "");
	err = cfg_go_on(r, NULL);
	return err ? err : cfg_skip(r);
}

static int apply_default(struct cfg_reader *r, const struct cfg_row *row, char *base, unsigned line);

static int apply_defaults(struct cfg_reader *r, const struct cfg_row *rows, char *base, uint64_t seen, unsigned line)
{
	for (size_t i = 0; rows[i].key; i++) {
		int err = seen >> i & 1 ? 0 : apply_default(r, &rows[i], base, line);

		if (err) {
			return err;
		}
	}
	return 0;
}

static int apply_default(struct cfg_reader *r, const struct cfg_row *row, char *base, unsigned line)
{
	size_t was;
	int err;

	if (!row->preset) {
		char range[256];

		cfg_row_range(range, sizeof range, row);
		cfg_error(r->why, r->lines, line, "key '%s' is missing%s%s, expected %s", row->key, *r->where ? " in " : "",
			  r->where, range);
		return cfg_go_on(r, row->key);
	}
	switch (row->type) {
	case CFG_T_SECTION:
		was = enter(r, "%s%s", *r->where ? "." : "", row->key);
		err = apply_defaults(r, row->rows, base + row->offset, 0, line);
		leave(r, was);
		return err;
	case CFG_T_LIST:
	case CFG_T_TEXTS:
		*(size_t *)(void *)(base + row->count_offset) = 0;
		return 0;
	default:
		err = cfg_value_set(row, row->type, base + row->offset, r->path, row->preset, strlen(row->preset));
		/* our own table is right; only a path can be too long, because of the directory
		 * of the file */
		assert(!err || row->type == CFG_T_FILE);
		if (!err) {
			return 0;
		}
		cfg_error(r->why, r->lines, line, "the default of '%s' does not fit, expected a shorter path", row->key);
		return cfg_go_on(r, row->key);
	}
}

/* Skips a key, which is the current event, and its value. */
static int skip_pair(struct cfg_reader *r)
{
	int err = cfg_go_on(r, NULL);

	if (!err) {
		err = cfg_skip(r);
	}
	if (!err) {
		err = cfg_next(r);
	}
	return err ? err : cfg_skip(r);
}

static int unknown_key(struct cfg_reader *r, const struct cfg_row *rows, const char *key, size_t len)
{
	const char *near = cfg_nearest(rows, key);
	char value[CFG_SHOWN_MAX], known[256] = "";
	size_t n = 0;

	cfg_shown(value, key, len);
	for (; !near && rows->key && n < sizeof known - 1; rows++) {
		int k = snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", rows->key);

		n += k > 0 ? (size_t)k : 0;
	}
	if (near) {
		cfg_error(r->why, r->lines, cfg_here(r), "unknown key '%s'%s%s, did you mean '%s'?", value,
			  *r->where ? " in " : "", r->where, near);
	} else {
		cfg_error(r->why, r->lines, cfg_here(r), "unknown key '%s'%s%s, expected one of %s", value,
			  *r->where ? " in " : "", r->where, known);
	}
	return skip_pair(r);
}

static int read_value(struct cfg_reader *r, const struct cfg_row *row, char *base);

static bool is_key(const char *name, const char *key, size_t len)
{
	return name && strlen(name) == len && !memcmp(name, key, len);
}

/* The row of a key, also by the name that it had before; the end of the table: there is none. */
static size_t row_of(struct cfg_reader *r, const struct cfg_row *rows, const char *key, size_t len)
{
	size_t i = 0;

	while (rows[i].key && !is_key(rows[i].key, key, len)) {
		i++;
	}
	if (rows[i].key) {
		return i;
	}
	for (i = 0; rows[i].key; i++) {
		if (is_key(rows[i].was, key, len)) {
			cfg_warn(r->why, r->lines, cfg_here(r), "key '%s'%s%s is renamed to '%s'", rows[i].was,
				 *r->where ? " in " : "", r->where, rows[i].key);
			break;
		}
	}
	return i;
}

/* One `key: value`; the current event is the key. */
static int read_pair(struct cfg_reader *r, const struct cfg_row *rows, char *base, uint64_t *seen)
{
	size_t len, i, was;
	const char *key;
	int err;

	if (r->ev.type != YAML_SCALAR_EVENT) {
		cfg_error(r->why, r->lines, cfg_here(r), "a list or mapping as a key, expected a word");
		return skip_pair(r);
	}
	key = (const char *)r->ev.data.scalar.value;
	len = r->ev.data.scalar.length;
	i = row_of(r, rows, key, len);
	if (!rows[i].key) {
		return unknown_key(r, rows, key, len);
	}
	assert(i < ROWS_MAX);
	was = enter(r, "%s%s", *r->where ? "." : "", rows[i].key);
	if (*seen >> i & 1) {
		cfg_error(r->why, r->lines, cfg_here(r), "duplicate key '%s' (first in line %u)", r->where,
			  cfg_line(r->lines, "%s", r->where));
		err = skip_pair(r);
		leave(r, was);
		return err;
	}
	*seen |= UINT64_C(1) << i;
	err = cfg_lines_add(r->lines, r->where, cfg_here(r));
	if (!err) {
		err = cfg_next(r);
	}
	if (!err) {
		err = read_value(r, &rows[i], base);
	}
	leave(r, was);
	return err;
}

/* The keys of one section; the current event is its beginning, its end is consumed. */
static int read_mapping(struct cfg_reader *r, const struct cfg_row *rows, char *base)
{
	unsigned line = cfg_here(r);
	uint64_t seen = 0;
	int err;

	for (;;) {
		err = cfg_next(r);
		if (err) {
			return err;
		}
		if (r->ev.type == YAML_MAPPING_END_EVENT) {
			return apply_defaults(r, rows, base, seen, line);
		}
		err = read_pair(r, rows, base, &seen);
		if (err) {
			return err;
		}
	}
}

/* Later checks see a possible value. A default that does not fit leaves the member empty; the
 * reading fails anyway. */
static void put_preset(const struct cfg_reader *r, const struct cfg_row *row, char *member)
{
	if (row->preset && cfg_value_set(row, row->type, member, r->path, row->preset, strlen(row->preset))) {
		*member = 0;
	}
}

static int read_scalar(struct cfg_reader *r, const struct cfg_row *row, char *member)
{
	const char *text;
	size_t len;

	if (r->ev.type != YAML_SCALAR_EVENT) {
		return wrong_kind(r, row);
	}
	text = (const char *)r->ev.data.scalar.value;
	len = r->ev.data.scalar.length;
	if (cfg_value_set(row, row->type, member, r->path, text, len) == 0) {
		return 0;
	}
	put_preset(r, row, member);
	return wrong_value(r, row, text, len);
}

static int read_element(struct cfg_reader *r, const struct cfg_row *row, char *member, size_t i)
{
	size_t was = enter(r, "[%zu]", i);
	int err = cfg_lines_add(r->lines, r->where, cfg_here(r));

	if (err) {
		return err;
	}
	if (row->type == CFG_T_TEXTS) {
		struct cfg_row one = { .type = row->of, .min = 1, .max = row->size - 1, .size = row->size, .words = row->words };

		err = read_scalar(r, &one, member);
	} else if (r->ev.type != YAML_MAPPING_START_EVENT) {
		err = wrong_kind(r, &(struct cfg_row){ .type = CFG_T_SECTION });
	} else {
		err = read_mapping(r, row->rows, member);
	}
	leave(r, was);
	return err;
}

/* One element too many: reported once, the rest is skipped. */
static int too_many(struct cfg_reader *r, const struct cfg_row *row, bool *told)
{
	int err = 0;

	if (!*told) {
		cfg_error(r->why, r->lines, cfg_here(r), "%s has more than %llu elements, expected at most %llu", r->where,
			  (unsigned long long)row->max, (unsigned long long)row->max);
		err = cfg_go_on(r, NULL);
	}
	*told = true;
	return err ? err : cfg_skip(r);
}

static int read_list(struct cfg_reader *r, const struct cfg_row *row, char *base)
{
	unsigned line = cfg_here(r);
	char elements[SHOWN_COUNT_MAX];
	bool told = false;
	size_t n = 0;
	int err;

	for (;;) {
		err = cfg_next(r);
		if (err) {
			return err;
		}
		if (r->ev.type == YAML_SEQUENCE_END_EVENT) {
			break;
		}
		err = n < row->max ? read_element(r, row, base + row->offset + n * row->size, n) : too_many(r, row, &told);
		if (err) {
			return err;
		}
		n += n < row->max;
	}
	*(size_t *)(void *)(base + row->count_offset) = n;
	if (n >= row->min) {
		return 0;
	}
	cfg_error(r->why, r->lines, line, "%s has %s, expected at least %llu", r->where, shown_count(elements, n, "element"),
		  (unsigned long long)row->min);
	return cfg_go_on(r, NULL);
}

static int read_value(struct cfg_reader *r, const struct cfg_row *row, char *base)
{
	switch (row->type) {
	case CFG_T_SECTION:
		return r->ev.type == YAML_MAPPING_START_EVENT ? read_mapping(r, row->rows, base + row->offset)
							      : wrong_kind(r, row);
	case CFG_T_LIST:
	case CFG_T_TEXTS:
		return r->ev.type == YAML_SEQUENCE_START_EVENT ? read_list(r, row, base) : wrong_kind(r, row);
	default:
		return read_scalar(r, row, base + row->offset);
	}
}

/* One stream with one document with one mapping. */
static int read_stream(struct cfg_reader *r, const struct cfg_row *rows, char *base)
{
	int err = cfg_next(r); /* stream start */

	if (!err) {
		err = cfg_next(r); /* document start */
	}
	if (err) {
		return err;
	}
	if (r->ev.type == YAML_STREAM_END_EVENT) {
		return cfg_wrong(r->why, r->lines, 1, "the file is empty, expected keys such as '%s'", rows->key);
	}
	err = cfg_next(r);
	if (err) {
		return err;
	}
	if (r->ev.type != YAML_MAPPING_START_EVENT) {
		return cfg_wrong(r->why, r->lines, cfg_here(r), "no mapping, expected keys such as '%s:'", rows->key);
	}
	err = read_mapping(r, rows, base);
	if (!err) {
		err = cfg_next(r); /* document end */
	}
	if (!err) {
		err = cfg_next(r);
	}
	if (!err && r->ev.type != YAML_STREAM_END_EVENT) {
		err = cfg_wrong(r->why, r->lines, cfg_here(r), "a second document, expected one");
	}
	return err;
}

/* Some editors put a byte order mark before UTF-8. It has no meaning. */
#define MARK "\xef\xbb\xbf"
#define MARK_LEN 3

static int check_text(const struct cfg_lines *lines, const void *text, size_t len, struct report *why)
{
	const char *problem;
	unsigned line;

	if (len > CFG_TEXT_MAX) {
		cfg_error(why, lines, 1, "%zu bytes, expected at most %u", len, CFG_TEXT_MAX);
		return ERR_LIMIT;
	}
	problem = cfg_text_problem(text, len, &line);
	return problem ? cfg_wrong(why, lines, line, "%s", problem) : 0;
}

/* *whole: the text could be read to its end. */
static int read_into(char *work, const struct cfg_row *rows, const char *path, const char *text, size_t len,
		     struct cfg_lines *lines, struct report *why, bool *whole)
{
	struct cfg_reader r = { .path = path, .lines = lines, .why = why };
	size_t mark = len >= MARK_LEN && memcmp(text, MARK, MARK_LEN) == 0 ? MARK_LEN : 0;
	int err;

	if (!yaml_parser_initialize(&r.parser)) {
		return ERR_NOMEM;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text + mark, len - mark);
	err = read_stream(&r, rows, work);
	cfg_drop_event(&r);
	yaml_parser_delete(&r.parser);
	*whole = !err;
	return !err && r.wrong ? ERR_INVAL : err;
}

int cfg_read_all(void *out, size_t out_size, const struct cfg_row *rows, const char *path, const void *text, size_t len,
		 struct cfg_lines **lines, struct report *why)
{
	struct cfg_lines *l = NULL;
	char *work = calloc(1, out_size);
	bool whole = false;
	int err = work ? cfg_lines_new(&l, path) : ERR_NOMEM;

	if (!err) {
		err = check_text(l, text, len, why);
	}
	if (!err) {
		err = read_into(work, rows, path, text, len, l, why, &whole);
	}
	if (whole) {
		memcpy(out, work, out_size);
		*lines = l;
		l = NULL;
	}
	if (err == ERR_NOMEM) {
		report_add(why, REPORT_ERROR, "%s: %s", path, err_str(err));
	}
	cfg_lines_free(l);
	free(work);
	return err;
}

int cfg_read_file(void *out, size_t out_size, const struct cfg_row *rows, const char *path, struct cfg_lines **lines,
		  struct report *why)
{
	char *text, words[CFG_WHY_MAX];
	size_t len;
	int err = cfg_text_load(&text, &len, path, words);

	if (err) {
		report_add(why, REPORT_ERROR, "%s", words);
		return err;
	}
	err = cfg_read_all(out, out_size, rows, path, text, len, lines, why);
	free(text);
	return err;
}
