/* What is written is read as the same row, in both formats, whatever printable text stands in it. */
#include "exchange/exc_read.h"
#include "tests/unit/test.h"

struct play {
	const char *text;
	size_t at, len;
	enum asc_kind kind;
	enum exc_format format; /* in which rows are written again */
	struct buf out;
};

static ssize_t source(void *arg, void *p, size_t n)
{
	struct play *y = arg;

	n = n < y->len - y->at ? n : y->len - y->at;
	memcpy(p, y->text + y->at, n);
	y->at += n;
	return (ssize_t)n;
}

static int on_row(void *arg, uint64_t line, const struct exc_row *row, char why[EXC_WHY_MAX])
{
	struct play *y = arg;

	(void)line;
	(void)why;
	assert_int_equal(row->keep, 0); /* what is written says everything, so that reading it brings everything back */
	exc_row_put(&y->out, y->kind, y->format, row);
	assert_false(y->out.full);
	return 0;
}

static void on_error(void *arg, uint64_t line, const char *why)
{
	(void)arg;
	fail_msg("%u: %s", (unsigned)line, why);
}

static size_t again(enum asc_kind kind, enum exc_format format, const char *text, size_t len, char *out, size_t cap)
{
	struct play y = { text, 0, len, kind, format, buf_over(out, cap) };
	struct exc_read r = { kind, EXC_DETECT, source, on_row, on_error, &y, true };
	uint64_t rows;

	exc_head_put(&y.out, kind, format);
	assert_int_equal(exc_read(&r, &rows), 0);
	return y.out.len;
}

static const char *const files[EXC_KINDS] = {
	[ASC_KIND_SCS] = "name,e164,origin_host,realm,anchor,payload_max,validity_max_s,port_min,port_max,priority_allowed,"
			 "actions,rate_per_s,burst,"
			 "quota_per_day,connections_max,pending_max,p_bit_optional,strict_answers,revocation_soft,absent_max,"
			 "transports,protections,tls_versions,tls_suites,ndsip_ike,ndsip_hosts\n"
			 "acme,49170123456,scs.acme.example,acme.example,anchor-a,0,0,0,65535,yes,trigger recall "
			 "replace,0,0,0,0,0,no,no,no,0,any,any,any,any,,\n"
			 "beta,49170123457,scs.beta.example,beta.example,anchor-b,1,4294967295,5,6,no,replace,1,2,3,4,5,yes,yes,"
			 "yes,6,sctp,tls tls+ndsip,1.3,TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256,192.0.2.7 "
			 "2001:db8::7,10.8.0.7\n",
	[ASC_KIND_GROUP] = "group,anchor,scs\nfleet,anchor-a,\nfleet,,acme\nfleet,,beta\nlocals,,\n",
	[ASC_KIND_SET] =
	    "set,device\nempty,\ntrial,\ntrial,m1@a.example\ntrial,msisdn:491700000001\ntrial,\"a,b\"\"c\\{}@a.example\"\n",
	[ASC_KIND_ASSOC] =
	    "who,device,effect,rights,not_before,not_after,mode\n"
	    "acme,*@a.example,allow,trigger recall replace,,,enforce\n"
	    "group:fleet,msisdn:491700000000-491700009999,deny,recall,1970-01-01T00:00:01Z,9999-12-31T23:59:59Z,detect-only\n"
	    "acme,\"\"\"@a.example\",allow,trigger,2027-01-01T00:00:00Z,,enforce\n",
	[ASC_KIND_BLOCK] = ("who,device,not_before,not_after,mode\n*,m1@a.example,,,enforce\n"
			    "acme,*,2027-01-01T00:00:00Z,,detect-only\n"),
};

static void test_csv_and_json_lines_say_the_same(void **state)
{
	static char csv[65536], json[65536], back[65536];

	(void)state;
	for (int k = 0; k < EXC_KINDS; k++) {
		enum asc_kind kind = (enum asc_kind)k;
		size_t n = again(kind, EXC_CSV, files[k], strlen(files[k]), csv, sizeof csv);

		assert_int_equal(n, strlen(files[k]));
		assert_memory_equal(csv, files[k], n);
		n = again(kind, EXC_JSONL, csv, n, json, sizeof json);
		n = again(kind, EXC_CSV, json, n, back, sizeof back);
		assert_int_equal(n, strlen(files[k]));
		assert_memory_equal(back, files[k], n);
	}
}

