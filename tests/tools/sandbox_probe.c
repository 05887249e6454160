/* sandbox_probe.c - enters the sandbox of a role, as the processes of mtc-iwfd do, and tries from inside what it must not be able to
 * do. Each try has a process of its own, because a refusal may end it. What a try needs is opened before the process enters.
 *
 * usage: sandbox_probe ROLE [--sctp yes] [--sctp-udp yes] [--landlock N] [--store FILE] [--control SOCKET] [--victim PID]
 *   ROLE          parent, core, edge, keyholder, keyholder-p11; none: enters nothing, to show that the tries would succeed
 *   --sctp yes    as a process that has listeners or peers over SCTP
 *   --only TRY    that one only
 *   --sctp-udp yes  the same over SCTP in user space
 *   --landlock N  as on a kernel with version N of Landlock
 *   --store FILE  a file of the core's store; its directory is the core's state_dir
 *   --control SOCKET  the control socket
 *   --victim PID  another process; otherwise one that waits
 *
 * Prints one JSON line for each try: {"role","try","refused","how"}; `how` is "done", the name of an errno, or that of a signal. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sctp.h>

#include "sandbox/sbx.h"

#define ENTER_FAILED 253
#define PAGE 4096
#define X32_BIT 0x40000000L

struct world { /* opened before the sandbox */
	const char *store, *control;
	char state_dir[512];
	pid_t victim;
	bool own_victim, sctp, sctp_udp;
	const char *only; /* the one try to make; NULL: all */
	int tcp, unbound, unix_stream, pair[2], victim_pidfd, program, code, ring, file;
	uint16_t port;
};

/* Returns 0 when it succeeded; else -1 with errno. */
typedef long try_fn(const struct world *w);

static long failing(long result)
{
	return result < 0 ? -1 : 0;
}

/* -- files */

