/* version.c - see version.h. Apart from the other files of the room: each commit changes this one,
 * and only programs link it. */
#include "base/version.h"

#include <stdio.h>

#include "base/version_commit.h"

void version_text(char out[VERSION_TEXT_MAX], const char *program, const struct version_library *libraries, size_t n)
{
	size_t used = 0;
	int len = snprintf(out, VERSION_TEXT_MAX, "%s " MTC_VERSION " (commit " VERSION_COMMIT ")\n", program);

	for (size_t i = 0; i < n && len > 0 && used + (size_t)len < VERSION_TEXT_MAX; i++) {
		used += (size_t)len;
		len = snprintf(out + used, VERSION_TEXT_MAX - used, "  %s %s\n", libraries[i].name, libraries[i].version);
	}
}
