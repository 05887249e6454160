/* ipc_rec_screen.c - the ring records of the screening. Writing and reading side by side. */
#include "ipc/ipc_rec_io.h"

_Static_assert(SCREEN_ROWS_N <= 32, "a set of rows is a word of 32 bits");

size_t ipc_screen_rule_put(uint8_t *out, uint32_t generation, uint64_t transaction, const struct ipc_screen_rule *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_SCREEN_RULE, generation, transaction);

	assert(in->row < SCREEN_ROWS_N && in->rule.except_n <= SCREEN_EXCEPT_MAX);
	buf_u8(&b, (uint8_t)in->row);
	buf_u8(&b, in->rule.mode);
	buf_le16(&b, in->rule.answer);
	buf_u8(&b, in->rule.except_n);
	for (unsigned i = 0; i < in->rule.except_n; i++) {
		ipc_io_put_text(&b, in->rule.except[i]);
	}
	return ipc_io_end(&b);
}

int ipc_screen_rule_get(struct ipc_screen_rule *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_SCREEN_RULE);
	struct ipc_screen_rule s = { .row = (enum screen_row)ipc_io_u8(&r, 0, SCREEN_ROWS_N - 1) };
	char why[SCREEN_WHY_MAX], name[IDENT_SCS_MAX + 1];
	unsigned n;

	s.rule.mode = ipc_io_u8(&r, SCREEN_ENFORCE, SCREEN_DETECT);
	s.rule.answer = rd_le16(&r);
	n = ipc_io_u8(&r, 0, SCREEN_EXCEPT_MAX);
	for (unsigned i = 0; i < n && !r.bad; i++) {
		ipc_io_text(&r, name, sizeof name, ipc_io_is_name);
		if (!r.bad && (screen_rule_except(&s.rule, name) || strcmp(s.rule.except[i], name) != 0)) {
			r.bad = true; /* the same one again, or not in order */
		}
	}
	if (ipc_io_done(&r) || screen_rule_check(s.row, &s.rule, why)) {
		return ERR_PROTO;
	}
	*out = s;
	return 0;
}

size_t ipc_screen_seen_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_screen_seen *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_SCREEN_SEEN, generation, session);

	buf_le32(&b, in->end_to_end);
	buf_le32(&b, in->rows);
	return ipc_io_end(&b);
}

int ipc_screen_seen_get(struct ipc_screen_seen *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_SCREEN_SEEN);
	struct ipc_screen_seen s = { 0 };

	s.end_to_end = rd_le32(&r);
	s.rows = rd_le32(&r);
	if (ipc_io_done(&r) || !s.rows) {
		return ERR_PROTO;
	}
	for (unsigned i = 0; i < 32; i++) {
		if ((s.rows >> i & 1) && (i >= SCREEN_ROWS_N || screen_row_class((enum screen_row)i) != SCREEN_OPEN)) {
			return ERR_PROTO;
		}
	}
	*out = s;
	return 0;
}
