/* core_files.h - the set of certificates, keys and anchors in use.
 * The core only shows it; the contexts belong to core_conf. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

struct tls_judge;

struct core_files { /* all zero until core_files_set() */
	struct core_file row[CORE_FILES_MAX];
	size_t n;
	uint32_t generation;
	uint64_t crls_wrong;     /* core_crls_wrong() */
	struct tls_judge *judge; /* trust anchors of the set; borrowed; NULL: unknown */
};
