/* mtr_snap.h - a snapshot of the metrics as octets: what the core writes into the shared page, and
 * what the process that answers scrapes makes of them. PURE.
 *
 * The reader believes nothing: a snapshot is taken whole or not at all. Samples may come in any
 * order. Those of one family with the same labels are one sample, the sum of them, so that no text
 * made of a snapshot has a sample twice. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "metrics/mtr_rows.h"
#include "stats/st.h"

#define MTR_LABEL_MAX 95u  /* octets of the value of a label */
#define MTR_SAMPLE_MIN 12u /* octets of a sample without labels */

struct mtr_writer {
	struct buf octets;
	uint32_t left_out; /* samples that did not fit */
};

/* Begins a snapshot in `out` of `cap` octets, which is at least MTR_HEAD_LEN. made_ms:
 * clock_boot_ms(). */
#define MTR_HEAD_LEN (20u + 8u * ST_COUNTERS)
void mtr_begin(struct mtr_writer *w, void *out, size_t cap, const struct st_counters *counters, uint64_t made_ms);
/* Adds a sample. `a`, `b`: values of its labels, NULL where the family has none. A sample that does
 * not fit is left out and counted. */
void mtr_put(struct mtr_writer *w, enum mtr_family family, const char *a, const char *b, uint64_t value);
/* Returns the length of the whole. */
size_t mtr_end(struct mtr_writer *w);

struct mtr_sample { /* texts end with NUL; "" where the family has no such label */
	enum mtr_family family;
	const char *labels[2];
	uint64_t value; /* of a gauge: the octets of an int64_t */
};

struct mtr_snap {
	struct st_counters counters;
	uint64_t made_ms;
	uint32_t left_out;
	struct mtr_sample *samples; /* by family, then by labels; each once */
	size_t samples_n;
	char *texts; /* that the samples borrow */
};

/* Reads `len` octets. On an error `out` is empty: ERR_PROTO (damaged, or of another version),
 * ERR_NOMEM. The caller ends it with mtr_snap_fini(). */
ERR_MUST_USE int mtr_snap_read(struct mtr_snap *out, const void *octets, size_t len);
void mtr_snap_fini(struct mtr_snap *s); /* zeroed: allowed */
