/* vec_kinds.c - prints the typed messages, member by member. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/s6m_sir.h"
#include "apps/t4_drr.h"
#include "apps/t4_dtr.h"
#include "apps/tsp_dar.h"
#include "apps/tsp_dnr.h"
#include "base/str.h"
#include "diameter/dia_base.h"
#include "tests/vectors/vec.h"

static void add(struct vec_lines *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct vec_lines *out, const char *fmt, ...)
{
	va_list args;

	if (out->n == VEC_LINES_MAX) {
		abort();
	}
	va_start(args, fmt);
	if (vasprintf(&out->line[out->n], fmt, args) < 0) {
		abort();
	}
	va_end(args);
	out->n++;
}

static void flag(struct vec_lines *out, const char *in, const char *name, bool v)
{
	if (v) {
		add(out, "%s%s = true", in, name);
	}
}

static void u32(struct vec_lines *out, const char *in, const char *name, struct dia_u32 v)
{
	if (v.present) {
		add(out, "%s%s = %" PRIu32, in, name, v.v);
	}
}

static void u64(struct vec_lines *out, const char *in, const char *name, struct dia_u64 v)
{
	if (v.present) {
		add(out, "%s%s = %" PRIu64, in, name, v.v);
	}
}

static void bare(struct vec_lines *out, const char *in, const char *name, uint64_t v)
{
	add(out, "%s%s = %" PRIu64, in, name, v);
}

static void text(struct vec_lines *out, const char *in, const char *name, struct dia_bytes v)
{
	if (v.p) {
		add(out, "%s%s = \"%.*s\"", in, name, (int)v.len, (const char *)v.p);
	}
}

static void hex(struct vec_lines *out, const char *in, const char *name, struct dia_bytes v)
{
	char *digits;

	if (!v.p) {
		return;
	}
	digits = malloc((size_t)v.len * 2 + 1);
	if (!digits) {
		abort();
	}
	str_hex(digits, v.p, v.len);
	add(out, "%s%s = %s", in, name, digits);
	free(digits);
}

/* "head." "features" 3 -> "head.features[3]" */
static const char *element(char room[64], const char *in, const char *name, size_t i, const char *after)
{
	snprintf(room, 64, "%s%s[%zu]%s", in, name, i, after);
	return room;
}

static void print_head(struct vec_lines *out, const struct app_head *h)
{
	char room[64];

	flag(out, "head.", "request", h->request);
	flag(out, "head.", "retransmitted", h->retransmitted);
	text(out, "head.", "session_id", h->session_id);
	text(out, "head.", "origin_host", h->origin_host);
	text(out, "head.", "origin_realm", h->origin_realm);
	text(out, "head.", "destination_host", h->destination_host);
	text(out, "head.", "destination_realm", h->destination_realm);
	u32(out, "head.", "drmp", h->drmp);
	u32(out, "head.", "auth_application_id", h->auth_application_id);
	u32(out, "head.", "auth_session_state", h->auth_session_state);
	u32(out, "head.", "origin_state_id", h->origin_state_id);
	u32(out, "head.", "result_code", h->result_code);
	if (h->experimental_result.present) {
		flag(out, "head.", "experimental_result.present", true);
		bare(out, "head.", "experimental_result.vendor_id", h->experimental_result.vendor_id);
		bare(out, "head.", "experimental_result.code", h->experimental_result.code);
	}
	text(out, "head.", "error_message", h->error_message);
	text(out, "head.", "error_reporting_host", h->error_reporting_host);
	hex(out, "head.", "failed_avp", h->failed_avp);
	for (size_t i = 0; i < h->proxy_info_n; i++) {
		hex(out, element(room, "head.", "proxy_info", i, ""), "", h->proxy_info[i]);
	}
	for (size_t i = 0; i < h->route_record_n; i++) {
		text(out, element(room, "head.", "route_record", i, ""), "", h->route_record[i]);
	}
	for (size_t i = 0; i < h->features_n; i++) {
		element(room, "head.", "features", i, ".");
		flag(out, room, "mandatory", h->features[i].mandatory);
		bare(out, room, "vendor_id", h->features[i].vendor_id);
		bare(out, room, "list_id", h->features[i].list_id);
		bare(out, room, "list", h->features[i].list);
	}
	for (size_t i = 0; i < h->redirect_host_n; i++) {
		text(out, element(room, "head.", "redirect_host", i, ""), "", h->redirect_host[i]);
	}
	u32(out, "head.", "redirect_host_usage", h->redirect_host_usage);
	u32(out, "head.", "redirect_max_cache_time", h->redirect_max_cache_time);
	for (size_t i = 0; i < h->load_n; i++) {
		element(room, "head.", "load", i, ".");
		u32(out, room, "type", h->load[i].type);
		u64(out, room, "value", h->load[i].value);
		text(out, room, "source_id", h->load[i].source_id);
	}
	flag(out, "head.", "oc_supported", h->oc_supported);
	u64(out, "head.", "oc_feature_vector", h->oc_feature_vector);
	if (h->olr.present) {
		flag(out, "head.", "olr.present", true);
		bare(out, "head.", "olr.sequence_number", h->olr.sequence_number);
		bare(out, "head.", "olr.report_type", h->olr.report_type);
		u32(out, "head.", "olr.reduction_percentage", h->olr.reduction_percentage);
		u32(out, "head.", "olr.validity_duration", h->olr.validity_duration);
	}
}

