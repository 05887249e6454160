/* edge_out.h - the one builder of application messages to an SCS: DAA, error answers, DNR. It works
 * from an allow-list: only the members set here are sent, with the external identity as origin.
 * Internal data (IMSI, serving nodes, names of core peers) cannot get into a message: the inputs
 * are typed records of the ring and the request of the SCS. PURE. */
#pragma once
#include "apps/tsp_dar.h"
#include "apps/tsp_dnr.h"
#include "conf/cfg_iwf.h"
#include "ipc/ipc_rec.h"

#define EDGE_OUT_FEATURES TSP_FEATURE_RECALL_REPLACE /* of Tsp: the supported features */

/* Each writes one whole message; check out->full. */

/* What a DAA repeats of its DAR. The views are of the octets that the DAR was read from. */
struct edge_asked {
	uint32_t hop_by_hop, end_to_end;
	bool proxiable; /* the P bit */
	bool features;  /* it lists features, so the answer lists the supported ones (TS 29.229 7.2.1) */
	uint8_t proxy_info_n;
	struct dia_bytes session_id, external_identifier, msisdn, scs_identity;
	struct dia_u32 reference_number, action_type;
	struct dia_bytes proxy_info[APP_PROXY_INFO_MAX];
};
void edge_out_asked(struct edge_asked *out, const struct dia_msg *request, const struct tsp_dar *dar);

/* The DAA (TS 29.368 6.6.2): the device's names, SCS-Identity, Reference-Number and Action-Type as
 * given. */
void edge_out_daa(struct buf *out, const struct cfg_identity *us, const struct edge_asked *asked,
		  const struct ipc_device_action_answer *a);

/* The DAA to a DAR that requires an unsupported feature: Experimental-Result 5011 and the list of
 * the supported ones (TS 29.229 7.2.1). */
void edge_out_no_feature(struct buf *out, const struct cfg_identity *us, const struct edge_asked *asked);

/* An error answer without Device-Notification (RFC 6733 7.2). */
void edge_out_error(struct buf *out, const struct cfg_identity *us, const struct dia_msg *request, const struct dia_failed *why);

#define EDGE_OUT_SESSION_ID_MAX (IDENT_HOST_MAX + 48)
/* The Session-Id of the DNRs of this report (ipc_rec.h); returns its length. */
size_t edge_out_dnr_session(char out[EDGE_OUT_SESSION_ID_MAX], const struct cfg_identity *us, uint64_t report);

/* The DNR (TS 29.368 6.6.3) to the SCS with this host and realm. A copy of it has the same
 * Session-Id and End-to-End-Id. */
void edge_out_dnr(struct buf *out, const struct cfg_identity *us, const char *host, const char *realm,
		  const struct ipc_device_notification *n);
