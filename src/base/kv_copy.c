/* kv_copy.c - a thread that writes, a pair of sockets, and the end of both. */
#include "base/kv_copy.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/kv.h"
#include "base/obj.h"
#include "base/thread.h"

#define KV_COPY_MAGIC 0xa21568ebu
struct kv_copy {
	struct obj obj;
	MDB_env *env;
	int in, out; /* LMDB writes to `in` */
	uint64_t size;
	pthread_t thread;
	atomic_bool cut;
	int rc; /* of LMDB; the thread's until it ends */
};

static void *write_all(void *arg)
{
	struct kv_copy *c = OBJ_OF(arg, struct kv_copy, KV_COPY_MAGIC);

	c->rc = mdb_env_copyfd2(c->env, c->in, MDB_CP_COMPACT);
	(void)shutdown(c->in, SHUT_WR);
	return NULL;
}

int kv_copy_begin(struct kv_copy **out, const struct kv *k)
{
	struct kv_copy *c = calloc(1, sizeof *c);
	MDB_envinfo info;
	MDB_stat stat;
	int pair[2];

	if (!c) {
		return ERR_NOMEM;
	}
	obj_begin(&c->obj, KV_COPY_MAGIC);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		goto free_copy;
	}
	mdb_env_info(k->env, &info);
	mdb_env_stat(k->env, &stat);
	c->env = k->env;
	c->size = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
	c->in = pair[0];
	c->out = pair[1];
	atomic_init(&c->cut, false);
	if (!thread_start(&c->thread, write_all, c)) {
		*out = c;
		return 0;
	}
	close(pair[0]);
	close(pair[1]);
free_copy:
	free(c);
	return ERR_NOMEM;
}

uint64_t kv_copy_size(const struct kv_copy *c)
{
	return c->size;
}

ssize_t kv_copy_read(struct kv_copy *c, void *p, size_t n)
{
	ssize_t k;

	do {
		k = recv(c->out, p, n, 0);
	} while (k < 0 && errno == EINTR && !atomic_load(&c->cut));
	return k < 0 ? ERR_IO : k;
}

void kv_copy_cut(struct kv_copy *c)
{
	atomic_store(&c->cut, true);
	(void)shutdown(c->out, SHUT_RDWR);
}

static int result(const struct kv_copy *c, bool left)
{
	if (atomic_load(&c->cut) || left || c->rc == EPIPE) {
		return ERR_CLOSED;
	}
	return c->rc ? kv_err(c->rc) : 0;
}

int kv_copy_end(struct kv_copy *c)
{
	uint8_t octet;
	/* true: octets are unread, or the end has not come */
	bool left = recv(c->out, &octet, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
	int err;

	(void)shutdown(c->out, SHUT_RDWR);
	pthread_join(c->thread, NULL);
	err = result(c, left);
	OBJ_END(c, KV_COPY_MAGIC);
	close(c->in);
	close(c->out);
	free(c);
	return err;
}
