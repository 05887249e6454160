#!/bin/sh
# lmdb-same-value-commit.sh - LMDB writes and flushes a whole commit when a key is given the value that it has.
#
# usage: findings/lmdb-same-value-commit.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 4 s. Needs a C compiler and strace.
#
# Version: liblmdb 0.9.24-1 of Debian 12.
#
# Expected by a careful reader
#   mdb_put() of a value that is already there changes no page, so the commit has nothing to write, as a commit without any call has not.
#
# Seen, in system calls of one commit
#   1. A transaction without a put: no write, no flush.
#   2. A put of a new value: pages written, one fdatasync, and one write of the meta page with O_DSYNC: two flushes.
#   3. A put of the value that is there: the same number of octets and of flushes as in 2.
#   4. The same with MDB_NOOVERWRITE, which answers MDB_KEYEXIST: no write, no flush.
#
# So a program that writes its state at each turn asks first whether the state has changed.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need strace python3
debian liblmdb-dev=0.9.24-1 liblmdb0=0.9.24-1

cat >play.c <<'END'
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum what { NOTHING, PUT, PUT_ONCE };

static void must(int e)
{
	if (e) {
		fprintf(stderr, "%s\n", mdb_strerror(e));
		exit(77);
	}
}

/* One commit; a mark in the list of system calls stands before it and one after it. */
static void commit(MDB_env *env, MDB_dbi dbi, enum what what, const char *value, const char *mark)
{
	MDB_txn *txn;
	MDB_val k = {4, "name"}, v = {strlen(value), (void *)value};
	access(mark, F_OK);
	must(mdb_txn_begin(env, NULL, 0, &txn));
	if (what != NOTHING) {
		int e = mdb_put(txn, dbi, &k, &v, what == PUT_ONCE ? MDB_NOOVERWRITE : 0);
		must(what == PUT_ONCE && e == MDB_KEYEXIST ? 0 : e);
	}
	must(mdb_txn_commit(txn));
	access("mark-end", F_OK);
}

int main(void)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	must(mkdir("store", 0700));
	must(mdb_env_create(&env));
	must(mdb_env_open(env, "store", 0, 0600));
	must(mdb_txn_begin(env, NULL, 0, &txn));
	must(mdb_dbi_open(txn, NULL, MDB_CREATE, &dbi));
	must(mdb_txn_commit(txn));
	commit(env, dbi, PUT, "first", "mark-warm");
	commit(env, dbi, PUT, "other", "mark-warm");
	commit(env, dbi, NOTHING, "", "mark-nothing");
	commit(env, dbi, PUT, "value", "mark-new");
	commit(env, dbi, PUT, "value", "mark-same");
	commit(env, dbi, PUT_ONCE, "value", "mark-once");
	mdb_env_close(env);
	return 0;
}
END
compile_play -llmdb
LD_LIBRARY_PATH=$lib strace -f -o calls -e trace=access,faccessat,faccessat2,write,pwrite64,writev,pwritev,fdatasync,fsync,msync ./play ||
	not_run "strace or the example does not run here"

cat >read.py <<'END'
import re
import sys

seen, mark = {}, None
with open("calls", encoding="utf-8", errors="replace") as f:
    for line in f:
        found = re.search(r'access.*"mark-(\w+)"', line)
        if found:
            mark = None if found[1] == "end" else found[1]
            seen.setdefault(mark, [0, 0, 0])
            continue
        call = re.search(r"\b(p?write(?:v|64)?|fdatasync|fsync|msync)\(.*= (\d+)$", line)
        if mark and call:
            if call[1] in ("fdatasync", "fsync", "msync"):
                seen[mark][2] += 1
            else:
                seen[mark][0] += 1
                seen[mark][1] += int(call[2])

changed = False
for number, (name, text) in enumerate((("nothing", "no put"), ("new", "a new value"), ("same", "the value that is there"),
                                       ("once", "MDB_NOOVERWRITE of a key that is there")), 1):
    writes, octets, flushes = seen[name]
    same = {"nothing": (writes, flushes) == (0, 0), "new": writes >= 2 and flushes == 1, "same": seen["same"][1:] == seen["new"][1:],
            "once": (writes, flushes) == (0, 0)}[name]
    changed = changed or not same
    print(f"{number}. {text}")
    print(f"    {'as described' if same else 'CHANGED'}: {writes} writes with {octets} octets, {flushes} flush calls")
print("the behaviour is another one" if changed else "as described")
sys.exit(int(changed))
END
python3 read.py
