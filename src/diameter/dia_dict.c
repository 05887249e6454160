/* dia_dict.c - look-ups in the dictionary. */
#include "diameter/dia_dict.h"

#include <stddef.h>

const struct dia_avp_def dia_avp_defs[DIA_INDEX_COUNT] = {
#define DIA_ROW_(symbol, code, vendor, name, type, m) { code, vendor, name, DIA_TYPE_##type, DIA_M_##m },
	DIA_AVP_TABLE(DIA_ROW_)
#undef DIA_ROW_
};

static int compare(uint32_t code, uint32_t vendor, const struct dia_avp_def *def)
{
	if (vendor != def->vendor) {
		return vendor < def->vendor ? -1 : 1;
	}
	if (code != def->code) {
		return code < def->code ? -1 : 1;
	}
	return 0;
}

const struct dia_avp_def *dia_avp_def_find(uint32_t code, uint32_t vendor)
{
	size_t low = 0, high = DIA_INDEX_COUNT;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(code, vendor, &dia_avp_defs[middle]);

		if (!order) {
			return &dia_avp_defs[middle];
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

const struct dia_type_len dia_type_lens[] = {
	[DIA_TYPE_OCTETS] = { 0, UINT32_MAX },
	[DIA_TYPE_OCTETS_4] = { 4, 4 },
	[DIA_TYPE_U32] = { 4, 4 },
	[DIA_TYPE_U64] = { 8, 8 },
	[DIA_TYPE_ENUM] = { 4, 4 },
	[DIA_TYPE_TIME] = { 4, 4 },
	[DIA_TYPE_UTF8] = { 0, UINT32_MAX },
	[DIA_TYPE_IDENTITY] = { 0, UINT32_MAX },
	[DIA_TYPE_URI] = { 0, UINT32_MAX },
	[DIA_TYPE_ADDRESS] = { 6, 18 }, /* family and IPv4, family and IPv6 */
	[DIA_TYPE_GROUPED] = { 0, UINT32_MAX },
};

static const struct {
	uint32_t code, app_id;
	const char *request, *answer;
} commands[] = {
#define DIA_ROW_(symbol, stem, code, app, p) { code, app, stem "R", stem "A" },
	DIA_COMMAND_TABLE(DIA_ROW_)
#undef DIA_ROW_
};

const char *dia_command_str(uint32_t code, bool request)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (commands[i].code == code) {
			return request ? commands[i].request : commands[i].answer;
		}
	}
	return "unknown";
}

const char *dia_application_str(uint32_t app_id)
{
	static const struct {
		uint32_t id;
		const char *name;
	} applications[] = {
#define DIA_ROW_(id, name) { id, name },
		DIA_APPLICATION_TABLE(DIA_ROW_)
#undef DIA_ROW_
	};

	for (size_t i = 0; i < sizeof applications / sizeof *applications; i++) {
		if (applications[i].id == app_id) {
			return applications[i].name;
		}
	}
	return "unknown";
}
