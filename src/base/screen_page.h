/* screen_page.h - the page of the screening rows, docs/user/screening.md, made from the rows. */
#pragma once
#include <stdio.h>

void screen_page(FILE *f);
