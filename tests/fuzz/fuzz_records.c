/* fuzz_records.c - the promises of records that a start reads from a disk: one that is taken can
 * be written and is read again as the same, and one that is refused leaves nothing behind.
 *   trigger-record  the journal's record of a trigger          scs-record  an SCS in the
 *       association store
 *   device-record   the rules and memberships of one device    smssc-record, smssc-dup  a message
 *       and an answer of the SMS-SC
 *   nodes           serving nodes as a trigger keeps them */
#include <string.h>

#include "apps/tsp.h"
#include "assoc/asc_row.h"
#include "nodes/smssc/dlv_msg.h"
#include "nodes/smssc/smssc_dup.h"
#include "tests/fuzz/fuzz.h"
#include "trigger/trg.h"
#include "trigger/trg_names.h"
#include "trigger/trg_party.h"

static uint8_t octets[1u << 17], more[1u << 17];

/* --- a trigger */

static struct trg_names hosts;
static struct trg_parties parties = { .max = 100 };
static const struct trg_conf conf = { .report_grace_ms = 60000,
				      .report_retention_ms = 604800000,
				      .retry_min_ms = 1000,
				      .retry_max_ms = 300000,
				      .smssc_hosts = &hosts,
				      .parties = &parties };
static const struct trg_ports ports; /* a trigger that is only read and written calls none */

static void fuzz_trigger(const char *target, const uint8_t *data, size_t size)
{
	struct buf a = buf_over(octets, sizeof octets), b = buf_over(more, sizeof more);
	struct trg *t = NULL, *again = NULL;

	(void)target;
	if (trg_restore(&t, 7, data, size, &conf, &ports, NULL)) {
		promise(t == NULL, "a refused record gives no trigger");
		return;
	}
	promise(t->number == 7 && t->stored && t->state < TRG_STATE_COUNT, "a trigger from a record is stored, in a state");
	promise(t->req.payload_len <= TRG_RECORD_MAX && *t->req.scs, "a trigger has an SCS and a bounded payload");
	trg_record_build(&a, t);
	promise(!a.full && a.len <= TRG_RECORD_MAX, "a trigger that was read can be written");
	promise(!trg_restore(&again, 7, octets, a.len, &conf, &ports, NULL), "what was written can be read");
	trg_record_build(&b, again);
	promise(a.len == b.len && !memcmp(octets, more, a.len), "what was written is what was read");
	trg_free(again);
	trg_free(t);
}

static void fuzz_nodes(const char *target, const uint8_t *data, size_t size)
{
	struct app_serving_node node, extra[APP_ADDITIONAL_NODES_MAX];
	struct buf a = buf_over(octets, sizeof octets), b = buf_over(more, sizeof more);
	uint8_t n = 0, again = 0;

	(void)target;
	if (trg_nodes_unpack(data, size, &node, extra, &n)) {
		return;
	}
	promise(n <= APP_ADDITIONAL_NODES_MAX, "serving nodes have a bound");
	trg_nodes_pack(&a, &node, extra, n);
	promise(!a.full && !trg_nodes_unpack(octets, a.len, &node, extra, &again) && n == again,
		"what was packed can be unpacked");
	trg_nodes_pack(&b, &node, extra, again);
	promise(a.len == b.len && !memcmp(octets, more, a.len), "what was packed is what was unpacked");
}

/* --- the association store */

static void fuzz_scs(const char *target, const uint8_t *data, size_t size)
{
	struct buf a = buf_over(octets, sizeof octets), b = buf_over(more, sizeof more);
	struct asc_scs scs, again;
	uint32_t number, number_again;

	(void)target;
	asc_scs_init(&scs);
	asc_scs_init(&again);
	if (asc_scs_record_get(&scs, &number, data, size)) {
		return;
	}
	asc_scs_record_put(&a, &scs, number);
	promise(!a.full && a.len <= ASC_SCS_RECORD_MAX, "an SCS that was read can be written");
	promise(!asc_scs_record_get(&again, &number_again, octets, a.len) && number == number_again,
		"what was written can be read");
	asc_scs_record_put(&b, &again, number_again);
	promise(a.len == b.len && !memcmp(octets, more, a.len), "what was written is what was read");
}

