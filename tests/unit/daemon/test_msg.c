/* Messages between the parent and its children have one size; descriptors arrive or are closed, never left over. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/dm_msg.h"

static void pair_new(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++) {
		n += fcntl(fd, F_GETFD) >= 0;
	}
	return n;
}

static void test_a_message_arrives_with_its_descriptors(void **state)
{
	struct dm_msg m = { .kind = DM_RING, .index = 3, .generation = 7, .value = 99 }, got;
	int pair[2], pipes[2], fds[DM_FDS_MAX];
	char c = 0;

	(void)state;
	pair_new(pair);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(dm_send(pair[0], &m, pipes, 2), 0);
	assert_int_equal(dm_recv(pair[1], &got, fds), 0);
	assert_int_equal(got.kind, DM_RING);
	assert_int_equal(got.generation, 7);
	assert_int_equal(got.value, 99);
	assert_true(fds[0] >= 0 && fds[1] >= 0);
	assert_int_equal(fds[2], -1);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	assert_int_equal(dm_recv(pair[1], &got, fds), ERR_AGAIN);
	close(pair[0]);
	assert_int_equal(dm_recv(pair[1], &got, fds), ERR_CLOSED);
	assert_int_equal(dm_send(pair[1], &m, NULL, 0), ERR_CLOSED);
	close(pair[1]);
}

static void test_another_size_is_refused_and_its_descriptors_are_closed(void **state)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char octets[sizeof(struct dm_msg) + 1] = { 1 };
	struct iovec iov = { octets, 0 };
	struct msghdr h = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space
	};
	struct dm_msg got;
	int pair[2], fds[DM_FDS_MAX], before;

	(void)state;
	pair_new(pair);
	before = open_fds();
	for (size_t n = 1; n <= sizeof octets; n += n == 1 ? sizeof(struct dm_msg) - 2 : 2) {
		int one = STDERR_FILENO;

		iov.iov_len = n;
		control.head =
		    (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof one) };
		memcpy(CMSG_DATA(&control.head), &one, sizeof one);
		assert_int_equal(sendmsg(pair[0], &h, 0), n);
		assert_int_equal(dm_recv(pair[1], &got, fds), ERR_PROTO);
		assert_int_equal(open_fds(), before);
	}
	close(pair[0]);
	close(pair[1]);
}

static void test_a_child_that_does_not_read_is_noticed(void **state)
{
	struct dm_msg m = { .kind = DM_LOG_LEVEL };
	int pair[2], err = 0;

	(void)state;
	pair_new(pair);
	for (int i = 0; i < 100000 && !err; i++) {
		err = dm_send(pair[0], &m, NULL, 0);
	}
	assert_int_equal(err, ERR_BUSY);
	close(pair[0]);
	close(pair[1]);
}

static void test_handed_over_memory_cannot_change_any_more(void **state)
{
	char got[8] = "";
	int fd;

	(void)state;
	assert_int_equal(dm_memfd(&fd, "test", "octets", 6), 0);
	assert_int_equal(pread(fd, got, 6, 0), 6);
	assert_string_equal(got, "octets");
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_arrives_with_its_descriptors),
		cmocka_unit_test(test_another_size_is_refused_and_its_descriptors_are_closed),
		cmocka_unit_test(test_a_child_that_does_not_read_is_noticed),
		cmocka_unit_test(test_handed_over_memory_cannot_change_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
