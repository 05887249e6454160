/* jrn_format.c - the octets of the journal; see jrn_format.h. */
#include "journal/jrn_format.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define SEGMENT_MAGIC "MTCJRNL\n"
#define COMMIT_MAGIC UINT32_C(0x544d434a) /* "JCMT" */
#define MARK_MAGIC UINT32_C(0x54584e4a)   /* "JNXT" */
#define SEGMENT_HEAD 88u                  /* with its checksum */

/* -- numbers in octets; the compiler makes one instruction of each */

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++) {
		p[i] = (uint8_t)(v >> 8 * i);
	}
}

static void put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++) {
		p[i] = (uint8_t)(v >> 8 * i);
	}
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		v |= (uint32_t)p[i] << 8 * i;
	}
	return v;
}

static uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* -- checksums */

static uint64_t sum(const uint8_t *p, size_t n, const uint8_t nonce[JRN_NONCE], uint64_t at)
{
	uint8_t mixed[16 + JRN_NONCE];

	put64(mixed, XXH3_64bits(p, n));
	put64(mixed + 8, at);
	memcpy(mixed + 16, nonce, JRN_NONCE);
	return XXH3_64bits(mixed, sizeof mixed);
}

static uint64_t record_sum(const uint8_t *p, size_t len, const uint8_t nonce[JRN_NONCE], uint64_t at)
{
	return sum(p + 8, JRN_RECORD_HEAD - 8 + len, nonce, at);
}

/* -- segments */

void jrn_put_seg_head(uint8_t block[JRN_BLOCK], const struct jrn_seg_head *h)
{
	memset(block, 0, JRN_BLOCK);
	memcpy(block, SEGMENT_MAGIC, 8);
	put32(block + 8, JRN_VERSION);
	put32(block + 12, JRN_BLOCK);
	put64(block + 16, h->number);
	memcpy(block + 24, h->nonce, JRN_NONCE);
	put64(block + 40, h->size);
	put64(block + 48, h->prev);
	put64(block + 56, h->prev_end);
	put64(block + 64, h->first_seq);
	put64(block + 72, h->oldest);
	put64(block + 80, XXH3_64bits(block, SEGMENT_HEAD - 8));
}

int jrn_get_seg_head(struct jrn_seg_head *out, const uint8_t block[JRN_BLOCK])
{
	struct jrn_seg_head h = { .version = get32(block + 8) };

	if (memcmp(block, SEGMENT_MAGIC, 8) != 0 || get64(block + 80) != XXH3_64bits(block, SEGMENT_HEAD - 8)) {
		return ERR_PROTO; /* also of a version that is only a flipped bit */
	}
	if (h.version > JRN_VERSION) {
		out->version = h.version;
		return ERR_VERSION;
	}
	h.number = get64(block + 16);
	memcpy(h.nonce, block + 24, JRN_NONCE);
	h.size = get64(block + 40);
	h.prev = get64(block + 48);
	h.prev_end = get64(block + 56);
	h.first_seq = get64(block + 64);
	h.oldest = get64(block + 72);
	if (h.version < JRN_VERSION_OLDEST || get32(block + 12) != JRN_BLOCK || h.number == 0 || h.size < JRN_SEGMENT_MIN ||
	    h.size > JRN_SEGMENT_MAX || h.size % JRN_BLOCK || h.prev_end % JRN_BLOCK) {
		return ERR_PROTO;
	}
	*out = h;
	return 0;
}

/* -- commits */

void jrn_put_commit_head(uint8_t p[JRN_COMMIT_HEAD], const uint8_t nonce[JRN_NONCE], uint64_t at, const struct jrn_commit_head *h)
{
	put32(p, COMMIT_MAGIC);
	put32(p + 4, h->records);
	memcpy(p + 8, nonce, JRN_NONCE);
	put64(p + 24, h->seq);
	put32(p + 32, h->octets);
	put32(p + 36, 0);
	put64(p + 40, h->reserved);
	put64(p + 48, h->oldest);
	put64(p + 56, sum(p, 56, nonce, at));
}

bool jrn_is_of_segment(const uint8_t p[JRN_COMMIT_HEAD], const uint8_t nonce[JRN_NONCE])
{
	return memcmp(p + 8, nonce, JRN_NONCE) == 0;
}

