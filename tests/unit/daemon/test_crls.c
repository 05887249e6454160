/* Files of CRLs: a part of the set, read again on their own, and never older than what was in use. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/dm_crl_numbers.h"
#include "daemon/dm_ends.h"
#include "daemon/dm_set.h"
#include "tests/unit/tls/pki.h"
#include "tls/tls_judge.h"

struct world {
	struct pki pki;
	struct pki_cert a, b, iwf, scs;
	char crl_a[160], crl_b[160], state_dir[160];
	struct cfg_iwf *cfg;
	struct report report;
	uint64_t refused;
};

static const char text[] = "identity:\n"
			   "  external: { host: iwf.operator.example, realm: operator.example }\n"
			   "  internal: { host: iwf.core.example, realm: core.example }\n"
			   "state_dir: %s\n"
			   "trust_anchors:\n"
			   "  - { name: a, file: %s, crl: [ %s ] }\n"
			   "  - { name: b, file: %s, crl: [ %s ] }\n"
			   "listen:\n"
			   "  - { name: tsp, zone: external, protection: tls, address: 127.0.0.1, port: 0,\n"
			   "      certificate: %s, key: %s }\n"
			   "peers:\n"
			   "  - { name: hss, host: hss.core.example, realm: core.example, address: 127.0.0.1, port: 3868,\n"
			   "      protection: none }\n"
			   "s6m: { peer: hss, destination_realm: core.example }\n"
			   "t4: { peer: hss, destination_realm: core.example }\n";

/* The file is another one. */
static void put_crl(const char *file, const struct pki_cert *ca, const struct pki_crl_spec *spec)
{
	X509_CRL *crl = pki_crl(ca, ca->key, spec);

	(void)remove(file);
	pki_crl_write(file, crl, true);
	X509_CRL_free(crl);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	char conf[8192], why[CFG_WHY_MAX] = "";
	int n;

	assert_non_null(w);
	pki_init(&w->pki);
	w->a = pki_make(&w->pki, &(struct pki_spec){ .cn = "A", .ca = true }, NULL);
	w->b = pki_make(&w->pki, &(struct pki_spec){ .cn = "B", .ca = true }, NULL);
	w->iwf =
	    pki_make(&w->pki, &(struct pki_spec){ .cn = "iwf", .san = "DNS:iwf.operator.example", .eku = "serverAuth" }, &w->a);
	w->scs = pki_make(&w->pki, &(struct pki_spec){ .cn = "scs", .san = "DNS:scs.example", .eku = "clientAuth" }, &w->a);
	snprintf(w->crl_a, sizeof w->crl_a, "%s/a.crl", w->pki.dir);
	snprintf(w->crl_b, sizeof w->crl_b, "%s/b.crl", w->pki.dir);
	snprintf(w->state_dir, sizeof w->state_dir, "%s", w->pki.dir);
	put_crl(w->crl_a, &w->a, &(struct pki_crl_spec){ .number = "16" });
	put_crl(w->crl_b, &w->b, &(struct pki_crl_spec){ .number = "1" });
	n = snprintf(conf, sizeof conf, text, w->state_dir, w->a.cert_file, w->crl_a, w->b.cert_file, w->crl_b, w->iwf.cert_file,
		     w->iwf.key_file);
	if (cfg_iwf_parse(&w->cfg, "/etc/mtc-iwfd.yaml", conf, (size_t)n, why)) {
		fail_msg("%s", why);
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	cfg_iwf_free(w->cfg);
	pki_free(&w->a);
	pki_free(&w->b);
	pki_free(&w->iwf);
	pki_free(&w->scs);
	pki_fini(&w->pki);
	free(w);
	return 0;
}

static struct dm_set *load(struct world *w)
{
	struct dm_set *s = NULL;

	w->report = (struct report){ .len = 0 };
	if (dm_set_load(&s, w->cfg, NULL, 1, &w->report)) {
		fail_msg("%s", w->report.text);
	}
	return s;
}

static struct dm_set *refresh(struct world *w, const struct dm_set *from)
{
	struct dm_set *s = NULL;

	w->report = (struct report){ .len = 0 };
	if (dm_set_refresh(&s, from, w->cfg, from->generation + 1, &w->refused, &w->report)) {
		fail_msg("%s", w->report.text);
	}
	return s;
}

__attribute__((format(printf, 2, 3))) static void has(const struct world *w, const char *fmt, ...)
{
	char words[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof words, fmt, args);
	va_end(args);
	if (!strstr(w->report.text, words)) {
		fail_msg("'%s' is not in:\n%s", words, w->report.text);
	}
}

/* What an edge that takes the set would say of the SCS's certificate. */
static bool is_revoked(struct world *w, const struct dm_set *s)
{
	struct dm_part part = { .map = NULL };
	struct tls_judge *judge = NULL;
	struct tls_identity id;
	char why[512] = "", pem[8192];
	FILE *f = fopen(w->scs.cert_file, "r");
	size_t n;
	int err;

	assert_non_null(f);
	n = fread(pem, 1, sizeof pem, f);
	fclose(f);
	assert_int_equal(dm_part_open(&part, s->fd[DM_PART_EXTERNAL]), 0);
	assert_int_equal(dm_part_judge(&judge, &part, w->cfg, why, sizeof why), 0);
	err = tls_judge_client(&id, judge, &(struct tls_pem){ pem, n }, why, sizeof why);
	if (err && !strstr(why, "is revoked since")) {
		fail_msg("%s", why);
	}
	tls_judge_free(judge);
	dm_part_close(&part);
	return err != 0;
}

static const struct tls_crl_fact *fact_of(const struct dm_set *s, const char *issuer)
{
	for (size_t i = 0; i < s->ends_n; i++) {
		if (s->ends[i].what == DM_CRL && strstr(s->ends[i].of_crl.issuer, issuer)) {
			return &s->ends[i].of_crl;
		}
	}
	return NULL;
}

static void crls_are_in_the_set_and_known_by_number(void **state)
{
	struct world *w = *state;
	struct dm_set *s = load(w);

	assert_string_equal(fact_of(s, "CN=A")->number, "10");
	assert_string_equal(fact_of(s, "CN=B")->number, "1");
	assert_false(is_revoked(w, s));
	dm_set_free(s);
}

static void a_new_file_is_used_and_all_else_stays(void **state)
{
	struct world *w = *state;
	struct dm_set *one = load(w), *two;

	put_crl(w->crl_a, &w->a, &(struct pki_crl_spec){ .number = "17", .lists = { &w->scs } });
	remove(w->iwf.cert_file); /* a renewal that nobody asked for waits */
	remove(w->iwf.key_file);
	remove(w->a.cert_file);
	two = refresh(w, one);
	assert_int_equal(w->refused, 0);
	assert_int_equal(w->report.len, 0);
	assert_int_equal(two->generation, 2);
	assert_true(is_revoked(w, two));
	assert_false(is_revoked(w, one));
	assert_int_equal(dm_set_changes(one, two, w->cfg, &w->report), 1);
	has(w, "renewed %s\n", w->crl_a);
	dm_set_free(one);
	dm_set_free(two);
}

/* What the NDS/IP helper is told of the anchors. */
static void since(const struct dm_set *s, uint32_t a, uint32_t b)
{
	uint32_t of[CFG_ANCHORS_MAX];
	struct tls_pem piece = dm_part_find(&s->held[DM_PART_NDSIP], DM_SINCE, 0);

	assert_int_equal(piece.len, sizeof of);
	memcpy(of, piece.p, sizeof of);
	assert_int_equal(of[0], a);
	assert_int_equal(of[1], b);
}

/* A file that changed, and one that nobody takes, count for their anchor alone. */
static void each_anchor_says_since_when_it_is_as_it_is(void **state)
{
	struct world *w = *state;
	struct dm_set *one = load(w), *two, *three = NULL;
	FILE *f;

	since(one, 1, 1);
	put_crl(w->crl_b, &w->b, &(struct pki_crl_spec){ .number = "2" });
	two = refresh(w, one);
	since(two, 1, 2);
	assert_int_equal(dm_set_load(&three, w->cfg, two, 3, &w->report), 0); /* another file of the set may have changed */
	since(three, 1, 2);
	dm_set_free(one);
	dm_set_free(two);
	f = fopen(w->crl_a, "w");
	assert_non_null(f);
	fputs("-----BEGIN X509 CRL-----\nnothing\n", f);
	fclose(f);
	two = refresh(w, three);
	since(two, 1, 2);
	put_crl(w->crl_a, &w->a, &(struct pki_crl_spec){ .number = "17" });
	one = refresh(w, two);
	since(one, 5, 2);
	dm_set_free(one);
	dm_set_free(two);
	dm_set_free(three);
}

static void a_bad_file_keeps_the_ones_before_of_its_anchor_only(void **state)
{
	struct world *w = *state;
	struct dm_set *one, *two;
	FILE *f;

	put_crl(w->crl_a, &w->a, &(struct pki_crl_spec){ .number = "17", .lists = { &w->scs } });
	one = load(w);
	f = fopen(w->crl_a, "w");
	assert_non_null(f);
	fputs("-----BEGIN X509 CRL-----\nnothing\n", f);
	fclose(f);
	put_crl(w->crl_b, &w->b, &(struct pki_crl_spec){ .number = "2" });
	two = refresh(w, one);
	assert_int_equal(w->refused, 1);
	assert_int_equal(w->report.errors, 0);
	has(w, "warning /etc/mtc-iwfd.yaml:6: crl '%s': it ", w->crl_a);
	has(w, "the CRLs of trust anchor 'a' that were in use stay in use\n");
	assert_true(is_revoked(w, two));
	assert_string_equal(fact_of(two, "CN=A")->number, "11");
	assert_string_equal(fact_of(two, "CN=B")->number, "2");
	dm_set_free(one);
	remove(w->crl_a);
	one = refresh(w, two);
	assert_int_equal(w->refused, 1);
	has(w, "cannot read crl '%s': No such file", w->crl_a);
	assert_true(is_revoked(w, one));
	dm_set_free(one);
	dm_set_free(two);
}

static void an_older_list_is_refused_while_the_daemon_runs(void **state)
{
	struct world *w = *state;
	struct dm_set *one, *two;

	put_crl(w->crl_a, &w->a, &(struct pki_crl_spec){ .number = "256", .lists = { &w->scs } });
	one = load(w);
	put_crl(w->crl_a, &w->a, &(struct pki_crl_spec){ .number = "255" });
	two = refresh(w, one);
	assert_int_equal(w->refused, 1);
	has(w, "crl '%s': CRL 0xff of 'O=Test,CN=A' is older than 0x100, which was in use; it is not taken\n", w->crl_a);
	assert_true(is_revoked(w, two));
	dm_set_free(one);
	dm_set_free(two);
}

/* Numbers that could not be written (the disk is full) hold all the same. */
static void an_older_list_is_refused_by_a_reload_that_knows_it_from_memory_only(void **state)
{
	struct world *w = *state;
	struct dm_set *one, *two = NULL;

	put_crl(w->crl_a, &w->a, &(struct pki_crl_spec){ .number = "256", .lists = { &w->scs } });
	one = load(w);
	put_crl(w->crl_a, &w->a, &(struct pki_crl_spec){ .number = "255" });
	w->report = (struct report){ .len = 0 };
	assert_int_equal(dm_set_load(&two, w->cfg, one, 2, &w->report), ERR_INVAL);
	assert_null(two);
	has(w, "crl '%s': CRL 0xff of 'O=Test,CN=A' is older than 0x100, which was in use; it is not taken\n", w->crl_a);
	dm_set_free(one);
}

static struct dm_crl_numbers *kept(struct world *w)
{
	struct dm_crl_numbers *k = calloc(1, sizeof *k);
	char why[DM_CRL_NUMBERS_WHY_MAX] = "";

	assert_non_null(k);
	if (dm_crl_numbers_read(k, w->state_dir, why)) {
		fail_msg("%s", why);
	}
	return k;
}

static void an_older_list_is_refused_after_a_restart(void **state)
{
	struct world *w = *state;
	struct dm_set *s = load(w);
	struct dm_crl_numbers *k = kept(w);
	char why[DM_CRL_NUMBERS_WHY_MAX] = "";

	assert_int_equal(k->n, 0);
	assert_true(dm_crl_numbers_used(k, fact_of(s, "CN=A")->issuer_id, "10"));
	assert_int_equal(dm_crl_numbers_write(k, w->state_dir, why), 0);
	free(k);
	dm_set_free(s);
	put_crl(w->crl_a, &w->a, &(struct pki_crl_spec){ .number = "15" });
	w->report = (struct report){ .len = 0 };
	s = NULL;
	assert_int_equal(dm_set_load(&s, w->cfg, NULL, 1, &w->report), ERR_INVAL);
	assert_null(s);
	assert_int_equal(w->report.errors, 1);
	has(w, "error /etc/mtc-iwfd.yaml:6: crl '%s': CRL 0xf of 'O=Test,CN=A' is older than 0x10", w->crl_a);
	put_crl(w->crl_a, &w->a, &(struct pki_crl_spec){ .number = "16" });
	dm_set_free(load(w)); /* the same again */
}

static void every_wrong_file_is_said_once_with_its_line(void **state)
{
	struct world *w = *state;
	struct dm_set *s = NULL;

	put_crl(w->crl_a, &w->a, &(struct pki_crl_spec){ .number = "17", .delta = "1" });
	remove(w->crl_b);
	w->report = (struct report){ .len = 0 };
	assert_int_equal(dm_set_load(&s, w->cfg, NULL, 1, &w->report), ERR_INVAL);
	if (w->report.errors != 2) {
		fail_msg("%s", w->report.text);
	}
	has(w, "error /etc/mtc-iwfd.yaml:6: crl '%s': CRL of 'O=Test,CN=A' is a delta CRL", w->crl_a);
	has(w, "error /etc/mtc-iwfd.yaml:7: cannot read crl '%s': No such file", w->crl_b);
}

static void damaged_numbers_are_no_start(void **state)
{
	static const char *const texts[] = { "", "mtc crl numbers 2\n", "mtc crl numbers 1\nab 1\n" };
	struct world *w = *state;
	char path[200];
	struct dm_set *s = NULL;

	snprintf(path, sizeof path, "%s/" DM_CRL_NUMBERS_FILE, w->state_dir);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fputs(texts[i], f);
		fclose(f);
		w->report = (struct report){ .len = 0 };
		assert_int_equal(dm_set_load(&s, w->cfg, NULL, 1, &w->report), ERR_INVAL);
		has(w, "error /etc/mtc-iwfd.yaml:4: %s is damaged", path);
	}
	remove(path);
	assert_int_equal(symlink("nowhere", path), 0); /* of the core's user, who could point it anywhere */
	w->report = (struct report){ .len = 0 };
	assert_int_equal(dm_set_load(&s, w->cfg, NULL, 1, &w->report), ERR_INVAL);
	has(w, "%s: not a regular file", path);
}

