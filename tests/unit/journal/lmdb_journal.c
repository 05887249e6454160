#include "tests/unit/journal/lmdb_journal.h"

#include "tests/unit/test.h"

#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

#include "base/kv.h"

static struct kv_conf conf_of(const char *dir, uint32_t format)
{
	return (struct kv_conf){
		.dir = dir, .kind = "trigger journal", .format = format, .map_max = 64u << 20, .databases = 2, .size_key = "x"
	};
}

void lmdb_journal_make(const char *dir, uint32_t format, uint64_t n, uint64_t reserved)
{
	struct kv_conf conf = conf_of(dir, format);
	MDB_val key = { 8, (void *)(uintptr_t) "reserved" }, val = { sizeof reserved, &reserved };
	char why[200], text[32];
	MDB_txn *txn;
	MDB_dbi dbi;
	struct kv k;

	assert_int_equal(kv_open(&k, &conf, why, sizeof why), 0);
	assert_int_equal(mdb_txn_begin(k.env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_put(txn, k.meta, &key, &val, 0), 0);
	assert_int_equal(mdb_dbi_open(txn, "triggers", MDB_CREATE | MDB_INTEGERKEY, &dbi), 0);
	for (uint64_t i = 1; i <= n; i++) {
		key = (MDB_val){ sizeof i, &i };
		val = (MDB_val){ (size_t)snprintf(text, sizeof text, "record %d", (int)i), text };
		assert_int_equal(mdb_put(txn, dbi, &key, &val, 0), 0);
	}
	assert_int_equal(mdb_dbi_open(txn, "ballast", MDB_CREATE | MDB_INTEGERKEY, &dbi), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	kv_close(&k);
}

uint32_t lmdb_journal_format(const char *dir)
{
	struct kv_conf conf = conf_of(dir, 99);
	char path[128], why[200];
	uint32_t format;
	struct kv k;

	snprintf(path, sizeof path, "%s/data.mdb", dir);
	if (access(path, F_OK) < 0) {
		return 0;
	}
	conf.format_oldest = 1;
	assert_int_equal(kv_open(&k, &conf, why, sizeof why), 0);
	format = k.format;
	kv_close(&k);
	return format;
}
