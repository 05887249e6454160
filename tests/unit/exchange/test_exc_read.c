/* Files of rows: what is taken, and what is said about everything else. */
#include "exchange/exc_read.h"
#include "tests/unit/test.h"

struct play {
	const char *text;
	size_t at, len, piece;
	int source_err; /* at the end, in place of the end */
	int row_err;    /* what the taker answers */
	bool ended;     /* as in struct exc_read */
	char got[65536], said[65536];
	uint32_t keep; /* of the last row */
};

static ssize_t source(void *arg, void *p, size_t n)
{
	struct play *y = arg;
	size_t left = y->len - y->at;

	if (left == 0 && y->source_err) {
		return y->source_err;
	}
	n = n < left ? n : left;
	n = y->piece && n > y->piece ? y->piece : n;
	memcpy(p, y->text + y->at, n);
	y->at += n;
	return (ssize_t)n;
}

static void add(char *to, const char *text)
{
	assert_true(strlen(to) + strlen(text) < 65536);
	strcat(to, text);
}

static enum asc_kind kind_now;

/* Each row as the line that an export would write, so that every column is looked at. */
static int on_row(void *arg, uint64_t line, const struct exc_row *row, char why[EXC_WHY_MAX])
{
	char text[EXC_ROW_MAX + 32];
	struct buf b = buf_over(text, EXC_ROW_MAX);
	struct play *y = arg;

	if (y->row_err) {
		snprintf(why, EXC_WHY_MAX, "not on line %u", (unsigned)line);
		return y->row_err;
	}
	y->keep = row->keep;
	exc_row_put(&b, kind_now, EXC_CSV, row);
	assert_false(b.full);
	text[b.len] = 0;
	add(y->got, text);
	return 0;
}

static void on_error(void *arg, uint64_t line, const char *why)
{
	char text[EXC_WHY_MAX + 32];
	struct play *y = arg;

	snprintf(text, sizeof text, "%u: %s\n", (unsigned)line, why);
	for (const char *p = why; *p; p++) {
		assert_true(*p >= 0x20 && *p <= 0x7e);
	}
	assert_true(*why);
	add(y->said, text);
}

static int run_len(struct play *y, enum asc_kind kind, enum exc_format format, const char *text, size_t len)
{
	struct exc_read r = { kind, format, source, on_row, on_error, y, y->ended };
	uint64_t rows;
	int err;

	y->text = text;
	y->len = len;
	y->at = 0;
	y->got[0] = y->said[0] = 0;
	kind_now = kind;
	err = exc_read(&r, &rows);
	if (!err && !y->row_err) {
		size_t lines = 0;

		for (const char *p = y->got; *p; p++) {
			lines += *p == '\n';
		}
		assert_int_equal(rows, lines);
	}
	return err;
}

static int run(struct play *y, enum asc_kind kind, const char *text)
{
	return run_len(y, kind, EXC_DETECT, text, strlen(text));
}

#define ASSOC_HEAD "who,device,effect,rights,not_before,not_after,mode\n"
#define SCS_HEAD "name,e164,origin_host,realm,anchor\n"
#define SCS_ROW "acme,49170123456,scs.acme.example,acme.example,anchor-a"

