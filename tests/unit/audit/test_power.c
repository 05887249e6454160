/* What a power cut leaves of an audit: a program of its own, because it takes the place of fdatasync(). */
#include "tests/unit/audit/audit_world.h"

#define FIRST "records/00000000000000000000.jsonl"

/* Octets of the file of records that are on the disk for certain. */
static off_t synced;

int fdatasync(int fd)
{
	char link[64], path[256];
	ssize_t n;
	struct stat st;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n < 0 ? 0 : n] = 0;
	if (strstr(path, FIRST) && fstat(fd, &st) == 0) {
		synced = st.st_size;
	}
	return fsync(fd);
}

/* The end of the process, and of what was not synced. */
static void power_cut(struct world *w)
{
	char command[300];
	off_t durable = synced;
	size_t len;
	char *p;

	snprintf(command, sizeof command, "cp -a %s %s.cut", w->dir, w->dir);
	assert_int_equal(system(command), 0);
	close_audit(w);
	snprintf(command, sizeof command, "rm -rf %s && mv %s.cut %s", w->dir, w->dir, w->dir);
	assert_int_equal(system(command), 0);
	p = file_of(w, FIRST, &len);
	assert_in_range(durable, 1, len - 1);
	put_file(w, FIRST, p, (size_t)durable);
	free(p);
}

/* A keyholder that comes gets a checkpoint to sign at once, between two seals. */
static void test_what_a_checkpoint_covers_is_on_the_disk(void **state)
{
	struct world *w = *state;
	struct aud_view v;

	w->segment_size = 1 << 20;
	open_audit(w);
	give(w, 0, 10);
	aud_store_work(w->store, false);
	holder_end(w);
	holder_begin(w);
	give(w, 10, 10);
	aud_store_work(w->store, false);
	aud_store_view(w->store, &v);
	assert_int_equal(v.checkpoint, 21);
	give(w, 20, 10);
	aud_store_work(w->store, false);
	power_cut(w);
	open_audit(w);
	aud_store_view(w->store, &v);
	assert_string_equal(v.broken ? v.why : "", "");
	close_audit(w);
	assert_int_equal(verify(w, NULL), 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_a_checkpoint_covers_is_on_the_disk, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
