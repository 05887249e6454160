/* fuzz_parent.c - the promises of what parent and children hand each other: a message is taken
 * whole or not at all, no descriptor stays open that nobody was given, and a part of the files
 * never shows octets beyond its memory. The first octet of a dm-message is the number of
 * descriptors that come along. */
#include <dirent.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/dm_crl_numbers.h"
#include "daemon/dm_msg.h"
#include "daemon/dm_part.h"
#include "tests/fuzz/fuzz.h"

#define FDS_MAX 8u

static unsigned open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	promise(d != NULL, "the list of descriptors");
	while (readdir(d)) {
		n++;
	}
	closedir(d);
	return n;
}

static void send_raw(int sock, const uint8_t *p, size_t n, unsigned fds_n)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * FDS_MAX)];
		struct cmsghdr align;
	} control = { .space = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[FDS_MAX];

	if (fds_n) {
		struct cmsghdr *c;

		h.msg_control = control.space;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * fds_n);
		c = CMSG_FIRSTHDR(&h);
		*c = (struct cmsghdr){ CMSG_LEN(sizeof(int) * fds_n), SOL_SOCKET, SCM_RIGHTS };
		for (unsigned i = 0; i < fds_n; i++) {
			fds[i] = STDERR_FILENO;
		}
		memcpy(CMSG_DATA(c), fds, sizeof(int) * fds_n);
	}
	promise(sendmsg(sock, &h, MSG_NOSIGNAL) == (ssize_t)n, "a message can be sent");
}

static void close_all(const int fds[DM_FDS_MAX])
{
	for (int i = 0; i < DM_FDS_MAX; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
}

static unsigned count(const int fds[DM_FDS_MAX])
{
	unsigned n = 0;

	for (int i = 0; i < DM_FDS_MAX; i++) {
		n += fds[i] >= 0;
	}
	return n;
}

static void fuzz_message(const char *target, const uint8_t *data, size_t size)
{
	int ends[2], fds[DM_FDS_MAX], more[DM_FDS_MAX], err;
	unsigned before = open_descriptors(), fds_n;
	struct dm_msg m, again;

	(void)target;
	if (size < 1 || size > 4096) {
		return;
	}
	fds_n = data[0] % (FDS_MAX + 1);
	promise(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), "a socket pair");
	send_raw(ends[0], data + 1, size - 1, fds_n);
	err = dm_recv(ends[1], &m, fds);
	if (err) {
		promise(err == ERR_PROTO || err == ERR_CLOSED, "a message that is not taken is wrong, or the end");
	} else {
		promise(size - 1 == sizeof m && !memcmp(&m, data + 1, sizeof m) && count(fds) == fds_n,
			"what is taken is what was sent");
		promise(!dm_send(ends[0], &m, fds, (int)fds_n) && !dm_recv(ends[1], &again, more),
			"what is taken can be sent on");
		promise(!memcmp(&m, &again, sizeof m) && count(more) == fds_n, "what is sent on is the same");
		close_all(fds);
		close_all(more);
	}
	close(ends[0]);
	close(ends[1]);
	promise(open_descriptors() == before, "a descriptor belongs to somebody");
}

/* The octets are those of a sealed memory, as the parent hands it over. */
static void fuzz_part(const char *target, const uint8_t *data, size_t size)
{
	struct dm_part part;
	int fd;

	(void)target;
	promise(!dm_memfd(&fd, "fuzz", data, size), "a memory");
	if (!dm_part_open(&part, fd)) {
		promise(part.len == size, "a part is as long as its memory");
		(void)dm_part_generation(&part);
		for (uint32_t what = 0; what <= DM_ENDS + 1u; what++) {
			for (size_t i = 0; i < CFG_ANCHORS_MAX + 2u; i++) {
				struct tls_pem f = dm_part_find(&part, (enum dm_file)what, i);
				const uint8_t *p = f.p;

				promise(!p || (p >= part.map && f.len <= (size_t)(part.map + part.len - p)),
					"a file lies in its part");
			}
		}
		dm_part_close(&part);
	}
	close(fd);
}

/* The octets are the file of numbers that a start finds. */
static void fuzz_crl_numbers(const char *target, const uint8_t *data, size_t size)
{
	static struct dm_crl_numbers k, again;
	static char text[DM_CRL_NUMBERS_TEXT_MAX];
	size_t len;

	(void)target;
	if (dm_crl_numbers_parse(&k, (const char *)data, size)) {
		return;
	}
	len = dm_crl_numbers_text(text, &k);
	promise(len == size && !memcmp(text, data, size), "what is taken is written as the same");
	for (size_t i = 0; i < k.n; i++) {
		again = k;
		promise(!dm_crl_numbers_used(&again, k.row[i].issuer_id, "0") && again.n == k.n, "a number never falls");
		promise(!strcmp(dm_crl_numbers_of(&again, k.row[i].issuer_id), k.row[i].number), "and stays that of its CA");
	}
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "dm-message")    ? fuzz_message
	       : !strcmp(target, "dm-part")     ? fuzz_part
	       : !strcmp(target, "crl-numbers") ? fuzz_crl_numbers
						: NULL;
}
