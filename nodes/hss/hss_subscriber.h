/* hss_subscriber.h - the facts about one subscriber; no behaviour. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define HSS_IMSI_MAX 15
#define HSS_EXTERNALS_MAX 7 /* with the MSISDN they fill the User-Identifiers one answer may hold */
#define HSS_NODES_MAX 4
#define HSS_ALLOWED_MAX 1024
#define HSS_PORTS_MAX 64

/* In the order of Serving-Node: an IP-SM-GW is allowed only there (TS 29.336 6.4.8). */
enum hss_node_kind { HSS_NODE_IP_SM_GW, HSS_NODE_MME, HSS_NODE_MSC, HSS_NODE_SGSN };

struct hss_number { /* E.164 as it travels: TBCD */
	uint8_t tbcd[STR_TBCD_MAX];
	uint8_t len;
};

struct hss_node { /* one of the combinations a to g of TS 29.336 6.4.8 */
	/* of the node; of the MME an MSC is reached through (SGs); NULL: none */
	const char *name, *realm;
	struct hss_number number;
	uint8_t kind; /* enum hss_node_kind */
	bool reachable;
};

struct hss_port { /* SMS_MO: which External-Identifier a port of this device belongs to */
	const char *external;
	uint16_t port;
};

enum { HSS_SERVICE_DEVICE_TRIGGER = 0x1, HSS_SERVICE_SMS_MO = 0x2 };

struct hss_subscriber { /* its pointers belong to the store */
	char imsi[HSS_IMSI_MAX + 1];
	struct hss_number msisdn;         /* len 0: none */
	const char *const *externals;     /* canonical External-Identifiers */
	const struct hss_number *allowed; /* SCSs that may ask */
	const struct hss_node *nodes;     /* sorted by kind */
	const struct hss_port *ports;
	uint32_t line; /* line of the file */
	uint16_t allowed_n;
	uint8_t externals_n, nodes_n, ports_n;
	uint8_t services; /* HSS_SERVICE_* */
	bool any_scs;     /* allowed_scs has "*" */
	bool teleservice; /* provisioned */
	bool barred;
	bool triggers_only; /* for the SMS-SC: no other short message reaches it */
};
