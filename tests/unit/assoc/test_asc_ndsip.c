/* SCSs under NDS/IP in the store: what is refused at provisioning, a host belongs to one SCS whatever the way it comes in, and a store of
 * another program is opened, or refused in words. */
#include "tests/unit/assoc/store_place.h"

#include "assoc/asc_lmdb.h"
#include "assoc/asc_row.h"

static struct asc_scs scs_with(const char *name, const char *e164, const char *hosts, const char *ike)
{
	char host[64];
	struct asc_scs s;

	snprintf(host, sizeof host, "scs.%s.example", name);
	s = place_scs(name, e164, host);
	assert_int_equal(asc_addresses_read(&s.ndsip_hosts, hosts, strlen(hosts)), 0);
	assert_int_equal(asc_addresses_read(&s.ndsip_ike, ike, strlen(ike)), 0);
	return s;
}

static struct asc_scs acme_with(const char *hosts, const char *ike)
{
	return scs_with("acme", "49170123456", hosts, ike);
}

static struct asc_scs beta_with(const char *hosts)
{
	return scs_with("beta", "49170123457", hosts, "");
}

static void put(struct place *p, const struct asc_scs *s)
{
	if (asc_scs_put(p->a, s, &p->why)) {
		fail_msg("%s", p->why.text);
	}
}

static void refused(struct place *p, const struct asc_scs *s, int err, const char *words)
{
	assert_int_equal(asc_scs_put(p->a, s, &p->why), err);
	assert_string_equal(p->why.text, words);
}

static void hosts_are(struct place *p, const char *name, const char *expected)
{
	char text[ASC_ADDRESSES_TEXT_MAX];

	asc_addresses_text(text, &asc_scs_find(p->a, name)->ndsip_hosts);
	assert_string_equal(text, expected);
}

static void test_addresses_are_kept_in_order(void **state)
{
	struct asc_scs s = acme_with("10.8.0.9 10.8.0.7 fd00::1 10.8.0.8", "192.0.2.8 192.0.2.7");
	struct place *p = *state;
	char text[ASC_ADDRESSES_TEXT_MAX];

	put(p, &s);
	for (int round = 0; round < 2; round++) {
		hosts_are(p, "acme", "10.8.0.7 10.8.0.8 10.8.0.9 fd00::1");
		asc_addresses_text(text, &asc_scs_find(p->a, "acme")->ndsip_ike);
		assert_string_equal(text, "192.0.2.8 192.0.2.7"); /* the order in which they are tried */
		assert_int_equal(place_open(p), 0);
	}
}

static void test_what_cannot_be_is_refused(void **state)
{
	struct place *p = *state;
	struct asc_scs s = acme_with("", "192.0.2.7");

	refused(p, &s, ERR_INVAL, "SCS 'acme': ndsip-ike: expected ndsip-hosts too, the addresses that it connects from");
	s = acme_with("10.8.0.7 10.8.0.7", "");
	refused(p, &s, ERR_INVAL, "SCS 'acme': ndsip-hosts: 10.8.0.7 is given twice");
	s = acme_with("0.0.0.0", "");
	refused(p, &s, ERR_INVAL, "SCS 'acme': ndsip-hosts: 0.0.0.0 is no address of one host");
	s = acme_with("10.8.0.7", "::");
	refused(p, &s, ERR_INVAL, "SCS 'acme': ndsip-ike: :: is no address of one host");
	s = acme_with("10.8.0.7", "192.0.2.7 10.8.0.7");
	refused(p, &s, ERR_INVAL,
		"SCS 'acme': 10.8.0.7 is both an IKE address and a host, expected another host, inside the tunnel");
	s = acme_with("10.8.0.7", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 192.0.2.9");
	refused(p, &s, ERR_INVAL, "SCS 'acme': ndsip-ike: 9 addresses, expected at most 8");
	s = acme_with("10.8.0.7", "");
	strcpy(s.anchor, "internal");
	refused(p, &s, ERR_INVAL,
		"SCS 'acme': ndsip-hosts: expected a trust anchor other than internal, that of its certificate for IKE");
	assert_null(asc_scs_find(p->a, "acme"));
}

static void test_a_host_belongs_to_one_scs(void **state)
{
	struct place *p = *state;
	struct asc_scs acme = acme_with("10.8.0.7 10.8.0.8", ""), beta = beta_with("10.8.0.9 10.8.0.8");
	uint64_t changes;

	put(p, &acme);
	refused(p, &beta, ERR_EXISTS,
		"SCSs 'acme' and 'beta' have one host (10.8.0.8), expected a host of its own for each, because a host has one "
		"child");
	beta = beta_with("10.8.0.9");
	put(p, &beta);
	put(p, &acme); /* its own hosts are no overlap */
	acme = acme_with("10.8.0.9", "");
	assert_int_equal(asc_scs_put(p->a, &acme, &p->why), ERR_EXISTS);
	hosts_are(p, "acme", "10.8.0.7 10.8.0.8");
	changes = asc_scs_changes(p->a);
	assert_int_equal(asc_scs_del(p->a, "beta", &p->why), 0);
	assert_int_equal(asc_scs_changes(p->a), changes + 1);
	put(p, &acme);
	hosts_are(p, "acme", "10.8.0.9");
	assert_int_equal(asc_scs_changes(p->a), changes + 2);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "acme", "m1@a.example"), 0);
	assert_int_equal(asc_scs_changes(p->a), changes + 2);
}

