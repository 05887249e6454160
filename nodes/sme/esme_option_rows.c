/* esme_option_rows.c - what each option of mtc-sme means, and the help made of it. */
#include "nodes/sme/esme_option_rows.h"

#include <stdio.h>

#include "nodes/sme/esme_options.h"

const struct opt esme_option_rows[] = {
	{ OPT_CONNECT, 0, "connect", "ADDRESS:PORT", "the SMSC; numeric, 192.0.2.1:3550 or [2001:db8::1]:3550. Required" },
	{ OPT_PLAIN, 0, "plain", NULL, "no TLS: the password can be read on the way" },
	{ OPT_CERT, 0, "cert", "FILE", "our certificate chain (PEM, leaf first). Required with TLS" },
	{ OPT_KEY, 0, "key", "FILE", "private key of the certificate (PEM). Required with TLS" },
	{ OPT_CA, 0, "ca", "FILE", "CA of the SMSC's certificate (PEM); repeatable. Required with TLS" },
	{ OPT_SERVER_NAME, 0, "server-name", "HOST", "name in the certificate of the SMSC. Required with TLS" },
	{ OPT_KEYLOG, 0, "keylog", "FILE", "append the TLS secrets to FILE, to decode captures" },
	{ OPT_SYSTEM_ID, 0, "system-id", "NAME", "our name, as provisioned at the SMSC. Required" },
	{ OPT_PASSWORD_FILE, 0, "password-file", "FILE", "file whose first line is our password" },
	{ OPT_PASSWORD, 0, "password", "TEXT", "our password; other users of this machine can see it" },
	{ OPT_CONNECT_WAIT, 0, "connect-wait", "S", "seconds until we have to be bound (10)" },
	{ OPT_ANSWER_WAIT, 0, "answer-wait", "S", "seconds to wait for an answer (30)" },
	{ OPT_SOURCE, 0, "source", "ADDRESS", "our address: digits, or a name of up to 11 characters (the SMSC's default)" },
	{ OPT_TO, 0, "to", "NUMBER", "number of the device; repeatable: submit_multi. Required for submit" },
	{ OPT_ID, 0, "id", "ID", "cancel, replace, query: message_id of the message" },
	{ OPT_PAYLOAD, 0, "payload", "TEXT", "text of the message, in Latin-1 (data_coding 3)" },
	{ OPT_PAYLOAD_HEX, 0, "payload-hex", "HEX", "content as hex digits (data_coding 4)" },
	{ OPT_PAYLOAD_FILE, 0, "payload-file", "FILE", "content from a file (data_coding 4)" },
	{ OPT_PORT, 0, "port", "N", "application port on the device, 0 to 65535, as a parameter (none)" },
	{ OPT_PORT_IN_HEADER, 0, "port-in-header", NULL, "the port stands in a user data header" },
	{ OPT_DATA_SM, 0, "data-sm", NULL, "send data_sm in place of submit_sm" },
	{ OPT_IN_PAYLOAD, 0, "message-payload", NULL, "content in message_payload; longer than 254 bytes it always is" },
	{ OPT_TRIGGER, 0, "trigger", NULL, "a device trigger: protocol_id 0x48, 8-bit data; we have to have the right to it" },
	{ OPT_PID, 0, "pid", "N", "protocol_id, 0 to 255 (0)" },
	{ OPT_CODING, 0, "data-coding", "N", "data_coding, 0 to 255 (see the payload)" },
	{ OPT_ESM_CLASS, 0, "esm-class", "N", "esm_class, 0 to 255 (0)" },
	{ OPT_VALIDITY, 0, "validity", "S", "seconds for which the message is valid (the SMSC's default)" },
	{ OPT_PRIORITY, 0, "priority", "N", "priority_flag, 0 to 3 (0)" },
	{ OPT_RECEIPT, 0, "receipt", NULL, "ask for a receipt, for 'mtc-sme listen'" },
	{ OPT_WAIT, 0, "wait", "S", "submit: ask for a receipt and wait S seconds for it. listen: end after S seconds (never)" },
	{ OPT_COUNT, 0, "count", "N", "submit: send N messages, then print a summary. listen: end after N" },
	{ OPT_WINDOW, 0, "window", "N", "load: requests outstanding at the same time (1)" },
	{ OPT_RATE, 0, "rate", "N", "load: at most N messages per second (as fast as answers come)" },
	{ OPT_DEBUG, 0, "debug", NULL, "log on standard error what the connection does" },
	{ OPT_HELP, 'h', "help", NULL, "print this text" },
	{ OPT_VERSION, 0, "version", NULL, "print name and version" },
	{ 0 },
};

