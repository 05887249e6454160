/* sbx.h - confines a process to the needs of its role: seccomp, Landlock, capabilities,
 * no_new_privs, limits, descriptors.
 *
 * A role is one row of a table (sbx_roles.c): its system calls with rules on their arguments
 * (sbx_calls_*.c), the capabilities that it keeps, whether it holds keys, whether it has threads.
 * Paths and ports depend on the configuration and are given by the caller. A later role (console)
 * is a word in enum sbx_role and a row.
 *
 * A process enters in two steps. sbx_confine() comes before the process has a second thread,
 * because Landlock and capabilities belong to a thread and are inherited by those that it makes.
 * sbx_seal() comes when everything is open:
 * from there on only the calls of the role are left, in every thread. A role without threads calls
 * sbx_enter() for both.
 *
 * Before sbx_confine() the caller starts all that reads files when it is first used: OpenSSL
 * (findings/openssl-landlock-config.sh), the time zone, the locale. sbx_warm_up() does this for the
 * C library.
 *
 * Nothing is undone: there is no way out of a sandbox. Children and threads inherit it. */
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum sbx_role {
	SBX_PARENT,    /* starts and ends the others, reads certificates and keys at a reload; keeps fork and exec */
	SBX_CORE,      /* the stores, the control socket, connections to configured peers; no exec */
	SBX_EDGE,      /* accepted connections only: no file, no new socket, no connect, no descriptor sent */
	SBX_KEYHOLDER, /* signs over its socket pair: no file, no network */
	SBX_NDSIP, /* talks to charon over a socket that the parent connects, and looks at the packet filter: no file, no network */
	SBX_FETCHER,       /* asks OCSP responders over sockets that the parent connects: no file, no network, no key */
	SBX_CONSOLE,       /* accepted connections of browsers, and the control socket: no network of its own, no key */
	SBX_METRICS,       /* answers scrapes over HTTP from a page that it cannot write: no file, no new socket, no connect */
	SBX_KEYHOLDER_P11, /* signs, with the paths of a PKCS#11 module and what the module connects to (UNIX sockets) */
	SBX_ROLES
};

enum sbx_mode {
	SBX_OFF,     /* no sandbox */
	SBX_PREFER,  /* all that can be had; what is missing is a warning */
	SBX_REQUIRE, /* all, or an error */
};

/* Rights beneath a path; a path that is a file has the rights of a file. */
#define SBX_READ 1u  /* read files and list directories */
#define SBX_WRITE 2u /* write, make, rename and remove files and directories; includes SBX_READ */
#define SBX_EXEC 4u  /* run programs and map libraries; includes SBX_READ */

struct sbx_path {
	const char *path;
	unsigned rights;
	bool optional; /* a path that does not exist is left out; otherwise that is an error */
};

#define SBX_PATHS_MAX 192
#define SBX_PORTS_MAX 32
#define SBX_WHY_MAX 512 /* bytes of words, with the NUL */

struct sbx_conf {
	enum sbx_role role;
	enum sbx_mode mode;
	const struct sbx_path *paths; /* borrowed until return; an edge and a keyholder give none */
	size_t paths_n;
	/* The process has SCTP sockets. Landlock sees no ports of theirs: a core that connects over
	 * SCTP can reach every address. */
	bool sctp;
	/* The process accepts associations of SCTP in user space: it sends from its UDP sockets to
	 * whatever address it likes. */
	bool sctp_udp;
	/* The process binds its own end of TCP connections, to a port that the kernel chooses. It
	 * cannot listen. */
	bool binds;
	const uint16_t *ports; /* TCP ports that may be connected to; enforced where Landlock has version 4 */
	size_t ports_n;
	/* Capabilities that the process keeps besides those of its role, bit N is capability N: the
	 * parent's, for a child whose role has them. */
	uint64_t capabilities;
	/* Handler of SIGSYS that names a refused call and does not return. NULL: the kernel ends
	 * the process without it. Either way the call is not executed, and the process ends with
	 * SIGSYS: the role may not change the handler. */
	void (*on_refused)(int sig, siginfo_t *info, void *context);
	unsigned landlock_max; /* use no later version of Landlock; 0: the kernel's. For tests of what older kernels lack */
};

/* What is in force in this process, as the kernel says it: /proc/self/status, and Landlock by what
 * was entered. */
struct sbx_report {
	enum sbx_role role;
	enum sbx_mode mode; /* as configured */
	uint8_t seccomp;    /* 0 none, 2 filter */
	uint8_t landlock;   /* version of the interface used; 0: none */
	bool no_new_privs;
	bool dumpable;         /* true: core dumps and debuggers of the same user are possible */
	bool locked;           /* the memory of a key holder is locked */
	uint32_t uid;          /* effective */
	uint64_t capabilities; /* effective and permitted, bit N is capability N */
	uint64_t bounding;     /* the bounding set */
	uint32_t lacks;        /* enum sbx_lack bits; 0: the sandbox is whole */
	/* Start of the heap if only the heap of a key holder could be locked; NULL: all memory is
	 * locked, or none. */
	unsigned char *heap;
	int status_fd; /* /proc/self/status, open from sbx_confine() to sbx_seal(); otherwise -1 */
};