static const struct {
	enum asc_kind kind;
	const char *text, *rows; /* as an export writes them, without the header */
} good[] = {
	{ ASC_KIND_ASSOC, ASSOC_HEAD "acme,*@a.example,,,,,\n", "acme,*@a.example,allow,trigger recall replace,,,enforce\n" },
	{ ASC_KIND_ASSOC, "device,who\n*@a.example,acme\n", "acme,*@a.example,allow,trigger recall replace,,,enforce\n" },
	{ ASC_KIND_ASSOC, "\xef\xbb\xbfwho,device\r\nacme,*@a.example\r\n\r\n",
	  "acme,*@a.example,allow,trigger recall replace,,,enforce\n" },
	{ ASC_KIND_ASSOC, "\n\nwho,device\n\nacme,*@a.example\n\n", "acme,*@a.example,allow,trigger recall replace,,,enforce\n" },
	{ ASC_KIND_ASSOC, "\"who\",\"device\",\"rights\"\n\"acme\",\"*@a.example\",\"trigger,recall\"\n",
	  "acme,*@a.example,allow,trigger recall,,,enforce\n" },
	{ ASC_KIND_ASSOC, "who,device\nacme,\"\"\"q\"\",@a.example\"\n",
	  "acme,\"\"\"q\"\",@a.example\",allow,trigger recall replace,,,enforce\n" },
	{ ASC_KIND_ASSOC, "device,who\n#7@a.example,acme\n", "acme,#7@a.example,allow,trigger recall replace,,,enforce\n" },
	{ ASC_KIND_ASSOC,
	  ASSOC_HEAD "group:fleet,msisdn:491700000000-491700009999,deny,recall replace,1970-01-02,172801,detect-only\n",
	  "group:fleet,msisdn:491700000000-491700009999,deny,recall "
	  "replace,1970-01-02T00:00:00Z,1970-01-03T00:00:01Z,detect-only\n" },
	{ ASC_KIND_ASSOC, "who,device\n", "" },
	{ ASC_KIND_BLOCK, "who,device,not_after,mode\n*,msisdn:491700000001,2027-01-01,\nacme,*,,detect-only\n",
	  "*,msisdn:491700000001,,2027-01-01T23:59:59Z,enforce\nacme,*,,,detect-only\n" },
	{ ASC_KIND_GROUP, "group,anchor,scs\nfleet,anchor-a,\nfleet,,acme\nlocals,,\n",
	  "fleet,anchor-a,\nfleet,,acme\nlocals,,\n" },
	{ ASC_KIND_SET, "set,device\ntrial,\ntrial,m1@a.example\n", "trial,\ntrial,m1@a.example\n" },
	{ ASC_KIND_SET, "set\ntrial\n", "trial,\n" },
	{ ASC_KIND_SCS, SCS_HEAD SCS_ROW "\n",
	  SCS_ROW ",0,0,0,65535,yes,trigger recall replace,0,0,0,0,0,no,no,no,0,any,any,any,any,,\n" },
	{ ASC_KIND_SCS, "strict_answers," SCS_HEAD "yes," SCS_ROW "\n",
	  SCS_ROW ",0,0,0,65535,yes,trigger recall replace,0,0,0,0,0,no,yes,no,0,any,any,any,any,,\n" },
	{ ASC_KIND_SCS,
	  "pending_max,connections_max,quota_per_day,burst,rate_per_s,actions,priority_allowed,port_max,port_min,validity_max_s,"
	  "payload_max,"
	  "anchor,realm,origin_host,e164,name\n1,2,3,4,5,recall,no,6,7,8,9,anchor-a,acme.example,scs.acme.example,49170123456,"
	  "acme\n",
	  SCS_ROW ",9,8,7,6,no,recall,5,4,3,2,1,no,no,no,0,any,any,any,any,,\n" },
	{ ASC_KIND_ASSOC,
	  "{\"who\":\"acme\",\"device\":\"*@a.example\"}\n\n{\"device\":\"\\\"q,@a.example\",\"who\":\"acme\",\"rights\":["
	  "\"trigger\"]}\n",
	  "acme,*@a.example,allow,trigger recall replace,,,enforce\nacme,\"\"\"q,@a.example\",allow,trigger,,,enforce\n" },
	{ ASC_KIND_ASSOC,
	  "{\"who\":\"acme\",\"device\":\"*@a.example\",\"effect\":\"deny\",\"rights\":\"trigger,recall\",\"not_before\":86400,"
	  "\"not_after\":\"1970-01-03\",\"mode\":\"detect-only\"}\n",
	  "acme,*@a.example,deny,trigger recall,1970-01-02T00:00:00Z,1970-01-03T23:59:59Z,detect-only\n" },
	{ ASC_KIND_ASSOC, "\xef\xbb\xbf{\"who\":\"acme\",\"device\":\"*@a.example\",\"not_before\":null,\"effect\":\"\"}\n",
	  "acme,*@a.example,allow,trigger recall replace,,,enforce\n" },
	{ ASC_KIND_SCS,
	  "{\"name\":\"acme\",\"e164\":\"49170123456\",\"origin_host\":\"scs.acme.example\",\"realm\":\"acme.example\","
	  "\"anchor\":\"anchor-a\","
	  "\"payload_max\":9,\"port_min\":7,\"priority_allowed\":false,\"actions\":[\"recall\",\"trigger\"]}\n",
	  SCS_ROW ",9,0,7,65535,no,trigger recall,0,0,0,0,0,no,no,no,0,any,any,any,any,,\n" },
	{ ASC_KIND_SCS, "ndsip_hosts,ndsip_ike," SCS_HEAD "\"10.8.0.8,::ffff:10.8.0.7\",192.0.2.7 192.0.2.8," SCS_ROW "\n",
	  SCS_ROW ",0,0,0,65535,yes,trigger recall replace,0,0,0,0,0,no,no,no,0,any,any,any,any,192.0.2.7 192.0.2.8,10.8.0.8 "
		  "10.8.0.7\n" },
	{ ASC_KIND_SCS, "transports,tls_versions," SCS_HEAD "sctp,\"1.3,1.2\"," SCS_ROW "\n",
	  SCS_ROW ",0,0,0,65535,yes,trigger recall replace,0,0,0,0,0,no,no,no,0,sctp,any,1.2 1.3,any,,\n" },
	{ ASC_KIND_GROUP, "{\"group\":\"fleet\",\"anchor\":\"anchor-a\"}\n{\"group\":\"fleet\",\"scs\":\"acme\"}\n",
	  "fleet,anchor-a,\nfleet,,acme\n" },
};

