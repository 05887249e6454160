/* request_status.h - the values of Request-Status (AVP 3008, TS 29.368 6.4.9): sent to the SCS,
 * passed between the processes, counted in the decision log. X(NAME, value). */
#pragma once

#define REQUEST_STATUS_TABLE(X)                                                                                                  \
	X(SUCCESS, 0)                                                                                                            \
	X(INVPAYLOAD, 101)                                                                                                       \
	X(INVEXTID, 102)                                                                                                         \
	X(INVSCSID, 103)                                                                                                         \
	X(INVPERIOD, 104)                                                                                                        \
	X(NOTAUTHORIZED, 105)                                                                                                    \
	X(SERVICEUNAVAILABLE, 106)                                                                                               \
	X(PERMANENTERROR, 107)                                                                                                   \
	X(QUOTAEXCEEDED, 108)                                                                                                    \
	X(RATEEXCEEDED, 109)                                                                                                     \
	X(REPLACEFAIL, 110)                                                                                                      \
	X(RECALLFAIL, 111)                                                                                                       \
	X(ORIGINALMESSAGESENT, 112)                                                                                              \
	X(TEMPORARYERROR, 201)
