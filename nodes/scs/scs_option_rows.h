/* scs_option_rows.h - the options of mtc-scs, one row each, for the parser (scs_options.c) and for
 * the help. */
#pragma once
#include "nodes/common/node_opts.h"

enum {
	OPT_CONNECT = 1,
	OPT_TLS,
	OPT_PLAIN,
	OPT_CERT,
	OPT_KEY,
	OPT_CA,
	OPT_ANCHOR,
	OPT_KEYLOG,
	OPT_ORIGIN_HOST,
	OPT_REALM,
	OPT_IWF_HOST,
	OPT_IWF_REALM,
	OPT_CONNECT_WAIT,
	OPT_ANSWER_WAIT,
	OPT_IDENTITY,
	OPT_DEVICE,
	OPT_DEVICES,
	OPT_MSISDN,
	OPT_UNCHECKED,
	OPT_PAYLOAD,
	OPT_PAYLOAD_HEX,
	OPT_PAYLOAD_FILE,
	OPT_PORT,
	OPT_VALIDITY,
	OPT_PRIORITY,
	OPT_REFERENCE,
	OPT_OLD_REFERENCE,
	OPT_WAIT,
	OPT_COUNT,
	OPT_WINDOW,
	OPT_RATE,
	OPT_RESEND,
	OPT_STAMP,
	OPT_STATE,
	OPT_JSON,
	OPT_VERBOSE,
	OPT_DEBUG,
	OPT_HELP,
	OPT_VERSION,
};

extern const struct node_opt scs_option_rows[]; /* ends with a row of zeros */
