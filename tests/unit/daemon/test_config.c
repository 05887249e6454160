/* The configuration as it is handed to a child. */
#include "tests/unit/test.h"

#include <sys/uio.h>
#include <unistd.h>

#include "daemon/dm_config.h"
#include "daemon/dm_msg.h"

static struct cfg_iwf *made(void)
{
	struct cfg_iwf *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->listen_n = 2;
	c->listen[1].port = 5868;
	c->limits.pending_total = 17;
	c->lines = (struct cfg_lines *)(void *)c; /* of the parent */
	return c;
}

static void test_it_comes_as_it_was_and_with_the_ports(void **state)
{
	uint16_t ports[CFG_LISTEN_MAX] = { 40001, 40002 };
	struct cfg_iwf *c = made(), *got = NULL;
	int fd;

	(void)state;
	assert_int_equal(dm_config_make(&fd, c, ports), 0);
	assert_true(write(fd, "x", 1) < 0); /* sealed */
	assert_int_equal(dm_config_open(&got, fd), 0);
	assert_int_equal(got->limits.pending_total, 17);
	assert_int_equal(got->listen[0].port, 40001);
	assert_int_equal(got->listen[1].port, 5868);
	assert_null(got->lines);
	assert_int_equal(c->listen[0].port, 0);
	cfg_iwf_free(got);
	free(c);
}

static void refused(const void *p, size_t len)
{
	struct cfg_iwf *got = NULL;
	int fd;

	assert_int_equal(dm_memfd(&fd, "test", p, len), 0);
	assert_int_equal(dm_config_open(&got, fd), ERR_PROTO);
	assert_null(got);
}

static void test_anything_else_is_refused(void **state)
{
	size_t len = 8 + sizeof(struct cfg_iwf);
	uint16_t ports[CFG_LISTEN_MAX] = { 0 };
	struct cfg_iwf *c = made(), *got = NULL;
	char *octets = calloc(1, len);
	int fd;

	(void)state;
	assert_non_null(octets);
	refused("short", 5);
	refused(octets, len);
	refused(octets, len - 1);
	c->peers_n = CFG_PEERS_MAX + 1;
	assert_int_equal(dm_config_make(&fd, c, ports), 0);
	assert_int_equal(dm_config_open(&got, fd), ERR_PROTO);
	assert_int_equal(dm_config_open(&got, -1), ERR_PROTO);
	free(octets);
	free(c);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_comes_as_it_was_and_with_the_ports),
		cmocka_unit_test(test_anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
