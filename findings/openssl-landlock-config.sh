#!/bin/sh
# openssl-landlock-config.sh - OpenSSL that is first used inside a Landlock sandbox starts without its configuration, and says nothing.
#
# usage: findings/openssl-landlock-config.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version, Landlock or the network is not available.
# Takes about 5 s, fetches 5 MB. Needs a C compiler and a kernel with Landlock.
#
# Version: OpenSSL 3.0.22, packages libssl3 and libssl-dev 3.0.22-1~deb12u2 of Debian 12; Landlock of any version.
#
# Expected by a careful reader
#   openssl.cnf may hold what the owner of the machine asks of every TLS connection: the oldest protocol, the list of ciphers. Where the
#   file cannot be opened, the start of the library fails, or a later use says so.
#
# Seen, with an OPENSSL_CONF that asks for TLS 1.3 at least
#   1. Without a sandbox: a new context's oldest protocol is TLS 1.3 (304).
#   2. Library started before the sandbox, by OPENSSL_init_ssl(): the same.
#   3. Library first used inside the sandbox: OPENSSL_init_ssl() answers 1, a context is made, the error queue is empty, and the oldest
#      protocol is not set (0).
#
# So a program starts OpenSSL before it enters its sandbox, and looks afterwards whether the oldest protocol is what it needs.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need cc dpkg-architecture
debian libssl-dev=3.0.22-1~deb12u2 libssl3=3.0.22-1~deb12u2

cat >play.c <<'END'
#include <linux/landlock.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* No file may be read from now on. */
static int enter(void)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	return fd >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
}

/* usage: play none|before|inside; prints what SSL_CTX_new() gives */
int main(int argc, char **argv)
{
	const char *when = argc > 1 ? argv[1] : "";
	if (strcmp(when, "before") == 0 && !OPENSSL_init_ssl(0, NULL))
		return 1;
	if (strcmp(when, "none") != 0 && !enter())
		return 77;
	int started = OPENSSL_init_ssl(0, NULL);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	printf("init %d, context %s, error queue %s, oldest protocol %lx\n", started, ctx ? "made" : "none",
	       ERR_peek_error() ? "not empty" : "empty", ctx ? (unsigned long)SSL_CTX_get_min_proto_version(ctx) : 0);
	SSL_CTX_free(ctx);
	return 0;
}
END
arch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
lib=root/usr/lib/$arch
cc -o play play.c -Iroot/usr/include -I"root/usr/include/$arch" -L"$lib" -lssl -lcrypto >cc.log 2>&1 || {
	cat cc.log
	not_run "the example cannot be compiled"
}
cat >openssl.cnf <<'END'
openssl_conf = start
[start]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
MinProtocol = TLSv1.3
END

changed=0
check() # WHEN EXPECTED
{
	status=0
	got=$(OPENSSL_CONF=$folder/openssl.cnf LD_LIBRARY_PATH=$lib ./play "$1") || status=$?
	[ $status -ne 77 ] || not_run "this kernel has no Landlock"
	if [ "$got" = "$2" ]; then
		echo "    as described: $got"
	else
		echo "    CHANGED: $got; described: $2"
		changed=1
	fi
}
echo "1. without a sandbox"
check none "init 1, context made, error queue empty, oldest protocol 304"
echo "2. started before the sandbox"
check before "init 1, context made, error queue empty, oldest protocol 304"
echo "3. first used inside the sandbox"
check inside "init 1, context made, error queue empty, oldest protocol 0"
[ $changed -eq 0 ] || { echo "the behaviour is another one"; exit 1; }
echo "as described"