static void print_user(struct vec_lines *out, const char *in, const struct app_user_identifier *u)
{
	text(out, in, "user_name", u->user_name);
	hex(out, in, "msisdn", u->msisdn);
	text(out, in, "external_identifier", u->external_identifier);
	hex(out, in, "lmsi", u->lmsi);
}

static void print_node(struct vec_lines *out, const char *in, const struct app_serving_node *n)
{
	flag(out, in, "present", n->present);
	text(out, in, "sgsn_name", n->sgsn_name);
	text(out, in, "sgsn_realm", n->sgsn_realm);
	hex(out, in, "sgsn_number", n->sgsn_number);
	text(out, in, "mme_name", n->mme_name);
	text(out, in, "mme_realm", n->mme_realm);
	hex(out, in, "mme_number_for_mt_sms", n->mme_number_for_mt_sms);
	hex(out, in, "msc_number", n->msc_number);
	hex(out, in, "ip_sm_gw_number", n->ip_sm_gw_number);
	text(out, in, "ip_sm_gw_name", n->ip_sm_gw_name);
	text(out, in, "ip_sm_gw_realm", n->ip_sm_gw_realm);
	hex(out, in, "smsf_3gpp_number", n->smsf_3gpp_number);
	text(out, in, "smsf_3gpp_name", n->smsf_3gpp_name);
	text(out, in, "smsf_3gpp_realm", n->smsf_3gpp_realm);
	hex(out, in, "smsf_non_3gpp_number", n->smsf_non_3gpp_number);
	text(out, in, "smsf_non_3gpp_name", n->smsf_non_3gpp_name);
	text(out, in, "smsf_non_3gpp_realm", n->smsf_non_3gpp_realm);
}

static void print_nodes(struct vec_lines *out, const struct app_serving_node *first, const struct app_serving_node *more,
			size_t n)
{
	char room[64];

	print_node(out, "serving_node.", first);
	for (size_t i = 0; i < n; i++) {
		print_node(out, element(room, "", "additional_serving_nodes", i, "."), &more[i]);
	}
}

static void print_capabilities(struct vec_lines *out, const void *in)
{
	const struct dia_capabilities *c = in;
	char room[64];

	flag(out, "", "request", c->request);
	u32(out, "", "result_code", c->result_code);
	text(out, "", "origin_host", c->origin_host);
	text(out, "", "origin_realm", c->origin_realm);
	for (size_t i = 0; i < c->addresses_n; i++) {
		const struct dia_address *a = &c->addresses[i];
		char digits[2 * sizeof a->octets + 1];

		str_hex(digits, a->octets, a->family == 1 ? 4 : 16);
		add(out, "addresses[%zu] = %u %s", i, a->family, digits);
	}
	u32(out, "", "vendor_id", c->vendor_id);
	text(out, "", "product_name", c->product_name);
	u32(out, "", "origin_state_id", c->origin_state_id);
	u32(out, "", "firmware_revision", c->firmware_revision);
	for (size_t i = 0; i < c->supported_vendors_n; i++) {
		bare(out, element(room, "", "supported_vendors", i, ""), "", c->supported_vendors[i]);
	}
	for (size_t i = 0; i < c->auth_applications_n; i++) {
		bare(out, element(room, "", "auth_applications", i, ""), "", c->auth_applications[i]);
	}
	for (size_t i = 0; i < c->acct_applications_n; i++) {
		bare(out, element(room, "", "acct_applications", i, ""), "", c->acct_applications[i]);
	}
	for (size_t i = 0; i < c->vendor_applications_n; i++) {
		element(room, "", "vendor_applications", i, ".");
		bare(out, room, "vendor_id", c->vendor_applications[i].vendor_id);
		bare(out, room, "application_id", c->vendor_applications[i].application_id);
		flag(out, room, "acct", c->vendor_applications[i].acct);
	}
	text(out, "", "error_message", c->error_message);
	hex(out, "", "failed_avp", c->failed_avp);
}

static void print_watchdog(struct vec_lines *out, const void *in)
{
	const struct dia_watchdog *w = in;

	flag(out, "", "request", w->request);
	u32(out, "", "result_code", w->result_code);
	text(out, "", "origin_host", w->origin_host);
	text(out, "", "origin_realm", w->origin_realm);
	u32(out, "", "origin_state_id", w->origin_state_id);
	text(out, "", "error_message", w->error_message);
	hex(out, "", "failed_avp", w->failed_avp);
}

