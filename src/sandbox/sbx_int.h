/* sbx_int.h - the rows of the roles and of their system calls, and the parts of the sandbox; for
 * src/sandbox/ only. */
#pragma once
#include <stdio.h>

#include "sandbox/sbx.h"

/* Groups of system calls; a role has some of them. */
#define SBX_CALLS_BASE 0x01u       /* memory, clocks, waiting, octets through descriptors that are open */
#define SBX_CALLS_ACCEPTED 0x02u   /* connections that are accepted */
#define SBX_CALLS_FILES 0x04u      /* files, as far as Landlock allows */
#define SBX_CALLS_THREADS 0x08u    /* threads of this process */
#define SBX_CALLS_CONNECT 0x10u    /* TCP connections that this process makes */
#define SBX_CALLS_PROCESS 0x20u    /* processes: start, watch, end, hand descriptors over */
#define SBX_CALLS_MODULE 0x40u     /* a PKCS#11 module: read files, connect to a UNIX socket */
#define SBX_CALLS_REFUSE 0x80u     /* calls that fail with an error where the process would otherwise end */
#define SBX_CALLS_FAIL 0x100u      /* every other call fails with EPERM; without it, it ends the process */
#define SBX_CALLS_SCTP 0x200u      /* SCTP connections that are accepted or made */
#define SBX_CALLS_FILTER 0x800u    /* the sockets by which the packet filter is looked at */
#define SBX_CALLS_SCTP_MAKE 0x400u /* SCTP sockets that this process makes */
#define SBX_CALLS_UDP 0x2000u      /* SCTP in user space that is accepted over UDP sockets */
#define SBX_CALLS_UDP_MAKE 0x4000u /* UDP sockets; of the parent, whose filter holds for the core */
#define SBX_CALLS_HTTP 0x8000u     /* HTTP connections that libmicrohttpd accepts */
#define SBX_CALLS_CONSOLE 0x10000u /* questions over the control socket, and files in memory that go with them */
#define SBX_CALLS_BIND 0x1000u     /* our own end of TCP connections that this process makes */

struct sbx_role_row {
	const char *word;
	unsigned calls;        /* SBX_CALLS_* */
	unsigned calls_sctp;   /* the same, in addition where the process has SCTP sockets */
	unsigned calls_udp;    /* the same, where it accepts SCTP in user space */
	unsigned calls_bind;   /* the same, where it binds its own end of TCP connections */
	uint64_t capabilities; /* kept, where the process has them; bit N is capability N */
	bool keys;             /* holds keys: never dumpable, no core file */
	bool lock;             /* all its memory is locked */
	bool executes;         /* may map and run program code after sbx_seal() */
	bool reads;            /* has paths beneath which it may read */
	bool signals;          /* may signal other processes than itself */
};

const struct sbx_role_row *sbx_role_row(enum sbx_role role);

#define SBX_COMPARE_MAX 3 /* arguments of one row */

enum sbx_compare { SBX_ANY, SBX_EQUAL, SBX_MASKED, SBX_SELF /* own process id */ };

struct sbx_call_row {
	unsigned calls; /* groups that have it */
	int number;     /* of libseccomp: negative for a call that this machine does not have */
	int error;      /* 0: allowed; else errno that it fails with */
	struct {
		unsigned argument; /* from 0 */
		enum sbx_compare compare;
		uint64_t mask, value;
	} compare[SBX_COMPARE_MAX];
};

extern const struct sbx_call_row sbx_call_rows[]; /* the last one has calls 0 */

/* -- parts; each returns 0 or ERR_IO with errno */

/* Loads the filter for every thread. ERR_NOTFOUND: the kernel refuses filters. */
ERR_MUST_USE int sbx_filter_load(const struct sbx_conf *conf);
bool sbx_filter_possible(void);

#define SBX_LANDLOCK_MIN 2 /* version 1 forbids every rename into another directory */
/* Version of the kernel's interface; 0: none. */
unsigned sbx_landlock_version(void);
/* ERR_NOTFOUND: a path that is not optional does not exist; `why` names it. */
ERR_MUST_USE int sbx_landlock_enter(const struct sbx_conf *conf, unsigned version, char why[SBX_WHY_MAX]);

/* Gives up every capability but `keep`, the bounding set and the ways to get capabilities back. */
ERR_MUST_USE int sbx_capabilities_drop(uint64_t keep);

/* /proc/self/status, opened while files can be opened. */
ERR_MUST_USE int sbx_status_open(int *fd);
ERR_MUST_USE int sbx_status_read(struct sbx_report *out, int fd);
/* Threads of this process; 0: not known. */
unsigned sbx_threads(void);
