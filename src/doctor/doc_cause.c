/* doc_cause.c - the rows, as an array. */
#include "doctor/doc_cause.h"

const struct doc_row doc_rows[DOC_CAUSES_N] = {
#define DOC_ROW(name_, level_, word_, sentence_, advice_, page_)                                                                 \
	[DOC_##name_] = { .word = (word_), .level = DOC_##level_, .sentence = (sentence_), .advice = (advice_), .page = (page_) },
	DOC_CAUSES(DOC_ROW)
#undef DOC_ROW
};

const char *doc_level_word(enum doc_level level)
{
	return level == DOC_WRONG ? "wrong" : level == DOC_NOTE ? "note" : "right";
}
