/* Questions that wait for the HSS: how many, of whom, and that each one has its answer. */
#include "tests/unit/test.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "console/csl_slow.h"

#define TAKEN_MAX 4

struct world {
	char dir[64];
	struct sockaddr_un at;
	int listener, taken[TAKEN_MAX];
	unsigned taken_n;
	struct csl_ask_conf ask;
	struct csl_slow *slow;
	sem_t done;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	str_set(w->dir, sizeof w->dir, "/tmp/test-slow-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->at.sun_family = AF_UNIX;
	snprintf(w->at.sun_path, sizeof w->at.sun_path, "%s/ctl.sock", w->dir);
	w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(w->listener, (const struct sockaddr *)&w->at, sizeof w->at), 0);
	assert_int_equal(listen(w->listener, TAKEN_MAX), 0);
	assert_int_equal(sem_init(&w->done, 0, 0), 0);
	w->ask = (struct csl_ask_conf){ w->at.sun_path, 60000, 65536 };
	assert_int_equal(csl_slow_new(&w->slow, &w->ask, 2, 1), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < w->taken_n; i++) {
		close(w->taken[i]);
	}
	close(w->listener);
	csl_slow_stop(w->slow);
	csl_slow_free(w->slow);
	sem_destroy(&w->done);
	unlink(w->at.sun_path);
	rmdir(w->dir);
	free(w);
	return 0;
}

static void on_done(void *arg)
{
	sem_post(&((struct world *)arg)->done);
}

static struct csl_slow_job job_of(struct world *w, const char *name)
{
	struct csl_slow_job j = { .command = "assoc.check", .args = json_pack("{s:b}", "ask_hss", 1), .done = on_done, .arg = w };

	str_set(j.person.name, sizeof j.person.name, name);
	j.person.role = CTL_ROLE_READ;
	return j;
}

/* The gateway has the question of this job. */
static int asked(struct world *w)
{
	char line[512];
	int fd = accept(w->listener, NULL, NULL);

	assert_true(fd >= 0);
	assert_true(recv(fd, line, sizeof line, 0) > 0);
	w->taken[w->taken_n++] = fd;
	return fd;
}

static void test_what_waits_for_the_hss(void **state)
{
	json_t *yes = json_pack("{s:b}", "ask_hss", 1), *no = json_pack("{s:b}", "ask_hss", 0);

	(void)state;
	assert_true(csl_slow_is("assoc.check", yes));
	assert_false(csl_slow_is("assoc.check", no));
	assert_false(csl_slow_is("assoc.list", yes));
	json_decref(yes);
	json_decref(no);
}

static void test_places_are_few_and_come_back(void **state)
{
	static const char reply[] = "{\"done\":true,\"ok\":true,\"allowed\":true}\n";
	struct world *w = *state;
	struct csl_slow_job a = job_of(w, "alice"), again = job_of(w, "alice"), b = job_of(w, "bob"), c = job_of(w, "carol");
	int fd;

	assert_int_equal(csl_slow_take(w->slow, &a), 0);
	csl_slow_ask(w->slow, &a);
	fd = asked(w);
	assert_int_equal(csl_slow_take(w->slow, &again), ERR_LIMIT);
	assert_int_equal(csl_slow_take(w->slow, &b), 0); /* a place counts before it is asked for */
	assert_int_equal(csl_slow_take(w->slow, &c), ERR_BUSY);
	assert_int_equal(send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL), sizeof reply - 1);
	assert_int_equal(sem_wait(&w->done), 0);
	assert_int_equal(a.err, 0);
	assert_non_null(strstr(a.text, "\"allowed\":true"));
	assert_null(a.args);
	free(a.text);
	assert_int_equal(csl_slow_take(w->slow, &again), 0);
	csl_slow_ask(w->slow, &again);
	csl_slow_ask(w->slow, &b);
	for (int i = 0; i < 2; i++) {
		fd = asked(w);
		shutdown(fd, SHUT_RDWR);
		assert_int_equal(sem_wait(&w->done), 0);
	}
	assert_int_equal(again.err, ERR_CLOSED);
	assert_int_equal(b.err, ERR_CLOSED);
	assert_non_null(strstr(b.why, "closed the control socket"));
	json_decref(c.args);
}

static void *stop(void *arg)
{
	csl_slow_stop(arg);
	return NULL;
}

/* The end waits for what has a place: nobody's connection rests for ever. */
static void test_the_end_answers_whoever_has_a_place(void **state)
{
	struct world *w = *state;
	struct csl_slow_job a = job_of(w, "alice"), b = job_of(w, "bob"), c = job_of(w, "carol");
	pthread_t ender;
	int fd;

	assert_int_equal(csl_slow_take(w->slow, &a), 0);
	csl_slow_ask(w->slow, &a);
	fd = asked(w);
	assert_int_equal(csl_slow_take(w->slow, &b), 0);
	assert_int_equal(pthread_create(&ender, NULL, stop, w->slow), 0);
	assert_int_equal(csl_slow_take(w->slow, &c), ERR_BUSY); /* all places are taken, or it ends */
	shutdown(w->listener, SHUT_RDWR);                       /* whether it is still asked or not, there is an answer */
	csl_slow_ask(w->slow, &b);
	shutdown(fd, SHUT_RDWR);
	assert_int_equal(sem_wait(&w->done), 0);
	assert_int_equal(sem_wait(&w->done), 0);
	assert_int_equal(pthread_join(ender, NULL), 0);
	assert_int_equal(csl_slow_take(w->slow, &c), ERR_BUSY);
	assert_int_equal(a.err, ERR_CLOSED);
	assert_true(b.err != 0);
	json_decref(c.args);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_waits_for_the_hss),
		cmocka_unit_test_setup_teardown(test_places_are_few_and_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_end_answers_whoever_has_a_place, setup, teardown),
	};

	return cmocka_run_group_tests_name("slow", tests, NULL, NULL);
}
