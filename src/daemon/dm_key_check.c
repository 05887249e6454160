/* dm_key_check.c - tries the keys in a token before a set of files is used: for -t, the start and a
 * reload.
 *
 * The process that loads the module is this program again, with one end of a pair and the standard
 * streams. It gets the part of the files and the items of the configuration that it needs, and
 * answers with one message: what is wrong, or no words. */
#include "daemon/dm_key_check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "conf/cfg_users.h"
#include "daemon/dm_become.h"
#include "daemon/dm_child.h"
#include "daemon/dm_keys.h"
#include "daemon/dm_parent_int.h"
#include "daemon/dm_sandbox.h"
#include "sandbox/sbx.h"

/* What the other process needs of the configuration. It is the same program: the form is that of
 * the struct. */
struct items {
	int sandbox; /* enum cfg_sandbox */
	struct cfg_pkcs11 pkcs11;
	struct cfg_listen listen[CFG_LISTEN_MAX];
	size_t listen_n;
};

/* -- the process with the module */

static int items_of(struct cfg_iwf *cfg, int fd)
{
	struct items *items = mmap(NULL, sizeof *items, PROT_READ, MAP_PRIVATE, fd, 0);

	if (items == MAP_FAILED) {
		return ERR_IO;
	}
	cfg->sandbox = items->sandbox;
	cfg->keyholder.pkcs11 = items->pkcs11;
	memcpy(cfg->listen, items->listen, sizeof cfg->listen);
	cfg->listen_n = items->listen_n < CFG_LISTEN_MAX ? items->listen_n : CFG_LISTEN_MAX;
	munmap(items, sizeof *items);
	return 0;
}

/* The module runs in here as it does in the keyholder: with its own paths and nothing else; and,
 * once it has logged in, with the calls of a keyholder. What is missing of the sandbox is told by
 * the process that stays. */
static int confine(struct dm_sandbox *s, const struct cfg_iwf *cfg, char why[KH_WHY_MAX])
{
	char words[SBX_WHY_MAX] = "";
	int err = cfg->sandbox == CFG_SANDBOX_OFF
		      ? 0
		      : dm_confine_module(s, &cfg->keyholder.pkcs11, (enum sbx_mode)cfg->sandbox, words);

	if (err) {
		str_cut(why, KH_WHY_MAX, words);
	}
	return err;
}

static int seal(struct dm_sandbox *s, const struct cfg_iwf *cfg, char why[KH_WHY_MAX])
{
	char words[SBX_WHY_MAX] = "";
	int err = cfg->sandbox == CFG_SANDBOX_OFF ? 0 : sbx_seal(&s->report, &s->conf, words);

	if (err) {
		str_cut(why, KH_WHY_MAX, words);
	}
	return err;
}

static int try_all(struct cfg_iwf *cfg, const int fds[DM_FDS_MAX], struct dm_keys_fault *fault)
{
	struct dm_part part = { .map = NULL };
	struct dm_sandbox sandbox;
	void *keys = NULL;
	int err = fds[1] < 0 ? ERR_PROTO : dm_part_open(&part, fds[0]);

	if (!err) {
		err = items_of(cfg, fds[1]);
	}
	if (!err) {
		err = confine(&sandbox, cfg, fault->why);
	}
	if (!err) {
		err = dm_keys_token_load(&keys, cfg, &part, fault);
	}
	if (!err) {
		err = seal(&sandbox, cfg, fault->why);
	}
	dm_keys_token.free(keys);
	dm_part_close(&part);
	if (err && !*fault->why) {
		str_cut(fault->why, KH_WHY_MAX, err_str(err));
	}
	return err;
}

int dm_key_check_main(void)
{
	struct cfg_iwf *cfg = calloc(1, sizeof *cfg);
	struct dm_keys_fault fault;
	int fds[DM_FDS_MAX], err;
	struct dm_msg m;

	/* The PIN comes next: no core dump from here on. */
	if (!cfg || prctl(PR_SET_DUMPABLE, 0) < 0 || dm_recv(DM_CHILD_FD, &m, fds)) {
		free(cfg);
		return 1;
	}
	memset(&fault, 0, sizeof fault); /* all of it is sent */
	err = try_all(cfg, fds, &fault);
	free(cfg);
	return send(DM_CHILD_FD, &fault, sizeof fault, MSG_NOSIGNAL) < 0 || err;
}

/* -- the caller */

static int send_all(int sock, const struct cfg_iwf *cfg, int part_fd)
{
	struct items *items = calloc(1, sizeof *items);
	struct dm_msg m = { .kind = DM_SET };
	int fd = -1, err = items ? 0 : ERR_NOMEM;

	if (!err) {
		items->sandbox = cfg->sandbox;
		items->pkcs11 = cfg->keyholder.pkcs11;
		memcpy(items->listen, cfg->listen, sizeof items->listen);
		items->listen_n = cfg->listen_n;
		err = dm_memfd(&fd, "mtc-iwf-items", items, sizeof *items);
	}
	if (!err) {
		err = dm_send(sock, &m, (int[]){ part_fd, fd }, 2);
	}
	if (fd >= 0) {
		close(fd);
	}
	free(items);
	return err;
}

/* The module may have written anything into the answer. */
static bool sound(struct dm_keys_fault *fault)
{
	fault->why[KH_WHY_MAX - 1] = 0;
	return (unsigned)fault->about < DM_KEYS_ABOUT_N && fault->listen < CFG_LISTEN_MAX;
}

static int is_late(struct dm_keys_fault *fault)
{
	snprintf(fault->why, KH_WHY_MAX,
		 "the token did not sign within %d s; check that it is connected and that its own tools can use it",
		 KEY_CHECK_WAIT_MS / 1000);
	return ERR_TIMEOUT;
}

