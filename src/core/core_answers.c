/* core_answers.c - triggers that are over and may still be asked about: the answer stays in the journal, in place of the trigger, until the
 * window of duplicates is over, so that a copy of the request is recognised by the next core too (CONTRACTS section 3, "duplicates").
 *
 * The record: kind, time of the request, End-to-End-Id, digest, Origin-Host (length, octets), answer (as on the ring). The first octet
 * is none of a trigger's record (trigger/trg_record.c). */
#include <string.h>

#include "apps/tsp.h"
#include "base/buf.h"
#include "core/core_answers.h"
#include "core/core_int.h"

#define KIND 0x81u
#define RECORD_MAX (1 + 8 + 4 + CORE_DIGEST_LEN + 1 + IDENT_HOST_MAX + 256)

/* SUCCESS and 201 are what a second execution would contradict; other refusals are judged anew. */
static bool worth_keeping(const struct trg *t)
{
	return t->stored && t->answered &&
	       (t->answer_status == TSP_STATUS_SUCCESS || t->answer_status == TSP_STATUS_TEMPORARYERROR);
}

static size_t build(uint8_t out[RECORD_MAX], const struct trg_request *r, const struct ipc_device_action_answer *a)
{
	struct buf b = buf_over(out, RECORD_MAX);
	uint8_t answer[IPC_REC_MAX];
	size_t len = ipc_device_action_answer_put(answer, 0, 0, a), host_len = strlen(r->origin_host);

	buf_u8(&b, KIND);
	buf_be64(&b, r->received_ms);
	buf_be32(&b, r->end_to_end);
	buf_bytes(&b, r->digest, CORE_DIGEST_LEN);
	buf_u8(&b, (uint8_t)host_len);
	buf_bytes(&b, r->origin_host, host_len);
	buf_bytes(&b, answer, len);
	return b.full ? 0 : b.len;
}

/* What stands under the number is the trigger still, and that is over: better nothing. */
static void on_kept(void *core, uint64_t number, int err)
{
	struct core *c = core;

	if (!err)
		return;
	st_count(&c->st, ST_JOURNAL_ANSWERS_LOST);
	core_answers_drop(c, number);
}

bool core_answers_keep(struct core *c, const struct trg *t)
{
	struct ipc_device_action_answer a;
	uint8_t record[RECORD_MAX];
	size_t len;

	if (!worth_keeping(t))
		return false;
	if (!core_dup_bind(c->dup, t->req.origin_host, t->req.end_to_end, t->number, core_now_ms(c), &a))
		return false;
	len = build(record, &t->req, &a);
	return len && jrn_put(c->journal.jrn, t->number, record, len, on_kept, c) == 0;
}

void core_answers_drop(void *core, uint64_t number)
{
	struct core *c = core;

	if (jrn_del(c->journal.jrn, number))
		log_error(c->log, "core", "journal record %llu stays for now", (unsigned long long)number);
}

bool core_answers_is(const void *record, size_t len)
{
	return len > 0 && *(const uint8_t *)record == KIND;
}

int core_answers_restore(struct core *c, uint64_t number, const void *record, size_t len)
{
	struct rd r = rd_over(record, len);
	struct ipc_device_action_answer a;
	const uint8_t *digest, *host;
	char origin_host[IDENT_HOST_MAX + 1] = "";
	uint64_t received_ms;
	uint32_t end_to_end;
	size_t host_len;
	int err = ERR_PROTO;

	(void)rd_u8(&r);
	received_ms = rd_be64(&r);
	end_to_end = rd_be32(&r);
	digest = rd_take(&r, CORE_DIGEST_LEN);
	host_len = rd_u8(&r);
	host = rd_take(&r, host_len);
	if (!r.bad && host_len <= IDENT_HOST_MAX) {
		memcpy(origin_host, host, host_len);
		err = ipc_device_action_answer_get(&a, r.p, rd_left(&r));
	}
	if (!err)
		err = core_dup_restore(c->dup, origin_host, end_to_end, digest, &a, received_ms, NULL);
	if (err == ERR_NOMEM)
		return err;
	if (err || !core_dup_bind(c->dup, origin_host, end_to_end, number, core_now_ms(c), &a))
		core_answers_drop(c, number); /* damaged, or past its window */
	return 0;
}

/* -- the part */

int core_answers_init(struct core *c)
{
	if (core_dup_new(&c->dup, c->cfg->limits.duplicates_max, c->cfg->limits.duplicates_window_ms))
		return ERR_NOMEM;
	core_dup_on_drop(c->dup, core_answers_drop, c);
	return 0;
}

void core_answers_fini(struct core *c)
{
	core_dup_free(c->dup);
}
