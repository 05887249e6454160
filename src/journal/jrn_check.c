/* jrn_check.c - says what is in a journal and what is wrong with it. */
#include "journal/jrn_survey.h"

int jrn_check(const char *dir, const struct jrn_disk *disk, jrn_found_fn *fn, void *arg, struct jrn_summary *out,
	      struct jrn_why *why)
{
	struct jrn_survey v;
	int err = jrn_survey(&v, dir, disk, why);

	if (!err) {
		jrn_survey_tell(&v, fn, arg);
		*out = v.sum;
	}
	jrn_survey_end(&v);
	return err;
}
