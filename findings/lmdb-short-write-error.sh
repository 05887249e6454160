#!/bin/sh
# lmdb-short-write-error.sh - LMDB says EIO, not ENOSPC, of a disk that becomes full in the middle of a commit.
#
# usage: findings/lmdb-short-write-error.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version, the network or a mount of one's own is not available.
# Takes about 4 s. Needs a C compiler, strace and unshare; not root where users may make namespaces.
#
# Version: liblmdb 0.9.24-1 of Debian 12, on a tmpfs whose size is its bound.
#
# Expected by a careful reader
#   A commit for which the disk has no room fails with ENOSPC, so a program can tell a full disk, which somebody empties, from a broken one.
#
# Seen, with a commit of one value of 40,000 octets, ten pages that leave with those of its tree in one write
#   1. No room at all: the write fails with ENOSPC, and mdb_txn_commit() returns ENOSPC.
#   2. Room for three pages: the write ends after three without an error, LMDB asks no second time, and mdb_txn_commit() returns EIO,
#      "Input/output error".
#   3. With room again the next commit of 2. succeeds in the same environment.
#
# So EIO of a commit is no sign of a broken disk: what the file system has left decides what is said to the operator.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need strace unshare mount python3
debian liblmdb-dev=0.9.24-1 liblmdb0=0.9.24-1

cat >play.c <<'END'
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES_MAX 4096 /* of the disk */

static char value[40000], page[PAGE];

static void must(int e)
{
	if (e) {
		fprintf(stderr, "%s\n", mdb_strerror(e));
		exit(77);
	}
}

static int commit(MDB_env *env, MDB_dbi dbi)
{
	MDB_txn *txn;
	MDB_val k = {4, "name"}, v = {sizeof value, value};
	must(mdb_txn_begin(env, NULL, 0, &txn));
	must(mdb_put(txn, dbi, &k, &v, 0));
	return mdb_txn_commit(txn);
}

/* Fills the disk but for so many pages. */
static void fill(unsigned left)
{
	int fd = open("disk/filler", O_RDWR | O_CREAT, 0600);
	off_t n = 0;
	while (n < PAGES_MAX && write(fd, page, PAGE) == PAGE)
		n++;
	must(fd < 0 || n >= PAGES_MAX || n < left || ftruncate(fd, (n - left) * PAGE));
	close(fd);
}

int main(int argc, char **argv)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	unsigned left = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	must(mkdir("disk/store", 0700));
	must(mdb_env_create(&env));
	must(mdb_env_set_mapsize(env, 1 << 20));
	must(mdb_env_open(env, "disk/store", 0, 0600));
	must(mdb_txn_begin(env, NULL, 0, &txn));
	must(mdb_dbi_open(txn, NULL, MDB_CREATE, &dbi));
	must(mdb_txn_commit(txn));
	fill(left);
	printf("%d", commit(env, dbi));
	unlink("disk/filler");
	printf(" %d\n", commit(env, dbi));
	mdb_env_close(env);
	return 0;
}
END
compile_play -llmdb
own=--mount
[ "$(id -u)" = 0 ] || own="--user --map-root-user --mount"
mkdir disk
for left in 0 3; do
	# shellcheck disable=SC2086,SC2016  # words on purpose; expanded by the shell inside
	unshare $own sh -c 'mount -t tmpfs -o size=400k none disk &&
		LD_LIBRARY_PATH=$1 strace -f -o calls.$2 -e trace=write,pwrite64,writev,pwritev ./play $2 >codes.$2' sh "$lib" "$left" 2>unshare.log || {
		cat unshare.log
		not_run "a small disk cannot be mounted, or strace does not run here"
	}
done

cat >read.py <<'END'
import errno
import os
import re
import sys

changed = False
for number, left, expected in ((1, 0, errno.ENOSPC), (2, 3, errno.EIO)):
    with open(f"codes.{left}", encoding="utf-8") as f:
        first, second = (int(word) for word in f.read().split())
    with open(f"calls.{left}", encoding="utf-8", errors="replace") as f:
        written = [m[1] for m in re.finditer(r"\bp?write(?:v|64)?\(.*\b40960\b.* = (-?\d+)(?: E.*)?$", f.read(), re.M)]
    same = first == expected and second == 0 and written[:1] == [str(left * 4096) if left else "-1"]
    changed = changed or not same
    print(f"{number}. room for {left} pages")
    print(f"    {'as described' if same else 'CHANGED'}: the write gives {' '.join(written[:1])}, the commit {errno.errorcode.get(first, first)} ({os.strerror(first)})")
    if number == 2:
        print(f"3. room again\n    {'as described' if second == 0 else 'CHANGED'}: the next commit gives {second}")
print("the behaviour is another one" if changed else "as described")
sys.exit(int(changed))
END
python3 read.py