static long try_open(const struct world *w)
{
	(void)w;
	return failing(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static long try_open_relative(const struct world *w)
{
	(void)w;
	return failing(openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static long try_create(const struct world *w)
{
	(void)w;
	return failing(open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
}

static long try_stat(const struct world *w)
{
	struct stat st;

	(void)w;
	return stat("/etc/passwd", &st);
}

static long try_reopen(const struct world *w)
{
	char link[32];

	snprintf(link, sizeof link, "/proc/self/fd/%d", w->file);
	return failing(open(link, O_RDONLY | O_CLOEXEC));
}

static long try_store(const struct world *w)
{
	return failing(open(w->store, O_RDWR | O_CLOEXEC));
}

/* -- network */

static long try_socket(const struct world *w)
{
	(void)w;
	return failing(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static long try_socket_udp(const struct world *w)
{
	(void)w;
	return failing(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

/* A stream of a protocol whose ports Landlock does not see. */
static long try_socket_mptcp(const struct world *w)
{
	(void)w;
	return failing(socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP));
}

/* Landlock does not see these either. Without SCTP in the kernel it fails with EPROTONOSUPPORT. */
static long try_socket_sctp(const struct world *w)
{
	(void)w;
	return failing(socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP));
}

/* An option that connects. On a socket of TCP it fails with ENOPROTOOPT. */
static long try_connectx_get(const struct world *w)
{
	socklen_t len = 0;

	return failing(getsockopt(w->tcp, IPPROTO_SCTP, SCTP_SOCKOPT_CONNECTX3, NULL, &len));
}

static long try_connectx_set(const struct world *w)
{
	return failing(setsockopt(w->tcp, IPPROTO_SCTP, SCTP_SOCKOPT_CONNECTX, "", 0));
}

/* What an accepted connection needs; on a socket of TCP it fails with ENOPROTOOPT. */
static long try_sctp_order(const struct world *w)
{
	return failing(setsockopt(w->tcp, IPPROTO_SCTP, SCTP_DEFAULT_SNDINFO, "", 0));
}

/* To an address of the caller's choice; on this socket of TCP it fails with EPIPE or ENOTCONN. */
static long try_send_to(const struct world *w)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return failing(sendto(w->tcp, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to));
}

static long try_socket_unix(const struct world *w)
{
	(void)w;
	return failing(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static long try_socket_netlink(const struct world *w)
{
	(void)w;
	return failing(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static long try_connect(const struct world *w)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(w->port), .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return connect(w->tcp, (struct sockaddr *)&a, sizeof a);
}

static long try_bind(const struct world *w)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return bind(w->unbound, (struct sockaddr *)&a, sizeof a) ? -1 : listen(w->unbound, 1);
}

static long try_control(const struct world *w)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof a.sun_path, "%s", w->control);
	return connect(w->unix_stream, (struct sockaddr *)&a, sizeof a);
}

static long try_scm_rights(const struct world *w)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(int))];
	} control = { .octets = { 0 } };
	char octet = 0;
	struct iovec v = { &octet, 1 };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = control.octets, .msg_controllen = sizeof control.octets
	};

	*CMSG_FIRSTHDR(&m) =
	    (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &w->file, sizeof w->file);
	return failing(sendmsg(w->pair[0], &m, 0));
}

static long try_scm_rights_many(const struct world *w)
{
	struct mmsghdr m = { .msg_hdr = { .msg_iovlen = 0 } };

	return failing(sendmmsg(w->pair[0], &m, 1, 0));
}

/* -- other processes and programs */

static long try_exec(const struct world *w)
{
	(void)w;
	return execl("/bin/true", "true", (char *)NULL);
}

static long try_exec_memfd(const struct world *w)
{
	char name[] = "true";
	char *argv[] = { name, NULL }, *envp[] = { NULL };

	return syscall(SYS_execveat, w->program, "", argv, envp, AT_EMPTY_PATH);
}

static long try_fork(const struct world *w)
{
	pid_t pid = fork();

	(void)w;
	if (pid == 0) {
		_exit(0);
	}
	return failing(pid);
}

static long try_ptrace(const struct world *w)
{
	return ptrace(PTRACE_SEIZE, w->victim, 0, 0);
}

static long try_process_vm(const struct world *w)
{
	char octet;
	struct iovec v = { &octet, 1 };

	return failing(process_vm_readv(w->victim, &v, 1, &(struct iovec){ (void *)(uintptr_t)w, 1 }, 1, 0));
}

static long try_pidfd_open(const struct world *w)
{
	return failing(syscall(SYS_pidfd_open, w->victim, 0));
}

static long try_pidfd_getfd(const struct world *w)
{
	return failing(syscall(SYS_pidfd_getfd, w->victim_pidfd, 2, 0));
}

static long try_pidfd_signal(const struct world *w)
{
	return syscall(SYS_pidfd_send_signal, w->victim_pidfd, 0, NULL, 0);
}

static long try_kill(const struct world *w)
{
	return kill(w->victim, 0);
}

static long try_kill_all(const struct world *w)
{
	return kill(-getpgid(w->victim), 0);
}

static long try_tgkill(const struct world *w)
{
	return syscall(SYS_tgkill, w->victim, w->victim, 0);
}

static long try_sigqueue(const struct world *w)
{
	return sigqueue(w->victim, 0, (union sigval){ .sival_int = 0 });
}

static long try_setown(const struct world *w)
{
	return fcntl(w->pair[0], F_SETOWN, w->victim);
}

static long try_setown_ex(const struct world *w)
{
	struct f_owner_ex owner = { F_OWNER_PID, w->victim };

	return fcntl(w->pair[0], F_SETOWN_EX, &owner);
}

static long try_setsig(const struct world *w)
{
	return fcntl(w->pair[0], F_SETSIG, SIGKILL);
}

static long try_async(const struct world *w)
{
	return fcntl(w->pair[0], F_SETFL, O_ASYNC);
}

/* An edge shares its listeners with the others of its zone, and the log with everybody. */
static long try_stop_reading(const struct world *w)
{
	return shutdown(w->pair[0], SHUT_RD);
}

static long try_clear_flags(const struct world *w)
{
	return fcntl(w->pair[0], F_SETFL, 0);
}

static long try_ioctl_setown(const struct world *w)
{
	return ioctl(w->pair[0], FIOSETOWN, &w->victim);
}

static long try_rlimit(const struct world *w)
{
	struct rlimit limit;

	return (long)syscall(SYS_prlimit64, w->victim, RLIMIT_NOFILE, NULL, &limit);
}

/* -- the kernel */

static long try_io_uring(const struct world *w)
{
	struct io_uring_params p = { 0 };

	(void)w;
	return failing(syscall(SYS_io_uring_setup, 1, &p));
}

static long try_io_uring_old(const struct world *w)
{
	return failing(syscall(SYS_io_uring_enter, w->ring, 0, 0, 0, NULL, 0));
}

static long try_x32(const struct world *w)
{
	(void)w;
	return failing(syscall(X32_BIT | SYS_getpid));
}

static long try_32_bits(const struct world *w)
{
	(void)w;
#ifdef __x86_64__
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	if (result < 0) {
		errno = (int)-result;
	}
	return failing(result);
#else
	errno = ENOSYS;
	return -1;
#endif
}

static long try_bpf(const struct world *w)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	(void)w;
	return failing(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a));
}

