/* cli_replay.h - the requests of a trace, for cli_replay.c and cli_replay_file.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define REPLAY_REQUESTS_MAX 100000u
#define REPLAY_OCTETS_MAX (256u << 20) /* of all requests */
#define REPLAY_WHY_MAX 512

struct replay_request { /* a DAR */
	uint64_t time_us;
	uint8_t *message; /* owned */
	size_t len;
	uint32_t hop_by_hop, end_to_end;
	bool answered, has_status;
	uint32_t result_code, status; /* of its answer */
};

struct replay_file {
	struct replay_request *list;
	size_t n, cap, octets;
	uint64_t messages; /* all Diameter messages of the file */
	bool more;         /* further requests were left out */
};

/* Reads the requests of SCSs and their answers. Ends with replay_file_free() in each case. ERR_IO,
 * ERR_PROTO (no such file, a redacted one), ERR_NOMEM: with words. */
ERR_MUST_USE int replay_file_read(struct replay_file *out, const char *path, char why[REPLAY_WHY_MAX]);
void replay_file_free(struct replay_file *f);
