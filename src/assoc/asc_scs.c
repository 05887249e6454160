/* asc_scs.c - an SCS record: what stands in it when nothing is said, and what may stand in it. */
#include "assoc/asc_scs.h"

#include <stdio.h>
#include <string.h>

#include "assoc/asc_int.h"

void asc_scs_init(struct asc_scs *scs)
{
	*scs = (struct asc_scs){
		.payload_max = 1024,
		.validity_max_s = 7 * 24 * 3600,
		.port_min = 0,
		.port_max = 65535,
		.priority_allowed = true,
		.actions = ASSOC_RIGHT_ALL,
		.connections_max = 8,
		.pending_max = 1024,
	};
}

static int refuse(struct asc_why *why, const struct asc_scs *scs, const char *what, const char *expected)
{
	snprintf(why->text, sizeof why->text, "SCS '%.63s': %s: %s", scs->name, what, expected);
	return ERR_INVAL;
}

static int check_names(struct asc_scs *scs, struct asc_why *why)
{
	char text[IDENT_HOST_MAX + 1];

	if (!ident_name_ok(scs->name))
		return refuse(why, scs, "name", "expected a-z, 0-9, '.', '_', '-', at most 63, beginning with a letter or digit");
	if (ident_msisdn(text, scs->e164, strlen(scs->e164)))
		return refuse(why, scs, "e164", "expected 5 to 15 digits, no '+', no leading 0");
	if (ident_host(text, scs->origin_host, strlen(scs->origin_host)))
		return refuse(why, scs, "origin-host", "expected a host name");
	strcpy(scs->origin_host, text);
	if (ident_host(text, scs->realm, strlen(scs->realm)))
		return refuse(why, scs, "realm", "expected a realm, which is a domain name");
	strcpy(scs->realm, text);
	if (!ident_name_ok(scs->anchor))
		return refuse(why, scs, "anchor", "expected the name of a trust anchor");
	return 0;
}

int asc_scs_check(struct asc_scs *scs, struct asc_why *why)
{
	int err = check_names(scs, why);

	if (err)
		return err;
	if (scs->payload_max == 0)
		return refuse(why, scs, "payload limit", "expected at least 1 octet");
	if (scs->port_min > scs->port_max)
		return refuse(why, scs, "ports", "expected the lower one first");
	if (scs->actions == 0 || (scs->actions & ~ASSOC_RIGHT_ALL))
		return refuse(why, scs, "actions", "expected one or more of trigger, recall, replace");
	if (scs->connections_max == 0)
		return refuse(why, scs, "connections", "expected at least 1");
	if (scs->pending_max == 0)
		return refuse(why, scs, "pending", "expected at least 1");
	return 0;
}
