/* adm_reload.c - reloads the configuration and its files on demand and shows which are in use. The
 * parent reads and checks them; the core only asks and passes the answer on. */
#include <stdio.h>
#include <string.h>

#include "admin/adm.h"
#include "admin/adm_int.h"
#include "base/clock.h"
#include "base/shown.h"
#include "core/core.h"
#include "net/net_loop.h"

#define ADM_RELOAD_LINE_MAX 512u
#define PARENT_WAIT_MS 25000u /* longer than the parent tries a token, and waits for the processes to take a set */
_Static_assert(PARENT_WAIT_MS + CFG_NAMES_WAIT_MAX_MS < CTL_RELOAD_WAIT_S * 1000u, "who asks for a reload waits for its answer");
#define FILES_TEXT_MAX 40000 /* octets of paths in one answer, far below CTL_REPLY_LINE_MAX */

static void on_reload(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);

	bool dry_run = ctl_arg_bool(args, "dry_run", false);

	if (a->reload) {
		ctl_fail(rq, "another reload is under way; ask again when it has ended");
		return;
	}
	a->reload = rq;
	a->reload_number++;
	if (core_reload(a->core, a->reload_number, dry_run) == 0) {
		/* one that is under way ends first */
		net_timer_start(a->reload_timer, 2 * (a->reload_wait_ms + a->cfg->timers.names_ms));
		return;
	}
	a->reload = NULL;
	ctl_fail(rq, "the parent process does not take messages; nothing is changed");
}

/* A later answer has the number of a reload without a waiting client, and is dropped. */
static void on_parent_silent(void *arg)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	struct ctl_request *rq = a->reload;

	a->reload = NULL;
	if (rq) {
		ctl_fail(rq, "the parent does not answer; 'mtcctl status all' shows the files "
			     "in use, and the log says whether they were renewed. Ask again");
	}
}

int adm_reload_init(struct adm *a)
{
	OBJ_CHECK(a, ADM_MAGIC);
	a->reload_wait_ms = PARENT_WAIT_MS;
	return net_timer_new(&a->reload_timer, a->loop, on_parent_silent, a);
}

static json_t *text_of(const char *p, size_t len)
{
	json_t *text = json_stringn(p, len);

	return text ? text : json_string("?"); /* a path need not be UTF-8 */
}

/* A line "KIND TEXT" as a row. */
static void row_of(struct ctl_request *rq, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	size_t kind = space ? (size_t)(space - line) : 0;

	if (space) {
		ctl_line(rq, json_pack("{s:s%, s:o}", "kind", line, kind, "text", text_of(space + 1, len - kind - 1)));
	}
}

/* -- SCSs of a trust anchor that goes: the parent does not know them */

#define HOLDERS_MAGIC 0x51d0b3e6u
struct holders {
	struct obj obj;
	char anchor[IDENT_SCS_MAX + 1];
	unsigned n, beside; /* SCSs that have no other anchor; that have others beside it */
};

static int count_holder(void *arg, const struct asc_scs *scs)
{
	struct holders *h = OBJ_OF(arg, struct holders, HOLDERS_MAGIC);

	h->n += strcmp(scs->anchor, h->anchor) == 0;
	h->beside += strcmp(scs->anchor, h->anchor) != 0 && anchor_list_has(scs->anchor, h->anchor);
	return 0;
}

/* A line that says that an anchor goes is followed by how many SCSs that shuts out. */
static void warn_holders(const struct adm *a, struct ctl_request *rq, const char *line, size_t len)
{
	static const char before[] = "change trust_anchors[", after[] = "]: removed";
	const size_t around = sizeof before - 1 + sizeof after - 1;
	struct holders h = { .obj = OBJ(HOLDERS_MAGIC) };

	if (len <= around || memcmp(line, before, sizeof before - 1) != 0 ||
	    memcmp(line + len - (sizeof after - 1), after, sizeof after - 1) != 0) {
		return;
	}
	if (str_copy(h.anchor, sizeof h.anchor, line + sizeof before - 1, len - around)) {
		return; /* no SCS has such an anchor */
	}
	(void)asc_scs_each(a->asc, count_holder, &h);
	if (h.n) {
		ctl_line(rq,
			 json_pack("{s:s, s:o}", "kind", "warning", "text",
				   json_sprintf("trust_anchors[%s]: SCSs provisioned with it: %u; their sessions end, and they "
						"cannot connect until they have another anchor",
						h.anchor, h.n)));
	}
	if (h.beside) {
		ctl_line(rq,
			 json_pack("{s:s, s:o}", "kind", "warning", "text",
				   json_sprintf("trust_anchors[%s]: SCSs provisioned with it and with others: %u; their sessions "
						"under it end",
						h.anchor, h.beside)));
	}
}

static unsigned count_of(const char *text, size_t len, const char *kind)
{
	size_t kind_len = strlen(kind);
	unsigned n = 0;

	for (const char *p = text, *end = text + len, *eol; p < end && (eol = memchr(p, '\n', (size_t)(end - p))); p = eol + 1) {
		if ((size_t)(eol - p) > kind_len && memcmp(p, kind, kind_len) == 0) {
			n++;
		}
	}
	return n;
}

/* -- the record of who changed what */

static void record_line(struct core *core, const char *who, const char *line, size_t len)
{
	char what[ADM_RELOAD_LINE_MAX];

	if (len > 7 && memcmp(line, "change ", 7) == 0) {
		snprintf(what, sizeof what, "%.*s", (int)(len - 7), line + 7);
		core_decide_configuration(core, who, what, false);
	}
}

