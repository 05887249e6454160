/* scs_option_rows.c - what each option of mtc-scs means, and the help made of it. */
#include "nodes/scs/scs_option_rows.h"

#include <stdio.h>

#include "base/exit_codes.h"
#include "nodes/scs/scs_options.h"

const struct opt scs_option_rows[] = {
	{ OPT_CONNECT, 0, "connect", "ADDRESS:PORT", "the gateway; numeric, 192.0.2.1:5868 or [2001:db8::1]:5868. Required" },
	{ OPT_TLS, 0, "tls", NULL, "mutual TLS; the default" },
	{ OPT_PLAIN, 0, "plain", NULL, "no protection, for laboratories" },
	{ OPT_SCTP, 0, "sctp", NULL, "SCTP in place of TCP; with --plain and --local" },
	{ OPT_LOCAL, 0, "local", "ADDRESS", "sctp: an address of ours; repeatable. Required with --sctp" },
	{ OPT_MORE, 0, "more", "ADDRESS", "sctp: a further address of the gateway; repeatable" },
	{ OPT_UDP_PORT, 0, "udp-port", "N",
	  "sctp: in user space, inside UDP, to this port of the gateway; with one --local (SCTP of the kernel)" },
	{ OPT_CERT, 0, "cert", "FILE", "our certificate chain (PEM, leaf first). Required with TLS" },
	{ OPT_KEY, 0, "key", "FILE", "private key of the certificate (PEM). Required with TLS" },
	{ OPT_CA, 0, "ca", "FILE", "CA of the gateway's certificate (PEM); repeatable. Required with TLS" },
	{ OPT_ANCHOR, 0, "anchor", "FILE", NULL },
	{ OPT_KEYLOG, 0, "keylog", "FILE", "append the TLS secrets to FILE, to decode captures" },
	{ OPT_ORIGIN_HOST, 0, "origin-host", "HOST",
	  "our Origin-Host, as provisioned at the gateway and named in the certificate. Required" },
	{ OPT_REALM, 0, "realm", "REALM", "our Origin-Realm, as provisioned at the gateway. Required" },
	{ OPT_IWF_HOST, 0, "iwf-host", "HOST", "the gateway's Origin-Host, also the name in its certificate. Required" },
	{ OPT_IWF_REALM, 0, "iwf-realm", "REALM", "the gateway's realm (its host without the first label)" },
	{ OPT_CONNECT_WAIT, 0, "connect-wait", "S", "seconds until the connection must be open (10)" },
	{ OPT_ANSWER_WAIT, 0, "answer-wait", "S", "seconds to wait for an answer (30)" },
	{ OPT_IDENTITY, 0, "scs-identity", "DIGITS", "our E.164 number (not sent: the gateway knows it)" },
	{ OPT_DEVICE, 0, "device", "ID", "the device by External-Identifier: meter-7@a.example" },
	{ OPT_DEVICES, 0, "devices", "FIRST-LAST", "with --count: numbers that replace {} in --device, in turn" },
	{ OPT_MSISDN, 0, "msisdn", "DIGITS", "the device by MSISDN, 5 to 15 digits without +" },
	{ OPT_PAYLOAD, 0, "payload", "TEXT", "payload for the device, as text" },
	{ OPT_PAYLOAD_HEX, 0, "payload-hex", "HEX", "payload as hex digits" },
	{ OPT_PAYLOAD_FILE, 0, "payload-file", "FILE", "payload from a file" },
	{ OPT_PORT, 0, "port", "N", "application port on the device, 0 to 65535 (none)" },
	{ OPT_VALIDITY, 0, "validity", "S", "seconds for which the trigger is valid (3600)" },
	{ OPT_PRIORITY, 0, "priority", NULL, "send a priority trigger" },
	{ OPT_REFERENCE, 0, "reference", "N", "Reference-Number of the trigger (random). recall: the trigger to recall" },
	{ OPT_OLD_REFERENCE, 0, "old-reference", "N", "replace: Reference-Number of the trigger to replace" },
	{ OPT_WAIT, 0, "wait", "S", "wait S seconds for the delivery report (do not wait)" },
	{ OPT_COUNT, 0, "count", "N", "load: send N requests with rising Reference-Numbers, then print a summary" },
	{ OPT_WINDOW, 0, "window", "N", "load: requests outstanding at the same time (1)" },
	{ OPT_RATE, 0, "rate", "N", "load: at most N requests per second (as fast as answers come)" },
	{ OPT_RESEND, 0, "resend", "N", "resend unanswered requests up to N times, with the T flag; reconnect if needed (0)" },
	{ OPT_STAMP, 0, "stamp", NULL, "append the Reference-Number to the payload, as 8 hex digits" },
	{ OPT_STATE, 0, "state", "FILE", "listen: remember in FILE which reports were printed" },
	{ OPT_UNCHECKED, 0, "unchecked", NULL, "send device and payload unchecked; for tests of a gateway" },
	{ OPT_JSON, 0, "json", NULL, "no effect: standard output is always JSON" },
	{ OPT_VERBOSE, 0, "verbose", NULL, "print each request too; load: each answer; listen: each duplicate" },
	{ OPT_DEBUG, 0, "debug", NULL, "log on standard error what the connection does" },
	{ OPT_HELP, 'h', "help", NULL, "print this text" },
	{ OPT_VERSION, 0, "version", NULL, "print name and version" },
	{ 0 },
};

