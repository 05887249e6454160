/* adm_control_page.h - the page of the control protocol, docs/dev/control.md, made from the rows of
 * commands, arguments and replies. */
#pragma once
#include <stdio.h>

void adm_control_page(FILE *f);