static void print_disconnect(struct vec_lines *out, const void *in)
{
	const struct dia_disconnect *d = in;

	flag(out, "", "request", d->request);
	u32(out, "", "result_code", d->result_code);
	text(out, "", "origin_host", d->origin_host);
	text(out, "", "origin_realm", d->origin_realm);
	u32(out, "", "disconnect_cause", d->disconnect_cause);
	text(out, "", "error_message", d->error_message);
	hex(out, "", "failed_avp", d->failed_avp);
}

static void print_notification(struct vec_lines *out, const struct tsp_device_notification *n)
{
	text(out, "notification.", "external_identifier", n->external_identifier);
	hex(out, "notification.", "msisdn", n->msisdn);
	hex(out, "notification.", "scs_identity", n->scs_identity);
	u32(out, "notification.", "reference_number", n->reference_number);
	u32(out, "notification.", "action_type", n->action_type);
	u32(out, "notification.", "request_status", n->request_status);
	u32(out, "notification.", "mtc_error_diagnostic", n->mtc_error_diagnostic);
	u32(out, "notification.", "delivery_outcome", n->delivery_outcome);
	hex(out, "notification.", "sm_rp_ui", n->sm_rp_ui);
	u32(out, "notification.", "application_port", n->application_port);
}

static void print_dar(struct vec_lines *out, const void *in)
{
	const struct tsp_dar *d = in;
	const struct tsp_device_action *a = &d->action;

	print_head(out, &d->head);
	flag(out, "", "has_action", d->has_action);
	text(out, "action.", "external_identifier", a->external_identifier);
	hex(out, "action.", "msisdn", a->msisdn);
	hex(out, "action.", "scs_identity", a->scs_identity);
	u32(out, "action.", "reference_number", a->reference_number);
	u32(out, "action.", "old_reference_number", a->old_reference_number);
	u32(out, "action.", "action_type", a->action_type);
	flag(out, "action.", "trigger_data.present", a->trigger_data.present);
	hex(out, "action.", "trigger_data.payload", a->trigger_data.payload);
	u32(out, "action.", "trigger_data.priority_indication", a->trigger_data.priority_indication);
	u32(out, "action.", "trigger_data.application_port", a->trigger_data.application_port);
	u32(out, "action.", "validity_time_s", a->validity_time_s);
}

static void print_daa(struct vec_lines *out, const void *in)
{
	const struct tsp_daa *d = in;

	print_head(out, &d->head);
	print_notification(out, &d->notification);
	u32(out, "", "feature_supported_in_final_target", d->feature_supported_in_final_target);
}

static void print_dnr(struct vec_lines *out, const void *in)
{
	const struct tsp_dnr *d = in;

	print_head(out, &d->head);
	flag(out, "", "has_notification", d->has_notification);
	print_notification(out, &d->notification);
}

static void print_dna(struct vec_lines *out, const void *in)
{
	print_head(out, &((const struct tsp_dna *)in)->head);
}

static void print_sir(struct vec_lines *out, const void *in)
{
	const struct s6m_sir *s = in;

	print_head(out, &s->head);
	print_user(out, "user_identifier.", &s->user_identifier);
	u32(out, "", "service_id", s->service_id);
	hex(out, "", "scs_identity", s->scs_identity);
	flag(out, "", "has_service_parameters", s->has_service_parameters);
	flag(out, "", "has_t4_parameters", s->has_t4_parameters);
	u32(out, "", "priority_indication", s->priority_indication);
	hex(out, "", "sm_rp_smea", s->sm_rp_smea);
	u32(out, "", "application_port", s->application_port);
	u32(out, "", "sir_flags", s->sir_flags);
}

static void print_sia(struct vec_lines *out, const void *in)
{
	const struct s6m_sia *s = in;
	char room[64];

	print_head(out, &s->head);
	for (size_t i = 0; i < s->user_identifiers_n; i++) {
		print_user(out, element(room, "", "user_identifiers", i, "."), &s->user_identifiers[i]);
	}
	flag(out, "", "has_service_data", s->has_service_data);
	flag(out, "", "has_t4_data", s->has_t4_data);
	u32(out, "", "hss_cause", s->hss_cause);
	print_nodes(out, &s->serving_node, s->additional_serving_nodes, s->additional_serving_nodes_n);
}