/* -- import */

struct ended {
	bool done;
	int err;
	struct asc_why why;
};

static void on_done(void *arg, int err, const struct asc_why *why, const struct asc_import_result *r)
{
	struct ended *e = arg;

	(void)r;
	e->done = true;
	e->err = err;
	e->why = *why;
}

static struct asc_import *begin(struct place *p)
{
	struct asc_import_conf conf = { .kind = ASC_KIND_SCS };
	struct asc_import *im;

	assert_int_equal(asc_import_begin(&im, p->a, &conf, &p->why), 0);
	return im;
}

static struct ended finish(struct place *p, struct asc_import *im)
{
	struct asc_import_error error;
	struct ended e = { .done = false };

	assert_int_equal(asc_import_build(im, &error), 0);
	asc_import_finish(im, on_done, &e);
	while (!e.done) {
		asc_settle(p->a);
	}
	asc_import_free(im);
	return e;
}

#define KEEP_LISTS (ASC_KEEP_NDSIP_HOSTS | ASC_KEEP_NDSIP_IKE)

static void test_an_import_refuses_one_host_of_two(void **state)
{
	struct place *p = *state;
	struct asc_scs acme = acme_with("10.8.0.7", ""), beta = beta_with("10.8.0.7"),
		       gamma = scs_with("gamma", "49170123458", "10.8.0.7", "");
	struct asc_import_error error;
	struct asc_import *im;

	put(p, &acme);
	im = begin(p);
	assert_int_equal(asc_import_scs(im, 4, &beta, 0, &p->why), 0);
	assert_int_equal(asc_import_build(im, &error), ERR_EXISTS);
	assert_int_equal(error.line, 4);
	assert_non_null(strstr(error.why.text, "have one host (10.8.0.7)"));
	asc_import_free(im);
	acme = acme_with("", "");
	put(p, &acme);
	im = begin(p);
	assert_int_equal(asc_import_scs(im, 9, &gamma, 0, &p->why), 0);
	assert_int_equal(asc_import_scs(im, 5, &beta, 0, &p->why), 0);
	assert_int_equal(asc_import_build(im, &error), ERR_EXISTS);
	assert_int_equal(error.line, 9);
	assert_int_equal(error.line_earlier, 5);
	asc_import_free(im);
}

/* An SCS that came while the import ran has the host now. */
static void test_a_host_that_was_taken_during_an_import(void **state)
{
	struct place *p = *state;
	struct asc_scs beta = beta_with("10.8.0.7"), gamma = scs_with("gamma", "49170123458", "10.8.0.7", "");
	struct asc_import *im = begin(p);
	struct ended e = { .done = false };

	assert_int_equal(asc_import_scs(im, 4, &beta, 0, &p->why), 0);
	assert_int_equal(asc_import_build(im, &(struct asc_import_error){ .line = 0 }), 0);
	put(p, &gamma);
	asc_import_finish(im, on_done, &e);
	while (!e.done) {
		asc_settle(p->a);
	}
	asc_import_free(im);
	assert_int_equal(e.err, ERR_EXISTS);
	assert_non_null(strstr(e.why.text, "SCSs 'beta' and 'gamma' have one host (10.8.0.7)"));
	assert_null(asc_scs_find(p->a, "beta"));
}

