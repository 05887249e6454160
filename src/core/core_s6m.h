/* core_s6m.h - asking the HSS (S6m, TS 29.336 7): port of the trigger machine. */
#pragma once
#include "base/buf.h"
#include "trigger/trg.h"

struct core;

int core_s6m_ask(void *arg, struct trg *t);
/* The SIR of a request: of `req` the names of the device, the SCS's number and the priority. ERR_INVAL; check out->full. */
ERR_MUST_USE int core_s6m_sir(struct buf *out, struct core *c, const struct trg_request *req);
