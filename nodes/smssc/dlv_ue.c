/* dlv_ue.c - the table of mobiles, their queues, and the RPDU for one part of a message. */
#include "nodes/smssc/dlv_ue.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/str.h"
#include "nodes/sms/sms_deliver.h"

struct dlv_ue *dlv_ue_find(struct dlv *d, const char *imsi)
{
	return MAP_OF(map_find(&d->ues, imsi, (uint32_t)strlen(imsi)), struct dlv_ue, by_imsi);
}

/* Messages of SMEs alone hold no place of a mobile: they would keep triggers and mobiles out, and an SME
 * would learn whose numbers those places are for. */
static bool has_place(const struct dlv_ue *ue)
{
	return ue->conn || ue->queue_n > ue->queue_smes_n;
}

static void count_place(struct dlv *d, const struct dlv_ue *ue, bool before)
{
	d->places_n += has_place(ue);
	d->places_n -= before;
}

bool dlv_ue_no_place(struct dlv *d, const char *imsi)
{
	const struct dlv_ue *ue = dlv_ue_find(d, imsi);

	return !(ue && has_place(ue)) && d->places_n >= d->conf.ues_max;
}

struct dlv_ue *dlv_ue_get(struct dlv *d, const char *imsi)
{
	struct dlv_ue *ue = dlv_ue_find(d, imsi);

	if (ue) {
		return ue;
	}
	if (strlen(imsi) > SMS_IMSI_MAX || dlv_timers_reserve(&d->timers, (size_t)d->ues_n + d->msgs_n + 2)) {
		return NULL;
	}
	ue = calloc(1, sizeof *ue);
	if (!ue) {
		return NULL;
	}
	obj_begin(&ue->obj, DLV_UE_MAGIC);
	str_set(ue->imsi, sizeof ue->imsi, imsi); /* its length was looked at above */
	ue->timer.kind = DLV_TIMER_UE;
	map_add(&d->ues, &ue->by_imsi, ue->imsi, (uint32_t)strlen(ue->imsi));
	d->ues_n++;
	return ue;
}

void dlv_ue_put(struct dlv *d, struct dlv_ue *ue)
{
	OBJ_CHECK(ue, DLV_UE_MAGIC);
	if (ue->conn || ue->queue) {
		return;
	}
	dlv_timer_stop(&d->timers, &ue->timer);
	map_del(&d->ues, &ue->by_imsi);
	d->ues_n--;
	OBJ_END(ue, DLV_UE_MAGIC);
	free(ue);
}

static enum dlv_rank rank_of(const struct dlv_msg *m)
{
	if (dlv_of_sme(m)) {
		return m->text.priority ? DLV_RANK_SME_PRIORITY : DLV_RANK_SME;
	}
	return m->text.priority ? DLV_RANK_TRIGGER_PRIORITY : DLV_RANK_TRIGGER;
}

void dlv_ue_enqueue(struct dlv *d, struct dlv_ue *ue, struct dlv_msg *m)
{
	bool before = has_place(ue);
	enum dlv_rank rank = rank_of(m);
	struct dlv_msg *behind = NULL;

	for (unsigned r = rank + 1u; r > 0 && !behind; r--) {
		behind = ue->last[r - 1];
	}
	if (behind) {
		DL_APPEND_ELEM(ue->queue, behind, m);
	} else {
		DL_PREPEND(ue->queue, m);
	}
	ue->last[rank] = m;
	ue->queue_n++;
	ue->queue_smes_n += dlv_of_sme(m);
	count_place(d, ue, before);
	ue->single_n += m->text.validity_s == 0;
	m->ue = ue;
}

void dlv_ue_dequeue(struct dlv *d, struct dlv_ue *ue, struct dlv_msg *m)
{
	enum dlv_rank rank = rank_of(m);
	bool before = has_place(ue);

	if (ue->last[rank] == m) { /* in front of it are those of its rank, then of the ranks before */
		ue->last[rank] = m == ue->queue || rank_of(m->prev) != rank ? NULL : m->prev;
	}
	DL_DELETE(ue->queue, m);
	ue->queue_n--;
	ue->queue_smes_n -= dlv_of_sme(m);
	count_place(d, ue, before);
	ue->single_n -= m->text.validity_s == 0;
	if (ue->current == m) {
		ue->current = NULL;
	}
	m->ue = NULL;
}

