/* asc_why.c - the words of a refusal. */
#include "assoc/asc_why.h"

#include <stdarg.h>
#include <stdio.h>

int asc_refuse(struct asc_why *why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof why->text, fmt, ap);
	va_end(ap);
	return err;
}
