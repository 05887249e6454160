/* A set of files is read once, checked whole, and handed out in parts that hold what their process needs and nothing else. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/dm_msg.h"
#include "daemon/dm_set.h"
#include "tests/unit/tls/pki.h"

struct world {
	struct pki pki;
	struct pki_cert a, b, iwf, inside, peer; /* two anchors; two listeners; one peer */
	struct cfg_iwf *cfg;
	struct report report;
};

static const char text[] = "identity:\n"
			   "  external: { host: iwf.operator.example, realm: operator.example }\n"
			   "  internal: { host: iwf.core.example, realm: core.example }\n"
			   "state_dir: state\n"
			   "trust_anchors:\n"
			   "  - { name: a, file: %s }\n"
			   "  - { name: b, file: %s }\n"
			   "listen:\n"
			   "  - { name: tsp, zone: external, protection: tls, address: 127.0.0.1, port: 0,\n"
			   "      certificate: %s, key: %s }\n"
			   "  - { name: own, zone: internal, protection: tls, address: 127.0.0.1, port: 0,\n"
			   "      certificate: %s, key: %s }\n"
			   "peers:\n"
			   "  - { name: hss, host: hss.core.example, realm: core.example, address: 127.0.0.1, port: 3868,\n"
			   "      protection: tls, certificate: %s, key: %s, trust: b }\n"
			   "  - { name: smssc, host: smssc.core.example, realm: core.example, address: 127.0.0.1, port: 3869,\n"
			   "      protection: none }\n"
			   "s6m: { peer: hss, destination_realm: core.example }\n"
			   "t4: { peer: smssc, destination_realm: core.example }\n";

static struct pki_cert leaf_of(struct world *w, const char *san, const char *eku, long to_s)
{
	return pki_make(&w->pki, &(struct pki_spec){ .cn = "x", .san = san, .eku = eku, .from_s = -7200, .to_s = to_s }, &w->a);
}

static struct pki_cert leaf(struct world *w, const char *eku, long to_s)
{
	return leaf_of(w, "DNS:iwf.operator.example,DNS:iwf.core.example", eku, to_s);
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
	w->iwf = leaf(w, "serverAuth", 100000);
	w->inside = leaf(w, "serverAuth", 200000);
	w->peer = leaf(w, "clientAuth", 300000);
	n = snprintf(conf, sizeof conf, text, w->a.cert_file, w->b.cert_file, w->iwf.cert_file, w->iwf.key_file,
		     w->inside.cert_file, w->inside.key_file, w->peer.cert_file, w->peer.key_file);
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
	pki_free(&w->inside);
	pki_free(&w->peer);
	pki_fini(&w->pki);
	free(w);
	return 0;
}

static void copy(const char *to, const char *from)
{
	char octets[8192];
	FILE *f = fopen(from, "r");
	size_t n;

	assert_non_null(f);
	n = fread(octets, 1, sizeof octets, f);
	fclose(f);
	(void)remove(to);
	f = fopen(to, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(octets, 1, n, f), n);
	fclose(f);
	assert_int_equal(chmod(to, 0600), 0);
}

static struct dm_set *load(struct world *w, uint32_t generation)
{
	struct dm_set *s = NULL;

	w->report = (struct report){ .len = 0 };
	if (dm_set_load(&s, w->cfg, NULL, generation, &w->report)) {
		fail_msg("%s", w->report.text);
	}
	assert_int_equal(w->report.errors, 0);
	return s;
}

