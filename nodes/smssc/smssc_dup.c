/* smssc_dup.c - a hash for finding, a list for ageing. */
#include "nodes/smssc/smssc_dup.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/ident.h"
#include "base/map.h"

/* 1: written by older versions and still read; a digest of 64 bits in place of 256 */
enum { RECORD_VERSION_FNV = 1, RECORD_VERSION = 2 };

struct remembered {
	struct smssc_dup_entry entry;
	uint64_t sequence, real_ms;
	bool durable, uncommitted;
	struct remembered *prev, *next;             /* by age */
	struct remembered *batch_prev, *batch_next; /* uncommitted */
	struct map_node node;
	unsigned key_len;
	uint8_t key[]; /* End-to-End-Id, then the host */
};

struct smssc_dup {
	struct smssc_dup_ports ports;
	uint32_t entries_max;
	uint64_t window_ms, sequence_next, evicted;
	struct map table;
	struct remembered *ages, *batch; /* ages: oldest first */
};

static unsigned make_key(uint8_t *key, const char *host, uint32_t end_to_end)
{
	struct buf b = buf_over(key, 4 + IDENT_HOST_MAX);

	buf_be32(&b, end_to_end);
	buf_bytes(&b, host, strlen(host));
	return b.full ? 0 : (unsigned)b.len;
}

static void forget(struct smssc_dup *d, struct remembered *e)
{
	if (e->durable) {
		d->ports.del(d->ports.arg, e->sequence);
	}
	if (e->uncommitted) {
		DL_DELETE2(d->batch, e, batch_prev, batch_next);
	}
	map_del(&d->table, &e->node);
	DL_DELETE(d->ages, e);
	free(e);
}

static struct remembered *find(struct smssc_dup *d, const uint8_t *key, unsigned key_len)
{
	return MAP_OF(map_find(&d->table, key, key_len), struct remembered, node);
}

static struct remembered *add(struct smssc_dup *d, const uint8_t *key, unsigned key_len)
{
	struct remembered *e;

	while (d->ages && d->table.n >= d->entries_max) {
		forget(d, d->ages);
		d->evicted++;
	}
	e = calloc(1, sizeof *e + key_len);
	if (!e) {
		return NULL;
	}
	e->key_len = key_len;
	memcpy(e->key, key, key_len);
	map_add(&d->table, &e->node, e->key, key_len);
	DL_APPEND(d->ages, e);
	return e;
}

static void encode(struct buf *b, const struct remembered *e)
{
	buf_u8(b, RECORD_VERSION);
	buf_u8(b, e->entry.result.has_diagnostic);
	buf_le32(b, e->entry.result.diagnostic);
	buf_le32(b, e->entry.result.result_code);
	buf_le32(b, e->entry.result.experimental);
	buf_bytes(b, e->entry.digest, sizeof e->entry.digest);
	buf_le64(b, e->real_ms);
	buf_le16(b, (uint16_t)e->key_len);
	buf_bytes(b, e->key, e->key_len);
}

static void read_digest(struct smssc_dup_entry *entry, struct rd *r, unsigned version)
{
	const uint8_t *digest;

	if (version == RECORD_VERSION_FNV) {
		entry->old = true;
		entry->fnv = rd_le64(r);
		return;
	}
	digest = rd_take(r, sizeof entry->digest);
	if (digest) {
		memcpy(entry->digest, digest, sizeof entry->digest);
	}
}

int smssc_dup_load(struct smssc_dup *d, uint64_t sequence, const void *record, size_t len)
{
	struct rd r = rd_over(record, len);
	struct smssc_dup_entry entry = { 0 };
	struct remembered *e;
	const uint8_t *key;
	uint64_t real_ms;
	unsigned key_len, version;

	version = rd_u8(&r);
	if (version != RECORD_VERSION && version != RECORD_VERSION_FNV) {
		return ERR_VERSION;
	}
	entry.result.has_diagnostic = rd_u8(&r);
	entry.result.diagnostic = rd_le32(&r);
	entry.result.result_code = rd_le32(&r);
	entry.result.experimental = rd_le32(&r);
	read_digest(&entry, &r, version);
	real_ms = rd_le64(&r);
	key_len = rd_le16(&r);
	key = rd_take(&r, key_len);
	if (r.bad || rd_left(&r) || key_len < 5 || key_len > 4 + IDENT_HOST_MAX || find(d, key, key_len)) {
		return ERR_PROTO;
	}
	if (sequence >= d->sequence_next) {
		d->sequence_next = sequence + 1;
	}
	e = add(d, key, key_len);
	if (!e) {
		return ERR_NOMEM;
	}
	e->entry = entry;
	e->real_ms = real_ms;
	e->sequence = sequence;
	e->durable = true;
	return 0;
}

const struct smssc_dup_entry *smssc_dup_find(struct smssc_dup *d, const char *host, uint32_t end_to_end)
{
	uint8_t key[4 + IDENT_HOST_MAX];
	unsigned key_len = make_key(key, host, end_to_end);
	struct remembered *e = key_len ? find(d, key, key_len) : NULL;

	return e ? &e->entry : NULL;
}

int smssc_dup_add(struct smssc_dup *d, const char *host, uint32_t end_to_end, const struct smssc_dup_entry *entry, bool durable,
		  uint64_t real_ms)
{
	uint8_t key[4 + IDENT_HOST_MAX], record[SMSSC_DUP_RECORD_MAX];
	struct buf b = buf_over(record, sizeof record);
	unsigned key_len = make_key(key, host, end_to_end);
	struct remembered *e;

	while (d->ages && real_ms > d->ages->real_ms && real_ms - d->ages->real_ms > d->window_ms) {
		forget(d, d->ages);
	}
	e = add(d, key, key_len);
	if (!e) {
		return ERR_NOMEM;
	}
	e->entry = *entry;
	e->real_ms = real_ms;
	e->durable = e->uncommitted = durable;
	if (!durable) {
		return 0;
	}
	e->sequence = d->sequence_next++;
	DL_APPEND2(d->batch, e, batch_prev, batch_next);
	encode(&b, e);
	d->ports.put(d->ports.arg, e->sequence, b.p, b.len);
	return 0;
}

void smssc_dup_committed(struct smssc_dup *d, bool durable)
{
	while (d->batch) {
		struct remembered *e = d->batch;

		DL_DELETE2(d->batch, e, batch_prev, batch_next);
		e->uncommitted = false;
		if (durable) {
			continue;
		}
		e->durable = false; /* nothing to delete on disk */
		forget(d, e);
	}
}

uint32_t smssc_dup_count(const struct smssc_dup *d)
{
	return (uint32_t)d->table.n;
}

uint64_t smssc_dup_evicted(const struct smssc_dup *d)
{
	return d->evicted;
}

int smssc_dup_new(struct smssc_dup **out, uint32_t entries_max, uint64_t window_ms, const struct smssc_dup_ports *ports)
{
	struct smssc_dup *d = calloc(1, sizeof *d);
	int err;

	if (!d) {
		return ERR_NOMEM;
	}
	d->ports = *ports;
	d->entries_max = entries_max;
	d->window_ms = window_ms;
	err = map_init(&d->table);
	if (err) {
		free(d);
	} else {
		*out = d;
	}
	return err;
}

void smssc_dup_free(struct smssc_dup *d)
{
	struct remembered *e, *after;

	if (!d) {
		return;
	}
	DL_FOREACH_SAFE (d->ages, e, after) {
		free(e);
	}
	map_fini(&d->table);
	free(d);
}