static void test_json_lines_have_their_types(void **state)
{
	static char out[8192];
	size_t n;

	(void)state;
	n = again(ASC_KIND_ASSOC, EXC_JSONL, files[ASC_KIND_ASSOC], strlen(files[ASC_KIND_ASSOC]), out, sizeof out - 1);
	out[n] = 0;
	assert_ptr_equal(strstr(out, "{\"who\":\"acme\",\"device\":\"*@a.example\",\"effect\":\"allow\","
				     "\"rights\":[\"trigger\",\"recall\",\"replace\"],\"not_before\":null,\"not_after\":null,"
				     "\"mode\":\"enforce\"}\n"),
			 out);
	n = again(ASC_KIND_SCS, EXC_JSONL, files[ASC_KIND_SCS], strlen(files[ASC_KIND_SCS]), out, sizeof out - 1);
	out[n] = 0;
	assert_non_null(strstr(out, "\"payload_max\":0,\"validity_max_s\":0,\"port_min\":0,"));
	assert_non_null(strstr(out, "\"priority_allowed\":false,\"actions\":[\"replace\"],"));
	assert_non_null(strstr(out, "\"ndsip_ike\":null,\"ndsip_hosts\":null}\n"));
	assert_non_null(strstr(out, "\"ndsip_ike\":[\"192.0.2.7\",\"2001:db8::7\"],\"ndsip_hosts\":[\"10.8.0.7\"]}\n"));
}

static void test_every_printable_local_part_survives(void **state)
{
	static char text[65536], json[65536], csv[65536];
	size_t n = 0, json_n, csv_n;

	(void)state;
	for (int a = 0x21; a < 0x7f; a++) {
		struct exc_row row = { .name = "s", .member = (char[]){ (char)a, 'x', (char)a, '@', 'a', 0 } };
		struct buf b = buf_over(text + n, sizeof text - n);

		if (a == '@') {
			continue;
		}
		if (!n) {
			exc_head_put(&b, ASC_KIND_SET, EXC_CSV);
		}
		exc_row_put(&b, ASC_KIND_SET, EXC_CSV, &row);
		n += b.len;
	}
	json_n = again(ASC_KIND_SET, EXC_JSONL, text, n, json, sizeof json);
	csv_n = again(ASC_KIND_SET, EXC_CSV, json, json_n, csv, sizeof csv);
	assert_int_equal(csv_n, n);
	assert_memory_equal(csv, text, n);
}

static void test_the_largest_row_fits(void **state)
{
	static char text[EXC_ROW_MAX], device[ASSOC_DEVICE_TEXT_MAX + 1], who[ASSOC_WHO_TEXT_MAX + 1];
	struct exc_row row = { .who = who,
			       .device = device,
			       .verdict = ASSOC_DENY,
			       .rights = ASSOC_RIGHT_ALL,
			       .not_before_s = INT64_MAX,
			       .not_after_s = INT64_MAX };
	struct buf b;

	(void)state;
	memset(device, '"', ASSOC_DEVICE_TEXT_MAX);
	memset(who, '"', ASSOC_WHO_TEXT_MAX);
	asc_scs_init(&row.scs);
	memset(row.scs.name, '"', IDENT_SCS_MAX);
	memset(row.scs.origin_host, '"', IDENT_HOST_MAX);
	memset(row.scs.realm, 1, IDENT_HOST_MAX);
	memset(row.scs.anchor, '"', IDENT_SCS_MAX);
	for (int f = EXC_CSV; f <= EXC_JSONL; f++) {
		b = buf_over(text, sizeof text);
		exc_row_put(&b, ASC_KIND_ASSOC, (enum exc_format)f, &row);
		assert_false(b.full);
		b = buf_over(text, sizeof text);
		exc_row_put(&b, ASC_KIND_SCS, (enum exc_format)f, &row);
		assert_false(b.full);
	}
	b = buf_over(text, 20);
	exc_row_put(&b, ASC_KIND_ASSOC, EXC_CSV, &row);
	assert_true(b.full);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv_and_json_lines_say_the_same),
		cmocka_unit_test(test_json_lines_have_their_types),
		cmocka_unit_test(test_every_printable_local_part_survives),
		cmocka_unit_test(test_the_largest_row_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
