/* The list of SCSs under NDS/IP: a list takes effect as a whole, and what differs becomes work in an order that leaves nothing open. */
#include "tests/unit/test.h"

#include "ndsip/ns_files.h"
#include "ndsip/ns_list.h"

#define FILES 4u /* of this helper, and of the last one that had nothing left to end */

static struct ns_scs scs(uint32_t list, const char *name, const char *host, bool ike)
{
	struct ns_scs s = { .list = list, .known = true, .anchor = "anchor-a", .ike_n = ike, .hosts_n = 1 };

	snprintf(s.name, sizeof s.name, "%s", name);
	snprintf(s.identity, sizeof s.identity, "scs.%s.example", name);
	assert_int_equal(sa_address_read(&s.hosts[0], host, strlen(host)), 0);
	if (ike) {
		assert_int_equal(sa_address_read(&s.ike[0], "192.0.2.1", 9), 0);
	}
	return s;
}

/* Two anchors, whose files are as they are since these sets. */
static void use_files(struct ns_list *l, uint32_t set, uint32_t since_a, uint32_t since_b)
{
	static struct ns_files files = { .anchors = { { .name = "anchor-a" }, { .name = "anchor-b" } }, .anchors_n = 2 };

	files.anchors[0].since = since_a;
	files.anchors[1].since = since_b;
	ns_list_files(l, &files, set);
}

static void give(struct ns_list *l, uint32_t number, const struct ns_scs *p, uint32_t n)
{
	assert_int_equal(ns_list_begin(l, &(struct ns_begin){ number, n, FILES }), 0);
	for (uint32_t i = 0; i < n; i++) {
		struct ns_scs s = p[i];

		s.list = number;
		assert_int_equal(ns_list_put(l, &s), 0);
	}
	assert_int_equal(ns_list_end(l, &(struct ns_end){ number, n }), 0);
}

/* Takes the next piece of work, and holds it against what is expected. */
static struct ns_member *works(struct ns_list *l, const char *name, enum ns_todo expected)
{
	enum ns_todo what;
	struct ns_member *m = ns_list_work(l, &what);

	assert_non_null(m);
	assert_string_equal(m->scs.name, name);
	assert_int_equal(what, expected);
	return m;
}

static void idle(struct ns_list *l)
{
	enum ns_todo what;

	assert_null(ns_list_work(l, &what));
}

static void done(struct ns_list *l, const char *name, enum ns_todo expected)
{
	struct ns_member *m = works(l, name, expected);

	if (expected == NS_TODO_LOAD) {
		ns_list_loaded(l, m, NULL);
	}
	ns_list_done(l, m);
}

static void test_new_changed_and_removed(void **state)
{
	struct ns_scs two[] = { scs(0, "acme", "10.77.2.1", false), scs(0, "beta", "10.77.2.2", true) };
	struct ns_list l;

	(void)state;
	assert_int_equal(ns_list_init(&l), 0);
	use_files(&l, FILES, 1, 1);
	give(&l, 1, two, 2);
	assert_int_equal(l.n, 2);
	done(&l, "acme", NS_TODO_LOAD);
	done(&l, "beta", NS_TODO_LOAD);
	done(&l, "beta", NS_TODO_INITIATE); /* the other one calls us */
	idle(&l);
	assert_int_equal(l.loaded, 2);
	give(&l, 2, two, 2);
	idle(&l);
	two[0] = scs(0, "acme", "10.77.2.9", false);
	give(&l, 3, two, 2);
	done(&l, "acme", NS_TODO_LOAD);
	done(&l, "acme", NS_TODO_TERMINATE);
	idle(&l);
	assert_non_null(ns_list_of(&l, "mtc-acme"));
	give(&l, 4, two, 1);
	assert_non_null(ns_list_of(&l, "mtc-acme"));
	assert_null(ns_list_of(&l, "mtc-beta")); /* at once, whatever charon still has */
	assert_int_equal(l.n, 1);
	assert_int_equal(l.loaded, 1);
	done(&l, "beta", NS_TODO_UNLOAD); /* first, so that it cannot come again */
	done(&l, "beta", NS_TODO_TERMINATE);
	idle(&l);
	ns_list_fini(&l);
}

