/* csl_login.c - the loop accepts, a thread hands over. Everybody of this machine may connect: so
 * those who wait are bounded, of one user too, and mtc-iwfd is asked so often a second only. */
#include "console/csl_login.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/str.h"
#include "console/csl_lines.h"
#include "net/net_tcp.h"

#define WAITING_MAX 64     /* who connected and are not handed over yet */
#define USER_WAITING_MAX 4 /* of them of one user */
#define PAUSE_MS 20        /* between two */
#define URL_MAX 256

struct client {
	int fd; /* owned */
	uid_t uid;
};

#define CSL_LOGIN_MAGIC 0x6be21f98u
struct csl_login {
	struct obj obj;
	struct csl_login_conf conf;
	struct net_listener *listener;
	pthread_t thread;
	bool has_thread;
	struct csl_lines refused;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t wake;
	bool stop;
	struct client waiting[WAITING_MAX]; /* the oldest first */
	size_t n;
};

/* Takes fd; says why it is closed. What does not fit into the socket's buffer is not worth waiting
 * for. */
static void turn_away(int fd, const char *error)
{
	json_t *row = json_pack("{s:b, s:b, s:s}", "done", 1, "ok", 0, "error", error);
	char *text = row ? json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(row);
	if (text) {
		size_t n = strlen(text);

		text[n++] = '\n'; /* in place of the NUL */
		err_ignore(send(fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL), "it is gone, and turned away either way");
	}
	free(text);
	close(fd);
}

/* -- the thread */

static int on_row(void *arg, const json_t *row)
{
	(void)arg;
	(void)row;
	return 0;
}

/* Takes client->fd. */
static void hand_over(struct csl_login *l, const struct client *client)
{
	char mark[CSL_SECRET_MAX], url[URL_MAX], why[CTL_CLIENT_WHY_MAX] = "out of memory";
	int err = csl_door_mark(l->conf.door, client->uid, mark);
	json_t *args;
	unsigned n;

	if (err) {
		turn_away(client->fd, err == ERR_BUSY
					  ? "too many links are open (limits.links): use one, or wait until their time is over"
					  : err_str(err));
		return;
	}
	snprintf(url, sizeof url, "%s%s", l->conf.url, mark);
	args = json_pack("{s:s, s:I}", "url", url, "seconds", (json_int_t)(l->conf.link_ms / 1000));
	err = args ? csl_ask(l->conf.ask, NULL, "console.client", args, client->fd, on_row, NULL, why) : ERR_NOMEM;
	json_decref(args);
	if (!err) {
		close(client->fd); /* mtc-iwfd has its own */
		return;
	}
	err_ignore(csl_door_use(l->conf.door, mark), "it was made a moment ago");
	if (csl_lines_take(&l->refused, &n)) {
		log_info(l->conf.log, "login", "uid %u got no link (%u so far got none): %s", (unsigned)client->uid, n, why);
	}
	turn_away(client->fd, !strncmp(why, "console.client: ", 16) ? why + 16 : why);
}

/* The next one, or false at the end. */
static bool next(struct csl_login *l, struct client *out)
{
	bool found;

	pthread_mutex_lock(&l->lock);
	while (!l->stop && !l->n) {
		pthread_cond_wait(&l->wake, &l->lock);
	}
	found = !l->stop;
	if (found) {
		*out = l->waiting[0];
		memmove(&l->waiting[0], &l->waiting[1], --l->n * sizeof *l->waiting);
	}
	pthread_mutex_unlock(&l->lock);
	return found;
}

static void *work(void *arg)
{
	struct csl_login *l = OBJ_OF(arg, struct csl_login, CSL_LOGIN_MAGIC);
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	struct client client;

	while (next(l, &client)) {
		hand_over(l, &client);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* -- the loop */

/* NULL: it waits now. */
static const char *enqueue(struct csl_login *l, const struct client *client)
{
	const char *problem = NULL;
	size_t own = 0;

	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < l->n; i++) {
		own += l->waiting[i].uid == client->uid;
	}
	if (l->n == WAITING_MAX || own >= USER_WAITING_MAX) {
		problem = own >= USER_WAITING_MAX ? "too many clients of this user; try again" : "too many clients; try again";
	} else {
		l->waiting[l->n++] = *client;
		pthread_cond_signal(&l->wake);
	}
	pthread_mutex_unlock(&l->lock);
	return problem;
}

static void on_accept(void *arg, int fd, const char *peer)
{
	struct csl_login *l = OBJ_OF(arg, struct csl_login, CSL_LOGIN_MAGIC);
	struct ucred cred;
	socklen_t len = sizeof cred;
	const char *problem;

	(void)peer;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		close(fd);
		return;
	}
	problem = enqueue(l, &(struct client){ fd, cred.uid });
	if (problem) { /* anybody could fill the log */
		log_debug(l->conf.log, "login", "uid %u was turned away: %s", (unsigned)cred.uid, problem);
		turn_away(fd, problem);
	}
}

int csl_login_new(struct csl_login **out, struct net_loop *loop, const struct csl_login_conf *conf)
{
	struct csl_login *l = calloc(1, sizeof *l);
	int err;

	if (!l) {
		return ERR_NOMEM;
	}
	obj_begin(&l->obj, CSL_LOGIN_MAGIC);
	l->conf = *conf;
	l->refused.what = "users got no link";
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->wake, NULL);
	err = pthread_create(&l->thread, NULL, work, l) ? ERR_NOMEM : 0;
	l->has_thread = !err;
	if (!err) {
		err = net_listener_new(&l->listener, loop, conf->fd, on_accept, l);
	}
	if (err) {
		csl_login_free(l);
		return err;
	}
	*out = l;
	return 0;
}

void csl_login_look(struct csl_login *l)
{
	OBJ_CHECK(l, CSL_LOGIN_MAGIC);
	csl_lines_look(&l->refused, l->conf.log);
}

void csl_login_free(struct csl_login *l)
{
	if (!l) {
		return;
	}
	OBJ_CHECK(l, CSL_LOGIN_MAGIC);
	net_listener_free(l->listener);
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
	if (l->has_thread) {
		pthread_join(l->thread, NULL);
	}
	for (size_t i = 0; i < l->n; i++) {
		turn_away(l->waiting[i].fd, "the console ends");
	}
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
	OBJ_END(l, CSL_LOGIN_MAGIC);
	free(l);
}
