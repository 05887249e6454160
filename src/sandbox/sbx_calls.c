/* sbx_calls.c - every system call that some role may make, one row each; a call without a row is
 * refused. Several rows of one call are alternatives. A row names the groups that have the call
 * (sbx_int.h).
 *
 * Some rows fail with an error in place of ending the process, because a library tries the call and
 * goes on without it:
 *   clone3      glibc falls back to clone on ENOSYS; EPERM would make pthread_create() fail
 *   openat, ... the log looks at the end of its file after a failed write, and goes on where it may
 *               not (base/tail.h)
 *   sendmsg     libmicrohttpd answers rubbish by it, and closes the connection on EPIPE; it could
 *               send descriptors
 *
 * A filter sees numbers, never what a pointer leads to. What follows from that stands in
 * docs/user/operating.md: seccomp does not see addresses that are connected to, names of files,
 * or descriptors inside a message. Therefore a role that must not send descriptors has no
 * sendmsg(), and one that must not connect has no socket(). */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <linux/sctp.h>

#include "sandbox/sbx_int.h"

#define B SBX_CALLS_BASE
#define A SBX_CALLS_ACCEPTED
#define F SBX_CALLS_FILES
#define T SBX_CALLS_THREADS
#define C SBX_CALLS_CONNECT
#define P SBX_CALLS_PROCESS
#define M SBX_CALLS_MODULE
#define R SBX_CALLS_REFUSE
#define X SBX_CALLS_FILTER
#define S SBX_CALLS_SCTP
#define N SBX_CALLS_SCTP_MAKE
#define L SBX_CALLS_BIND
#define U SBX_CALLS_UDP
#define V SBX_CALLS_UDP_MAKE
#define O SBX_CALLS_CONSOLE
#define H SBX_CALLS_HTTP

#define CALL(groups, name)                                                                                                       \
	{                                                                                                                        \
		.calls = (groups), .number = SCMP_SYS(name)                                                                      \
	}
#define FAILS(groups, name, error_)                                                                                              \
	{                                                                                                                        \
		.calls = (groups), .number = SCMP_SYS(name), .error = (error_)                                                   \
	}
#define WITH(groups, name, ...)                                                                                                  \
	{                                                                                                                        \
		.calls = (groups), .number = SCMP_SYS(name), .compare = { __VA_ARGS__ }                                          \
	}
#define IS(argument_, value_)                                                                                                    \
	{                                                                                                                        \
		.argument = (argument_), .compare = SBX_EQUAL, .value = (value_)                                                 \
	}
#define BITS(argument_, mask_, value_)                                                                                           \
	{                                                                                                                        \
		.argument = (argument_), .compare = SBX_MASKED, .mask = (mask_), .value = (value_)                               \
	}
#define SELF(argument_)                                                                                                          \
	{                                                                                                                        \
		.argument = (argument_), .compare = SBX_SELF                                                                     \
	}

/* Of clone(): a thread shares everything with its process; a new process gets no namespace of its
 * own. */
#define THREAD ((uint64_t)(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM))
#define NAMESPACES                                                                                                               \
	((uint64_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET))
#define SOCK_TYPE_BITS 0xfu
/* O_ASYNC makes a descriptor send signals. */
#define NO_SIGNALS BITS(2, O_ASYNC, 0)

_Static_assert(SIGSYS == 31, "the rows of rt_sigaction are made for it");