static void refused(struct world *w, unsigned errors)
{
	struct dm_set *s = NULL;
	int before = dup(0), after;

	close(before);
	w->report = (struct report){ .len = 0 };
	assert_int_equal(dm_set_load(&s, w->cfg, NULL, 2, &w->report), ERR_INVAL);
	assert_null(s);
	if (w->report.errors != errors) {
		fail_msg("%u errors, expected %u:\n%s", w->report.errors, errors, w->report.text);
	}
	after = dup(0);
	close(after);
	assert_int_equal(after, before); /* no descriptor is left */
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

/* A listener with NDS/IP, and our certificate for IKE. */
static void with_ndsip(struct world *w, const char *certificate)
{
	w->cfg->listen[w->cfg->listen_n++] =
	    (struct cfg_listen){ .name = "nds", .zone = ZONE_EXTERNAL, .protection = PROTECTION_NDSIP };
	w->cfg->ndsip.present = true;
	snprintf(w->cfg->ndsip.certificate, sizeof w->cfg->ndsip.certificate, "%s", certificate);
	snprintf(w->cfg->ndsip.local_id, sizeof w->cfg->ndsip.local_id, "iwf.operator.example");
}

static void each_part_has_what_its_process_needs(void **state)
{
	struct world *w = *state;
	struct dm_set *s;
	/* [part][what - 1][index 0 or 1] */
	static const bool expected[DM_PARTS][DM_NDSIP_CERTIFICATE][2] = {
		{ { true, false }, { false, false }, { true, true }, { false, false }, { false, false }, { false, false } },
		{ { false, true }, { false, false }, { true, true }, { false, false }, { false, false }, { false, false } },
		{ { false, false }, { false, false }, { true, true }, { true, false }, { true, false }, { true, false } },
		{ { false, false }, { true, true }, { false, false }, { false, false }, { false, false }, { false, false } },
		{ { false, false }, { false, false }, { false, false }, { false, false }, { false, false }, { false, false } },
		/* the NDS/IP helper: anchors, its certificate, and no key */
		{ [DM_ANCHOR - 1] = { true, true }, [DM_NDSIP_CERTIFICATE - 1] = { true, false } },
	};

	with_ndsip(w, w->iwf.cert_file);
	s = load(w, 7);
	for (unsigned i = 0; i < DM_PARTS; i++) {
		struct dm_part part;

		assert_int_equal(dm_part_open(&part, s->fd[i]), 0);
		assert_int_equal(dm_part_generation(&part), 7);
		for (unsigned what = DM_LISTEN_CERTIFICATE; what <= DM_NDSIP_CERTIFICATE; what++) {
			for (size_t index = 0; index < 2; index++) {
				assert_int_equal(dm_part_find(&part, (enum dm_file)what, index).p != NULL,
						 expected[i][what - 1][index]);
			}
		}
		dm_part_close(&part);
		assert_int_equal(pwrite(s->fd[i], "x", 1, 0), -1); /* sealed */
		assert_true(fcntl(s->fd[i], F_GETFD) & FD_CLOEXEC);
	}
	dm_set_free(s);
}

static void what_was_read_stays_when_the_files_are_gone(void **state)
{
	struct world *w = *state;
	struct dm_set *s = load(w, 1);
	struct dm_part part, keys;
	struct dm_signs signs = { .keys = &keys };
	struct tls_ctx *c = NULL;
	char why[512] = "";

	remove(w->iwf.cert_file);
	remove(w->iwf.key_file);
	remove(w->a.cert_file);
	assert_int_equal(dm_part_open(&part, s->fd[DM_PART_EXTERNAL]), 0);
	assert_int_equal(dm_part_open(&keys, s->fd[DM_PART_KEYHOLDER]), 0);
	assert_int_equal(dm_part_tls(&c, &part, w->cfg, DM_LISTEN_CERTIFICATE, 0, TLS_OWN_ANY, &signs, why, sizeof why), 0);
	tls_ctx_free(c);
	assert_int_equal(dm_part_tls(&c, &part, w->cfg, DM_LISTEN_CERTIFICATE, 1, TLS_OWN_ANY, &signs, why, sizeof why),
			 ERR_NOTFOUND);
	signs.keys = &part;
	assert_int_equal(dm_part_tls(&c, &part, w->cfg, DM_LISTEN_CERTIFICATE, 0, TLS_OWN_ANY, &signs, why, sizeof why),
			 ERR_NOTFOUND);
	assert_int_equal(dm_part_tls(&c, &part, w->cfg, DM_PEER_CERTIFICATE, 0, TLS_OWN_ANY, &signs, why, sizeof why),
			 ERR_NOTFOUND);
	dm_part_close(&part);
	dm_part_close(&keys);
	dm_set_free(s);
}

/* For a reload that goes back: whatever is on the disk by then. */
static void a_set_once_more_has_the_files_of_then_under_another_number(void **state)
{
	struct world *w = *state;
	struct report r = { .len = 0 };
	struct dm_set *first = load(w, 1), *kept = NULL, *again = NULL, *none = NULL;
	static struct cfg_iwf other; /* too large for a stack */

	assert_int_equal(dm_set_keep(&kept, first), 0);
	assert_int_equal(kept->generation, 1);
	assert_int_equal(dm_set_again(&again, kept, kept->cfg, 7), 0);
	assert_int_equal(again->generation, 7);
	assert_int_equal(again->ends_n, first->ends_n);
	assert_int_equal(dm_set_changes(first, again, w->cfg, &r), 0);
	dm_set_free(first); /* it shares nothing that goes with it */
	for (unsigned i = 0; i < DM_PARTS; i++) {
		struct dm_part was = { .map = NULL }, is = { .map = NULL };

		assert_int_equal(dm_part_open(&was, kept->fd[i]), 0);
		assert_int_equal(dm_part_open(&is, again->fd[i]), 0);
		assert_int_equal(dm_part_generation(&was), 1);
		assert_int_equal(dm_part_generation(&is), 7);
		assert_int_equal(was.len, is.len);
		assert_memory_equal(was.map + sizeof(uint32_t), is.map + sizeof(uint32_t), was.len - sizeof(uint32_t));
		dm_part_close(&was);
		dm_part_close(&is);
	}
	other = *w->cfg;
	str_set(other.listen[1].name, sizeof other.listen[1].name, "another");
	assert_int_not_equal(dm_set_again(&none, kept, &other, 8), 0); /* its files would be found by the wrong place */
	other.listen[1].gone_ms = 1;
	assert_int_equal(dm_set_again(&none, kept, &other, 8), 0);
	dm_set_free(none);
	dm_set_free(again);
	dm_set_free(kept);
}

static void everything_that_is_wrong_is_said_with_its_line(void **state)
{
	struct world *w = *state;
	struct pki_cert over = leaf(w, "clientAuth", -60);

	copy(w->iwf.cert_file, w->inside.cert_file); /* not of that key */
	copy(w->inside.cert_file, w->peer.cert_file);
	copy(w->inside.key_file, w->peer.key_file); /* a client's */
	copy(w->peer.cert_file, over.cert_file);
	copy(w->peer.key_file, over.key_file);
	copy(w->b.cert_file, w->peer.cert_file); /* no CA */
	remove(w->a.cert_file);
	refused(w, 5);
	has(w, "error /etc/mtc-iwfd.yaml:10: key '%s' does not match the certificate\n", w->iwf.key_file);
	has(w, "error /etc/mtc-iwfd.yaml:12: certificate '%s' is not for a TLS server", w->inside.cert_file);
	has(w, "error /etc/mtc-iwfd.yaml:15: certificate '%s' expired on ", w->peer.cert_file);
	has(w, "error /etc/mtc-iwfd.yaml:6: cannot read anchor '%s': No such file or directory\n", w->a.cert_file);
	has(w, "error /etc/mtc-iwfd.yaml:7: anchor '%s': certificate of ", w->b.cert_file);
	assert_null(strstr(w->report.text, "/proc/"));
	pki_free(&over);
}

static void a_file_that_is_none_is_said_at_once(void **state)
{
	struct world *w = *state;

	remove(w->iwf.key_file);
	assert_int_equal(mkfifo(w->iwf.key_file, 0600), 0);
	remove(w->b.cert_file);
	assert_int_equal(truncate(w->b.cert_file, 0), -1);
	assert_int_equal(close(open(w->b.cert_file, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(truncate(w->b.cert_file, (off_t)1 << 40), 0);
	alarm(TEST_HANG_S);
	refused(w, 2);
	alarm(0);
	has(w, "cannot read key '%s': not a regular file\n", w->iwf.key_file);
	has(w, "cannot read anchor '%s': larger than 1048576 bytes", w->b.cert_file);
}

static void a_certificate_for_ike_that_is_none_is_said(void **state)
{
	struct world *w = *state;

	with_ndsip(w, w->iwf.key_file);
	refused(w, 1);
	has(w, "ndsip.certificate '%s' has no certificate that can be read, expected PEM\n", w->iwf.key_file);
}

/* strongSwan takes it, and only the other end sees that it does not go with our identity. */
static void a_certificate_for_ike_has_our_identity_and_is_valid(void **state)
{
	struct world *w = *state;
	struct pki_cert other = leaf_of(w, "DNS:gw.operator.example", NULL, 100000), old = leaf(w, NULL, -60);

	with_ndsip(w, other.cert_file);
	refused(w, 1);
	has(w,
	    "certificate '%s' is not for our IKE identity 'iwf.operator.example' (first dNSName in subjectAltName: "
	    "gw.operator.example): strongSwan looks for it there",
	    other.cert_file);
	with_ndsip(w, old.cert_file);
	refused(w, 1);
	has(w, "certificate '%s' expired on ", old.cert_file);
	pki_free(&other);
	other = pki_make(&w->pki, &(struct pki_spec){ .cn = "iwf.operator.example", .from_s = 7200, .to_s = 100000 }, &w->a);
	with_ndsip(w, other.cert_file);
	refused(w, 1);
	has(w, "certificate '%s' is not valid before ", other.cert_file);
	pki_free(&other);
	other = pki_make(&w->pki, &(struct pki_spec){ .cn = "iwf.operator.example", .from_s = -7200 }, &w->a);
	with_ndsip(w, other.cert_file);
	refused(w, 1); /* the common name is not looked at */
	has(w, "(first dNSName in subjectAltName: none)");
	pki_free(&other);
	other = leaf_of(w, "DNS:gw.operator.example,DNS:IWF.operator.example", NULL, 100000);
	with_ndsip(w, other.cert_file);
	dm_set_free(load(w, 1));
	pki_free(&other);
	pki_free(&old);
}

static void a_key_that_others_may_read_is_a_warning(void **state)
{
	struct world *w = *state;

	chmod(w->peer.key_file, 0644);
	dm_set_free(load(w, 1));
	has(w, "warning /etc/mtc-iwfd.yaml:15: key '%s' has mode 0644, so others may read it; 0600 is expected\n",
	    w->peer.key_file);
}

/* A certificate that a start would take and with which nobody could connect. */
static void a_certificate_of_another_name_is_refused_where_others_connect(void **state)
{
	struct world *w = *state;
	struct pki_cert other = leaf_of(w, "DNS:gw.operator.example,DNS:b.example", "serverAuth,clientAuth", 100000);
	struct dm_set *s;

	copy(w->iwf.cert_file, other.cert_file);
	copy(w->iwf.key_file, other.key_file);
	refused(w, 1);
	has(w,
	    "error /etc/mtc-iwfd.yaml:10: certificate '%s' is not for our host name 'iwf.operator.example' (first dNSName in "
	    "subjectAltName: gw.operator.example)",
	    w->iwf.cert_file);
	pki_free(&other);
	other = leaf(w, "serverAuth", 100000);
	copy(w->iwf.cert_file, other.cert_file);
	copy(w->iwf.key_file, other.key_file);
	pki_free(&other);
	other = leaf_of(w, NULL, "clientAuth", 100000);
	copy(w->peer.cert_file, other.cert_file);
	copy(w->peer.key_file, other.key_file);
	pki_free(&other);
	s = load(w, 2); /* a peer need not look at the name */
	has(w,
	    "warning /etc/mtc-iwfd.yaml:15: certificate '%s' is not for our host name 'iwf.core.example' (first dNSName in "
	    "subjectAltName: none)",
	    w->peer.cert_file);
	dm_set_free(s);
}

static void a_certificate_of_a_ca_or_a_client_is_not_ours(void **state)
{
	struct world *w = *state;
	struct pki_cert client = leaf(w, "clientAuth", 100000);

	copy(w->iwf.cert_file, w->a.cert_file);
	copy(w->iwf.key_file, w->a.key_file);
	copy(w->inside.cert_file, client.cert_file);
	copy(w->inside.key_file, client.key_file);
	refused(w, 2);
	has(w, "error /etc/mtc-iwfd.yaml:10: certificate '%s' is the certificate of a CA", w->iwf.cert_file);
	has(w, "error /etc/mtc-iwfd.yaml:12: certificate '%s' is not for a TLS server", w->inside.cert_file);
	pki_free(&client);
}

/* A listener at another port has another place: its files are not new. */
static void a_file_in_another_place_is_not_renewed(void **state)
{
	struct world *w = *state;
	struct dm_set *one = load(w, 1), *two;
	struct pki_cert fresh = leaf(w, "serverAuth", 90000);

	w->cfg->listen[w->cfg->listen_n++] = w->cfg->listen[0];
	w->cfg->listen[0].gone_ms = 1;
	two = load(w, 2);
	assert_int_equal(dm_set_changes(one, two, w->cfg, &w->report), 0);
	assert_int_equal(w->report.len, 0);
	dm_set_free(two);
	copy(w->iwf.cert_file, fresh.cert_file);
	copy(w->iwf.key_file, fresh.key_file);
	two = load(w, 2);
	assert_int_equal(dm_set_changes(one, two, w->cfg, &w->report), 2);
	has(w, "renewed %s\n", w->iwf.cert_file);
	has(w, "renewed %s\n", w->iwf.key_file);
	w->cfg->listen_n--; /* what it borrows belongs to the first */
	dm_set_free(one);
	dm_set_free(two);
	pki_free(&fresh);
}

static void what_is_new_is_named(void **state)
{
	struct world *w = *state;
	struct dm_set *one = load(w, 1), *two = load(w, 2);
	struct pki_cert fresh = leaf(w, "serverAuth", 90000);

	assert_int_equal(dm_set_changes(one, two, w->cfg, &w->report), 0);
	assert_int_equal(w->report.len, 0);
	dm_set_free(two);
	copy(w->iwf.cert_file, fresh.cert_file);
	copy(w->iwf.key_file, fresh.key_file);
	copy(w->b.cert_file, w->a.cert_file);
	two = load(w, 2);
	assert_int_equal(dm_set_changes(one, two, w->cfg, &w->report), 3);
	has(w, "renewed %s\n", w->iwf.cert_file);
	has(w, "renewed %s\n", w->iwf.key_file);
	has(w, "renewed %s\n", w->b.cert_file);
	dm_set_free(one);
	dm_set_free(two);
	pki_free(&fresh);
}

static void the_end_of_each_certificate_is_known(void **state)
{
	struct world *w = *state;
	struct dm_set *s = load(w, 1);
	static const struct {
		uint32_t what, index;
		long left;
	} rows[] = { { DM_ANCHOR, 0, 86400 },
		     { DM_ANCHOR, 1, 86400 },
		     { DM_LISTEN_CERTIFICATE, 0, 100000 },
		     { DM_LISTEN_CERTIFICATE, 1, 200000 },
		     { DM_PEER_CERTIFICATE, 0, 300000 } };

	assert_int_equal(s->ends_n, 5);
	for (size_t i = 0; i < 5; i++) {
		long left = (long)(s->ends[i].not_after_s - (uint64_t)time(NULL));

		assert_int_equal(s->ends[i].what, rows[i].what);
		assert_int_equal(s->ends[i].index, rows[i].index);
		assert_in_range(left, rows[i].left - 60, rows[i].left);
	}
	dm_set_free(s);
}

static void octets_that_are_no_part_are_refused(void **state)
{
	static const uint32_t heads[][8] = {
		{ 1, 1, 3, 0, 999, 0, 1, 0 },   /* begins behind the end */
		{ 1, 1, 3, 0, 32, 0, 1, 0 },    /* one octet too long */
		{ 1, 1, 3, 0, 8, 0, ~0u, ~0u }, /* runs over */
		{ 1, 2, 3, 0, 8, 0, 1, 0 },     /* fewer rows than said */
		{ 1, ~0u, 3, 0, 8, 0, 1, 0 },
	};
	struct dm_part part = { .map = NULL };
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		assert_int_equal(dm_memfd(&fd, "test", heads[i], sizeof *heads), 0);
		assert_int_equal(dm_part_open(&part, fd), ERR_PROTO);
		close(fd);
	}
	assert_int_equal(dm_memfd(&fd, "test", "1234567", 7), 0);
	assert_int_equal(dm_part_open(&part, fd), ERR_PROTO);
	close(fd);
	assert_int_equal(dm_part_open(&part, -1), ERR_PROTO);
	assert_null(part.map);
	assert_null(dm_part_find(&part, DM_ANCHOR, 0).p);
}

static unsigned lines;
static char last_kind[16];

static void on_line(void *arg, const char *kind, const char *line)
{
	(void)arg;
	lines++;
	snprintf(last_kind, sizeof last_kind, "%s", kind);
	assert_null(strchr(line, '\n'));
}

static void a_report_is_bounded_and_says_nothing_twice(void **state)
{
	static struct report r;

	(void)state;
	r = (struct report){ .len = 0 };
	report_add(&r, REPORT_ERROR, "one\nforged");
	report_add(&r, REPORT_ERROR, "one\nforged");
	assert_string_equal(r.text, "error one?forged\n");
	assert_int_equal(r.errors, 1);
	for (int i = 0; i < 1000; i++) {
		report_add(&r, REPORT_ERROR, "%d %0500d", i, i);
	}
	assert_int_equal(r.errors, 1001);
	assert_true(r.len < REPORT_OCTETS_MAX && r.left_out > 900);
	lines = 0;
	report_each(&r, on_line, NULL);
	assert_int_equal(lines, 1001 - r.left_out + 1);
	assert_string_equal(last_kind, "error");
}

TEST_GROUP()
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(each_part_has_what_its_process_needs),
		T(a_certificate_for_ike_that_is_none_is_said),
		T(a_certificate_for_ike_has_our_identity_and_is_valid),
		T(what_was_read_stays_when_the_files_are_gone),
		T(a_set_once_more_has_the_files_of_then_under_another_number),
		T(everything_that_is_wrong_is_said_with_its_line),
		T(a_file_that_is_none_is_said_at_once),
		T(a_key_that_others_may_read_is_a_warning),
		T(a_certificate_of_another_name_is_refused_where_others_connect),
		T(a_certificate_of_a_ca_or_a_client_is_not_ours),
		T(a_file_in_another_place_is_not_renewed),
		T(what_is_new_is_named),
		T(the_end_of_each_certificate_is_known),
		cmocka_unit_test(octets_that_are_no_part_are_refused),
		cmocka_unit_test(a_report_is_bounded_and_says_nothing_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
