/* The counter page holds its caps over all edges. */
#include "tests/unit/test.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/ipc_caps.h"

static void two_edges(struct ipc_caps **a, struct ipc_caps **b)
{
	int fd;

	assert_int_equal(ipc_caps_make(&fd, 2), 0);
	assert_int_equal(ipc_caps_open(a, fd, 0), 0);
	assert_int_equal(ipc_caps_open(b, fd, 1), 0);
	close(fd);
}

static void test_the_total_cap_counts_all_edges(void **state)
{
	struct ipc_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	assert_int_equal(ipc_caps_enter(a, "192.0.2.1:1", 2, 100), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.2:1", 2, 100), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(a, "192.0.2.3:1", 2, 100), IPC_CAPS_TOTAL);
	ipc_caps_leave(b, "192.0.2.2:1");
	assert_int_equal(ipc_caps_enter(a, "192.0.2.3:1", 2, 100), IPC_CAPS_OK);
	ipc_caps_close(a);
	ipc_caps_close(b);
}

static void test_the_cap_of_an_address_counts_all_its_ports_on_all_edges(void **state)
{
	struct ipc_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	assert_int_equal(ipc_caps_enter(a, "192.0.2.1:1", 100, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:2", 100, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:3", 100, 2), IPC_CAPS_ADDRESS);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.9:3", 100, 2), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(a, "[2001:db8::1]:5", 100, 1), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(a, "[2001:db8::1]:6", 100, 1), IPC_CAPS_ADDRESS);
	ipc_caps_close(a);
	ipc_caps_close(b);
}

static void test_a_dead_edge_counts_no_more(void **state)
{
	struct ipc_caps *a, *b;

	(void)state;
	two_edges(&a, &b);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:1", 1, 1), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(a, "192.0.2.1:2", 1, 1), IPC_CAPS_TOTAL);
	ipc_caps_clear(a, 1);
	assert_int_equal(ipc_caps_enter(a, "192.0.2.1:2", 1, 1), IPC_CAPS_OK);
	ipc_caps_leave(b, "192.0.2.1:1"); /* never below zero */
	ipc_caps_close(a);
	ipc_caps_close(b);
}

static void test_what_another_edge_writes_into_the_page_is_gone_with_that_edge(void **state)
{
	struct ipc_caps *a, *b;
	struct stat st;
	uint8_t *page;
	int fd;

	(void)state;
	assert_int_equal(ipc_caps_make(&fd, 2), 0);
	assert_int_equal(ipc_caps_open(&a, fd, 0), 0);
	assert_int_equal(ipc_caps_open(&b, fd, 1), 0);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:1", 3, 3), IPC_CAPS_OK);
	assert_int_equal(fstat(fd, &st), 0);
	page = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	memset(page, 0xff, (size_t)st.st_size); /* the edge of slot 0, in other hands */
	ipc_caps_clear(a, 0);                   /* it is ended */
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:2", 3, 3), IPC_CAPS_OK);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:3", 3, 3), IPC_CAPS_OK);
	memset(page, 0, (size_t)st.st_size);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:4", 3, 4), IPC_CAPS_TOTAL);
	assert_int_equal(ipc_caps_enter(b, "192.0.2.1:4", 4, 3), IPC_CAPS_ADDRESS);
	munmap(page, (size_t)st.st_size);
	ipc_caps_close(a);
	ipc_caps_close(b);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_total_cap_counts_all_edges),
		cmocka_unit_test(test_the_cap_of_an_address_counts_all_its_ports_on_all_edges),
		cmocka_unit_test(test_a_dead_edge_counts_no_more),
		cmocka_unit_test(test_what_another_edge_writes_into_the_page_is_gone_with_that_edge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