static long try_unshare(const struct world *w)
{
	(void)w;
	return unshare(CLONE_NEWUTS);
}

static long try_mount(const struct world *w)
{
	(void)w;
	return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long try_personality(const struct world *w)
{
	(void)w;
	return failing(personality(READ_IMPLIES_EXEC));
}

static long try_setuid(const struct world *w)
{
	(void)w;
	return setreuid(65534, 65534);
}

static long try_memfd(const struct world *w)
{
	(void)w;
	return failing(memfd_create("probe", MFD_CLOEXEC));
}

static long try_sigsys_handler(const struct world *w)
{
	(void)w;
	return signal(SIGSYS, SIG_IGN) == SIG_ERR ? -1 : 0;
}

/* -- memory */

/* The kernel reads 32 bits of the number, a filter 64. */
static long try_sigsys_handler_wide(const struct world *w)
{
	(void)w;
	return syscall(SYS_rt_sigaction, (1ul << 32) | SIGSYS, NULL, NULL, sizeof(uint64_t));
}

static long try_writable_code(const struct world *w)
{
	(void)w;
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static long try_code_later(const struct world *w)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)w;
	return p == MAP_FAILED ? -1 : mprotect(p, PAGE, PROT_READ | PROT_EXEC);
}

static long try_code_of_memfd(const struct world *w)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, w->code, 0) == MAP_FAILED ? -1 : 0;
}

