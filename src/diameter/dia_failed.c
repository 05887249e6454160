/* dia_failed.c - Result-Code, Failed-AVP and answer-message (RFC 6733 7). Nothing here runs for a
 * good message. */
#include "diameter/dia_failed.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "diameter/dia_build.h"
#include "diameter/dia_dict.h"

const char *dia_result_str(uint32_t result_code)
{
	static const struct {
		uint32_t code;
		const char *name;
	} rows[] = {
#define DIA_ROW_(name, value) { value, #name },
		DIA_RESULT_TABLE(DIA_ROW_)
#undef DIA_ROW_
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].code == result_code) {
			return rows[i].name;
		}
	}
	return "unknown";
}

static void say(struct dia_failed *f, uint32_t result_code, const char *fmt, va_list args) __attribute__((format(printf, 3, 0)));

static void say(struct dia_failed *f, uint32_t result_code, const char *fmt, va_list args)
{
	f->result_code = result_code;
	f->avp_len = 0;
	vsnprintf(f->text, sizeof f->text, fmt, args);
}

void dia_failed_set(struct dia_failed *f, uint32_t result_code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(f, result_code, fmt, args);
	va_end(args);
}

int dia_refuse(struct dia_failed *f, uint32_t result_code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(f, result_code, fmt, args);
	va_end(args);
	return ERR_PROTO;
}

/* Shows an AVP that cannot be copied: its header, completed with zeros, and zero data of the
 * minimum length of its type. */
static const struct dia_avp_def *show_header(struct dia_failed *f, const uint8_t *p, size_t n)
{
	uint8_t header[12] = { 0 };
	struct rd r = rd_over(header, sizeof header);
	const struct dia_avp_def *def;
	size_t header_len, len;
	uint32_t code, vendor;

	memcpy(header, p, n < sizeof header ? n : sizeof header);
	code = rd_be32(&r);
	rd_be32(&r);
	header_len = header[4] & DIA_AVP_V ? 12 : 8;
	vendor = header_len == 12 ? rd_be32(&r) : 0;
	/* an incomplete header names nothing */
	def = n >= header_len ? dia_avp_def_find(code, vendor) : NULL;
	len = header_len + (def ? dia_type_lens[def->type].min : 0);
	header[5] = header[6] = 0;
	header[7] = (uint8_t)len;
	f->avp_len = (uint16_t)((len + 3) & ~(size_t)3);
	memset(f->avp, 0, f->avp_len);
	memcpy(f->avp, header, header_len);
	return def;
}

int dia_failed_avp(struct dia_failed *f, uint32_t result_code, const struct dia_avp *avp, const char *fmt, ...)
{
	va_list args;
	size_t padded = ((size_t)avp->raw_len + 3) & ~(size_t)3;

	va_start(args, fmt);
	say(f, result_code, fmt, args);
	va_end(args);
	if (padded > sizeof f->avp) {
		show_header(f, avp->raw, avp->raw_len);
		return ERR_PROTO;
	}
	memcpy(f->avp, avp->raw, avp->raw_len);
	memset(f->avp + avp->raw_len, 0, padded - avp->raw_len);
	f->avp_len = (uint16_t)padded;
	return ERR_PROTO;
}

void dia_failed_missing(struct dia_failed *f, uint32_t code, uint32_t vendor)
{
	static const uint8_t zero[8];
	const struct dia_avp_def *known = dia_avp_def_find(code, vendor);
	struct dia_avp_def def = { code, vendor, "AVP", DIA_TYPE_OCTETS, DIA_M_MUST };
	struct buf b = buf_over(f->avp, sizeof f->avp);

	if (known) {
		def = *known;
	}
	dia_failed_set(f, DIA_RESULT_MISSING_AVP, "%s (%u) is missing", def.name, code);
	dia_put_bytes(&b, &def, dia_avp_flags(&def), zero, dia_type_lens[def.type].min);
	f->avp_len = (uint16_t)b.len;
}

