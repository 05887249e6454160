/* dia_base.h - the peer management messages, typed (RFC 6733 5.3 to 5.5): CER/CEA, DWR/DWA,
 * DPR/DPA.
 * PURE. Parsing applies the occurrence table of each command, the M rule and the value rules. It
 * borrows the message as long as `out` is used; ERR_PROTO fills `failed`, and `out` is not to be
 * used then. Building writes what is present. An answer with the E bit is read by the grammar of
 * answer-message; in one that says no without it, only the result and the origin are demanded.
 * Supported-Vendor-Id and Host-IP-Address beyond our bounds are dropped. Application ids beyond
 * them stay in the message, where dia_common_application() looks at them. */
#pragma once
#include "base/buf.h"
#include "diameter/dia_failed.h"
#include "diameter/dia_msg.h"

enum {
	DIA_CMD_CAPABILITIES_EXCHANGE = 257,
	DIA_CMD_DEVICE_WATCHDOG = 280,
	DIA_CMD_DISCONNECT_PEER = 282,
};

#define DIA_APP_COMMON 0u
#define DIA_APP_RELAY 0xffffffffu

#define DIA_ADDRESSES_MAX 8
#define DIA_APPLICATIONS_MAX 64
#define DIA_VENDORS_MAX 64

/* Address of RFC 6733 4.3.1; family 1 = IPv4 (4 octets), 2 = IPv6 (16 octets) */
struct dia_address {
	uint16_t family;
	uint8_t octets[16];
};

/* Vendor-Specific-Application-Id: exactly one of Auth- and Acct-Application-Id; of several
 * Vendor-Ids the first */
struct dia_vendor_application {
	uint32_t vendor_id, application_id;
	bool acct;
};

/* One struct serves request and answer: members that the command does not have stay absent. */
struct dia_capabilities {
	bool request;
	struct dia_u32 result_code; /* CEA */
	struct dia_bytes origin_host, origin_realm;
	struct dia_address addresses[DIA_ADDRESSES_MAX];
	uint8_t addresses_n;
	struct dia_u32 vendor_id;
	struct dia_bytes product_name;
	struct dia_u32 origin_state_id, firmware_revision;
	uint32_t supported_vendors[DIA_VENDORS_MAX];
	uint8_t supported_vendors_n;
	uint32_t auth_applications[DIA_APPLICATIONS_MAX]; /* bare Auth-Application-Id */
	uint8_t auth_applications_n;
	uint32_t acct_applications[DIA_APPLICATIONS_MAX];
	uint8_t acct_applications_n;
	struct dia_vendor_application vendor_applications[DIA_APPLICATIONS_MAX];
	uint8_t vendor_applications_n;
	/* the message, borrowed, when one of these lists is full: it may have more; NULL: not */
	const struct dia_msg *more_applications;
	struct dia_bytes error_message; /* CEA */
	struct dia_bytes failed_avp;    /* CEA: inside of Failed-AVP, raw */
};

struct dia_watchdog {
	bool request;
	struct dia_u32 result_code; /* DWA */
	struct dia_bytes origin_host, origin_realm;
	struct dia_u32 origin_state_id;
	struct dia_bytes error_message, failed_avp;
};

enum dia_disconnect_cause { DIA_DISCONNECT_REBOOTING = 0, DIA_DISCONNECT_BUSY = 1, DIA_DISCONNECT_DO_NOT_WANT = 2 };

/* Its name in RFC 6733 5.4.3, "unknown" for other values; static. */
const char *dia_disconnect_cause_str(uint32_t cause);

struct dia_disconnect {
	bool request;
	struct dia_u32 result_code; /* DPA */
	struct dia_bytes origin_host, origin_realm;
	struct dia_u32 disconnect_cause; /* DPR */
	struct dia_bytes error_message, failed_avp;
};

ERR_MUST_USE int dia_capabilities_parse(struct dia_capabilities *out, const struct dia_msg *m, struct dia_failed *failed);
ERR_MUST_USE int dia_watchdog_parse(struct dia_watchdog *out, const struct dia_msg *m, struct dia_failed *failed);
ERR_MUST_USE int dia_disconnect_parse(struct dia_disconnect *out, const struct dia_msg *m, struct dia_failed *failed);

/* Write a whole message; check out->full. Answers get the E bit when result_code is of class
 * 3xxx. */
void dia_capabilities_build(struct buf *out, const struct dia_capabilities *in, uint32_t hop_by_hop, uint32_t end_to_end);
void dia_watchdog_build(struct buf *out, const struct dia_watchdog *in, uint32_t hop_by_hop, uint32_t end_to_end);
void dia_disconnect_build(struct buf *out, const struct dia_disconnect *in, uint32_t hop_by_hop, uint32_t end_to_end);

/* True when the two sets of applications meet; the relay application meets everything (RFC 6733
 * 5.3). An id beyond our bounds counts if it can be read, in an incomplete group, too. */
bool dia_common_application(const struct dia_capabilities *theirs, const uint32_t *ours, size_t ours_n);
