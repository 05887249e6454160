/* adm_audit.c - the audit for operators: its part of `status`, and what is wrong with it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/clock.h"
#include "core/core.h"

/* A checkpoint is late when this many intervals have passed without one. */
#define LATE_INTERVALS 3u
#define LATE_MIN_MS 30000u

static const char *state_of(const struct core_audit_view *v)
{
	return v->broken ? "broken" : v->error ? "failing" : v->unsigned_now ? "unsigned" : "ok";
}

static json_t *age_of(const struct adm *a, uint64_t at_ms)
{
	uint64_t now_ms = core_now_ms(a->core);

	return at_ms ? json_integer((json_int_t)((now_ms - (at_ms < now_ms ? at_ms : now_ms)) / 1000)) : json_null();
}

json_t *adm_audit(const struct adm *a)
{
	struct core_audit_view v;
	json_t *row;

	if (!core_audit_view(a->core, &v)) {
		return NULL;
	}
	row = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "state", state_of(&v), "records",
			(json_int_t)v.records, "unsealed", (json_int_t)v.unsealed, "checkpoint", (json_int_t)v.checkpoint,
			"octets", (json_int_t)v.octets, "size_max", (json_int_t)a->cfg->audit.size_max, "waiting",
			(json_int_t)v.waiting, "lost", (json_int_t)v.lost, "recovered", (json_int_t)v.recovered, "trouble",
			v.broken         ? v.why
			: v.error        ? strerror(v.error)
			: v.unsigned_now ? v.not_signed
					 : "");
	if (row && v.signed_ms) {
		json_object_set_new(row, "checkpoint_age_s", age_of(a, v.signed_ms));
	}
	if (row && v.posts) {
		json_object_set_new(row, "posted", json_integer((json_int_t)v.posted));
		json_object_set_new(row, "post_trouble", json_string(v.post_failing));
		if (v.posted_ms) {
			json_object_set_new(row, "posted_age_s", age_of(a, v.posted_ms));
		}
	}
	return row;
}

static const char *then(const struct adm *a)
{
	return a->cfg->audit.on_failure == CFG_AUDIT_REFUSE ? "new triggers are answered 201" : "requests are decided without it";
}

static bool is_late(const struct adm *a, const struct core_audit_view *v)
{
	uint64_t late_ms = LATE_INTERVALS * a->cfg->audit.interval_ms, now_ms = core_now_ms(a->core);
	struct core_status s;

	core_status(a->core, &s);
	late_ms = late_ms < LATE_MIN_MS ? LATE_MIN_MS : late_ms;
	return now_ms > (v->signed_ms ? v->signed_ms : s.started_ms) + late_ms;
}

/* The worst one only: the others follow from it. */
bool adm_audit_trouble(struct adm_trouble *out, const struct adm *a)
{
	struct core_audit_view v;
	char since[CLOCK_TEXT_MAX];

	if (!core_audit_view(a->core, &v)) {
		return false;
	}
	clock_text(since, core_wall_ms(a->core, v.since_ms));
	if (v.broken) {
		out->code = "audit-broken";
		out->advice = "run 'mtcctl audit verify' on the directory; docs/user/audit.md says how to begin a new audit";
		snprintf(out->text, sizeof out->text, "the audit is not written: %.400s; %s", v.why, then(a));
		return true;
	}
	if (v.error) {
		out->code = v.error == EDQUOT || v.error == ENOSPC ? "audit-full" : "audit-failing";
		out->advice = v.error == EDQUOT
				  ? "move old records away with 'mtcctl audit prune', or raise audit.size_max and restart"
				  : "free space on the disk of state_dir, and look at the kernel's log";
		snprintf(out->text, sizeof out->text, "the audit %.200s/audit cannot be written since %s: %s; %s",
			 a->cfg->state_dir, since, v.error == EDQUOT ? "audit.size_max is reached" : strerror(v.error), then(a));
		return true;
	}
	if (is_late(a, &v)) {
		out->code = "audit-unsigned";
		out->advice = "look at the keyholder: 'mtcctl status all', and its lines in the log";
		snprintf(out->text, sizeof out->text,
			 "the audit has had no checkpoint for a while: %s; records are sealed all the same",
			 v.unsigned_now ? v.not_signed : "none was asked for");
		return true;
	}
	if (*v.post_failing) {
		out->code = "audit-not-sent";
		out->advice =
		    "look at the receiver of audit.publish_url; the newest checkpoint is sent again and covers the others";
		snprintf(out->text, sizeof out->text, "checkpoints of the audit do not leave the host: %s", v.post_failing);
		return true;
	}
	return false;
}
