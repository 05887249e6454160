/* cfg_schema.h - a table-driven reader of YAML into plain structs: the facts of a configuration
 * item stand in one row. The text is hostile and is read as a stream of events. It is at most
 * CFG_TEXT_MAX octets of UTF-8 without NUL, one document, nested no deeper than the rows, without
 * anchors, aliases and tags. Every error names file, line, the mistake and what was expected:
 * `FILE:LINE: unknown key 'prot' in listen[0]; did you mean 'port'?`. One pass finds all errors, up
 * to the size of the report. Only text that is not YAML ends it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/report.h"

#define CFG_TEXT_MAX (1024u * 1024u) /* octets of one file */
#define CFG_WHY_MAX 512              /* bytes of an error text, with the NUL; longer ones are cut */
/* members that hold a name (listener, peer, anchor), NUL included */
#define CFG_NAME_MAX 64
#define CFG_HOST_MAX 254  /* members that hold a host or realm, NUL included */
#define CFG_PATH_MAX 1024 /* members that hold a path, NUL included */
/* members that hold a numeric IPv4 or IPv6 address, NUL included */
#define CFG_ADDRESS_MAX 46

enum cfg_type {
	CFG_T_STRING, /* char[]: printable text; min..max octets */
	CFG_T_NAME,   /* char[]: [a-z0-9][a-z0-9._-]* */
	CFG_T_HOST,   /* char[]: host or realm of LDH labels, lower-cased */
	CFG_T_DIGITS, /* char[]: min..max decimal digits (E.164) */
	/* char[]: path; a relative one is taken from the directory of the configuration file */
	CFG_T_FILE,
	CFG_T_ADDRESS,  /* char[]: numeric IPv4 or IPv6 address */
	CFG_T_U32,      /* uint32_t: min..max */
	CFG_T_U64,      /* uint64_t: min..max */
	CFG_T_PORT,     /* uint16_t: min..max */
	CFG_T_BOOL,     /* bool: true|false|yes|no|on|off */
	CFG_T_DURATION, /* uint64_t milliseconds, min..max; written as integer and ms|s|m|h|d */
	CFG_T_WORD,     /* int: value of one of `words` */
	CFG_T_SECTION,  /* struct: mapping with `rows` */
	/* array of struct: sequence of mappings with `rows`; min..max elements; their number in a
	 * size_t */
	CFG_T_LIST,
	/* array of char[size]: sequence of scalars of type `of`; min..max elements; their number in
	 * a size_t */
	CFG_T_TEXTS,
};

struct cfg_word {
	const char *word; /* NULL ends the list */
	int value;
};

struct cfg_row {
	const char *key; /* NULL ends the table */
	enum cfg_type type;
	enum cfg_type of;    /* CFG_T_TEXTS: type of one element */
	size_t offset;       /* of the member in the struct the table describes */
	size_t size;         /* of the member; of one element for lists */
	size_t count_offset; /* lists: of the size_t that takes the number of elements */
	uint64_t min, max;   /* see the type */
	/* default as it would be written in the file; NULL: the key is required. Sections and
	 * lists: "" (the defaults of the rows, or no element) or NULL */
	const char *preset;
	const struct cfg_word *words;
	/* CFG_T_WORD: words that are refused, because this build lacks what they need; the last is
	 * NULL. NULL: there are none */
	const char *const *unserved;
	const char *lacks; /* what that is: "NDS/IP" */
	const struct cfg_row *rows;
	const char *meaning; /* for the manual: one sentence, no full stop */
	/* name that this key had before; it is read, with a warning that says the present name.
	 * NULL: it never had another */
	const char *was;
};

/* Rows, written shortly. `st` is the struct, `m` its member. */
#define CFG_TEXT_ROW(key_, type_, st, m, min_, max_, preset_, meaning_)                                                          \
	{                                                                                                                        \
		.key = key_, .type = type_, .offset = offsetof(st, m), .size = sizeof((st *)0)->m, .min = min_, .max = max_,     \
		.preset = preset_, .meaning = meaning_                                                                           \
	}
#define CFG_STRING(key_, st, m, min_, preset_, meaning_)                                                                         \
	CFG_TEXT_ROW(key_, CFG_T_STRING, st, m, min_, sizeof((st *)0)->m - 1, preset_, meaning_)
#define CFG_NAME(key_, st, m, preset_, meaning_)                                                                                 \
	CFG_TEXT_ROW(key_, CFG_T_NAME, st, m, 1, sizeof((st *)0)->m - 1, preset_, meaning_)
#define CFG_HOST(key_, st, m, preset_, meaning_)                                                                                 \
	CFG_TEXT_ROW(key_, CFG_T_HOST, st, m, 1, sizeof((st *)0)->m - 1, preset_, meaning_)
#define CFG_DIGITS(key_, st, m, min_, max_, preset_, meaning_)                                                                   \
	CFG_TEXT_ROW(key_, CFG_T_DIGITS, st, m, min_, max_, preset_, meaning_)
#define CFG_FILE(key_, st, m, preset_, meaning_)                                                                                 \
	CFG_TEXT_ROW(key_, CFG_T_FILE, st, m, 1, sizeof((st *)0)->m - 1, preset_, meaning_)
#define CFG_ADDRESS(key_, st, m, preset_, meaning_)                                                                              \
	CFG_TEXT_ROW(key_, CFG_T_ADDRESS, st, m, 1, sizeof((st *)0)->m - 1, preset_, meaning_)
