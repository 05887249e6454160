/* What OpenSSL gives back is wiped before it is free (tls_memory.h). free() is wrapped, to look at the memory while it is still ours. */
#include "tests/unit/test.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "tls/tls_memory.h"

static const uint8_t *watched;
static size_t watched_len;
static int wiped = -1; /* -1: not freed yet */

void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p)
{
	if (p && p == watched) {
		wiped = 1;
		for (size_t i = 0; i < watched_len; i++) {
			wiped = wiped && watched[i] == 0;
		}
		watched = NULL;
	}
	__real_free(p);
}

static uint8_t *secret(size_t len)
{
	uint8_t *p = OPENSSL_malloc(len);

	assert_non_null(p);
	memset(p, 0xa5, len);
	watched = p;
	watched_len = len;
	wiped = -1;
	return p;
}

static void test_what_is_freed_is_wiped(void **state)
{
	(void)state;
	OPENSSL_free(secret(48));
	assert_int_equal(wiped, 1);
}

static void test_what_grows_leaves_nothing_behind(void **state)
{
	uint8_t *p = secret(48), *q;

	(void)state;
	q = OPENSSL_realloc(p, 4096);
	assert_non_null(q);
	assert_int_equal(wiped, 1);
	for (size_t i = 0; i < 48; i++) {
		assert_int_equal(q[i], 0xa5);
	}
	OPENSSL_free(q);
}

static void test_what_shrinks_to_nothing_is_wiped(void **state)
{
	(void)state;
	assert_null(OPENSSL_realloc(secret(48), 0));
	assert_int_equal(wiped, 1);
	OPENSSL_free(NULL);
	OPENSSL_free(OPENSSL_realloc(NULL, 16));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_freed_is_wiped),
		cmocka_unit_test(test_what_grows_leaves_nothing_behind),
		cmocka_unit_test(test_what_shrinks_to_nothing_is_wiped),
	};

	if (!tls_memory_wiped()) {
		return 1;
	}
	return cmocka_run_group_tests_name("tls memory", tests, NULL, NULL);
}
