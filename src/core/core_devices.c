/* core_devices.c - finds the trigger of a delivery report by the names of its device. */
#include <stddef.h>
#include <string.h>

#include "base/container.h"
#include "base/str.h"
#include "core/core_devices.h"
#include "core/core_int.h"

static bool same_digits(const struct dia_bytes *tbcd, const char *digits)
{
	char given[STR_DIGITS_MAX + 1];

	return tbcd->len <= STR_TBCD_MAX && str_untbcd(given, tbcd->p, tbcd->len) == 0 && strcmp(given, digits) == 0;
}

bool core_device_named(const struct core_device_names *d, const struct app_user_identifier *u)
{
	bool any = false;

	if (u->user_name.p && d->imsi[0]) {
		if (u->user_name.len != strlen(d->imsi) || memcmp(u->user_name.p, d->imsi, u->user_name.len) != 0) {
			return false;
		}
		any = true;
	}
	if (u->msisdn.p && d->msisdn[0]) {
		if (!same_digits(&u->msisdn, d->msisdn)) {
			return false;
		}
		any = true;
	}
	if (u->external_identifier.p && d->external[0]) {
		if (!str_equal_nocase(u->external_identifier.p, u->external_identifier.len, d->external, strlen(d->external))) {
			return false;
		}
		any = true;
	}
	return any;
}

bool core_device_same(const struct trg *trg, const struct app_user_identifier *u)
{
	struct core_device_names d = { trg->sub.imsi, trg->sub.msisdn[0] ? trg->sub.msisdn : trg->req.msisdn, trg->req.external };

	return core_device_named(&d, u);
}

void core_trigger_by_device(struct core_trigger *t)
{
	if (!t->seat.by_device.hash) {
		core_seat_by_device(t->core, &t->seat, t->trg->req.action, core_seat_device(t->core, t->trg));
	}
}

struct fit { /* candidates for a report without a Reference-Number */
	const char *e164;
	const struct app_user_identifier *user;
	struct core_trigger *only;
	unsigned n;
};

static void try_name(struct core *c, struct fit *fit, char kind, const void *name, size_t len)
{
	struct multimap_node *n = multimap_first(&c->triggers.by_device, core_seat_name(c, fit->e164, kind, name, len));

	for (; n && fit->n < 2; n = multimap_next(n)) {
		struct core_trigger *t = core_seat_wake(c, CONTAINER_OF(n, struct core_seat, by_device));

		if (!t) {
			fit->n = 2; /* none for certain; the caller sees core_triggers.unwoken */
			return;
		}
		n = &t->seat.by_device;
		if (strcmp(t->ref.e164, fit->e164) != 0 || !core_device_same(t->trg, fit->user)) {
			continue;
		}
		fit->only = t;
		fit->n++;
	}
}

/* A report without a Reference-Number needs exactly one matching trigger. */
struct core_trigger *core_device_find(struct core *c, const char *e164, const struct app_user_identifier *u)
{
	struct fit fit = { .e164 = e164, .user = u };
	char msisdn[STR_DIGITS_MAX + 1];

	if (core_later_all(c)) { /* the start noted no devices */
		c->triggers.unwoken++;
		return NULL;
	}
	if (u->user_name.p) {
		try_name(c, &fit, 'i', u->user_name.p, u->user_name.len);
	}
	if (u->msisdn.p && u->msisdn.len <= STR_TBCD_MAX && str_untbcd(msisdn, u->msisdn.p, u->msisdn.len) == 0) {
		try_name(c, &fit, 'm', msisdn, strlen(msisdn));
	}
	if (u->external_identifier.p) {
		try_name(c, &fit, 'e', u->external_identifier.p, u->external_identifier.len);
	}
	return fit.n == 1 ? fit.only : NULL;
}
