/* adm_ocsp.c - what the edges know of OCSP responders, for status. */
#include "admin/adm_int.h"
#include "base/clock.h"

#define ROWS_MAGIC 0x3ad90c57u
struct rows {
	struct obj obj;
	json_t *list;
	uint64_t now_s;
};

/* "" for a time that is not known. */
static json_t *time_or_none(uint64_t s)
{
	char text[CLOCK_TEXT_MAX] = "";

	if (s) {
		clock_text_s(text, (int64_t)s);
	}
	return json_string(text);
}

const char *adm_ocsp_state(const struct core_ocsp_view *v)
{
	return v->failed_s > v->answered_s ? "failing" : v->answered_s ? "answering" : "not-asked";
}

static json_t *denied(const struct core_ocsp_view *v)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < v->denied_n; i++) {
		const struct core_ocsp_denied *d = &v->denied[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "host", d->host, "status",
						      d->unknown ? "unknown" : "revoked", "shown", time_or_none(d->shown_s)));
	}
	return list;
}

static void add(void *arg, const struct core_ocsp_view *v)
{
	struct rows *r = OBJ_OF(arg, struct rows, ROWS_MAGIC);
	json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:I, s:I, s:I, s:s, s:I, s:I, s:o}", "of",
				v->anchor ? "anchor" : "listener", "name", v->anchor ? v->anchor : v->listener, "url", v->url,
				"state", adm_ocsp_state(v), "answered", time_or_none(v->answered_s), "age_s",
				(json_int_t)(v->answered_s && r->now_s > v->answered_s ? r->now_s - v->answered_s : 0), "failed",
				time_or_none(v->failed_s), "answers", (json_int_t)v->answers, "failures", (json_int_t)v->failures,
				"open", (json_int_t)v->open, "why", v->why, "revoked", (json_int_t)v->revoked, "unknown",
				(json_int_t)v->unknown, "denied", denied(v));

	if (v->listener) {
		json_object_set_new(row, "stapled", time_or_none(v->staple_this_s));
		json_object_set_new(row, "next_update", time_or_none(v->staple_until_s));
	}
	json_array_append_new(r->list, row);
}

json_t *adm_ocsp(const struct adm *a)
{
	struct rows r = { .obj = OBJ(ROWS_MAGIC), .list = json_array(), .now_s = clock_real_ms() / 1000 };

	core_ocsp_each(a->core, add, &r);
	return r.list;
}