static void numbers_outlive_their_file_and_grow_only(void **state)
{
	struct world *w = *state;
	struct dm_crl_numbers *k = calloc(1, sizeof *k);
	char why[DM_CRL_NUMBERS_WHY_MAX] = "", path[200], beside[256];
	uint8_t id[TLS_CRL_ID_LEN] = { 0 };

	assert_non_null(k);
	for (unsigned i = 0; i < DM_CRL_NUMBERS_MAX + 10; i++) {
		id[0] = (uint8_t)i;
		id[1] = (uint8_t)(i >> 8);
		assert_true(dm_crl_numbers_used(k, id, i % 2 ? "ff" : "0"));
	}
	assert_int_equal(k->n, DM_CRL_NUMBERS_MAX);
	assert_false(dm_crl_numbers_used(k, id, "fe"));
	assert_string_equal(dm_crl_numbers_of(k, id), "ff");
	assert_true(dm_crl_numbers_used(k, id, "100"));
	memset(id, 0, sizeof id);
	assert_null(dm_crl_numbers_of(k, id)); /* the one that was in use longest ago went */
	snprintf(path, sizeof path, "%s/" DM_CRL_NUMBERS_FILE, w->state_dir);
	snprintf(beside, sizeof beside, "%s.new", path);
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_int_equal(symlink("elsewhere", beside), 0);
	assert_int_equal(dm_crl_numbers_write(k, w->state_dir, why), 0);
	snprintf(beside, sizeof beside, "%s/elsewhere", w->state_dir);
	assert_int_equal(access(beside, F_OK), -1); /* no link is followed */
	free(k);
	k = kept(w);
	assert_int_equal(k->n, DM_CRL_NUMBERS_MAX);
	id[0] = (DM_CRL_NUMBERS_MAX + 9) & 0xff;
	id[1] = (DM_CRL_NUMBERS_MAX + 9) >> 8;
	assert_string_equal(dm_crl_numbers_of(k, id), "100");
	assert_int_equal(dm_crl_numbers_write(k, "/nowhere/at/all", why), ERR_IO);
	assert_string_equal(why, "/nowhere/at/all/" DM_CRL_NUMBERS_FILE " cannot be written: No such file or directory");
	free(k);
}

