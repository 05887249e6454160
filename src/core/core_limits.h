/* core_limits.h - limits of the configuration for every SCS; see core_scs_limits() in
 * core_view.h for those of one SCS. */
#pragma once
#include <stdint.h>

#include "assoc/asc_scs.h"

struct core;
struct ipc_session_open;

uint32_t core_payload_ceiling(const struct core *c); /* octets */
uint32_t core_validity_ceiling_s(const struct core *c);
uint32_t core_connections_max(const struct core *c, const struct asc_scs *scs);

/* What was agreed about connections of the SCS, and what an announced one has. */
struct agreement core_agreement(const struct asc_scs *scs);
struct agreed_connection core_connection_of(const struct ipc_session_open *open);
