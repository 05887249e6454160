/* dm_ends.c - see dm_ends.h. */
#include "daemon/dm_ends.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/shown.h"
#include "core/core.h"

enum dm_ends_level dm_ends_level(uint64_t not_after_s, uint64_t now_s)
{
	uint64_t left = not_after_s - now_s;

	if (not_after_s <= now_s) {
		return DM_ENDS_OVER;
	}
	return left <= CLOCK_DAY_S        ? DM_ENDS_1_DAY
	       : left <= 7 * CLOCK_DAY_S  ? DM_ENDS_7_DAYS
	       : left <= 30 * CLOCK_DAY_S ? DM_ENDS_30_DAYS
					  : DM_ENDS_FAR;
}

enum dm_ends_level dm_ends_level_of(const struct dm_end *end, uint64_t now_s)
{
	enum dm_ends_level level = dm_ends_level(end->not_after_s, now_s);
	uint64_t lives_s = end->not_after_s - end->of_crl.this_update_s;

	if (end->not_before_s > now_s) {
		return DM_ENDS_EARLY;
	}
	if (end->what != DM_CRL || level == DM_ENDS_OVER) {
		return level;
	}
	if (level == DM_ENDS_1_DAY) {
		return lives_s >= 2 * CLOCK_DAY_S ? level : DM_ENDS_FAR;
	}
	return level == DM_ENDS_7_DAYS && lives_s >= 14 * CLOCK_DAY_S ? level : DM_ENDS_FAR;
}

bool dm_ends_tell(uint8_t *said, enum dm_ends_level level)
{
	if (*said == DM_ENDS_EARLY && level != DM_ENDS_EARLY) {
		*said = DM_ENDS_FAR;
	}
	if (level <= *said) {
		return false;
	}
	*said = (uint8_t)level;
	return true;
}

const char *dm_ends_words(char out[DM_ENDS_WORDS_MAX], const struct cfg_iwf *cfg, const struct dm_end *end,
			  enum dm_ends_level level, uint64_t now_s)
{
	struct dm_file_words w = dm_file_words(cfg, end->what, end->index);
	int64_t days = core_files_days_left(end->not_after_s, now_s);
	const char *kind = end->what == DM_ANCHOR ? "a certificate in" : "certificate";
	char when[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX], in[SHOWN_COUNT_MAX];

	clock_text_s(when, (int64_t)(level == DM_ENDS_EARLY ? end->not_before_s : end->not_after_s));
	if (level == DM_ENDS_EARLY) {
		snprintf(out, DM_ENDS_WORDS_MAX,
			 "%s '%s' of %s %s is not valid before %s, and the clock of this machine says %s: connections that need "
			 "it fail; set the clock if it is wrong, else wait until then",
			 kind, w.path, w.of, w.name, when, clock_text_s(now, (int64_t)now_s));
	} else if (end->what == DM_CRL && level == DM_ENDS_OVER) {
		snprintf(out, DM_ENDS_WORDS_MAX,
			 "CRL 0x%s of '%s' ('%s', trust anchor %s) is out of date since %s: SCSs of this CA without "
			 "revocation_soft are "
			 "refused, and their sessions are cut after timers.crl_grace; put a new CRL there",
			 end->of_crl.number, end->of_crl.issuer, w.path, w.name, when);
	} else if (end->what == DM_CRL) {
		snprintf(out, DM_ENDS_WORDS_MAX,
			 "CRL 0x%s of '%s' ('%s', trust anchor %s) gets out of date on %s, in %s; put a new CRL there before",
			 end->of_crl.number, end->of_crl.issuer, w.path, w.name, when,
			 shown_count(in, days > 0 ? (uint64_t)days : 0, "day"));
	} else if (level == DM_ENDS_OVER) {
		snprintf(out, DM_ENDS_WORDS_MAX,
			 "%s '%s' of %s %s expired on %s: connections that need it fail; renew the file, then 'mtcctl reload'",
			 kind, w.path, w.of, w.name, when);
	} else {
		snprintf(out, DM_ENDS_WORDS_MAX, "%s '%s' of %s %s expires on %s, in %s; renew the file, then 'mtcctl reload'",
			 kind, w.path, w.of, w.name, when, shown_count(in, days > 0 ? (uint64_t)days : 0, "day"));
	}
	return out;
}

void dm_ends_report(struct report *r, const struct cfg_iwf *cfg, const struct dm_set *set, uint64_t now_s)
{
	char words[DM_ENDS_WORDS_MAX];

	for (size_t i = 0; i < set->ends_n; i++) {
		enum dm_ends_level level = dm_ends_level_of(&set->ends[i], now_s);

		if (level != DM_ENDS_FAR) {
			report_add(r, REPORT_WARNING, "%s", dm_ends_words(words, cfg, &set->ends[i], level, now_s));
		}
	}
}
