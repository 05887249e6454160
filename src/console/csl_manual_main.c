/* csl_manual_main.c - the program behind `ninja manuals`: writes the page to standard output. */
#include "base/stdfd.h"
#include "console/csl_manual.h"

int main(void)
{
	if (stdfd_open()) {
		return 1;
	}
	csl_manual_roff(stdout);
	return stdfd_end("console-manual", 0, 1);
}
