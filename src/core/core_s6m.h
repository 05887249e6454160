/* core_s6m.h - asking the HSS (S6m, TS 29.336 7): port of the trigger machine. */
#pragma once
#include "trigger/trg.h"

int core_s6m_ask(void *arg, struct trg *t);
