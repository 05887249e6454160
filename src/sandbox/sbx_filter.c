/* sbx_filter.c - makes the filter of a role from its rows, and loads it (libseccomp). */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <linux/seccomp.h>
#include <unistd.h>

#include "base/str.h"
#include "sandbox/sbx_int.h"

/* The macros of libseccomp leave members out, which clang refuses. */
static struct scmp_arg_cmp compare_with(unsigned argument, enum scmp_compare op, uint64_t a, uint64_t b)
{
	return (struct scmp_arg_cmp){ .arg = argument, .op = op, .datum_a = a, .datum_b = b };
}

static struct scmp_arg_cmp compare_of(unsigned argument, enum sbx_compare compare, uint64_t mask, uint64_t value)
{
	switch (compare) {
	case SBX_MASKED:
		return compare_with(argument, SCMP_CMP_MASKED_EQ, mask, value);
	case SBX_SELF:
		return compare_with(argument, SCMP_CMP_EQ, (uint64_t)getpid(), 0);
	default:
		return compare_with(argument, SCMP_CMP_EQ, value, 0);
	}
}

static int add_row(scmp_filter_ctx filter, const struct sbx_call_row *row)
{
	struct scmp_arg_cmp compare[SBX_COMPARE_MAX];
	uint32_t action = row->error ? SCMP_ACT_ERRNO(row->error) : SCMP_ACT_ALLOW;
	unsigned n = 0;

	for (unsigned i = 0; i < SBX_COMPARE_MAX && row->compare[i].compare != SBX_ANY; i++) {
		compare[n++] =
		    compare_of(row->compare[i].argument, row->compare[i].compare, row->compare[i].mask, row->compare[i].value);
	}
	return seccomp_rule_add_array(filter, action, row->number, n, compare);
}

/* True: the role has a row of the same call that allows more, or allows where this one fails. */
static bool covered(const struct sbx_call_row *row, unsigned calls)
{
	for (const struct sbx_call_row *other = sbx_call_rows; other->calls; other++) {
		if (other != row && other->number == row->number && (other->calls & calls) && !other->error &&
		    (row->error || (row->compare[0].compare != SBX_ANY && other->compare[0].compare == SBX_ANY))) {
			return true;
		}
	}
	return false;
}

static int add_rows(scmp_filter_ctx filter, unsigned calls)
{
	for (const struct sbx_call_row *row = sbx_call_rows; row->calls; row++) {
		int err;

		if (!(row->calls & calls) || row->number < 0 || covered(row, calls)) {
			continue;
		}
		err = add_row(filter, row);
		if (err < 0 && err != -EEXIST) {
			errno = -err;
			return ERR_IO;
		}
	}
	return 0;
}

/* The process may not change the handler of SIGSYS: the attempt ends it, and so does the handler
 * itself. */
static int add_end(scmp_filter_ctx filter, const struct sbx_conf *conf)
{
	struct scmp_arg_cmp handler = compare_with(0, SCMP_CMP_EQ, SIGSYS, 0);
	int err =
	    conf->on_refused ? seccomp_rule_add_array(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(rt_sigaction), 1, &handler) : 0;

	if (err < 0 && err != -EEXIST) {
		errno = -err;
		return ERR_IO;
	}
	return 0;
}

static int attributes(scmp_filter_ctx filter)
{
	/* TSYNC: every thread. Calls of other machines (32 bits, x32) end the process. Level 2: a
	 * tree, so that a call costs a few comparisons. */
	if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) || seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1) ||
	    seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) ||
	    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2)) {
		errno = EINVAL;
		return ERR_IO;
	}
	return 0;
}

static uint32_t otherwise(const struct sbx_conf *conf)
{
	if (sbx_role_row(conf->role)->calls & SBX_CALLS_FAIL) {
		return SCMP_ACT_ERRNO(EPERM);
	}
	return conf->on_refused ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS;
}

int sbx_filter_load(const struct sbx_conf *conf)
{
	scmp_filter_ctx filter = seccomp_init(otherwise(conf));
	const struct sbx_role_row *role = sbx_role_row(conf->role);
	int err = filter ? attributes(filter) : ERR_NOMEM, loaded;

	if (!err) {
		err = add_rows(filter, role->calls | (conf->sctp ? role->calls_sctp : 0) |
					   (conf->sctp_udp ? role->calls_udp : 0) | (conf->binds ? role->calls_bind : 0));
	}
	if (!err) {
		err = add_end(filter, conf);
	}
	if (!err) {
		loaded = seccomp_load(filter);
		errno = -loaded;
		err = !loaded                                                                              ? 0
		      : loaded == -EINVAL || loaded == -ENOSYS || loaded == -EPERM || loaded == -ECANCELED ? ERR_NOTFOUND
													   : ERR_IO;
	}
	if (filter) {
		seccomp_release(filter);
	}
	return err;
}

/* A filter without address is refused with EFAULT where filters exist. */
bool sbx_filter_possible(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 &&
	       errno == EFAULT;
}

const char *sbx_call_name(char out[SBX_CALL_MAX], long number)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);

	str_cut(out, SBX_CALL_MAX, name ? name : "unknown");
	free(name);
	return out;
}

const char *sbx_library_version(char out[SBX_VERSION_MAX])
{
	const struct scmp_version *v = seccomp_version();

	snprintf(out, SBX_VERSION_MAX, "%u.%u.%u", v->major, v->minor, v->micro);
	return out;
}
