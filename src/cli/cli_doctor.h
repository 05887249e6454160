/* cli_doctor.h - the parts of `doctor`, for src/cli only. */
#pragma once
#include "cli/cli_command.h"
#include "ctl/ctl_client.h"
#include "doctor/doc_report.h"

/* Shows the findings, what is wrong first, for a person or as JSON lines. `code` is an exit code
 * that stays if it is not CLI_OK. Returns the exit code: CLI_NO when something is wrong. */
int cli_doctor_show(const struct cli_session *s, const struct doc_report *r, int code);

struct cli_doctor {
	const struct cli_session *session;
	struct ctl_client *client;          /* NULL: the gateway does not answer, */
	char no_client[CTL_CLIENT_WHY_MAX]; /* because of this */
	const char *config;
	struct doc_report report;
};

/* Asks the gateway. Takes args. Returns the rows of the reply, or with `last` its last line; owned
 * by the caller. NULL: it refused, or it does not answer, and then `client` is NULL. */
json_t *cli_doctor_ask(struct cli_doctor *d, const char *cmd, json_t *args, bool last);
/* A member that is a text; "" when it is not there. */
const char *cli_doctor_text(const json_t *row, const char *member);
/* The first row in which one of the members (NULL ends them) is this text, ASCII case ignored;
 * borrowed. NULL: none. */
json_t *cli_doctor_row(const json_t *rows, const char *const *members, const char *text);

#define CLI_DOCTOR_PROBE_MS 2000u

struct cfg_iwf;
struct cfg_peer;
/* cli_doctor_net.c: addresses, ports and names of the configuration. `status`: the reply of
 * `status`; NULL: the gateway does not answer. */
void cli_doctor_net(struct cli_doctor *d, const struct cfg_iwf *cfg, const json_t *status);
/* What DNS says about a peer to which there is no connection. `reached`: something answers at its
 * address. */
void cli_doctor_peer_name(struct cli_doctor *d, const struct cfg_peer *peer, bool reached);
/* cli_doctor_scs.c: an SCS by its row of scs.show. `status`: the reply of `status`, which names the
 * decision log. */
void cli_doctor_scs(struct cli_doctor *d, const json_t *row, const json_t *status);
/* A Diameter host that is no SCS's: whether a connection with it was refused. False: nothing was
 * said. */
bool cli_doctor_stranger(struct cli_doctor *d, const char *name, const json_t *status);