static void test_a_broken_list_changes_nothing(void **state)
{
	struct ns_scs one = scs(0, "acme", "10.77.2.1", false), other = scs(2, "beta", "10.77.2.2", false);
	struct ns_list l;

	(void)state;
	assert_int_equal(ns_list_init(&l), 0);
	use_files(&l, FILES, 1, 1);
	assert_int_equal(ns_list_put(&l, &other), ERR_PROTO);
	give(&l, 1, &one, 1);
	done(&l, "acme", NS_TODO_LOAD);
	assert_int_equal(ns_list_begin(&l, &(struct ns_begin){ 1, 0, FILES }), ERR_PROTO); /* not larger */
	assert_int_equal(ns_list_begin(&l, &(struct ns_begin){ 2, NS_LIST_MAX + 1, FILES }), ERR_PROTO);
	assert_int_equal(ns_list_begin(&l, &(struct ns_begin){ 2, 2, FILES }), 0);
	assert_int_equal(ns_list_put(&l, &other), 0);
	assert_null(ns_list_find(&l, "beta"));
	assert_int_equal(ns_list_end(&l, &(struct ns_end){ 2, 2 }), ERR_PROTO); /* one is missing */
	assert_int_equal(ns_list_begin(&l, &(struct ns_begin){ 2, 2, FILES }), 0);
	assert_int_equal(ns_list_put(&l, &other), 0);
	assert_int_equal(ns_list_put(&l, &other), ERR_PROTO); /* twice */
	assert_int_equal(ns_list_put(&l, &other), ERR_PROTO); /* and nothing is gathered any more */
	assert_int_equal(ns_list_begin(&l, &(struct ns_begin){ 2, 0, FILES }), 0);
	assert_int_equal(ns_list_put(&l, &other), ERR_PROTO); /* more than announced */
	assert_int_equal(ns_list_begin(&l, &(struct ns_begin){ 2, 1, FILES }), 0);
	other.list = 3;
	assert_int_equal(ns_list_put(&l, &other), ERR_PROTO);
	assert_non_null(ns_list_find(&l, "acme"));
	assert_null(ns_list_find(&l, "beta"));
	assert_int_equal(l.number, 1);
	assert_int_equal(l.n, 1);
	idle(&l);
	ns_list_new_core(&l);
	give(&l, 1, &one, 1); /* numbers begin anew */
	idle(&l);
	ns_list_fini(&l);
}

static void test_a_change_while_a_command_is_on_its_way(void **state)
{
	struct ns_scs one = scs(0, "acme", "10.77.2.1", false);
	struct ns_member *m;
	struct ns_list l;

	(void)state;
	assert_int_equal(ns_list_init(&l), 0);
	use_files(&l, FILES, 1, 1);
	give(&l, 1, &one, 1);
	m = works(&l, "acme", NS_TODO_LOAD);
	give(&l, 2, NULL, 0);
	idle(&l); /* one command about it at a time */
	ns_list_loaded(&l, m, NULL);
	assert_int_equal(l.loaded, 0);
	ns_list_done(&l, m);
	m = works(&l, "acme", NS_TODO_UNLOAD);
	ns_list_undone(&l, m, NS_TODO_UNLOAD); /* the socket broke */
	done(&l, "acme", NS_TODO_UNLOAD);
	m = works(&l, "acme", NS_TODO_TERMINATE);
	give(&l, 3, &one, 1); /* back before its end was done */
	ns_list_done(&l, m);
	assert_int_equal(l.n, 1);
	done(&l, "acme", NS_TODO_LOAD);
	done(&l, "acme", NS_TODO_TERMINATE);
	idle(&l);
	assert_int_equal(l.loaded, 1);
	ns_list_fini(&l);
}

static void test_urgent_work_comes_first(void **state)
{
	struct ns_scs two[] = { scs(0, "acme", "10.77.2.1", false), scs(0, "beta", "10.77.2.2", false) };
	struct ns_list l;

	(void)state;
	assert_int_equal(ns_list_init(&l), 0);
	use_files(&l, FILES, 1, 1);
	give(&l, 1, two, 2);
	ns_list_add_work(&l, ns_list_find(&l, "beta"), NS_TODO_TERMINATE);
	done(&l, "beta", NS_TODO_LOAD);
	done(&l, "beta", NS_TODO_TERMINATE);
	done(&l, "acme", NS_TODO_LOAD);
	idle(&l);
	ns_list_new_charon(&l);
	assert_int_equal(l.loaded, 0);
	done(&l, "acme", NS_TODO_LOAD);
	done(&l, "beta", NS_TODO_LOAD);
	ns_list_new_anchor(&l, "anchor-b");
	idle(&l);
	ns_list_new_anchor(&l, "anchor-a");
	done(&l, "acme", NS_TODO_LOAD);
	done(&l, "beta", NS_TODO_LOAD);
	done(&l, "acme", NS_TODO_TERMINATE);
	done(&l, "beta", NS_TODO_TERMINATE);
	ns_list_new_certificate(&l);
	done(&l, "acme", NS_TODO_LOAD);
	done(&l, "beta", NS_TODO_LOAD);
	idle(&l);
	ns_list_fini(&l);
}

/* charon outlives helpers: what it has of an SCS that nobody vouches for is ended, once. */
static void test_a_first_list_ends_what_is_not_known(void **state)
{
	struct ns_scs two[] = { scs(0, "acme", "10.77.2.1", true), scs(0, "beta", "10.77.2.2", false) };
	struct ns_list l;

	(void)state;
	two[0].known = false;
	assert_int_equal(ns_list_init(&l), 0);
	use_files(&l, FILES, 1, 1);
	give(&l, 1, two, 2);
	assert_true(ns_list_owes(&l));
	done(&l, "acme", NS_TODO_LOAD);
	works(&l, "acme", NS_TODO_TERMINATE);
	assert_true(ns_list_owes(&l)); /* it is on its way */
	ns_list_done(&l, ns_list_find(&l, "acme"));
	assert_false(ns_list_owes(&l));
	done(&l, "beta", NS_TODO_LOAD);
	done(&l, "acme", NS_TODO_INITIATE);
	idle(&l);
	give(&l, 2, two, 2); /* this helper knows it */
	idle(&l);
	ns_list_fini(&l);
}

