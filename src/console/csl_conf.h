/* csl_conf.h - the configuration of mtc-iwf-console: a small YAML file, read by the table-driven
 * reader. */
#pragma once
#include "conf/cfg_schema.h"

#define CSL_HOSTS_MAX 8
#define CSL_SOCKET_MAX 108 /* of an AF_UNIX address, with the NUL */
#define CSL_CERTIFICATES_MAX 256
#define CSL_MATCH_MAX 512
#define CSL_PERSON_MAX 64

enum csl_sandbox { CSL_SANDBOX_OFF, CSL_SANDBOX_PREFER, CSL_SANDBOX_REQUIRE };

struct csl_listen {
	char address[CFG_ADDRESS_MAX];
	uint16_t port;
};

struct csl_listen_tls {
	bool enabled;
	char address[CFG_ADDRESS_MAX];
	uint16_t port;
	char certificate[CFG_PATH_MAX], key[CFG_PATH_MAX], client_ca[CFG_PATH_MAX];
};

struct csl_certificate { /* one entry: whose a client certificate is */
	char match[CSL_MATCH_MAX];
	char person[CSL_PERSON_MAX];
	int role; /* enum ctl_role */
};

struct csl_limits {
	uint32_t connections, links, sessions, sessions_per_person, threads, hss_checks, hss_checks_per_person;
	uint64_t import_max, answer_max;
};

struct csl_timers {
	uint64_t link_ms, idle_ms, session_ms, answer_ms, connection_ms;
};

struct csl_conf {
	struct csl_listen listen;
	struct csl_listen_tls listen_tls;
	struct csl_certificate certificates[CSL_CERTIFICATES_MAX];
	size_t certificates_n;
	char hosts[CSL_HOSTS_MAX][CFG_HOST_MAX];
	size_t hosts_n;
	char control[CSL_SOCKET_MAX], login[CSL_SOCKET_MAX];
	struct csl_limits limits;
	struct csl_timers timers;
	int sandbox;   /* enum csl_sandbox */
	int log_level; /* enum log_level */
};

extern const struct cfg_row csl_conf_rows[];

/* Reads and checks the file. ERR_INVAL, ERR_IO, ERR_LIMIT, ERR_NOMEM: the reasons are in `why`. */
ERR_MUST_USE int csl_conf_load(struct csl_conf *out, const char *path, struct report *why);