static int read_answer(int sock, struct dm_keys_fault *fault)
{
	ssize_t n = recv(sock, fault, sizeof *fault, MSG_DONTWAIT);

	if (n != (ssize_t)sizeof *fault || !sound(fault)) {
		*fault = (struct dm_keys_fault){ .about = DM_KEYS_MODULE };
		str_cut(fault->why, KH_WHY_MAX,
			"the process that loads the PKCS#11 module ended without an answer: the module is at fault");
		return ERR_CLOSED;
	}
	return *fault->why ? ERR_INVAL : 0;
}

/* *pid is there, too, when an error is returned: it is to be ended. 0: there is none. */
static int spawn(pid_t *out, int *sock, const struct cfg_iwf *cfg, int part_fd, struct dm_keys_fault *fault)
{
	char program[] = "mtc-iwfd", role_opt[] = "--role", role[] = "key-check", conf_opt[] = "-c", conf[] = "-";
	char *argv[] = { program, role_opt, role, conf_opt, conf, NULL };
	char *why = fault->why;
	struct cfg_user user;
	pid_t parent = getpid(), pid;
	int pair[2], err;

	*out = 0;
	*sock = -1;
	*fault = (struct dm_keys_fault){ .about = DM_KEYS_MODULE };
	/* The module is code of others: it runs as the keyholder that will load it, or not at
	 * all. */
	if (cfg_user_find(&user, cfg, CFG_PROCESS_KEYHOLDER)) {
		snprintf(why, KH_WHY_MAX, "user '%s' (%s) does not exist, and the keys in the token are tried as that user",
			 user.name, user.key);
		return ERR_NOTFOUND;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		str_cut(why, KH_WHY_MAX, strerror(errno));
		return ERR_IO;
	}
	pid = fork();
	if (pid == 0) {
		dm_become(&user, pair[1], parent, "/proc/self/exe", argv);
	}
	close(pair[1]);
	*out = pid > 0 ? pid : 0;
	*sock = pair[0];
	err = pid < 0 ? ERR_IO : send_all(pair[0], cfg, part_fd);
	if (err) {
		str_cut(why, KH_WHY_MAX, err_str(err));
	}
	return err;
}

static int check(const struct cfg_iwf *cfg, int part_fd, struct dm_keys_fault *fault)
{
	pid_t pid;
	int sock, err = spawn(&pid, &sock, cfg, part_fd, fault);

	if (!err) {
		err = dm_ask_wait(sock, KEY_CHECK_WAIT_MS) ? read_answer(sock, fault) : is_late(fault);
	}
	if (sock >= 0) {
		close(sock);
	}
	if (pid > 0) {
		kill(pid, SIGKILL); /* it has answered, or is late */
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	return err;
}

static unsigned line_of(const struct cfg_iwf *cfg, const struct dm_keys_fault *fault)
{
	switch (fault->about) {
	case DM_KEYS_OBJECT:
		return cfg_line(cfg->lines, "listen[%zu].key_object", fault->listen);
	case DM_KEYS_CERTIFICATE:
		return cfg_line(cfg->lines, "listen[%zu].certificate", fault->listen);
	case DM_KEYS_TOKEN:
		return cfg_line(cfg->lines, "keyholder.pkcs11.token");
	case DM_KEYS_PIN:
		return cfg_line(cfg->lines, "keyholder.pkcs11.pin_file");
	default:
		return cfg_line(cfg->lines, "keyholder.pkcs11.module");
	}
}

bool dm_key_check_needed(const struct dm_set *s)
{
	return dm_part_find(&s->held[DM_PART_P11], DM_PIN, 0).p != NULL;
}

void dm_key_check(const struct cfg_iwf *cfg, int part_fd, struct report *r)
{
	struct dm_keys_fault fault;

	if (check(cfg, part_fd, &fault)) {
		cfg_error(r, cfg->lines, line_of(cfg, &fault), "%s", fault.why);
	}
}

/* -- beside the loop of the parent */

static void tell(struct dm_parent *p, int err, const struct dm_keys_fault *fault)
{
	const struct cfg_iwf *cfg = dm_reload_cfg(p);

	if (err) {
		cfg_error(&p->reload.report, cfg->lines, line_of(cfg, fault), "%s", fault->why);
	}
}

static void on_answer(void *arg, int events)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);
	struct dm_keys_fault fault = { .about = DM_KEYS_MODULE };
	int err = read_answer(p->ask.sock, &fault);

	(void)events;
	dm_ask_end(&p->ask);
	tell(p, err, &fault);
	dm_reload_tried(p);
}

static void on_late(void *arg)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);
	struct dm_keys_fault fault = { .about = DM_KEYS_MODULE };

	if (dm_ask_again(&p->ask)) {
		return;
	}
	dm_ask_end(&p->ask);
	tell(p, is_late(&fault), &fault);
	dm_reload_tried(p);
}

int dm_key_check_begin(struct dm_parent *p, int part_fd)
{
	struct dm_keys_fault fault;
	struct dm_ask failed = { .sock = -1 };
	pid_t pid;
	int sock, err = spawn(&pid, &sock, dm_reload_cfg(p), part_fd, &fault);

	if (!err) {
		err = dm_ask_begin(&p->ask, p->loop, pid, sock, KEY_CHECK_WAIT_MS, on_answer, on_late, p);
		if (err) {
			str_cut(fault.why, KH_WHY_MAX, err_str(err));
		}
	} else {
		failed = (struct dm_ask){ .runs = sock >= 0, .pid = pid, .sock = sock };
		dm_ask_end(&failed);
	}
	tell(p, err, &fault);
	return err;
}
