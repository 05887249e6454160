/* An import whose file hangs is left behind: its thread comes back later and must find the store closed to it. */
#include "tests/unit/admin/adm_play.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <unistd.h>

#include "admin/adm_import_int.h"

/* A file with these rows, and an import of it. `im` stays NULL: a call of the store ends the test by abort(). */
static void open_import(struct adm_import *g, struct play *p, const char *rows)
{
	const char *why = NULL;
	int fd = memfd_create("rows", MFD_CLOEXEC);

	*g = (struct adm_import){ .adm = p->adm, .cfg = p->adm->cfg, .format = EXC_DETECT };
	obj_begin(&g->obj, ADM_IMPORT_MAGIC);
	g->conf.kind = ASC_KIND_SET;
	pthread_mutex_init(&g->in_store, NULL);
	assert_int_equal(write(fd, rows, strlen(rows)), strlen(rows));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(net_feed_open(&g->feed, fd, false, 1000, &why), 0);
}

static void close_import(struct adm_import *g)
{
	pthread_mutex_destroy(&g->in_store);
	net_feed_close(&g->feed);
}

static void test_a_thread_that_comes_back_late_does_not_reach_the_store(void **state)
{
	static const char *const files[] = { "set,device\nfleet,m1@a.example\n", "set,device\n" }; /* rows; only the build */
	struct adm_import g;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		open_import(&g, *state, files[i]);
		adm_import_leave(&g);
		adm_import_run(&g);
		assert_int_equal(g.err, ERR_CLOSED);
		assert_int_equal(atomic_load(&g.taken), 0);
		close_import(&g);
	}
}

struct inside {
	struct adm_import *g;
	sem_t began;
	bool returned;
};

static void *in_the_store(void *arg)
{
	struct inside *in = arg;

	pthread_mutex_lock(&in->g->in_store);
	sem_post(&in->began);
	for (unsigned i = 0; i < 200; i++) {
		sched_yield();
	}
	in->returned = true;
	pthread_mutex_unlock(&in->g->in_store);
	return NULL;
}

static void test_leaving_waits_for_a_call_of_the_store(void **state)
{
	struct inside in = { .returned = false };
	struct adm_import g;
	pthread_t thread;

	open_import(&g, *state, "");
	in.g = &g;
	assert_int_equal(sem_init(&in.began, 0, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, in_the_store, &in), 0);
	assert_int_equal(sem_wait(&in.began), 0);
	adm_import_leave(&g);
	assert_true(in.returned);
	assert_true(g.left);
	assert_int_equal(pthread_join(thread, NULL), 0);
	sem_destroy(&in.began);
	close_import(&g);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_thread_that_comes_back_late_does_not_reach_the_store, play_start,
						play_end),
		cmocka_unit_test_setup_teardown(test_leaving_waits_for_a_call_of_the_store, play_start, play_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
