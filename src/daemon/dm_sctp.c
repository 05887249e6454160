/* dm_sctp.c - SCTP of the configuration and of the kernel. */
#include "daemon/dm_sctp.h"

#include "net/net_usr.h"

const struct net_sctp_ends *dm_sctp_of(struct net_sctp_ends *ends, const struct cfg_iwf *c, size_t i)
{
	const struct cfg_listen *l = &c->listen[i];
	const struct cfg_sctp *t = &c->sctp;

	if (!transport_is_sctp(l->transport)) {
		return NULL;
	}
	*ends = (struct net_sctp_ends){ .timers = { (uint32_t)t->heartbeat_ms, (uint32_t)t->rto_initial_ms,
						    (uint32_t)t->rto_min_ms, (uint32_t)t->rto_max_ms,
						    (uint16_t)t->path_retransmits, (uint16_t)t->association_retransmits },
					.in_udp = l->transport == TRANSPORT_SCTP_UDP,
					.udp_port = l->udp_port };
	for (size_t m = 0; m < l->more_addresses_n; m++) {
		ends->more[ends->more_n++] = l->more_addresses[m];
	}
	return ends;
}

const char *dm_sctp_missing(int transport)
{
	return transport == TRANSPORT_SCTP_UDP ? NET_USR_MISSING : DM_SCTP_MISSING;
}

/* It is told which SCTP is in use: this one is for laboratories. */
static void check_in_udp(const struct cfg_iwf *c, unsigned line, const char *kind, const char *name, struct report *why)
{
	if (net_usr_built()) {
		cfg_warn(why, c->lines, line, "%s '%s' uses SCTP in user space inside UDP, which is for laboratories", kind,
			 name);
	} else {
		cfg_error(why, c->lines, line, "%s '%s' cannot have transport sctp-udp: " NET_USR_MISSING, kind, name);
	}
}

void dm_sctp_check(const struct cfg_iwf *c, struct report *why)
{
	bool possible = net_sctp_possible(), used = false;

	for (size_t i = 0; i < c->peers_n; i++) {
		if (c->peers[i].transport == TRANSPORT_SCTP_UDP && cfg_sound(c->lines, "peers[%zu]", i)) {
			check_in_udp(c, cfg_line(c->lines, "peers[%zu].transport", i), "peer", c->peers[i].name, why);
		}
		if (c->peers[i].transport != TRANSPORT_SCTP || !cfg_sound(c->lines, "peers[%zu]", i)) {
			continue;
		}
		used = true;
		if (!possible) {
			cfg_warn(why, c->lines, cfg_line(c->lines, "peers[%zu].transport", i),
				 "peer '%s' cannot be reached over sctp: " DM_SCTP_MISSING, c->peers[i].name);
		}
	}
	for (size_t i = 0; i < c->listen_n; i++) {
		used = used || c->listen[i].transport == TRANSPORT_SCTP;
		if (c->listen[i].transport == TRANSPORT_SCTP_UDP && cfg_sound(c->lines, "listen[%zu]", i)) {
			check_in_udp(c, cfg_line(c->lines, "listen[%zu].transport", i), "listener", c->listen[i].name, why);
		}
	}
	if (used && net_sctp_addip_on()) {
		cfg_warn(
		    why, c->lines, cfg_line(c->lines, "sctp"),
		    "this kernel lets SCTP peers change their addresses (ADD-IP), which ends their associations; switch that "
		    "off: sysctl net.sctp.addip_enable=0");
	}
}
