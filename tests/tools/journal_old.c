/* journal_old.c - turns a journal into one of format 3, an LMDB environment, as programs before the log wrote it. For tests of the way
 * from there. usage: journal_old FROM TO, FROM: directory of a journal, or the journal.log of a backup; TO: a new directory. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/kv.h"
#include "journal/jrn_copy.h"

struct old {
	struct kv kv;
	MDB_txn *txn;
	MDB_dbi triggers;
	uint64_t highest;
};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "journal_old: %s: %s\n", what, why);
	exit(1);
}

static void check(int rc)
{
	if (rc) {
		fail("LMDB", mdb_strerror(rc));
	}
}

static int on_record(void *arg, uint64_t number, const void *record, size_t len)
{
	struct old *o = arg;
	MDB_val key = { sizeof number, &number }, val = { len, (void *)(uintptr_t)record };

	check(mdb_put(o->txn, o->triggers, &key, &val, 0));
	o->highest = number;
	return 0;
}

/* The directory to read: FROM, or one made of a backup. */
static const char *directory(const char *from, char made[1024], const char *to)
{
	struct jrn_why why;
	struct stat st;

	if (stat(from, &st) == 0 && S_ISDIR(st.st_mode)) {
		return from;
	}
	snprintf(made, 1024, "%s-log", to);
	if (jrn_copy_restore(from, made, &why)) {
		fail(from, why.text);
	}
	return made;
}

int main(int argc, char **argv)
{
	struct kv_conf kc = { .kind = "trigger journal", .format = 3, .map_max = 64u << 20, .databases = 2, .size_key = "x" };
	MDB_val key = { 8, (void *)(uintptr_t) "reserved" }, val = { 8, NULL };
	struct jrn_conf jc = { .dir = NULL };
	struct old o = { .highest = 0 };
	struct jrn_why why;
	char made[1024];
	struct jrn *j;
	uint64_t reserved;
	MDB_dbi ballast;

	if (argc != 3) {
		fail("usage", "journal_old FROM TO");
	}
	jc.dir = directory(argv[1], made, argv[2]);
	kc.dir = argv[2];
	if (jrn_open(&j, &jc, &why) || kv_open(&o.kv, &kc, why.text, sizeof why.text)) {
		fail(argv[1], why.text);
	}
	check(mdb_txn_begin(o.kv.env, NULL, 0, &o.txn));
	check(mdb_dbi_open(o.txn, "triggers", MDB_CREATE | MDB_INTEGERKEY, &o.triggers));
	check(mdb_dbi_open(o.txn, "ballast", MDB_CREATE | MDB_INTEGERKEY, &ballast));
	if (jrn_replay(j, on_record, &o)) {
		fail(argv[1], "cannot be read");
	}
	reserved = o.highest + 1000;
	val.mv_data = &reserved;
	check(mdb_put(o.txn, o.kv.meta, &key, &val, 0));
	check(mdb_txn_commit(o.txn));
	kv_close(&o.kv);
	jrn_close(j);
	return 0;
}