/* What a sandbox can lack. */
#define SBX_LACKS(X)                                                                                                             \
	X(OFF, 0, "the sandbox is off by configuration", "set sandbox: prefer or require")                                       \
	X(INSTRUMENTED, 1, "this program was built with instruments (sanitizer, valgrind) that need forbidden calls",            \
	  "use a build without them")                                                                                            \
	X(SECCOMP, 2, "the kernel refuses seccomp filters",                                                                      \
	  "use a kernel with CONFIG_SECCOMP_FILTER, and a container that allows seccomp()")                                      \
	X(LANDLOCK, 3, "the kernel has no Landlock of version 2 or later",                                                       \
	  "use Linux 5.19 or later with landlock among the modules of the kernel's lsm= line, and a container that allows "      \
	  "landlock_*()")                                                                                                        \
	X(CAPABILITIES, 4, "capabilities could not be given up", "start as root, or as an ordinary user without capabilities")   \
	X(DUMPS, 5, "core dumps could not be switched off", "allow prctl(PR_SET_DUMPABLE)")                                      \
	X(LOCKED, 6, "memory with keys could not be locked", "raise RLIMIT_MEMLOCK (LimitMEMLOCK= of a service)")                \
	X(USERS, 7, "processes share a user", "set users in the configuration, and start as root")

enum sbx_lack {
#define SBX_LACK_ROW(name, bit, words, advice) SBX_LACK_##name = 1u << (bit),
	SBX_LACKS(SBX_LACK_ROW)
#undef SBX_LACK_ROW
};

/* Between fork and exec: becomes another user without groups, and empties the bounding set of
 * capabilities. Only calls that are safe there. 0, or -1 with errno: the process must end. */
ERR_MUST_USE int sbx_become(uid_t uid, gid_t gid);

/* Reads what the C library would read later: time zone, locale, random numbers. Repeated calls are
 * harmless. */
void sbx_warm_up(void);

/* First step: capabilities, bounding set, securebits, no_new_privs, dumps, limits, Landlock. The
 * process must have one thread. With SBX_PREFER a part that cannot be had is a bit in `lacks`; with
 * SBX_REQUIRE ERR_REFUSED. `why` says in words what is missing and what to do (in either case), ""
 * when nothing is. ERR_STATE: there are threads. ERR_NOTFOUND: a path does not exist. ERR_IO: a
 * step that cannot fail has failed; the process must end. */
ERR_MUST_USE int sbx_confine(struct sbx_report *out, const struct sbx_conf *conf, char why[SBX_WHY_MAX]);
/* Second step: the filter of system calls, for all threads. `report` is that of sbx_confine() and
 * is completed. Errors as above. */
ERR_MUST_USE int sbx_seal(struct sbx_report *report, const struct sbx_conf *conf, char why[SBX_WHY_MAX]);
/* Both. */
ERR_MUST_USE int sbx_enter(struct sbx_report *out, const struct sbx_conf *conf, char why[SBX_WHY_MAX]);

/* Compares the open descriptors above 2 with `expected`, before sbx_confine(). ERR_STATE: there are
 * others, `why` names the first one and its file. ERR_IO: they cannot be listed. */
ERR_MUST_USE int sbx_check_fds(const int *expected, size_t n, char why[SBX_WHY_MAX]);

/* What this kernel and this build cannot give to a role, without entering: bits of enum sbx_lack,
 * for `mtc-iwfd -t`. */
uint32_t sbx_lacks(enum sbx_role role);
/* Words for the bits: what is missing and what to do. Returns out; "" for 0. */
const char *sbx_lacks_words(char out[SBX_WHY_MAX], uint32_t lacks);

/* Words: "edge", "keyholder-p11"; "require". Never NULL. */
const char *sbx_role_word(enum sbx_role role);
/* The capabilities that a role keeps, bit N is capability N. */
uint64_t sbx_role_capabilities(enum sbx_role role);
const char *sbx_mode_word(enum sbx_mode mode);
/* Name of a system call of this machine, "unknown" for a number that has none. Returns out. */
#define SBX_CALL_MAX 40
const char *sbx_call_name(char out[SBX_CALL_MAX], long number);

/* Locks `len` bytes at `p` in memory and leaves them out of core dumps: for keys. ERR_IO: not
 * locked (RLIMIT_MEMLOCK). The caller unmaps or wipes them. */
ERR_MUST_USE int sbx_lock(void *p, size_t len);
/* Locks the part of the heap that was added since. A role that locks its memory calls this after it
 * has loaded keys. Nothing is to do where all memory is locked. ERR_IO as above. */
ERR_MUST_USE int sbx_lock_heap(const struct sbx_report *r);

/* The version of libseccomp that is linked at run time, "2.5.4". `out` is returned. */
#define SBX_VERSION_MAX 32
const char *sbx_library_version(char out[SBX_VERSION_MAX]);
