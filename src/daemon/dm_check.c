/* dm_check.c - mtc-iwfd -t: could the daemon start with this configuration? Binds and writes
 * nothing. The start runs the same code (dm_load.h). */
#include <stdio.h>

#include "base/clock.h"
#include "base/exit_codes.h"
#include "core/core.h"
#include "daemon/dm_ends.h"
#include "daemon/dm_load.h"
#include "daemon/dm_parent.h"

int dm_check_main(const char *path)
{
	static struct report report; /* too large for a stack that is kept small */
	char why[CORE_WHY_MAX] = "";
	struct dm_loaded l;
	int err = dm_load(&l, path, &report), overlap = 0;

	if (!err) {
		dm_ends_report(&report, l.cfg, l.set, clock_real_ms() / 1000);
		core_screening_names(l.cfg, &report);
		overlap = core_ndsip_check(l.cfg, &report, why);
	}
	report_print(&report, stderr, "mtc-iwfd");
	if (err) {
		return l.unread ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
	}
	if (overlap || core_journal_check(l.cfg, why) || core_screening_check(l.cfg, why)) {
		fprintf(stderr, "mtc-iwfd: %s\n", why);
		dm_loaded_fini(&l);
		return EXIT_CODE_FAILED;
	}
	printf("%s: configuration is valid\n", l.path); /* as in the lines about errors */
	printf("an SCS has its answer within %.1f s\n", (double)cfg_answer_within_ms(l.cfg) / 1000);
	dm_loaded_fini(&l);
	return 0;
}
