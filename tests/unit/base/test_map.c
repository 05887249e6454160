/* The hash table and the multimap find what is in them and nothing else. */
#include "tests/unit/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/map.h"
#include "base/multimap.h"

#define N 5000

struct thing {
	uint32_t key;
	bool seen;
	struct map_node node;
};

static void see(void *arg, struct map_node *node)
{
	struct map *m = arg;
	struct thing *t = MAP_OF(node, struct thing, node);

	assert_false(t->seen);
	t->seen = true;
	map_del(m, node); /* allowed for the one that is handed out */
}

static void test_a_table_finds_what_is_in_it_and_nothing_else(void **state)
{
	struct thing *things = calloc(N, sizeof *things);
	struct map m;

	(void)state;
	assert_int_equal(map_init(&m), 0);
	for (uint32_t i = 0; i < N; i++) {
		things[i].key = i;
		assert_false(map_has(&things[i].node));
		map_add(&m, &things[i].node, &things[i].key, sizeof things[i].key);
	}
	for (uint32_t i = 0; i < N; i += 2) {
		map_del(&m, &things[i].node);
	}
	for (uint32_t i = 0; i < N + 100; i++) {
		struct thing *t = MAP_OF(map_find(&m, &i, sizeof i), struct thing, node);

		assert_ptr_equal(t, i < N && i % 2 ? &things[i] : NULL);
	}
	assert_int_equal(m.n, N / 2);
	map_each(&m, see, &m);
	assert_int_equal(m.n, 0);
	map_fini(&m);
	free(things);
}

/* With the hash at hand: the same table. A key is compared also where the hash is that of another. */
static void test_a_hash_that_is_known_finds_and_adds_as_the_key_does(void **state)
{
	struct thing *things = calloc(N, sizeof *things);
	struct map m;

	(void)state;
	assert_int_equal(map_init(&m), 0);
	assert_null(map_find_hashed(&m, "abcd", 4, 1)); /* an empty table */
	for (uint32_t i = 0; i < N; i++) {
		things[i].key = i;
		map_add_hashed(&m, &things[i].node, &things[i].key, sizeof i, map_hash(&m, &i, sizeof i));
	}
	for (uint32_t i = 0; i < N + 100; i++) {
		struct map_node *node = i < N ? &things[i].node : NULL;
		uint32_t other = i + 1;

		assert_ptr_equal(map_find(&m, &i, sizeof i), node);
		assert_ptr_equal(map_find_hashed(&m, &i, sizeof i, map_hash(&m, &i, sizeof i)), node);
		assert_null(map_find_hashed(&m, &other, sizeof other, map_hash(&m, &i, sizeof i)));
	}
	map_each(&m, see, &m);
	map_fini(&m);
	free(things);
}

static void test_keys_are_compared_whole(void **state)
{
	struct map_node a = { 0 };
	struct map m;

	(void)state;
	assert_int_equal(map_init(&m), 0);
	map_add(&m, &a, "abc", 3);
	assert_null(map_find(&m, "abcd", 4));
	assert_null(map_find(&m, "ab", 2));
	assert_ptr_equal(map_find(&m, "abc", 3), &a);
	map_fini(&m);
}

