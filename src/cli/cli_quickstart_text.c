/* cli_quickstart_text.c - the texts of `mtcctl quickstart`: a configuration with comments, the
 * lines for openssl, and the commands of a first trigger. A table. */
#include "cli/cli_quickstart.h"

#include <string.h>

#define SCS_E164 "491720000001"
#define DEVICE "meter-7@fleet.example"

static const char iwfd_text[] =
    "# mtc-iwfd.yaml - a trial of the MTC-IWF on one machine, written by 'mtcctl quickstart'.\n"
    "#\n"
    "# Check it with      mtc-iwfd -t -c mtc-iwfd.yaml\n"
    "# Every key          man mtc-iwfd.yaml, docs/user/configuration.md\n"
    "# For your network   docs/user/hss-and-smssc.md: what to change here, and what HSS and SMS-SC need\n"
    "#\n"
    "# Relative paths start at the directory of this file. A key that is left out has its default.\n"
    "\n"
    "# Who we are: Diameter host and realm. Application servers (SCSs) see the first pair, HSS and SMS-SC the second.\n"
    "# The certificate of the listener below must have the external host as dNSName.\n"
    "identity:\n"
    "  external: { host: iwf.operator.example, realm: operator.example }\n"
    "  internal: { host: iwf.core.operator.example, realm: core.operator.example }\n"
    "\n"
    "# Accepted triggers and the rules who may trigger what. Back it up with 'mtcctl backup DIR'.\n"
    "state_dir: state\n"
    "\n"
    "# mtcctl connects here: export MTC_CTL=$PWD/ctl.sock\n"
    "control: { path: ctl.sock }\n"
    "\n"
    "# One line for each decision. 'tail -f decisions.jsonl' while you try.\n"
    "log: { level: info, decisions: decisions.jsonl }\n"
    "\n"
    "# Started as root, each kind of process should be a user of its own. The packages make these three:\n"
    "# users: { core: mtc-iwf-core, edge: mtc-iwf-edge, keyholder: mtc-iwf-keys }\n"
    "\n"
    "# Processes that take connections. One is enough for a trial.\n"
    "edges: 1\n"
    "\n"
    "# CAs of application providers. A certificate must come from the CA that 'mtcctl scs add --anchor' names for that\n"
    "# SCS, never merely from one of these. In production each gets its revocation list: crl: [ anchor-a.crl ]\n"
    "trust_anchors:\n"
    "  - { name: anchor-a, file: pki/anchor-a.pem }\n"
    "\n"
    "# Where SCSs connect (Tsp). 127.0.0.1 is reached from this machine only; the port of Diameter over TLS is 5868.\n"
    "listen:\n"
    "  - name: tsp\n"
    "    zone: external\n"
    "    protection: tls\n"
    "    address: 127.0.0.1\n"
    "    port: @PORT@\n"
    "    certificate: pki/iwf.pem\n"
    "    key: pki/iwf.key\n"
    "\n"
    "# The nodes of our own network. Here they are mtc-hss and mtc-smssc of the laboratory, in clear on this machine.\n"
    "peers:\n"
    "  - name: hss\n"
    "    host: hss.core.operator.example\n"
    "    realm: core.operator.example\n"
    "    address: 127.0.0.1\n"
    "    port: @HSS_PORT@\n"
    "    protection: none\n"
    "  - name: smssc\n"
    "    host: smssc.core.operator.example\n"
    "    realm: core.operator.example\n"
    "    address: 127.0.0.1\n"
    "    port: @SMSSC_PORT@\n"
    "    protection: none\n"
    "\n"
    "# Which of them is asked about subscribers (S6m) ...\n"
    "s6m: { peer: hss, destination_realm: core.operator.example }\n"
    "# ... and which one takes triggers (T4).\n"
    "t4: { peer: smssc, destination_realm: core.operator.example }\n"
    "\n"
    "# A peer that is not there is tried again after this time. The default, 30 s, suits a network better.\n"
    "timers: { reconnect: 1s }\n";

static const char hss_text[] =
    "# mtc-hss.yaml - the HSS of the trial: who the subscribers are, and which SCS may trigger them. Every key: man mtc-hss\n"
    "identity: { host: hss.core.operator.example, realm: core.operator.example }\n"
    "listen: { address: 127.0.0.1, port: @HSS_PORT@, protection: none }\n"
    "subscribers: subscribers.jsonl      # read again on SIGHUP; every key: docs/user/subscribers.md\n"
    "allowed_hosts: [ iwf.core.operator.example ]\n";

static const char subscribers_text[] =
    "# One subscriber a line. This one has the external identifier of our device, and allows the E.164 number of SCS acme.\n"
    "{\"imsi\":\"001010000000007\",\"msisdn\":\"491700000007\",\"external_identifiers\":[\"" DEVICE "\"],"
    "\"services\":[\"device-trigger\"],\"allowed_scs\":[\"" SCS_E164 "\"],"
    "\"registered\":{\"mme\":{\"name\":\"mme.core.operator.example\",\"realm\":\"core.operator.example\","
    "\"number\":\"491770000001\"}}}\n";

static const char smssc_text[] =
    "# mtc-smssc.yaml - the SMS-SC of the trial: it keeps triggers and delivers them to mtc-ue. Every key: man mtc-smssc\n"
    "identity: { host: smssc.core.operator.example, realm: core.operator.example }\n"
    "listen: { address: 127.0.0.1, port: @SMSSC_PORT@, protection: none }\n"
    "allowed_hosts: [ iwf.core.operator.example ]\n"
    "state_dir: smssc-state\n"
    "ue_socket: ue.sock                  # mtc-ue connects here\n"
    "sc_address: \"491770000000\"\n";