void dlv_ue_attach(struct dlv *d, struct dlv_ue *ue, struct dlv_conn *conn)
{
	bool before = has_place(ue);

	ue->conn = conn;
	ue->seen = true;
	count_place(d, ue, before);
	DL_APPEND(conn->ues, ue);
	conn->ues_n++;
	d->ues_present++;
}

void dlv_ue_detach(struct dlv *d, struct dlv_ue *ue)
{
	DL_DELETE(ue->conn->ues, ue);
	ue->conn->ues_n--;
	ue->conn = NULL;
	count_place(d, ue, true);
	d->ues_present--;
}

struct dlv_msg *dlv_ue_next(struct dlv_ue *ue)
{
	struct dlv_msg *m;

	if (!ue->conn || ue->current || (ue->resting && !ue->single_n)) {
		return NULL;
	}
	DL_FOREACH (ue->queue, m) {
		if (m->state == DLV_WAITING && (!ue->resting || m->text.validity_s == 0)) {
			return m;
		}
	}
	return NULL;
}

static bool is_ucs2(const struct dlv_text *t)
{
	return t->sme.system_id && sms_alphabet(t->sme.dcs) == SMS_ALPHABET_UCS2;
}

/* Octets of a part of a message with several; a character of UCS2 is never cut. */
static size_t part_room(const struct dlv_text *t)
{
	uint8_t len;
	size_t at;

	sms_part_place(&at, &len, SMS_PAYLOAD_MAX, t->has_port, 2, 1);
	return is_ucs2(t) ? len & ~1u : len;
}

unsigned dlv_parts(const struct dlv_text *t)
{
	size_t parts;

	if (dlv_is_septets(t)) { /* one character an octet; a mobile sends no more than one part */
		unsigned header = t->sme.header ? sms_septets_of((unsigned)t->sme.header_len + 1) : 0;

		return !t->has_port && header + t->payload_len <= SMS_SEPTETS_MAX ? 1 : 0;
	}
	if (t->sme.header) {
		return 1 + t->sme.header_len + t->payload_len <= SMS_USER_DATA_MAX ? 1 : 0;
	}
	parts = sms_parts(t->payload_len, t->has_port);
	if (parts > 1) {
		parts = (t->payload_len + part_room(t) - 1) / part_room(t);
	}
	return parts <= SMS_PARTS_MAX ? (unsigned)parts : 0;
}

static void place_part(size_t *at, uint8_t *len, const struct dlv_msg *m)
{
	size_t left, room = part_room(&m->text);

	if (m->parts <= 1) {
		*at = 0;
		*len = (uint8_t)m->text.payload_len;
		return;
	}
	*at = m->parts_done * room;
	left = m->text.payload_len > *at ? m->text.payload_len - *at : 0;
	*len = (uint8_t)(left < room ? left : room);
}

int dlv_ue_part(struct buf *out, struct dlv *d, struct dlv_ue *ue, const struct dlv_msg *m, int64_t wall_ms)
{
	uint8_t octets[SMS_TPDU_MAX];
	struct buf tpdu = buf_over(octets, sizeof octets);
	struct sms_deliver deliver = {
		.originator_len = (uint8_t)m->text.smea_len,
		.pid = m->text.sme.system_id ? m->text.sme.pid : SMS_PID_DEVICE_TRIGGER,
		.dcs = m->text.sme.system_id ? m->text.sme.dcs : SMS_DCS_8BIT,
		.more = m->parts_done + 1 < m->parts || ue->queue_n > 1,
		.sent_s = ((int64_t)m->submitted_real_ms + wall_ms) / 1000,
		.has_port = m->text.has_port,
		.port = m->text.port,
		.has_part = m->parts > 1,
		.part_reference = (uint16_t)m->id,
		.parts = (uint8_t)m->parts,
		.part = (uint8_t)(m->parts_done + 1),
		.header = m->text.sme.header,
		.header_len = (uint8_t)m->text.sme.header_len,
	};
	size_t at;
	int err;

	if (m->text.sme.kind == DLV_KIND_STATUS) {
		err = dlv_status_build(&tpdu, m, deliver.more, wall_ms);
		return err ? err : sms_rp_data_build(out, ue->reference, d->conf.sc_address, tpdu.p, tpdu.len);
	}
	memcpy(deliver.originator, m->text.smea, m->text.smea_len);
	place_part(&at, &deliver.payload_len, m);
	deliver.payload = m->text.payload + at;
	err = sms_deliver_build(&tpdu, &deliver);
	if (err) {
		return err;
	}
	return sms_rp_data_build(out, ue->reference, d->conf.sc_address, tpdu.p, tpdu.len);
}
