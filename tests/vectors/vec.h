/* vec.h - for tests: the message vectors of this folder, and every typed message as lines `name = value`.
 * The printers go through the structs by hand: they know nothing of the codec's tables. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "diameter/dia_failed.h"
#include "diameter/dia_msg.h"

#define VEC_LINES_MAX 1024
#define VEC_STRUCT_MAX 8192

struct vec_lines {
	char *line[VEC_LINES_MAX]; /* owned */
	size_t n;
};

void vec_lines_free(struct vec_lines *l);
void vec_lines_sort(struct vec_lines *l);

/* One kind of message behind one face. */
struct vec_kind {
	const char *name; /* "DAR" */
	size_t size;      /* of its struct */
	int (*parse)(void *out, const struct dia_msg *m, struct dia_failed *failed);
	void (*build)(struct buf *out, const void *in, uint32_t hop_by_hop, uint32_t end_to_end);
	void (*print)(struct vec_lines *out, const void *in);
};

extern const struct vec_kind vec_kinds[];
extern const size_t vec_kinds_n;
const struct vec_kind *vec_kind_find(const char *name); /* NULL: no such message */

struct vec {
	char file[256];
	const struct vec_kind *kind;
	bool canonical;
	uint8_t *octets; /* owned; exactly len octets, so that the sanitizers see one read too far */
	size_t len;
	struct vec_lines fields; /* owned, sorted */
};

/* Reads one vector; what is wrong with the file ends the program with words: it is ours. */
struct vec *vec_load(const char *path);
void vec_free(struct vec *v);

/* All vectors of a folder, in the order of their names; returns how many. */
size_t vec_load_all(struct vec ***out, const char *folder);
void vec_free_all(struct vec **all, size_t n);

/* A copy in memory of its own, exactly as long. */
uint8_t *vec_copy(const uint8_t *p, size_t n);
