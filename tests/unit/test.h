/* test.h - what every cmocka program includes, in the order cmocka needs. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bound of a wait for what has to come, far above what the slowest machine needs: all that the bound does is to end a hang. */
enum { TEST_HANG_MS = 100000, TEST_HANG_S = TEST_HANG_MS / 1000 };

/* One file of tests, which is a group of cmocka and one test of Meson. The files of a room are linked into one program, test_ROOM. */
struct test_group {
	const char *file; /* test_NAME.c; the program runs the group by the name */
	int (*run)(void); /* returns the number of tests that failed */
	struct test_group *next;
};

/* Makes the group known to main() in unit_main.c. Keeps `group`, which lives as long as the program. */
void test_group_add(struct test_group *group);

/* The argument behind the name of the group, such as a folder of recordings; "." when there is none. */
const char *test_argument(void);

/* Heads the function that runs the tests of a file, where a program would have main(). It takes nothing and returns the number of tests
 * that failed. The file is known to the program before main() starts. */
#define TEST_GROUP()                                                                                                             \
	static int test_group_run(void);                                                                                         \
	__attribute__((constructor)) static void test_group_begin(void)                                                          \
	{                                                                                                                        \
		static struct test_group group = { .file = __FILE_NAME__, .run = test_group_run };                               \
                                                                                                                                 \
		test_group_add(&group);                                                                                          \
	}                                                                                                                        \
	static int test_group_run(void)
