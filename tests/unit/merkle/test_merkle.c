/* Trees, proofs, tiles and notes against vectors of a generator that shares no code (make_vectors.py); the roots of the list of eight are
 * those of Certificate Transparency's own tests. */
#include "tests/unit/test.h"

#include "base/ed25519.h"
#include "base/str.h"
#include "merkle/mrk_note.h"
#include "merkle/mrk_tile.h"
#include "tests/unit/merkle/vectors.h"

#define LARGE_MAX 70001u

static const struct {
	const char *p;
	size_t n;
} list[] = {
	{ "", 0 },         { "\x00", 1 },
	{ "\x10", 1 },     { "\x20\x21", 2 },
	{ "\x30\x31", 2 }, { "\x40\x41\x42\x43", 4 },
	{ "PQRSTUVW", 8 }, { "`abcdefghijklmno", 16 },
};

struct store { /* of nodes, as tiles would have them */
	struct mrk_hash level[3][LARGE_MAX];
	uint64_t n[3];
};

struct world {
	struct hash *hash;
	struct store *store;
	struct mrk_edge edge;
};

static int put(void *arg, unsigned level, uint64_t index, const struct mrk_hash *h)
{
	struct store *s = arg;

	assert_true(level < 3 && index == s->n[level]); /* in order, each once */
	s->level[level][s->n[level]++] = *h;
	return 0;
}

static int get(void *arg, unsigned level, uint64_t index, struct mrk_hash *out)
{
	struct store *s = arg;

	if (level > 2 || index >= s->n[level]) {
		return ERR_NOTFOUND;
	}
	*out = s->level[level][index];
	return 0;
}

static struct mrk_nodes nodes(struct world *w)
{
	return (struct mrk_nodes){ get, w->store, w->hash };
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	w->store = calloc(1, sizeof *w->store);
	assert_int_equal(hash_new(&w->hash), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	hash_free(w->hash);
	free(w->store);
	free(w);
	return 0;
}

static void add(struct world *w, const void *p, size_t n)
{
	struct mrk_hash leaf;

	assert_int_equal(mrk_leaf(w->hash, p, n, &leaf), 0);
	assert_int_equal(mrk_add(&w->edge, w->hash, &leaf, put, w->store), 0);
}

static void add_list(struct world *w)
{
	for (size_t i = 0; i < 8; i++) {
		add(w, list[i].p, list[i].n);
	}
}

static struct mrk_hash hash_of(const char *hex)
{
	struct mrk_hash h;
	char one[2 * HASH_LEN + 1];
	size_t n;

