/* Which sets of files the keyholders have and the edges use, from the parent's places. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/dm_back.h"
#include "daemon/dm_parent_int.h"
#include "daemon/dm_set.h"

static struct dm_parent parent;
static struct dm_set newest;

static void place(struct dm_child *c, enum dm_role role, pid_t pid, uint32_t sent, uint32_t taken)
{
	dm_child_init(c, &parent, role);
	c->pid = pid;
	c->set_sent = sent;
	c->set_taken = taken;
	dm_child_set(c, DM_CHILD_STARTING);
	if (taken) {
		dm_child_set(c, DM_CHILD_READY);
	}
}

static int setup(void **state)
{
	(void)state;
	parent = (struct dm_parent){ .set = &newest, .edges_n = 2, .holders_n = 1 };
	newest.generation = 2;
	log_init(&parent.log, -1, LOG_LEVEL_ERROR, "test");
	dm_child_init(&parent.core, &parent, DM_CORE);
	place(&parent.edges[0], DM_EDGE, 10, 1, 1);
	place(&parent.edges[1], DM_EDGE, 11, 2, 2);
	place(&parent.holders[0], DM_HOLDER, 12, 1, 1);
	return 0;
}

static void test_an_edge_waits_for_a_keyholder_that_starts_with_an_older_set(void **state)
{
	struct dm_child *holder = &parent.holders[0];

	(void)state;
	assert_false(dm_holders_have(&parent, 2)); /* it was not offered */
	holder->set_sent = 2;
	assert_false(dm_holders_have(&parent, 2)); /* it did not answer */
	holder->set_taken = 2;
	assert_true(dm_holders_have(&parent, 2));
	place(holder, DM_HOLDER, 13, 1, 0); /* it was started before the reload, and is not ready */
	assert_false(dm_holders_have(&parent, 2));
	assert_true(dm_holders_have(&parent, 1));
	place(holder, DM_HOLDER, 14, 2, 0); /* started after it */
	assert_true(dm_holders_have(&parent, 2));
	holder->pid = 0; /* the next one will be */
	assert_true(dm_holders_have(&parent, 2));
}

static void test_the_oldest_set_is_that_of_the_edge_that_is_most_behind(void **state)
{
	uint32_t set = 0;

	(void)state;
	newest.generation = 4;
	parent.edges[1].set_sent = parent.edges[1].set_taken = 4;
	parent.edges[0].set_sent = 3; /* not taken yet: it uses the one before */
	assert_ptr_equal(dm_holders_oldest(&parent, &set), &parent.edges[0]);
	assert_int_equal(set, 1);
	parent.edges[0].set_taken = 3;
	assert_ptr_equal(dm_holders_oldest(&parent, &set), &parent.edges[0]);
	assert_int_equal(set, 3);
	place(&parent.edges[1], DM_EDGE, 15, 2, 0); /* one that starts */
	assert_ptr_equal(dm_holders_oldest(&parent, &set), &parent.edges[1]);
	assert_int_equal(set, 2);
	parent.edges[1].pid = 0;
	parent.edges[0].set_sent = parent.edges[0].set_taken = 4;
	assert_null(dm_holders_oldest(&parent, &set));
	assert_int_equal(set, 4);
	parent.edges[0].set_sent = parent.edges[0].set_taken = 3;
	dm_child_set(&parent.edges[0], DM_CHILD_KILLED);
	assert_null(dm_holders_oldest(&parent, &set)); /* it ends, and asks for no signature */
	assert_int_equal(set, 4);
}

static struct dm_set *a_set(uint32_t generation)
{
	struct dm_set *s = calloc(1, sizeof *s);

	assert_non_null(s);
	s->generation = generation;
	for (unsigned i = 0; i < DM_PARTS; i++) {
		s->fd[i] = -1;
	}
	return s;
}

static uint32_t set_for(const struct dm_child *c)
{
	return dm_holders_set_for(c)->generation;
}

static void test_an_edge_that_starts_early_gets_the_set_that_the_keyholders_have(void **state)
{
	struct dm_child *holder = &parent.holders[0], *edge = &parent.edges[1];

	(void)state;
	parent.set = a_set(1);
	dm_holders_renew(&parent, a_set(2)); /* the keyholder has the first */
	assert_int_equal(set_for(edge), 1);
	assert_int_equal(set_for(&parent.core), 2);
	assert_int_equal(set_for(holder), 2);
	holder->set_sent = 2; /* it does not answer yet */
	dm_holders_forget(&parent);
	assert_int_equal(set_for(edge), 1);
	dm_holders_renew(&parent, a_set(3));
	assert_int_equal(set_for(edge), 1); /* it never had the second */
	holder->set_taken = 2;
	assert_int_equal(set_for(edge), 1);
	holder->set_sent = holder->set_taken = 3;
	assert_int_equal(set_for(edge), 3);
	dm_holders_forget(&parent);
	assert_null(parent.set_signed);
	dm_holders_renew(&parent, a_set(4));
	assert_int_equal(set_for(edge), 3);
	for (uint32_t generation = 5; generation < 11; generation++) {
		dm_holders_renew(&parent, a_set(generation));
		assert_int_equal(set_for(edge), 3);
	}
	dm_holders_renew(&parent, a_set(11)); /* the bound of sets that are kept */
	assert_int_equal(set_for(edge), 11);
	dm_set_free(parent.set);
	assert_null(parent.set_signed);
}

