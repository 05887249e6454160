/* core_files.c - the set of certificates, keys and anchors in use, shown to operators. */
#include <string.h>

#include "base/clock.h"
#include "core/core_int.h"

void core_files_set(struct core *c, uint32_t generation, const struct core_file *files, size_t n)
{
	c->files.n = n < CORE_FILES_MAX ? n : CORE_FILES_MAX;
	if (c->files.n) {
		memcpy(c->files.row, files, c->files.n * sizeof *files);
	}
	c->files.generation = generation;
}

void core_crls_wrong(struct core *c, uint64_t anchors)
{
	c->files.crls_wrong = anchors;
}

void core_crls_count(struct core *c, uint64_t renewed, uint64_t refused)
{
	st_count_n(&c->st, ST_CRL_RENEWED, renewed);
	st_count_n(&c->st, ST_CRL_REFUSED, refused);
}

void core_files_edge(struct core *c, uint32_t edge_generation, uint32_t files_generation)
{
	struct core_edge *e = core_edge_find(c, edge_generation);

	if (e) {
		e->files_generation = files_generation;
	}
}

int64_t core_files_days_left(uint64_t not_after_s, uint64_t now_s)
{
	if (not_after_s >= now_s) {
		return (int64_t)((not_after_s - now_s) / CLOCK_DAY_S);
	}
	return -(int64_t)((now_s - not_after_s + CLOCK_DAY_S - 1) / CLOCK_DAY_S);
}
