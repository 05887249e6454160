/* sbx_landlock.c - Landlock by system calls: glibc has no functions for it, and the headers of
 * Debian 12 know version 2 only, so that the bits of later versions stand here
 * (Documentation/userspace-api/landlock.rst of the kernel).
 *
 * A right that the rules do not name is refused beneath every path. What a version does not have is
 * not refused by Landlock: stat and chmod in all of them, truncate before 3, TCP ports before 4,
 * ioctl on devices before 5, abstract UNIX sockets and signals to other processes before 6. For
 * these there are the filter of system calls and the users. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sbx_int.h"

#define FS_EXECUTE ((uint64_t)LANDLOCK_ACCESS_FS_EXECUTE)
#define FS_WRITE_FILE ((uint64_t)LANDLOCK_ACCESS_FS_WRITE_FILE)
#define FS_READ_FILE ((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE)
#define FS_READ_DIR ((uint64_t)LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_MAKE_CHAR ((uint64_t)LANDLOCK_ACCESS_FS_MAKE_CHAR)
#define FS_MAKE_BLOCK ((uint64_t)LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define FS_VERSION_1 ((UINT64_C(1) << 13) - 1)        /* all thirteen */
#define FS_REFER ((uint64_t)LANDLOCK_ACCESS_FS_REFER) /* version 2: rename and link into another directory */
#define FS_TRUNCATE (UINT64_C(1) << 14)               /* version 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15)              /* version 5 */
#define NET_BIND_TCP (UINT64_C(1) << 0)               /* version 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define RULE_NET_PORT 2
#define SCOPE_ABSTRACT (UINT64_C(1) << 0) /* version 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

/* Rights that a file, not a directory, can have. */
#define FS_OF_FILE (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset_attr { /* as of version 6; the kernel takes a shorter one */
	uint64_t fs, net, scoped;
};

struct port_attr {
	uint64_t access, port;
};

unsigned sbx_landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? (unsigned)version : 0;
}

static uint64_t fs_of_version(unsigned version)
{
	return FS_VERSION_1 | FS_REFER | (version >= 3 ? FS_TRUNCATE : 0) | (version >= 5 ? FS_IOCTL_DEV : 0);
}

static uint64_t fs_of_rights(unsigned rights)
{
	uint64_t fs = FS_READ_FILE | FS_READ_DIR;

	if (rights & SBX_WRITE) {
		fs |= (FS_VERSION_1 & ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK)) | FS_REFER | FS_TRUNCATE;
	}
	if (rights & SBX_EXEC) {
		fs |= FS_EXECUTE;
	}
	return fs;
}

static int add_path(int ruleset, const struct sbx_path *path, uint64_t handled, char why[SBX_WHY_MAX])
{
	struct landlock_path_beneath_attr rule = { .parent_fd = open(path->path, O_PATH | O_CLOEXEC) };
	struct stat st;
	int err = 0;

	if (rule.parent_fd < 0 || fstat(rule.parent_fd, &st) < 0) {
		snprintf(why, SBX_WHY_MAX, "%s cannot be opened: %s", path->path, strerror(errno));
		if (rule.parent_fd >= 0) {
			close(rule.parent_fd);
		}
		return path->optional ? 0 : ERR_NOTFOUND;
	}
	rule.allowed_access = fs_of_rights(path->rights) & handled;
	if (!S_ISDIR(st.st_mode)) {
		rule.allowed_access &= FS_OF_FILE;
	}
	/* EBADFD: a pipe or socket behind /proc/self/fd, which no rule can name and none is needed
	 * for */
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) &&
	    !(path->optional && errno == EBADFD)) {
		snprintf(why, SBX_WHY_MAX, "%s: Landlock does not take it: %s", path->path, strerror(errno));
		err = ERR_IO;
	}
	close(rule.parent_fd);
	return err;
}

static int add_rules(int ruleset, const struct sbx_conf *conf, const struct ruleset_attr *attr, char why[SBX_WHY_MAX])
{
	int err = 0;

	for (size_t i = 0; i < conf->paths_n && !err; i++) {
		err = add_path(ruleset, &conf->paths[i], attr->fs, why);
	}
	if (conf->binds && !err && attr->net) {
		struct port_attr rule = { .access = NET_BIND_TCP, .port = 0 };

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0)) {
			snprintf(why, SBX_WHY_MAX, "a port that the kernel chooses: Landlock does not take it: %s",
				 strerror(errno));
			err = ERR_IO;
		}
	}
	for (size_t i = 0; i < conf->ports_n && !err && attr->net; i++) {
		struct port_attr rule = { .access = NET_CONNECT_TCP, .port = conf->ports[i] };

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0)) {
			snprintf(why, SBX_WHY_MAX, "port %u: Landlock does not take it: %s", conf->ports[i], strerror(errno));
			err = ERR_IO;
		}
	}
	return err;
}

/* The parent makes domains for its children: what it refuses, they cannot be given. Therefore it
 * does not refuse ports. */
static struct ruleset_attr attr_of(const struct sbx_conf *conf, unsigned version)
{
	struct ruleset_attr attr = { .fs = fs_of_version(version) };

	if (version >= 4 && conf->role != SBX_PARENT) {
		attr.net = NET_BIND_TCP | NET_CONNECT_TCP;
	}
	if (version >= 6) {
		attr.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	}
	return attr;
}

static size_t size_of(unsigned version)
{
	return version >= 6 ? sizeof(struct ruleset_attr) : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

int sbx_landlock_enter(const struct sbx_conf *conf, unsigned version, char why[SBX_WHY_MAX])
{
	struct ruleset_attr attr = attr_of(conf, version);
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size_of(version), 0);
	int err;

	if (ruleset < 0) {
		snprintf(why, SBX_WHY_MAX, "Landlock makes no rules: %s", strerror(errno));
		return ERR_IO;
	}
	err = add_rules(ruleset, conf, &attr, why);
	if (!err && syscall(SYS_landlock_restrict_self, ruleset, 0)) {
		snprintf(why, SBX_WHY_MAX, "Landlock does not put its rules in force: %s", strerror(errno));
		err = ERR_IO;
	}
	close(ruleset);
	if (!err) {
		why[0] = 0; /* an optional path that is not there is no reason */
	}
	return err;
}
