/* cfg_value.c - one scalar of the file to one member of the struct, by the type of its row. */
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ident.h"
#include "base/str.h"
#include "conf/cfg_internal.h"

/* Room for the longest text of a member plus NUL. */
#define VALUE_MAX CFG_PATH_MAX

static bool printable(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f) {
			return false;
		}
	}
	return true;
}

static int check_digits(const char *text)
{
	return text[strspn(text, "0123456789")] ? ERR_INVAL : 0;
}

static int check_address(const char *text)
{
	struct in6_addr any;

	return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1 ? 0 : ERR_INVAL;
}

/* A relative path starts in the directory of the configuration file. */
static int resolve(char *out, size_t cap, const char *path, const char *file)
{
	const char *slash = strrchr(path, '/');
	int n;

	if (*file == '/' || !slash) {
		return str_copy(out, cap, file, strlen(file));
	}
	n = snprintf(out, cap, "%.*s/%s", (int)(slash - path), path, file);
	return n < 0 || (size_t)n >= cap ? ERR_LIMIT : 0;
}

static int set_text(const struct cfg_row *row, enum cfg_type type, char *member, const char *path, const char *text, size_t len)
{
	char value[VALUE_MAX], host[IDENT_HOST_MAX + 1];
	int err = 0;

	assert(row->size <= sizeof value);
	if (!len && row->preset && !*row->preset) { /* given, and empty like the default */
		*member = 0;
		return 0;
	}
	if (len < row->min || len > row->max || len >= row->size) {
		return ERR_RANGE;
	}
	if (!printable(text, len)) {
		return ERR_INVAL;
	}
	memcpy(value, text, len);
	value[len] = 0;
	switch (type) {
	case CFG_T_NAME:
		err = ident_name_ok(value) ? 0 : ERR_INVAL;
		break;
	case CFG_T_HOST:
		err = ident_host(host, text, len);
		if (!err) {
			memcpy(value, host, len + 1);
		}
		break;
	case CFG_T_DIGITS:
		err = check_digits(value);
		break;
	case CFG_T_ADDRESS:
		err = check_address(value);
		break;
	case CFG_T_FILE: {
		char file[VALUE_MAX];

		memcpy(file, value, len + 1);
		err = resolve(value, row->size, path, file);
		break;
	}
	default:
		break;
	}
	if (!err) {
		str_set(member, row->size, value);
	}
	return err;
}

static int set_bool(bool *member, const char *text)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!strcmp(text, words[i])) {
			*member = i & 1;
			return 0;
		}
	}
	return ERR_INVAL;
}

const struct cfg_unit cfg_units[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 }
};

static int set_duration(uint64_t *member, const char *text, uint64_t min, uint64_t max)
{
	size_t digits = strspn(text, "0123456789");
	char number[24];
	uint64_t n;
	int err;

	if (!digits) {
		return ERR_INVAL;
	}
	if (digits >= sizeof number) {
		return ERR_RANGE;
	}
	memcpy(number, text, digits);
	number[digits] = 0;
	for (const struct cfg_unit *u = cfg_units; u->name; u++) {
		if (strcmp(text + digits, u->name) != 0) {
			continue;
		}
		err = str_parse_u64(&n, number, 0, UINT64_MAX / u->ms);
		if (err) {
			return err;
		}
		n *= u->ms;
		if (n < min || n > max) {
			return ERR_RANGE;
		}
		*member = n;
		return 0;
	}
	return ERR_INVAL;
}

static int set_word(int *member, const struct cfg_word *words, const char *text)
{
	for (; words->word; words++) {
		if (!strcmp(words->word, text)) {
			*member = words->value;
			return 0;
		}
	}
	return ERR_INVAL;
}

static int set_port(uint16_t *member, const char *text, uint64_t min, uint64_t max)
{
	uint32_t port;
	int err = str_parse_u32(&port, text, (uint32_t)min, (uint32_t)max);

	if (!err) {
		*member = (uint16_t)port;
	}
	return err;
}

int cfg_value_set(const struct cfg_row *row, enum cfg_type type, void *member, const char *path, const char *text, size_t len)
{
	if (memchr(text, 0, len)) { /* an escape in a quoted scalar can produce a NUL */
		return ERR_INVAL;
	}
	switch (type) {
	case CFG_T_STRING:
	case CFG_T_NAME:
	case CFG_T_HOST:
	case CFG_T_DIGITS:
	case CFG_T_FILE:
	case CFG_T_ADDRESS:
		return set_text(row, type, member, path, text, len);
	case CFG_T_U32:
		assert(row->size == sizeof(uint32_t));
		return str_parse_u32(member, text, (uint32_t)row->min, (uint32_t)row->max);
	case CFG_T_U64:
		assert(row->size == sizeof(uint64_t));
		return str_parse_u64(member, text, row->min, row->max);
	case CFG_T_PORT:
		assert(row->size == sizeof(uint16_t));
		return set_port(member, text, row->min, row->max);
	case CFG_T_BOOL:
		assert(row->size == sizeof(bool));
		return set_bool(member, text);
	case CFG_T_DURATION:
		assert(row->size == sizeof(uint64_t));
		return set_duration(member, text, row->min, row->max);
	case CFG_T_WORD:
		assert(row->size == sizeof(int));
		return set_word(member, row->words, text);
	default:
		return ERR_INVAL;
	}
}
