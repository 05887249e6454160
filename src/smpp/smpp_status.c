/* smpp_status.c - look-up in the rows of command_status. */
#include "smpp/smpp_status.h"

#include <stddef.h>

struct row {
	uint32_t value;
	enum smpp_again again;
	const char *name, *words;
};

static const struct row rows[] = {
#define SMPP_ROW(name, value, again, words) { (value), SMPP_AGAIN_##again, "ESME_" #name, (words) },
	SMPP_STATUS_TABLE(SMPP_ROW)
#undef SMPP_ROW
};

static const struct row unknown = { 0, SMPP_AGAIN_UNSURE, "ESME_?", "a status that this program does not know" };

static const struct row *find(uint32_t status)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].value == status) {
			return &rows[i];
		}
	}
	return &unknown;
}

const char *smpp_status_name(uint32_t status)
{
	return find(status)->name;
}

const char *smpp_status_words(uint32_t status)
{
	return find(status)->words;
}

enum smpp_again smpp_status_again(uint32_t status)
{
	return find(status)->again;
}
