/* core_limits.c - limits in force for an SCS: the smaller of its own and those of the
 * configuration. */
#include "core/core_limits.h"

#include "core/core_int.h"

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t core_payload_ceiling(const struct core *c)
{
	return smaller(c->cfg->limits.payload_max, TRIGGER_PAYLOAD_MAX);
}

uint32_t core_validity_ceiling_s(const struct core *c)
{
	return c->cfg->limits.validity_max_s;
}

uint32_t core_connections_max(const struct core *c, const struct asc_scs *scs)
{
	return asc_scs_limit(scs->connections_max, c->cfg->limits.connections_per_scs);
}

struct agreement core_agreement(const struct asc_scs *scs)
{
	return (struct agreement){ scs->transports, scs->protections, scs->tls_versions, scs->tls_suites };
}

struct agreed_connection core_connection_of(const struct ipc_session_open *open)
{
	return (struct agreed_connection){ open->transport, open->protection, open->tls_version, open->tls_suite };
}

void core_scs_limits(const struct core *c, const struct asc_scs *scs, struct scs_limits *out)
{
	const struct scs_limits configured = {
		.payload_max = core_payload_ceiling(c),
		.validity_max_s = core_validity_ceiling_s(c),
		.connections_max = c->cfg->limits.connections_per_scs,
		.pending_max = c->cfg->limits.pending_per_scs,
		.absent_max = c->cfg->privacy.absent_answers,
	};

#define LIMIT_OWN(member_) scs->member_
#define LIMIT_CONF(member_) asc_scs_limit(scs->member_, configured.member_)
#define LIMIT(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) .member_ = LIMIT_##where_(member_),
	*out = (struct scs_limits){ SCS_LIMITS(LIMIT) };
#undef LIMIT
}

void core_scs_facts(struct pol_scs *out, const struct core *c, const struct asc_scs *in)
{
	struct scs_limits limits;

	core_scs_limits(c, in, &limits);
#define IN_FORCE(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) .member_ = limits.member_,
	*out = (struct pol_scs){ .name = in->name, .e164 = in->e164, SCS_LIMITS(IN_FORCE) };
#undef IN_FORCE
}

void core_ceilings(const struct core *c, uint32_t *payload, uint32_t *validity_s)
{
	*payload = core_payload_ceiling(c);
	*validity_s = core_validity_ceiling_s(c);
}
