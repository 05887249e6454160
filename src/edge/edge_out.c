/* edge_out.c - builds the application messages to an SCS. */
#include "edge/edge_out.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"

static struct dia_u32 opt(const struct ipc_opt_u32 *v)
{
	return (struct dia_u32){ v->present ? v->v : 0, v->present };
}

/* The complete set of supported features (TS 29.229 7.2.1), for an SCS that listed its own. */
static void show_features(struct tsp_daa *daa)
{
	daa->head.features[0] =
	    (struct app_features){ .vendor_id = DIA_VENDOR_3GPP, .list_id = TSP_FEATURE_LIST_ID, .list = EDGE_OUT_FEATURES };
	daa->head.features_n = 1;
}

void edge_out_asked(struct edge_asked *out, const struct dia_msg *request, const struct tsp_dar *dar)
{
	const struct tsp_device_action *action = &dar->action;

	out->hop_by_hop = request->hdr.hop_by_hop;
	out->end_to_end = request->hdr.end_to_end;
	out->proxiable = request->hdr.flags & DIA_FLAG_P;
	out->features = dar->head.features_n > 0;
	out->session_id = dar->head.session_id;
	out->external_identifier = action->external_identifier;
	out->msisdn = action->msisdn;
	out->scs_identity = action->scs_identity;
	out->reference_number = action->reference_number;
	out->action_type = action->action_type;
	out->proxy_info_n = dar->head.proxy_info_n;
	memcpy(out->proxy_info, dar->head.proxy_info, out->proxy_info_n * sizeof *out->proxy_info);
}

/* A DAA with the members that it repeats from the request. */
static void begin_daa(struct tsp_daa *daa, const struct cfg_identity *us, const struct edge_asked *asked)
{
	tsp_daa_clear(daa);
	daa->head.session_id = asked->session_id;
	daa->head.auth_application_id = dia_u32_of(APP_TSP);
	daa->head.auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	daa->head.origin_host = dia_text(us->host);
	daa->head.origin_realm = dia_text(us->realm);
	daa->head.proxy_info_n = asked->proxy_info_n;
	memcpy(daa->head.proxy_info, asked->proxy_info, asked->proxy_info_n * sizeof *asked->proxy_info);
	daa->notification.external_identifier = asked->external_identifier;
	daa->notification.msisdn = asked->msisdn;
	daa->notification.scs_identity = asked->scs_identity;
	daa->notification.reference_number = asked->reference_number;
	daa->notification.action_type = asked->action_type;
}

/* The P bit of an answer is that of its request (RFC 6733 6.2). */
static void build_daa(struct buf *out, const struct tsp_daa *daa, const struct edge_asked *asked)
{
	size_t start = out->len;

	tsp_daa_build(out, daa, asked->hop_by_hop, asked->end_to_end);
	if (!out->full && !asked->proxiable) {
		out->p[start + 4] &= (uint8_t)~DIA_FLAG_P;
	}
}

void edge_out_daa(struct buf *out, const struct cfg_identity *us, const struct edge_asked *asked,
		  const struct ipc_device_action_answer *a)
{
	struct tsp_daa daa;

	begin_daa(&daa, us, asked);
	daa.head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	daa.notification.request_status = dia_u32_of(a->request_status);
	daa.notification.mtc_error_diagnostic = opt(&a->mtc_error_diagnostic);
	daa.feature_supported_in_final_target = opt(&a->feature_supported);
	if (asked->features) {
		show_features(&daa);
	}
	build_daa(out, &daa, asked);
}

void edge_out_no_feature(struct buf *out, const struct cfg_identity *us, const struct edge_asked *asked)
{
	struct tsp_daa daa;

	begin_daa(&daa, us, asked);
	daa.head.experimental_result = (struct app_experimental_result){ DIA_VENDOR_3GPP, APP_ERROR_FEATURE_UNSUPPORTED, true };
	show_features(&daa);
	build_daa(out, &daa, asked);
}

void edge_out_error(struct buf *out, const struct cfg_identity *us, const struct dia_msg *request, const struct dia_failed *why)
{
	dia_error_answer(out, request, us->host, us->realm, why);
}

size_t edge_out_dnr_session(char out[EDGE_OUT_SESSION_ID_MAX], const struct cfg_identity *us, uint64_t report)
{
	struct text t = text_over(out, EDGE_OUT_SESSION_ID_MAX);

	text_add(&t, us->host);
	text_char(&t, ';');
	text_u32(&t, (uint32_t)(report >> 32));
	text_char(&t, ';');
	text_u32(&t, (uint32_t)report);
	text_add(&t, ";dnr");
	return t.len;
}

void edge_out_dnr(struct buf *out, const struct cfg_identity *us, const char *host, const char *realm,
		  const struct ipc_device_notification *n)
{
	struct tsp_dnr dnr;
	char session_id[EDGE_OUT_SESSION_ID_MAX];
	uint8_t msisdn[STR_TBCD_MAX], scs[STR_TBCD_MAX];
	size_t len;

	tsp_dnr_clear(&dnr);
	dnr.has_notification = true;
	(void)edge_out_dnr_session(session_id, us, n->report);
	dnr.head.request = true;
	dnr.head.retransmitted = n->retransmitted;
	dnr.head.session_id = dia_text(session_id);
	dnr.head.auth_application_id = dia_u32_of(APP_TSP);
	dnr.head.auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	dnr.head.origin_host = dia_text(us->host);
	dnr.head.origin_realm = dia_text(us->realm);
	dnr.head.destination_host = dia_text(host);
	dnr.head.destination_realm = dia_text(realm);
	if (n->device != IPC_DEVICE_MSISDN) {
		dnr.notification.external_identifier = dia_text(n->external_id);
	}
	if (n->device != IPC_DEVICE_EXTERNAL && str_tbcd(msisdn, &len, n->msisdn) == 0) {
		dnr.notification.msisdn = (struct dia_bytes){ msisdn, (uint32_t)len };
	}
	if (n->scs_identity[0] && str_tbcd(scs, &len, n->scs_identity) == 0) {
		dnr.notification.scs_identity = (struct dia_bytes){ scs, (uint32_t)len };
	}
	dnr.notification.reference_number = dia_u32_of(n->reference);
	dnr.notification.action_type = dia_u32_of(TSP_ACTION_DELIVERY_REPORT);
	dnr.notification.delivery_outcome = dia_u32_of(n->delivery_outcome);
	tsp_dnr_build(out, &dnr, 0, n->end_to_end);
}
