/* unit_main.c - the program of a room's unit tests: runs the one group that it is asked for, so that a crash ends no other group. */
#include "tests/unit/test.h"

static struct test_group *groups; /* each adds itself before main() starts */
static const char *argument = ".";

void test_group_add(struct test_group *group)
{
	group->next = groups;
	groups = group;
}

const char *test_argument(void)
{
	return argument;
}

static bool is_named(const struct test_group *group, const char *name)
{
	char file[256];

	snprintf(file, sizeof file, "test_%s.c", name);
	return !strcmp(group->file, file);
}

int main(int argc, char **argv)
{
	if (argc > 2) {
		argument = argv[2];
	}
	for (const struct test_group *g = groups; argc > 1 && g; g = g->next) {
		if (is_named(g, argv[1])) {
			return g->run();
		}
	}
	fprintf(stderr, "usage: %s NAME [ARGUMENT]\nNAME is that of test_NAME.c, one of:\n", argv[0]);
	for (const struct test_group *g = groups; g; g = g->next) {
		fprintf(stderr, "  %s\n", g->file);
	}
	return 2;
}