static void test_what_is_right_is_taken_whatever_the_pieces(void **state)
{
	static const size_t pieces[] = { 0, 1, 2, 7, 100 };
	static struct play y;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
			y.piece = pieces[k];
			if (run(&y, good[i].kind, good[i].text) || strcmp(y.got, good[i].rows) != 0) {
				fail_msg("%s\ngave\n%s%s", good[i].text, y.got, y.said);
			}
		}
	}
	y.piece = 0;
}

static const struct {
	enum asc_kind kind;
	const char *text, *said;
} wrong[] = {
	/* headers */
	{ ASC_KIND_ASSOC, "", "1: the file is empty" },
	{ ASC_KIND_ASSOC, "\n\n", "1: no header line" },
	{ ASC_KIND_ASSOC, "who;device\nacme;x\n",
	  "1: unknown column 'who;device' (columns are separated by commas), expected some of: who, device, "
	  "effect, rights, not_before, not_after, mode\n" },
	{ ASC_KIND_ASSOC, "who,device,color\n", "1: unknown column 'color', expected some of" },
	{ ASC_KIND_ASSOC, "who,device,\n", "1: unknown column ''" },
	{ ASC_KIND_ASSOC, "who,device,who\n", "1: column 'who' stands twice" },
	{ ASC_KIND_ASSOC, "\nwho,effect\n", "2: the header has no column 'device'" },
	{ ASC_KIND_ASSOC, "acme,*@a.example\n", "1: unknown column 'acme'" },
	{ ASC_KIND_ASSOC, "who,device,\"effect\n", "1: field 3: its quote is not closed" },
	{ ASC_KIND_ASSOC, "\xff\xfew\0h\0", "1: this is UTF-16" },
	{ ASC_KIND_ASSOC, "\x1f\x8b\x08", "1: this is a compressed file" },
	{ ASC_KIND_ASSOC, "PK\x03\x04", "1: this is a compressed file or a workbook" },
	{ ASC_KIND_SCS, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,A,B,C,D,E,F,G\n",
	  "1: field 33: more fields than there are columns" },
	/* lines */
	{ ASC_KIND_ASSOC, "who,device\nacme\n", "2: 1 field, expected 2 as in the header" },
	{ ASC_KIND_ASSOC, "who,device\nacme,a@b.example,allow\n", "2: field 3: more fields than there are columns" },
	{ ASC_KIND_ASSOC, "who,device\n\nacme,\"a@b.example\n", "3: field 2: its quote is not closed" },
	{ ASC_KIND_ASSOC, "who,device\nacme,\"a\"b\n", "2: field 2: text behind its closing quote" },
	{ ASC_KIND_ASSOC, "who,device\nac\"me,a@b.example\n", "2: field 1: a quote inside" },
	/* values */
	{ ASC_KIND_ASSOC, "who,device\n,a@b.example\n", "2: who is empty, expected the name of an SCS or group:NAME" },
	{ ASC_KIND_ASSOC, "who,device\nacme,\n", "2: device is empty, expected local@domain" },
	{ ASC_KIND_ASSOC, ASSOC_HEAD "acme,a@b.example,block,,,,\n", "2: effect is 'block', expected allow or deny" },
	{ ASC_KIND_ASSOC, ASSOC_HEAD "acme,a@b.example,,wake,,,\n",
	  "2: rights is 'wake', expected some of trigger, recall, replace" },
	{ ASC_KIND_ASSOC, ASSOC_HEAD "acme,a@b.example,,trigger;recall,,,\n", "2: rights is 'trigger;recall'" },
	{ ASC_KIND_ASSOC, ASSOC_HEAD "acme,a@b.example,,,tomorrow,,\n", "2: not_before is 'tomorrow', expected YYYY-MM-DD" },
	{ ASC_KIND_ASSOC, ASSOC_HEAD "acme,a@b.example,,,,31.12.2027,\n", "2: not_after is '31.12.2027', expected YYYY-MM-DD" },
	{ ASC_KIND_ASSOC, ASSOC_HEAD "acme,a@b.example,,,,,maybe\n", "2: mode is 'maybe', expected enforce or detect-only" },
	{ ASC_KIND_ASSOC, ASSOC_HEAD "acme,a@b.example,\x1b[2J\xff,,,,\n", "2: effect is '?[2J?', expected" },
	{ ASC_KIND_BLOCK, "who,device,effect\n",
	  "1: unknown column 'effect', expected some of: who, device, not_before, not_after, mode\n" },
	{ ASC_KIND_GROUP, "group\n\"\"\n", "2: group is empty, expected the name of a group" },
	{ ASC_KIND_SET, "set,device\n,a@b.example\n", "2: set is empty, expected the name of a device set" },
	{ ASC_KIND_SCS, SCS_HEAD "acme,49170123456,scs.acme.example,acme.example,\n", "2: anchor is empty" },
	{ ASC_KIND_SCS, SCS_HEAD "acme,4917012345678901,scs.acme.example,acme.example,a\n",
	  "2: e164 is '4917012345678901', expected 5 to 15 digits" },
	{ ASC_KIND_SCS, "payload_max," SCS_HEAD "65537," SCS_ROW "\n",
	  "2: payload_max is '65537', expected a number from 0 to 65536" },
	{ ASC_KIND_SCS, "validity_max_s," SCS_HEAD "4294967296," SCS_ROW "\n",
	  "2: validity_max_s is '4294967296', expected a number from 0" },
	{ ASC_KIND_SCS, "port_min," SCS_HEAD "65536," SCS_ROW "\n", "2: port_min is '65536', expected a number from 0 to 65535" },
	{ ASC_KIND_SCS, "port_max," SCS_HEAD "-1," SCS_ROW "\n", "2: port_max is '-1'" },
	{ ASC_KIND_SCS, "priority_allowed," SCS_HEAD "1," SCS_ROW "\n", "2: priority_allowed is '1', expected yes or no" },
	{ ASC_KIND_SCS, "actions," SCS_HEAD "trigger recal," SCS_ROW "\n", "2: actions is 'trigger recal', expected some of" },
	{ ASC_KIND_SCS, "rate_per_s," SCS_HEAD "1.5," SCS_ROW "\n", "2: rate_per_s is '1.5'" },
	{ ASC_KIND_SCS, "burst," SCS_HEAD "x," SCS_ROW "\n", "2: burst is 'x'" },
	{ ASC_KIND_SCS, "quota_per_day," SCS_HEAD " 1," SCS_ROW "\n", "2: quota_per_day is ' 1'" },
	{ ASC_KIND_SCS, "connections_max," SCS_HEAD "1025," SCS_ROW "\n",
	  "2: connections_max is '1025', expected a number from 0 to 1024" },
	{ ASC_KIND_SCS, "pending_max," SCS_HEAD "65537," SCS_ROW "\n",
	  "2: pending_max is '65537', expected a number from 0 to 65536" },
	{ ASC_KIND_SCS, "ndsip_hosts," SCS_HEAD "10.8.0.7 gw," SCS_ROW "\n",
	  "2: ndsip_hosts is '10.8.0.7 gw', expected numeric addresses, at most 32" },
	{ ASC_KIND_SCS, "tls_versions," SCS_HEAD "1.1," SCS_ROW "\n", "2: tls_versions is '1.1', expected some of any 1.2 1.3" },
	{ ASC_KIND_SCS, "{\"name\":\"acme\",\"tls_versions\":[\"1.2,1.3\"]}\n", "1: tls_versions is a value of another type" },
	{ ASC_KIND_SCS, "strict_answers," SCS_HEAD "1," SCS_ROW "\n", "2: strict_answers is '1', expected yes or no" },
	/* cut off: the number that is left of another one is no row, nor is what would be one */
	{ ASC_KIND_ASSOC, "who,device\nacme,msisdn:491700000001\nacme,msisdn:49170000", "3: the file ends inside this line" },
	{ ASC_KIND_ASSOC, "who,device\nacme,a@b.example", "2: the file ends inside this line" },
	{ ASC_KIND_ASSOC, "who,device\nacme,a@b.example\r", "2: the file ends inside this line" },
	{ ASC_KIND_BLOCK, "who,device", "1: the file ends inside this line" },
	{ ASC_KIND_SET, "set,device\ntrial,\n,", "3: the file ends inside this line" },
	{ ASC_KIND_GROUP, "group,scs\nfleet,ac", "2: the file ends inside this line" },
	{ ASC_KIND_SCS, SCS_HEAD SCS_ROW, "2: the file ends inside this line" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"a@b.example\"}\n{\"who\":\"ac", "2: not JSON at byte" },
	/* JSON lines */
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\n", "1: not JSON at byte" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"a@b.example\"}\n[]\n", "2: expected one JSON object a line" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"a@b.example\"} {}\n", "1: not JSON at byte" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"who\":\"acme\",\"device\":\"a@b.example\"}\n", "1: not JSON at byte" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"a@b.example\",\"x\\u001b\":1}\n", "1: unknown member 'x?'" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\"}\n", "1: device is empty, expected local@domain" },
	{ ASC_KIND_ASSOC, "{\"who\":7,\"device\":\"a@b.example\"}\n", "1: who is a value of another type or too long, expected" },
	{ ASC_KIND_ASSOC, "{\"who\":[\"acme\"],\"device\":\"a@b.example\"}\n", "1: who is a value of another type" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"a@b.example\",\"rights\":[\"trigger,recall\"]}\n",
	  "1: rights is a value of another type" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"a@b.example\",\"rights\":[1]}\n",
	  "1: rights is a value of another type" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"a@b.example\",\"rights\":{}}\n",
	  "1: rights is a value of another type" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"a@b.example\",\"not_before\":1.5}\n",
	  "1: not_before is a value of another type" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"a@b.example\",\"not_before\":-5}\n",
	  "1: not_before is '-5', expected" },
	{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"a\\u0000@b.example\"}\n", "1: not JSON at byte" },
	{ ASC_KIND_SCS, "{\"name\":\"acme\",\"priority_allowed\":1}\n", "1: priority_allowed is a value of another type" },
};

