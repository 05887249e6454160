/* core_dnr_ids.c - the key of the identifiers of DNRs, and its record in the journal: kind, 16
 * octets of the key. The first octet differs from that of every other record. */
#include "core/core_dnr_ids.h"

#include <string.h>

#include "base/permute.h"
#include "core/core_int.h"

#define KIND_KEY 0x85u
#define RECORD_LEN (1u + sizeof(struct sip_key))

bool core_dnr_ids_is(const void *record, size_t len)
{
	return len && *(const uint8_t *)record == KIND_KEY;
}

void core_dnr_ids_restore(struct core *c, uint64_t number, const void *record, size_t len)
{
	struct core_dnr_ids *ids = &c->dnr_ids;

	if (len != RECORD_LEN) {
		log_error(c->log, "core", "journal record %llu, the key of report identifiers, cannot be read and is left alone",
			  (unsigned long long)number);
		return;
	}
	if (ids->number) {
		return; /* the first one was used: records come in the order of their numbers */
	}
	memcpy(&ids->key, (const uint8_t *)record + 1, sizeof ids->key);
	ids->number = number;
	ids->durable = true;
}

static void on_kept(void *core, uint64_t number, int err)
{
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);

	(void)number;
	c->dnr_ids.durable = !err;
	if (err && c->journal.passed) {
		log_warn(c->log, "core",
			 "that numbers were passed after the restore could not be kept: %s; the next start passes others",
			 err_str(err));
	} else if (err) {
		log_warn(c->log, "core",
			 "the key of report identifiers could not be kept: %s; reports that are sent again after a "
			 "restart will have another Session-Id",
			 err_str(err));
	}
	core_audit_restore_end(c);
}

static void put_key(struct core *c)
{
	const struct core_dnr_ids *ids = &c->dnr_ids;
	uint8_t record[RECORD_LEN] = { KIND_KEY };
	int err;

	memcpy(record + 1, &ids->key, sizeof ids->key);
	err = jrn_put(c->journal.jrn, ids->number, record, sizeof record, on_kept, c);
	if (err) {
		on_kept(c, ids->number, err);
	}
}

/* After a restore the key is written again: that numbers were passed is durable with a commit, and
 * else the first one may be long after this start, and after the next. */
int core_dnr_ids_begin(struct core *c)
{
	struct core_dnr_ids *ids = &c->dnr_ids;
	int err;

	if (!ids->number) {
		err = sip_key_new(&ids->key);
		if (err) {
			return err;
		}
		ids->number = jrn_next(c->journal.jrn);
	} else if (!c->journal.passed) {
		return 0;
	}
	ids->durable = false;
	put_key(c);
	return 0;
}

uint32_t core_dnr_end_to_end(const struct core *c, uint64_t trigger)
{
	const struct sip_key *key = &c->dnr_ids.key;
	uint32_t id = permute32(key, (uint32_t)trigger);

	return id ? id : permute32(key, 0); /* 0 means none, and is the result of one number only; no trigger has the number 0 */
}

uint64_t core_dnr_session(const struct core *c, uint64_t trigger)
{
	return trigger < c->dnr_ids.number ? trigger : permute64(&c->dnr_ids.key, trigger);
}
