/* csl_conf.c - the rows of the configuration, and the checks that span several. */
#include "console/csl_conf.h"

#include <string.h>

#include "base/log.h"
#include "console/csl_cert.h"

static const struct cfg_word levels[] = { { "error", LOG_LEVEL_ERROR },
					  { "warn", LOG_LEVEL_WARN },
					  { "info", LOG_LEVEL_INFO },
					  { "debug", LOG_LEVEL_DEBUG },
					  { NULL, 0 } };
static const struct cfg_word sandboxes[] = {
	{ "require", CSL_SANDBOX_REQUIRE }, { "prefer", CSL_SANDBOX_PREFER }, { "off", CSL_SANDBOX_OFF }, { NULL, 0 }
};

static const struct cfg_row listen_rows[] = {
	CFG_ADDRESS("address", struct csl_listen, address, "127.0.0.1",
		    "address that browsers connect to; without encryption only a loopback address is allowed"),
	CFG_PORT("port", struct csl_listen, port, 0, "8640", "its TCP port; 0: one that the kernel chooses"),
	CFG_END,
};

static const struct cfg_row listen_tls_rows[] = {
	CFG_BOOL("enabled", struct csl_listen_tls, enabled, "no", "whether browsers may also connect by HTTPS"),
	CFG_ADDRESS("address", struct csl_listen_tls, address, "127.0.0.1",
		    "address of HTTPS; one of another machine's reach needs the name that browsers use in hosts"),
	CFG_PORT("port", struct csl_listen_tls, port, 0, "8643", "its TCP port; 0: one that the kernel chooses"),
	CFG_FILE("certificate", struct csl_listen_tls, certificate, "", "PEM chain of the console, its own certificate first"),
	CFG_FILE("key", struct csl_listen_tls, key, "",
		 "PEM private key of the certificate; only the user of the console may be able to read it"),
	CFG_FILE("client_ca", struct csl_listen_tls, client_ca, "",
		 "PEM certificates of the CAs that issue client certificates; empty: none is asked for, and links log in"),
	CFG_END,
};

static const struct cfg_word roles[] = {
	{ "read", CTL_ROLE_READ }, { "operate", CTL_ROLE_OPERATE }, { "admin", CTL_ROLE_ADMIN }, { NULL, 0 }
};

static const struct cfg_row certificates_rows[] = {
	CFG_STRING(
	    "match", struct csl_certificate, match, 1, NULL,
	    "what the certificate has: sha256:FINGERPRINT, subject:NAME by RFC 4514, or email:, dns: or uri: with one of its "
	    "alternative names; compared whole"),
	CFG_STRING("person", struct csl_certificate, person, 1, NULL, "name of the person in logs and the audit"),
	CFG_WORD("role", struct csl_certificate, role, roles, NULL,
		 "role of the person: read, operate or admin; mtc-iwfd gives at most control.console_certificates"),
	CFG_END,
};

static const struct cfg_row limits_rows[] = {
	CFG_U32("connections", struct csl_limits, connections, 16, 65536, "1200",
		"connections of browsers; more wait until others end"),
	CFG_U32("threads", struct csl_limits, threads, 1, 64, "4", "requests that are answered at the same time"),
	CFG_U32("links", struct csl_limits, links, 1, 1024, "32", "links that are not used yet; more are refused"),
	CFG_U32("sessions", struct csl_limits, sessions, 1, 1024, "64", "sessions of all persons; more are refused"),
	CFG_U32("sessions_per_person", struct csl_limits, sessions_per_person, 1, 1024, "8",
		"sessions of one person; one more ends the one that was idle longest. As many links: one more ends the oldest"),
	CFG_U32("hss_checks", struct csl_limits, hss_checks, 1, 16, "4",
		"questions 'may it trigger?' that wait for the HSS at the same time; more are refused. Each holds a place at the "
		"control socket of mtc-iwfd"),
	CFG_U32("hss_checks_per_person", struct csl_limits, hss_checks_per_person, 1, 16, "1", "of them of one person"),
	CFG_U64("import_max", struct csl_limits, import_max, 1024, 1073741824, "67108864",
		"bytes of a file that a browser may import; it is kept in memory while the import runs"),
	CFG_U64("answer_max", struct csl_limits, answer_max, 65536, 67108864, "2097152",
		"bytes of one answer of mtc-iwfd that is shown; a longer one is refused with the advice to narrow the question"),
	CFG_END,
};

static const struct cfg_row timers_rows[] = {
	CFG_DURATION("link", struct csl_timers, link_ms, 1000, 3600000, "60s", "time in which a link has to be used"),
	CFG_DURATION("idle", struct csl_timers, idle_ms, 1000, 86400000, "15m",
		     "a session ends when its person has done nothing for this long"),
	CFG_DURATION("session", struct csl_timers, session_ms, 1000, 604800000, "8h",
		     "a session ends after this time in any case"),
	CFG_DURATION("answer", struct csl_timers, answer_ms, 100, 600000, "10s", "time that mtc-iwfd has for an answer"),
	CFG_DURATION(
	    "connection", struct csl_timers, connection_ms, 1000, 600000, "30s",
	    "a connection that sends and takes nothing for this long is closed, and one without a session that has not sent its "
	    "request or not taken its answer by then"),
	CFG_END,
};