static void test_what_is_wrong_is_told_with_its_line(void **state)
{
	static struct play y;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		int err = run(&y, wrong[i].kind, wrong[i].text);

		if (err != ERR_INVAL || strncmp(y.said, wrong[i].said, strlen(wrong[i].said)) != 0) {
			fail_msg("%s\ngave %d\n%s", wrong[i].text, err, y.said);
		}
	}
}

static void test_a_nul_or_an_endless_line_is_a_mistake_of_that_line(void **state)
{
	static const char nul[] = "who,device\nacme,a@b.example\0x\nacme,a@c.example\n";
	static char text[400000];
	static struct play y;
	char *at = text;

	(void)state;
	assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_CSV, nul, sizeof nul - 1), ERR_INVAL);
	assert_string_equal(y.said, "2: a NUL byte in the line, expected text\n");
	assert_non_null(strstr(y.got, "a@c.example"));

	at += sprintf(at, "who,device\nacme,");
	memset(at, 'x', 300000); /* longer than the block that is read */
	at += 300000;
	at += sprintf(at, "@b.example\nacme,\nacme,a@c.example\n");
	for (size_t piece = 0; piece < 70000; piece += 23333) {
		y.piece = piece;
		assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_CSV, text, (size_t)(at - text)), ERR_INVAL);
		assert_int_equal(strncmp(y.said, "2: the line is longer than 16384 bytes\n3: device is empty", 57), 0);
		assert_non_null(strstr(y.got, "a@c.example"));
	}
	y.piece = 0;
	assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_CSV, text, 200000), ERR_INVAL); /* and at the end of the file */
	assert_int_equal(strncmp(y.said, "2: the line is longer", 21), 0);
}

