/* sbx_roles.c - one row for each role. */
#include <linux/capability.h>

#include "sandbox/sbx_int.h"

#define BIT(capability) (UINT64_C(1) << (capability))

/* The parent gives its children their user, ends them, reads keys of any owner at a reload, and
 * checks then whether a changed configuration could be used. */
#define PARENT_KEEPS                                                                                                             \
	(BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_SETPCAP) | BIT(CAP_KILL) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_CHOWN) |         \
	 BIT(CAP_FOWNER) | BIT(CAP_NET_BIND_SERVICE))

static const struct sbx_role_row rows[SBX_ROLES] = {
	[SBX_PARENT] = { .word = "parent",
			 .calls = SBX_CALLS_BASE | SBX_CALLS_ACCEPTED | SBX_CALLS_FILES | SBX_CALLS_THREADS | SBX_CALLS_CONNECT |
				  SBX_CALLS_PROCESS | SBX_CALLS_FILTER | SBX_CALLS_FAIL | SBX_CALLS_SCTP | SBX_CALLS_SCTP_MAKE,
			 .calls_udp = SBX_CALLS_UDP | SBX_CALLS_UDP_MAKE,
			 .capabilities = PARENT_KEEPS,
			 .keys = true,
			 .executes = true,
			 .reads = true,
			 .signals = true },
	[SBX_CORE] = { .word = "core",
		       .calls = SBX_CALLS_BASE | SBX_CALLS_ACCEPTED | SBX_CALLS_FILES | SBX_CALLS_THREADS | SBX_CALLS_CONNECT,
		       .calls_sctp = SBX_CALLS_SCTP | SBX_CALLS_SCTP_MAKE,
		       .calls_bind = SBX_CALLS_BIND,
		       .keys = true,
		       .reads = true },
	[SBX_EDGE] = { .word = "edge",
		       .calls = SBX_CALLS_BASE | SBX_CALLS_ACCEPTED | SBX_CALLS_REFUSE,
		       .calls_sctp = SBX_CALLS_SCTP,
		       .calls_udp = SBX_CALLS_UDP,
		       .keys = true },
	[SBX_KEYHOLDER] = { .word = "keyholder", .calls = SBX_CALLS_BASE | SBX_CALLS_REFUSE, .keys = true, .lock = true },
	/* charon's socket is a stream like an accepted one; the rules of the packet filter can be
	 * read with CAP_NET_ADMIN only */
	[SBX_NDSIP] = { .word = "ndsip",
			.calls = SBX_CALLS_BASE | SBX_CALLS_ACCEPTED | SBX_CALLS_REFUSE,
			.capabilities = BIT(CAP_NET_ADMIN),
			.keys = true },
	/* its connections are streams that are made when it gets them */
	[SBX_FETCHER] = { .word = "fetcher", .calls = SBX_CALLS_BASE | SBX_CALLS_REFUSE, .keys = true },
	/* it reads the names of accounts; of sockets it may make those of UNIX only */
	[SBX_CONSOLE] = { .word = "console",
			  .calls = SBX_CALLS_BASE | SBX_CALLS_ACCEPTED | SBX_CALLS_FILES | SBX_CALLS_THREADS | SBX_CALLS_MODULE |
				   SBX_CALLS_CONSOLE,
			  .keys = true,
			  .reads = true },
	/* its library has no file open, and sends by sendto() only */
	[SBX_METRICS] = { .word = "metrics",
			  .calls = SBX_CALLS_BASE | SBX_CALLS_ACCEPTED | SBX_CALLS_HTTP | SBX_CALLS_REFUSE,
			  .keys = true },
	[SBX_KEYHOLDER_P11] = { .word = "keyholder-p11",
				.calls = SBX_CALLS_BASE | SBX_CALLS_FILES | SBX_CALLS_THREADS | SBX_CALLS_MODULE,
				.keys = true,
				.lock = true,
				.reads = true },
};

const struct sbx_role_row *sbx_role_row(enum sbx_role role)
{
	return &rows[(unsigned)role < SBX_ROLES ? role : SBX_EDGE];
}

uint64_t sbx_role_capabilities(enum sbx_role role)
{
	return sbx_role_row(role)->capabilities;
}

const char *sbx_role_word(enum sbx_role role)
{
	return (unsigned)role < SBX_ROLES ? rows[role].word : "unknown";
}
