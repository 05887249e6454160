/* smpp_status.h - the values of command_status (SMPP 3.4 5.1.3, SMPP 5.0 4.7.6), one row each.
 * PURE. */
#pragma once
#include <stdint.h>

/* What the sender of a refused request may do:
 * FINAL: the same request fails again. LATER: the same request may succeed later. UNSURE: the
 * status does not tell. */
enum smpp_again { SMPP_AGAIN_FINAL, SMPP_AGAIN_LATER, SMPP_AGAIN_UNSURE };

/* name, value, what the sender may do, words for people */
#define SMPP_STATUS_TABLE(X)                                                                                                     \
	X(ROK, 0x000, FINAL, "no error")                                                                                         \
	X(RINVMSGLEN, 0x001, FINAL, "message length is invalid")                                                                 \
	X(RINVCMDLEN, 0x002, FINAL, "command length is invalid")                                                                 \
	X(RINVCMDID, 0x003, FINAL, "command ID is invalid")                                                                      \
	X(RINVBNDSTS, 0x004, FINAL, "the command does not fit the bind state")                                                   \
	X(RALYBND, 0x005, FINAL, "already bound")                                                                                \
	X(RINVPRTFLG, 0x006, FINAL, "priority flag is invalid")                                                                  \
	X(RINVREGDLVFLG, 0x007, FINAL, "registered_delivery is invalid")                                                         \
	X(RSYSERR, 0x008, LATER, "system error")                                                                                 \
	X(RINVSRCADR, 0x00a, FINAL, "source address is invalid")                                                                 \
	X(RINVDSTADR, 0x00b, FINAL, "destination address is invalid")                                                            \
	X(RINVMSGID, 0x00c, FINAL, "message ID is invalid")                                                                      \
	X(RBINDFAIL, 0x00d, FINAL, "bind failed")                                                                                \
	X(RINVPASWD, 0x00e, FINAL, "password is invalid")                                                                        \
	X(RINVSYSID, 0x00f, FINAL, "system_id is invalid")                                                                       \
	X(RCANCELFAIL, 0x011, FINAL, "cancelling failed")                                                                        \
	X(RREPLACEFAIL, 0x013, FINAL, "replacing failed")                                                                        \
	X(RMSGQFUL, 0x014, LATER, "message queue is full")                                                                       \
	X(RINVSERTYP, 0x015, FINAL, "service type is invalid")                                                                   \
	X(RINVNUMDESTS, 0x033, FINAL, "number of destinations is invalid")                                                       \
	X(RINVDLNAME, 0x034, FINAL, "distribution list name is invalid")                                                         \
	X(RINVDESTFLAG, 0x040, FINAL, "destination flag is invalid")                                                             \
	X(RINVSUBREP, 0x042, FINAL, "submit with replace is invalid")                                                            \
	X(RINVESMCLASS, 0x043, FINAL, "esm_class is invalid")                                                                    \
	X(RCNTSUBDL, 0x044, FINAL, "cannot submit to a distribution list")                                                       \
	X(RSUBMITFAIL, 0x045, FINAL, "submitting failed")                                                                        \
	X(RINVSRCTON, 0x048, FINAL, "type of number of the source is invalid")                                                   \
	X(RINVSRCNPI, 0x049, FINAL, "numbering plan of the source is invalid")                                                   \
	X(RINVDSTTON, 0x050, FINAL, "type of number of the destination is invalid")                                              \
	X(RINVDSTNPI, 0x051, FINAL, "numbering plan of the destination is invalid")                                              \
	X(RINVSYSTYP, 0x053, FINAL, "system_type is invalid")                                                                    \
	X(RINVREPFLAG, 0x054, FINAL, "replace_if_present is invalid")                                                            \
	X(RINVNUMMSGS, 0x055, FINAL, "number of messages is invalid")                                                            \
	X(RTHROTTLED, 0x058, LATER, "throttled: the sender exceeds its limits")                                                  \
	X(RINVSCHED, 0x061, FINAL, "scheduled delivery time is invalid")                                                         \
	X(RINVEXPIRY, 0x062, FINAL, "validity period is invalid")                                                                \
	X(RINVDFTMSGID, 0x063, FINAL, "predefined message is invalid or missing")                                                \
	X(RX_T_APPN, 0x064, LATER, "temporary error of the receiver")                                                            \
	X(RX_P_APPN, 0x065, FINAL, "permanent error of the receiver")                                                            \
	X(RX_R_APPN, 0x066, FINAL, "rejected by the receiver")                                                                   \
	X(RQUERYFAIL, 0x067, FINAL, "query failed")                                                                              \
	X(RINVOPTPARSTREAM, 0x0c0, FINAL, "optional part of the PDU is malformed")                                               \
	X(ROPTPARNOTALLWD, 0x0c1, FINAL, "optional parameter is not allowed")                                                    \
	X(RINVPARLEN, 0x0c2, FINAL, "parameter length is invalid")                                                               \
	X(RMISSINGOPTPARAM, 0x0c3, FINAL, "an optional parameter is missing")                                                    \
	X(RINVOPTPARAMVAL, 0x0c4, FINAL, "value of an optional parameter is invalid")                                            \
	X(RDELIVERYFAILURE, 0x0fe, UNSURE, "delivery failed")                                                                    \
	X(RUNKNOWNERR, 0x0ff, UNSURE, "unknown error")                                                                           \
	X(RSERTYPUNAUTH, 0x100, FINAL, "not authorised to use the service type")                                                 \
	X(RPROHIBITED, 0x101, FINAL, "prohibited")                                                                               \
	X(RSERTYPUNAVAIL, 0x102, LATER, "service type is unavailable")                                                           \
	X(RSERTYPDENIED, 0x103, FINAL, "service type is denied")                                                                 \
	X(RINVDCS, 0x104, FINAL, "data coding is invalid")                                                                       \
	X(RINVSRCADDRSUBUNIT, 0x105, FINAL, "source address subunit is invalid")                                                 \
	X(RINVDSTADDRSUBUNIT, 0x106, FINAL, "destination address subunit is invalid")

enum smpp_status {
#define SMPP_ROW(name, value, again, words) SMPP_##name = (value),
	SMPP_STATUS_TABLE(SMPP_ROW)
#undef SMPP_ROW
};

/* "ESME_RTHROTTLED"; "ESME_?" for a value without a row (the range 0x400 to 0x4FF belongs to
 * vendors). Static. */
const char *smpp_status_name(uint32_t status);
/* Words for people; "a status that this program does not know" for a value without a row.
 * Static. */
const char *smpp_status_words(uint32_t status);
/* UNSURE for a value without a row. */
enum smpp_again smpp_status_again(uint32_t status);
