/* cfg_iwf_metrics.c - the section `metrics`. */
#include "conf/cfg_iwf_metrics.h"

#include <stdio.h>
#include <string.h>

#include "conf/cfg_iwf.h"
#include "conf/cfg_iwf_check.h"
#include "conf/cfg_place.h"

const struct cfg_row cfg_metrics_rows[] = {
	CFG_BOOL("enabled", struct cfg_metrics, on, "no",
		 "yes: a process of its own answers GET /metrics over HTTP in the text format of Prometheus. It reads what the "
		 "core tells and can change nothing"),
	CFG_ADDRESS(
	    "address", struct cfg_metrics, address, "127.0.0.1",
	    "address to listen on. Whoever reaches it reads the names of SCSs and peers and how much they do: there is no "
	    "log-in and no TLS"),
	CFG_PORT("port", struct cfg_metrics, port, 1, "9868", "port to listen on"),
	CFG_TEXTS(
	    "hosts", CFG_T_HOST, struct cfg_metrics, hosts, hosts_n, 0, "",
	    "host names by which a scrape may ask, besides addresses and localhost. A request for any other name is refused, so "
	    "that a foreign page whose name resolves to this address reads nothing"),
	CFG_DURATION("every", struct cfg_metrics, every_ms, 100, 60000, "1s",
		     "how often the core makes a new snapshot; answers within this time are the same"),
	CFG_U32("scs_max", struct cfg_metrics, scs_max, 0, 10000, "1000",
		"SCSs that have samples of their own, the first ones that connected since the start of the core; all others "
		"together are scs=\"other\""),
	CFG_U32("connections", struct cfg_metrics, connections, 1, 256, "32",
		"connections at the same time; one more takes the place of the oldest that has no answer under way, or else of "
		"the oldest"),
	CFG_DURATION("wait", struct cfg_metrics, wait_ms, 100, 60000, "5s",
		     "how long a connection may take to ask, and to take its answer; a scrape that stands still is ended then"),
	CFG_END,
};

static bool is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

int cfg_metrics_check(const struct cfg_iwf *c, struct report *why)
{
	const struct cfg_metrics *m = &c->metrics;

	if (!m->on || !cfg_sound(c->lines, "metrics")) {
		return 0;
	}
	for (size_t i = 0; i < c->listen_n; i++) {
		const struct cfg_listen *l = &c->listen[i];
		struct cfg_place a = cfg_place_one(l->address), b = cfg_place_one(m->address);

		if (cfg_sound(c->lines, "listen[%zu]", i) && l->transport == TRANSPORT_TCP && l->port == m->port &&
		    (cfg_place_same(&a, &b) || cfg_place_every(&a) || cfg_place_every(&b))) {
			return cfg_wrong(why, c->lines, cfg_line(c->lines, "metrics.port"),
					 "metrics has the address and port of listener '%s', expected another port", l->name);
		}
	}
	if (!is_loopback(m->address)) {
		cfg_warn(
		    why, c->lines, cfg_line(c->lines, "metrics.address"),
		    "metrics.address %s is not only for this machine: whoever reaches it reads the names of SCSs and peers; let "
		    "only the Prometheus server reach it",
		    m->address);
	}
	return 0;
}
