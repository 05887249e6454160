/* core_ports.h - the surroundings of a trigger machine. */
#pragma once
#include "trigger/trg.h"

extern const struct trg_ports core_trigger_ports;