void adm_reload_record(const struct adm *a, struct core *core, const struct adm_reloaded *r)
{
	bool mine = a && a->reload && r->number == a->reload_number;
	char who[CTL_CALLER_MAX] = "SIGHUP", text[CTL_CALLER_MAX], what[ADM_RELOAD_LINE_MAX];
	unsigned errors = count_of(r->text, r->len, "error ");

	if (r->dry_run || (r->taken && !r->config)) {
		return;
	}
	if (r->number) {
		str_set(who, sizeof who, mine ? ctl_caller_text(text, ctl_caller(a->reload)) : "mtcctl");
	}
	if (!r->taken) {
		snprintf(what, sizeof what, "nothing is changed, errors: %u", errors);
		core_decide_configuration(core, who, what, true);
		return;
	}
	for (const char *p = r->text, *end = r->text + r->len, *eol; p < end && (eol = memchr(p, '\n', (size_t)(end - p)));
	     p = eol + 1) {
		record_line(core, who, p, (size_t)(eol - p));
	}
	snprintf(what, sizeof what, "in force: %.16s", core_cfg(core)->source.digest);
	core_decide_configuration(core, who, what, false);
}

void adm_reloaded(struct adm *a, const struct adm_reloaded *r)
{
	struct ctl_request *rq = a ? a->reload : NULL;
	unsigned renewed = count_of(r->text, r->len, "renewed "), changed = count_of(r->text, r->len, "change ");
	char files[SHOWN_COUNT_MAX], changes[SHOWN_COUNT_MAX];
	struct core_status s;

	OBJ_CHECK(a, ADM_MAGIC);
	if (!rq || r->number != a->reload_number) {
		return;
	}
	a->reload = NULL;
	net_timer_stop(a->reload_timer);
	for (const char *p = r->text, *end = r->text + r->len, *eol; p < end && (eol = memchr(p, '\n', (size_t)(end - p)));
	     p = eol + 1) {
		row_of(rq, p, (size_t)(eol - p));
		warn_holders(a, rq, p, (size_t)(eol - p));
	}
	ctl_note(rq, "%s%s and %s", r->dry_run ? "dry run: " : "", shown_count(changes, changed, "change"),
		 shown_count(files, renewed, "renewed file"));
	if (!r->taken) {
		ctl_fail(rq, "the configuration and its files cannot be used, errors: %u; nothing is changed",
			 count_of(r->text, r->len, "error "));
		return;
	}
	core_status(a->core, &s);
	ctl_done(rq, json_pack("{s:I, s:I, s:I, s:I, s:b}", "files_generation", (json_int_t)s.files_generation, "renewed",
			       (json_int_t)renewed, "changed", (json_int_t)changed, "restart",
			       (json_int_t)count_of(r->text, r->len, "restart "), "dry_run", r->dry_run));
}

void adm_reload_end(struct adm *a)
{
	struct ctl_request *rq = a->reload;

	OBJ_CHECK(a, ADM_MAGIC);
	a->reload = NULL;
	net_timer_free(a->reload_timer);
	a->reload_timer = NULL;
	if (rq) {
		ctl_fail(rq, "the gateway stops");
	}
}

/* -- the files in use */

#define FILE_ROWS_MAGIC 0x9e13f684u
struct file_rows {
	struct obj obj;
	json_t *rows;
	uint64_t now_s;
	size_t octets;
};

static void add_file(void *arg, const struct core_file *f)
{
	struct file_rows *r = OBJ_OF(arg, struct file_rows, FILE_ROWS_MAGIC);

	json_t *row;

	r->octets += strlen(f->path) + strlen(f->name) + strlen(f->issuer);
	if (r->octets > FILES_TEXT_MAX) {
		return;
	}
	row = json_pack("{s:o, s:s, s:s, s:o, s:I}", "path", text_of(f->path, strlen(f->path)), "of", f->kind, "name", f->name,
			"not_after", adm_time(f->not_after_s * 1000), "days_left",
			(json_int_t)core_files_days_left(f->not_after_s, r->now_s));
	if (row && f->not_before_s) {
		json_object_set_new(row, "not_before", adm_time(f->not_before_s * 1000));
	}
	if (row && f->number[0]) {
		json_object_set_new(row, "issuer", json_string(f->issuer));
		json_object_set_new(row, "number", json_sprintf("0x%s", f->number));
	}
	json_array_append_new(r->rows, row);
}

/* Names of the anchors of these bits. */
static json_t *anchor_names(const struct cfg_iwf *cfg, uint64_t anchors)
{
	json_t *names = json_array();

	for (size_t i = 0; i < cfg->anchors_n; i++) {
		if (anchors & UINT64_C(1) << i) {
			json_array_append_new(names, json_string(cfg->anchors[i].name));
		}
	}
	return names;
}

json_t *adm_crls_wrong(const struct adm *a)
{
	OBJ_CHECK(a, ADM_MAGIC);
	return anchor_names(a->cfg, core_crls_are_wrong(a->core));
}

json_t *adm_crls_none(const struct adm *a)
{
	uint64_t none = 0;

	OBJ_CHECK(a, ADM_MAGIC);
	for (size_t i = 0; i < a->cfg->anchors_n; i++) {
		none |= a->cfg->anchors[i].gone_ms || a->cfg->anchors[i].crl_n || *a->cfg->anchors[i].ocsp ? 0 : UINT64_C(1) << i;
	}
	return anchor_names(a->cfg, none);
}

json_t *adm_files(const struct adm *a)
{
	struct file_rows r = { OBJ(FILE_ROWS_MAGIC), json_array(), clock_real_ms() / 1000, 0 };

	OBJ_CHECK(a, ADM_MAGIC);
	core_file_each(a->core, add_file, &r);
	return r.rows;
}

const struct ctl_command adm_reload_rows[] = {
	{ "reload", "read the configuration, certificates, keys and trust anchors again, as one set", ctl_args_reload, true,
	  on_reload },
	{ .name = NULL },
};