static const struct {
	const char *name;
	try_fn *fn;
} tries[] = {
	{ "open", try_open },
	{ "open-directory", try_open_relative },
	{ "create", try_create },
	{ "stat", try_stat },
	{ "open-proc-self-fd", try_reopen },
	{ "core-store", try_store },
	{ "socket", try_socket },
	{ "socket-udp", try_socket_udp },
	{ "socket-mptcp", try_socket_mptcp },
	{ "socket-sctp", try_socket_sctp },
	{ "sctp-connectx-get", try_connectx_get },
	{ "sctp-connectx-set", try_connectx_set },
	{ "sctp-order", try_sctp_order },
	{ "send-to", try_send_to },
	{ "socket-unix", try_socket_unix },
	{ "socket-netlink", try_socket_netlink },
	{ "connect", try_connect },
	{ "bind", try_bind },
	{ "control-socket", try_control },
	{ "scm-rights", try_scm_rights },
	{ "scm-rights-sendmmsg", try_scm_rights_many },
	{ "exec", try_exec },
	{ "execveat-memfd", try_exec_memfd },
	{ "fork", try_fork },
	{ "ptrace", try_ptrace },
	{ "process-vm-readv", try_process_vm },
	{ "pidfd-open", try_pidfd_open },
	{ "pidfd-getfd", try_pidfd_getfd },
	{ "pidfd-send-signal", try_pidfd_signal },
	{ "kill", try_kill },
	{ "kill-group", try_kill_all },
	{ "tgkill", try_tgkill },
	{ "sigqueue", try_sigqueue },
	{ "f-setown", try_setown },
	{ "f-setown-ex", try_setown_ex },
	{ "f-setsig", try_setsig },
	{ "o-async", try_async },
	{ "stop-reading", try_stop_reading },
	{ "clear-flags", try_clear_flags },
	{ "fiosetown", try_ioctl_setown },
	{ "prlimit", try_rlimit },
	{ "io-uring-setup", try_io_uring },
	{ "io-uring-enter", try_io_uring_old },
	{ "x32-call", try_x32 },
	{ "32-bit-call", try_32_bits },
	{ "bpf", try_bpf },
	{ "unshare", try_unshare },
	{ "mount", try_mount },
	{ "personality", try_personality },
	{ "setuid", try_setuid },
	{ "memfd", try_memfd },
	{ "sigsys-handler", try_sigsys_handler },
	{ "sigsys-handler-wide", try_sigsys_handler_wide },
	{ "writable-code", try_writable_code },
	{ "code-later", try_code_later },
	{ "code-of-memfd", try_code_of_memfd },
};

/* -- the world outside */

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "sandbox_probe: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static pid_t waiting_process(void)
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0) {
		for (;;) {
			pause();
		}
	}
	return pid;
}

static int copy_of(const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC), to = memfd_create("program", MFD_CLOEXEC);
	char octets[PAGE];
	ssize_t n;

	must(from >= 0 && to >= 0, path);
	while ((n = read(from, octets, sizeof octets)) > 0) {
		must(write(to, octets, (size_t)n) == n, "write");
	}
	close(from);
	return to;
}

static uint16_t listen_somewhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 8) == 0 &&
		 getsockname(fd, (struct sockaddr *)&a, &len) == 0,
	     "listen");
	return ntohs(a.sin_port);
}

static void make_world(struct world *w)
{
	struct io_uring_params p = { 0 };
	char store[512];

	w->own_victim = !w->victim;
	w->victim = w->victim ? w->victim : waiting_process();
	w->port = listen_somewhere();
	w->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	w->unbound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	w->unix_stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->pair) == 0, "socketpair");
	w->victim_pidfd = (int)syscall(SYS_pidfd_open, w->victim, 0);
	w->program = copy_of("/bin/true");
	w->code = copy_of("/bin/true");
	w->ring = (int)syscall(SYS_io_uring_setup, 1, &p);
	w->file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	snprintf(store, sizeof store, "%s", w->store);
	snprintf(w->state_dir, sizeof w->state_dir, "%s", dirname(store));
}

/* -- one try */

static int enter(enum sbx_role role, const struct world *w, unsigned landlock)
{
	struct sbx_path own = { w->state_dir, SBX_WRITE, false };
	struct sbx_path program[] = { { "/usr/lib", SBX_READ | SBX_EXEC, true }, { "/lib64", SBX_READ | SBX_EXEC, true } };
	struct sbx_conf conf = {
		.role = role, .mode = SBX_REQUIRE, .sctp = w->sctp, .sctp_udp = w->sctp_udp, .landlock_max = landlock
	};
	struct sbx_report report;
	char why[SBX_WHY_MAX];
	int err;

	if (role == SBX_CORE) {
		conf.paths = &own;
		conf.paths_n = 1;
	} else if (role == SBX_PARENT || role == SBX_KEYHOLDER_P11) {
		conf.paths = program;
		conf.paths_n = 2;
	}
	sbx_warm_up();
	err = sbx_enter(&report, &conf, why);
	if (err) {
		fprintf(stderr, "sandbox_probe: %s cannot be entered: %s\n", sbx_role_word(role), why);
	}
	return err;
}

