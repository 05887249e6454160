/* asc_case.c - a name in all spellings of upper and lower case, looked for among sorted keys. */
#include "assoc/asc_case.h"

#include <string.h>

#include "assoc/asc_lmdb.h"
#include "base/str.h"

#define PAIRS_LOOKS 2000000u /* of one import: some seconds */

struct search {
	MDB_cursor *rows;
	uint8_t key[ASC_KEY_MAX]; /* version, then the spelling that is tried */
	size_t len;               /* of the key */
	size_t local_end;         /* place of the '@' in the key */
	uint32_t looks;           /* that are left */
	char *out;
};

static bool is_letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

bool asc_case_has_upper(const char *device, size_t len)
{
	for (size_t i = 0; i < len && device[i] != '@'; i++) {
		if (is_upper((uint8_t)device[i])) {
			return true;
		}
	}
	return false;
}

/* Does any key begin with the first n octets of s->key? n the whole length: is it a key? */
static bool begins(struct search *s, size_t n)
{
	MDB_val key = { n, s->key }, val;

	if (s->looks == 0) {
		return false;
	}
	s->looks--;
	if (mdb_cursor_get(s->rows, &key, &val, MDB_SET_RANGE)) {
		return false;
	}
	return key.mv_size >= n && memcmp(key.mv_data, s->key, n) == 0 && (n < s->len || key.mv_size == n);
}

/* Visits every spelling from the octet `at` on. The octets before it begin some key. Leaves s->key
 * unchanged if there is none. */
static bool spell(struct search *s, size_t at)
{
	while (at < s->local_end && !is_letter(s->key[at])) {
		at++;
	}
	if (at >= s->local_end) {
		if (!begins(s, s->len)) {
			return false;
		}
		memcpy(s->out, s->key + 1, s->len - 1);
		s->out[s->len - 1] = 0;
		return true;
	}
	for (int i = 0; i < 2; i++) {
		if (begins(s, at + 1) && spell(s, at + 1)) {
			return true;
		}
		s->key[at] ^= 0x20;
	}
	return false;
}

static bool search_new(struct search *s, MDB_cursor *rows, const void *device, size_t len, char *out)
{
	const uint8_t *at = memchr(device, '@', len);

	if (!at || len + 1 > sizeof s->key || len > ASSOC_DEVICE_TEXT_MAX) {
		return false; /* an MSISDN has no case */
	}
	*s = (struct search){ .rows = rows,
			      .len = len + 1,
			      .local_end = 1 + (size_t)(at - (const uint8_t *)device),
			      .looks = ASC_CASE_LOOKS,
			      .out = out };
	s->key[0] = ASC_ROW_VERSION;
	memcpy(s->key + 1, device, len);
	return true;
}

/* The first letter that is another one is at `at`. */
static bool spell_other(struct search *s, size_t at)
{
	bool found;

	s->key[at] ^= 0x20;
	found = begins(s, at + 1) && spell(s, at + 1);
	s->key[at] ^= 0x20;
	return found;
}

bool asc_case_twin(MDB_cursor *rows, const char *device, char out[ASSOC_DEVICE_TEXT_MAX + 1])
{
	struct search s;

	if (!search_new(&s, rows, device, strlen(device), out)) {
		return false;
	}
	for (size_t at = 1; at < s.local_end; at++) {
		if (is_letter(s.key[at]) && spell_other(&s, at)) {
			return true;
		}
	}
	return false;
}

/* -- all of a generation. Of a pair, the name with the upper-case letter at the first difference is
 * examined. So each pair is counted once, and names in lower case cost nothing. */

struct pairs {
	struct search s;
	uint8_t before[ASC_KEY_MAX]; /* the key before, which had an upper-case letter */
	size_t before_len;
	/* for each upper-case letter: some key continues with the lower-case letter there */
	bool other[ASC_KEY_MAX];
	struct asc_import_twins *out;
	MDB_txn *before_txn;
	MDB_dbi before_dev;
};

static bool was_there(const struct pairs *p, const char *device, size_t len)
{
	uint8_t bytes[ASC_KEY_MAX];
	MDB_val key = { len + 1, bytes }, val;

	bytes[0] = p->s.key[0];
	memcpy(bytes + 1, device, len);
	return mdb_get(p->before_txn, p->before_dev, &key, &val) == 0;
}

static void note(struct pairs *p, const char *device, const char *twin)
{
	if (was_there(p, device, p->s.len - 1) && was_there(p, twin, strlen(twin))) {
		return; /* told when they came */
	}
	if (p->out->n++) {
		return;
	}
	str_set(p->out->first, sizeof p->out->first, twin);
	memcpy(p->out->second, device, p->s.len - 1);
	p->out->second[p->s.len - 1] = 0;
}

static void one_key(struct pairs *p, const MDB_val *key, uint32_t *left)
{
	char twin[ASSOC_DEVICE_TEXT_MAX + 1];
	const char *device = (const char *)key->mv_data + 1;
	size_t common = 0;
	bool noted = false;

	if (key->mv_size < 2 || !asc_case_has_upper(device, key->mv_size - 1) ||
	    !search_new(&p->s, p->s.rows, device, key->mv_size - 1, twin)) {
		return;
	}
	p->s.looks = *left;
	while (common < p->before_len && common < key->mv_size && p->before[common] == p->s.key[common]) {
		common++;
	}
	for (size_t at = 1; at < p->s.local_end; at++) {
		/* the previous key has the same octets up to here, so the result for the other
		 * case is known */
		bool known = at < common;

		if (!is_upper(p->s.key[at])) {
			continue;
		}
		if (known && !p->other[at]) {
			continue;
		}
		p->s.key[at] ^= 0x20;
		p->other[at] = known || begins(&p->s, at + 1);
		if (p->other[at] && !noted && spell(&p->s, at + 1)) {
			note(p, device, twin);
			noted = true;
		}
		memcpy(p->s.key + 1, device, p->s.len - 1);
	}
	*left = p->s.looks;
	memcpy(p->before, p->s.key, p->s.len);
	p->before_len = p->s.len;
}

void asc_case_pairs(struct asc_gen *g, MDB_txn *before, MDB_dbi before_dev, struct asc_import_twins *out)
{
	struct pairs p = { .out = out, .before_txn = before, .before_dev = before_dev };
	MDB_cursor *keys = NULL;
	uint32_t left = PAIRS_LOOKS;
	MDB_val key, val;
	MDB_txn *txn;
	int rc;

	*out = (struct asc_import_twins){ .n = 0 };
	if (mdb_txn_begin(g->kv.env, NULL, MDB_RDONLY, &txn)) {
		return;
	}
	rc = mdb_cursor_open(txn, g->dev, &keys);
	if (!rc) {
		rc = mdb_cursor_open(txn, g->dev, &p.s.rows);
	}
	while (!rc && left) {
		rc = mdb_cursor_get(keys, &key, &val, MDB_NEXT);
		if (!rc) {
			one_key(&p, &key, &left);
		}
	}
	out->more = left == 0;
	if (p.s.rows) {
		mdb_cursor_close(p.s.rows);
	}
	if (keys) {
		mdb_cursor_close(keys);
	}
	mdb_txn_abort(txn);
}
