/* smssc_dtr.c - checks in the order: repeated? sound? then trigger, recall or replace. */
#include "nodes/smssc/smssc_dtr.h"

#include <assert.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/ident.h"
#include "base/str.h"
#include "nodes/sms/sms_deliver.h"

static struct smssc_result base_code(uint32_t code)
{
	return (struct smssc_result){ .result_code = code };
}

static struct smssc_result t4_code(uint32_t code)
{
	return (struct smssc_result){ .experimental = code };
}

static struct smssc_result replace_failure(uint32_t diagnostic)
{
	return (struct smssc_result){ .experimental = T4_ERROR_TRIGGER_REPLACE_FAILURE,
				      .has_diagnostic = true,
				      .diagnostic = diagnostic };
}

/* SHA-256 over the contents of the request; Origin-Host and End-to-End-Id are the key.
 * Validity-Time is left out: a copy gives the time that remains. */
static void digest_of(uint8_t out[HASH_LEN], const struct t4_dtr *dtr)
{
	const struct dia_u32 numbers[] = { dtr->reference_number, dtr->old_reference_number, dtr->application_port,
					   dtr->trigger_action };
	const struct dia_bytes parts[] = { dtr->user_identifier.user_name, dtr->sm_rp_smea, dtr->payload };
	uint8_t octets[3 * HASH_LEN + 4 * 5], part[HASH_LEN];
	struct buf b = buf_over(octets, sizeof octets);

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		SHA256(parts[i].p, parts[i].len, part);
		buf_bytes(&b, part, sizeof part);
	}
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		buf_u8(&b, numbers[i].present);
		buf_be32(&b, numbers[i].present ? numbers[i].v : 0);
	}
	assert(!b.full);
	SHA256(octets, b.len, out);
}

/* -- FNV-1a, 64 bits, of stores before version 2. Compared only with entries of such a store, until
 * their window ends. */

static void fnv_octets(uint64_t *fnv, const void *p, size_t len)
{
	const uint8_t *octets = p;

	for (size_t i = 0; i < len; i++) {
		*fnv = (*fnv ^ octets[i]) * 0x100000001b3u;
	}
	*fnv = (*fnv ^ len) * 0x100000001b3u;
}

static void fnv_u32(uint64_t *fnv, struct dia_u32 v)
{
	uint32_t words[2] = { v.present, v.present ? v.v : 0 };

	fnv_octets(fnv, words, sizeof words);
}

static uint64_t fnv_of(const struct t4_dtr *dtr)
{
	uint64_t fnv = 0xcbf29ce484222325u;

	fnv_octets(&fnv, dtr->user_identifier.user_name.p, dtr->user_identifier.user_name.len);
	fnv_octets(&fnv, dtr->sm_rp_smea.p, dtr->sm_rp_smea.len);
	fnv_octets(&fnv, dtr->payload.p, dtr->payload.len);
	fnv_u32(&fnv, dtr->reference_number);
	fnv_u32(&fnv, dtr->old_reference_number);
	fnv_u32(&fnv, dtr->application_port);
	fnv_u32(&fnv, dtr->trigger_action);
	return fnv;
}

static bool same_request(const struct smssc_dup_entry *known, const struct smssc_dup_entry *now, const struct t4_dtr *dtr)
{
	return known->old ? known->fnv == fnv_of(dtr) : memcmp(known->digest, now->digest, sizeof known->digest) == 0;
}

/* A feature that has to be here and is not (TS 29.229 7.2.1). */
static bool requires_more(const struct app_head *head)
{
	for (uint8_t i = 0; i < head->features_n; i++) {
		const struct app_features *f = &head->features[i];
		bool ours = f->vendor_id == DIA_VENDOR_3GPP && f->list_id == T4_FEATURE_LIST_ID;

		if (f->mandatory && (f->list & ~(ours ? (uint32_t)T4_FEATURE_RECALL_REPLACE : 0u))) {
			return true;
		}
	}
	return false;
}

struct names { /* NUL-terminated copies that a dlv_text points to */
	char imsi[SMS_IMSI_MAX + 1], host[IDENT_HOST_MAX + 1], realm[IDENT_HOST_MAX + 1], external_id[IDENT_EXTERNAL_MAX + 1];
};