int jrn_get_commit_head(struct jrn_commit_head *out, const uint8_t p[JRN_COMMIT_HEAD], const uint8_t nonce[JRN_NONCE],
			uint64_t at)
{
	struct jrn_commit_head h = { .seq = get64(p + 24),
				     .reserved = get64(p + 40),
				     .oldest = get64(p + 48),
				     .records = get32(p + 4),
				     .octets = get32(p + 32) };

	if (get32(p) != COMMIT_MAGIC || !jrn_is_of_segment(p, nonce) || get64(p + 56) != sum(p, 56, nonce, at) ||
	    h.octets < JRN_COMMIT_HEAD || h.octets > JRN_COMMIT_MAX) {
		return ERR_PROTO;
	}
	*out = h;
	return 0;
}

/* -- the mark of a segment that is not the last. Its octets 8 to 24 are no nonce, so it is never
 * taken for a commit. */

void jrn_put_mark(uint8_t block[JRN_BLOCK], const uint8_t nonce[JRN_NONCE], uint64_t at, uint64_t next)
{
	memset(block, 0, JRN_BLOCK);
	put32(block, MARK_MAGIC);
	put64(block + 8, next);
	put64(block + 16, sum(block, 16, nonce, at));
}

uint64_t jrn_get_mark(const uint8_t block[JRN_BLOCK], const uint8_t nonce[JRN_NONCE], uint64_t at)
{
	return get32(block) == MARK_MAGIC && get64(block + 16) == sum(block, 16, nonce, at) ? get64(block + 8) : 0;
}

/* -- records */

size_t jrn_put_record(uint8_t *p, const uint8_t nonce[JRN_NONCE], uint64_t at, const struct jrn_record *r)
{
	size_t size = jrn_record_size(r->len);

	put64(p + 8, r->number);
	put32(p + 16, r->len);
	put32(p + 20, r->kind);
	if (r->len && r->content != p + JRN_RECORD_HEAD) {
		memcpy(p + JRN_RECORD_HEAD, r->content, r->len);
	}
	memset(p + JRN_RECORD_HEAD + r->len, 0, size - JRN_RECORD_HEAD - r->len);
	put64(p, record_sum(p, r->len, nonce, at));
	return size;
}

size_t jrn_get_record(struct jrn_record *out, const uint8_t *p, size_t left, const uint8_t *nonce, uint64_t at)
{
	struct jrn_record r;

	if (left < JRN_RECORD_HEAD) {
		return 0;
	}
	r.number = get64(p + 8);
	r.len = get32(p + 16);
	r.kind = (enum jrn_record_kind)get32(p + 20);
	r.content = p + JRN_RECORD_HEAD;
	if (r.len > left - JRN_RECORD_HEAD || jrn_record_size(r.len) > left ||
	    (r.kind != JRN_RECORD_PUT && r.kind != JRN_RECORD_DEL)) {
		return 0;
	}
	if (nonce && get64(p) != record_sum(p, r.len, nonce, at)) {
		return 0;
	}
	*out = r;
	return jrn_record_size(r.len);
}

/* -- names */

void jrn_segment_name(char out[32], uint64_t number)
{
	snprintf(out, 32, "%0*llu.log", JRN_NUMBER_DIGITS, (unsigned long long)number);
}

/* Digits up to `end`, as this program writes them. False: something else. */
static bool digits(const char *p, const char *end, int least, uint64_t *out)
{
	const char *first = p;
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '9' && p - first < 19; p++) {
		v = v * 10 + (uint64_t)(*p - '0');
	}
	*out = v;
	return p - first >= least && (p - first == least || *first != '0') && strcmp(p, end) == 0;
}

enum jrn_name jrn_name_kind(const char *name, uint64_t *number)
{
	static const char *const ours[] = { "owner.lock",   "data.mdb",          "lock.mdb",
					    "data.mdb.new", "data.mdb.new-lock", "lost+found" };

	*number = 0;
	if (digits(name, ".log", JRN_NUMBER_DIGITS, number)) {
		return JRN_NAME_SEGMENT;
	}
	if (strncmp(name, "spare-", 6) == 0 && digits(name + 6, ".log", 1, number)) {
		return JRN_NAME_SPARE;
	}
	if (strncmp(name, "spare-", 6) == 0 && digits(name + 6, ".new", 1, number)) {
		return JRN_NAME_SPARE_NEW;
	}
	if (strncmp(name, "new-", 4) == 0 && digits(name + 4, ".log", JRN_NUMBER_DIGITS, number)) {
		return JRN_NAME_TAKING_OVER;
	}
	if (strncmp(name, "torn-", 5) == 0) {
		return JRN_NAME_TORN;
	}
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		if (strcmp(name, ours[i]) == 0) {
			return JRN_NAME_OURS;
		}
	}
	return JRN_NAME_FOREIGN;
}
