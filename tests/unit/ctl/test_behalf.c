/* Who may ask on behalf of a person, and what that person's role allows: over a socketpair. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/ctl_server.h"
#include "net/net_loop.h"

#define TURNS_MAX 5000

struct room {
	struct net_loop *loop;
	struct net_timer *tick;
	struct ctl_server *server;
	struct log log;
	struct st_counters counters;
	int fd, log_fd;
	char got[4096];
	size_t len;
	unsigned turns, handled;
	char who[CTL_CALLER_MAX]; /* of the last change, as the decision log has it */
};

static void h_count(void *arg, struct ctl_request *rq, const json_t *args)
{
	(void)args;
	((struct room *)arg)->handled++;
	ctl_done(rq, NULL);
}

static void on_changed(void *arg, const struct ctl_caller *caller, const char *command, const json_t *args)
{
	(void)command;
	(void)args;
	ctl_caller_text(((struct room *)arg)->who, caller);
}

static const struct ctl_command rows[] = {
	{ "peers", "reads", NULL, false, h_count },
	{ "peers.stop", "for operate", NULL, true, h_count },
	{ "assoc.add", "for admin", NULL, true, h_count },
	{ .name = NULL },
};

static void on_tick(void *arg)
{
	struct room *r = arg;
	ssize_t n = recv(r->fd, r->got + r->len, sizeof r->got - 1 - r->len, MSG_DONTWAIT);

	r->len += n > 0 ? (size_t)n : 0;
	r->got[r->len] = 0;
	if (strchr(r->got, '\n') || ++r->turns > TURNS_MAX) {
		net_loop_stop(r->loop);
	} else {
		net_timer_start(r->tick, 1);
	}
}

/* Two persons are logged in. */
static int person_of(void *arg, const char *ticket, struct ctl_caller *caller)
{
	const char *name = !strcmp(ticket, "ticket-of-alice") ? "alice" : !strcmp(ticket, "ticket-of-bob") ? "bob" : NULL;

	(void)arg;
	if (!name) {
		return ERR_AUTH;
	}
	snprintf(caller->behalf, sizeof caller->behalf, "%s", name);
	caller->role = *name == 'a' ? CTL_ROLE_OPERATE : CTL_ROLE_ADMIN;
	return 0;
}

static enum ctl_role claimed_max = CTL_ROLE_ADMIN; /* of the next server */

/* `uid`: of the console, where has_console. */
static void start(struct room *r, bool has_console, uid_t uid, bool only)
{
	struct ctl_server_conf conf = { .log = &r->log,
					.counters = &r->counters,
					.changed = on_changed,
					.changed_arg = r,
					.has_console = has_console,
					.console_only = only,
					.console_uid = uid,
					.person = person_of,
					.claimed_max = claimed_max };
	int ends[2];

	memset(r, 0, sizeof *r);
	r->log_fd = memfd_create("log", MFD_CLOEXEC);
	log_init(&r->log, r->log_fd, LOG_LEVEL_INFO, "test");
	assert_int_equal(net_loop_new(&r->loop), 0);
	assert_int_equal(net_timer_new(&r->tick, r->loop, on_tick, r), 0);
	assert_int_equal(ctl_server_new(&r->server, r->loop, -1, &conf), 0);
	assert_int_equal(ctl_server_add(r->server, rows, r), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(ctl_server_client(r->server, ends[0], NULL), 0);
	r->fd = ends[1];
}

static void end(struct room *r)
{
	ctl_server_free(r->server);
	net_timer_free(r->tick);
	net_loop_free(r->loop);
	close(r->fd);
	close(r->log_fd);
}

static const char *ask(struct room *r, const char *cmd, const char *more)
{
	char line[512];
	int n = snprintf(line, sizeof line, "{\"cmd\":\"%s\"%s}\n", cmd, more);

	r->len = r->turns = 0;
	r->got[0] = 0;
	assert_int_equal(send(r->fd, line, (size_t)n, MSG_NOSIGNAL), n);
	net_timer_start(r->tick, 0);
	assert_int_equal(net_loop_run(r->loop), 0);
	return r->got;
}

#define ALICE(role) ",\"on_behalf_of\":\"alice\",\"role\":\"" role "\""
#define BOB(ticket) ",\"on_behalf_of\":\"bob\",\"ticket\":\"" ticket "\""
#define IS_OK(text) assert_non_null(strstr((text), "\"ok\":true"))
#define SAYS(text, words) assert_non_null(strstr((text), (words)))

static void test_a_role_reaches_as_far_as_it_says(void **state)
{
	static const struct {
		const char *cmd, *more;
		bool ok;
	} tries[] = {
		{ "peers", ALICE("read"), true },         { "peers.stop", ALICE("read"), false },
		{ "assoc.add", ALICE("read"), false },    { "peers.stop", ALICE("operate"), true },
		{ "assoc.add", ALICE("operate"), false }, { "assoc.add", ALICE("admin"), true },
	};
	unsigned handled = 0;
	struct room r;

	(void)state;
	start(&r, true, getuid(), true);
	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
		const char *got = ask(&r, tries[i].cmd, tries[i].more);

		handled += tries[i].ok;
		if (!strstr(got, tries[i].ok ? "\"ok\":true" : "needs the role") || r.handled != handled) {
			fail_msg("%s %s gave %s", tries[i].cmd, tries[i].more, got);
		}
	}
	end(&r);
}

