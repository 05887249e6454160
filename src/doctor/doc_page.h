/* doc_page.h - the page of the causes, docs/user/doctor.md, made from the rows. */
#pragma once
#include <stdio.h>

void doc_page(FILE *f);
