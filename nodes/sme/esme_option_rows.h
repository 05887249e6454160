/* esme_option_rows.h - the options of mtc-sme, one row each, for the parser and for the help. */
#pragma once
#include "base/opts.h"

enum {
	OPT_CONNECT = 1,
	OPT_PLAIN,
	OPT_CERT,
	OPT_KEY,
	OPT_CA,
	OPT_SERVER_NAME,
	OPT_KEYLOG,
	OPT_SYSTEM_ID,
	OPT_PASSWORD,
	OPT_PASSWORD_FILE,
	OPT_CONNECT_WAIT,
	OPT_ANSWER_WAIT,
	OPT_SOURCE,
	OPT_TO,
	OPT_ID,
	OPT_PAYLOAD,
	OPT_PAYLOAD_HEX,
	OPT_PAYLOAD_FILE,
	OPT_PORT,
	OPT_PORT_IN_HEADER,
	OPT_DATA_SM,
	OPT_IN_PAYLOAD,
	OPT_TRIGGER,
	OPT_PID,
	OPT_CODING,
	OPT_ESM_CLASS,
	OPT_VALIDITY,
	OPT_PRIORITY,
	OPT_RECEIPT,
	OPT_WAIT,
	OPT_COUNT,
	OPT_WINDOW,
	OPT_RATE,
	OPT_DEBUG,
	OPT_HELP,
	OPT_VERSION,
};

extern const struct opt esme_option_rows[]; /* ends with a row of zeros */
