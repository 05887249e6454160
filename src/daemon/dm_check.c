/* dm_check.c - mtc-iwfd -t: is this configuration one that the daemon could start with? Nothing is bound or written. The start checks the
 * same by the same code. */
#include <stdio.h>

#include "conf/cfg_iwf.h"
#include "daemon/dm_parent.h"
#include "daemon/dm_set.h"

static void on_line(void *arg, const char *kind, const char *text)
{
	(void)arg;
	fprintf(stderr, "mtc-iwfd: %s%s\n", *kind == 'w' ? "warning: " : "", text);
}

int dm_check_main(const char *path)
{
	static struct report report; /* too large for a stack that is kept small */
	char why[CFG_WHY_MAX] = "";
	struct cfg_iwf *c = NULL;
	struct dm_set *set = NULL;
	int err = cfg_iwf_load(&c, path, why);

	if (!err)
		err = cfg_iwf_check_files(c, why);
	if (err)
		fprintf(stderr, "mtc-iwfd: %s\n", why);
	if (!err) {
		err = dm_set_load(&set, c, 1, &report);
		report_each(&report, on_line, NULL);
		if (!err)
			dm_set_free(set);
	}
	if (!err) {
		printf("%s: configuration is valid\n", path);
		printf("an SCS has its answer within %.1f s\n", (double)cfg_answer_within_ms(c) / 1000);
	}
	cfg_iwf_free(c);
	if (err)
		return 1;
	return 0;
}