const struct sbx_call_row sbx_call_rows[] = {
	/* octets */
	CALL(B, read),
	CALL(B, readv),
	CALL(B, write),
	CALL(B, writev),
	CALL(B, pread64),
	CALL(B, close),
	CALL(B, lseek),
	CALL(B, fstat),
	WITH(B, recvfrom, IS(4, 0)),
	CALL(B, recvmsg),
	WITH(B, sendto, IS(4, 0)), /* no address: connected sockets only */
	/* SHUT_WR does nothing to a listener; any other kind would end it for every edge of the
	 * zone */
	WITH(B, shutdown, IS(1, SHUT_WR)),
	WITH(B, fcntl, IS(1, F_GETFL)),
	WITH(B, fcntl, IS(1, F_GETFD)),
	WITH(B, fcntl, IS(1, F_SETFD)),
	WITH(B, fcntl, IS(1, F_DUPFD_CLOEXEC)),
	WITH(B, fcntl, IS(1, F_GET_SEALS)),
	WITH(B, ioctl, IS(1, FIONBIO)),
	/* waiting */
	CALL(B, poll),
	CALL(B, ppoll),
	CALL(B, epoll_ctl),
	CALL(B, epoll_wait),
	CALL(B, epoll_pwait),
	CALL(B, futex),
	CALL(B, restart_syscall),
	CALL(B, sched_yield),
	CALL(B, nanosleep),
	CALL(B, clock_nanosleep),
	/* memory: never one that can be executed */
	CALL(B, brk),
	CALL(B, munmap),
	CALL(B, mremap),
	CALL(B, madvise),
	CALL(B, mlock),
	CALL(B, munlock),
	WITH(B, mmap, BITS(2, PROT_EXEC, 0)),
	WITH(B, mprotect, BITS(2, PROT_EXEC, 0)),
	/* facts */
	CALL(B, clock_gettime),
	CALL(B, clock_getres),
	CALL(B, gettimeofday),
	CALL(B, time),
	CALL(B, getrandom),
	CALL(B, getpid),
	CALL(B, gettid),
	CALL(B, getuid),
	CALL(B, geteuid),
	CALL(B, getgid),
	CALL(B, getegid),
	CALL(B, getrusage),
	CALL(B, uname),   /* LMDB asks for the version of the kernel */
	CALL(B, sysinfo), /* qsort() of glibc asks for the size of the memory */
	WITH(B, sched_getaffinity, IS(0, 0)),
	WITH(B, prlimit64, IS(0, 0), IS(2, 0)), /* own limits, read only */
	/* signals: to this process alone. The handler of SIGSYS names a refused call and stays */
	CALL(B, rt_sigreturn),
	CALL(B, rt_sigprocmask),
	CALL(B, sigaltstack),
	/* Each signal that is not SIGSYS lacks one of its five bits; 63 is refused, too. "Not
	 * equal" would compare 64 bits, of which the kernel reads 32. */
	WITH(B, rt_sigaction, BITS(0, 1, 0)),
	WITH(B, rt_sigaction, BITS(0, 2, 0)),
	WITH(B, rt_sigaction, BITS(0, 4, 0)),
	WITH(B, rt_sigaction, BITS(0, 8, 0)),
	WITH(B, rt_sigaction, BITS(0, 16, 0)),
	WITH(B, tgkill, SELF(0)),
	WITH(B, kill, SELF(0)),
	/* the end */
	CALL(B, exit),
	CALL(B, exit_group),
	/* the first calls of a thread, which may come after the filter (the log has one in every
	 * process) */
	CALL(B, set_robust_list),
	CALL(B, rseq),
	FAILS(B, clone3, ENOSYS),

	/* the log looks at its file; glibc asks for the number of processors */
	FAILS(R, open, EACCES),
	FAILS(R, openat, EACCES),
	FAILS(R, openat2, EACCES),
	FAILS(R, newfstatat, EACCES),
	FAILS(R, statx, EACCES),
	FAILS(R, readlink, EACCES),

	CALL(A, accept4),
	CALL(A, getsockname),
	CALL(A, getpeername),
	/* Of SCTP not every option: one of them connects (SCTP_SOCKOPT_CONNECTX3). */
	WITH(A | C, getsockopt, IS(1, SOL_SOCKET)),
	WITH(S, getsockopt, IS(1, IPPROTO_SCTP), IS(2, SCTP_GET_PEER_ADDRS)),
	WITH(S, getsockopt, IS(1, IPPROTO_SCTP), IS(2, SCTP_GET_LOCAL_ADDRS)),
	WITH(A | C, setsockopt, IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY)),
	WITH(A | C, setsockopt, IS(1, SOL_SOCKET), IS(2, SO_LINGER)),
	/* what net_sctp_prepare() and net_stream_unordered() set; each accepted connection sets its
	 * own, whatever the listener has */
	WITH(S, setsockopt, IS(1, IPPROTO_SCTP), IS(2, SCTP_NODELAY)),
	WITH(S, setsockopt, IS(1, IPPROTO_SCTP), IS(2, SCTP_EVENTS)),
	WITH(S, setsockopt, IS(1, IPPROTO_SCTP), IS(2, SCTP_RECVRCVINFO)),
	WITH(S, setsockopt, IS(1, IPPROTO_SCTP), IS(2, SCTP_DEFAULT_SNDINFO)),

	/* a listener's UDP socket is not connected; the thread of usrsctp names itself */
	CALL(U, sendto),
	WITH(U, prctl, IS(0, PR_SET_NAME)),

	/* libmicrohttpd; a connection that has to go is shut down. The listener could be, too: the
	 * parent binds another one with the next process */
	WITH(H, setsockopt, IS(1, IPPROTO_TCP), IS(2, TCP_CORK)),
	WITH(H | O, shutdown, IS(1, SHUT_RDWR)),
	FAILS(H, sendmsg, EPIPE),

	WITH(T, clone, BITS(0, THREAD, THREAD)),
	WITH(T, prctl, IS(0, PR_SET_NAME)),
	CALL(T, sched_getparam),
	CALL(T, sched_getscheduler),
	CALL(T, rt_sigtimedwait),
	CALL(T, eventfd2),
	CALL(T, membarrier),

	CALL(F, open),
	CALL(F, openat),
	CALL(F, newfstatat),
	CALL(F, stat),
	CALL(F, lstat),
	CALL(F, statx),
	CALL(F, access),
	CALL(F, faccessat),
	CALL(F, faccessat2),
	CALL(F, readlink),
	CALL(F, readlinkat),
	CALL(F, getdents64),
	CALL(F, getcwd),
	CALL(F, statfs),
	CALL(F, fstatfs),
	CALL(F, mkdir),
	CALL(F, mkdirat),
	CALL(F, rmdir),
	CALL(F, rename),
	CALL(F, renameat),
	CALL(F, renameat2),
	CALL(F, link),
	CALL(F, linkat),
	CALL(F, unlink),
	CALL(F, unlinkat),
	CALL(F, ftruncate),
	CALL(F, fallocate),
	CALL(F, fadvise64),
	CALL(F, fsync),
	CALL(F, fdatasync),
	CALL(F, sync_file_range),
	CALL(F, syncfs),
	CALL(F, msync),
	CALL(F, pwrite64),
	CALL(F, preadv),
	CALL(F, pwritev),
	CALL(F, preadv2),
	CALL(F, pwritev2),
	CALL(F, copy_file_range),
	CALL(F, sendfile),
	CALL(F, splice),
	CALL(F, flock),
	CALL(F, fchmod),
	CALL(F, umask),
	CALL(F, dup),
	/* not for edges: the log's file is shared, and without O_APPEND its older lines could be
	 * written over */
	WITH(F, fcntl, IS(1, F_SETFL), NO_SIGNALS),
	CALL(F, pipe2),
	WITH(F, fcntl, IS(1, F_SETLK)),
	WITH(F, fcntl, IS(1, F_SETLKW)),
	WITH(F, fcntl, IS(1, F_GETLK)),
	WITH(F, fcntl, IS(1, F_OFD_SETLK)),
	WITH(F, fcntl, IS(1, F_OFD_GETLK)),
	WITH(F, ioctl, IS(1, TCGETS)), /* stdio asks whether a file is a terminal */

	/* TCP by its usual number only: Landlock sees no ports of other stream protocols, such as
	 * MPTCP */
	WITH(C, socket, IS(0, AF_INET), BITS(1, SOCK_TYPE_BITS, SOCK_STREAM), IS(2, 0)),
	WITH(C, socket, IS(0, AF_INET6), BITS(1, SOCK_TYPE_BITS, SOCK_STREAM), IS(2, 0)),
	/* Binding and connecting are options, too. */
	WITH(N, socket, IS(0, AF_INET), BITS(1, SOCK_TYPE_BITS, SOCK_STREAM), IS(2, IPPROTO_SCTP)),
	WITH(N, socket, IS(0, AF_INET6), BITS(1, SOCK_TYPE_BITS, SOCK_STREAM), IS(2, IPPROTO_SCTP)),
	WITH(N, setsockopt, IS(1, IPPROTO_SCTP)),
	WITH(N, setsockopt, IS(1, IPPROTO_IPV6), IS(2, IPV6_V6ONLY)),
	CALL(C, connect),
	WITH(V, socket, IS(0, AF_INET), BITS(1, SOCK_TYPE_BITS, SOCK_DGRAM), IS(2, 0)),
	WITH(V, socket, IS(0, AF_INET6), BITS(1, SOCK_TYPE_BITS, SOCK_DGRAM), IS(2, 0)),
	CALL(L, bind), /* Landlock: port 0 only, which the kernel chooses */
	CALL(C | M, shutdown),
	WITH(C, socketpair, IS(0, AF_UNIX)), /* between threads (base/kv_copy.c) */

	WITH(M, socket, IS(0, AF_UNIX)),
	CALL(M, connect),
	CALL(M, sendmsg),

	WITH(O, setsockopt, IS(1, SOL_SOCKET), IS(2, SO_SNDTIMEO)),
	WITH(O, setsockopt, IS(1, IPPROTO_TCP), IS(2, TCP_CORK)),
	CALL(O, memfd_create),

	/* the NDS/IP helper, before it seals itself: until then it has the filter of the parent */
	WITH(X, socket, IS(0, AF_NETLINK), IS(2, NETLINK_NETFILTER)),
	WITH(X, setsockopt, IS(1, SOL_NETLINK), IS(2, NETLINK_ADD_MEMBERSHIP)),
	WITH(X, setsockopt, IS(1, SOL_SOCKET), IS(2, SO_RCVTIMEO)),

	/* the parent, and its children until they seal themselves */
	CALL(P, fork),
	CALL(P, vfork),
	WITH(P, clone, BITS(0, NAMESPACES, 0)),
	CALL(P, execve),
	CALL(P, wait4),
	CALL(P, waitid),
	CALL(P, kill),
	CALL(P, tgkill),
	CALL(P, getppid),
	CALL(P, getpgrp),
	CALL(P, getpgid),
	CALL(P, getsid),
	CALL(P, getresuid),
	CALL(P, getresgid),
	CALL(P, getgroups),
	CALL(P, setuid),
	CALL(P, setgid),
	CALL(P, setgroups),
	CALL(P, setresuid),
	CALL(P, setresgid),
	CALL(P, setfsuid),
	CALL(P, setfsgid),
	CALL(P, capget),
	CALL(P, capset),
	CALL(P, prctl),
	CALL(P, arch_prctl),
	CALL(P, seccomp),
	CALL(P, landlock_create_ruleset),
	CALL(P, landlock_add_rule),
	CALL(P, landlock_restrict_self),
	CALL(P, set_tid_address),
	CALL(P, prlimit64),
	CALL(P, getrlimit),
	CALL(P, setrlimit),
	CALL(P, close_range),
	CALL(P, dup2),
	CALL(P, dup3),
	CALL(P, sendmsg),
	CALL(P, memfd_create),
	CALL(P, sched_getaffinity),
	CALL(P, rt_sigaction),
	CALL(P, rt_sigsuspend),
	CALL(P, epoll_create1),
	CALL(P, timerfd_create),
	CALL(P, timerfd_settime),
	CALL(P, mlockall),
	CALL(P, mlock2),
	CALL(P, chmod),
	CALL(P, fchmodat),
	CALL(P, chown),
	CALL(P, lchown),
	CALL(P, fchown),
	CALL(P, fchownat),
	CALL(P, bind),
	CALL(P, listen),
	WITH(P, socket, IS(0, AF_UNIX)),
	WITH(P, setsockopt, IS(1, SOL_SOCKET), IS(2, SO_REUSEADDR)),
	WITH(P, setsockopt, IS(1, SOL_SOCKET), IS(2, SO_SNDBUF)),
	WITH(P, setsockopt, IS(1, IPPROTO_IPV6), IS(2, IPV6_V6ONLY)),
	WITH(P, fcntl, IS(1, F_ADD_SEALS)),
	/* the program and its libraries are mapped from files; no memory is writable and
	 * executable */
	WITH(P, mmap, BITS(2, PROT_EXEC | PROT_WRITE, PROT_EXEC), BITS(3, MAP_ANONYMOUS, 0)),

	{ .calls = 0 },
};
