/* scs_tally.c - counting and sorting. */
#include "nodes/scs/scs_tally.h"

#include <stdlib.h>

int scs_tally_init(struct scs_tally *t, uint32_t wanted)
{
	*t = (struct scs_tally){
		.by_status = json_object(),
		.by_outcome = json_object(),
		.latency_us = calloc(wanted, sizeof *t->latency_us),
		.reported = calloc(wanted / 8 + 1, 1),
		.wanted = wanted,
	};
	if (t->by_status && t->by_outcome && t->latency_us && t->reported) {
		return 0;
	}
	scs_tally_fini(t);
	return ERR_NOMEM;
}

void scs_tally_fini(struct scs_tally *t)
{
	json_decref(t->by_status);
	json_decref(t->by_outcome);
	free(t->latency_us);
	free(t->reported);
	*t = (struct scs_tally){ 0 };
}

static int count(json_t *words, const char *word)
{
	json_t *n = json_object_get(words, word);

	if (n) {
		return json_integer_set(n, json_integer_value(n) + 1) ? ERR_NOMEM : 0;
	}
	return json_object_set_new(words, word, json_integer(1)) ? ERR_NOMEM : 0;
}

int scs_tally_answer(struct scs_tally *t, const char *status, uint64_t latency_us)
{
	if (t->answers == t->wanted) {
		return ERR_RANGE;
	}
	t->latency_us[t->answers++] = latency_us > UINT32_MAX ? UINT32_MAX : (uint32_t)latency_us;
	return count(t->by_status, status);
}

bool scs_tally_report(struct scs_tally *t, uint32_t nth, const char *outcome)
{
	uint8_t bit = (uint8_t)(1u << nth % 8);

	if (nth >= t->wanted) {
		return false;
	}
	if (t->reported[nth / 8] & bit) {
		t->duplicates++;
		return false;
	}
	t->reported[nth / 8] |= bit;
	t->reports++;
	return count(t->by_outcome, outcome) == 0;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Nearest rank. */
static double percentile(const struct scs_tally *t, unsigned percent)
{
	uint32_t rank;

	if (!t->answers) {
		return 0;
	}
	rank = (uint32_t)(((uint64_t)t->answers * percent + 99) / 100);
	return (double)t->latency_us[rank ? rank - 1 : 0] / 1000.0;
}

json_t *scs_tally_event(struct scs_tally *t, uint64_t elapsed_us, bool with_reports)
{
	double seconds = (double)(elapsed_us ? elapsed_us : 1) / 1e6;
	json_t *event;

	qsort(t->latency_us, t->answers, sizeof *t->latency_us, compare);
	event =
	    json_pack("{s:s, s:I, s:I, s:O, s:f, s:f, s:{s:f, s:f, s:f, s:f, s:f}}", "event", "summary", "count",
		      (json_int_t)t->wanted, "answers", (json_int_t)t->answers, "by_status", t->by_status, "elapsed_ms",
		      seconds * 1000.0, "per_second", (double)t->answers / seconds, "latency_ms", "min", percentile(t, 0), "p50",
		      percentile(t, 50), "p90", percentile(t, 90), "p99", percentile(t, 99), "max", percentile(t, 100));
	if (!event || !with_reports) {
		return event;
	}
	if (json_object_set_new(event, "reports", json_integer(t->reports)) == 0 &&
	    json_object_set_new(event, "duplicates", json_integer(t->duplicates)) == 0 &&
	    json_object_set(event, "by_outcome", t->by_outcome) == 0) {
		return event;
	}
	json_decref(event);
	return NULL;
}