/* What the file leaves as it is stored is looked at in the end. */
static void test_an_import_that_keeps_hosts(void **state)
{
	struct place *p = *state;
	struct asc_scs acme = acme_with("10.8.0.7", ""), beta = beta_with("10.8.0.8"), row = acme_with("", "192.0.2.7");
	struct asc_import *im;
	struct ended e;

	put(p, &acme);
	put(p, &beta);
	im = begin(p);
	assert_int_equal(asc_import_scs(im, 1, &row, ASC_KEEP_NDSIP_HOSTS, &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.err, 0);
	hosts_are(p, "acme", "10.8.0.7");
	assert_int_equal(asc_scs_find(p->a, "acme")->ndsip_ike.n, 1);
	row = scs_with("gamma", "49170123458", "", "192.0.2.7"); /* a new one keeps nothing */
	im = begin(p);
	assert_int_equal(asc_import_scs(im, 3, &row, ASC_KEEP_NDSIP_HOSTS, &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.err, ERR_INVAL);
	assert_non_null(strstr(e.why.text, "line 3: SCS 'gamma': ndsip-ike: expected ndsip-hosts too"));
	row = beta_with("10.8.0.7"); /* acme, which is not in the file, has it */
	im = begin(p);
	assert_int_equal(asc_import_scs(im, 3, &row, 0, &p->why), 0);
	assert_int_equal(asc_import_build(im, &(struct asc_import_error){ .line = 0 }), ERR_EXISTS);
	asc_import_free(im);
	row = acme_with("10.8.0.8", ""); /* and here beta, whose row keeps its own */
	beta = beta_with("");
	im = begin(p);
	assert_int_equal(asc_import_scs(im, 1, &row, 0, &p->why), 0);
	assert_int_equal(asc_import_scs(im, 2, &beta, KEEP_LISTS, &p->why), 0);
	e = finish(p, im);
	assert_int_equal(e.err, ERR_EXISTS);
	assert_non_null(strstr(e.why.text, "SCSs 'acme' and 'beta' have one host (10.8.0.8)"));
	hosts_are(p, "acme", "10.8.0.7");
}

/* -- stores of other programs */

/* Writes octets in place of the record of an SCS in the closed store. */
static void write_record(const struct place *p, const char *name, const void *record, size_t len)
{
	uint8_t key_octets[ASC_KEY_MAX] = { ASC_ROW_VERSION };
	MDB_val key = { strlen(name) + 1, key_octets }, val = { len, (void *)(uintptr_t)record };
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	memcpy(key_octets + 1, name, strlen(name));
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 16), 0);
	assert_int_equal(mdb_env_set_mapsize(env, 64u << 20), 0);
	assert_int_equal(mdb_env_open(env, p->dir, MDB_NOLOCK, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "scs", 0, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &key, &val, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static size_t record_of(uint8_t out[ASC_SCS_RECORD_MAX], const struct asc_scs *s, uint32_t number)
{
	struct buf b = buf_over(out, ASC_SCS_RECORD_MAX);

	asc_scs_record_put(&b, s, number);
	assert_false(b.full);
	return b.len;
}

/* Version 2 of a record, as programs before NDS/IP and before the limits in rows wrote it. */
static void test_a_store_of_an_older_program_is_opened(void **state)
{
	static const char old[] = "\2\1\0\0\0\13"
				  "49170123456\20"
				  "scs.acme.example\14"
				  "acme.example\10"
				  "anchor-a"
				  "\240\0\0\0\20\16\0\0\1\0\377\376\0\5\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5\0\0\0\0";
	struct place *p = *state;
	struct asc_scs acme = acme_with("", "");

	put(p, &acme);
	place_close(p);
	write_record(p, "acme", old, sizeof old - 1);
	assert_int_equal(place_open(p), 0);
	assert_int_equal(asc_scs_find(p->a, "acme")->rate_per_s, 1);
	assert_int_equal(asc_scs_find(p->a, "acme")->ndsip_hosts.n, 0);
	acme = acme_with("10.8.0.7", "");
	put(p, &acme);
	assert_int_equal(place_open(p), 0);
	hosts_are(p, "acme", "10.8.0.7");
}

/* The same happens to a program that knows no NDS/IP and meets version 4. */
static void test_a_record_of_a_newer_program_is_refused_in_words(void **state)
{
	uint8_t record[ASC_SCS_RECORD_MAX];
	struct place *p = *state;
	struct asc_scs acme = acme_with("10.8.0.7", "");
	size_t len = record_of(record, &acme, 1);

	put(p, &acme);
	place_close(p);
	record[0] = 6;
	write_record(p, "acme", record, len);
	assert_int_equal(place_open(p), ERR_VERSION);
	assert_string_equal(p->why.text, "association store: the record of SCS 'acme' is of another version, or has a limit or "
					 "protection that this program does not know");
}

static void test_a_store_with_an_overlap_is_not_opened(void **state)
{
	uint8_t record[ASC_SCS_RECORD_MAX];
	struct place *p = *state;
	struct asc_scs acme = acme_with("10.8.0.7", ""), beta = beta_with("10.8.0.8");

	put(p, &acme);
	put(p, &beta);
	place_close(p);
	beta = beta_with("10.8.0.7");
	write_record(p, "beta", record, record_of(record, &beta, 2));
	assert_int_equal(place_open(p), ERR_PROTO);
	assert_non_null(strstr(p->why.text, "association store: SCSs 'acme' and 'beta' have one host (10.8.0.7)"));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses_are_kept_in_order, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_is_refused, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_a_host_belongs_to_one_scs, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_an_import_refuses_one_host_of_two, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_a_host_that_was_taken_during_an_import, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_an_import_that_keeps_hosts, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_a_store_of_an_older_program_is_opened, place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_a_record_of_a_newer_program_is_refused_in_words, place_setup,
						place_teardown),
		cmocka_unit_test_setup_teardown(test_a_store_with_an_overlap_is_not_opened, place_setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