/* Else an edge that was taken over keeps an old set for ever, and with it the reloads of all
 * others. */
static void test_a_set_that_is_not_answered_in_time_is_noticed(void **state)
{
	const uint64_t limit_ms = 1000, look_ms = dm_hang_look_ms(limit_ms);
	struct dm_child *edge = &parent.edges[0];
	unsigned looks = 1;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		assert_false(dm_set_unanswered(edge, look_ms, limit_ms)); /* it was asked nothing */
	}
	edge->set_sent = 2;
	assert_false(dm_set_unanswered(edge, look_ms, limit_ms));
	assert_false(dm_set_unanswered(edge, 3600 * 1000, limit_ms)); /* the parent itself did not run */
	while (!dm_set_unanswered(edge, look_ms, limit_ms)) {
		assert_true(++looks <= DM_HANG_LOOKS);
	}
	assert_true(looks >= DM_HANG_LOOKS / 2);
	assert_false(dm_set_unanswered(edge, look_ms, limit_ms)); /* one that is excused is told of again as late */
	edge->set_taken = 2;
	assert_false(dm_set_unanswered(edge, look_ms, limit_ms));
	edge->set_sent = 3; /* each set has the whole time */
	for (unsigned i = 0; i < DM_HANG_LOOKS - 1; i++) {
		assert_false(dm_set_unanswered(edge, look_ms, limit_ms));
	}
}

/* The far ends of what the parent says. */
static void with_sockets(struct dm_child *c, int *far)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	c->sock = pair[0];
	*far = pair[1];
}

static void test_an_edge_loses_the_key_of_a_place_that_is_another_edges_now(void **state)
{
	struct cfg_iwf *cfg = calloc(1, sizeof *cfg);
	struct dm_child *edge = &parent.edges[0], *holder = &parent.holders[0];
	struct dm_pair *pair = &edge->pairs[KH_FILES];
	int far[2];

	(void)state;
	assert_non_null(cfg);
	cfg->listen_n = 2;
	cfg->listen[0] = (struct cfg_listen){ .zone = ZONE_EXTERNAL, .protection = PROTECTION_TLS };
	cfg->listen[1] = (struct cfg_listen){ .zone = ZONE_EXTERNAL, .protection = PROTECTION_TLS };
	parent.cfg = cfg;
	edge->zone = ZONE_EXTERNAL;
	assert_int_equal(net_loop_new(&parent.loop), 0);
	with_sockets(edge, &far[0]);
	with_sockets(holder, &far[1]);
	dm_holders_keys(edge);
	assert_int_equal(pair->keys, 3);
	assert_int_equal(pair->number, 1);
	cfg->listen[0].gone_ms = 1;
	dm_holders_keys(edge);
	assert_int_equal(pair->number, 1); /* nobody has that key: handshakes go on */
	cfg->listen[0].gone_ms = 0;
	cfg->listen[0].zone = ZONE_INTERNAL;
	dm_holders_keys(edge);
	assert_int_equal(pair->number, 2);
	assert_int_equal(pair->keys, 2);
	cfg->listen[1].zone = ZONE_INTERNAL;
	dm_holders_keys(edge);
	assert_int_equal(pair->keys, 0);
	for (int i = 0; i < 2; i++) {
		close(far[i]);
	}
	close(edge->sock);
	close(holder->sock);
	edge->sock = holder->sock = -1;
	net_loop_free(parent.loop);
	parent.loop = NULL;
	parent.cfg = NULL;
	free(cfg);
}

/* What is kept for the way back of a reload has room for a gateway with all of them. */
static void test_every_child_has_a_place(void **state)
{
	struct dm_parent *all = calloc(1, sizeof *all);
	struct dm_back back;

	(void)state;
	assert_non_null(all);
	all->edges_n = DM_EDGES_MAX;
	all->holders_n = KH_KINDS;
	all->ndsip_n = all->fetcher_n = all->metrics_n = 1;
	assert_int_equal(dm_children(all), DM_CHILDREN_MAX);
	assert_int_equal(dm_children(all), sizeof back.children / sizeof *back.children);
	for (uint32_t i = 0; i < dm_children(all); i++) {
		for (uint32_t k = 0; k < i; k++) {
			assert_ptr_not_equal(dm_child_at(all, i), dm_child_at(all, k));
		}
	}
	free(all);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_an_edge_waits_for_a_keyholder_that_starts_with_an_older_set, setup),
		cmocka_unit_test_setup(test_the_oldest_set_is_that_of_the_edge_that_is_most_behind, setup),
		cmocka_unit_test_setup(test_an_edge_that_starts_early_gets_the_set_that_the_keyholders_have, setup),
		cmocka_unit_test_setup(test_an_edge_loses_the_key_of_a_place_that_is_another_edges_now, setup),
		cmocka_unit_test(test_every_child_has_a_place),
		cmocka_unit_test_setup(test_a_set_that_is_not_answered_in_time_is_noticed, setup),
	};

	return cmocka_run_group_tests_name("holders", tests, NULL, NULL);
}