static void test_a_line_may_be_as_long_as_the_limit(void **state)
{
	static char text[EXC_LINE_MAX + 64];
	static struct play y;
	size_t n;

	(void)state;
	n = (size_t)sprintf(text, "{\"who\":\"acme\",\"device\":\"a@b.example\"");
	memset(text + n, ' ', EXC_LINE_MAX - n - 1);
	strcpy(text + EXC_LINE_MAX - 1, "}\r\n");
	assert_int_equal(run(&y, ASC_KIND_ASSOC, text), 0);
	memset(text + n, ' ', EXC_LINE_MAX - n);
	strcpy(text + EXC_LINE_MAX, "}\n");
	assert_int_equal(run(&y, ASC_KIND_ASSOC, text), ERR_INVAL);
}

static void test_json_lines_may_end_without_a_newline_where_it_does_no_harm(void **state)
{
	static const char *const texts[] = { "{\"who\":\"acme\",\"device\":\"a@b.example\"}",
					     "{\"who\":\"acme\",\"device\":\"a@b.example\"}\r" };
	static struct play y;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		y.ended = false;
		assert_int_equal(run(&y, ASC_KIND_ASSOC, texts[i]), 0);
		y.ended = true;
		assert_int_equal(run(&y, ASC_KIND_ASSOC, texts[i]), ERR_INVAL);
		assert_int_equal(strncmp(y.said, "1: the file ends inside this line", 33), 0);
		assert_string_equal(y.got, "");
	}
	assert_int_equal(run(&y, ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"a@b.example\"}\n"), 0);
	y.ended = false;
}

