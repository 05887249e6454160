/* pol_reason.c - the table of reasons as text. */
#include "policy/pol_reason.h"

static const struct {
	const char *word, *words;
	int status;
} rows[] = {
#define POL_ROW(name, word, status, words) { word, words, (status) },
	POL_REASON_TABLE(POL_ROW)
#undef POL_ROW
};

static int known(enum pol_reason reason)
{
	return (unsigned)reason < POL_REASON_COUNT;
}

const char *pol_reason_str(enum pol_reason reason)
{
	return known(reason) ? rows[reason].word : "unknown";
}

const char *pol_reason_words(enum pol_reason reason)
{
	return known(reason) ? rows[reason].words : "unknown";
}

uint32_t pol_reason_status(enum pol_reason reason)
{
	return known(reason) && rows[reason].status >= 0 ? (uint32_t)rows[reason].status : TSP_STATUS_TEMPORARYERROR;
}
