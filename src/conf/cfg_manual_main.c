/* cfg_manual_main.c - the program behind `ninja manuals`: writes one page to standard output. */
#include <string.h>

#include "base/stdfd.h"
#include "conf/cfg_iwf.h"

int main(int argc, char **argv)
{
	if (stdfd_open()) {
		return 1;
	}
	if (argc == 2 && !strcmp(argv[1], "roff")) {
		cfg_iwf_manual_roff(stdout);
	} else if (argc == 2 && !strcmp(argv[1], "markdown")) {
		cfg_iwf_manual_markdown(stdout);
	} else {
		fputs("usage: cfg-manual roff|markdown\n", stderr);
		return 2;
	}
	return stdfd_end("cfg-manual", 0, 1);
}
