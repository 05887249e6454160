/* csl_query.c - one argument after the other. */
#include "console/csl_query.h"

#include <string.h>

#include "base/obj.h"
#include "base/str.h"
#include "console/csl_command.h"

#define READ_MAGIC 0x9d60b7f4u
struct read {
	struct obj obj;
	struct csl_query *query;
};

static enum MHD_Result on_argument(void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct csl_query *q = OBJ_OF(arg, struct read, READ_MAGIC)->query;

	(void)kind;
	value = value ? value : "";
	if (q->import && !strcmp(key, "kind")) {
		str_cut(q->kind, sizeof q->kind, value);
	} else if (!strcmp(key, "_fields")) {
		str_cut(q->pick.fields, sizeof q->pick.fields, value);
	} else if (!strcmp(key, "_rows")) {
		q->problem = str_parse_u32(&q->pick.rows, value, 1, UINT32_MAX) ? "_rows is wrong, expected a number" : NULL;
	} else {
		q->problem = csl_arg_add(q->args, q->rows, key, value);
	}
	return q->problem ? MHD_NO : MHD_YES;
}

void csl_query_read(struct csl_query *q, struct MHD_Connection *c)
{
	struct read r = { .obj = OBJ(READ_MAGIC), .query = q };

	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, on_argument, &r);
}
