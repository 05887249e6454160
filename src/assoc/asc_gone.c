/* asc_gone.c - the rows that an import deletes. They are counted, the first ones are named, and
 * many deletions without confirmation are refused. A file that was cut off or confused with another
 * must not empty the store. */
#include <stdarg.h>
#include <stdio.h>

#include "assoc/asc_import_int.h"
#include "assoc/asc_why.h"
#include "base/shown.h"

#define MUCH_ROWS 10
#define MUCH_PART 10 /* a tenth */

bool asc_deletes_much(uint64_t deleted, uint64_t there)
{
	return deleted >= MUCH_ROWS && deleted > there / MUCH_PART;
}

void asc_import_gone(struct asc_import *im, const char *fmt, ...)
{
	va_list ap;

	im->deleted++;
	if (im->gone_n == ASC_GONE_MAX) {
		return;
	}
	va_start(ap, fmt);
	vsnprintf(im->gone[im->gone_n].text, sizeof im->gone[0].text, fmt, ap);
	va_end(ap);
	im->gone_n++;
}

void asc_import_gone_rule(struct asc_import *im, const struct assoc_rule *r)
{
	char text[ASSOC_RULE_TEXT_MAX];

	asc_import_gone(im, "%s", im->gone_n < ASC_GONE_MAX ? assoc_rule_text(text, r) : "");
}

uint64_t asc_import_there(const struct asc_import *im)
{
	return im->deleted + im->replaced + im->unchanged;
}

int asc_import_judge_gone(struct asc_import *im, uint64_t rules, struct asc_why *why)
{
	const struct asc_import_conf *conf = &im->conf;
	uint64_t there = asc_import_there(im), goes = im->deleted + im->along;
	char along[SHOWN_COUNT_MAX + 32] = "", rules_along[SHOWN_COUNT_MAX];

	if (!conf->replace) {
		return 0; /* nothing goes; what else there is was not counted */
	}
	im->much = (im->rows == 0 && goes) || asc_deletes_much(im->deleted, there) || asc_deletes_much(im->along, rules);
	if (!im->much || conf->dry_run || conf->sure || (conf->deletes_max && goes <= conf->deletes_max)) {
		return 0;
	}
	if (im->along) {
		snprintf(along, sizeof along, ", and %s with them", shown_count(rules_along, im->along, "rule"));
	}
	return asc_refuse(why, ERR_LIMIT, "it would delete %llu of %llu rows%s", (unsigned long long)im->deleted,
			  (unsigned long long)there, along);
}
