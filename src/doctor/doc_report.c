/* doc_report.c - sentences with their facts. */
#include "doctor/doc_report.h"

#include <string.h>

bool doc_report_begin(struct doc_report *r)
{
	*r = (struct doc_report){ .findings = json_array() };
	return r->findings;
}

void doc_report_end(struct doc_report *r)
{
	json_decref(r->findings);
	r->findings = NULL;
}

static const struct doc_word *find(const struct doc_word *words, const char *name, size_t len)
{
	for (; words->name; words++) {
		if (strlen(words->name) == len && strncmp(words->name, name, len) == 0) {
			return words;
		}
	}
	return NULL;
}

static size_t put(char out[DOC_TEXT_MAX], size_t n, const char *text, size_t len, bool quoted)
{
	for (size_t i = 0; i < len && n + 1 < DOC_TEXT_MAX; i++) {
		bool clean = text[i] >= 0x20 && text[i] < 0x7f && !(quoted && text[i] == '\'');

		out[n++] = clean ? text[i] : '?';
	}
	return n;
}

void doc_fill(char out[DOC_TEXT_MAX], const char *sentence, const struct doc_word *words)
{
	const struct doc_word *w;
	const char *end;
	size_t n = 0;

	for (const char *p = sentence; *p; p++) {
		end = *p == '{' ? strchr(p, '}') : NULL;
		w = end ? find(words, p + 1, (size_t)(end - p - 1)) : NULL;
		if (w) {
			bool quoted = p > sentence && p[-1] == '\'';

			n = put(out, n, w->value ? w->value : "", w->value ? strlen(w->value) : 0, quoted);
			p = end;
		} else {
			n = put(out, n, p, 1, false);
		}
	}
	out[n] = 0;
}

static void set(json_t *finding, const char *member, const char *sentence, const struct doc_word *words)
{
	char text[DOC_TEXT_MAX];

	doc_fill(text, sentence, words);
	json_object_set_new(finding, member, json_string(text));
}

void doc_say(struct doc_report *r, enum doc_cause cause, const char *about, const struct doc_word *words)
{
	const struct doc_row *row = &doc_rows[cause];
	json_t *finding = json_pack("{s:s, s:s}", "level", doc_level_word(row->level), "cause", row->word);

	set(finding, "about", "{about}", DOC_WORDS({ "about", about }));
	set(finding, "text", row->sentence, words);
	if (*row->advice) {
		set(finding, "advice", row->advice, words);
		set(finding, "page", "docs/user/{page}", DOC_WORDS({ "page", row->page }));
	}
	json_array_append_new(r->findings, finding);
	r->count[row->level]++;
}