/* Times that are both 0 are none, and are not written. */
static void fuzz_device(const char *target, const uint8_t *data, size_t size)
{
	struct rd r = rd_over(data, size);
	struct buf a = buf_over(octets, sizeof octets), b = buf_over(more, sizeof more);
	struct asc_entry e;

	(void)target;
	while (asc_entry_next(&r, &e)) {
		promise(e.verdict <= ASC_ENTRY_MEMBER, "an entry is a rule or a membership");
		asc_entry_put(&a, &e);
		promise(!a.full && a.len <= size, "an entry is not longer than it was");
	}
	promise(r.bad || !rd_left(&r), "every octet belongs to an entry");
	r = rd_over(octets, a.len);
	while (asc_entry_next(&r, &e)) {
		asc_entry_put(&b, &e);
	}
	promise(!r.bad && a.len == b.len && !memcmp(octets, more, a.len), "what was written is what was read");
}

/* --- the SMS-SC */

static void fuzz_message(const char *target, const uint8_t *data, size_t size)
{
	struct buf a = buf_over(octets, sizeof octets), b = buf_over(more, sizeof more);
	struct dlv_msg *m = NULL, *again = NULL;
	bool nobody;

	(void)target;
	if (dlv_msg_decode(&m, 7, data, size)) {
		promise(m == NULL, "a refused record gives no message");
		return;
	}
	promise(m->state < DLV_STATES && m->text.payload_len <= SMS_PAYLOAD_MAX && m->text.smea_len <= SMS_ADDRESS_MAX, "bounds");
	nobody = m->text.sme.system_id && *m->text.imsi == '+'; /* a number that is no device's, of an SME */
	promise(strspn(m->text.imsi + nobody, "0123456789") == strlen(m->text.imsi) - nobody, "an IMSI is digits");
	promise(m->text.sme.kind < DLV_KINDS && m->text.sme.recipient_len <= SMS_ADDRESS_MAX &&
		    (!m->text.sme.sender || strspn(m->text.sme.sender, "0123456789") == strlen(m->text.sme.sender)),
		"what a mobile says has bounds");
	promise(m->text.sme.told_len <= DLV_TOLD_MAX && m->text.sme.header_len < SMS_USER_DATA_MAX,
		"what an SME says has bounds");
	dlv_msg_encode(&a, m);
	promise(!a.full && a.len <= DLV_RECORD_MAX, "a message that was read can be written");
	promise(!dlv_msg_decode(&again, 7, octets, a.len), "what was written can be read");
	dlv_msg_encode(&b, again);
	promise(a.len == b.len && !memcmp(octets, more, a.len), "what was written is what was read");
	dlv_msg_free(again);
	dlv_msg_free(m);
}

static void nothing_put(void *arg, uint64_t sequence, const void *record, size_t len)
{
	(void)arg;
	(void)sequence;
	(void)record;
	(void)len;
}

static void nothing_del(void *arg, uint64_t sequence)
{
	(void)arg;
	(void)sequence;
}

static void fuzz_dup(const char *target, const uint8_t *data, size_t size)
{
	const struct smssc_dup_ports none = { NULL, nothing_put, nothing_del };
	struct smssc_dup *d;
	int err;

	(void)target;
	promise(!smssc_dup_new(&d, 2, 60000, &none), "memory");
	err = smssc_dup_load(d, 1, data, size);
	promise(smssc_dup_count(d) == (err ? 0u : 1u), "a record that is taken counts");
	smssc_dup_free(d);
}

fuzz_fn *fuzz_find(const char *target)
{
	static const struct {
		const char *name;
		fuzz_fn *fn;
	} rows[] = { { "trigger-record", fuzz_trigger }, { "nodes", fuzz_nodes },          { "scs-record", fuzz_scs },
		     { "device-record", fuzz_device },   { "smssc-record", fuzz_message }, { "smssc-dup", fuzz_dup } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!strcmp(target, rows[i].name)) {
			return rows[i].fn;
		}
	}
	return NULL;
}
