/* cfg_iwf_manual.c - the text around the rows in the two pages about the configuration of
 * mtc-iwfd. */
#include "conf/cfg_iwf.h"
#include "conf/cfg_manual.h"

void cfg_iwf_manual_roff(FILE *f)
{
	fputs(
	    ".\\\" Made from the rows of src/conf/cfg_iwf.c: ninja -C build manuals\n"
	    ".TH MTC\\-IWFD.YAML 5 \"\" \"mtc\\-iwf\" \"mtc-iwf manual\"\n"
	    ".SH NAME\n"
	    "mtc\\-iwfd.yaml \\- configuration of mtc\\-iwfd\n"
	    ".SH DESCRIPTION\n"
	    "SCS: services capability server (the server of an application provider), connected by the Diameter interface Tsp; "
	    "HSS: home\n"
	    "subscriber server, interface S6m; SMS\\-SC: short message service centre, interface T4.\n"
	    ".PP\n"
	    "One YAML document: a mapping of the keys below, UTF\\-8, at most 1 MiB, without anchors, aliases and tags.\n"
	    "A byte order mark is ignored. Unknown and repeated keys are errors.\n"
	    "A relative path starts in the directory of the name by which the configuration file was given, also when that is a "
	    "symbolic link;\n"
	    "a configuration that comes through a pipe (/dev/fd/N) needs absolute paths.\n"
	    "A duration is an integer with its unit: 500ms, 5s, 4m, 1h, 7d.\n"
	    ".PP\n"
	    ".B mtc\\-iwfd \\-t \\-c\n"
	    ".I FILE\n"
	    "makes the checks of the start and exits: the file, what spans several keys, directories and rights (those of the\n"
	    "core's user, too, when it is run as root), addresses, certificates, keys and trust anchors.\n"
	    "All errors and warnings are shown in one run, each as one line:\n"
	    ".IR FILE : LINE :\n"
	    "what is wrong, what was expected.\n"
	    ".PP\n"
	    "Checked across keys: names are unique; s6m and t4 name a peer; an external listener has protection; protection "
	    "tls has certificate, key\n"
	    "and a trust anchor, protection none has none of them, protection ndsip has the section ndsip, a port and an "
	    "address\n"
	    "of its own; transport sctp has named addresses of ours and protection ndsip, or none with zone internal; "
	    "the internal identity is not the external one; two listeners "
	    "do "
	    "not have one\n"
	    "address and port, however the address is written; control.path fits into a socket address (107 bytes).\n"
	    ".SH KEYS\n",
	    f);
	cfg_manual_roff(f, cfg_iwf_rows());
	fputs(".SH SEE ALSO\n"
	      ".BR mtc\\-iwfd (1),\n"
	      ".BR mtcctl (1)\n",
	      f);
}

void cfg_iwf_manual_markdown(FILE *f)
{
	fputs(
	    "<!-- Made from the rows of src/conf/cfg_iwf.c: ninja -C build manuals -->\n"
	    "# Configuration of mtc-iwfd\n"
	    "\n"
	    "SCS: services capability server (the server of an application provider), connected by the Diameter interface Tsp; "
	    "HSS: home "
	    "subscriber\n"
	    "server, interface S6m; SMS-SC: short message service centre, interface T4. Other abbreviations: "
	    "[glossary](../dev/glossary.md).\n"
	    "\n"
	    "One YAML document, UTF-8, at most 1 MiB, without anchors, aliases and tags; a byte order mark is ignored. Unknown "
	    "and "
	    "repeated keys are\n"
	    "errors. A relative path starts in the directory of the name by which the configuration file was given, also when "
	    "that "
	    "is a symbolic link; a\n"
	    "configuration that comes through a pipe (`/dev/fd/N`) needs absolute paths. A duration is an integer with its unit: "
	    "`500ms`, `5s`, `4m`, `1h`,\n"
	    "`7d`.\n"
	    "[examples/mtc-iwfd.yaml](../../examples/mtc-iwfd.yaml) shows every key; start from it.\n"
	    "\n"
	    "Check a file before it is used. The checks are those of the start: the file, what spans several keys, directories "
	    "and "
	    "rights (those of the core's user, too,\n"
	    "when it is run as root), addresses, certificates, keys and trust anchors. All errors and warnings are shown in one "
	    "run; "
	    "each names file and\n"
	    "line, what is wrong and what was expected:\n"
	    "\n"
	    "```\n"
	    "$ mtc-iwfd -t -c mtc-iwfd.yaml\n"
	    "mtc-iwfd: /etc/mtc-iwf/mtc-iwfd.yaml:22: listener 'tsp' is external without protection, expected protection tls, "
	    "ndsip or tls+ndsip\n"
	    "mtc-iwfd: warning: /etc/mtc-iwf/mtc-iwfd.yaml:27: key '/etc/mtc-iwf/iwf.key' has mode 0644, so others may read it; "
	    "0600 "
	    "is expected\n"
	    "```\n"
	    "\n"
	    "Checked across keys: names are unique; `s6m` and `t4` name a peer; an external listener has protection; "
	    "protection `tls` has\n"
	    "certificate, key and a trust anchor, protection `none` has none of them, protection `ndsip` has the section "
	    "`ndsip`, a port and an\n"
	    "address of its own; transport `sctp` has named addresses of ours and protection `ndsip`, or `none` with `zone: internal`; "
	    "the internal identity is not the "
	    "external one; two listeners do\n"
	    "not have one address and port, however the address is written; `control.path` fits into a socket address (107 "
	    "bytes).\n"
	    "\n"
	    "## Top level\n",
	    f);
	cfg_manual_markdown(f, cfg_iwf_rows());
}