const struct cfg_row csl_conf_rows[] = {
	CFG_SECTION("listen", struct csl_conf, listen, listen_rows, "", "where browsers connect"),
	CFG_SECTION("listen_tls", struct csl_conf, listen_tls, listen_tls_rows, "", "HTTPS, for log-in by client certificate"),
	CFG_LIST("certificates", struct csl_conf, certificates, certificates_n, certificates_rows, 0, "",
		 "whose a client certificate is; one that matches no entry, or entries of two persons, logs nobody in"),
	CFG_TEXTS("hosts", CFG_T_HOST, struct csl_conf, hosts, hosts_n, 0, "",
		  "further host names under which the console is reached, as through a proxy; a request for any other name is "
		  "refused"),
	CFG_STRING("control", struct csl_conf, control, 1, "/run/mtc-iwf/ctl.sock", "control socket of mtc-iwfd"),
	CFG_STRING("login", struct csl_conf, login, 1, "/run/mtc-iwf-console/login.sock",
		   "socket at which 'mtcctl console' asks for a link"),
	CFG_SECTION("limits", struct csl_conf, limits, limits_rows, "", "bounds"),
	CFG_SECTION("timers", struct csl_conf, timers, timers_rows, "", "times"),
	CFG_WORD("sandbox", struct csl_conf, sandbox, sandboxes, "require",
		 "whether the process confines itself: require, prefer (a warning where that cannot be had) or off"),
	CFG_WORD("log_level", struct csl_conf, log_level, levels, "info", "messages on standard error"),
	CFG_END,
};

/* What is sent without encryption stays on this machine. */
static bool loopback(const char *address)
{
	return !strncmp(address, "127.", 4) || !strcmp(address, "::1");
}

static int check_tls(const struct csl_conf *c, const struct cfg_lines *l, struct report *why)
{
	const struct csl_listen_tls *t = &c->listen_tls;

	if (!cfg_sound(l, "listen_tls") || !t->enabled) {
		return 0;
	}
	if (!*t->certificate || !*t->key) {
		return cfg_wrong(why, l, cfg_line(l, "listen_tls"), "listen_tls needs certificate and key");
	}
	if (t->port && t->port == c->listen.port && !strcmp(t->address, c->listen.address)) {
		return cfg_wrong(why, l, cfg_line(l, "listen_tls.port"), "listen_tls and listen have the same address and port");
	}
	if ((!strcmp(t->address, "0.0.0.0") || !strcmp(t->address, "::")) && !c->hosts_n) {
		return cfg_wrong(why, l, cfg_line(l, "listen_tls.address"),
				 "listen_tls.address is every address, so hosts has to name what browsers use");
	}
	if (!*t->client_ca != !c->certificates_n) {
		return cfg_wrong(why, l, cfg_line(l, "listen_tls"),
				 *t->client_ca ? "listen_tls.client_ca is set, but certificates names nobody"
					       : "certificates are listed, but listen_tls.client_ca is missing");
	}
	return 0;
}

static int check_certificates(const struct csl_conf *c, const struct cfg_lines *l, struct report *why)
{
	int err = 0;

	for (unsigned i = 0; cfg_sound(l, "certificates") && i < c->certificates_n; i++) {
		const struct csl_certificate *one = &c->certificates[i];

		if (csl_cert_match_check(one->match)) {
			err = cfg_wrong(
			    why, l, cfg_line(l, "certificates[%u].match", i),
			    "certificates[%u].match is '%.80s', expected sha256: and 64 hexadecimal digits, or subject:, "
			    "email:, dns: or uri: and a name",
			    i, one->match);
		}
		if (!ctl_name_ok(one->person)) {
			err = cfg_wrong(why, l, cfg_line(l, "certificates[%u].person", i),
					"certificates[%u].person is '%s', expected a name as accounts have", i, one->person);
		}
		for (unsigned k = 0; k < i; k++) {
			if (csl_cert_match_same(one->match, c->certificates[k].match)) {
				err = cfg_wrong(why, l, cfg_line(l, "certificates[%u].match", i),
						"certificates[%u] and certificates[%u] match the same", k, i);
			}
		}
	}
	if (cfg_sound(l, "certificates") && c->certificates_n && !c->listen_tls.enabled) {
		cfg_warn(why, l, cfg_line(l, "certificates"), "certificates are listed, but listen_tls is not enabled");
	}
	return err;
}

static int check(const struct csl_conf *c, const struct cfg_lines *l, struct report *why)
{
	int err = 0;

	if (cfg_sound(l, "listen.address") && !loopback(c->listen.address)) {
		err = cfg_wrong(why, l, cfg_line(l, "listen.address"),
				"listen.address is '%s', expected a loopback address: what the console sends is not encrypted; "
				"reach it through an SSH tunnel, a proxy with TLS whose name is in hosts, or listen_tls",
				c->listen.address);
	}
	if (cfg_sound(l, "timers") && c->timers.idle_ms > c->timers.session_ms) {
		err = cfg_wrong(why, l, cfg_line(l, "timers.idle"), "timers.idle is longer than timers.session");
	}
	if (cfg_sound(l, "limits") && c->limits.hss_checks < c->limits.hss_checks_per_person) {
		err = cfg_wrong(why, l, cfg_line(l, "limits.hss_checks_per_person"),
				"limits.hss_checks_per_person is larger than limits.hss_checks");
	}
	if (cfg_sound(l, "limits") && c->limits.connections < c->limits.threads) {
		err = cfg_wrong(why, l, cfg_line(l, "limits.threads"), "limits.threads is larger than limits.connections");
	}
	if (check_tls(c, l, why)) {
		err = ERR_INVAL;
	}
	if (check_certificates(c, l, why)) {
		err = ERR_INVAL;
	}
	return err;
}

int csl_conf_load(struct csl_conf *out, const char *path, struct report *why)
{
	struct cfg_lines *lines = NULL;
	int err = cfg_read_file(out, sizeof *out, csl_conf_rows, path, &lines, why);

	if (lines) {
		int checked = check(out, lines, why);

		err = err ? err : checked;
	}
	cfg_lines_free(lines);
	return err;
}