void scs_options_help(void)
{
	printf(
	    "usage: mtc-scs trigger|replace|recall|listen OPTIONS\n\n"
	    "mtc-scs is a test client that plays an application provider's server (SCS, services capability server). It asks an\n"
	    "MTC-IWF to wake up a device, over Tsp (TS 29.368).\n"
	    "\n"
	    "Commands:\n"
	    "  trigger   send a device trigger              replace   replace a pending trigger\n"
	    "  recall    cancel a pending trigger           listen    stay connected and print each delivery report once\n"
	    "\n"
	    "Options (default in parentheses):\n");
	opts_help(stdout, scs_option_rows);
	printf("\n"
	       "Examples. Put the connection into a variable first; your "
	       "names must be provisioned at the gateway (mtcctl scs add):\n"
	       "  ME='--connect 127.0.0.1:5868 --ca operator.pem --cert "
	       "acme.pem --key acme.key --origin-host scs.acme.example\n"
	       "      --realm acme.example --iwf-host iwf.operator.example'\n"
	       "Wake up a meter, and wait ten seconds for the report:\n"
	       "  mtc-scs trigger $ME --device meter-7@a.example --payload 'wake up' --port 16001 --wait 10\n"
	       "  {\"event\":\"answer\",\"reference\":41,\"result_code\":2001,\"request_status\":\"SUCCESS\",...}\n"
	       "  {\"event\":\"report\",\"reference\":41,\"delivery_outcome\":\"SUCCESS\",...}\n"
	       "A device by its number, a binary payload, valid for a day, a Reference-Number of your choice; then cancel it:\n"
	       "  mtc-scs trigger $ME --msisdn 491700000007 --payload-hex 00ff10 --validity 86400 --reference 7\n"
	       "  mtc-scs recall $ME --msisdn 491700000007 --reference 7\n"
	       "Print every report, each one once, also after a restart:\n"
	       "  mtc-scs listen $ME --state reports.state\n"
	       "Load: 10000 triggers to 100 devices in turn, 64 outstanding at the same time:\n"
	       "  mtc-scs trigger $ME --device 'meter-{}@a.example' --devices 1-100 --payload x --count 10000 --window 64\n"
	       "\n"
	       "Standard output has one JSON object a line. Errors and warnings are on standard error.\n");
	printf("\n");
	exit_codes_help(stdout, EXIT_OF_SCS);
	printf("What to do next:\n"
	       "  3  on the gateway, 'mtcctl assoc check SCS DEVICE' names the rule\n"
	       "  4  compare --ca, --cert and --origin-host with 'mtcctl scs show SCS'\n"
	       "  6  run 'mtc-scs listen'\n"
	       "\n"
	       "Every option and event in detail: man mtc-scs.\n");
}
