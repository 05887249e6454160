/* csl_manual.h - the manual page of mtc-iwf-console; its keys come from the rows. */
#pragma once
#include <stdio.h>

void csl_manual_roff(FILE *f);