static void print_dtr(struct vec_lines *out, const void *in)
{
	const struct t4_dtr *d = in;

	print_head(out, &d->head);
	print_user(out, "user_identifier.", &d->user_identifier);
	hex(out, "", "sm_rp_smea", d->sm_rp_smea);
	hex(out, "", "payload", d->payload);
	print_nodes(out, &d->serving_node, d->additional_serving_nodes, d->additional_serving_nodes_n);
	u32(out, "", "reference_number", d->reference_number);
	u32(out, "", "old_reference_number", d->old_reference_number);
	u32(out, "", "validity_time_s", d->validity_time_s);
	u32(out, "", "priority_indication", d->priority_indication);
	u32(out, "", "application_port", d->application_port);
	u32(out, "", "trigger_action", d->trigger_action);
}

static void print_dta(struct vec_lines *out, const void *in)
{
	const struct t4_dta *d = in;

	print_head(out, &d->head);
	u32(out, "", "mtc_error_diagnostic", d->mtc_error_diagnostic);
	u32(out, "", "old_reference_number", d->old_reference_number);
	u32(out, "", "trigger_action", d->trigger_action);
}

static void print_drr(struct vec_lines *out, const void *in)
{
	const struct t4_drr *d = in;

	print_head(out, &d->head);
	print_user(out, "user_identifier.", &d->user_identifier);
	hex(out, "", "sm_rp_smea", d->sm_rp_smea);
	u32(out, "", "sm_delivery_outcome", d->sm_delivery_outcome);
	u32(out, "", "absent_subscriber_diagnostic", d->absent_subscriber_diagnostic);
	u32(out, "", "reference_number", d->reference_number);
}

static void print_dra(struct vec_lines *out, const void *in)
{
	print_head(out, &((const struct t4_dra *)in)->head);
}

/* One face for functions of different types. */
#define FACE(prefix, type)                                                                                                       \
	static int prefix##_face_parse(void *o, const struct dia_msg *m, struct dia_failed *f)                                   \
	{                                                                                                                        \
		return prefix##_parse((type *)o, m, f);                                                                          \
	}                                                                                                                        \
	static void prefix##_face_build(struct buf *o, const void *i, uint32_t hop, uint32_t end)                                \
	{                                                                                                                        \
		prefix##_build(o, (const type *)i, hop, end);                                                                    \
	}                                                                                                                        \
	_Static_assert(sizeof(type) <= VEC_STRUCT_MAX, "room for every struct")

FACE(dia_capabilities, struct dia_capabilities);
FACE(dia_watchdog, struct dia_watchdog);
FACE(dia_disconnect, struct dia_disconnect);
FACE(tsp_dar, struct tsp_dar);
FACE(tsp_daa, struct tsp_daa);
FACE(tsp_dnr, struct tsp_dnr);
FACE(tsp_dna, struct tsp_dna);
FACE(s6m_sir, struct s6m_sir);
FACE(s6m_sia, struct s6m_sia);
FACE(t4_dtr, struct t4_dtr);
FACE(t4_dta, struct t4_dta);
FACE(t4_drr, struct t4_drr);
FACE(t4_dra, struct t4_dra);

/* clang-format off: one row a line */
#define KIND(name, prefix, type, print)                                                                                          \
	{                                                                                                                        \
		name, sizeof(type), prefix##_face_parse, prefix##_face_build, print                                              \
	}
const struct vec_kind vec_kinds[] = {
	KIND("CER", dia_capabilities, struct dia_capabilities, print_capabilities),
	KIND("CEA", dia_capabilities, struct dia_capabilities, print_capabilities),
	KIND("DWR", dia_watchdog, struct dia_watchdog, print_watchdog),
	KIND("DWA", dia_watchdog, struct dia_watchdog, print_watchdog),
	KIND("DPR", dia_disconnect, struct dia_disconnect, print_disconnect),
	KIND("DPA", dia_disconnect, struct dia_disconnect, print_disconnect),
	KIND("DAR", tsp_dar, struct tsp_dar, print_dar),
	KIND("DAA", tsp_daa, struct tsp_daa, print_daa),
	KIND("DNR", tsp_dnr, struct tsp_dnr, print_dnr),
	KIND("DNA", tsp_dna, struct tsp_dna, print_dna),
	KIND("SIR", s6m_sir, struct s6m_sir, print_sir),
	KIND("SIA", s6m_sia, struct s6m_sia, print_sia),
	KIND("DTR", t4_dtr, struct t4_dtr, print_dtr),
	KIND("DTA", t4_dta, struct t4_dta, print_dta),
	KIND("DRR", t4_drr, struct t4_drr, print_drr),
	KIND("DRA", t4_dra, struct t4_dra, print_dra),
};
/* clang-format on */
const size_t vec_kinds_n = sizeof vec_kinds / sizeof *vec_kinds;

const struct vec_kind *vec_kind_find(const char *name)
{
	for (size_t i = 0; i < vec_kinds_n; i++) {
		if (!strcmp(vec_kinds[i].name, name)) {
			return &vec_kinds[i];
		}
	}
	return NULL;
}