/* The helper before had nothing left to end with the set FILES. */
static void test_only_another_anchor_keeps_what_was_proven(void **state)
{
	static const struct {
		uint32_t set, since_a, since_b;
		bool kept;
	} rows[] = {
		{ FILES, FILES, 1, true },
		{ FILES + 1, 1, 1, true },         /* a file that no anchor has */
		{ FILES + 1, 1, FILES + 1, true }, /* one of another anchor */
		{ FILES + 1, FILES + 1, 1, false },
		{ FILES + 2, FILES + 1, FILES + 2, false },
		{ FILES - 1, 1, 1, false }, /* a set of before that one: nothing is known */
		{ FILES, 0, 1, false },
		{ 0, 0, 0, false },
	};
	struct ns_scs one = scs(0, "acme", "10.77.2.1", false);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ns_list l;

		assert_int_equal(ns_list_init(&l), 0);
		use_files(&l, rows[i].set, rows[i].since_a, rows[i].since_b);
		give(&l, 1, &one, 1);
		done(&l, "acme", NS_TODO_LOAD);
		if (!rows[i].kept) {
			done(&l, "acme", NS_TODO_TERMINATE);
		}
		idle(&l);
		ns_list_fini(&l);
	}
}

static void test_an_anchor_without_files_keeps_nothing(void **state)
{
	struct ns_scs one = scs(0, "acme", "10.77.2.1", false);
	struct ns_list l;

	(void)state;
	snprintf(one.anchor, sizeof one.anchor, "anchor-c");
	assert_int_equal(ns_list_init(&l), 0);
	use_files(&l, FILES, 1, 1);
	give(&l, 1, &one, 1);
	done(&l, "acme", NS_TODO_LOAD);
	done(&l, "acme", NS_TODO_TERMINATE);
	idle(&l);
	ns_list_fini(&l);
}

static void test_what_an_earlier_helper_left(void **state)
{
	struct ns_scs one = scs(0, "acme", "10.77.2.1", false);
	struct ns_list l;

	(void)state;
	assert_int_equal(ns_list_init(&l), 0);
	use_files(&l, FILES, 1, 1);
	give(&l, 1, &one, 1);
	done(&l, "acme", NS_TODO_LOAD);
	ns_list_names_begin(&l);
	ns_list_name(&l, "mtc-acme");
	ns_list_name(&l, "site-to-site"); /* of the operator */
	ns_list_name(&l, "net-office");
	ns_list_name(&l, "mtc-");
	ns_list_names_end(&l);
	idle(&l);
	ns_list_names_begin(&l);
	ns_list_name(&l, "mtc-acme");
	ns_list_name(&l, "mtc-old");
	ns_list_names_end(&l);
	assert_null(ns_list_of(&l, "mtc-old"));
	assert_int_equal(l.n, 1);
	done(&l, "old", NS_TODO_UNLOAD);
	done(&l, "old", NS_TODO_TERMINATE);
	idle(&l);
	ns_list_fini(&l);
}

/* swanctl --load-conns unloads what is not in its files. */
static void test_what_somebody_else_unloaded_is_loaded_again(void **state)
{
	struct ns_scs two[] = { scs(0, "acme", "10.77.2.1", false), scs(0, "beta", "10.77.2.2", true) };
	struct ns_list l;

	(void)state;
	assert_int_equal(ns_list_init(&l), 0);
	use_files(&l, FILES, 1, 1);
	give(&l, 1, two, 2);
	done(&l, "acme", NS_TODO_LOAD);
	ns_list_names_begin(&l); /* beta is not loaded yet */
	ns_list_name(&l, "mtc-acme");
	ns_list_names_end(&l);
	done(&l, "beta", NS_TODO_LOAD);
	done(&l, "beta", NS_TODO_INITIATE);
	idle(&l);
	ns_list_names_begin(&l);
	ns_list_name(&l, "mtc-beta");
	ns_list_names_end(&l);
	assert_int_equal(l.loaded, 1);
	done(&l, "acme", NS_TODO_LOAD);
	idle(&l);
	assert_int_equal(l.loaded, 2);
	ns_list_fini(&l);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_changed_and_removed),
		cmocka_unit_test(test_a_broken_list_changes_nothing),
		cmocka_unit_test(test_a_change_while_a_command_is_on_its_way),
		cmocka_unit_test(test_urgent_work_comes_first),
		cmocka_unit_test(test_a_first_list_ends_what_is_not_known),
		cmocka_unit_test(test_only_another_anchor_keeps_what_was_proven),
		cmocka_unit_test(test_an_anchor_without_files_keeps_nothing),
		cmocka_unit_test(test_what_an_earlier_helper_left),
		cmocka_unit_test(test_what_somebody_else_unloaded_is_loaded_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