/* Values of an implementation that is not ours (the hash of bytes in Python 3.11 with PYTHONHASHSEED=0: the same algorithm, key 0). */
static void test_the_hash_is_siphash_1_3(void **state)
{
	static const struct {
		const char *text;
		uint64_t hash;
	} rows[] = {
		{ "a", 0x407448d2b89b1813ull },
		{ "abc", 0xc03bc3a0042630f2ull },
		{ "01234567", 0xda3dcedf84ea6cc6ull },
		{ "0123456789abcdef", 0x1d42b30f7e060c24ull },
	};
	/* of the octets 0, 1, 2 and so on: a last word of each length, alone and behind a whole one */
	static const uint64_t by_length[] = {
		0xabac0158050fc4dcull, 0xc9f49bf37d57ca93ull, 0x82cb9b024dc7d44dull, 0x8bf80ab8e7ddf7fbull, 0xcf75576088d38328ull,
		0xdef9d52f49533b67ull, 0xc50d2b50c59f22a7ull, 0xd3927d989bb11140ull, 0x369095118d299a8eull, 0x25a48eb36c063de4ull,
		0x79de85ee92ff097full, 0x70c118c1f94dc352ull, 0x78a384b157b4d9a2ull, 0x306f760c1229ffa7ull, 0x605aa111c0f95d34ull,
		0xd320d86d2a519956ull, 0xcc4fdd1a7d908b66ull,
	};
	static const struct sip_key counted = { { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull } };
	struct sip_key key = { { 0, 0 } }, other = { { 0, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(sip_hash(&key, rows[i].text, strlen(rows[i].text)), rows[i].hash);
		assert_int_not_equal(sip_hash(&other, rows[i].text, strlen(rows[i].text)), rows[i].hash);
	}
	for (size_t len = 0; len < sizeof by_length / sizeof *by_length; len++) {
		uint8_t octets[16];

		for (size_t i = 0; i < sizeof octets; i++) { /* what stands behind counts for nothing */
			octets[i] = i < len ? (uint8_t)i : 0xee;
		}
		assert_int_equal(sip_hash(&counted, octets, len), by_length[len]);
	}
	assert_int_equal(sip_key_new(&other), 0);
	assert_int_equal(sip_key_new(&key), 0);
	assert_memory_not_equal(&key, &other, sizeof key);
}

/* Names that fall into one chain under one key do not under another. */
static void test_a_chain_that_was_made_for_one_key_is_none_for_another(void **state)
{
	static const struct sip_key known = { { 1, 2 } }, unknown = { { 3, 4 } };
	static struct thing things[200];
	struct map a, b;
	uint32_t n = 0;
	unsigned longest[2] = { 0 };

	(void)state;
	assert_int_equal(map_init_keyed(&a, &known), 0);
	assert_int_equal(map_init_keyed(&b, &unknown), 0);
	for (uint32_t key = 0; n < 200; key++) {
		if ((map_hash(&a, &key, sizeof key) & 255) == 7) {
			things[n++].key = key;
		}
	}
	for (int i = 0; i < 2; i++) {
		struct map *m = i ? &b : &a;

		for (n = 0; n < 200; n++) {
			map_add(m, &things[n].node, &things[n].key, sizeof things[n].key);
		}
		for (size_t bucket = 0; bucket <= m->mask; bucket++) {
			unsigned length = 0;

			for (struct map_node *node = m->buckets[bucket]; node; node = node->next) {
				length++;
			}
			longest[i] = length > longest[i] ? length : longest[i];
		}
		for (n = 0; n < 200; n++) {
			map_del(m, &things[n].node);
		}
	}
	assert_int_equal(longest[0], 200);
	assert_in_range(longest[1], 1, 12);
	map_fini(&a);
	map_fini(&b);
}

struct bagged {
	int number;
	struct multimap_node node;
};

static void test_a_multimap_holds_many_under_one_hash(void **state)
{
	static struct bagged things[3000];
	struct multimap b;
	unsigned found = 0;

	(void)state;
	assert_int_equal(multimap_init(&b), 0);
	for (int i = 0; i < 3000; i++) {
		things[i].number = i;
		multimap_add(&b, &things[i].node,
			     (uint64_t)(i / 3) * 0x9e3779b97f4a7c15ull); /* three each; the first three under 0 */
	}
	assert_int_equal(b.n, 3000);
	for (uint64_t h = 0; h < 1000; h++) {
		for (struct multimap_node *n = multimap_first(&b, h * 0x9e3779b97f4a7c15ull); n; n = multimap_next(n)) {
			found++;
		}
	}
	assert_int_equal(found, 3000);
	multimap_del(&b, &things[1].node);
	multimap_del(&b, &things[1].node); /* it is out already */
	assert_int_equal(b.n, 2999);
	found = 0;
	for (struct multimap_node *n = multimap_first(&b, 0); n; n = multimap_next(n)) {
		found++;
	}
	assert_int_equal(found, 2);
	for (int i = 0; i < 3000; i++) {
		multimap_del(&b, &things[i].node);
	}
	assert_int_equal(b.n, 0);
	assert_null(multimap_first(&b, 0));
	multimap_fini(&b);
}

#define MANY 200000u
#define MOVED_MAX 64u /* of a random chain it is a few */

static void test_a_table_grows_a_little_with_each_entry_and_never_at_once(void **state)
{
	struct thing *things = calloc(MANY, sizeof *things);
	struct bagged *bagged = calloc(MANY, sizeof *bagged);
	struct multimap b;
	struct map m;

	(void)state;
	assert_int_equal(map_init(&m), 0);
	assert_int_equal(multimap_init(&b), 0);
	for (uint32_t i = 0; i < MANY; i++) {
		uint64_t before = m.moved, bag = b.moved;

		things[i].key = i;
		map_add(&m, &things[i].node, &things[i].key, sizeof things[i].key);
		multimap_add(&b, &bagged[i].node, map_hash(&m, &i, sizeof i));
		assert_true(m.moved - before <= MOVED_MAX && b.moved - bag <= MOVED_MAX);
	}
	assert_in_range(m.mask + 1 + m.split, MANY / 2, MANY);
	assert_in_range(b.mask + 1 + b.split, MANY / 2, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_ptr_equal(map_find(&m, &i, sizeof i), &things[i].node);
		assert_non_null(multimap_first(&b, map_hash(&m, &i, sizeof i)));
		if (i % 3) {
			map_del(&m, &things[i].node);
		}
		multimap_del(&b, &bagged[i].node);
	}
	assert_int_equal(m.n, (MANY + 2) / 3);
	assert_int_equal(b.n, 0);
	map_each(&m, see, &m);
	assert_int_equal(m.n, 0);
	map_fini(&m);
	multimap_fini(&b);
	free(things);
	free(bagged);
}

/* Each object stands on a page of its own, and while one is taken out only the pages of its neighbours may be touched. */
static void test_taking_one_out_looks_at_its_neighbours_only(void **state)
{
	const int n = 64, taken = 32;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *pages = mmap(NULL, (size_t)n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct multimap b;
	int found = 0;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(multimap_init(&b), 0);
	for (int i = 0; i < n; i++) {
		multimap_add(&b, (void *)(pages + (size_t)i * page), 7);
	}
	for (int i = 0; i < n; i++) {
		if (i < taken - 1 || i > taken + 1) {
			assert_int_equal(mprotect(pages + (size_t)i * page, page, PROT_NONE), 0);
		}
	}
	multimap_del(&b, (void *)(pages + (size_t)taken * page));
	assert_int_equal(mprotect(pages, (size_t)n * page, PROT_READ | PROT_WRITE), 0);
	for (struct multimap_node *m = multimap_first(&b, 7); m; m = multimap_next(m)) {
		found++;
	}
	assert_int_equal(found, n - 1);
	for (int i = 0; i < n; i++) { /* the first, the last and those between */
		multimap_del(&b, (void *)(pages + (size_t)((i * 5) % n) * page));
	}
	assert_int_equal(b.n, 0);
	assert_null(multimap_first(&b, 7));
	multimap_fini(&b);
	munmap(pages, (size_t)n * page);
}

static void test_another_object_takes_the_place_of_one_in_its_chain(void **state)
{
	struct multimap_node nodes[4] = { { 0 } }, other = { 0 }, none = { 0 };
	struct multimap b;

	(void)state;
	for (unsigned at = 0; at < 3; at++) { /* first, in the middle, last of its chain */
		struct multimap_node *n;
		unsigned seen = 0;

		assert_int_equal(multimap_init(&b), 0);
		for (unsigned i = 0; i < 3; i++) {
			nodes[i] = (struct multimap_node){ 0 };
			multimap_add(&b, &nodes[i], 77);
		}
		multimap_replace(&b, &nodes[at], &other);
		assert_true(nodes[at].hash == 0);
		for (n = multimap_first(&b, 77); n; n = multimap_next(n)) {
			assert_ptr_not_equal(n, &nodes[at]);
			seen++;
		}
		assert_int_equal(seen, 3);
		multimap_del(&b, &other);
		multimap_replace(&b, &none, &other);
		assert_true(other.hash == 0);
		for (n = multimap_first(&b, 77), seen = 0; n; n = multimap_next(n)) {
			seen++;
		}
		assert_int_equal(seen, 2);
		assert_int_equal(b.n, 2);
		multimap_fini(&b);
	}
}

static void test_a_map_with_room_for_all_moves_nothing(void **state)
{
	struct map_node *nodes = calloc(N, sizeof *nodes);
	uint64_t *keys = calloc(N, sizeof *keys);
	struct map m;

	(void)state;
	assert_non_null(nodes);
	assert_non_null(keys);
	assert_int_equal(map_init(&m), 0);
	assert_int_equal(map_reserve(&m, N), 0);
	for (uint64_t i = 0; i < N; i++) {
		keys[i] = i;
		map_add(&m, &nodes[i], &keys[i], sizeof keys[i]);
	}
	assert_true(m.moved == 0);
	assert_int_equal(map_reserve(&m, N), ERR_STATE); /* not while something is in it */
	for (uint64_t i = 0; i < N; i++) {
		assert_ptr_equal(map_find(&m, &keys[i], sizeof keys[i]), &nodes[i]);
		map_del(&m, &nodes[i]);
	}
	assert_int_equal(m.n, 0);
	map_fini(&m);
	free(keys);
	free(nodes);
}

static void test_a_table_with_room_for_all_moves_nothing(void **state)
{
	struct multimap_node *nodes = calloc(N, sizeof *nodes);
	struct multimap b;

	(void)state;
	assert_non_null(nodes);
	assert_int_equal(multimap_init(&b), 0);
	assert_int_equal(multimap_reserve(&b, N), 0);
	for (uint64_t i = 0; i < N; i++) {
		multimap_add(&b, &nodes[i], i * 0x9e3779b97f4a7c15u);
	}
	assert_true(b.moved == 0);
	assert_int_equal(multimap_reserve(&b, N), ERR_STATE); /* not while something is in it */
	for (uint64_t i = 0; i < N; i++) {
		assert_ptr_equal(multimap_first(&b, i * 0x9e3779b97f4a7c15u), &nodes[i]);
		multimap_del(&b, &nodes[i]);
	}
	for (uint64_t i = 0; i < 9 * N; i++) { /* and grows on, when there are more */
		struct multimap_node *n = calloc(1, sizeof *n);

		assert_non_null(n);
		multimap_add(&b, n, i * 0x9e3779b97f4a7c15u);
	}
	assert_true(b.moved > 0 && b.mask + 1 + b.split >= 9 * N);
	for (uint64_t i = 0; i < 9 * N; i++) {
		struct multimap_node *n = multimap_first(&b, i * 0x9e3779b97f4a7c15u);

		assert_non_null(n);
		multimap_del(&b, n);
		free(n);
	}
	multimap_fini(&b);
	free(nodes);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_table_finds_what_is_in_it_and_nothing_else),
		cmocka_unit_test(test_a_hash_that_is_known_finds_and_adds_as_the_key_does),
		cmocka_unit_test(test_keys_are_compared_whole),
		cmocka_unit_test(test_the_hash_is_siphash_1_3),
		cmocka_unit_test(test_a_chain_that_was_made_for_one_key_is_none_for_another),
		cmocka_unit_test(test_a_multimap_holds_many_under_one_hash),
		cmocka_unit_test(test_a_table_grows_a_little_with_each_entry_and_never_at_once),
		cmocka_unit_test(test_taking_one_out_looks_at_its_neighbours_only),
		cmocka_unit_test(test_another_object_takes_the_place_of_one_in_its_chain),
		cmocka_unit_test(test_a_table_with_room_for_all_moves_nothing),
		cmocka_unit_test(test_a_map_with_room_for_all_moves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