static void test_only_so_many_mistakes_are_told(void **state)
{
	static char text[4096];
	static struct play y;
	unsigned lines = 0;

	(void)state;
	strcpy(text, "who,device\n");
	for (unsigned i = 0; i < 100; i++) {
		strcat(text, i % 2 ? "acme,a@b.example\n" : "acme\n");
	}
	assert_int_equal(run(&y, ASC_KIND_ASSOC, text), ERR_INVAL);
	for (const char *p = y.said; *p; p++) {
		lines += *p == '\n';
	}
	assert_int_equal(lines, EXC_ERRORS_MAX);
	assert_non_null(strstr(y.said, "\n40: 1 field,"));
}

static void test_an_empty_file_is_one_only_when_that_is_said(void **state)
{
	static struct play y;

	(void)state;
	assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_JSONL, "", 0), 0);
	assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_JSONL, "\xef\xbb\xbf", 3), 0);
	assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_CSV, "", 0), ERR_INVAL);
	assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_DETECT, "\xef\xbb\xbf", 3), ERR_INVAL);
}

/* What says of a file that it is no text may come octet by octet, also behind a mark. */
static void test_a_file_of_another_kind_is_one_whatever_the_pieces(void **state)
{
	static const char text[] = "\xef\xbb\xbf\xfe\xff\xff\n\n";
	static struct play y;

	(void)state;
	for (y.piece = 0; y.piece < 5; y.piece++) {
		assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_JSONL, text, sizeof text - 1), ERR_INVAL);
		assert_string_equal(y.said, "1: this is UTF-16, expected ASCII or UTF-8\n");
	}
}

static void test_the_format_that_is_said_is_read(void **state)
{
	static const char json[] = "{\"who\":\"acme\",\"device\":\"a@b.example\"}\n", csv[] = "who,device\nacme,a@b.example\n";
	static struct play y;

	(void)state;
	assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_JSONL, json, sizeof json - 1), 0);
	assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_CSV, csv, sizeof csv - 1), 0);
	assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_CSV, json, sizeof json - 1), ERR_INVAL);
	assert_int_equal(run_len(&y, ASC_KIND_ASSOC, EXC_JSONL, csv, sizeof csv - 1), ERR_INVAL);
}

static void test_who_takes_rows_can_refuse_one_or_end_all(void **state)
{
	static struct play y;

	(void)state;
	y.row_err = ERR_NOTFOUND;
	assert_int_equal(run(&y, ASC_KIND_ASSOC, "who,device\nacme,a@b.example\nacme,a@c.example\n"), ERR_INVAL);
	assert_string_equal(y.said, "2: not on line 2\n3: not on line 3\n");
	y.row_err = ERR_NOSPC;
	assert_int_equal(run(&y, ASC_KIND_ASSOC, "who,device\nacme,a@b.example\nacme,a@c.example\n"), ERR_NOSPC);
	assert_string_equal(y.said, "");
	y.row_err = 0;
	y.source_err = ERR_TIMEOUT;
	assert_int_equal(run(&y, ASC_KIND_ASSOC, "who,device\nacme,a@b.example\nacme,a@c"), ERR_TIMEOUT);
	assert_string_equal(y.said, "");
}

