/* csl_manual.c - words around the keys. */
#include "console/csl_manual.h"

#include "conf/cfg_manual.h"
#include "console/csl_conf.h"

static const char before[] =
    ".\\\" Made from the rows of src/console/csl_conf.c: ninja \\-C build manuals\n"
    ".TH MTC\\-IWF\\-CONSOLE 1 \"\" \"mtc\\-iwf\" \"mtc-iwf manual\"\n"
    ".SH NAME\n"
    "mtc\\-iwf\\-console \\- web console of mtc\\-iwfd\n"
    ".SH SYNOPSIS\n"
    ".B mtc\\-iwf\\-console \\-c\n"
    ".I FILE\n"
    ".RB [ \\-t ]\n"
    ".SH DESCRIPTION\n"
    ".B mtc\\-iwf\\-console\n"
    "serves a web page that shows a running mtc\\-iwfd and lets operators change it. It is a process of its own with a user\n"
    "of its own. It has no network but the connections of browsers, reads no state of the gateway, and asks mtc\\-iwfd over\n"
    "its control socket. docs/user/console.md shows the pages.\n"
    ".SS Log\\-in\n"
    ".B mtcctl console\n"
    "prints a link. The kernel tells the console who asked; the role follows from the groups of that process. A link works\n"
    "once, for a short time. The session ends by log\\-out, when its person has done nothing for a while, and at the latest\n"
    "after its longest time. A page that only follows the gateway does not keep a session alive.\n"
    ".PP\n"
    "Over HTTPS\n"
    ".RB ( listen_tls )\n"
    "a client certificate logs in, too: one of a CA in\n"
    ".B client_ca\n"
    "that an entry of\n"
    ".B certificates\n"
    "says is a person's. Its session works with this certificate only.\n"
    ".SS Roles\n"
    ".TP\n"
    ".B read\n"
    "sees everything.\n"
    ".TP\n"
    ".B operate\n"
    "may also start and stop peers, cancel triggers and reset quotas.\n"
    ".TP\n"
    ".B admin\n"
    "may also add and delete rules, import files and undo imports.\n"
    ".PP\n"
    "mtc\\-iwfd demands the same roles itself. It takes the name and the role of a person from the user in\n"
    ".B control.console_user\n"
    "of its configuration only, and writes the name into its log, the decision log and the audit with each change.\n"
    ".SH OPTIONS\n"
    ".TP\n"
    ".BI \\-c \" FILE\" \", \\-\\-config \" FILE\n"
    "The configuration file. Required.\n"
    ".TP\n"
    ".BR \\-t \", \" \\-\\-test\n"
    "Check the configuration, print every mistake, then end.\n"
    ".TP\n"
    ".BR \\-h \", \" \\-\\-help \", \" \\-\\-version\n"
    "Print usage with a first run; print name, version and libraries.\n"
    ".SH CONFIGURATION\n"
    "YAML; examples/mtc\\-iwf\\-console.yaml is one. Unknown keys are errors; errors name file and line. Changes need a "
    "restart,\n"
    "which ends the sessions.\n";

static const char after[] =
    ".SH EXIT STATUS\n"
    "0 after SIGTERM, SIGINT or SIGQUIT; 1 if it could not start or continue; 2 for a wrong command line or configuration.\n"
    ".SH FILES\n"
    ".I /etc/mtc\\-iwf\\-console.yaml\n"
    "\\- the configuration of the service.\n"
    ".SH SEE ALSO\n"
    ".BR mtc\\-iwfd (1),\n"
    ".BR mtcctl (1)\n";

void csl_manual_roff(FILE *f)
{
	fputs(before, f);
	cfg_manual_roff(f, csl_conf_rows, NULL);
	fputs(after, f);
}