void esme_options_help(void)
{
	printf("usage: mtc-sme submit|cancel|replace|query|listen OPTIONS\n"
	       "\n"
	       "mtc-sme is a test client that plays an application which sends "
	       "short messages (SME, short message entity). It submits to an\n"
	       "SMSC over SMPP 3.4, such as mtc-smssc.\n"
	       "\n"
	       "Commands:\n"
	       "  submit    send a message                   cancel    cancel a message that is not delivered yet\n"
	       "  query     ask for the state of a message   replace   replace the text of such a message\n"
	       "  listen    print receipts and messages that arrive\n"
	       "\n"
	       "Options (default in parentheses):\n");
	opts_help(stdout, esme_option_rows);
	printf("\n"
	       "Examples. Put the connection into a variable first; the name "
	       "must be provisioned at the SMSC (smes.list of mtc-smssc):\n"
	       "  ME='--connect 127.0.0.1:3550 --ca operator.pem --cert acme.pem "
	       "--key acme.key --server-name smssc.core.operator.example\n"
	       "      --system-id acme --password-file secret'\n"
	       "Send a text, and wait ten seconds for the receipt:\n"
	       "  mtc-sme submit $ME --source 4242 --to 491700000001 --payload 'hello' --wait 10\n"
	       "  {\"event\":\"answer\",\"status\":\"ESME_ROK\",\"code\":0,\"message_id\":\"4294967297\"}\n"
	       "  {\"event\":\"receipt\",\"message_id\":\"4294967297\",\"state\":\"DELIVRD\",\"err\":\"000\",...}\n"
	       "Binary data for an application port, valid for a day; ask for its state; cancel it:\n"
	       "  mtc-sme submit $ME --source 4242 --to 491700000001 --payload-hex 00ff10 --port 1000 --validity 86400\n"
	       "  mtc-sme query $ME --source 4242 --id 4294967297\n"
	       "  mtc-sme cancel $ME --source 4242 --id 4294967297\n"
	       "Wake the application on port 16001; at mtc-smssc such an SME has 'scs', and the gateway decides. Replace the "
	       "trigger:\n"
	       "  mtc-sme submit $ME --source 4242 --to 491720000001 --trigger --port 16001 --payload-hex 01 --wait 10\n"
	       "  mtc-sme replace $ME --source 4242 --id 4294967297 --payload-hex 02\n"
	       "Print every receipt that comes:\n"
	       "  mtc-sme listen $ME\n"
	       "Load: 10000 messages, 64 outstanding at the same time:\n"
	       "  mtc-sme submit $ME --source 4242 --to 491700000001 --payload x --count 10000 --window 64\n"
	       "\n"
	       "Standard output has one JSON object a line. Errors and warnings are on standard error.\n"
	       "\n"
	       "Exit status, and what to do next:\n"
	       "  0  accepted; with --wait also delivered\n"
	       "  1  out of memory, or standard output could not be written, or the connection was lost\n"
	       "  2  invalid usage, certificate or file: nothing was sent\n"
	       "  3  refused: status says why\n"
	       "  4  could not connect or bind: compare --system-id, password "
	       "and --cert with smes.list; the log of the SMSC has the reason\n"
	       "  5  the receipt has another state than DELIVRD\n"
	       "  6  no answer or no receipt in time: run 'mtc-sme listen' to receive it later\n"
	       "\n"
	       "Every option and event in detail: man mtc-sme.\n");
}
