/* fuzz_journal.c - the promises of the replay of the journal, whatever stands in its segments.
 *
 * Random octets would end at the first checksum, so an input is a list of steps that write segments with right
 * checksums over wrong lengths, counts and sequences, or spoil octets behind them:
 *   0 a record of the next commit: number, length (u16), kind
 *   1 the commit: added to its records, octets / 8, sequence, reserved (i8 each)
 *   2 octets as they are: count / 16, then the octets
 *   3 spoil an octet: position (u16, from the end of the segment), mask
 *   4 the next segment: added to its number, prev_end / 4096, sequence, oldest (i8 each)
 *   5 cut the segment: 512 octets each
 *   6 leave out blocks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/jrn.h"
#include "journal/jrn_check.h"
#include "journal/jrn_format.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/journal/power_disk.h"

#define SEGMENTS_MAX 6u
#define RECORDS_MAX 4096u

static struct play {
	const uint8_t *p;
	size_t left;
	struct power_disk disk;
	struct jrn_seg_head head; /* of the segment that is written */
	uint32_t file, segments;
	bool forged;      /* right checksums over wrong fields: no disk does that */
	uint64_t at, cut; /* in it; cut: octets that go at its end */
	size_t n;         /* octets of the commit that gathers */
	uint32_t records;
	uint64_t seq;
	uint8_t commit[JRN_SEGMENT_MIN];
	uint64_t numbers[RECORDS_MAX]; /* what a replay gave */
	size_t numbers_n;
} play;

static uint8_t u8(struct play *y)
{
	if (!y->left) {
		return 0;
	}
	y->left--;
	return *y->p++;
}

static uint64_t plus(uint64_t to, uint8_t by)
{
	return to + (uint64_t)(int64_t)(int8_t)by;
}

static uint64_t room(const struct play *y)
{
	return JRN_SEGMENT_MIN - y->at;
}

static void segment_end(struct play *y)
{
	struct pd_content *c = &y->disk.now.files[y->file];

	c->size -= y->cut < c->size ? y->cut : c->size;
	y->cut = 0;
}

static void segment_begin(struct play *y)
{
	static uint8_t block[JRN_BLOCK];
	char name[32];

	jrn_put_seg_head(block, &y->head);
	jrn_segment_name(name, y->head.number);
	y->file = y->disk.now.files_n++;
	pd_name_set(&y->disk.now, name, y->file);
	pd_size(&y->disk.now.files[y->file], JRN_SEGMENT_MIN);
	pd_write(&y->disk.now.files[y->file], 0, block, sizeof block);
	y->at = JRN_BLOCK;
	y->n = JRN_COMMIT_HEAD;
	y->records = 0;
	y->segments++;
}

static void segment_next(struct play *y)
{
	struct jrn_seg_head before = y->head;
	uint8_t number = u8(y), prev_end = u8(y), seq = u8(y), oldest = u8(y);

	if (y->segments == SEGMENTS_MAX) {
		return;
	}
	segment_end(y);
	y->forged = y->forged || number || prev_end || seq || oldest;
	y->head.number = plus(before.number, number) + 1;
	y->head.prev = before.number;
	y->head.prev_end = plus(y->at / JRN_BLOCK, prev_end) * JRN_BLOCK;
	y->head.first_seq = plus(y->seq, seq);
	y->head.oldest = plus(before.oldest, oldest);
	y->head.nonce[0]++;
	segment_begin(y);
}

/* The content follows from number and length, so that whatever a replay gives can be checked. */
static void content(uint8_t *p, uint64_t number, size_t len)
{
	memset(p, (int)(number % 255 + 1), len);
}

static void record(struct play *y)
{
	uint8_t bytes[JRN_RECORD_MAX];
	struct jrn_record r = { .number = u8(y), .content = bytes };

	r.len = (uint32_t)(u8(y) + 256u * u8(y)) % (JRN_RECORD_MAX + 1);
	r.kind = u8(y) % 4 == 3 ? JRN_RECORD_DEL : JRN_RECORD_PUT;
	r.len = r.kind == JRN_RECORD_DEL ? r.len % 2 : r.len; /* one with content is wrong */
	if (y->n + jrn_record_size(r.len) > room(y)) {
		return;
	}
	content(bytes, r.number, r.len);
	y->n += jrn_put_record(y->commit + y->n, y->head.nonce, y->at + y->n, &r);
	y->records++;
}

