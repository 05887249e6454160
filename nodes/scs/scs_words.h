/* scs_words.h - answers and reports as events for stdout and as exit codes (docs/man/mtc-scs.1).
 * PURE. */
#pragma once
#include <jansson.h>

#include "apps/tsp_dar.h"
#include "apps/tsp_dnr.h"
#include "nodes/scs/scs_options.h"

/* NULL: out of memory. {"event":"asked",...}: about to be sent, for the first time or again.
 * {"event":"unanswered",...}: no answer came and it is not sent again. */
json_t *scs_asked_event(const struct scs_options *o, uint32_t nth, const char *device, uint32_t end_to_end, bool again,
			uint64_t real_ms);
json_t *scs_unanswered_event(uint32_t reference, const char *why);
/* {"event":"answer",...}; NULL when out of memory. `elapsed_us` is the time since the request
 * left. */
json_t *scs_answer_event(const struct tsp_daa *daa, uint32_t reference, const char *device, uint64_t elapsed_us);
/* NODE_EXIT_OK or NODE_EXIT_REFUSED. */
int scs_answer_exit(const struct tsp_daa *daa);
/* One word for counting: "SUCCESS", "NOTAUTHORIZED", "result-3004", "experimental-5011". Borrows
 * `room`. */
#define SCS_STATUS_MAX 32
const char *scs_answer_status(const struct tsp_daa *daa, char room[SCS_STATUS_MAX]);

/* A delivery report that can be acted on? ERR_PROTO with `failed` filled otherwise. */
ERR_MUST_USE int scs_report_check(const struct tsp_dnr *dnr, struct dia_failed *failed);
/* {"event":"report",...} of a checked one; elapsed_us 0: not given. */
json_t *scs_report_event(const struct tsp_dnr *dnr, uint64_t elapsed_us);
/* NODE_EXIT_OK or NODE_EXIT_OUTCOME. */
int scs_report_exit(uint32_t outcome);
/* Name of the device a report is about, printable; External-Identifier, else MSISDN, else "". */
#define SCS_NAME_MAX 256
void scs_report_device(char out[SCS_NAME_MAX], const struct tsp_dnr *dnr);

/* {"event":"error","error":WORDS[,"result_code":N]}; result_code 0: none. */
json_t *scs_error_event(const char *words, uint32_t result_code);
/* Text for a refused capabilities exchange: the result, and what to check. At most `size` bytes
 * with the NUL. */
void scs_refusal_words(char *out, size_t size, uint32_t result_code);