int dia_refuse_missing(struct dia_failed *f, uint32_t code, uint32_t vendor)
{
	dia_failed_missing(f, code, vendor);
	return ERR_PROTO;
}

int dia_failed_header(struct dia_failed *f, const uint8_t *p, size_t n, const char *why)
{
	const struct dia_avp_def *def = show_header(f, p, n);
	uint16_t len = f->avp_len;

	dia_failed_set(f, DIA_RESULT_INVALID_AVP_LENGTH, "%s: %s", def ? def->name : "AVP", why);
	f->avp_len = len;
	return ERR_PROTO;
}

void dia_failed_wrap(struct dia_failed *f, const struct dia_avp *group)
{
	size_t header = (size_t)(group->data - group->raw);
	size_t len = header + f->avp_len;
	const struct dia_avp_def *def = dia_avp_def_find(group->code, group->vendor);
	size_t said = strlen(f->text);

	if (def) {
		snprintf(f->text + said, sizeof f->text - said, " in %s", def->name);
	}
	if (!f->avp_len || len > sizeof f->avp) {
		return;
	}
	memmove(f->avp + header, f->avp, f->avp_len);
	memcpy(f->avp, group->raw, header);
	f->avp[5] = 0;
	f->avp[6] = (uint8_t)(len >> 8);
	f->avp[7] = (uint8_t)len;
	f->avp_len = (uint16_t)len;
}

static void put_view(struct buf *out, const struct dia_avp_def *def, const void *p, size_t len)
{
	dia_put_bytes(out, def, dia_avp_flags(def), p, len);
}

static bool wants_e_bit(uint32_t result_code, uint32_t app_id)
{
	return result_code / 1000 == 3 || (result_code / 1000 == 5 && app_id != 0);
}

/* Proxy-Info of the request, in its order (RFC 6733 6.2): agents find their state again by it. */
static void put_proxy_info(struct buf *out, const struct dia_msg *request)
{
	uint16_t left;
	struct dia_win w = dia_msg_win(request, &left);
	struct dia_failed ignored;
	struct dia_avp avp;

	while (dia_win_next(&w, &avp, &ignored) == DIA_MORE) {
		if (avp.code == DIA_CODE_PROXY_INFO && !avp.vendor) {
			put_view(out, DIA_DEF(PROXY_INFO), avp.data, avp.data_len);
		}
	}
}

void dia_error_answer(struct buf *out, const struct dia_msg *request, const char *host, const char *realm,
		      const struct dia_failed *why)
{
	struct dia_hdr h = request->hdr;
	/* a DWA or DPA has none */
	bool has_session = h.app_id != 0 || wants_e_bit(why->result_code, 0);
	struct dia_avp session;
	size_t start;

	h.flags &= DIA_FLAG_P;
	if (wants_e_bit(why->result_code, h.app_id)) {
		h.flags |= DIA_FLAG_E;
	}
	start = dia_build_begin(out, &h);
	if (has_session && dia_msg_find(request, DIA_CODE_SESSION_ID, 0, &session)) {
		put_view(out, DIA_DEF(SESSION_ID), session.data, session.data_len);
	}
	put_view(out, DIA_DEF(ORIGIN_HOST), host, strlen(host));
	put_view(out, DIA_DEF(ORIGIN_REALM), realm, strlen(realm));
	dia_put_u32(out, DIA_DEF(RESULT_CODE), dia_avp_flags(DIA_DEF(RESULT_CODE)), why->result_code);
	if (why->text[0]) {
		put_view(out, DIA_DEF(ERROR_MESSAGE), why->text, strnlen(why->text, sizeof why->text));
	}
	if (why->avp_len) {
		put_view(out, DIA_DEF(FAILED_AVP), why->avp, why->avp_len);
	}
	put_proxy_info(out, request);
	dia_build_end(out, start);
}