static void a_list_that_gets_out_of_date_is_told_in_time(void **state)
{
	const uint64_t day = CLOCK_DAY_S, now = 1790000000;
	struct dm_end end = { .what = DM_CRL, .not_after_s = now + 30 * day, .of_crl = { .this_update_s = now } };
	char words[DM_ENDS_WORDS_MAX];
	struct world *w = *state;

	assert_int_equal(dm_ends_level_of(&end, now + day), DM_ENDS_FAR); /* 29 days: no warning for a list */
	assert_int_equal(dm_ends_level_of(&end, now + 23 * day), DM_ENDS_7_DAYS);
	assert_int_equal(dm_ends_level_of(&end, now + 29 * day), DM_ENDS_1_DAY);
	assert_int_equal(dm_ends_level_of(&end, now + 30 * day), DM_ENDS_OVER);
	end.of_crl.this_update_s = now + 23 * day; /* it lives for 7 days: it would be told at once */
	assert_int_equal(dm_ends_level_of(&end, now + 23 * day), DM_ENDS_FAR);
	assert_int_equal(dm_ends_level_of(&end, now + 29 * day), DM_ENDS_1_DAY);
	end.of_crl.this_update_s = now + 28 * day + 1;
	assert_int_equal(dm_ends_level_of(&end, now + 29 * day), DM_ENDS_FAR);
	assert_int_equal(dm_ends_level_of(&end, now + 31 * day), DM_ENDS_OVER);
	snprintf(end.of_crl.issuer, sizeof end.of_crl.issuer, "CN=A");
	snprintf(end.of_crl.number, sizeof end.of_crl.number, "1f");
	dm_ends_words(words, w->cfg, &end, DM_ENDS_1_DAY, now + 29 * day);
	assert_non_null(strstr(words, "CRL 0x1f of 'CN=A' ('"));
	assert_non_null(strstr(words, "', trust anchor a) gets out of date on "));
	dm_ends_words(words, w->cfg, &end, DM_ENDS_OVER, now + 31 * day);
	assert_non_null(strstr(words, "is out of date since "));
}

TEST_GROUP()
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(crls_are_in_the_set_and_known_by_number),
		T(a_new_file_is_used_and_all_else_stays),
		T(each_anchor_says_since_when_it_is_as_it_is),
		T(a_bad_file_keeps_the_ones_before_of_its_anchor_only),
		T(an_older_list_is_refused_while_the_daemon_runs),
		T(an_older_list_is_refused_after_a_restart),
		T(an_older_list_is_refused_by_a_reload_that_knows_it_from_memory_only),
		T(an_older_list_is_refused_after_a_restart),
		T(every_wrong_file_is_said_once_with_its_line),
		T(damaged_numbers_are_no_start),
		T(numbers_outlive_their_file_and_grow_only),
		T(a_list_that_gets_out_of_date_is_told_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
