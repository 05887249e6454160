/* sbx_caps.c - gives up capabilities, and the ways to get them back (libcap-ng).
 *
 * A process of root gets every capability back at exec, unless SECBIT_NOROOT is set; a file with
 * capabilities gives them, unless the bounding set lacks them or no_new_privs is set. All of that
 * is done, as far as the process has the right to. */
#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sandbox/sbx_int.h"

/* Without CAP_SETPCAP there is nothing to lock: the process has no capability that could be raised.
 * The parent keeps the exec as root, because its children need their capabilities for the change of
 * their user. */
static int lock_ways(uint64_t keep)
{
	unsigned long bits = SECURE_ALL_BITS | SECURE_ALL_LOCKS;

	if (keep || !capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP)) {
		return 0;
	}
	bits &= ~(issecure_mask(SECURE_KEEP_CAPS)); /* off, and its lock stays */
	return prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0 ? ERR_IO : 0;
}

int sbx_capabilities_drop(uint64_t keep)
{
	bool bounding;

	if (capng_get_caps_process() || lock_ways(keep)) {
		return ERR_IO;
	}
	bounding = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++) {
		if (keep & (UINT64_C(1) << i)) {
			continue;
		}
		if (capng_update(CAPNG_DROP,
				 CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE | CAPNG_BOUNDING_SET | CAPNG_AMBIENT, i)) {
			return ERR_IO;
		}
	}
	if (capng_apply(bounding ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS)) {
		errno = EPERM;
		return ERR_IO;
	}
	return 0;
}

/* Without CAP_SETPCAP the bounding set stays; no_new_privs makes it mean nothing. */
int sbx_become(uid_t uid, gid_t gid)
{
	for (unsigned long i = 0; i <= CAP_LAST_CAP; i++) {
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && errno != EPERM && errno != EINVAL) {
			return -1;
		}
	}
	return setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ? -1 : 0;
}