static int run_try(size_t i, enum sbx_role role, const struct world *w, unsigned landlock)
{
	pid_t pid = fork();
	int status;

	must(pid >= 0, "fork");
	if (pid == 0) {
		if (role != SBX_ROLES && enter(role, w, landlock)) {
			_exit(ENTER_FAILED);
		}
		_exit(tries[i].fn(w) == 0 ? 0 : errno);
	}
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	return status;
}

static void print(const char *role, const char *name, int status)
{
	char how[32];

	if (WIFSIGNALED(status)) {
		snprintf(how, sizeof how, "SIG%s", sigabbrev_np(WTERMSIG(status)));
	} else if (WEXITSTATUS(status) == 0) {
		snprintf(how, sizeof how, "done");
	} else {
		const char *error = strerrorname_np(WEXITSTATUS(status));

		snprintf(how, sizeof how, "%s", error ? error : "unknown");
	}
	printf("{\"role\":\"%s\",\"try\":\"%s\",\"refused\":%s,\"how\":\"%s\"}\n", role, name,
	       WIFSIGNALED(status) || WEXITSTATUS(status) ? "true" : "false", how);
	fflush(stdout);
}

static enum sbx_role role_of(const char *word)
{
	for (unsigned i = 0; i < SBX_ROLES; i++) {
		if (strcmp(word, sbx_role_word((enum sbx_role)i)) == 0) {
			return (enum sbx_role)i;
		}
	}
	return SBX_ROLES;
}

static int usage(void)
{
	fprintf(stderr, "usage: sandbox_probe ROLE|none [--sctp yes] [--sctp-udp yes] [--only TRY] [--landlock N] [--store FILE] "
			"[--control SOCKET] [--victim PID]\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct world w = { .store = "/etc/passwd", .control = "/nonexistent" };
	enum sbx_role role = argc > 1 ? role_of(argv[1]) : SBX_ROLES;
	unsigned landlock = 0;
	int result = 0;

	if (argc < 2 || argc % 2 || (role == SBX_ROLES && strcmp(argv[1], "none") != 0)) {
		return usage();
	}
	for (int i = 2; i < argc; i += 2) {
		if (strcmp(argv[i], "--landlock") == 0) {
			landlock = (unsigned)strtoul(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--sctp") == 0 && strcmp(argv[i + 1], "yes") == 0) {
			w.sctp = true;
		} else if (strcmp(argv[i], "--sctp-udp") == 0 && strcmp(argv[i + 1], "yes") == 0) {
			w.sctp_udp = true;
		} else if (strcmp(argv[i], "--only") == 0) {
			w.only = argv[i + 1];
		} else if (strcmp(argv[i], "--store") == 0) {
			w.store = argv[i + 1];
		} else if (strcmp(argv[i], "--control") == 0) {
			w.control = argv[i + 1];
		} else if (strcmp(argv[i], "--victim") == 0) {
			w.victim = (pid_t)strtol(argv[i + 1], NULL, 10);
		} else {
			return usage();
		}
	}
	make_world(&w);
	for (size_t i = 0; i < sizeof tries / sizeof *tries && !result; i++) {
		int status;

		if (w.only && strcmp(w.only, tries[i].name) != 0) {
			continue;
		}
		status = run_try(i, role, &w, landlock);

		result = WIFEXITED(status) && WEXITSTATUS(status) == ENTER_FAILED;
		if (!result) {
			print(argv[1], tries[i].name, status);
		}
	}
	if (w.own_victim) {
		kill(w.victim, SIGKILL);
		waitpid(w.victim, NULL, 0);
	}
	return result;
}