/* 0 result_code and 0 experimental: sound. */
static struct smssc_result read_text(struct dlv_text *t, struct names *n, const struct t4_dtr *dtr, const char *via,
				     const char **words)
{
	const struct app_user_identifier *user = &dtr->user_identifier;
	char smea[STR_DIGITS_MAX + 1];

	*words = "User-Name is no IMSI";
	if (!user->user_name.p || sms_frame_imsi_parse(n->imsi, user->user_name.p, user->user_name.len)) {
		return t4_code(T4_ERROR_USER_UNKNOWN);
	}
	*words = "SM-RP-SMEA is no international E.164 number";
	if (app_unsmea(smea, dtr->sm_rp_smea.p, dtr->sm_rp_smea.len)) {
		return t4_code(T4_ERROR_INVALID_SME_ADDRESS);
	}
	*words = "Origin-Host or Origin-Realm is no name of a host";
	if (ident_host(n->host, dtr->head.origin_host.p, dtr->head.origin_host.len) ||
	    ident_host(n->realm, dtr->head.origin_realm.p, dtr->head.origin_realm.len)) {
		return base_code(DIA_RESULT_INVALID_AVP_VALUE);
	}
	*words = "Application-Port-Identifier is above 65535";
	if (dtr->application_port.present && dtr->application_port.v > 65535) {
		return base_code(DIA_RESULT_INVALID_AVP_VALUE);
	}
	*words = "External-Identifier is too long or holds a NUL";
	if (user->external_identifier.p &&
	    str_copy(n->external_id, sizeof n->external_id, user->external_identifier.p, user->external_identifier.len)) {
		return base_code(DIA_RESULT_INVALID_AVP_VALUE);
	}
	*words = "MSISDN is no TBCD of 1 to 20 digits";
	if (user->msisdn.p && (user->msisdn.len < 1 || user->msisdn.len > STR_TBCD_MAX)) {
		return base_code(DIA_RESULT_INVALID_AVP_VALUE);
	}
	*t = (struct dlv_text){
		.imsi = n->imsi,
		.smea = dtr->sm_rp_smea.p,
		.smea_len = dtr->sm_rp_smea.len,
		.payload = dtr->payload.p,
		.payload_len = dtr->payload.len,
		.msisdn = user->msisdn.p,
		.msisdn_len = user->msisdn.len,
		.external_id = user->external_identifier.p ? n->external_id : NULL,
		.iwf_host = n->host,
		.iwf_realm = n->realm,
		.via = via,
		.has_reference = dtr->reference_number.present,
		.reference = dtr->reference_number.v,
		.has_port = dtr->application_port.present,
		.port = (uint16_t)dtr->application_port.v,
		.priority = dtr->priority_indication.present && dtr->priority_indication.v == 1,
		.validity_s = dtr->validity_time_s.present ? dtr->validity_time_s.v : 0,
	};
	*words = "";
	return base_code(0);
}

static struct smssc_result submitted(int err, bool replacing, const char **words)
{
	switch (err) {
	case 0:
		return base_code(DIA_RESULT_SUCCESS);
	case ERR_LIMIT:
		*words = "Payload does not fit in 255 parts";
		return base_code(DIA_RESULT_INVALID_AVP_VALUE);
	case ERR_EXISTS:
		*words = "a trigger of this SCS with this Reference-Number is pending";
		return base_code(DIA_RESULT_UNABLE_TO_COMPLY);
	default:
		*words = "a bound of the store is reached";
		return replacing ? replace_failure(T4_NEW_MESSAGE_NOT_STORED) : t4_code(T4_ERROR_SC_CONGESTION);
	}
}

/* A replacement without an original is delivered as a new trigger; the refusal tells so (TS 23.682
 * 5.2.3.2). */
static struct smssc_result not_pending(struct dlv *d, const struct dlv_text *t, bool stored, struct dlv_now now,
				       const char **words)
{
	struct smssc_result r = t4_code(T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING);
	uint64_t id;
	int err = stored ? dlv_submit(d, t, NULL, &id, now) : 0;

	if (err) {
		return submitted(err, true, words);
	}
	if (stored) {
		*words = "no such trigger is pending; the replacement is a new one";
	}
	r.stored_new = stored;
	return r;
}