static void commit(struct play *y)
{
	uint8_t records = u8(y), octets = u8(y), seq = u8(y), reserved = u8(y);
	struct jrn_commit_head h = { .seq = plus(y->seq, seq),
				     .reserved = plus(300, reserved),
				     .oldest = y->head.oldest,
				     .records = (uint32_t)plus(y->records, records),
				     .octets = (uint32_t)(y->n + 8 * (uint64_t)(int64_t)(int8_t)octets) };

	if (y->n > room(y)) {
		return;
	}
	y->forged = y->forged || records || octets || seq;
	memset(y->commit + y->n, 0, jrn_blocks(y->n) - y->n);
	jrn_put_commit_head(y->commit, y->head.nonce, y->at, &h);
	pd_write(&y->disk.now.files[y->file], y->at, y->commit, jrn_blocks(y->n) < room(y) ? jrn_blocks(y->n) : room(y));
	y->at += jrn_blocks(y->n);
	y->seq = h.seq + 1;
	y->n = JRN_COMMIT_HEAD;
	y->records = 0;
}

static void octets(struct play *y)
{
	uint64_t n = 16u * u8(y);

	n = n < y->left ? n : y->left;
	n = n < room(y) ? n : room(y);
	if (n) {
		pd_write(&y->disk.now.files[y->file], y->at, y->p, n);
	}
	y->p += n;
	y->left -= n;
	y->at += jrn_blocks(n) < room(y) ? jrn_blocks(n) : room(y);
}

static void spoil(struct play *y)
{
	uint64_t back = u8(y) + 256u * u8(y);
	uint8_t mask = u8(y);

	if (back < y->at) {
		y->disk.now.files[y->file].octets[y->at - 1 - back] ^= mask;
	}
}

static void write_segments(struct play *y)
{
	y->head = (struct jrn_seg_head){ .number = 1, .size = JRN_SEGMENT_MIN, .first_seq = 1, .oldest = 1, .nonce = { 7, 7 } };
	y->seq = 1;
	segment_begin(y);
	while (y->left) {
		switch (u8(y) % 8) {
		case 0:
			record(y);
			break;
		case 1:
			commit(y);
			break;
		case 2:
			octets(y);
			break;
		case 3:
			spoil(y);
			break;
		case 4:
			segment_next(y);
			break;
		case 5:
			y->cut += 512u * u8(y);
			break;
		case 6:
			y->at += room(y) > 2 * JRN_BLOCK ? JRN_BLOCK : 0;
			break;
		default:
			break;
		}
	}
	segment_end(y);
}

static int on_record(void *arg, uint64_t number, const void *p, size_t len)
{
	struct play *y = arg;
	uint8_t bytes[JRN_RECORD_MAX];

	promise(len <= JRN_RECORD_MAX, "a record has bounds");
	content(bytes, number, len);
	promise(len == 0 || !memcmp(bytes, p, len), "a record is one that was written");
	promise(y->numbers_n < RECORDS_MAX && (!y->numbers_n || y->numbers[y->numbers_n - 1] < number),
		"records come in order and once");
	y->numbers[y->numbers_n++] = number;
	return 0;
}

static bool start(struct play *y, struct jrn **j)
{
	struct jrn_conf conf = {
		.dir = "memory", .disk = &y->disk.disk, .segment_size = JRN_SEGMENT_MIN, .size_max = 32u * JRN_SEGMENT_MIN
	};
	struct jrn_why why = { "" };
	int err = jrn_open(j, &conf, &why);

	promise(!err || (why.text[0] && strlen(why.text) < sizeof why.text), "a refusal has words");
	promise(!err || err == ERR_PROTO || err == ERR_VERSION, "a refusal is about what was read");
	if (err) {
		return false;
	}
	y->numbers_n = 0;
	promise(!jrn_replay(*j, on_record, y), "what opened can be read");
	return true;
}

static void fuzz_journal(const char *target, const uint8_t *data, size_t size)
{
	struct play *y = &play;
	struct jrn_summary sum = { 0 };
	struct jrn_why why;
	struct jrn *j;
	uint64_t number;
	size_t before;
	uint8_t octet;
	bool opens;

	(void)target;
	y->p = data;
	y->left = size < 8192 ? size : 8192;
	y->segments = 0;
	y->forged = false;
	y->cut = 0;
	pd_init(&y->disk, NULL);
	write_segments(y);
	promise(!jrn_check("memory", &y->disk.disk, NULL, NULL, &sum, &why), "anything can be looked at");
	opens = start(y, &j);
	promise(y->forged || opens == sum.opens, "the check says whether it opens");
	if (opens) {
		before = y->numbers_n;
		promise(y->forged || sum.live == before, "the check counts what lives");
		number = jrn_next(j);
		content(&octet, number, 1);
		promise(!jrn_add(j, number, &octet, 1, NULL, NULL) && !jrn_flush(j), "it takes new records");
		jrn_close(j);
		if (!start(y, &j)) {
			promise(y->forged, "what opened once opens again");
			pd_fini(&y->disk);
			return;
		}
		promise(y->numbers_n == before + 1 && y->numbers[y->numbers_n - 1] == number,
			"with one record more, of the highest number");
		jrn_close(j);
	}
	pd_fini(&y->disk);
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "journal") ? fuzz_journal : NULL;
}
