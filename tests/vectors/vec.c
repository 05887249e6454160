/* vec.c - reads the vector files (make_vectors.py says how they look). */
#include "tests/vectors/vec.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define OCTETS_MAX 65536

static void die(const char *file, const char *what)
{
	fprintf(stderr, "%s: %s\n", file, what);
	exit(1);
}

void vec_lines_free(struct vec_lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->line[i]);
	}
	l->n = 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void vec_lines_sort(struct vec_lines *l)
{
	qsort(l->line, l->n, sizeof *l->line, by_text);
}

uint8_t *vec_copy(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy) {
		die("vec_copy", "out of memory");
	}
	memcpy(copy, p, n);
	return copy;
}

static void read_hex(struct vec *v, char *line, uint8_t *octets)
{
	char *save = NULL;

	for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		size_t n;

		if (v->len >= OCTETS_MAX || str_unhex(octets + v->len, 1, &n, word) || n != 1) {
			die(v->file, "hex expected");
		}
		v->len++;
	}
}

static void read_word(struct vec *v, const char *line)
{
	if (!strncmp(line, "message = ", 10)) {
		v->kind = vec_kind_find(line + 10);
	} else if (!strncmp(line, "canonical = ", 12)) {
		v->canonical = !strcmp(line + 12, "yes");
	} else if (line[0] != '#') {
		die(v->file, "line not understood");
	}
}

struct vec *vec_load(const char *path)
{
	static uint8_t octets[OCTETS_MAX];
	static char line[2 * OCTETS_MAX];
	enum { WORDS, HEX, FIELDS } part = WORDS;
	struct vec *v = calloc(1, sizeof *v);
	FILE *f = fopen(path, "r");

	if (!v || !f) {
		die(path, "cannot be read");
	}
	snprintf(v->file, sizeof v->file, "%s", path);
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "hex")) {
			part = HEX;
		} else if (!strcmp(line, "fields")) {
			part = FIELDS;
		} else if (part == WORDS) {
			read_word(v, line);
		} else if (part == HEX) {
			read_hex(v, line, octets);
		} else if (v->fields.n < VEC_LINES_MAX) {
			v->fields.line[v->fields.n++] = strdup(line);
		} else {
			die(path, "too many fields");
		}
	}
	fclose(f);
	if (!v->kind || part != FIELDS) {
		die(path, "no message named or no fields");
	}
	v->octets = vec_copy(octets, v->len);
	vec_lines_sort(&v->fields);
	return v;
}

void vec_free(struct vec *v)
{
	if (!v) {
		return;
	}
	vec_lines_free(&v->fields);
	free(v->octets);
	free(v);
}

static int is_vector(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 4 && !strcmp(d->d_name + n - 4, ".txt");
}

size_t vec_load_all(struct vec ***out, const char *folder)
{
	struct dirent **names;
	int n = scandir(folder, &names, is_vector, alphasort);
	struct vec **all;

	if (n <= 0) {
		die(folder, "holds no vectors");
	}
	all = calloc((size_t)n, sizeof *all);
	if (!all) {
		die(folder, "out of memory");
	}
	for (int i = 0; i < n; i++) {
		char path[512];

		snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
		all[i] = vec_load(path);
		free(names[i]);
	}
	free(names);
	*out = all;
	return (size_t)n;
}

void vec_free_all(struct vec **all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		vec_free(all[i]);
	}
	free(all);
}
