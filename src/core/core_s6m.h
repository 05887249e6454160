/* core_s6m.h - subscriber queries to the HSS (S6m, TS 29.336 7): port of the trigger machine. */
#pragma once
#include <stdbool.h>

#include "apps/s6m_sir.h"
#include "base/buf.h"
#include "base/str.h"
#include "trigger/trg.h"

struct core;

int core_s6m_ask(void *arg, struct trg *trg);
/* Builds the SIR of a request from the device's names, the SCS's number and the priority in
 * `req`.
 * ERR_INVAL. The caller checks out->full. */
ERR_MUST_USE int core_s6m_sir(struct core_message *out, struct core *c, const struct trg_request *req);

#define CORE_S6M_IMSI_MAX 15
struct core_s6m_who {
	char imsi[CORE_S6M_IMSI_MAX + 1];
	char msisdn[STR_DIGITS_MAX + 1]; /* "": none */
	const uint8_t *msisdn_at;        /* the octets of the answer that it was read from; NULL: none */
};
/* Reads the subscriber of a success of the HSS (TS 29.336 6.2.4: User-Identifier with success).
 * False: no readable IMSI, or a malformed MSISDN: the answer permits no device. */
bool core_s6m_who(struct core_s6m_who *out, const struct s6m_sia *sia);
