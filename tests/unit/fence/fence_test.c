/* fence_test.c - plans and files for the tests of src/fence. */
#include "tests/unit/fence/fence_test.h"

const char *test_folder;

static struct sa_address address(const char *text)
{
	struct sa_address a;

	assert_int_equal(sa_address_read(&a, text, strlen(text)), 0);
	return a;
}

struct fence_plan test_plan(enum fence_mode mode)
{
	static struct sa_address hosts[3];
	static struct fence_selector selectors[3];

	hosts[0] = address("10.77.2.1");
	hosts[1] = address("10.77.2.2");
	hosts[2] = address("fd00:77:2::1");
	selectors[0] =
	    (struct fence_selector){ .name = "scs", .address = address("10.77.1.1"), .port = 3868, .protocol = SA_TCP };
	selectors[1] =
	    (struct fence_selector){ .name = "scs", .address = address("fd00:77:1::1"), .port = 3868, .protocol = SA_TCP };
	selectors[2] = (struct fence_selector){ .name = "scs-sctp",
						.address = address("10.77.1.2"),
						.port = 3869,
						.protocol = SA_SCTP,
						.hosts = hosts,
						.hosts_n = 3 };
	return (struct fence_plan){ .mode = mode, .device = "ipsec0", .selector = selectors, .n = 3 };
}

struct fence_rules *test_rules(enum fence_mode mode)
{
	struct fence_plan plan = test_plan(mode);
	struct fence_rules *rules;

	assert_int_equal(fence_rules_new(&rules, &plan), 0);
	return rules;
}

uint8_t *test_file(const char *name, size_t *len)
{
	char path[512];
	uint8_t *octets = malloc(65536);
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", test_folder, name);
	f = fopen(path, "rb");
	if (!f || !octets) {
		fail_msg("%s", path);
	}
	*len = fread(octets, 1, 65536, f);
	fclose(f);
	assert_true(*len > 0 && *len < 65536);
	return octets;
}
