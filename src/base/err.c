/* err.c - texts of the error codes of err.h. */
#include "base/err.h"

#include <string.h>

const char *err_str(int err)
{
	switch (err) {
	case 0:
		return "success";
#define ERR_ROW(name, value, words)                                                                                              \
	case name:                                                                                                               \
		return words;
		ERR_TABLE(ERR_ROW)
#undef ERR_ROW
	default:
		return "unknown error";
	}
}

const char *err_str_beside(int err, const char *reason)
{
	return strstr(reason, err_str(err)) ? "" : err_str(err);
}