	assert_int_equal(str_copy(one, sizeof one, hex, 2 * HASH_LEN), 0);
	assert_int_equal(str_unhex(h.v, HASH_LEN, &n, one), 0);
	return h;
}

static void assert_hashes(const struct mrk_hash *p, size_t n, const char *hex)
{
	assert_int_equal(strlen(hex), n * 2 * HASH_LEN);
	for (size_t i = 0; i < n; i++) {
		struct mrk_hash want = hash_of(hex + i * 2 * HASH_LEN);

		assert_true(mrk_equal(&p[i], &want));
	}
}

static void test_roots_of_the_list_of_eight(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i <= 8; i++) {
		struct mrk_hash root, want = hash_of(roots[i]);

		assert_int_equal(mrk_root(&w->edge, w->hash, &root), 0);
		assert_true(mrk_equal(&root, &want));
		if (i < 8) {
			add(w, list[i].p, list[i].n);
		}
	}
	/* as published with RFC 6962's reference implementation */
	assert_string_equal(roots[0], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(roots[1], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
	assert_string_equal(roots[8], "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

static void test_inclusion_is_proven_and_a_wrong_proof_is_not(void **state)
{
	struct world *w = *state;
	struct mrk_nodes from = nodes(w);

	add_list(w);
	for (size_t i = 0; i < sizeof inclusions / sizeof *inclusions; i++) {
		uint64_t index = inclusions[i].index, size = inclusions[i].size;
		struct mrk_hash proof[MRK_PROOF_MAX], leaf, root = hash_of(roots[size]);
		size_t n;

		assert_int_equal(mrk_inclusion(&from, index, size, proof, &n), 0);
		assert_hashes(proof, n, inclusions[i].hashes);
		assert_int_equal(mrk_leaf(w->hash, list[index].p, list[index].n, &leaf), 0);
		assert_int_equal(mrk_inclusion_check(w->hash, &leaf, index, size, proof, n, &root), 0);
		assert_int_equal(mrk_inclusion_check(w->hash, &leaf, index + 1, size, proof, n, &root), ERR_INVAL);
		assert_int_equal(mrk_inclusion_check(w->hash, &root, index, size, proof, n, &root), size == 1 ? 0 : ERR_INVAL);
		if (n) {
			assert_int_equal(mrk_inclusion_check(w->hash, &leaf, index, size, proof, n - 1, &root), ERR_INVAL);
			proof[0].v[0] ^= 1;
			assert_int_equal(mrk_inclusion_check(w->hash, &leaf, index, size, proof, n, &root), ERR_INVAL);
		}
	}
}

static void test_consistency_is_proven_and_a_wrong_proof_is_not(void **state)
{
	struct world *w = *state;
	struct mrk_nodes from = nodes(w);

	add_list(w);
	for (size_t i = 0; i < sizeof consistencies / sizeof *consistencies; i++) {
		uint64_t before = consistencies[i].before, size = consistencies[i].size;
		struct mrk_hash proof[MRK_CONSISTENCY_MAX], old = hash_of(roots[before]), root = hash_of(roots[size]);
		size_t n;

		assert_int_equal(mrk_consistency(&from, before, size, proof, &n), 0);
		assert_hashes(proof, n, consistencies[i].hashes);
		assert_int_equal(mrk_consistency_check(w->hash, before, &old, size, &root, proof, n), 0);
		old.v[31] ^= 1;
		assert_int_equal(mrk_consistency_check(w->hash, before, &old, size, &root, proof, n), ERR_INVAL);
	}
}

static void test_large_trees_and_their_edges_from_stored_nodes(void **state)
{
	struct world *w = *state;
	struct mrk_nodes from = nodes(w);
	uint64_t i = 0;

	for (size_t k = 0; k < sizeof large / sizeof *large; k++) {
		struct mrk_hash root, again, want = hash_of(large[k].root);
		struct mrk_edge edge;

		for (char text[32]; i < large[k].size; i++) {
			add(w, text, (size_t)snprintf(text, sizeof text, "leaf %llu", (unsigned long long)i));
		}
		assert_int_equal(mrk_root(&w->edge, w->hash, &root), 0);
		assert_true(mrk_equal(&root, &want));
		for (unsigned level = 0; level < 3; level++) {
			assert_int_equal(w->store->n[level], mrk_tile_hashes(level, i));
		}
		assert_int_equal(mrk_edge_of(&edge, &from, i), 0);
		assert_int_equal(mrk_root(&edge, w->hash, &again), 0);
		assert_true(mrk_equal(&again, &want));
	}
	for (uint64_t before = 1; before < LARGE_MAX; before = before * 3 + 1) {
		struct mrk_hash proof[MRK_CONSISTENCY_MAX], old, root = hash_of(large[5].root), leaf;
		struct mrk_edge edge;
		char text[32];
		size_t n;

		assert_int_equal(mrk_edge_of(&edge, &from, before), 0);
		assert_int_equal(mrk_root(&edge, w->hash, &old), 0);
		assert_int_equal(mrk_consistency(&from, before, LARGE_MAX, proof, &n), 0);
		assert_int_equal(mrk_consistency_check(w->hash, before, &old, LARGE_MAX, &root, proof, n), 0);
		assert_int_equal(mrk_inclusion(&from, before, LARGE_MAX, proof, &n), 0);
		assert_int_equal(
		    mrk_leaf(w->hash, text, (size_t)snprintf(text, sizeof text, "leaf %llu", (unsigned long long)before), &leaf),
		    0);
		assert_int_equal(mrk_inclusion_check(w->hash, &leaf, before, LARGE_MAX, proof, n, &root), 0);
	}
}

static void test_names_of_tiles(void **state)
{
	char name[MRK_TILE_NAME_MAX];
	size_t n;

	(void)state;
	n = mrk_tile_name(name, 0, 0, 256);
	assert_string_equal(name, "tile/0/000");
	assert_int_equal(n, strlen(name));
	n = mrk_tile_name(name, 0, 1234067, 5);
	assert_string_equal(name, "tile/0/x001/x234/067.p/5");
	assert_int_equal(n, strlen("tile/0/x001/x234/067"));
	mrk_tile_name(name, 7, UINT64_MAX, 255);
	assert_string_equal(name, "tile/7/x018/x446/x744/x073/x709/x551/615.p/255");
}

static void test_a_note_is_read_and_written_as_others_do(void **state)
{
	struct world *w = *state;
	char made[MRK_NOTE_MAX], origin[MRK_ORIGIN_MAX], text[MRK_VKEY_MAX];
	uint8_t seed[ED25519_KEY], public[ED25519_KEY], read[MRK_KEY];
	struct mrk_checkpoint c, again;
	struct mrk_hash want = hash_of(roots[8]);
	size_t body, n = sizeof note - 1;

	for (unsigned i = 0; i < ED25519_KEY; i++) {
		seed[i] = (uint8_t)i;
	}
	assert_int_equal(ed25519_public(public, seed), 0);
	assert_int_equal(mrk_checkpoint_get(&c, &body, note, n), 0);
	assert_string_equal(c.origin, "iwf.example.net/audit");
	assert_int_equal(c.size, 8);
	assert_true(mrk_equal(&c.root, &want));
	assert_true(ed25519_good(public, note, body, c.signature));
	assert_false(ed25519_good(public, note, body - 1, c.signature));

	again = (struct mrk_checkpoint){ .size = 8, .root = want };
	str_set(again.origin, sizeof again.origin, c.origin);
	assert_int_equal(mrk_key_id(w->hash, c.origin, public, again.key_id), 0);
	body = mrk_checkpoint_body(made, c.origin, 8, &want);
	assert_int_equal(ed25519_sign(again.signature, seed, made, body), 0);
	assert_int_equal(mrk_checkpoint_put(made, &again), n);
	assert_string_equal(made, note);

	mrk_vkey_put(text, c.origin, c.key_id, public);
	assert_string_equal(text, vkey);
	assert_int_equal(mrk_vkey_get(w->hash, origin, read, vkey, strlen(vkey)), 0);
	assert_string_equal(origin, c.origin);
	assert_memory_equal(read, public, MRK_KEY);
	text[0]++;
	assert_int_equal(mrk_vkey_get(w->hash, origin, read, text, strlen(text)), ERR_PROTO);
}

static void test_a_note_with_a_witness_and_more_lines(void **state)
{
	char text[MRK_NOTE_MAX], *sign = strstr(note, "\n\n");
	struct mrk_checkpoint c;
	size_t body;
	int n;

	(void)state;
	n = snprintf(text, sizeof text, "%.*sfurther line\n\n\xe2\x80\x94 witness.example AAAA\n%s", (int)(sign - note + 1), note,
		     sign + 2);
	assert_int_equal(mrk_checkpoint_get(&c, &body, text, (size_t)n), 0);
	assert_int_equal(c.size, 8);
	assert_int_equal(body, (size_t)(sign - note + 1) + strlen("further line\n"));
}

static void test_what_is_no_note(void **state)
{
	char text[MRK_NOTE_MAX];
	struct mrk_checkpoint c;
	size_t body, n = sizeof note - 1;

	(void)state;
	for (size_t cut = 0; cut < n; cut++) {
		assert_int_equal(mrk_checkpoint_get(&c, &body, note, cut), ERR_PROTO);
	}
	memcpy(text, note, n);
	*(strchr(text, '\n') + 1) = '0'; /* the size 8 as 0 is a note; 08 is none */
	assert_int_equal(mrk_checkpoint_get(&c, &body, text, n), 0);
	assert_int_equal(snprintf(text, sizeof text, "o\n08\n"), 5);
	str_add(text, sizeof text, strstr(note, "\n8\n") + 3);
	assert_int_equal(mrk_checkpoint_get(&c, &body, text, strlen(text)), ERR_PROTO);
	assert_false(mrk_origin_good(""));
	assert_false(mrk_origin_good("a b"));
	assert_false(mrk_origin_good("a+b"));
	assert_true(mrk_origin_good("iwf.example.net/audit"));
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_roots_of_the_list_of_eight),
		TEST(test_inclusion_is_proven_and_a_wrong_proof_is_not),
		TEST(test_consistency_is_proven_and_a_wrong_proof_is_not),
		TEST(test_large_trees_and_their_edges_from_stored_nodes),
		TEST(test_names_of_tiles),
		TEST(test_a_note_is_read_and_written_as_others_do),
		TEST(test_a_note_with_a_witness_and_more_lines),
		TEST(test_what_is_no_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
