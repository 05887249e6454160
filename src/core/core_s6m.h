/* core_s6m.h - asking the HSS (S6m, TS 29.336 7): port of the trigger machine. */
#pragma once
#include <stdbool.h>

#include "apps/s6m_sir.h"
#include "base/buf.h"
#include "base/str.h"
#include "trigger/trg.h"

struct core;

int core_s6m_ask(void *arg, struct trg *t);
/* The SIR of a request: of `req` the names of the device, the SCS's number and the priority. ERR_INVAL; check out->full. */
ERR_MUST_USE int core_s6m_sir(struct buf *out, struct core *c, const struct trg_request *req);

#define CORE_S6M_IMSI_MAX 15
struct core_s6m_who {
	char imsi[CORE_S6M_IMSI_MAX + 1];
	char msisdn[STR_DIGITS_MAX + 1]; /* "": none was said */
};
/* Whom a success of the HSS is about (TS 29.336 6.2.4: User-Identifier with success). False: one without a readable IMSI says of nobody that he
 * may be triggered, and neither does one with an MSISDN that is none. */
bool core_s6m_who(struct core_s6m_who *out, const struct s6m_sia *sia);