const struct qs_file qs_files[] = {
	{ "mtc-iwfd.yaml", iwfd_text },
	{ "mtc-hss.yaml", hss_text },
	{ "subscribers.jsonl", subscribers_text },
	{ "mtc-smssc.yaml", smssc_text },
	{ NULL, NULL },
};

#define KEY(name_) "openssl ecparam -name prime256v1 -genkey -noout -out " name_ ".key"
#define CA(name_, who_)                                                                                                          \
	"openssl req -x509 -new -sha256 -key " name_ ".key -days 3650 -subj '/O=" who_ "/CN=" who_                               \
	" CA' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out " name_ ".pem"
#define REQUEST(name_, who_, host_) "openssl req -new -key " name_ ".key -subj '/O=" who_ "/CN=" host_ "' -out " name_ ".csr"
#define EXTENSIONS(name_, usage_, host_)                                                                                         \
	"printf 'basicConstraints=critical,CA:FALSE\\nkeyUsage=critical,digitalSignature\\nextendedKeyUsage=" usage_             \
	"\\nsubjectAltName=critical,DNS:" host_ "\\n' > " name_ ".ext"
#define SIGN(name_, ca_, days_)                                                                                                  \
	"openssl x509 -req -sha256 -in " name_ ".csr -CA " ca_ ".pem -CAkey " ca_ ".key -CAcreateserial -days " days_            \
	" -extfile " name_ ".ext -out " name_ ".pem"

const struct qs_line qs_openssl[] = {
	{ "the CA of the application provider acme", KEY("anchor-a") },
	{ NULL, CA("anchor-a", "acme") },
	{ "the certificate of its server (SCS), for its Diameter host", KEY("scs") },
	{ NULL, REQUEST("scs", "acme", "scs.acme.example") },
	{ NULL, EXTENSIONS("scs", "clientAuth", "scs.acme.example") },
	{ NULL, SIGN("scs", "anchor-a", "90") },
	{ "the CA of the operator, which SCSs trust", KEY("operator") },
	{ NULL, CA("operator", "operator") },
	{ "the certificate of the gateway, for its Diameter host", KEY("iwf") },
	{ NULL, REQUEST("iwf", "operator", "iwf.operator.example") },
	{ NULL, EXTENSIONS("iwf", "serverAuth,clientAuth", "iwf.operator.example") },
	{ NULL, SIGN("iwf", "operator", "365") },
	{ NULL, NULL },
};

#define CTL "mtcctl --socket ctl.sock "

const struct qs_step qs_steps[] = {
	{ QS_SERVE, "the HSS", "mtc-hss -c mtc-hss.yaml" },
	{ QS_SERVE, "the SMS-SC", "mtc-smssc -c mtc-smssc.yaml" },
	{ QS_SERVE, "the device", "mtc-ue --link ue.sock --state ue-state --imsi 001010000000007" },
	{ QS_SERVE, "the gateway", "mtc-iwfd -c mtc-iwfd.yaml" },
	{ QS_ASK, "check the configuration", "mtc-iwfd -t -c mtc-iwfd.yaml" },
	{ QS_ASK, "look at the gateway: it is healthy when both peers are open", CTL "status" },
	{ QS_ASK, "who is acme",
	  CTL "scs add acme --e164 " SCS_E164 " --origin-host scs.acme.example --realm acme.example --anchor anchor-a" },
	{ QS_ASK, "which device it may trigger", CTL "assoc add acme " DEVICE },
	{ QS_ASK, "may it? The HSS is asked, too", CTL "assoc check acme " DEVICE " --ask-hss" },
	{ QS_ASK, "the first trigger, as acme's server; it waits for the delivery report",
	  "mtc-scs trigger --connect 127.0.0.1:@PORT@ --ca pki/operator.pem --cert pki/scs.pem --key pki/scs.key "
	  "--origin-host scs.acme.example --realm acme.example --iwf-host iwf.operator.example --device " DEVICE
	  " --payload 'wake up' --port 16001 --reference 1 --wait 10" },
	{ QS_ASK, "what became of it", CTL "triggers show acme 1" },
	{ QS_ASK, NULL, NULL },
};

/* -- places */

static const struct {
	const char *name;
	size_t offset;
} places[] = {
	{ "PORT", offsetof(struct qs_values, port) },
	{ "HSS_PORT", offsetof(struct qs_values, hss_port) },
	{ "SMSSC_PORT", offsetof(struct qs_values, smssc_port) },
};

/* Is a place here? Returns its length with both signs; 0: it is an ordinary '@'. */
static size_t place_length(const char *text)
{
	size_t n = strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

	return n && text[1 + n] == '@' ? n + 2 : 0;
}

static int put_place(FILE *out, const char *text, size_t len, const struct qs_values *v)
{
	uint16_t number;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (strlen(places[i].name) == len - 2 && !strncmp(places[i].name, text + 1, len - 2)) {
			memcpy(&number, (const char *)v + places[i].offset, sizeof number);
			fprintf(out, "%u", (unsigned)number);
			return 0;
		}
	}
	return ERR_INVAL;
}

int qs_expand(FILE *out, const char *text, const struct qs_values *v)
{
	while (*text) {
		size_t plain = strcspn(text, "@"), len;

		fwrite(text, 1, plain, out);
		text += plain;
		len = *text ? place_length(text) : 0;
		if (len && put_place(out, text, len, v)) {
			return ERR_INVAL;
		}
		if (*text && !len) {
			fputc('@', out);
			len = 1;
		}
		text += len;
	}
	return 0;
}