static void test_a_change_names_the_person(void **state)
{
	char text[1024] = "", wanted[160];
	struct room r;

	(void)state;
	start(&r, true, getuid(), true);
	IS_OK(ask(&r, "assoc.add", ALICE("admin")));
	snprintf(wanted, sizeof wanted, "alice by a certificate and the console, uid %u", (unsigned)getuid());
	assert_string_equal(r.who, wanted);
	assert_true(pread(r.log_fd, text, sizeof text - 1, 0) > 0);
	SAYS(text, wanted);
	IS_OK(ask(&r, "assoc.add", BOB("ticket-of-bob")));
	snprintf(wanted, sizeof wanted, "bob by the console, uid %u", (unsigned)getuid());
	assert_string_equal(r.who, wanted);
	end(&r);
}

static unsigned times(const char *text, const char *part)
{
	unsigned n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

/* What the log has by now. */
static const char *log_text(const struct room *r)
{
	static char text[32768];
	ssize_t n = pread(r->log_fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return text;
}

static void test_who_may_not_ask_is_in_the_log(void **state)
{
	char wanted[200];
	struct room r;

	(void)state;
	start(&r, true, getuid(), true);
	ask(&r, "assoc.add", BOB("ticket-of-alice"));
	ask(&r, "assoc.add", ",\"on_behalf_of\":\"alice\",\"ticket\":\"ticket-of-alice\"");
	snprintf(
	    wanted, sizeof wanted,
	    "warn ctl: refused assoc.add to alice by the console, uid %u gid %u pid %d: assoc.add: needs the role admin, and "
	    "alice has operate\n",
	    (unsigned)getuid(), (unsigned)getgid(), (int)getpid());
	SAYS(log_text(&r), wanted);
	SAYS(log_text(&r), "expected the person of the ticket\n");
	ask(&r, "peers.stop", "");
	SAYS(log_text(&r), "without the name of a person");
	assert_int_equal(r.counters.v[ST_CTL_DENIED], 3);
	ask(&r, "peers", BOB("ticket-of-carol")); /* a log-in that is over is no attack */
	ask(&r, "nonsense", "");
	assert_int_equal(r.counters.v[ST_CTL_DENIED], 3);
	assert_int_equal(times(log_text(&r), "refused "), 3);
	end(&r);
}

static void test_refusals_do_not_fill_the_log(void **state)
{
	struct room r;

	(void)state;
	start(&r, true, getuid() + 1, true);
	for (unsigned i = 0; i < CTL_REFUSALS_LOGGED + 5; i++) {
		SAYS(ask(&r, "peers", ALICE("admin")), "only the console");
	}
	assert_int_equal(r.counters.v[ST_CTL_DENIED], CTL_REFUSALS_LOGGED + 5);
	assert_int_equal(times(log_text(&r), "refused peers to uid "), CTL_REFUSALS_LOGGED);
	end(&r);
}

static void test_a_ticket_gives_the_role_that_the_server_knows(void **state)
{
	struct room r;

	(void)state;
	claimed_max = CTL_ROLE_READ;
	start(&r, true, getuid(), true);
	IS_OK(ask(&r, "assoc.add", BOB("ticket-of-bob")));
	IS_OK(ask(&r, "peers.stop", ",\"on_behalf_of\":\"alice\",\"ticket\":\"ticket-of-alice\""));
	SAYS(ask(&r, "assoc.add", ",\"on_behalf_of\":\"alice\",\"ticket\":\"ticket-of-alice\""), "and alice has operate");
	SAYS(ask(&r, "assoc.add", BOB("ticket-of-alice")), "expected the person of the ticket");
	SAYS(ask(&r, "peers", BOB("ticket-of-carol")), CTL_LOG_IN_AGAIN);
	SAYS(ask(&r, "peers", BOB("")), CTL_LOG_IN_AGAIN);
	SAYS(ask(&r, "peers", ",\"on_behalf_of\":\"bob\",\"ticket\":7"), "ticket is wrong");
	SAYS(ask(&r, "peers", ",\"ticket\":\"ticket-of-bob\""), "on_behalf_of is wrong");
	SAYS(ask(&r, "assoc.add", ",\"on_behalf_of\":\"bob\",\"role\":\"admin\",\"ticket\":\"ticket-of-bob\""),
	     "none beside a ticket");
	assert_int_equal(r.handled, 2);
	end(&r);
	start(&r, true, getuid() + 1, true);
	SAYS(ask(&r, "peers", BOB("ticket-of-bob")), "only the console");
	end(&r);
	claimed_max = CTL_ROLE_ADMIN;
}

static void test_what_the_console_says_alone_is_bounded(void **state)
{
	struct room r;

	(void)state;
	claimed_max = CTL_ROLE_READ;
	start(&r, true, getuid(), true);
	IS_OK(ask(&r, "peers", ALICE("admin")));
	SAYS(ask(&r, "peers.stop", ALICE("admin")), "control.console_certificates");
	SAYS(ask(&r, "assoc.add", ALICE("admin")), "needs the role admin, and alice has read");
	end(&r);
	claimed_max = CTL_ROLE_NONE;
	start(&r, true, getuid(), true);
	SAYS(ask(&r, "peers", ALICE("read")), "none by certificate");
	IS_OK(ask(&r, "assoc.add", BOB("ticket-of-bob")));
	assert_int_equal(r.handled, 1);
	end(&r);
	claimed_max = CTL_ROLE_ADMIN;
}

static void test_nobody_else_names_a_person(void **state)
{
	struct room r;

	(void)state;
	start(&r, true, getuid() + 1, true);
	SAYS(ask(&r, "peers", ALICE("admin")), "only the console");
	SAYS(ask(&r, "peers", ",\"role\":\"admin\""), "only the console");
	IS_OK(ask(&r, "assoc.add", "")); /* mtcctl of another user, as before */
	end(&r);
	start(&r, false, getuid(), false);
	SAYS(ask(&r, "peers", ALICE("admin")), "only the console");
	assert_int_equal(r.handled, 0);
	end(&r);
}

static void test_the_console_changes_nothing_without_a_name(void **state)
{
	struct room r;

	(void)state;
	start(&r, true, getuid(), true);
	IS_OK(ask(&r, "peers", ""));
	SAYS(ask(&r, "peers.stop", ""), "without the name of a person");
	assert_int_equal(r.handled, 1);
	end(&r);
	start(&r, true, getuid(), false); /* one user for all, as in a laboratory */
	IS_OK(ask(&r, "peers.stop", ""));
	end(&r);
}

static void test_names_and_roles_have_a_form(void **state)
{
	static const char *const wrong[] = {
		",\"on_behalf_of\":\"\",\"role\":\"read\"",
		",\"on_behalf_of\":\"a b\",\"role\":\"read\"",
		",\"on_behalf_of\":\"a\\nb\",\"role\":\"read\"",
		",\"on_behalf_of\":7,\"role\":\"read\"",
		",\"on_behalf_of\":\"alice\"",
		",\"on_behalf_of\":\"alice\",\"role\":\"none\"",
		",\"on_behalf_of\":\"alice\",\"role\":\"root\"",
		",\"on_behalf_of\":\"alice\",\"role\":3",
		",\"on_behalf_of\":\"\\u00e4\",\"role\":\"read\"",
		",\"role\":\"read\"",
	};
	char name[CTL_NAME_MAX + 1];
	struct room r;

	(void)state;
	start(&r, true, getuid(), true);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const char *got = ask(&r, "peers", wrong[i]);

		if (!strstr(got, "is wrong, expected")) {
			fail_msg("%s gave %s", wrong[i], got);
		}
	}
	assert_int_equal(r.handled, 0);
	end(&r);
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = 0;
	assert_false(ctl_name_ok(name));
	name[sizeof name - 2] = 0;
	assert_true(ctl_name_ok(name));
}

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_role_reaches_as_far_as_it_says),
		cmocka_unit_test(test_a_change_names_the_person),
		cmocka_unit_test(test_who_may_not_ask_is_in_the_log),
		cmocka_unit_test(test_refusals_do_not_fill_the_log),
		cmocka_unit_test(test_a_ticket_gives_the_role_that_the_server_knows),
		cmocka_unit_test(test_what_the_console_says_alone_is_bounded),
		cmocka_unit_test(test_nobody_else_names_a_person),
		cmocka_unit_test(test_the_console_changes_nothing_without_a_name),
		cmocka_unit_test(test_names_and_roles_have_a_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
