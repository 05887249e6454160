/* asc_read.c - reading rows of devices from LMDB. A row is not copied: it is read in the mapped
 * file. */
#include "assoc/asc_read.h"

#include <string.h>

#include "assoc/asc.h"
#include "assoc/asc_lmdb.h"
#include "assoc/asc_view.h"

int asc_read_row(const struct asc_view *v, const char *device, size_t len, struct rd *row)
{
	uint8_t room[ASC_KEY_MAX];
	MDB_val key = { len + 1, room }, val;
	int rc;

	if (len > ASSOC_DEVICE_TEXT_MAX) {
		return ERR_NOTFOUND;
	}
	room[0] = ASC_ROW_VERSION;
	memcpy(room + 1, device, len);
	rc = mdb_get(v->reader, v->gen->dev, &key, &val);
	if (rc) {
		return rc == MDB_NOTFOUND ? ERR_NOTFOUND : ERR_IO;
	}
	*row = rd_over(val.mv_data, val.mv_size);
	return 0;
}

int asc_read_begin(struct asc_cursor *out, const struct asc_view *v)
{
	int rc = mdb_cursor_open(v->reader, v->gen->dev, &out->at);

	if (rc) {
		out->at = NULL;
	}
	return rc ? kv_err(rc) : 0;
}

int asc_read_next(struct asc_cursor *c, struct rd *key, struct rd *row)
{
	MDB_val k, val;
	int rc = c->at ? mdb_cursor_get(c->at, &k, &val, MDB_NEXT) : MDB_NOTFOUND;

	if (rc) {
		return rc == MDB_NOTFOUND ? ERR_NOTFOUND : ERR_IO;
	}
	*key = rd_over(k.mv_data, k.mv_size);
	*row = rd_over(val.mv_data, val.mv_size);
	return 0;
}

void asc_read_end(struct asc_cursor *c)
{
	if (c->at) {
		mdb_cursor_close(c->at);
	}
	c->at = NULL;
}

int asc_read_count(const struct asc_view *v, uint64_t *n)
{
	MDB_stat stat = { 0 };
	int rc = mdb_stat(v->reader, v->gen->dev, &stat);

	*n = stat.ms_entries;
	return rc ? kv_err(rc) : 0;
}
