/* ctl_fake.c - the control server of the tests. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "ctl/ctl_internal.h"
#include "tests/unit/admin/ctl_fake.h"

#define ANSWERS_MAX 64

struct fake {
	struct ctl_request rq; /* first: a request is found by its address */
	struct ctl_answer answer;
	json_t *args;
};

static struct ctl_server servers[2]; /* the control socket, and that of who asks for a link */
static unsigned servers_n;
static struct fake *fakes[ANSWERS_MAX];
static size_t fakes_n;

static struct fake *fake_of(struct ctl_request *rq)
{
	return (struct fake *)(void *)rq;
}

static void answered(struct ctl_request *rq, bool ok)
{
	fake_of(rq)->answer.times++;
	fake_of(rq)->answer.ok = ok;
	assert_int_equal(fake_of(rq)->answer.times, 1);
}

int ctl_server_new(struct ctl_server **out, struct net_loop *loop, int listen_fd, const struct ctl_server_conf *conf)
{
	(void)loop;
	(void)listen_fd;
	(void)conf;
	assert_true(servers_n < 2);
	*out = &servers[servers_n++];
	(*out)->rows_n = 0;
	return 0;
}

void ctl_server_console(struct ctl_server *s, bool has_console, bool console_only, uid_t console_uid)
{
	s->conf.has_console = has_console;
	s->conf.console_only = console_only;
	s->conf.console_uid = console_uid;
}

void ctl_server_free(struct ctl_server *s)
{
	if (s) {
		s->rows_n = 0;
		servers_n--;
	}
}

int ctl_server_client(struct ctl_server *s, int fd, const char *about)
{
	(void)s;
	(void)fd;
	(void)about;
	return ERR_BUSY;
}

int ctl_server_add(struct ctl_server *s, const struct ctl_command *rows, void *arg)
{
	for (; rows->name; rows++) {
		s->rows[s->rows_n++] = (struct ctl_row){ rows, arg, ctl_reply_find(rows->name), false };
		if (!s->rows[s->rows_n - 1].reply && s == &servers[0]) {
			fail_msg("%s has no rows in ctl_reply_tables", rows->name);
		}
	}
	return 0;
}

static void check(const struct ctl_request *rq, const char *problem)
{
	if (problem) {
		fail_msg("the reply of %s: %s", rq->command->name, problem);
	}
}

void ctl_line(struct ctl_request *rq, json_t *row)
{
	char why[CTL_REPLY_WHY_MAX];

	assert_non_null(row);
	check(rq, ctl_reply_check_line(rq->row->reply, row, why));
	assert_int_equal(fake_of(rq)->answer.times, 0);
	json_array_append_new(fake_of(rq)->answer.rows, row);
}

void ctl_done(struct ctl_request *rq, json_t *more)
{
	char why[CTL_REPLY_WHY_MAX];

	check(rq, ctl_reply_check_last(rq->row->reply, more, why));
	fake_of(rq)->answer.last = more;
	answered(rq, true);
}

void ctl_fail(struct ctl_request *rq, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake_of(rq)->answer.error, sizeof fake_of(rq)->answer.error, fmt, ap);
	va_end(ap);
	answered(rq, false);
}

void ctl_refuse(struct ctl_request *rq, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake_of(rq)->answer.error, sizeof fake_of(rq)->answer.error, fmt, ap);
	va_end(ap);
	answered(rq, false);
}

void ctl_each(struct ctl_request *rq, ctl_next_fn *next, ctl_end_fn *end, void *arg)
{
	char why[CTL_REPLY_WHY_MAX];
	int more = 1;

	for (int turns = 0; more == 1 && turns < 1000; turns++) {
		more = next(arg, rq);
	}
	assert_int_equal(more, 0);
	end(arg);
	check(rq, ctl_reply_check_last(rq->row->reply, fake_of(rq)->answer.last, why));
	answered(rq, true);
}

void ctl_each_last(struct ctl_request *rq, json_t *more)
{
	fake_of(rq)->answer.last = more;
}

const struct ctl_caller *ctl_caller(const struct ctl_request *rq)
{
	return &rq->caller;
}

size_t ctl_fake_waiting;

size_t ctl_waiting(const struct ctl_request *rq)
{
	(void)rq;
	return ctl_fake_waiting;
}

size_t ctl_waiting_max(const struct ctl_request *rq)
{
	(void)rq;
	return CTL_FAKE_WAITING_MAX;
}

const char *ctl_about(const struct ctl_request *rq)
{
	(void)rq;
	return "";
}

bool ctl_alive(const struct ctl_request *rq)
{
	(void)rq;
	return true;
}

int ctl_take_fd(struct ctl_request *rq)
{
	(void)rq;
	return -1;
}

void ctl_note(struct ctl_request *rq, const char *fmt, ...)
{
	(void)rq;
	(void)fmt;
}

struct ctl_answer *ctl_fake_run(const char *command, const char *args)
{
	const struct ctl_server *server = &servers[0];
	struct ctl_row *row = servers[0].rows;
	struct fake *f = calloc(1, sizeof *f);
	const char *wrong;
	char why[256];

	while (row < server->rows + server->rows_n && strcmp(row->command->name, command) != 0) {
		row++;
	}
	assert_true(row < server->rows + server->rows_n);
	assert_true(fakes_n < ANSWERS_MAX);
	fakes[fakes_n++] = f;
	f->args = json_loads(args, 0, NULL);
	assert_non_null(f->args);
	wrong = ctl_args_check(row->command->args, f->args, why, sizeof why);
	if (wrong) {
		fail_msg("%s: %s", command, wrong);
	}
	f->rq.command = row->command;
	f->rq.row = row;
	f->rq.caller.uid = 4711;
	f->answer.rows = json_array();
	row->command->handler(row->arg, &f->rq, f->args);
	return &f->answer;
}

void ctl_fake_free(void)
{
	for (size_t i = 0; i < fakes_n; i++) {
		assert_int_equal(fakes[i]->answer.times, 1);
		json_decref(fakes[i]->answer.rows);
		json_decref(fakes[i]->answer.last);
		json_decref(fakes[i]->args);
		free(fakes[i]);
	}
	fakes_n = 0;
}
