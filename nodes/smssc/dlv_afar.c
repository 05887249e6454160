/* dlv_afar.c - turns what the gateway says into events (dlv_step.h). */
#include "nodes/smssc/dlv_afar.h"

#include <string.h>
#include <utlist.h>

#include "apps/t4_drr.h"
#include "nodes/smssc/dlv_step.h"

struct dlv_msg *dlv_afar(const struct dlv *d, uint64_t id)
{
	struct dlv_msg *m = dlv_by_id(d, id);

	return m && m->state == DLV_AFAR ? m : NULL;
}

struct dlv_msg *dlv_afar_of(const struct dlv *d, uint32_t reference)
{
	struct dlv_msg look = { .text = { .reference = reference, .sme.trigger = true } }, *m;

	dlv_put_key(&look);
	m = dlv_by_key(d, &look);
	return m && m->state == DLV_AFAR ? m : NULL;
}

void dlv_afar_each(const struct dlv *d, dlv_afar_fn *fn, void *arg)
{
	struct dlv_msg *m;

	DL_FOREACH2(d->all, m, all_next)
	{
		if (m->state == DLV_AFAR) {
			fn(arg, m);
		}
	}
}

void dlv_afar_over(struct dlv *d, uint64_t id, struct dlv_now now)
{
	struct dlv_msg *m = dlv_afar(d, id);

	if (m) {
		m->asked = false;
		m->refused = true;
		dlv_step(d, m, DLV_EV_REMOVE, now);
	}
}

void dlv_afar_end(struct dlv *d, struct dlv_msg *m, uint8_t outcome, bool absent, struct dlv_now now)
{
	dlv_set_outcome(m, outcome);
	if (absent) {
		dlv_set_absent(m, T4_ABSENT_NO_PAGING_RESPONSE);
	}
	dlv_step(d, m, DLV_EV_GIVE_UP, now);
}

void dlv_afar_change(struct dlv *d, struct dlv_msg *m, const struct dlv_change *change)
{
	m->text.sme.change = *change;
	m->asked = false;
	d->ports.put(d->ports.arg, m);
}

static bool takes_a_place(const struct dlv_msg *m)
{
	return m->text.sme.change.kind == DLV_CHANGE_REPLACE || m->text.sme.change.kind == DLV_CHANGE_FIND;
}

bool dlv_afar_is_known(const struct dlv_msg *m)
{
	return m->text.sme.change.kind != DLV_CHANGE_RECALL && !takes_a_place(m);
}

int dlv_afar_told(struct dlv *d, const char *system_id, uint32_t reference, uint8_t outcome, bool absent, struct dlv_now now)
{
	struct dlv_msg look = { .text = { .reference = reference, .sme.trigger = true } }, *m;

	dlv_put_key(&look);
	m = dlv_by_key(d, &look);
	if (!m || strcmp(m->text.sme.system_id, system_id) != 0 || m->state == DLV_REPORTING || m->refused ||
	    m->text.sme.change.kind == DLV_CHANGE_RECALL) {
		return ERR_NOTFOUND;
	}
	if (m->state != DLV_AFAR || m->asked || takes_a_place(m)) {
		return ERR_BUSY;
	}
	dlv_afar_end(d, m, outcome, absent, now);
	return 0;
}