static void test_columns_and_names_fit_together(void **state)
{
	enum asc_kind kind;
	enum exc_format format;

	(void)state;
	for (int k = 0; k < EXC_KINDS; k++) {
		kind = (enum asc_kind)k;
		assert_true(*exc_kind_name(kind));
		assert_in_range(exc_columns_n(kind), 1, EXC_COLUMNS_MAX);
		for (size_t i = 0; i < exc_columns_n(kind); i++) {
			assert_int_equal(exc_column_find(kind, exc_columns(kind)[i].name), i);
		}
	}
	assert_int_equal(exc_format_parse(&format, "csv"), 0);
	assert_int_equal(format, EXC_CSV);
	assert_int_equal(exc_format_parse(&format, "jsonl"), 0);
	assert_int_equal(format, EXC_JSONL);
	assert_int_equal(exc_format_parse(&format, "detect"), ERR_INVAL);
}

/* An absent column is not an empty one. */
static void test_a_row_says_which_columns_it_does_not_have(void **state)
{
	enum { ALL = ASC_KEEP_RIGHTS | ASC_KEEP_NOT_BEFORE | ASC_KEEP_NOT_AFTER | ASC_KEEP_MODE };
	static const struct {
		enum asc_kind kind;
		const char *text;
		uint32_t keep;
	} rows[] = {
		{ ASC_KIND_ASSOC, "who,device\nacme,*@a.example\n", ALL | ASC_KEEP_EFFECT },
		{ ASC_KIND_ASSOC, "who,device,mode,not_after\nacme,*@a.example,,\n",
		  ASC_KEEP_EFFECT | ASC_KEEP_RIGHTS | ASC_KEEP_NOT_BEFORE },
		{ ASC_KIND_ASSOC, ASSOC_HEAD "acme,*@a.example,,,,,\n", 0 },
		{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"*@a.example\",\"mode\":\"enforce\"}\n",
		  (ALL | ASC_KEEP_EFFECT) & ~ASC_KEEP_MODE },
		{ ASC_KIND_ASSOC, "{\"who\":\"acme\",\"device\":\"*@a.example\",\"not_after\":null}\n",
		  (ALL | ASC_KEEP_EFFECT) & ~ASC_KEEP_NOT_AFTER },
		{ ASC_KIND_BLOCK, "who,device\nacme,*@a.example\n", ALL & ~ASC_KEEP_RIGHTS },
		{ ASC_KIND_SCS, SCS_HEAD SCS_ROW "\n",
		  ASC_KEEP_ALL & ~(ASC_KEEP_E164 | ASC_KEEP_ORIGIN_HOST | ASC_KEEP_REALM | ASC_KEEP_ANCHOR) },
		{ ASC_KIND_GROUP, "group\nfleet\n", EXC_KEEP_ANCHOR },
		{ ASC_KIND_GROUP, "group,anchor\nfleet,\n", 0 },
		{ ASC_KIND_SET, "set\ntrial\n", 0 },
	};
	static struct play y;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(run(&y, rows[i].kind, rows[i].text), 0);
		if (y.keep != rows[i].keep) {
			fail_msg("row %zu: keep %#x instead of %#x", i, y.keep, rows[i].keep);
		}
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_right_is_taken_whatever_the_pieces),
		cmocka_unit_test(test_what_is_wrong_is_told_with_its_line),
		cmocka_unit_test(test_a_nul_or_an_endless_line_is_a_mistake_of_that_line),
		cmocka_unit_test(test_a_line_may_be_as_long_as_the_limit),
		cmocka_unit_test(test_json_lines_may_end_without_a_newline_where_it_does_no_harm),
		cmocka_unit_test(test_only_so_many_mistakes_are_told),
		cmocka_unit_test(test_an_empty_file_is_one_only_when_that_is_said),
		cmocka_unit_test(test_a_file_of_another_kind_is_one_whatever_the_pieces),
		cmocka_unit_test(test_the_format_that_is_said_is_read),
		cmocka_unit_test(test_who_takes_rows_can_refuse_one_or_end_all),
		cmocka_unit_test(test_columns_and_names_fit_together),
		cmocka_unit_test(test_a_row_says_which_columns_it_does_not_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