#define CFG_U32(key_, st, m, min_, max_, preset_, meaning_) CFG_TEXT_ROW(key_, CFG_T_U32, st, m, min_, max_, preset_, meaning_)
#define CFG_U64(key_, st, m, min_, max_, preset_, meaning_) CFG_TEXT_ROW(key_, CFG_T_U64, st, m, min_, max_, preset_, meaning_)
#define CFG_PORT(key_, st, m, min_, preset_, meaning_) CFG_TEXT_ROW(key_, CFG_T_PORT, st, m, min_, 65535, preset_, meaning_)
#define CFG_BOOL(key_, st, m, preset_, meaning_) CFG_TEXT_ROW(key_, CFG_T_BOOL, st, m, 0, 1, preset_, meaning_)
#define CFG_DURATION(key_, st, m, min_ms, max_ms, preset_, meaning_)                                                             \
	CFG_TEXT_ROW(key_, CFG_T_DURATION, st, m, min_ms, max_ms, preset_, meaning_)
#define CFG_WORD(key_, st, m, words_, preset_, meaning_)                                                                         \
	{                                                                                                                        \
		.key = key_, .type = CFG_T_WORD, .offset = offsetof(st, m), .size = sizeof((st *)0)->m, .words = words_,         \
		.preset = preset_, .meaning = meaning_                                                                           \
	}
/* The same, with words that this build does not serve. */
#define CFG_WORD_LACKS(key_, st, m, words_, unserved_, lacks_, preset_, meaning_)                                                \
	{                                                                                                                        \
		.key = key_, .type = CFG_T_WORD, .offset = offsetof(st, m), .size = sizeof((st *)0)->m, .words = words_,         \
		.unserved = unserved_, .lacks = lacks_, .preset = preset_, .meaning = meaning_                                   \
	}
#define CFG_SECTION(key_, st, m, rows_, preset_, meaning_)                                                                       \
	{                                                                                                                        \
		.key = key_, .type = CFG_T_SECTION, .offset = offsetof(st, m), .size = sizeof((st *)0)->m, .rows = rows_,        \
		.preset = preset_, .meaning = meaning_                                                                           \
	}
#define CFG_LIST(key_, st, m, count_m, rows_, min_, preset_, meaning_)                                                           \
	{                                                                                                                        \
		.key = key_, .type = CFG_T_LIST, .offset = offsetof(st, m), .size = sizeof((st *)0)->m[0],                       \
		.count_offset = offsetof(st, count_m), .min = min_, .max = sizeof((st *)0)->m / sizeof((st *)0)->m[0],           \
		.rows = rows_, .preset = preset_, .meaning = meaning_                                                            \
	}
#define CFG_TEXTS(key_, of_, st, m, count_m, min_, preset_, meaning_)                                                            \
	{                                                                                                                        \
		.key = key_, .type = CFG_T_TEXTS, .of = of_, .offset = offsetof(st, m), .size = sizeof((st *)0)->m[0],           \
		.count_offset = offsetof(st, count_m), .min = min_, .max = sizeof((st *)0)->m / sizeof((st *)0)->m[0],           \
		.preset = preset_, .meaning = meaning_                                                                           \
	}
#define CFG_END                                                                                                                  \
	{                                                                                                                        \
		.key = NULL                                                                                                      \
	}

/* Where keys stood, for checks that span several keys. */
struct cfg_lines;

/* Reads `text` into `out`, a struct that `rows` describe; the caller need not zero it. `path` names
 * the file in errors. Relative paths start at the directory of that name, also if the name is a
 * symbolic link; nothing is opened. Every error is added to `why`, and reading continues behind it.
 * A byte order mark is skipped.
 * Returns 0, or ERR_INVAL if the text could be read to its end: `out` is written and the caller
 * owns *lines. After ERR_INVAL a wrong key has its default or zero in `out`; only checks that span
 * several keys may use `out` then, with cfg_sound().
 * Other failures leave both untouched: ERR_INVAL (no YAML), ERR_LIMIT (larger than CFG_TEXT_MAX),
 * ERR_NOMEM. Set *lines to NULL before the call. */
ERR_MUST_USE int cfg_read_all(void *out, size_t out_size, const struct cfg_row *rows, const char *path, const void *text,
			      size_t len, struct cfg_lines **lines, struct report *why);

/* Reads the file. The content ends with NUL for convenience; the caller owns *text. ERR_IO,
 * ERR_LIMIT, ERR_NOMEM with words. */
ERR_MUST_USE int cfg_text_load(char **text, size_t *len, const char *path, char why[CFG_WHY_MAX]);

/* cfg_text_load() and cfg_read_all(). */
ERR_MUST_USE int cfg_read_file(void *out, size_t out_size, const struct cfg_row *rows, const char *path, struct cfg_lines **lines,
			       struct report *why);

/* The line of a key by its full name ("listen[0].protection", printf style); of the nearest
 * enclosing section if the key is not in the file; 1 if neither exists. */
unsigned cfg_line(const struct cfg_lines *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Whether the key itself was in the file. */
bool cfg_written(const struct cfg_lines *l, const char *where);
/* False when the reader found this key, a section around it or something in it wrong or missing. */
bool cfg_sound(const struct cfg_lines *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds the error `FILE:LINE: text`. */
void cfg_error(struct report *why, const struct cfg_lines *l, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same, and returns ERR_INVAL, so that a check can `return cfg_wrong(...)`. */
ERR_MUST_USE int cfg_wrong(struct report *why, const struct cfg_lines *l, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same as a warning: usable, but the operator should look at it. */
void cfg_warn(struct report *why, const struct cfg_lines *l, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void cfg_lines_free(struct cfg_lines *l); /* NULL allowed */