static struct smssc_result recall_or_replace(struct dlv *d, const struct t4_dtr *dtr, const struct dlv_text *t, bool store_new,
					     struct dlv_now now, const char **words)
{
	bool replace = dtr->trigger_action.v == T4_REPLACE;
	struct dia_u32 reference =
	    dtr->old_reference_number.present || replace ? dtr->old_reference_number : dtr->reference_number;
	struct dlv_msg *m;
	uint64_t id;
	int err;

	*words = "Old-Reference-Number is missing";
	if (!reference.present) {
		return base_code(DIA_RESULT_MISSING_AVP);
	}
	err = dlv_find(d, &m, t->smea, t->smea_len, reference.v, t->imsi);
	*words = err == ERR_STATE ? "it is being delivered at this moment" : err ? "no such trigger is pending" : "";
	if (err == ERR_STATE) {
		return replace ? replace_failure(T4_ORIGINAL_MESSAGE_NOT_DELETED) : t4_code(T4_ERROR_TRIGGER_RECALL_FAILURE);
	}
	if (err) {
		return not_pending(d, t, replace && store_new, now, words);
	}
	if (replace) {
		return submitted(dlv_submit(d, t, m, &id, now), true, words);
	}
	dlv_remove(d, m, now);
	return base_code(DIA_RESULT_SUCCESS);
}

static struct smssc_result act(struct dlv *d, const struct t4_dtr *dtr, const struct dlv_text *t, bool store_new,
			       struct dlv_now now, const char **words)
{
	uint64_t id;

	if (!dtr->trigger_action.present || dtr->trigger_action.v == T4_TRIGGER) {
		return submitted(dlv_submit(d, t, NULL, &id, now), false, words);
	}
	if (dtr->trigger_action.v == T4_RECALL || dtr->trigger_action.v == T4_REPLACE) {
		return recall_or_replace(d, dtr, t, store_new, now, words);
	}
	*words = "Trigger-Action is none of 0, 1, 2";
	return base_code(DIA_RESULT_INVALID_AVP_VALUE);
}

struct smssc_result smssc_dtr_take(struct dlv *d, struct smssc_dup *dup, const struct t4_dtr *dtr, uint32_t end_to_end,
				   const char *via, bool store_new, struct dlv_now now, const char **words)
{
	struct names names;
	struct dlv_text text;
	struct smssc_dup_entry entry = { 0 };
	struct smssc_result sound = read_text(&text, &names, dtr, via, words);
	const struct smssc_dup_entry *known;

	if (requires_more(&dtr->head)) {
		*words = "a feature is required that is not here";
		return t4_code(APP_ERROR_FEATURE_UNSUPPORTED);
	}
	if (sound.result_code || sound.experimental) {
		return sound;
	}
	digest_of(entry.digest, dtr);
	known = smssc_dup_find(dup, names.host, end_to_end);
	if (known && same_request(known, &entry, dtr)) {
		*words = "repeated";
		return known->result;
	}
	if (known) {
		*words = "End-to-End-Id was used by another request";
		return base_code(DIA_RESULT_UNABLE_TO_COMPLY);
	}
	entry.result = act(d, dtr, &text, store_new, now, words);
	/* Without memory for it a repetition is only recognised while its reference number is
	 * pending. */
	if (smssc_dup_add(dup, names.host, end_to_end, &entry,
			  entry.result.result_code == DIA_RESULT_SUCCESS || entry.result.stored_new, now.real_ms)) {
		*words = "out of memory to remember this request";
	}
	return entry.result;
}

struct smssc_result smssc_dtr_not_stored(const struct t4_dtr *dtr)
{
	if (!dtr->trigger_action.present || dtr->trigger_action.v == T4_TRIGGER) {
		return t4_code(T4_ERROR_SC_CONGESTION);
	}
	if (dtr->trigger_action.v == T4_REPLACE) {
		return replace_failure(T4_NEW_MESSAGE_NOT_STORED);
	}
	return t4_code(T4_ERROR_TRIGGER_RECALL_FAILURE);
}
